"""A job comes to its end: the row, the jobs that wait for it, and those who want to hear of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from vestige.jobs.outbox import Event, tell
from vestige.jobs.states import RETRIABLE, How, LastWords, State
from vestige.jobs.tables import jobs, needs

#: Last words that are kept of one job.
_KEPT = 5

Row = Mapping[Any, Any]


def settle(
    connection: Connection, row: Row, state: State, now: float, words: LastWords | None = None
) -> None:
    """End a job; those that need it are cancelled where it came to nothing."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == row["id"])
        .values(state=state.value, finished=now, stop=False, words=spoken(row, words), **free())
    )
    if state in RETRIABLE:
        _cancel_followers(connection, row, state, now)
    _announce(connection, row, state, words, now)


def back_to_waiting(connection: Connection, row: Row, words: LastWords | None = None, **values: Any) -> None:
    """Give a job back to the queue."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == row["id"])
        .values({"state": State.WAITING.value, "words": spoken(row, words), **free(), **values})
    )


def free() -> dict[str, Any]:
    """The columns of a job that nobody holds."""
    return {"owner": "", "host": "", "heartbeat": None}


def spoken(row: Row, words: LastWords | None) -> list[dict[str, Any]]:
    """The last words of the last attempts, the newest last."""
    listed: list[dict[str, Any]] = list(row["words"])
    return [*listed, words.model_dump(mode="json")][-_KEPT:] if words else listed


def followers(connection: Connection, identifiers: Sequence[int]) -> list[Row]:
    """The jobs that need one of these, directly."""
    found = connection.execute(
        select(jobs).where(jobs.c.id.in_(select(needs.c.job).where(needs.c.needs.in_(identifiers))))
    )
    return [dict(row) for row in found.mappings()]


def fall(connection: Connection, identifier: int, now: float) -> None:
    """End a waiting job for which a job that it needs came to nothing before: else it waits for ever."""
    mine = select(needs.c.needs).where(needs.c.job == identifier)
    gone = select(jobs).where(jobs.c.id.in_(mine), jobs.c.state.in_([state.value for state in RETRIABLE]))
    before = connection.execute(gone.order_by(jobs.c.id).limit(1)).mappings().first()
    row = connection.execute(select(jobs).where(jobs.c.id == identifier)).mappings().one()
    if before is not None and row["state"] == State.WAITING:
        _fall_with(connection, row, before["id"], State(before["state"]), now)


def _cancel_followers(connection: Connection, row: Row, state: State, now: float) -> None:
    for follower in followers(connection, [row["id"]]):
        if follower["state"] == State.WAITING:
            _fall_with(connection, follower, row["id"], state, now)


def _fall_with(connection: Connection, row: Row, before: int, state: State, now: float) -> None:
    sentence = f"job {before}, which it needs, is {state.value}: retry that one and this will follow"
    words = LastWords(how=How.UPSTREAM, sentence=sentence, at=now)
    settle(connection, row, State.CANCELLED, now, words)


def _announce(connection: Connection, row: Row, state: State, words: LastWords | None, now: float) -> None:
    """Tell of a job alone; of a batch only what went wrong, and once that it is through."""
    event = {State.DONE: Event.DONE, State.FAILED: Event.FAILED, State.QUARANTINED: Event.QUARANTINED}.get(
        state
    )
    sentence = words.sentence if words else ""
    if event and not (row["batch"] and event is Event.DONE):
        tell(connection, row, event, sentence, now)
    if row["batch"]:
        _announce_batch(connection, row, now)


def _announce_batch(connection: Connection, row: Row, now: float) -> None:
    mine = jobs.c.batch == row["batch"]
    still = select(jobs.c.id).where(mine, jobs.c.state.in_([State.WAITING.value, State.RUNNING.value]))
    if connection.execute(still.limit(1)).first():
        return
    states = [State(state) for state in connection.scalars(select(jobs.c.state).where(mine))]
    counts = {state: states.count(state) for state in dict.fromkeys(states)}
    sentence = ", ".join(f"{count} {state.value}" for state, count in counts.items())
    tell(connection, row, Event.BATCH, sentence, now)
