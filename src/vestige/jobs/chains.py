"""A chain as jobs: one for each run of each step, each waiting for the jobs whose products it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vestige.capture import Capture, Coordinate, Frame
from vestige.contract.chain import Chain, Step, split
from vestige.contract.staging import output_place
from vestige.errors import UsageError
from vestige.jobs.work import Made, Source, Work, digests


@dataclass(frozen=True)
class Planned:
    """One job of a plan: its work, and the numbers in the plan of the jobs that come before it.

    >>> Planned(Work(technique="focus", operation="run", out="sharp")).needs
    ()
    """

    work: Work
    needs: tuple[int, ...] = ()
    shared: Mapping[str, Coordinate] = field(default_factory=dict)


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
    >>> import tempfile
    >>> chain = Chain(name="Read", step=[Step(name="read", operation="pages.run", each="page")])
    >>> frames = [Frame(file=f"{number}.tif", coordinates=coordinates(page=number)) for number in (1, 2)]
    >>> with tempfile.TemporaryDirectory() as book:
    ...     _ = [Path(book, frame.file).write_bytes(b"pixels") for frame in frames]
    ...     planned = plan(chain, Capture(frames=frames).at(book), book, "text")
    >>> [Path(job.work.out).name for job in planned]
    ['000', '001']
    """
    place, jobs = output_place(out, [Path(path)]), list[Planned]()
    steps: dict[str, list[int]] = {}
    for step in chain.step:
        parts = _parts(step, capture, str(Path(path).absolute()), jobs, steps)
        steps[step.name] = []
        for number, (source, shared) in enumerate(parts):
            folder = place / step.name / f"{number:03d}" if step.axes else place / step.name
            work, needs = _work(step, source, folder, seed, jobs, steps)
            steps[step.name].append(len(jobs))
            jobs.append(Planned(work, needs, shared))
    return jobs


def _work(
    step: Step,
    first: Source | None,
    folder: Path,
    seed: int,
    jobs: list[Planned],
    steps: Mapping[str, list[int]],
) -> tuple[Work, tuple[int, ...]]:
    found, operation = step.found()
    sources = [first] if first is not None else []
    sources += [Source(name=name, made=_made(jobs, steps, source)) for name, source in step.products.items()]
    wanted = [step.input if first is not None else "capture", *step.products.values()]
    needs = {number for source in wanted for number in steps.get(source.partition(".")[0], [])}
    work = Work(
        technique=found.name,
        operation=operation.name,
        sources=tuple(sources),
        recipe=operation.recipe.make(step.preset, values=step.recipe).model_dump(mode="json"),
        seed=seed,
        out=str(folder),
    )
    return work, tuple(sorted(needs))


def _parts(
    step: Step, capture: Capture, path: str, jobs: list[Planned], steps: Mapping[str, list[int]]
) -> list[tuple[Source | None, dict[str, Coordinate]]]:
    """Where the first input of each run of a step comes from, and the coordinates its frames share."""
    operation = step.found()[1]
    if not operation.inputs:
        return [(None, {})]
    name = operation.inputs[0].name
    if step.input == "capture":
        parts = split(capture, *step.axes)
        return [
            (Source(name=name, paths=(path,), digests=digests([part]), axes=step.axes, index=number), shared)
            for number, (shared, part) in enumerate(parts)
        ]
    made = _made(jobs, steps, step.input)
    if not operation.inputs[0].takes_capture:
        return [(Source(name=name, made=made), {})]
    # What the derived capture will look like is known before its frames are there.
    frames = [Frame(file=f"{number:03d}", coordinates=item.coordinates) for number, item in enumerate(made)]
    if missing := [axis for axis in step.axes if any(axis not in frame.coordinates for frame in frames)]:
        raise UsageError(
            f"step '{step.name}' runs once for each {missing[0]} of '{step.input}', which is not known "
            "yet: submit the steps before it, then this one on their result"
        )
    source = Source(name=name, made=made, capture=step.input, origin=path, axes=step.axes)
    parts = split(Capture(frames=frames), *step.axes)
    return [(source.model_copy(update={"index": n}), shared) for n, (shared, _) in enumerate(parts)]


def _made(jobs: list[Planned], steps: Mapping[str, list[int]], source: str) -> tuple[Made, ...]:
    """The products that ``STEP.PRODUCT`` names, of jobs that are planned already."""
    step, _, product = source.partition(".")
    return tuple(
        Made(
            folder=jobs[number].work.out,
            product=product,
            key=jobs[number].work.key(),
            coordinates=dict(jobs[number].shared),
        )
        for number in steps[step]
    )
