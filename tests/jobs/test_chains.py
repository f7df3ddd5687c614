"""Chains as jobs give what a chain run gives; batches and inputs that change."""

import pytest

from vestige.archive import open_database
from vestige.capture import coordinates, open_capture, save
from vestige.capture.manifest import Capture, Frame
from vestige.contract.chain import Chain, Step, run_chain
from vestige.contract.report import load_report
from vestige.jobs import Attempt, How, Leases, Ledger, Resources, State, Submission, plan, prepare
from vestige.jobs.worker import carry_out
from vestige.testing.drill import Drill

ROOM = Resources(4, 2**33)
ME = "here+a+b+c/1/1"

CHAIN = Chain(
    name="Twice",
    step=[
        Step(name="one", operation="drill.run", each="page", recipe={"parts": 1}),
        Step(name="two", operation="drill.run", input="one.table", each="page", recipe={"parts": 2}),
        Step(name="all", operation="drill.run", input="two.table", recipe={"parts": 3}),
    ],
)


@pytest.fixture
def book(tmp_path):
    folder = tmp_path / "book"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.txt").write_text(str(number))
    frames = [Frame(file=f"{number}.txt", coordinates=coordinates(page=number)) for number in (1, 2)]
    save(Capture(frames=frames).at(folder), folder)
    return open_capture(folder)


def work_through(ledger, place):
    """Here and now, in this process."""
    ends = []
    while attempt := Leases(ledger).claim(ME, ROOM):
        ending = carry_out(attempt, str(place), lambda done, total, label: None)
        ends.append(Leases(ledger).end(attempt, ending))
    return ends


def submit(ledger, planned):
    return ledger.submit([Submission(job.work, needs=job.needs) for job in planned], batch="chain")


def test_a_chain_of_jobs_gives_what_the_chain_gives(book, tmp_path):
    ledger = Ledger(open_database(tmp_path / "db"))
    planned = plan(CHAIN, book, book.root, tmp_path / "out")
    assert [job.needs for job in planned] == [(), (), (0, 1), (0, 1), (2, 3)]
    made = submit(ledger, planned)
    assert work_through(ledger, tmp_path / "db") == [State.DONE] * 5
    reports = run_chain(CHAIN, book, tmp_path / "direct")
    for name in ("one/000", "one/001", "two/000", "two/001", "all"):
        found = load_report(tmp_path / "out" / name)
        step, _, number = name.partition("/")
        expected = reports[step][int(number or 0)]
        assert [p.blake3 for p in found.products] == [p.blake3 for p in expected.products]
        assert found.key == expected.key, name
    assert [job.id for job in submit(ledger, plan(CHAIN, book, book.root, tmp_path / "out"))] == [
        job.id for job in made
    ]
    assert work_through(ledger, tmp_path / "db") == []


def test_the_key_of_a_job_is_the_key_of_its_run(book, tmp_path):
    ledger = Ledger(open_database(tmp_path / "db"))
    work = prepare("drill", "run", [book.root], tmp_path / "out", recipe=Drill(parts=1), seed=4)
    (job,) = ledger.submit([Submission(work)])
    assert work_through(ledger, tmp_path / "db") == [State.DONE]
    assert load_report(tmp_path / "out").key == job.key


def test_a_product_of_a_job_before(book, tmp_path):
    run = prepare("drill", "run", [book.root], tmp_path / "one", recipe=Drill(parts=1))
    ledger = Ledger(open_database(tmp_path / "db"))
    ledger.submit([Submission(run)])
    work_through(ledger, tmp_path / "db")
    again = prepare("drill", "again", [tmp_path / "one"], tmp_path / "two", recipe=Drill(parts=1))
    ledger.submit([Submission(again)])
    assert work_through(ledger, tmp_path / "db") == [State.DONE]
    assert load_report(tmp_path / "two").measurements["taken"] == 1


def test_an_input_that_changed_since_is_not_passed_off_as_the_one_meant(book, tmp_path):
    ledger = Ledger(open_database(tmp_path / "db"))
    ledger.submit([Submission(prepare("drill", "run", [book.root], tmp_path / "out"))])
    (book.root / "1.txt").write_text("another")
    assert work_through(ledger, tmp_path / "db") == [State.FAILED]
    assert "has changed since" in ledger.job(1).words[-1].sentence
    assert not (tmp_path / "out").exists()


def test_a_folder_in_use_is_waited_for(book, tmp_path):
    now = [1e9]
    ledger = Ledger(open_database(tmp_path / "db"), clock=lambda: now[0])
    ledger.submit([Submission(prepare("drill", "run", [book.root], tmp_path / "out"))])
    attempt = Leases(ledger).claim(ME, ROOM)
    inner = []

    def meanwhile(done, total, label):
        other = Attempt(attempt.job, attempt.token, attempt.work, attempt.resources, 1, attempt.key)
        inner.append(carry_out(other, str(tmp_path / "db"), lambda *_: None))

    assert carry_out(attempt, str(tmp_path / "db"), meanwhile).how is How.DONE
    assert inner[0].how is How.BUSY
