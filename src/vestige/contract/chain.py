"""Chains: operations one after another, a product of one as a frame of the next. Written in TOML.

::

    name = "Raking light over a focus stack"

    [[step]]
    name = "sharp"
    operation = "focus.run"
    input = "capture"          # what the chain was given
    each = "light"             # once for each light: one derived capture a light
    recipe = { levels = 6 }

    [[step]]
    name = "relit"
    operation = "relight.run"
    input = "sharp.image"      # the products 'image' of step 'sharp', as frames of a new capture
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture import MANIFEST, Capture, Coordinate, Frame, load_manifest, save
from vestige.capture.durable import publish_folder
from vestige.contract.budget import Budget
from vestige.contract.context import Progress
from vestige.contract.operation import Operation, Technique
from vestige.contract.product import Product
from vestige.contract.registry import technique
from vestige.contract.report import Report
from vestige.contract.runner import execute
from vestige.errors import InputError, UsageError

_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,40}$")


class Step(BaseModel):
    """One step of a chain: an operation, where its input comes from, its recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=_NAME.pattern)
    operation: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    input: str = "capture"
    products: dict[str, str] = Field(default_factory=dict)
    each: str | None = None
    preset: str | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)


class Chain(BaseModel):
    """Steps in order; each takes the chain's capture or products of steps before it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    step: list[Step] = Field(min_length=1)


def load_chain(path: str | Path) -> Chain:
    """Read a chain from TOML and check that its steps fit together.

    Raises
    ------
    InputError
        naming the step that does not fit.

    >>> load_chain("none.toml")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.toml cannot be read (No such file or directory)
    """
    path = Path(path)
    try:
        chain = Chain.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, f"is no TOML ({error})") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(path, f"is no chain: {where}: {first['msg']}") from None
    _check_steps(chain, path)
    return chain


def _check_steps(chain: Chain, path: Path) -> None:
    made: dict[str, Operation] = {}
    for step in chain.step:
        try:
            _, operation = _operation(step)
            operation.recipe.make(step.preset, values=step.recipe)
        except UsageError as error:
            raise InputError(path, f"step '{step.name}': {error}") from None
        if step.name in made:
            raise InputError(path, f"has two steps called '{step.name}'")
        for source in [step.input, *step.products.values()]:
            if source != "capture":
                _check_source(source, made, step, path)
        made[step.name] = operation


def _check_source(source: str, made: Mapping[str, Operation], step: Step, path: Path) -> None:
    before, _, product = source.partition(".")
    if before not in made or product not in {output.name for output in made[before].outputs}:
        known = ", ".join(f"{name}.{out.name}" for name, op in made.items() for out in op.outputs)
        raise InputError(
            path, f"step '{step.name}' takes '{source}'", f"'capture' or one of {known or 'nothing yet'}"
        )


def _operation(step: Step) -> tuple[Technique, Operation]:
    name, _, operation = step.operation.partition(".")
    found = technique(name)
    return found, found.operation(operation)


def run_chain(
    chain: Chain,
    capture: Capture,
    out: str | Path,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, list[Report]]:
    """Run a chain; each step's results lie in ``out/STEP`` (``out/STEP/NNN`` where it runs for each).

    A chain that was killed goes on: steps that are done are found done by their keys.

    >>> chain = Chain(name="Sharp", step=[Step(name="sharp", operation="focus.run")])
    >>> run_chain(chain, Capture(), "out")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: . holds no frame of an object; expected ...
    """
    out = Path(out)
    results: dict[str, list[tuple[Path, Report, dict[str, Coordinate]]]] = {}
    for step in chain.step:
        found, operation = _operation(step)
        source = capture if step.input == "capture" else derived(results[step.input.split(".")[0]], step, out)
        recipe = operation.recipe.make(step.preset, values=step.recipe)
        results[step.name] = []
        for number, (shared, part) in enumerate(split(source, step.each)):
            folder = out / step.name / f"{number:03d}" if step.each else out / step.name
            given: dict[str, list[Capture | Product]] = {operation.inputs[0].name: [part]}
            for name, wanted in step.products.items():
                before, _, product = wanted.partition(".")
                given[name] = [report.product(product, where) for where, report, _ in results[before]]
            report = execute(
                found, operation.name, given, recipe, folder, budget=budget, seed=seed, progress=progress
            )
            results[step.name].append((folder, report, shared))
    return {name: [report for _, report, _ in made] for name, made in results.items()}


def split(capture: Capture, axis: str | None) -> list[tuple[dict[str, Coordinate], Capture]]:
    """One capture for each value on `axis`, with the value they share; the whole where `axis` is None.

    >>> from vestige.capture import coordinates
    >>> bands = {"a.tif": 400, "b.tif": 400, "c.tif": 700}
    >>> frames = [Frame(file=name, coordinates=coordinates(wavelength=nm)) for name, nm in bands.items()]
    >>> [len(part.frames) for _, part in split(Capture(frames=frames), "wavelength")]
    [2, 1]
    """
    if axis is None:
        return [({}, capture)]
    groups: dict[Any, list[Frame]] = {}
    others = [frame for frame in capture.frames if frame.role != "object"]
    for frame in capture.select():
        if axis not in frame.coordinates:
            raise InputError(capture.path(frame), f"has no {axis}", f"a coordinate '{axis}' for each frame")
        groups.setdefault(frame.coordinates[axis].value, []).append(frame)
    return [
        (
            {axis: frames[0].coordinates[axis]},
            capture.model_copy(update={"frames": [*frames, *others]}).at(capture.root),
        )
        for frames in groups.values()
    ]


def derived(made: list[tuple[Path, Report, dict[str, Coordinate]]], step: Step, out: Path) -> Capture:
    """A capture whose frames are products of an earlier step, with the coordinates they stand for.

    The products are copied into a folder of their own, so that the capture can be kept and sealed.
    """
    before, _, product = step.input.partition(".")
    folder = out / f"{before}.{product}"
    staged = out / f".{before}.{product}"
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    frames = []
    for number, (where, report, shared) in enumerate(made):
        found = report.product(product, where)
        if not found.path.is_file():
            raise InputError(found.path, "is a folder", f"one file a frame for step '{step.name}'")
        name = f"{number:03d}_{found.path.name}"
        shutil.copyfile(found.path, staged / name)
        frames.append(Frame(file=name, coordinates=shared))
    settings = {"derived_from": f"{before}.{product}"}
    save(Capture(frames=frames, settings=settings).at(staged), staged)
    publish_folder(staged, folder)
    return load_manifest(folder / MANIFEST)
