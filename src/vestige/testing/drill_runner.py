"""A process that works through a queue of drills: ``python -m vestige.testing.drill_runner DATABASE CORES``.

It prints the number of each job as it begins, so that whoever watches knows how long it took to resume.
"""

from __future__ import annotations

import sys

from vestige.archive.database import open_database
from vestige.jobs import Dispatcher, Job, Ledger, LocalExecutor, Resources, State
from vestige.testing.drill import make_known


def _tell(job: Job) -> None:
    if job.state is State.RUNNING:
        print(job.id, flush=True)  # noqa: T201 - what the parent reads


def main(database: str, cores: str) -> None:
    """Work until the queue is empty."""
    make_known()
    room = Resources(int(cores), 2**40)
    executor = LocalExecutor(database, room, preload=["vestige.testing.drill:make_known"])
    try:
        Dispatcher(Ledger(open_database(database)), executor, hear=_tell).run()
    finally:
        executor.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
