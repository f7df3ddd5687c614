"""The ledger: jobs that wait, run, or came to an end, kept in the database so that none is ever lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from vestige.archive.database import reading, writing
from vestige.contract.report import REPORT
from vestige.errors import UsageError
from vestige.jobs.job import Job, Submission
from vestige.jobs.settling import fall, followers, settle
from vestige.jobs.states import RETRIABLE, How, LastWords, Patience, State
from vestige.jobs.tables import jobs, needs
from vestige.jobs.work import Work


class Ledger:
    """What people and doors do with jobs: submit, look, cancel, retry. Workers hold `Leases`.

    Parameters
    ----------
    engine : the database, from `vestige.archive.open_database`.
    clock : seconds since 1970; replaceable.
    patience : how long a lease lasts and when a job is given up.

    >>> import tempfile
    >>> from vestige.archive import open_database
    >>> from vestige.jobs import Submission, Work
    >>> ledger = Ledger(open_database(tempfile.mkdtemp()))
    >>> job, = ledger.submit([Submission(Work(technique="focus", operation="run", out="sharp"))])
    >>> job.state.value, ledger.counts()
    ('waiting', {'waiting': 1})
    """

    def __init__(
        self, engine: Engine, *, clock: Callable[[], float] = time.time, patience: Patience | None = None
    ) -> None:
        self.engine, self.clock, self.patience = engine, clock, patience or Patience()

    def submit(self, submissions: Sequence[Submission], *, batch: str = "") -> list[Job]:
        """Put jobs into the ledger, all of them or none.

        The same work with the same place for its result is one job: submitting it again answers with
        the job that is there, and gives it back to the queue where it failed, was cancelled, or its
        result is gone. A quarantined job stays so until it is retried.

        Raises
        ------
        UsageError
            where an operation or a job to wait for does not exist, or that one waits for this one itself.
        """
        keys = [item.work.key() for item in submissions]
        with writing(self.engine) as connection:
            made: list[int] = []
            for item, key in zip(submissions, keys, strict=True):
                made.append(self._submit(connection, item, key, batch))
                before = {*item.after, *(made[number] for number in item.needs)}
                self._tie(connection, made[-1], before)
                fall(connection, made[-1], self.clock())
            return [_one(connection, identifier) for identifier in made]

    def job(self, identifier: int) -> Job:
        """One job; a UsageError where there is none of that number."""
        with reading(self.engine) as connection:
            return _one(connection, identifier)

    def work(self, identifier: int) -> Work:
        """What a job does: its operation, recipe, and where its inputs lie."""
        with reading(self.engine) as connection:
            return Work.model_validate_json(_row(connection, identifier)["work"])

    def batches(self, *, limit: int = 20) -> list[str]:
        """The names of batches, the newest first."""
        newest = func.max(jobs.c.id)
        wanted = select(jobs.c.batch).where(jobs.c.batch != "").group_by(jobs.c.batch)
        with reading(self.engine) as connection:
            return list(connection.scalars(wanted.order_by(newest.desc()).limit(limit)))

    def jobs(
        self,
        *,
        state: State | None = None,
        batch: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Jobs, the newest first; `before` a number for the next page."""
        wanted = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if state is not None:
            wanted = wanted.where(jobs.c.state == state.value)
        if batch is not None:
            wanted = wanted.where(jobs.c.batch == batch)
        if before is not None:
            wanted = wanted.where(jobs.c.id < before)
        with reading(self.engine) as connection:
            return [Job.of(row) for row in connection.execute(wanted).mappings()]

    def needs(self, identifier: int) -> list[int]:
        """The jobs that must be done before one."""
        with reading(self.engine) as connection:
            wanted = select(needs.c.needs).where(needs.c.job == identifier).order_by(needs.c.needs)
            return list(connection.scalars(wanted))

    def counts(self, *, batch: str | None = None) -> dict[str, int]:
        """How many jobs there are in each state."""
        wanted = select(jobs.c.state, func.count().label("total")).group_by(jobs.c.state)
        if batch is not None:
            wanted = wanted.where(jobs.c.batch == batch)
        with reading(self.engine) as connection:
            return {row.state: int(row.total) for row in connection.execute(wanted)}

    def cancel(self, identifier: int) -> Job:
        """Take a job out of the queue, or ask it to stop; one that has come to its end stays as it is."""
        with writing(self.engine) as connection:
            row = _row(connection, identifier)
            if row["state"] == State.WAITING:
                words = LastWords(how=How.CANCELLED, sentence="cancelled before it began", at=self.clock())
                settle(connection, row, State.CANCELLED, self.clock(), words)
            elif row["state"] == State.RUNNING:
                connection.execute(update(jobs).where(jobs.c.id == identifier).values(stop=True))
            return _one(connection, identifier)

    def retry(self, identifier: int) -> Job:
        """Give a job that came to nothing back to the queue, and those that were cancelled for its sake.

        Raises
        ------
        UsageError
            where the job waits, runs or is done.
        """
        with writing(self.engine) as connection:
            row = _row(connection, identifier)
            if State(row["state"]) not in RETRIABLE:
                raise UsageError(f"job {identifier} is {row['state']}: only what came to nothing is retried")
            self._again(connection, row)
            return _one(connection, identifier)

    def prioritise(self, identifier: int, priority: int) -> Job:
        """Let a job go before (or after) others; those of equal priority go in order of submission."""
        with writing(self.engine) as connection:
            _row(connection, identifier)
            connection.execute(update(jobs).where(jobs.c.id == identifier).values(priority=priority))
            return _one(connection, identifier)

    def _submit(self, connection: Connection, item: Submission, key: str, batch: str) -> int:
        same = select(jobs).where(jobs.c.key == key, jobs.c.out == item.work.out)
        row = connection.execute(same).mappings().first()
        if row is None:
            answer = connection.execute(insert(jobs).values(_columns(item, key, batch, self.clock())))
            assert answer.inserted_primary_key is not None
            return int(answer.inserted_primary_key[0])
        gone = row["state"] == State.DONE and not (Path(item.work.out) / REPORT).is_file()
        if gone or row["state"] in (State.FAILED, State.CANCELLED):
            self._again(connection, row, work=item.work.model_dump_json(), batch=batch, tell=list(item.tell))
        return int(row["id"])

    def _again(self, connection: Connection, row: Mapping[Any, Any], **values: Any) -> None:
        fresh = {"deaths": 0, "interruptions": 0, "not_before": 0.0, "finished": None, "stop": False}
        progress = {"done": 0.0, "total": 0.0, "label": ""}
        connection.execute(
            update(jobs)
            .where(jobs.c.id == row["id"])
            .values({"state": State.WAITING.value, **fresh, **progress, **values})
        )
        fall(connection, row["id"], self.clock())
        for follower in followers(connection, [row["id"]]):
            held = follower["words"] and follower["words"][-1]["how"] == How.UPSTREAM
            if follower["state"] == State.CANCELLED and held:
                self._again(connection, follower)

    @staticmethod
    def _tie(connection: Connection, job: int, before: set[int]) -> None:
        known = set(connection.scalars(select(needs.c.needs).where(needs.c.job == job)))
        for identifier in sorted(before - known - {job}):
            _row(connection, identifier)
            if job in _needed(connection, identifier):
                raise UsageError(
                    f"job {job} cannot wait for job {identifier}, which waits for job {job} itself: "
                    f"submit it without --after {identifier}"
                )
            connection.execute(insert(needs).values(job=job, needs=identifier))


def _needed(connection: Connection, identifier: int) -> set[int]:
    """All jobs that must be done before one, however far back."""
    found, fresh = set[int](), {identifier}
    while fresh:
        found |= fresh
        fresh = set(connection.scalars(select(needs.c.needs).where(needs.c.job.in_(fresh)))) - found
    return found


def _row(connection: Connection, identifier: int) -> Mapping[Any, Any]:
    row = connection.execute(select(jobs).where(jobs.c.id == identifier)).mappings().first()
    if row is None:
        raise UsageError(f"there is no job {identifier}; see vestige jobs list")
    return dict(row)


def _one(connection: Connection, identifier: int) -> Job:
    return Job.of(_row(connection, identifier))


def _columns(item: Submission, key: str, batch: str, now: float) -> dict[str, Any]:
    work, resources = item.work, item.resources
    counts = dict.fromkeys(("attempts", "deaths", "interruptions", "token"), 0)
    return {
        "key": key,
        "batch": batch,
        "title": item.title or work.label,
        "technique": work.technique,
        "operation": work.operation,
        "out": work.out,
        "work": work.model_dump_json(),
        "state": State.WAITING.value,
        "priority": item.priority,
        "cores": resources.cores,
        "bytes": resources.bytes,
        "cuda": resources.cuda,
        "tell": list(item.tell),
        "submitted": now,
        "not_before": 0.0,
        **counts,
        "owner": "",
        "host": "",
        "done": 0.0,
        "total": 0.0,
        "label": "",
        "stop": False,
        "words": [],
    }
