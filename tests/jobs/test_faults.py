"""A disk that fails at any one write while a job runs and publishes: one sentence, a clean state, a retry."""

import errno

import pytest

from vestige.archive import open_database
from vestige.contract.report import load_report
from vestige.errors import OutputError
from vestige.jobs import Dispatcher, How, Leases, Ledger, Resources, State, Submission, prepare
from vestige.jobs.worker import carry_out
from vestige.testing.drill import Drill
from vestige.testing.faults import faults

ROOM = Resources(4, 2**33)
ME = "here+a+b+c/1/1"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_each_write_of_an_attempt_fails_once(tmp_path, number):
    place, at, failed = tmp_path / "db", 0, 0
    ledger = Ledger(open_database(place))
    leases = Leases(ledger)
    while True:
        out = tmp_path / f"out{at}"
        work = prepare("drill", "run", [], out, recipe=Drill(parts=1, number=at))
        (job,) = ledger.submit([Submission(work)])
        attempt = leases.claim(ME, ROOM)
        with faults(tmp_path) as disk:
            disk.fail(at, number)
            ending = carry_out(attempt, str(place), lambda done, total, label: None)
        state = leases.end(attempt, ending)
        if not disk.hit:
            break
        if state is not State.DONE:  # a fault while cleaning up afterwards does no harm
            failed += 1
            assert ending.how is How.FAILED
            assert "Error" not in ending.sentence.split(":")[0], ending.sentence
            ledger.retry(job.id)
            again = leases.claim(ME, ROOM)
            assert leases.end(again, carry_out(again, str(place), lambda *_: None)) is State.DONE
        assert load_report(out).key == job.key
        at += 1
    assert failed >= 8


def test_a_ledger_that_cannot_be_written_stops_the_work_and_loses_nothing(tmp_path, drill, monkeypatch):
    ledger = Ledger(open_database(tmp_path / "db"))
    ledger.submit([drill(1)])
    ended = []

    class Silent:
        def capacity(self):
            return ROOM

        def start(self, attempt):
            monkeypatch.setattr("vestige.jobs.leases.writing", full)

        def news(self, timeout):
            return []

        def stop(self, attempt, *, kill=False):
            ended.append(kill)

        def close(self):
            pass

    def full(_engine):
        raise OutputError("catalogue.sqlite cannot be written (database or disk is full)")

    with pytest.raises(OutputError, match="disk is full"):
        Dispatcher(ledger, Silent()).run()
    assert ended
    monkeypatch.undo()
    assert ledger.job(1).state is State.RUNNING
    assert Leases(ledger).recover(lambda _: True) == [1]
    assert ledger.job(1).state is State.WAITING
