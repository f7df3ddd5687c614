"""The conformance suite of an executor: what passes it can carry out Vestige's jobs.

::

    class TestMine(ExecutorConformance):
        def make_executor(self, database, resources):
            return MyExecutor(database, resources, preload=["vestige.testing.drill:make_known"])
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vestige.archive.database import open_database
from vestige.contract.registry import register, unregister
from vestige.contract.report import load_report
from vestige.jobs import (
    Attempt,
    Dispatcher,
    Ended,
    Executor,
    How,
    Job,
    Leases,
    Ledger,
    Resources,
    State,
    Submission,
    Told,
    prepare,
)
from vestige.testing.drill import Drill, technique

SMALL = Resources(1, 2**30)


class ExecutorConformance:
    """Subclass it and give `make_executor`; its workers must call ``vestige.testing.drill:make_known``.

    `patience` is how many seconds the slowest single step of a test may take.
    """

    patience: float = 60.0

    def make_executor(self, database: Path, resources: Resources) -> Executor:
        """The executor under test."""
        raise NotImplementedError

    # -- what the suite works with -------------------------------------------------------------

    @pytest.fixture(autouse=True)
    def _drill_is_known(self) -> Iterator[None]:
        register(technique)
        yield
        unregister("drill")

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Ledger:
        """A ledger in a database of its own."""
        return Ledger(open_database(tmp_path / "archive"))

    @pytest.fixture
    def executor(self, tmp_path: Path) -> Iterator[Executor]:
        """The executor, with two cores and 4 GiB to give."""
        made = self.make_executor(tmp_path / "archive", Resources(2, 4 * 2**30))
        yield made
        made.close()

    def _submit(self, ledger: Ledger, folder: Path, *drills: dict[str, Any], size: int = 2**30) -> list[Job]:
        diary = str(folder / "diary")
        return ledger.submit(
            [
                Submission(
                    prepare(
                        "drill", "run", [], folder / f"out{number}",
                        recipe=Drill(number=number, diary=diary, **drill),
                    ),
                    resources=Resources(1, size),
                )
                for number, drill in enumerate(drills)
            ]
        )  # fmt: skip

    def _claim(self, ledger: Ledger, executor: Executor) -> Attempt:
        attempt = Leases(ledger).claim("suite+a+b+c/1/1", executor.capacity())
        assert attempt is not None
        return attempt

    def _ending(self, executor: Executor, attempt: Attempt) -> Ended:
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            for news in executor.news(0.5):
                if isinstance(news, Ended) and news.attempt == attempt.name:
                    return news
        raise AssertionError(f"attempt {attempt.name} never ended")

    # -- one attempt ---------------------------------------------------------------------------

    def test_a_result_is_published_and_the_job_is_done(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """Products lie where they should, and the ledger knows."""
        (job,) = self._submit(ledger, tmp_path, {})
        attempt = self._claim(ledger, executor)
        executor.start(attempt)
        assert self._ending(executor, attempt).ending.how is How.DONE
        assert Leases(ledger).end(attempt, self._done()) is State.DONE
        assert load_report(tmp_path / "out0").key == job.key

    @pytest.mark.parametrize(
        ("deed", "how", "words"),
        [
            ("raise", How.FAILED, "ValueError: a mistake in the program"),
            ("refuse", How.FAILED, "a.tif is empty"),
            ("memory", How.FAILED, "grant more"),
            ("kill", How.DIED, "signal 9"),
            ("abort", How.DIED, "signal 6"),
            ("exit", How.DIED, "exit code 3"),
        ],
    )
    def test_each_end_has_its_last_words(
        self, ledger: Ledger, executor: Executor, tmp_path: Path, deed: str, how: How, words: str
    ) -> None:
        """A sentence, the signal, and what was written to stderr; nothing is published."""
        self._submit(ledger, tmp_path, {"deed": deed})
        attempt = self._claim(ledger, executor)
        executor.start(attempt)
        ending = self._ending(executor, attempt).ending
        assert ending.how is how
        assert words in ending.sentence
        assert ending.stderr
        assert not (tmp_path / "out0").exists()

    def test_memory_is_held_to_what_was_granted(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """A job that grows beyond its grant is ended, and says so."""
        self._submit(ledger, tmp_path, {"deed": "grow"}, size=600 * 2**20)
        attempt = self._claim(ledger, executor)
        executor.start(attempt)
        ending = self._ending(executor, attempt).ending
        assert ending.how in (How.DIED, How.FAILED)
        assert "grant more" in ending.sentence

    def test_cores_are_held_to_what_was_granted(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """A job of one core runs on one core."""
        self._submit(ledger, tmp_path, {})
        attempt = self._claim(ledger, executor)
        executor.start(attempt)
        self._ending(executor, attempt)
        report = load_report(tmp_path / "out0")
        assert report.budget["cores"] == 1
        assert report.measurements["cores"] <= 1

    def test_a_stop_is_heard_and_a_kill_needs_no_hearing(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """Asked to stop, an attempt ends between parts; killed, it ends at once."""
        self._submit(ledger, tmp_path, {"parts": 1000, "seconds": 0.05}, {"deed": "deaf"})
        polite, deaf = self._claim(ledger, executor), self._claim(ledger, executor)
        executor.start(polite)
        executor.start(deaf)
        self._until_begun(executor, tmp_path, 2)
        executor.stop(polite.name)
        assert self._ending(executor, polite).ending.how is How.CANCELLED
        executor.stop(deaf.name, kill=True)
        assert self._ending(executor, deaf).ending.how is How.DIED

    def test_stopping_what_is_not_there_does_nothing(self, executor: Executor) -> None:
        """Unknown names are let pass."""
        executor.stop("7.1")
        executor.stop("7.1", kill=True)
        assert executor.news(0.0) == []

    def test_progress_at_most_twice_a_second(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """However often an operation tells it."""
        self._submit(ledger, tmp_path, {"parts": 100, "seconds": 0.02})
        attempt = self._claim(ledger, executor)
        executor.start(attempt)
        told, start = list[Told](), time.monotonic()
        ended = False
        while not ended and time.monotonic() - start < self.patience:
            for news in executor.news(0.5):
                told += [news] if isinstance(news, Told) else []
                ended = ended or isinstance(news, Ended)
        assert 1 <= len(told) <= 2 * (time.monotonic() - start) + 1
        assert all(0 <= news.done <= news.total for news in told)

    def test_much_on_stderr_harms_nothing(self, ledger: Ledger, executor: Executor, tmp_path: Path) -> None:
        """Eight megabytes of it neither block the worker nor stay in memory."""
        self._submit(ledger, tmp_path, {"deed": "chatter"})
        attempt = self._claim(ledger, executor)
        executor.start(attempt)
        assert self._ending(executor, attempt).ending.how is How.DONE

    # -- leases --------------------------------------------------------------------------------

    def test_a_stale_attempt_publishes_nothing(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """Its lease was lost while it worked: another has the job now."""
        self._submit(ledger, tmp_path, {"parts": 10, "seconds": 0.1})
        stale = self._claim(ledger, executor)
        executor.start(stale)
        self._until_begun(executor, tmp_path, 1)
        assert Leases(ledger).recover(lambda _: True) == [stale.job]
        fresh = self._claim(ledger, executor)
        assert fresh.token > stale.token
        assert self._ending(executor, stale).ending.how is How.SUPERSEDED
        assert not (tmp_path / "out0").exists()
        executor.start(fresh)
        assert self._ending(executor, fresh).ending.how is How.DONE
        parts = [line["part"] for line in self._diary(tmp_path) if line["what"] == "end"]
        assert sorted(parts) == list(range(10)), "a finished part was done again"

    # -- with a dispatcher ---------------------------------------------------------------------

    def test_poison_dies_three_times_and_harms_no_other(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """Quarantined with its last words; the jobs beside it are done, each once."""
        drills: list[dict[str, Any]] = [{"deed": "kill"}, *[{"parts": 3, "seconds": 0.05}] * 6]
        self._submit(ledger, tmp_path, *drills)
        Dispatcher(ledger, executor).run()
        poison, *others = reversed(ledger.jobs())
        assert (poison.state, poison.attempts, poison.deaths) == (State.QUARANTINED, 3, 3)
        assert [words.signal for words in poison.words] == [9, 9, 9]
        assert "about to kill" in poison.words[-1].stderr
        assert [(job.state, job.attempts, job.words) for job in others] == [(State.DONE, 1, ())] * 6
        ends = [
            (line["drill"], line["part"])
            for line in self._diary(tmp_path)
            if line["what"] == "end" and line["drill"]
        ]
        assert len(ends) == len(set(ends)) == 18

    def test_no_more_is_granted_than_there_is(
        self, ledger: Ledger, executor: Executor, tmp_path: Path
    ) -> None:
        """Two cores: never three jobs of one core at once."""
        self._submit(ledger, tmp_path, *[{"parts": 1, "seconds": 0.2}] * 5)
        Dispatcher(ledger, executor).run()
        running = most = 0
        for line in sorted(self._diary(tmp_path), key=lambda line: line["at"]):
            running += 1 if line["what"] == "begin" else -1
            most = max(most, running)
        assert 1 <= most <= 2

    def _until_begun(self, executor: Executor, folder: Path, drills: int) -> None:
        end = time.monotonic() + self.patience
        while len({line["drill"] for line in self._diary(folder)}) < drills:
            assert time.monotonic() < end, "nothing began"
            executor.news(0.05)

    @staticmethod
    def _diary(folder: Path) -> list[dict[str, Any]]:
        diary = folder / "diary"
        return [json.loads(line) for line in diary.read_text().splitlines()] if diary.exists() else []

    @staticmethod
    def _done() -> Any:
        from vestige.jobs import Ending

        return Ending(How.DONE)
