"""Reproducing: a product made again from its record and what the archive keeps, and compared with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestige.archive import search
from vestige.archive.archive import Archive
from vestige.archive.kept import kept_capture, ocfl_identifier, put_together
from vestige.capture import MANIFEST, Capture
from vestige.contract.budget import Budget
from vestige.contract.context import Progress
from vestige.contract.kinds import Kind
from vestige.contract.operation import Inputs, Operation
from vestige.contract.product import Product
from vestige.contract.provenance import path_digest, software
from vestige.contract.registry import technique
from vestige.contract.report import InputRecord, Report, load_report
from vestige.contract.runner import execute
from vestige.errors import InputError

#: By how much a sample may differ, relative to the range of its plane, where bits may not be the same.
TOLERANCE = 1e-3


@dataclass(frozen=True)
class Compared:
    """One product beside the one made again: the same bits, or the largest difference found.

    `difference` is relative to the range of values; None where bytes are all that can be compared.
    """

    name: str
    same_bits: bool
    difference: float | None
    accepted: bool


@dataclass(frozen=True)
class Reproduced:
    """What came of making a result again, and which software differed."""

    run: str
    products: list[Compared]
    software: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def accepted(self) -> bool:
        """Whether every product is what it was."""
        return all(item.accepted for item in self.products)


def reproduce(
    archive: Archive,
    capture: str,
    run: str = "",
    *,
    budget: Budget | None = None,
    tolerance: float | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Reproduced]:
    """Make the results of a capture again, each or the one whose key begins with `run`, and compare.

    On the CPU the bits must be the same. A result made on another device, or any with `tolerance`
    given, may differ by that much of the range of its values.

    Raises
    ------
    InputError
        where there is no such result, or something it was made from is not in the archive.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     reproduce(archive, "0123abcd")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: 0123abcd is not in this archive
    """
    found = search.find_capture(archive.engine, capture)
    places = {
        item["run"]: "/".join(item["path"].split("/")[:2])
        for item in found["products"]
        if item["run"].startswith(run)
    }
    if not places:
        raise InputError(capture, f"has no result {run}".rstrip(), "one that vestige archive show lists")
    results = []
    for key, place in places.items():
        folder = archive.store.path(ocfl_identifier(found["key"]), f"{place}/report.json").parent
        report = load_report(folder)
        with tempfile.TemporaryDirectory(prefix="vestige-reproduce-") as temporary:
            out = Path(temporary) / "out"
            given = kept_inputs(archive, found["key"], report, folder, Path(temporary) / "inputs")
            _run_again(report, folder, given, out, budget, progress, cancelled)
            allowed = tolerance if tolerance is not None else _allowed(report)
            compared = [_compare(report, name, folder, out, allowed) for name in _names(report)]
        results.append(Reproduced(key, compared, other_software(report)))
    return results


def _run_again(
    report: Report,
    folder: Path,
    given: Inputs,
    out: Path,
    budget: Budget | None,
    progress: Progress | None,
    cancelled: Callable[[], bool],
) -> None:
    found = technique(report.technique)
    operation = operation_of(report, folder)
    execute(
        found,
        report.operation,
        given,
        operation.recipe.make(values=report.recipe),
        out,
        budget=budget or _budget(report.budget),
        seed=report.seed,
        cancelled=cancelled,
        progress=progress,
    )


def operation_of(report: Report, folder: Path) -> Operation:
    """The operation that made a result, in the version that made it.

    Raises
    ------
    InputError
        where this Vestige has another version.
    """
    operation = technique(report.technique).operation(report.operation)
    if operation.version != report.operation_version:
        raise InputError(
            folder,
            f"was made by version {report.operation_version} of {report.technique} {report.operation}",
            f"version {operation.version}",
            f"install Vestige {report.software.vestige}",
        )
    return operation


def _budget(record: Mapping[str, Any]) -> Budget:
    return Budget(cores=min(int(record["cores"]), os.cpu_count() or 1), bytes=int(record["bytes"]))


def kept_inputs(archive: Archive, key: str, report: Report, folder: Path, into: Path) -> Inputs:
    """What the run of a result in `folder` was given, from the archive; `key` is the capture it is kept with.

    A capture whose frames lie in several places is put together beneath the folder `into`.

    Raises
    ------
    InputError
        where an input is not in the archive.
    """
    found: dict[str, list[Capture | Product]] = {}
    for number, item in enumerate(report.inputs):
        kept, made = folder / "inputs" / str(number), into / str(number)
        given = (
            _capture(archive, key, item, kept, made)
            if item.what == "capture"
            else _product(archive, item, kept)
        )
        found.setdefault(item.name, []).append(given)
    return Inputs(found)


def _capture(archive: Archive, key: str, item: InputRecord, kept: Path, into: Path) -> Capture:
    if search.capture(archive.engine, item.blake3) is not None:
        return kept_capture(archive, item.blake3)
    if not (kept / MANIFEST).is_file():
        raise InputError(item.path, "is a capture that is not in this archive", action="add it")
    return put_together(archive, key, kept, into)


def _product(archive: Archive, item: InputRecord, kept: Path) -> Product:
    paths = list(kept.iterdir()) if kept.is_dir() else []
    origin = search.product_origin(archive.engine, item.blake3)
    if origin:
        row = next(p for p in _products(archive, origin) if p["blake3"] == item.blake3)
        paths = [product_path(archive, origin, row)]
    if len(paths) != 1 or path_digest(paths[0])[0] != item.blake3:
        raise InputError(item.path, f"is a {item.what} that is not in this archive", action="add its result")
    return Product(paths[0].stem, Kind(item.what), paths[0])


def _products(archive: Archive, key: str) -> list[dict[str, Any]]:
    found = search.capture(archive.engine, key)
    listed: list[dict[str, Any]] = found["products"] if found else []
    return listed


def product_path(archive: Archive, key: str, row: Mapping[str, Any]) -> Path:
    """Where a kept product of a capture lies: results of one version lie together, as the run wrote them."""
    place = "/".join(row["path"].split("/")[:2])
    report = archive.store.path(ocfl_identifier(key), f"{place}/report.json")
    return report.parent / str(row["path"]).removeprefix(f"{place}/")


def _allowed(report: Report) -> float:
    return 0.0 if report.budget.get("device", "cpu") == "cpu" else TOLERANCE


def _names(report: Report) -> list[str]:
    return [item.name for item in report.products]


def _compare(report: Report, name: str, older: Path, newer: Path, allowed: float) -> Compared:
    first, second = report.product(name, older), load_report(newer).product(name, newer)
    if path_digest(first.path) == path_digest(second.path):
        return Compared(name, same_bits=True, difference=0.0, accepted=True)
    difference = _difference(first.path, second.path) if allowed else None
    return Compared(name, False, difference, accepted=difference is not None and difference <= allowed)


def _difference(first: Path, second: Path) -> float | None:
    """The largest difference of two rasters relative to the range of the first; None where they are none."""
    import numpy as np
    import tifffile

    if not first.is_file() or first.suffix.lower() not in (".tif", ".tiff"):
        return None
    one, two = (np.asarray(tifffile.imread(path), np.float64) for path in (first, second))
    if one.shape != two.shape or not np.array_equal(np.isfinite(one), np.isfinite(two)):
        return None
    finite = np.isfinite(one)
    span = float(np.ptp(one[finite])) if finite.any() else 0.0
    largest = float(np.abs(one[finite] - two[finite]).max()) if finite.any() else 0.0
    return largest / span if span else largest


def other_software(report: Report) -> dict[str, tuple[str, str]]:
    """Where the software of the record and of this machine differ: name, then, now."""
    now = software()
    then = {"vestige": report.software.vestige, "python": report.software.python, **report.software.libraries}
    here = {"vestige": now.vestige, "python": now.python, **now.libraries}
    return {
        name: (then[name], here.get(name, "none")) for name in sorted(then) if then[name] != here.get(name)
    }
