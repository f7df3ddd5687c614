"""Faults planted in the ledger on purpose: what finds them all can be trusted to find the next one."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, true, update

from vestige.archive.database import reading, writing
from vestige.errors import Cancelled
from vestige.jobs import Attempt, Leases, Ledger, Resources, State, leases, settling
from vestige.jobs import ledger as ledger_module
from vestige.jobs.leases import Beat, Order
from vestige.jobs.outbox import tell
from vestige.jobs.settling import back_to_waiting
from vestige.jobs.tables import jobs

Patch = pytest.MonkeyPatch


def _given_out_twice(patch: Patch) -> None:
    """A claim does not ask whether somebody has the job already."""
    ready = leases._ready

    def careless(now: float, capacity: Resources, pause: float) -> list[Any]:
        open_ones = jobs.c.state.in_([State.WAITING.value, State.RUNNING.value])
        return [open_ones, *ready(now, capacity, pause)[1:]]

    patch.setattr(leases, "_ready", careless)


def _claimed_in_two_steps(patch: Patch) -> None:
    """A claim looks in one transaction and takes in another."""
    claim = Leases.claim

    def careless(self: Leases, owner: str, capacity: Resources, **rest: Any) -> Attempt | None:
        ready = select(jobs).where(*leases._ready(self.clock(), capacity, self.patience.busy))
        with reading(self.engine) as connection:
            seen = connection.execute(ready.order_by(jobs.c.priority.desc(), jobs.c.id)).mappings().first()
        with writing(self.engine) as connection:
            if seen is not None:
                mine = update(jobs).where(jobs.c.id == seen["id"])
                connection.execute(mine.values(state="waiting", priority=99))
        attempt = claim(self, owner, capacity, **rest)
        with writing(self.engine) as connection:
            if seen is not None:
                connection.execute(
                    update(jobs).where(jobs.c.id == seen["id"]).values(priority=seen["priority"])
                )
        return attempt

    patch.setattr(Leases, "claim", careless)


def _token_not_raised(patch: Patch) -> None:
    """Each claim gives out the same token."""
    claim = Leases.claim

    def careless(self: Leases, *arguments: Any, **rest: Any) -> Attempt | None:
        with writing(self.engine) as connection:
            connection.execute(update(jobs).where(jobs.c.state == State.WAITING.value).values(token=0))
        return claim(self, *arguments, **rest)

    patch.setattr(Leases, "claim", careless)


def _old_token_ends(patch: Patch) -> None:
    """Whoever ever held the job may end, publish or release it."""
    patch.setattr(leases, "_check", lambda row, attempt: None)


def _old_token_beats(patch: Patch) -> None:
    """A sign of life is taken from whoever ever held the job."""
    running = jobs.c.state == State.RUNNING.value
    patch.setattr(leases, "_held", lambda attempt: [jobs.c.id == attempt.job, running])


def _deaths_not_counted(patch: Patch) -> None:
    """Poison goes back to the queue for ever."""

    def careless(connection: Any, row: Any, words: Any, *_rest: Any) -> None:
        back_to_waiting(connection, row, words)

    patch.setattr(Leases, "_count", staticmethod(careless))


def _one_death_too_many(patch: Patch) -> None:
    """The fourth death is the last, not the third."""
    count = Leases._count

    def careless(connection: Any, row: Any, words: Any, name: str, most: int, now: float) -> None:
        count(connection, row, words, name, most + 1, now)

    patch.setattr(Leases, "_count", staticmethod(careless))


def _published_outside(patch: Patch) -> None:
    """The lease is checked in one transaction, the job is done in another, the result moves between."""

    @contextlib.contextmanager
    def careless(self: Leases, attempt: Attempt) -> Iterator[None]:
        with writing(self.engine) as connection:
            row = leases._holding(connection, attempt)
            if row["stop"]:
                raise Cancelled("stopped by request")
        yield
        with writing(self.engine) as connection:
            settling.settle(connection, row, State.DONE, self.clock())

    patch.setattr(Leases, "publishing", careless)


def _stop_not_heard_while_publishing(patch: Patch) -> None:
    """A result is published although somebody asked to stop."""
    holding = leases._holding
    patch.setattr(
        leases, "_holding", lambda connection, attempt: {**holding(connection, attempt), "stop": False}
    )


def _cancel_ignored(patch: Patch) -> None:
    """A running job is never asked to stop."""
    cancel = Ledger.cancel

    def careless(self: Ledger, identifier: int) -> Any:
        found = self.job(identifier)
        return found if found.state is State.RUNNING else cancel(self, identifier)

    patch.setattr(Ledger, "cancel", careless)


def _cancelled_runs_on(patch: Patch) -> None:
    """Who gives signs of life is never told to stop."""
    beat = Leases.beat

    def careless(self: Leases, beats: Any) -> dict[str, Order]:
        told = beat(self, beats)
        return {name: Order.GO_ON if order is Order.STOP else order for name, order in told.items()}

    patch.setattr(Leases, "beat", careless)


def _lease_for_ever(patch: Patch) -> None:
    """A lease is lost only where its owner is seen to be gone."""
    patch.setattr(Leases, "_is_lost", lambda self, row, lost, now: row["owner"] in lost)


def _future_lease(patch: Patch) -> None:
    """A lease from before the clock was set back holds on."""

    def careless(self: Leases, row: Any, lost: set[str], now: float) -> bool:
        return row["owner"] in lost or now - row["heartbeat"] >= self.patience.lease

    patch.setattr(Leases, "_is_lost", careless)


def _beats_not_kept(patch: Patch) -> None:
    """A sign of life does not renew the lease."""
    beat = Leases.beat

    def careless(self: Leases, beats: list[Beat]) -> dict[str, Order]:
        with reading(self.engine) as connection:
            kept = {row.id: row.heartbeat for row in connection.execute(select(jobs.c.id, jobs.c.heartbeat))}
        told = beat(self, beats)
        with writing(self.engine) as connection:
            for item in beats:
                mine = update(jobs).where(jobs.c.id == item.attempt.job)
                connection.execute(mine.values(heartbeat=kept[item.attempt.job]))
        return told

    patch.setattr(Leases, "beat", careless)


def _recovered_unasked(patch: Patch) -> None:
    """What looked lost is taken back without looking again under the lock."""
    is_lost, seen = Leases._is_lost, dict[tuple[int, int], bool]()

    def careless(self: Leases, row: Any, lost: set[str], now: float) -> bool:
        return seen.setdefault((row["id"], row["token"]), is_lost(self, row, lost, now))

    recover = Leases.recover

    def once(self: Leases, *arguments: Any) -> list[int]:
        seen.clear()
        return recover(self, *arguments)

    patch.setattr(Leases, "_is_lost", careless)
    patch.setattr(Leases, "recover", once)


def _more_than_there_is(patch: Patch) -> None:
    """What an owner holds already is not counted."""
    patch.setattr(leases, "_used", lambda connection, *which: Resources(0, 0))


def _needs_ignored(patch: Patch) -> None:
    """A job does not wait for those before it."""
    ready = leases._ready

    def careless(now: float, capacity: Resources, pause: float) -> list[Any]:
        return [*ready(now, capacity, pause)[:-1], true()]

    patch.setattr(leases, "_ready", careless)


def _followers_wait_for_ever(patch: Patch) -> None:
    """What needs a job that came to nothing stays in the queue."""
    patch.setattr(settling, "_cancel_followers", lambda *_: None)


def _born_to_wait(patch: Patch) -> None:
    """A job submitted behind one that has failed already stays in the queue."""
    patch.setattr(ledger_module, "fall", lambda *_: None)


def _busy_at_once(patch: Patch) -> None:
    """A job whose folder is in use is tried again without a pause."""
    back = back_to_waiting
    patch.setattr(leases, "back_to_waiting", lambda c, row, words=None, **_: back(c, row, words))


def _told_twice(patch: Patch) -> None:
    """Each notice is written twice."""

    def careless(*arguments: Any) -> None:
        tell(*arguments)
        tell(*arguments)

    patch.setattr(settling, "tell", careless)


def _done_is_lost(patch: Patch) -> None:
    """The end of an attempt that has published already is refused."""
    find = leases._find

    def careless(connection: Any, attempt: Attempt) -> Any:
        row = find(connection, attempt)
        return {**row, "state": State.WAITING.value} if row["state"] == State.DONE else row

    patch.setattr(leases, "_find", careless)


#: Each fault by name; called with a monkeypatch, it breaks the ledger.
FAULTS: dict[str, Callable[[Patch], None]] = {
    fault.__name__.strip("_"): fault
    for fault in (
        _given_out_twice,
        _claimed_in_two_steps,
        _token_not_raised,
        _old_token_ends,
        _old_token_beats,
        _deaths_not_counted,
        _one_death_too_many,
        _published_outside,
        _stop_not_heard_while_publishing,
        _cancel_ignored,
        _cancelled_runs_on,
        _lease_for_ever,
        _future_lease,
        _beats_not_kept,
        _recovered_unasked,
        _more_than_there_is,
        _needs_ignored,
        _followers_wait_for_ever,
        _born_to_wait,
        _busy_at_once,
        _told_twice,
        _done_is_lost,
    )
}
