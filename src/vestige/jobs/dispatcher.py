"""The dispatcher: takes jobs from the ledger, gives them to an executor, and notes what becomes of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from vestige.errors import SupersededError
from vestige.jobs.executor import Ended, Executor, Told
from vestige.jobs.job import Attempt, Job
from vestige.jobs.leases import Beat, Leases, Order
from vestige.jobs.ledger import Ledger
from vestige.jobs.owner import owner as this_process
from vestige.jobs.resources import Resources
from vestige.jobs.states import Ending, How, State

#: Seconds between looks for jobs that were lost or have come in, and for jobs that are stuck.
_RECOVER, _LOOK, _STUCK = 2.0, 0.5, 30.0


@dataclass
class _Held:
    attempt: Attempt
    progress: tuple[float, float, str] | None = None
    asked: float | None = None
    killed: bool = False


@dataclass
class Summary:
    """How many attempts ended how.

    >>> Summary().ended
    {}
    """

    ended: dict[State, int] = field(default_factory=dict)


class Dispatcher:
    """Works through the queue of a ledger with an executor.

    Several may work on one ledger, on one machine or on many. A dispatcher that is killed loses
    nothing: its workers die with it, and the next one takes its jobs back at once where it can see
    that the process is gone, else when their leases run out.

    Parameters
    ----------
    machine : what all dispatchers of this host together may use; no bound by default.
    hear : called with a job whenever it began, moved on or came to its end (for a web page, say).
    """

    def __init__(
        self,
        ledger: Ledger,
        executor: Executor,
        *,
        machine: Resources | None = None,
        owner: str | None = None,
        hear: Callable[[Job], None] | None = None,
    ) -> None:
        self.ledger, self.leases, self.executor = ledger, Leases(ledger), executor
        self.owner, self.machine, self.hear = owner or this_process(), machine, hear
        self.summary = Summary()
        self._held: dict[str, _Held] = {}
        self._told_stuck: set[str] = set()
        self._times: dict[str, float] = {}

    def run(self, *, until_empty: bool = True, stop: Callable[[], bool] = lambda: False) -> Summary:
        """Work until nothing is left that can be done (or for ever), or until `stop` answers True.

        Work in hand is then asked to stop, keeps its finished parts and goes back to the queue.
        """
        try:
            while not stop():
                self.turn()
                if until_empty and not self._held and not self._claim() and not self._expects():
                    break
        finally:
            self._go_home()
        return self.summary

    def turn(self, timeout: float = 0.25) -> None:
        """One round: give signs of life, take back what was lost, hand out what fits, hear the news."""
        self._beat()
        if self._due("recover", _RECOVER):
            self._beat(now=True)  # after a sleep of the machine its own leases look lost: renew them first
            for identifier in self.leases.recover():
                self._hear(identifier)
        if self._due("claim", _LOOK):
            while self._claim():
                pass
        for news in self.executor.news(timeout):
            held = self._held.get(news.attempt)
            if held is None:
                continue
            if isinstance(news, Told):
                held.progress = (news.done, news.total, news.label)
            elif isinstance(news, Ended):
                self._settle(held, news.ending)
        self._kill_the_deaf()
        if self._held and self._due("stuck", _STUCK):
            self._look_for_stuck()

    def _claim(self) -> bool:
        attempt = self.leases.claim(self.owner, self.executor.capacity(), machine=self.machine)
        if attempt is None:
            return False
        self._held[attempt.name] = _Held(attempt)
        self.executor.start(attempt)
        self._hear(attempt.job)
        return True

    def _expects(self) -> bool:
        return self.leases.expects(self.executor.capacity())

    def _beat(self, *, now: bool = False) -> None:
        """Renew all leases when it is time (or `now`), or tell progress; hear who must stop."""
        patience = self.ledger.patience
        news = any(held.progress for held in self._held.values())
        pause = 0.0 if now else patience.progress if news else 4 * patience.progress
        if not self._held or not self._due("beat", pause):
            return
        beats = [Beat(held.attempt, held.progress) for held in self._held.values()]
        orders = self.leases.beat(beats)
        for beat in beats:
            held = self._held[beat.attempt.name]
            held.progress = None
            if orders[beat.attempt.name] is Order.LOST:
                self.executor.stop(beat.attempt.name, kill=True)
            elif orders[beat.attempt.name] is Order.STOP and held.asked is None:
                held.asked = time.monotonic()
                self.executor.stop(beat.attempt.name)
            if beat.progress is not None:
                self._hear(beat.attempt.job)

    def _settle(self, held: _Held, ending: Ending) -> None:
        del self._held[held.attempt.name]
        self._times.pop("claim", None)  # there is room now: look at once
        with contextlib.suppress(SupersededError):
            state = self.leases.end(held.attempt, ending)
            self.summary.ended[state] = self.summary.ended.get(state, 0) + 1
        self._hear(held.attempt.job)

    def _kill_the_deaf(self) -> None:
        now = time.monotonic()
        for name, held in self._held.items():
            if held.asked is not None and not held.killed and now - held.asked > self.ledger.patience.grace:
                held.killed = True
                self.executor.stop(name, kill=True)

    def _look_for_stuck(self) -> None:
        watched = [held.attempt for name, held in self._held.items() if name not in self._told_stuck]
        for attempt in self.leases.stuck(watched):
            self._told_stuck.add(attempt.name)

    def _go_home(self) -> None:
        """Give all work back: asked politely first, killed after a while; nobody is blamed."""
        for name in self._held:
            self.executor.stop(name)
        end = time.monotonic() + self.ledger.patience.grace
        while self._held and time.monotonic() < end:
            for news in self.executor.news(0.25):
                held = self._held.get(news.attempt)
                if isinstance(news, Ended) and held is not None:
                    how = news.ending.how
                    self._settle(held, news.ending if how is not How.DIED else Ending(How.CANCELLED))
            self._beat()
        for name, held in self._held.items():
            self.executor.stop(name, kill=True)
            with contextlib.suppress(SupersededError):
                self.leases.release(held.attempt)
        self._held.clear()

    def _hear(self, identifier: int) -> None:
        if self.hear is not None:
            self.hear(self.ledger.job(identifier))

    def _due(self, what: str, pause: float) -> bool:
        now = time.monotonic()
        if now - self._times.get(what, -1e9) < pause:
            return False
        self._times[what] = now
        return True
