"""Made again: a kept result as a job with the same inputs, recipe and seed, and what came of it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from vestige.archive import reading
from vestige.archive.reproduction import kept_inputs, operation_of, other_software
from vestige.capture import Capture
from vestige.contract.report import REPORT, Report, load_report
from vestige.display.entries import ResultEntry
from vestige.jobs import Job, Resources, Source, State, Submission, Work
from vestige.jobs.tables import jobs
from vestige.web.bench import Bench


@dataclass(frozen=True)
class Attempt:
    """A result being made again: its job, and for each product whether its bits are the same."""

    job: Job
    products: dict[str, bool]

    @property
    def done(self) -> bool:
        """Whether there is something to compare."""
        return self.job.state is State.DONE and bool(self.products)

    @property
    def equal(self) -> bool:
        """Whether every product is the same, bit for bit."""
        return self.done and all(self.products.values())


def place_of(bench: Bench, run: str) -> Path:
    """Where a result lies on the desk while it is made again."""
    return bench.results / f"again-{run[:24]}"


def submit_again(bench: Bench, entry: ResultEntry, report: Report) -> Job:
    """Queue the making of a kept result again; the same once more is the job that is there.

    Raises
    ------
    InputError
        where what it was made from is not in the archive, or this Vestige has another version of the
        operation.
    """
    place = place_of(bench, report.key)
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Work(
        technique=report.technique,
        operation=report.operation,
        sources=tuple(_sources(bench, entry, report)),
        recipe=operation_of(report, entry.folder).recipe.make(values=report.recipe).model_dump(mode="json"),
        seed=report.seed,
        out=str(place),
    )
    budget = report.budget
    granted = Resources(
        cores=min(int(budget.get("cores", 1)), os.cpu_count() or 1),
        bytes=int(budget.get("bytes", Resources().bytes)),
    )
    return bench.ledger.submit([Submission(work, title=entry.title, resources=granted)])[0]


def _sources(bench: Bench, entry: ResultEntry, report: Report) -> list[Source]:
    key, into = entry.key.partition("-")[0], _inputs(bench, report.key)
    given = kept_inputs(bench.archive, key, report, entry.folder, into)
    digests = {name: [item.blake3 for item in report.inputs if item.name == name] for name in given}
    return [
        Source(
            name=name,
            paths=tuple(
                str((one.root if isinstance(one, Capture) else one.path).absolute()) for one in things
            ),
            digests=tuple(digests[name]),
        )
        for name, things in given.items()
    ]


def _inputs(bench: Bench, run: str) -> Path:
    """Where the frames of a capture that a chain made lie together while the result is made again."""
    place = place_of(bench, run)
    return place.with_name(f"{place.name}.input")


def attempt(bench: Bench, report: Report) -> Attempt | None:
    """How far the making of a result again is; None where nobody asked for it."""
    place = place_of(bench, report.key)
    query = select(jobs.c.id).where(jobs.c.key == report.key, jobs.c.out == str(place))
    with reading(bench.archive.engine) as connection:
        number = connection.execute(query).scalar()
    if number is None:
        return None
    job = bench.ledger.job(int(number))
    if job.state is not State.DONE or not (place / REPORT).is_file():
        return None if job.state is State.DONE else Attempt(job, {})
    return Attempt(job, _compared(report, load_report(place)))


def _compared(older: Report, newer: Report) -> dict[str, bool]:
    made = {item.name: item.blake3 for item in newer.products}
    return {item.name: made.get(item.name) == item.blake3 for item in older.products}


def record(bench: Bench, who: str, identifier: str, capture: str, report: Report) -> Attempt | None:
    """Write what came of it into the log of the archive, and clear the desk of the copy.

    Nothing happens where there is nothing to compare.
    """
    found = attempt(bench, report)
    if found is None or not found.done:
        return None
    said = {
        "run": report.key,
        "equal": found.equal,
        "products": found.products,
        "software": other_software(report),
    }
    bench.acting(who).repeated(identifier, said, capture=capture)
    for place in (place_of(bench, report.key), _inputs(bench, report.key)):
        shutil.rmtree(place, ignore_errors=True)
    return found
