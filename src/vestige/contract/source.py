"""From paths to the inputs of an operation: captures and products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from vestige.capture import MANIFEST, Capture, open_capture, open_frames
from vestige.contract.kinds import Kind
from vestige.contract.operation import Input, Operation
from vestige.contract.product import Product
from vestige.contract.report import REPORT, load_report
from vestige.errors import InputError, UsageError


def open_product(path: str | Path, kind: Kind) -> Product:
    """A product of a kind: a result folder of Vestige, a file in one, or a file from elsewhere.

    Raises
    ------
    InputError
        where there is none of that kind, or several to choose from.

    >>> open_product("none.onnx", Kind.MODEL)
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.onnx does not exist; expected a product of kind 'model'
    """
    path = Path(path)
    if not path.exists():
        raise InputError(path, "does not exist", f"a product of kind '{kind}'")
    if path.is_dir() and (path / REPORT).exists():
        report = load_report(path)
        fitting = [record for record in report.products if record.kind == kind]
        if len(fitting) != 1:
            names = ", ".join(record.path for record in fitting) or "none"
            raise InputError(
                path, f"holds {len(fitting)} products of kind '{kind}'", "one", f"name it: {names}"
            )
        return report.product(fitting[0].name, path)
    for folder in path.parents[:2]:
        if (folder / REPORT).exists():
            report = load_report(folder)
            for record in report.products:
                if folder / record.path == path and record.kind == kind:
                    return report.product(record.name, folder)
    return Product(path.stem, kind, path)


def open_inputs(
    operation: Operation, paths: Sequence[str | Path], named: Mapping[str, str | Path] | None = None
) -> dict[str, list[Capture | Product]]:
    """The inputs of an operation from paths: `paths` for its first input, `named` for the others.

    Several frames (files) make one capture; several folders make several.

    Raises
    ------
    UsageError, InputError
        where a path does not fit.

    >>> from vestige.contract.registry import technique
    >>> open_inputs(technique("focus").operation("run"), ["none.tif"])
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.tif does not exist; expected a folder of frames, ...
    """
    given: dict[str, list[Capture | Product]] = {}
    if paths and not operation.inputs:
        raise UsageError(f"{operation.name} takes no input, found {paths[0]}")
    if operation.inputs and paths:
        given[operation.inputs[0].name] = _first(operation.inputs[0], [Path(path) for path in paths])
    for name, path in (named or {}).items():
        item = next((known for known in operation.inputs if known.name == name), None)
        if item is None:
            raise UsageError(f"{operation.name} takes no input '{name}'")
        given[name] = [open_capture(path) if item.kind is None else open_product(path, item.kind)]
    return given


def _first(item: Input, paths: list[Path]) -> list[Capture | Product]:
    if item.kind is not None:
        return [open_product(path, item.kind) for path in paths]
    if len(paths) > 1 and all(path.is_file() and path.name != MANIFEST for path in paths):
        return [open_frames(paths)]
    return [open_capture(path) for path in paths]
