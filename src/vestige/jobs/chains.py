"""A chain as jobs: one for each run of each step, each waiting for the jobs whose products it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vestige.capture import Capture, Coordinate, Frame
from vestige.contract.chain import Chain, Step, split
from vestige.contract.registry import technique
from vestige.jobs.work import Made, Source, Work, digests


@dataclass(frozen=True)
class Planned:
    """One job of a plan: its work, and the numbers in the plan of the jobs that come before it.

    >>> Planned(Work(technique="focus", operation="run", out="sharp")).needs
    ()
    """

    work: Work
    needs: tuple[int, ...] = ()
    shared: Mapping[str, Coordinate] | None = None


def plan(
    chain: Chain, capture: Capture, path: str | Path, out: str | Path, *, seed: int = 0
) -> list[Planned]:
    """The jobs that make up a chain on the capture that lies under `path`.

    The results lie where `run_chain` puts them: ``out/STEP``, or ``out/STEP/NNN`` where a step runs
    once for each value on an axis.

    Raises
    ------
    InputError, UsageError
        where a frame lacks the axis a step runs along, or the capture has no frame.

    >>> from vestige.capture import coordinates
    >>> frames = [Frame(file=f"{n}.tif", coordinates=coordinates(page=n), sha256="ab") for n in (1, 2)]
    >>> chain = Chain(name="Read", step=[Step(name="read", operation="pages.run", each="page")])
    >>> [Path(job.work.out).name for job in plan(chain, Capture(frames=frames), "book", "text")]
    ['000', '001']
    """
    out, jobs = Path(out).absolute(), list[Planned]()
    steps: dict[str, list[int]] = {}
    for step in chain.step:
        parts = _parts(step, capture, str(Path(path).absolute()), jobs, steps)
        steps[step.name] = []
        for number, (source, shared) in enumerate(parts):
            folder = out / step.name / f"{number:03d}" if step.each else out / step.name
            work, needs = _work(step, source, folder, seed, jobs, steps)
            steps[step.name].append(len(jobs))
            jobs.append(Planned(work, needs, shared))
    return jobs


def _work(
    step: Step, source: Source, folder: Path, seed: int, jobs: list[Planned], steps: Mapping[str, list[int]]
) -> tuple[Work, tuple[int, ...]]:
    name, _, operation = step.operation.partition(".")
    todo = technique(name).operation(operation)
    sources, needs = [source], set[int]()
    if source.made:
        needs.update(steps[step.input.partition(".")[0]])
    for item, wanted in step.products.items():
        before, _, product = wanted.partition(".")
        sources.append(Source(name=item, made=tuple(_made(jobs, steps[before], product))))
        needs.update(steps[before])
    work = Work(
        technique=name,
        operation=operation,
        sources=tuple(sources),
        recipe=todo.recipe.make(step.preset, values=step.recipe).model_dump(mode="json"),
        seed=seed,
        out=str(folder),
    )
    return work, tuple(sorted(needs))


def _parts(
    step: Step, capture: Capture, path: str, jobs: list[Planned], steps: Mapping[str, list[int]]
) -> list[tuple[Source, dict[str, Coordinate]]]:
    """Where the first input of each run of a step comes from, and the coordinate its frames share."""
    name, _, operation = step.operation.partition(".")
    first = technique(name).operation(operation).inputs[0].name
    if step.input == "capture":
        return [
            (
                Source(name=first, paths=(path,), digests=digests([part]), axis=step.each, index=number),
                shared,
            )
            for number, (shared, part) in enumerate(split(capture, step.each))
        ]
    before, _, product = step.input.partition(".")
    made = tuple(_made(jobs, steps[before], product))
    # What the derived capture will look like is known before its frames are there.
    frames = [Frame(file=f"{number:03d}", coordinates=item.coordinates) for number, item in enumerate(made)]
    return [
        (Source(name=first, made=made, capture=step.input, axis=step.each, index=number), shared)
        for number, (shared, _) in enumerate(split(Capture(frames=frames), step.each))
    ]


def _made(jobs: list[Planned], numbers: list[int], product: str) -> list[Made]:
    return [
        Made(
            folder=jobs[number].work.out,
            product=product,
            key=jobs[number].work.key(),
            coordinates=dict(jobs[number].shared or {}),
        )
        for number in numbers
    ]
