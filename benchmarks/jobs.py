"""Jobs: what the ledger and its workers cost, and what kills do to them.

``python benchmarks/jobs.py [--quick] [--kills N] [--seed N] [--only overhead|ledger|kills]``
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from _harness import report

from vestige.archive.database import open_database
from vestige.contract.runner import execute
from vestige.jobs import Dispatcher, Ending, How, Leases, Ledger, LocalExecutor, Resources, Submission, Work
from vestige.testing.drill import Drill, make_known, technique
from vestige.testing.torture import Torture

SMALL = Resources(1, 2**30)


def overhead(folder: Path, count: int, seconds: float) -> list[list[object]]:
    """Drills of so many seconds: run one after another in this process, and through the queue."""
    parts = 5
    recipe = {"parts": parts, "seconds": seconds / parts}
    start = time.perf_counter()
    for number in range(count):
        execute(technique, "run", {}, Drill(number=number, **recipe), folder / f"direct{number}")
    direct = (time.perf_counter() - start) / count
    rows: list[list[object]] = [
        ["in this process, one after another", count, direct, 100 * (direct / seconds - 1)]
    ]
    for lanes in (1, 2):
        place = folder / f"queue{lanes}"
        ledger = Ledger(open_database(place))
        start = time.perf_counter()
        ledger.submit(
            [
                Submission(work(folder / f"{lanes}-{number}", number=number, **recipe), resources=SMALL)
                for number in range(count * lanes)
            ]
        )
        executor = LocalExecutor(place, Resources(lanes, 2**40), preload=["vestige.testing.drill:make_known"])
        try:
            Dispatcher(ledger, executor).run()
        finally:
            executor.close()
        each = (time.perf_counter() - start) / count
        rows.append([f"through the queue, {lanes} at once", count * lanes, each, 100 * (each / seconds - 1)])
    return rows


def ledger(folder: Path, count: int) -> list[list[object]]:
    """The ledger alone: submitting, claiming and ending with `count` jobs in it."""
    book = Ledger(open_database(folder / "ledger"))
    start = time.perf_counter()
    for first in range(0, count, 1000):
        book.submit(
            [Submission(work(folder / str(n), number=n)) for n in range(first, min(first + 1000, count))]
        )
    rows: list[list[object]] = [
        ["submitted, 1000 at a time", count, 1e3 * (time.perf_counter() - start) / count]
    ]
    leases, claims, ends = Leases(book), [], []
    for _ in range(min(count, 200)):
        start = time.perf_counter()
        attempt = leases.claim("bench+a+b+c/1/1", Resources(1000, 2**50))
        claims.append(time.perf_counter() - start)
        assert attempt is not None
        start = time.perf_counter()
        leases.end(attempt, Ending(How.DONE))
        ends.append(time.perf_counter() - start)
    rows.append([f"claimed, of {count} waiting (median)", len(claims), 1e3 * statistics.median(claims)])
    rows.append(["ended (median)", len(ends), 1e3 * statistics.median(ends)])
    start = time.perf_counter()
    book.jobs(limit=100)
    rows.append([f"a page of 100, of {count}", 1, 1e3 * (time.perf_counter() - start)])
    return rows


def work(out: Path, **recipe: object) -> Work:
    """A drill as work."""
    values = Drill.make(values=recipe).model_dump(mode="json")
    return Work(technique="drill", operation="run", recipe=values, out=str(out))


def main() -> None:
    """Measure and report."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--kills", type=int)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--only", choices=["overhead", "ledger", "kills"])
    options = arguments.parse_args()
    make_known()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only in (None, "overhead"):
            seconds, count = (1.0, 3) if options.quick else (5.0, 8)
            columns = ["way", "jobs", "s a job and lane", "% beyond its own"]
            report("jobs", columns, overhead(folder, count, seconds), part="overhead", seconds=seconds)
        if options.only in (None, "ledger"):
            columns = ["what", "times", "ms each"]
            report("jobs", columns, ledger(folder, 2000 if options.quick else 100_000), part="ledger")
        if options.only in (None, "kills"):
            kills = options.kills or (10 if options.quick else 500)
            damage = Torture(folder / "kills", seed=options.seed).run(kills)
            resumed = sorted(damage.resumed)
            rows: list[list[object]] = [
                ["kills", damage.kills],
                ["of which of the runner", damage.runner_kills],
                ["jobs done", damage.done],
                ["lost or damaged", len(damage.lost)],
                ["finished parts done again", len(damage.redone)],
                ["parts worked on by two at once", len(damage.twice_at_once)],
                ["workers that outlived their runner", len(damage.orphans)],
                ["resumed after, median s", statistics.median(resumed)],
                ["resumed after, longest s", resumed[-1]],
            ]
            report("jobs", ["what", "figure"], rows, part="kills", seed=options.seed)


if __name__ == "__main__":
    main()
