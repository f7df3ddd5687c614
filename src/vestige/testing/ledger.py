"""The conformance suite of a ledger: a state machine that plays owners, deaths, and a clock that jumps.

::

    class Machine(LedgerMachine):
        def open_engine(self):
            return open_database("postgresql://…")

    TestLedger = Machine.TestCase
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)
from sqlalchemy import Engine, delete, event

from vestige.archive.database import open_database, writing
from vestige.contract.names import ADDED
from vestige.contract.registry import register, unregister
from vestige.errors import Cancelled, SupersededError, UsageError
from vestige.jobs import (
    Attempt,
    Beat,
    Ending,
    How,
    Leases,
    Ledger,
    Order,
    Patience,
    Resources,
    State,
    Submission,
)
from vestige.jobs.tables import jobs, needs, notices
from vestige.jobs.work import Work
from vestige.testing.drill import technique

PATIENCE = Patience(lease=30.0, deaths=3, interruptions=4, busy=5.0)
CAPACITY = Resources(2, 2**30)
ENDS = (How.DONE, How.FAILED, How.CANCELLED, How.DIED, How.DIED, How.DIED, How.BUSY)
OWNERS = ("left+a+b+c/1/1", "right+a+b+c/2/2")


@dataclass
class _Known:
    """What the model knows of a job."""

    state: State = State.WAITING
    priority: int = 0
    cores: int = 1
    needs: int | None = None
    deaths: int = 0
    interruptions: int = 0
    token: int = 0
    heartbeat: float = 0.0
    not_before: float = 0.0
    owner: str = ""
    stop: bool = False
    upstream: bool = False
    published: int = 0
    tokens: set[int] = field(default_factory=set)


def _hasty(connection: Any, _record: Any) -> None:
    """The model asks what is right, not what outlives a power cut: do not wait for the disk."""
    connection.execute("pragma synchronous=off")


class LedgerMachine(RuleBasedStateMachine):
    """Submits, claims, beats, ends, recovers, cancels and retries in any order, beside a model of it all.

    What it holds true: no job is lost; two attempts never hold a job at once; whoever lost the lease
    changes nothing; leases expire, also where the clock is set back; no owner is given more than it
    has; three deaths and the job is quarantined.
    """

    attempts: Bundle[Attempt] = Bundle("attempts")
    _engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.known: dict[int, _Known] = {}
        self.added = technique.name not in ADDED
        if self.added:
            register(technique)
        self.engine = self._opened()
        self.ledger = Ledger(self.engine, clock=lambda: self.now, patience=PATIENCE)
        self.leases = Leases(self.ledger)

    def open_engine(self) -> Engine:
        """The database under test, opened once; a new one in a folder of its own by default."""
        folder = tempfile.mkdtemp(prefix="vestige-ledger-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        engine = open_database(folder)
        event.listen(engine, "connect", _hasty)
        engine.pool.dispose()
        return engine

    def _opened(self) -> Engine:
        found: Engine | None = type(self).__dict__.get("_engine")
        if found is None:
            found = type(self)._engine = self.open_engine()
        return found

    def teardown(self) -> None:
        """Leave nothing behind."""
        if self.added:
            unregister(technique.name)

    @initialize(priorities=st.lists(st.integers(-1, 1), min_size=2, max_size=4))
    def begin(self, priorities: list[int]) -> None:
        """Start from an empty ledger with a few jobs in it."""
        with writing(self.engine) as connection:
            for table in (notices, needs, jobs):
                connection.execute(delete(table))
        for priority in priorities:
            self.submit(priority, cores=1, follow=False)

    # -- what people do ------------------------------------------------------------------------

    @rule(priority=st.integers(-1, 1), cores=st.integers(1, 2), follow=st.booleans())
    def submit(self, priority: int, cores: int, follow: bool) -> None:
        """A new job, sometimes one that needs the newest before it."""
        before = max(self.known) if follow and self.known else None
        if before is not None and self.known[before].state not in (State.WAITING, State.RUNNING, State.DONE):
            before = None
        work = Work(technique="drill", operation="run", out=f"out{len(self.known)}")
        submission = Submission(
            work,
            resources=Resources(cores, 2**20),
            priority=priority,
            after=() if before is None else (before,),
            tell=("mailto:lab@example.org",),
        )
        (job,) = self.ledger.submit([submission])
        assert job.id not in self.known
        self.known[job.id] = _Known(priority=priority, cores=cores, needs=before)
        assert self.ledger.submit([submission])[0].id == job.id, "the same work is one job"

    @rule(data=st.data())
    def cancel_or_retry(self, data: st.DataObject) -> None:
        """Any job at any time."""
        number = data.draw(st.sampled_from(sorted(self.known)))
        if data.draw(st.booleans()):
            self._cancel(number)
        else:
            self._retry(number)

    def _cancel(self, number: int) -> None:
        job = self.known[number]
        self.ledger.cancel(number)
        if job.state is State.WAITING:
            self._settle(number, State.CANCELLED)
        elif job.state is State.RUNNING:
            job.stop = True

    def _retry(self, number: int) -> None:
        """Only what came to nothing goes back to the queue, and what followed it."""
        job = self.known[number]
        if job.state not in (State.FAILED, State.CANCELLED, State.QUARANTINED):
            try:
                self.ledger.retry(number)
            except UsageError:
                return
            raise AssertionError(f"a job that is {job.state} was retried")
        self.ledger.retry(number)
        self._again(number)

    # -- what owners do ------------------------------------------------------------------------

    @rule(target=attempts, owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> Attempt | MultipleResults[Attempt]:
        """The job that is next, and only if it fits."""
        attempt = self.leases.claim(owner, CAPACITY)
        expected = self._next(owner)
        assert (attempt.job if attempt else None) == expected
        if attempt is None:
            return multiple()
        job = self.known[attempt.job]
        assert attempt.token not in job.tokens, "a token was given twice"
        job.tokens.add(attempt.token)
        job.state, job.token, job.owner, job.heartbeat = State.RUNNING, attempt.token, owner, self.now
        return attempt

    @rule(seconds=st.sampled_from([0.5, 4.0, 12.0, 29.0, 31.0, 500.0, -20.0, -3600.0]))
    def advance(self, seconds: float) -> None:
        """Time goes on, or somebody sets the clock back."""
        self.now += seconds

    @rule(attempt=attempts, deed=st.sampled_from(["beat", "publish", *ENDS]))
    def act(self, attempt: Attempt, deed: str | How) -> None:
        """What a worker does, also one that lost its lease without noticing."""
        if deed == "beat":
            self._beat(attempt)
        elif deed == "publish":
            self._publish(attempt)
        else:
            self._end(attempt, How(deed))

    def _beat(self, attempt: Attempt) -> None:
        order = self.leases.beat([Beat(attempt, (1.0, 2.0, "parts"))])[attempt.name]
        if not self._holds(attempt):
            assert order is Order.LOST
            return
        job = self.known[attempt.job]
        job.heartbeat = self.now
        assert order is (Order.STOP if job.stop else Order.GO_ON)

    def _publish(self, attempt: Attempt) -> None:
        """Only the holder publishes; a stop is heard before."""
        reached = False
        try:
            with self.leases.publishing(attempt):
                reached = True
        except SupersededError:
            assert not self._holds(attempt)
        except Cancelled:
            assert self.known[attempt.job].stop
        assert reached == (self._holds(attempt) and not self.known[attempt.job].stop)
        if reached:
            self.known[attempt.job].published += 1
            self._settle(attempt.job, State.DONE)

    def _end(self, attempt: Attempt, how: How) -> None:
        """However an attempt ends, it counts only while it holds the job."""
        held = self._holds(attempt)
        job = self.known.get(attempt.job, _Known())
        already = how is How.DONE and job.state is State.DONE and job.token == attempt.token
        try:
            state = self.leases.end(attempt, Ending(how, "as it happened"))
        except SupersededError:
            assert not held
            assert not already
            return
        assert held or already
        if held:
            self._ended(attempt.job, how)
        assert state is job.state

    @rule(gone=st.sampled_from([(), *[(owner,) for owner in OWNERS]]))
    def recover(self, gone: tuple[str, ...]) -> None:
        """What ran out, or whose owner is gone, and nothing else."""
        expected = [
            number
            for number, job in self.known.items()
            if job.state is State.RUNNING
            and (job.owner in gone or abs(self.now - job.heartbeat) >= PATIENCE.lease)
        ]
        assert sorted(self.leases.recover(lambda name: name in gone)) == expected
        for number in expected:
            self._ended(number, How.LOST)

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def the_ledger_is_as_the_model(self) -> None:
        """Each job, in each respect."""
        found = {job.id: job for job in self.ledger.jobs(limit=1000)}
        assert set(found) == set(self.known), "a job was lost"
        for number, job in self.known.items():
            seen = found[number]
            assert (seen.state, seen.deaths, seen.interruptions, seen.stop) == (
                job.state,
                job.deaths,
                job.interruptions,
                job.stop,
            )
            assert bool(seen.owner) == (job.state is State.RUNNING)

    @invariant()
    def no_owner_has_more_than_there_is(self) -> None:
        """Cores of all jobs that one owner holds."""
        for owner in OWNERS:
            assert self._used(owner) <= CAPACITY.cores

    # -- the model -----------------------------------------------------------------------------

    def _used(self, owner: str) -> int:
        return sum(j.cores for j in self.known.values() if j.state is State.RUNNING and j.owner == owner)

    def _holds(self, attempt: Attempt) -> bool:
        job = self.known.get(attempt.job)
        return job is not None and job.state is State.RUNNING and job.token == attempt.token

    def _next(self, owner: str) -> int | None:
        ready = [
            number
            for number, job in self.known.items()
            if job.state is State.WAITING
            and not self.now < job.not_before <= self.now + PATIENCE.busy
            and (job.needs is None or self.known[job.needs].state is State.DONE)
        ]
        ready.sort(key=lambda number: (-self.known[number].priority, number))
        if not ready or self.known[ready[0]].cores > CAPACITY.cores - self._used(owner):
            return None
        return ready[0]

    def _settle(self, number: int, state: State) -> None:
        job = self.known[number]
        job.state, job.stop, job.owner, job.upstream = state, False, "", False
        if state is State.DONE:
            return
        for follower, other in self.known.items():
            if other.needs == number and other.state is State.WAITING:
                self._settle(follower, State.CANCELLED)
                other.upstream = True

    def _again(self, number: int) -> None:
        job = self.known[number]
        job.state, job.deaths, job.interruptions, job.stop = State.WAITING, 0, 0, False
        job.not_before, job.upstream = 0.0, False
        for follower, other in self.known.items():
            if other.needs == number and other.upstream:
                self._again(follower)

    def _ended(self, number: int, how: How) -> None:
        job = self.known[number]
        if how in (How.DONE, How.FAILED):
            self._settle(number, State.DONE if how is How.DONE else State.FAILED)
        elif job.stop:
            self._settle(number, State.CANCELLED)
        else:
            job.deaths += how is How.DIED
            job.interruptions += how is How.LOST
            job.not_before = self.now + PATIENCE.busy if how is How.BUSY else job.not_before
            if job.deaths >= PATIENCE.deaths or job.interruptions >= PATIENCE.interruptions:
                self._settle(number, State.QUARANTINED)
            else:
                job.state, job.owner = State.WAITING, ""
