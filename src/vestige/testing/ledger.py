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
import threading
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import Connection, Engine, delete, event, func, select

from vestige.archive.database import open_database, reading, writing
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
    Resources,
    State,
    Submission,
)
from vestige.jobs.states import RETRIABLE
from vestige.jobs.tables import jobs, needs, notices
from vestige.jobs.work import Work
from vestige.testing.drill import technique
from vestige.testing.ledger_model import CAPACITY, PATIENCE, Known, LedgerModel

ENDS = (How.DONE, How.FAILED, How.CANCELLED, How.DIED, How.BUSY)
DEEDS = ("beat", "publish", "release", *ENDS)
OWNERS = ("left+a+b+c/1/1", "right+a+b+c/2/2")


def _hasty(connection: Any, _record: Any) -> None:
    """The model asks what is right, not what outlives a power cut: do not wait for the disk."""
    connection.execute("pragma synchronous=off")


class LedgerMachine(RuleBasedStateMachine):
    """Submits, claims, beats, ends, recovers, cancels and retries in any order, beside a model of it all.

    What it holds true: no job is lost; two attempts never hold a job at once; whoever lost the lease
    changes nothing; leases expire, also where the clock is set back; no owner is given more than it
    has; three deaths and the job is quarantined; who asked to hear of it is told once.

    Others act while a verb is under way: between its transactions (`_between`), and in a thread of
    their own while a result takes its place. `vestige.testing.planted` are faults that it finds.
    """

    _engine: ClassVar[Engine]
    _meanwhile: ClassVar[list[Callable[[], None]]] = []

    def __init__(self) -> None:
        super().__init__()
        self.model = LedgerModel()
        self.given: list[Attempt] = []
        self._meanwhile.clear()
        self.added = technique.name not in ADDED
        if self.added:
            register(technique)
        self.engine = self._opened()
        self.ledger = Ledger(self.engine, clock=lambda: self.model.now, patience=PATIENCE)
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
            event.listen(found, "commit", self._between)
        return found

    @classmethod
    def _between(cls, connection: Connection) -> None:
        """Somebody else acts once a verb has looked and before it writes."""
        if cls._meanwhile and not connection.get_execution_options().get("vestige_writing"):
            cls._meanwhile.pop()()

    def teardown(self) -> None:
        """Leave nothing behind."""
        if self.added:
            unregister(technique.name)

    @initialize(priorities=st.lists(st.integers(-1, 1), min_size=2, max_size=4))
    def begin(self, priorities: list[int]) -> None:
        """Start from a few jobs, one that needs the first and one that takes all cores."""
        with writing(self.engine) as connection:
            for table in (notices, needs, jobs):
                connection.execute(delete(table))
        for priority in priorities:
            self._submit(priority, 1, None)
        self._submit(1, 1, min(self.model.known))
        self._submit(0, CAPACITY.cores, None)

    # -- what people do ------------------------------------------------------------------------

    @rule(priority=st.integers(-1, 1), cores=st.integers(1, 2), follow=st.booleans())
    def submit(self, priority: int, cores: int, follow: bool) -> None:
        """A new job, sometimes one that needs the newest before it, whatever became of that."""
        self._submit(priority, cores, max(self.model.known) if follow and self.model.known else None)

    @precondition(lambda self: self.model.are(*RETRIABLE))
    @rule(data=st.data())
    def submit_too_late(self, data: st.DataObject) -> None:
        """A new job that needs one that has come to nothing."""
        self._submit(0, 1, data.draw(st.sampled_from(self.model.are(*RETRIABLE))))

    def _submit(self, priority: int, cores: int, before: int | None) -> None:
        work = Work(technique="drill", operation="run", out=f"out{len(self.model.known)}")
        submission = Submission(
            work,
            resources=Resources(cores, 2**20),
            priority=priority,
            after=() if before is None else (before,),
            tell=("mailto:lab@example.org",),
        )
        (job,) = self.ledger.submit([submission])
        assert job.id not in self.model.known
        self.model.known[job.id] = Known(priority=priority, cores=cores, needs=before)
        if self.model.fell(job.id):
            return
        assert self.ledger.submit([submission])[0].id == job.id, "the same work is one job"

    @rule(data=st.data(), running=st.booleans())
    def cancel(self, data: st.DataObject, running: bool) -> None:
        """Any job at any time, often one that runs."""
        open_ones = self.model.are(State.RUNNING) if running else []
        self._cancel(data.draw(st.sampled_from(open_ones or sorted(self.model.known))))

    @rule(data=st.data(), settled=st.booleans())
    def retry(self, data: st.DataObject, settled: bool) -> None:
        """Any job at any time, often one that came to nothing."""
        fallen = self.model.are(*RETRIABLE) if settled else []
        self._retry(data.draw(st.sampled_from(fallen or sorted(self.model.known))))

    def _cancel(self, number: int) -> None:
        job = self.model.known[number]
        self.ledger.cancel(number)
        if job.state is State.WAITING:
            self.model.settle(number, State.CANCELLED)
        elif job.state is State.RUNNING:
            job.stop = True

    def _retry(self, number: int) -> None:
        """Only what came to nothing goes back to the queue, and what followed it."""
        if self.model.known[number].state not in RETRIABLE:
            try:
                self.ledger.retry(number)
            except UsageError:
                return
            raise AssertionError(f"a job that is {self.model.known[number].state} was retried")
        self.ledger.retry(number)
        self.model.again(number)

    # -- what owners do ------------------------------------------------------------------------

    @rule(owner=st.sampled_from(OWNERS), race=st.booleans())
    def claim(self, owner: str, race: bool) -> None:
        """The job that is next, and only if it fits; sometimes another owner takes it first."""
        other = OWNERS[1 - OWNERS.index(owner)]
        if race:
            self._meanwhile.append(lambda: self._claimed(other, self.leases.claim(other, CAPACITY)))
        attempt = self.leases.claim(owner, CAPACITY)
        self._meanwhile.clear()
        self._claimed(owner, attempt)

    @rule(owner=st.sampled_from(OWNERS), how=st.sampled_from([How.DIED, How.LOST, How.BUSY]))
    def fail_again_and_again(self, owner: str, how: How) -> None:
        """Whatever is next ends badly, three times: mostly one job."""
        for _ in range(PATIENCE.deaths):
            attempt = self.leases.claim(owner, CAPACITY)
            self._claimed(owner, attempt)
            if attempt is not None:
                self._end(attempt, how)

    def _claimed(self, owner: str, attempt: Attempt | None) -> None:
        assert (attempt.job if attempt else None) == self.model.next(owner), "the wrong job was given out"
        if attempt is None:
            return
        self.given.append(attempt)
        job = self.model.known[attempt.job]
        assert attempt.token > max(job.tokens, default=0), "the token did not grow"
        job.tokens.add(attempt.token)
        job.attempts += 1
        assert attempt.number == job.attempts, "an attempt was not counted"
        job.state, job.token, job.owner, job.heartbeat = State.RUNNING, attempt.token, owner, self.model.now

    @rule(seconds=st.sampled_from([0.5, 4.0, 12.0, 29.0, 31.0, 500.0, -20.0, -3600.0]))
    def advance(self, seconds: float) -> None:
        """Time goes on, or somebody sets the clock back."""
        self.model.now += seconds

    @precondition(lambda self: self.given)
    @rule(data=st.data(), held=st.booleans(), deed=st.sampled_from(DEEDS))
    def act(self, data: st.DataObject, held: bool, deed: str | How) -> None:
        """What a worker does, also one that lost its lease without noticing."""
        self._act(self._attempt(data, held=held), deed)

    @precondition(lambda self: self.model.are(State.RUNNING))
    @rule(data=st.data(), deed=st.sampled_from(["beat", "publish", "release"]), stop=st.booleans())
    def act_in_time(self, data: st.DataObject, deed: str, stop: bool) -> None:
        """What a worker does while it holds its job, sometimes right after it was asked to stop."""
        attempt = self._attempt(data, held=True)
        if stop:
            self._cancel(attempt.job)
        self._act(attempt, deed)

    @precondition(lambda self: self.model.are(State.RUNNING))
    @rule(data=st.data(), deed=st.sampled_from(DEEDS), owner=st.sampled_from(OWNERS))
    def act_too_late(self, data: st.DataObject, deed: str | How, owner: str) -> None:
        """What a worker does that slept through its lease: mostly another has the job by then."""
        attempt = self._attempt(data, held=True)
        self.recover((), PATIENCE.lease)
        self._claimed(owner, self.leases.claim(owner, CAPACITY))
        self._act(attempt, deed)

    def _attempt(self, data: st.DataObject, *, held: bool) -> Attempt:
        holders = [attempt for attempt in self.given if self.model.holds(attempt)] if held else []
        return data.draw(st.sampled_from(holders or self.given))

    def _act(self, attempt: Attempt, deed: str | How) -> None:
        if deed == "beat":
            self._beat(attempt)
        elif deed == "publish":
            self._publish(attempt)
        elif deed == "release":
            self._release(attempt)
        else:
            self._end(attempt, How(deed))

    def _beat(self, attempt: Attempt) -> None:
        order = self.leases.beat([Beat(attempt, (1.0, 2.0, "parts"))])[attempt.name]
        if not self.model.holds(attempt):
            assert order is Order.LOST
            return
        job = self.model.known[attempt.job]
        job.heartbeat = self.model.now
        assert order is (Order.STOP if job.stop else Order.GO_ON)

    def _publish(self, attempt: Attempt) -> None:
        """Only the holder publishes; a stop is heard before; nobody takes the job over meanwhile."""
        job, held = self.model.known.get(attempt.job, Known()), self.model.holds(attempt)
        owner, stop, taken, reached = job.owner if held else "", job.stop, list[int](), False
        other = threading.Thread(target=lambda: taken.extend(self.leases.recover(lambda name: name == owner)))
        try:
            with self.leases.publishing(attempt):
                reached = True
                other.start()
                other.join(0.02)
        except SupersededError:
            assert not held, "the holder was refused"
        except Cancelled:
            assert stop, "it was not asked to stop"
        assert reached == (held and not stop), "who may not publish did"
        if not reached:
            return
        other.join()
        assert attempt.job not in taken, "the job was taken over while its result took its place"
        self.model.settle(attempt.job, State.DONE)
        for number in taken:
            self.model.ended(number, How.LOST)

    def _release(self, attempt: Attempt) -> None:
        """Work is given back only by who holds it; nobody is blamed."""
        held = self.model.holds(attempt)
        try:
            self.leases.release(attempt)
        except SupersededError:
            assert not held, "the holder was refused"
            return
        assert held, "who lost the lease gave the job back"
        self.model.ended(attempt.job, How.CANCELLED)

    def _end(self, attempt: Attempt, how: How) -> None:
        """However an attempt ends, it counts only while it holds the job."""
        held = self.model.holds(attempt)
        job = self.model.known.get(attempt.job, Known())
        already = how is How.DONE and job.state is State.DONE and job.token == attempt.token
        try:
            state = self.leases.end(attempt, Ending(how, "as it happened"))
        except SupersededError:
            assert not held, "the holder was refused"
            assert not already
            return
        assert held or already, "an attempt that lost its lease counted"
        if held:
            self.model.ended(attempt.job, how)
        assert state is job.state

    @rule(
        gone=st.sampled_from([(), *[(owner,) for owner in OWNERS]]),
        seconds=st.sampled_from([0.0, 0.0, PATIENCE.lease, -3600.0]),
    )
    def recover(self, gone: tuple[str, ...], seconds: float) -> None:
        """What ran out, or whose owner is gone, and nothing else."""
        self.model.now += seconds
        expected = self.model.lost(gone)
        assert sorted(self.leases.recover(lambda name: name in gone)) == expected
        for number in expected:
            self.model.ended(number, How.LOST)

    @precondition(lambda self: self.model.are(State.RUNNING))
    @rule(data=st.data(), deed=st.sampled_from(["beat", How.DONE]))
    def recover_too_late(self, data: st.DataObject, deed: str | How) -> None:
        """A worker thought lost beats, or ends, right before its job would be taken back."""
        self.model.now += PATIENCE.lease
        suspects, attempt = self.model.lost(()), self._attempt(data, held=True)
        self._meanwhile.append(lambda: self._act(attempt, deed))
        found = self.leases.recover(lambda name: False)
        self._meanwhile.clear()
        expected = [number for number in self.model.lost(()) if number in suspects]
        assert sorted(found) == expected, "a job was taken back from who holds it"
        for number in expected:
            self.model.ended(number, How.LOST)

    # -- what always holds ---------------------------------------------------------------------

    @invariant()
    def the_ledger_is_as_the_model(self) -> None:
        """Each job, in each respect."""
        found = {job.id: job for job in self.ledger.jobs(limit=1000)}
        assert set(found) == set(self.model.known), "a job was lost"
        for number, job in self.model.known.items():
            seen = found[number]
            assert (seen.state, seen.deaths, seen.interruptions, seen.attempts, seen.stop) == (
                job.state,
                job.deaths,
                job.interruptions,
                job.attempts,
                job.stop,
            )
            assert seen.owner == (job.owner if job.state is State.RUNNING else "")

    @invariant()
    def each_is_told_once(self) -> None:
        """A notice for each job that came to an end of its own."""
        with reading(self.engine) as connection:
            assert connection.scalar(select(func.count()).select_from(notices)) == self.model.told

    @invariant()
    def no_owner_has_more_than_there_is(self) -> None:
        """Cores of all jobs that one owner holds."""
        for owner in OWNERS:
            assert self.model.used(owner) <= CAPACITY.cores
