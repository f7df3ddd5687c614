"""What a ledger should be, in plain Python: `vestige.testing.ledger` holds a real one to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vestige.jobs import Attempt, How, Patience, Resources, State
from vestige.jobs.states import RETRIABLE

PATIENCE = Patience(lease=30.0, deaths=3, interruptions=4, busy=5.0)
CAPACITY = Resources(2, 2**30)


@dataclass
class Known:
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
    attempts: int = 0
    tokens: set[int] = field(default_factory=set)


class LedgerModel:
    """The jobs of a ledger as they should stand, the time, and how many notices there should be."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.known: dict[int, Known] = {}
        self.told = 0

    def used(self, owner: str) -> int:
        """Cores that an owner holds."""
        return sum(j.cores for j in self.known.values() if j.state is State.RUNNING and j.owner == owner)

    def are(self, *states: State) -> list[int]:
        """The jobs in one of these states."""
        return sorted(number for number, job in self.known.items() if job.state in states)

    def lost(self, gone: tuple[str, ...]) -> list[int]:
        """The running jobs whose lease ran out, or whose owner is gone."""
        return [
            number
            for number, job in self.known.items()
            if job.state is State.RUNNING
            and (job.owner in gone or abs(self.now - job.heartbeat) >= PATIENCE.lease)
        ]

    def fell(self, number: int) -> bool:
        """What needs a job that came to nothing comes to nothing."""
        job = self.known[number]
        if job.needs is None or self.known[job.needs].state not in RETRIABLE:
            return False
        self.settle(number, State.CANCELLED)
        job.upstream = True
        return True

    def holds(self, attempt: Attempt) -> bool:
        """Whether an attempt has its job still."""
        job = self.known.get(attempt.job)
        return job is not None and job.state is State.RUNNING and job.token == attempt.token

    def next(self, owner: str) -> int | None:
        """The job that an owner is given next, if any."""
        ready = [
            number
            for number, job in self.known.items()
            if job.state is State.WAITING
            and not self.now < job.not_before <= self.now + PATIENCE.busy
            and (job.needs is None or self.known[job.needs].state is State.DONE)
        ]
        ready.sort(key=lambda number: (-self.known[number].priority, number))
        if not ready or self.known[ready[0]].cores > CAPACITY.cores - self.used(owner):
            return None
        return ready[0]

    def settle(self, number: int, state: State) -> None:
        """A job comes to its end, and what waits for it falls with it where there is no result."""
        job = self.known[number]
        job.state, job.stop, job.owner, job.upstream = state, False, "", False
        self.told += state in (State.DONE, State.FAILED, State.QUARANTINED)
        if state is State.DONE:
            return
        for follower, other in self.known.items():
            if other.needs == number and other.state is State.WAITING:
                self.settle(follower, State.CANCELLED)
                other.upstream = True

    def again(self, number: int) -> None:
        """A job goes back to the queue, and what fell with it."""
        job = self.known[number]
        job.state, job.deaths, job.interruptions, job.stop = State.WAITING, 0, 0, False
        job.not_before, job.upstream = 0.0, False
        self.fell(number)
        for follower, other in self.known.items():
            if other.needs == number and other.upstream:
                self.again(follower)

    def ended(self, number: int, how: How) -> None:
        """An attempt ends."""
        job = self.known[number]
        if how in (How.DONE, How.FAILED):
            self.settle(number, State.DONE if how is How.DONE else State.FAILED)
        elif job.stop:
            self.settle(number, State.CANCELLED)
        else:
            job.deaths += how is How.DIED
            job.interruptions += how is How.LOST
            job.not_before = self.now + PATIENCE.busy if how is How.BUSY else job.not_before
            if job.deaths >= PATIENCE.deaths or job.interruptions >= PATIENCE.interruptions:
                self.settle(number, State.QUARANTINED)
            else:
                job.state, job.owner = State.WAITING, ""
