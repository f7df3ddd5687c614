"""The ledger: submitting, order, leases, fencing, quarantine, chains of jobs, last words."""

import threading

import pytest

from vestige.errors import Cancelled, SupersededError, UsageError
from vestige.jobs import Beat, Ending, How, Leases, Order, Resources, State
from vestige.jobs.owner import gone, host, owner

ROOM = Resources(4, 2**33)
ME, YOU = "here+a+b+c/1/1", "there+a+b+c/2/2"


def settled(ledger, how=How.DONE):
    attempt = Leases(ledger).claim(ME, ROOM)
    Leases(ledger).end(attempt, Ending(how, "as it was"))
    return attempt.job


def test_the_same_work_for_the_same_folder_is_one_job(ledger, drill):
    first, second = ledger.submit([drill(1), drill(2)])
    assert ledger.submit([drill(1)])[0] == first
    assert ledger.counts() == {"waiting": 2}
    assert first.key != second.key


def test_what_failed_is_queued_again_by_asking_again_but_not_poison(ledger, drill):
    ledger.submit([drill(1)])
    settled(ledger, How.FAILED)
    assert ledger.submit([drill(1)])[0].state is State.WAITING
    for _ in range(3):
        settled(ledger, How.DIED)
    assert ledger.submit([drill(1)])[0].state is State.QUARANTINED


def test_a_job_whose_result_is_gone_is_done_again(ledger, drill, tmp_path):
    ledger.submit([drill(1)])
    settled(ledger)
    assert ledger.submit([drill(1)])[0].state is State.WAITING
    settled(ledger)
    (tmp_path / "out1").mkdir()
    (tmp_path / "out1" / "report.json").write_text("{}")
    assert ledger.submit([drill(1)])[0].state is State.DONE


def test_all_of_a_submission_or_nothing(ledger, drill):
    with pytest.raises(UsageError, match="no job 99"):
        ledger.submit([drill(1), drill(2, after=[99])])
    assert ledger.counts() == {}


def test_priority_then_order(ledger, drill):
    ledger.submit([drill(1), drill(2, priority=5), drill(3), drill(4, priority=5)])
    ledger.prioritise(3, 9)
    leases = Leases(ledger)
    order = [leases.claim(ME, ROOM).work.recipe["number"] for _ in range(4)]
    assert order == [3, 2, 4, 1]


def test_a_large_job_is_not_starved_by_small_ones(ledger, drill):
    ledger.submit([drill(1, cores=2), drill(2, cores=4, priority=1), drill(3)])
    leases = Leases(ledger)
    big = leases.claim(ME, ROOM)
    assert big.resources.cores == 4
    ledger.submit([drill(4, cores=4, priority=1)])
    leases.end(big, Ending(How.DONE))
    assert leases.claim(ME, ROOM).work.recipe["number"] == 4
    assert leases.claim(ME, ROOM) is None


def test_a_job_that_waits_for_a_device_is_overtaken(ledger, drill):
    ledger.submit([drill(1, cuda=1), drill(2, cuda=1), drill(3)])
    room, leases = Resources(4, 2**33, 1), Leases(ledger)
    assert [leases.claim(ME, room).work.recipe["number"] for _ in range(2)] == [1, 3]
    assert leases.claim(ME, room) is None


def test_a_job_too_large_for_this_machine_keeps_nobody_waiting(ledger, drill):
    ledger.submit([drill(1, cores=64), drill(2, size=2**40), drill(3)])
    assert Leases(ledger).claim(ME, ROOM).work.recipe["number"] == 3
    assert Leases(ledger).claim(ME, ROOM) is None


def test_owners_of_one_machine_share_it(ledger, drill):
    ledger.submit([drill(number, cores=2) for number in range(4)])
    leases, machine, other = Leases(ledger), Resources(4, 2**33), "here+a+b+c/7/7"
    assert leases.claim(ME, machine, machine=machine)
    assert leases.claim(other, machine, machine=machine)
    assert leases.claim(other, machine, machine=machine) is None
    assert leases.claim(YOU, machine, machine=machine)


def test_a_lease_lives_by_its_beats(ledger, drill, clock):
    ledger.submit([drill(1)])
    leases = Leases(ledger)
    attempt = leases.claim(ME, ROOM)
    for _ in range(5):
        clock.now += 20
        assert leases.recover() == []
        assert leases.beat([Beat(attempt)]) == {attempt.name: Order.GO_ON}
    clock.now += 31
    assert leases.recover() == [attempt.job]
    assert leases.beat([Beat(attempt)]) == {attempt.name: Order.LOST}
    job = ledger.job(attempt.job)
    assert (job.state, job.deaths, job.interruptions) == (State.WAITING, 0, 1)


def test_a_clock_set_back_keeps_no_lease_alive(ledger, drill, clock):
    ledger.submit([drill(1)])
    leases = Leases(ledger)
    leases.claim(ME, ROOM)
    clock.now -= 3600
    assert leases.recover() == [1]
    busy = leases.claim(ME, ROOM)
    leases.end(busy, Ending(How.BUSY, "in use"))
    assert leases.claim(ME, ROOM) is None
    clock.now -= 3600
    assert leases.claim(ME, ROOM) is not None


def test_a_stale_worker_changes_nothing(ledger, drill, clock):
    ledger.submit([drill(1)])
    leases = Leases(ledger)
    stale = leases.claim(ME, ROOM)
    clock.now += 60
    leases.recover()
    fresh = leases.claim(YOU, ROOM)
    assert fresh.token > stale.token
    for change in (
        lambda: leases.end(stale, Ending(How.DONE)),
        lambda: leases.release(stale),
        lambda: leases.publishing(stale).__enter__(),
    ):
        with pytest.raises(SupersededError):
            change()
    with leases.publishing(fresh):
        pass
    assert leases.end(fresh, Ending(How.DONE)) is State.DONE


def test_publishing_that_fails_leaves_the_job_running(ledger, drill):
    ledger.submit([drill(1)])
    attempt = Leases(ledger).claim(ME, ROOM)
    with pytest.raises(OSError), Leases(ledger).publishing(attempt):
        raise OSError("no space")
    assert ledger.job(1).state is State.RUNNING


def test_three_deaths_and_it_is_quarantined_with_its_last_words(ledger, drill):
    ledger.submit([drill(1)])
    leases = Leases(ledger)
    for number in range(3):
        attempt = leases.claim(ME, ROOM)
        leases.end(attempt, Ending(How.DIED, "killed", signal=9, stderr=f"attempt {number}"))
    job = ledger.job(1)
    assert (job.state, job.deaths) == (State.QUARANTINED, 3)
    assert [(words.signal, words.stderr) for words in job.words] == [(9, f"attempt {n}") for n in range(3)]
    assert leases.claim(ME, ROOM) is None
    assert ledger.retry(1).deaths == 0
    assert leases.claim(ME, ROOM).token == 4


def test_cancel(ledger, drill):
    ledger.submit([drill(1), drill(2)])
    assert ledger.cancel(2).state is State.CANCELLED
    leases = Leases(ledger)
    attempt = leases.claim(ME, ROOM)
    assert ledger.cancel(1).stop
    assert leases.beat([Beat(attempt)])[attempt.name] is Order.STOP
    with pytest.raises(Cancelled), leases.publishing(attempt):
        pytest.fail("it was asked to stop")
    assert leases.end(attempt, Ending(How.CANCELLED)) is State.CANCELLED
    assert ledger.cancel(1).state is State.CANCELLED


def test_jobs_wait_for_those_before_them_and_fall_with_them(ledger, drill):
    first, *_ = ledger.submit([drill(1)])
    second, *_ = ledger.submit([drill(2, after=[first.id])])
    third, *_ = ledger.submit([drill(3, after=[second.id])])
    leases = Leases(ledger)
    attempt = leases.claim(ME, ROOM)
    assert leases.claim(ME, ROOM) is None
    assert leases.expects(ROOM)
    leases.end(attempt, Ending(How.FAILED, "no"))
    assert ledger.counts() == {"failed": 1, "cancelled": 2}
    assert "job 1, which it needs, is failed" in ledger.job(second.id).words[-1].sentence
    ledger.retry(first.id)
    assert ledger.counts() == {"waiting": 3}
    assert [settled(ledger) for _ in range(3)] == [first.id, second.id, third.id]


def test_retry_is_for_what_came_to_nothing(ledger, drill):
    ledger.submit([drill(1)])
    with pytest.raises(UsageError, match="job 1 is waiting"):
        ledger.retry(1)
    with pytest.raises(UsageError, match="no job 7"):
        ledger.retry(7)


def test_pages_by_key(ledger, drill):
    ledger.submit([drill(number) for number in range(7)], batch="all")
    first = ledger.jobs(limit=3)
    assert [job.id for job in first] == [7, 6, 5]
    assert [job.id for job in ledger.jobs(limit=3, before=5, batch="all", state=State.WAITING)] == [4, 3, 2]


def test_many_owners_at_once_share_out_each_job_once(ledger, drill):
    ledger.submit([drill(number) for number in range(24)])
    taken, lock = [], threading.Lock()

    def work(name):
        while attempt := Leases(ledger).claim(name, Resources(100, 2**40)):
            with lock:
                taken.append(attempt.job)

    threads = [threading.Thread(target=work, args=(f"host{n}+a+b+c/1/1",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 25))


def test_owners_are_told_from_those_that_are_gone():
    assert not gone(owner())
    assert gone(f"{host()}/{2**30}/5")
    name, machine, _, space = host().split("+")
    assert gone(f"{name}+{machine}+before+{space}/1/1"), "the machine was started again since"
    assert not gone(f"another+{machine}+x+{space}/1/1")


def test_an_owner_that_cannot_be_looked_at_is_not_gone(monkeypatch):
    """No more files can be opened, say: that is no reason to take its jobs away."""
    me = owner()

    def full(*_arguments, **_rest):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("pathlib.Path.read_text", full)
    assert not gone(me)


def test_however_many_jobs_wait_for_a_device_others_go_on(ledger, drill):
    ledger.submit([*(drill(number, cuda=1) for number in range(80)), drill(99)])
    room, leases = Resources(4, 2**33, 1), Leases(ledger)
    assert [leases.claim(ME, room).work.recipe["number"] for _ in range(2)] == [0, 99]


def test_work_given_back_that_was_to_stop_is_cancelled(ledger, drill):
    """The runner goes home between the wish to cancel and the next sign of life."""
    ledger.submit([drill(1)])
    attempt = Leases(ledger).claim(ME, ROOM)
    ledger.cancel(1)
    Leases(ledger).release(attempt)
    assert ledger.job(1).state is State.CANCELLED


def test_a_job_behind_one_that_failed_already_does_not_wait_for_ever(ledger, drill):
    ledger.submit([drill(1)])
    settled(ledger, How.FAILED)
    (late,) = ledger.submit([drill(2, after=[1])])
    assert late.state is State.CANCELLED
    assert "job 1, which it needs, is failed" in late.words[-1].sentence
    assert ledger.retry(late.id).state is State.CANCELLED
    ledger.retry(1)
    assert ledger.counts() == {"waiting": 2}


def test_a_job_that_would_wait_for_its_own_follower_is_refused(ledger, drill):
    (first,) = ledger.submit([drill(1)])
    (second,) = ledger.submit([drill(2, after=[first.id])])
    (third,) = ledger.submit([drill(3, after=[second.id])])
    with pytest.raises(UsageError, match=f"job {first.id} cannot wait for job {third.id}, which waits for"):
        ledger.submit([drill(1, after=[third.id])])
    assert ledger.needs(first.id) == []
    assert [job.id for job in ledger.submit([drill(3, after=[first.id])])] == [third.id]
    assert ledger.needs(third.id) == [first.id, second.id]
