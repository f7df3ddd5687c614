"""The dispatcher with an executor that only pretends; orders to a worker as they come in."""

import queue
import threading

from vestige.jobs import Dispatcher, Resources, State
from vestige.jobs.worker import heed


class Pretended:
    """Begins everything and ends nothing."""

    def __init__(self):
        self.started, self.stopped = [], []

    def capacity(self):
        return Resources(4, 2**33)

    def start(self, attempt):
        self.started.append(attempt.name)

    def news(self, timeout):
        return []

    def stop(self, attempt, *, kill=False):
        self.stopped.append(attempt)

    def close(self):
        pass


def test_after_a_sleep_of_the_machine_its_own_jobs_go_on(ledger, drill, clock, monkeypatch):
    """The clock of the wall went on, the one that paces the dispatcher stood still."""
    monkeypatch.setattr("vestige.jobs.dispatcher._RECOVER", 0.0)
    ledger.submit([drill(1)])
    executor = Pretended()
    dispatcher = Dispatcher(ledger, executor)
    for seconds in (0, 1, 3600, -7200, 100):
        clock.now += seconds
        dispatcher.turn(0)
    job = ledger.job(1)
    assert (job.state, job.attempts, job.interruptions, job.words) == (State.RUNNING, 1, 0, ())
    assert (executor.started, executor.stopped) == (["1.1"], [])


def test_a_stop_right_behind_its_attempt_is_heard():
    inbox, stopped = queue.Queue(), threading.Event()
    stopped.set()  # of an attempt before
    for order in (("attempt", (), "", "database"), "stop"):
        heed(order, inbox, stopped)
    assert inbox.get()[0] == "attempt"
    assert stopped.is_set()
    heed(("attempt", (), "", "database"), inbox, stopped)
    assert not stopped.is_set()
