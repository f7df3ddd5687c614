"""What a job does: an operation, its recipe, where its inputs come from, and where the result goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from blake3 import blake3
from pydantic import BaseModel, ConfigDict, Field

from vestige.capture import Capture, Coordinate, open_capture
from vestige.contract.chain import split
from vestige.contract.derived import Made as MadeRun
from vestige.contract.derived import derived_capture
from vestige.contract.operation import Operation
from vestige.contract.product import Product
from vestige.contract.provenance import path_digest
from vestige.contract.recipe import Recipe
from vestige.contract.registry import technique
from vestige.contract.report import InputRecord, load_report
from vestige.contract.runner import run_key
from vestige.contract.source import open_inputs
from vestige.contract.staging import output_place
from vestige.errors import InputError, UsageError


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Made(_Model):
    """A product that a job before makes: its folder and name, that job's key, what it stands for."""

    folder: str
    product: str
    key: str
    coordinates: dict[str, Coordinate] = Field(default_factory=dict)


class Source(_Model):
    """Where one input of an operation comes from: paths, or products of jobs before.

    With `capture` the products become the frames of a derived capture of that name, of the thing
    that the capture `origin` is of. With `axes`, only part `index` of the capture is the input.

    >>> Source(name="capture", paths=("coin",), digests=("ab",)).given
    True
    """

    name: str
    paths: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    made: tuple[Made, ...] = ()
    capture: str = ""
    origin: str = ""
    axes: tuple[str, ...] = ()
    index: int = 0

    @property
    def given(self) -> bool:
        """Whether the input was there when the job was made (else a job before makes it)."""
        return not self.made

    def records(self) -> list[InputRecord]:
        """The input as it counts in the job's key."""
        if self.given:
            return [InputRecord(name=self.name, what="", path="", blake3=digest) for digest in self.digests]
        told = [
            f"{item.key} {item.product} {item.model_dump_json(include={'coordinates'})}" for item in self.made
        ]
        told.append(f"{self.capture} {' '.join(self.axes)} {self.index}" if self.capture else "")
        digest = blake3("\n".join(told).encode()).hexdigest()
        return [InputRecord(name=self.name, what="", path="", blake3=digest)]


class Work(_Model):
    """All that is needed to run an operation anywhere that sees the same files.

    >>> Work(technique="focus", operation="run", out="sharp").label
    'focus run'
    """

    technique: str
    operation: str
    sources: tuple[Source, ...] = ()
    recipe: dict[str, Any] = Field(default_factory=dict)
    seed: int = 0
    out: str
    replace: bool = False

    @property
    def label(self) -> str:
        """What is done, in two words."""
        return f"{self.technique} {self.operation}"

    @property
    def is_given(self) -> bool:
        """Whether all inputs were there when the job was made: then its key is the key of the run."""
        return all(source.given for source in self.sources)

    def key(self) -> str:
        """Operation and its version, recipe, seed, inputs by digest: what identifies the work.

        Where an input is made by a job before, that job's key stands for it.
        """
        found = technique(self.technique)
        operation = found.operation(self.operation)
        records = [record for source in self.sources for record in source.records()]
        return run_key(found, operation, records, operation.recipe.make(values=self.recipe), self.seed)

    def inputs(self) -> dict[str, list[Capture | Product]]:
        """The inputs, opened.

        Raises
        ------
        UsageError, InputError
            where one is not there or does not fit.
        """
        operation = technique(self.technique).operation(self.operation)
        return {source.name: self._open(operation, source) for source in self.sources}

    def _open(self, operation: Operation, source: Source) -> list[Capture | Product]:
        things = self._products(source) if source.made else opened(operation, source.name, source.paths)
        if not source.axes:
            return things
        parts = [
            part for thing in things if isinstance(thing, Capture) for part in split(thing, *source.axes)
        ]
        if source.index >= len(parts):
            raise InputError(
                source.paths[0] if source.paths else source.capture,
                f"has {len(parts)} values of {' and '.join(source.axes)}",
                f"at least {source.index + 1}, as when the job was made",
            )
        return [parts[source.index][1]]

    def _products(self, source: Source) -> list[Capture | Product]:
        made = [
            MadeRun(Path(item.folder), load_report(item.folder), item.coordinates) for item in source.made
        ]
        if not source.capture:
            pairs = zip(source.made, made, strict=True)
            return [run.report.product(item.product, run.folder) for item, run in pairs]
        origin = open_capture(source.origin)
        return [derived_capture(made, source.capture, Path(f"{self.out}.input"), origin)]


def opened(operation: Operation, name: str, paths: Sequence[str | Path]) -> list[Capture | Product]:
    """What lies under `paths`, as the input `name` of an operation."""
    if not operation.inputs or operation.inputs[0].name != name:
        if len(paths) != 1:
            raise UsageError(f"{name}: one path is needed, {len(paths)} were given")
        return open_inputs(operation, [], {name: paths[0]})[name]
    return open_inputs(operation, list(paths))[name]


def digests(things: Sequence[Capture | Product]) -> tuple[str, ...]:
    """The digest of each thing, as a run counts it."""
    return tuple(
        thing.digest() if isinstance(thing, Capture) else path_digest(thing.path)[0] for thing in things
    )


def prepare(
    name: str,
    operation: str,
    paths: Sequence[str | Path],
    out: str | Path,
    *,
    named: Mapping[str, str | Path] | None = None,
    recipe: Recipe | None = None,
    seed: int = 0,
    replace: bool = False,
) -> Work:
    """The work of an operation on `paths` (its first input) and `named` (the others), inputs read once.

    Raises
    ------
    UsageError, InputError
        where the inputs do not fit.

    >>> prepare("focus", "run", ["none"], "out")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none does not exist; expected a folder of frames, ...
    """
    todo = technique(name).operation(operation)
    given: dict[str, list[str | Path]] = {key: [path] for key, path in (named or {}).items()}
    if paths and not todo.inputs:
        raise UsageError(f"{name} {operation} takes no input, found {paths[0]}")
    if paths:
        given = {todo.inputs[0].name: list(paths), **given}
    for item in todo.inputs:
        if item.name not in given and not item.optional:
            raise UsageError(f"{name} {operation} needs an input '{item.name}': {item.help}")
    recipe = recipe if recipe is not None else todo.recipe()
    return Work(
        technique=name,
        operation=operation,
        sources=tuple(_source(todo, key, places) for key, places in given.items()),
        recipe=recipe.model_dump(mode="json"),
        seed=seed,
        out=str(output_place(out, [Path(path) for places in given.values() for path in places])),
        replace=replace,
    )


def _source(operation: Operation, name: str, places: Sequence[str | Path]) -> Source:
    things = opened(operation, name, places)
    absolute = tuple(str(Path(place).absolute()) for place in places)
    return Source(name=name, paths=absolute, digests=digests(things))
