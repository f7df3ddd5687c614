"""Leases: who may work on a job, for how long, and what becomes of the job when they end."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from vestige.archive.database import reading, writing
from vestige.errors import Cancelled, SupersededError
from vestige.jobs.job import Attempt
from vestige.jobs.ledger import Ledger
from vestige.jobs.outbox import Event, tell
from vestige.jobs.owner import gone
from vestige.jobs.resources import Resources
from vestige.jobs.settling import back_to_waiting, settle
from vestige.jobs.states import Ending, How, LastWords, State
from vestige.jobs.tables import jobs, needs
from vestige.jobs.work import Work


@dataclass(frozen=True)
class Beat:
    """A sign of life of an attempt, with its progress where there is news."""

    attempt: Attempt
    progress: tuple[float, float, str] | None = None


class Order(StrEnum):
    """What the holder of a lease is told when it gives a sign of life.

    >>> [order.value for order in Order]
    ['go on', 'stop', 'lost']
    """

    GO_ON = "go on"
    STOP = "stop"
    LOST = "lost"


class Leases:
    """The workers' side of a ledger. Whatever changes a job here asks first whether its lease still holds.

    >>> import tempfile
    >>> from vestige.archive import open_database
    >>> Leases(Ledger(open_database(tempfile.mkdtemp()))).claim("me/1/0", Resources()) is None
    True
    """

    def __init__(self, ledger: Ledger) -> None:
        self.engine, self.clock, self.patience = ledger.engine, ledger.clock, ledger.patience

    def claim(self, owner: str, capacity: Resources, *, machine: Resources | None = None) -> Attempt | None:
        """Take the next job that fits, or None.

        Jobs go by priority, then in order. One that must wait for cores or memory is not overtaken,
        so that a large one is never starved by small ones; one that waits for a device is.
        `capacity` is what this owner may use in all, `machine` what all owners of its host may.
        """
        now = self.clock()
        ready = (
            select(jobs)
            .where(*_ready(now, capacity, self.patience.busy))
            .order_by(jobs.c.priority.desc(), jobs.c.id)
        )
        with reading(self.engine) as connection:
            if connection.execute(ready.limit(1)).first() is None:
                return None
        host = owner.partition("/")[0]
        with writing(self.engine) as connection:
            mine = _used(connection, jobs.c.owner == owner)
            others = _used(connection, jobs.c.host == host, jobs.c.owner != owner)
            rooms = [capacity - mine]
            if machine is not None and others != Resources(0, 0):
                rooms.append(machine - others - mine)
            # What waits for a device is overtaken, however much of it waits.
            devices = jobs.c.cuda <= max(0, min(room.cuda for room in rooms))
            row = connection.execute(ready.where(devices).limit(1)).mappings().first()
            if row is None:
                return None
            resources = Resources(row["cores"], row["bytes"], row["cuda"])
            if any(resources.cores > room.cores or resources.bytes > room.bytes for room in rooms):
                return None
            values = {"owner": owner, "host": host, "heartbeat": now, "started": now, "moved": now}
            token, number = row["token"] + 1, row["attempts"] + 1
            connection.execute(
                update(jobs)
                .where(jobs.c.id == row["id"])
                .values(state=State.RUNNING.value, token=token, attempts=number, **values)
            )
            work = Work.model_validate_json(row["work"])
            return Attempt(row["id"], token, work, resources, number, row["key"])

    def expects(self, capacity: Resources) -> bool:
        """Whether a job of this size waits for something that is under way: a job before it, or its time."""
        before = jobs.alias("before")
        coming = exists().where(
            needs.c.job == jobs.c.id, needs.c.needs == before.c.id, before.c.state == State.RUNNING.value
        )
        wanted = select(jobs.c.id).where(
            jobs.c.state == State.WAITING.value,
            *_small(capacity),
            or_(jobs.c.not_before > self.clock(), coming),
        )
        with reading(self.engine) as connection:
            return connection.execute(wanted.limit(1)).first() is not None

    def beat(self, beats: Iterable[Beat]) -> dict[str, Order]:
        """Renew leases and note progress; answers by the name of each attempt."""
        now, orders = self.clock(), dict[str, Order]()
        with writing(self.engine) as connection:
            for beat in beats:
                values: dict[str, Any] = {"heartbeat": now}
                if beat.progress is not None:
                    done, total, label = beat.progress
                    values.update(done=done, total=total, label=label, moved=now)
                found = connection.execute(
                    update(jobs).where(*_held(beat.attempt)).values(values).returning(jobs.c.stop)
                ).first()
                order = Order.LOST if found is None else Order.STOP if found[0] else Order.GO_ON
                orders[beat.attempt.name] = order
        return orders

    @contextlib.contextmanager
    def publishing(self, attempt: Attempt) -> Iterator[None]:
        """Move a result to its place within: only the holder may, and the job is done with it.

        Nobody else can take the job while the block runs; keep it as short as one rename.

        Raises
        ------
        SupersededError
            where the lease was lost and the job is another's now.
        Cancelled
            where the job was asked to stop.
        """
        with writing(self.engine) as connection:
            row = _holding(connection, attempt)
            if row["stop"]:
                raise Cancelled("stopped by request")
            yield
            settle(connection, row, State.DONE, self.clock())

    def end(self, attempt: Attempt, ending: Ending) -> State:
        """Note how an attempt ended; answers with where the job stands now.

        Raises
        ------
        SupersededError
            where the lease was lost: then this attempt counts no more.
        """
        now = self.clock()
        with writing(self.engine) as connection:
            row = _find(connection, attempt)
            published = row["state"] == State.DONE and row["token"] == attempt.token
            if ending.how is How.DONE and published:
                return State.DONE
            _check(row, attempt)
            self._end(connection, row, ending, now)
            return State(_find(connection, attempt)["state"])

    def release(self, attempt: Attempt) -> None:
        """Give a job back that nothing is wrong with: whoever held it goes home."""
        now = self.clock()
        with writing(self.engine) as connection:
            self._end(connection, _holding(connection, attempt), Ending(How.CANCELLED), now)

    def recover(self, is_gone: Callable[[str], bool] = gone) -> list[int]:
        """Take back the jobs whose lease ran out, or whose owner is gone; answers with their numbers.

        A lease is also lost where it was last renewed in the future: somebody set the clock back.
        """
        now = self.clock()
        running = select(jobs).where(jobs.c.state == State.RUNNING.value)
        with reading(self.engine) as connection:
            held = [dict(row) for row in connection.execute(running).mappings()]
        lost = {name for name in {row["owner"] for row in held} if is_gone(name)}
        suspects = [row["id"] for row in held if self._is_lost(row, lost, now)]
        if not suspects:
            return []
        with writing(self.engine) as connection:
            rows = connection.execute(running.where(jobs.c.id.in_(suspects))).mappings().all()
            taken = [dict(row) for row in rows if self._is_lost(row, lost, now)]
            for row in taken:
                reason = "its process is gone" if row["owner"] in lost else "its lease ran out"
                self._end(connection, row, Ending(How.LOST, reason), now)
            return [row["id"] for row in taken]

    def stuck(self, told: Iterable[Attempt]) -> list[Attempt]:
        """Those of the attempts that have told no progress for long; who asked to hear of it is told."""
        now, found = self.clock(), list[tuple[Attempt, Mapping[Any, Any]]]()
        with reading(self.engine) as connection:
            for attempt in told:
                row = connection.execute(select(jobs).where(*_held(attempt))).mappings().first()
                if row is not None and now - (row["moved"] or now) > self.patience.stuck:
                    found.append((attempt, dict(row)))
        if found:
            with writing(self.engine) as connection:
                for _, quiet in found:
                    minutes = round((now - quiet["moved"]) / 60)
                    sentence = f"no progress for {minutes} min since {quiet['label'] or 'the start'}"
                    tell(connection, quiet, Event.STUCK, sentence, now)
        return [attempt for attempt, _ in found]

    def _is_lost(self, row: Mapping[Any, Any], lost: set[str], now: float) -> bool:
        return row["owner"] in lost or abs(now - (row["heartbeat"] or 0.0)) >= self.patience.lease

    def _end(self, connection: Connection, row: Mapping[Any, Any], ending: Ending, now: float) -> None:
        words = ending.words(row["attempts"], now)
        if ending.how is How.DONE:
            settle(connection, row, State.DONE, now)
        elif ending.how is How.FAILED:
            settle(connection, row, State.FAILED, now, words)
        elif row["stop"]:
            stopped = words.model_copy(update={"how": How.CANCELLED, "sentence": "stopped by request"})
            settle(connection, row, State.CANCELLED, now, stopped)
        elif ending.how is How.BUSY:
            back_to_waiting(connection, row, words, not_before=now + self.patience.busy)
        elif ending.how is How.DIED:
            self._count(connection, row, words, "deaths", self.patience.deaths, now)
        elif ending.how is How.LOST:
            self._count(connection, row, words, "interruptions", self.patience.interruptions, now)
        else:
            back_to_waiting(connection, row)

    @staticmethod
    def _count(
        connection: Connection, row: Mapping[Any, Any], words: LastWords, name: str, most: int, now: float
    ) -> None:
        number = row[name] + 1
        connection.execute(update(jobs).where(jobs.c.id == row["id"]).values({name: number}))
        if number >= most:
            settle(connection, row, State.QUARANTINED, now, words)
        else:
            back_to_waiting(connection, row, words)


def _ready(now: float, capacity: Resources, pause: float) -> list[ColumnElement[bool]]:
    """Waiting, due, small enough for this owner, and all it needs is done.

    No job is put off by more than `pause`: one that seems to be was put off before the clock was set back.
    """
    before = jobs.alias("before")
    unmet = exists().where(
        needs.c.job == jobs.c.id, needs.c.needs == before.c.id, before.c.state != State.DONE.value
    )
    return [
        jobs.c.state == State.WAITING.value,
        or_(jobs.c.not_before <= now, jobs.c.not_before > now + pause),
        *_small(capacity),
        ~unmet,
    ]


def _small(capacity: Resources) -> list[ColumnElement[bool]]:
    return [jobs.c.cores <= capacity.cores, jobs.c.bytes <= capacity.bytes, jobs.c.cuda <= capacity.cuda]


def _used(connection: Connection, *which: ColumnElement[bool]) -> Resources:
    sums = [func.coalesce(func.sum(column), 0) for column in (jobs.c.cores, jobs.c.bytes, jobs.c.cuda)]
    row = connection.execute(select(*sums).where(jobs.c.state == State.RUNNING.value, *which)).one()
    return Resources(*(int(value) for value in row))


def _held(attempt: Attempt) -> list[ColumnElement[bool]]:
    running = jobs.c.state == State.RUNNING.value
    return [jobs.c.id == attempt.job, jobs.c.token == attempt.token, running]


def _find(connection: Connection, attempt: Attempt) -> Mapping[Any, Any]:
    row = connection.execute(select(jobs).where(jobs.c.id == attempt.job)).mappings().first()
    if row is None:
        raise SupersededError(f"job {attempt.job} is no longer in the ledger")
    return dict(row)


def _check(row: Mapping[Any, Any], attempt: Attempt) -> None:
    if row["token"] != attempt.token or row["state"] != State.RUNNING:
        raise SupersededError(
            f"attempt {attempt.number} no longer holds job {attempt.job}: its lease was lost"
        )


def _holding(connection: Connection, attempt: Attempt) -> Mapping[Any, Any]:
    row = _find(connection, attempt)
    _check(row, attempt)
    return row
