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

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture import Capture, Coordinate, Frame, first_fault
from vestige.contract.budget import Budget
from vestige.contract.context import Progress
from vestige.contract.derived import FRAME_KINDS, Made, derived_capture
from vestige.contract.operation import Input, Operation, Technique
from vestige.contract.product import Product
from vestige.contract.registry import technique
from vestige.contract.report import Report
from vestige.contract.runner import execute
from vestige.contract.staging import alone, output_place
from vestige.errors import InputError, UsageError


class Step(BaseModel):
    """One step of a chain: an operation, where its input comes from, its recipe.

    `input` is ``capture`` (what the chain was given) or ``STEP.PRODUCT``; `products` names the
    operation's other inputs, each ``STEP.PRODUCT``. `each` runs the step once for each value on an
    axis, or for each combination of values on several; `first` takes the frames of the first value on
    an axis and leaves the others.

    >>> Step(name="sharp", operation="focus.run", each="light").axes
    ('light',)
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    operation: str = Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")
    input: str = "capture"
    products: dict[str, str] = Field(default_factory=dict)
    each: str | list[str] | None = None
    first: str | None = None
    preset: str | None = None
    recipe: dict[str, Any] = Field(default_factory=dict)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes that `each` names."""
        return (self.each,) if isinstance(self.each, str) else tuple(self.each or ())

    def found(self) -> tuple[Technique, Operation]:
        """The technique and the operation that the step runs."""
        name, _, operation = self.operation.partition(".")
        return technique(name), technique(name).operation(operation)


class Chain(BaseModel):
    """Steps in order; each takes the chain's capture or products of steps before it.

    >>> Chain(name="Sharp", step=[Step(name="sharp", operation="focus.run")]).step[0].input
    'capture'
    """

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
    except ValidationError as error:
        raise InputError(path, f"is no chain: {first_fault(error)}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"is no TOML ({str(error)[:120]})") from None
    before: dict[str, Step] = {}
    for step in chain.step:
        if step.name in before:
            raise InputError(path, f"has two steps called '{step.name}'")
        try:
            _, operation = step.found()
            operation.recipe.make(step.preset, values=step.recipe)
            _check_inputs(step, operation, before)
        except UsageError as error:
            raise InputError(path, f"step '{step.name}': {error}") from None
        before[step.name] = step
    return chain


def _check_inputs(step: Step, operation: Operation, before: Mapping[str, Step]) -> None:
    """A step that cannot fit is told before the first one has run for an hour."""
    sources = dict(step.products)
    if operation.inputs:
        sources = {operation.inputs[0].name: step.input, **sources}
    elif step.input != "capture" or step.axes or step.first:
        raise UsageError(f"{step.operation} takes no input")
    known = {item.name: item for item in operation.inputs}
    for name, source in sources.items():
        if name not in known:
            raise UsageError(f"{step.operation} takes no input '{name}'")
        _check_source(source, known[name], step, before)
    for item in operation.inputs:
        if item.name not in sources and not item.optional:
            raise UsageError(f"{step.operation} needs an input '{item.name}': name it under products")


def _check_source(source: str, item: Input, step: Step, before: Mapping[str, Step]) -> None:
    if source == "capture":
        if not item.takes_capture:
            raise UsageError(f"{item.name}: a product of kind '{item.kind}' is needed, not the capture")
        return
    name, _, product = source.partition(".")
    made = {f"{n}.{out.name}": out.kind for n, s in before.items() for out in s.found()[1].outputs}
    if source not in made:
        raise UsageError(f"takes '{source}'; expected 'capture' or one of {', '.join(made) or 'nothing yet'}")
    fitting = FRAME_KINDS if item.takes_capture else {item.kind}
    if made[source] not in fitting:
        kinds = ", ".join(sorted(str(kind) for kind in fitting))
        raise UsageError(
            f"{item.name} takes '{source}', which is of kind '{made[source]}'; expected one of {kinds}"
        )
    if not item.takes_capture and before[name].axes and not item.many:
        raise UsageError(f"{item.name} takes one '{product}', and step '{name}' makes one for each")
    if not item.takes_capture and item.name not in step.products and step.axes:
        raise UsageError(f"each needs a capture, and {item.name} takes a product")
    if not item.takes_capture and item.name not in step.products and step.first:
        raise UsageError(f"first needs a capture, and {item.name} takes a product")


@dataclass(frozen=True)
class _Run:
    """What all steps of a run of a chain share."""

    capture: Capture
    place: Path
    results: dict[str, list[Made]]
    options: dict[str, Any]

    def step(self, step: Step, label: str, progress: Progress | None) -> list[Made]:
        """Run one step, once or for each."""
        found, operation = step.found()
        recipe = operation.recipe.make(step.preset, values=step.recipe)
        others = {name: list(self.products(source)) for name, source in step.products.items()}
        made: list[Made] = []
        for number, (shared, first) in enumerate(self.inputs(step, operation)):
            folder = self.place / step.name / f"{number:03d}" if step.axes else self.place / step.name
            given = {operation.inputs[0].name: first, **others} if operation.inputs else others
            told = _told(
                progress, f"{label} {step.name}, {number + 1}" if step.axes else f"{label} {step.name}"
            )
            report = execute(found, operation.name, given, recipe, folder, progress=told, **self.options)
            made.append(Made(folder, report, shared))
        return made

    def inputs(
        self, step: Step, operation: Operation
    ) -> list[tuple[dict[str, Coordinate], list[Capture | Product]]]:
        """What the step's first input is given, run by run, with the coordinates that it stands for."""
        if not operation.inputs:
            return [({}, [])]
        if not operation.inputs[0].takes_capture:
            return [({}, self.products(step.input))]
        capture = self.capture
        if step.input != "capture":
            capture = derived_capture(
                self.results[step.input.partition(".")[0]], step.input, self.place, self.capture
            )
        if step.first:
            capture = split(capture, step.first)[0][1]
        return [(shared, [part]) for shared, part in split(capture, *step.axes)]

    def products(self, source: str) -> list[Capture | Product]:
        """The products that ``STEP.PRODUCT`` names."""
        name, _, product = source.partition(".")
        return [made.report.product(product, made.folder) for made in self.results[name]]


def run_chain(
    chain: Chain,
    capture: Capture,
    out: str | Path,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    replace: bool = False,
) -> dict[str, list[Report]]:
    """Run a chain; each step's results lie in ``out/STEP`` (``out/STEP/NNN`` where it runs for each).

    A chain that was killed goes on: steps that are done are found done by their keys.

    Raises
    ------
    InputError, UsageError, OutputError
        as `execute` does for a step.

    >>> chain = Chain(name="Sharp", step=[Step(name="sharp", operation="focus.run")])
    >>> run_chain(chain, Capture(), "out")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: . holds no frame of an object; expected ...
    """
    place = output_place(out, [capture.root])
    options = {"budget": budget, "seed": seed, "cancelled": cancelled, "replace": replace}
    run = _Run(capture, place, {}, options)
    with alone(place):
        for number, step in enumerate(chain.step, start=1):
            run.results[step.name] = run.step(step, f"step {number} of {len(chain.step)},", progress)
    return {name: [one.report for one in made] for name, made in run.results.items()}


def _told(progress: Progress | None, where: str) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total, label: progress(done, total, f"{where}: {label}")


def split(capture: Capture, *axes: str) -> list[tuple[dict[str, Coordinate], Capture]]:
    """One capture for each combination of values on `axes`; the whole where none is named.

    Each comes with the coordinates that all its frames share. References (dark, flat, …) go with
    every part, except those that carry another value on one of the axes.

    >>> from vestige.capture import coordinates
    >>> bands = {"a.tif": 400, "b.tif": 400, "c.tif": 700}
    >>> frames = [Frame(file=name, coordinates=coordinates(wavelength=nm)) for name, nm in bands.items()]
    >>> [len(part.frames) for _, part in split(Capture(frames=frames), "wavelength")]
    [2, 1]
    """
    if not axes:
        return [(_shared(capture.select()), capture)]
    groups: dict[tuple[Any, ...], list[Frame]] = {}
    for frame in capture.select():
        if missing := [axis for axis in axes if axis not in frame.coordinates]:
            raise InputError(
                capture.path(frame), f"has no {missing[0]}", f"a coordinate '{missing[0]}' for each frame"
            )
        groups.setdefault(tuple(frame.coordinates[axis].value for axis in axes), []).append(frame)
    references = [frame for frame in capture.frames if frame.role != "object"]
    return [
        (_shared(frames), capture.model_copy(update={"frames": frames + _fitting(references, axes, values)}))
        for values, frames in groups.items()
    ]


def _shared(frames: list[Frame]) -> dict[str, Coordinate]:
    """The coordinates that are the same for all frames."""
    first = frames[0].coordinates if frames else {}
    return {axis: at for axis, at in first.items() if all(f.coordinates.get(axis) == at for f in frames)}


def _fitting(references: list[Frame], axes: tuple[str, ...], values: tuple[Any, ...]) -> list[Frame]:
    wanted = dict(zip(axes, values, strict=True))
    return [
        frame
        for frame in references
        if all(
            axis not in frame.coordinates or frame.coordinates[axis].value == wanted[axis] for axis in axes
        )
    ]
