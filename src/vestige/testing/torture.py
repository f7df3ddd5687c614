"""Killing what works through a queue, again and again, and counting the damage."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import psutil

from vestige.archive.database import open_database
from vestige.contract.parts import PartStore
from vestige.contract.provenance import path_digest
from vestige.contract.report import load_report
from vestige.errors import InputError
from vestige.jobs import Ledger, Resources, State, Submission, prepare
from vestige.testing.drill import Drill

PARTS = 5


@dataclass
class Damage:
    """What came of it: all but `kills`, `done` and `resumed` should be empty."""

    kills: int = 0
    runner_kills: int = 0
    done: int = 0
    lost: list[str] = field(default_factory=list)
    redone: list[str] = field(default_factory=list)
    twice_at_once: list[str] = field(default_factory=list)
    orphans: list[int] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)


class Torture:
    """Drills in a queue under `folder`, and somebody who kills what works on them.

    The ledger lies in a database under `folder`, or in the one that `database` names.
    """

    def __init__(self, folder: Path, *, seed: int = 0, cores: int = 2, database: str = "") -> None:
        self.folder, self.cores, self.chance = folder, cores, random.Random(seed)
        self.database = database or str(folder / "archive")
        self.ledger = Ledger(open_database(self.database))
        self.damage, self.submitted = Damage(), set[int]()
        self.stored: dict[tuple[int, int], float] = {}
        self._runner: subprocess.Popen[str] | None = None

    def run(self, kills: int, *, workers_each: int = 2) -> Damage:
        """Kill so often; then let the rest be done in peace and look at what there is."""
        while self.damage.kills < kills:
            self._refill()
            self._start()
            for _ in range(self.chance.randint(0, workers_each)):
                if self.damage.kills < kills:
                    self._kill_a_worker()
            if self.damage.kills < kills:
                self._kill_the_runner()
            else:
                self._let_it_work()
        self._finish()
        self._inspect()
        return self.damage

    def _refill(self) -> None:
        """Keep the queue filled."""
        self._forgive()
        while self.ledger.counts().get("waiting", 0) < 2 * self.cores:
            number = len(self.submitted)
            recipe = Drill(number=number, parts=PARTS, seconds=0.05, diary=str(self.folder / "diary"))
            work = prepare("drill", "run", [], self._out(number), recipe=recipe)
            (job,) = self.ledger.submit([Submission(work, resources=Resources(1, 2**30))])
            self.submitted.add(job.id)

    def _start(self) -> None:
        """Start the runner and wait until it has taken up work again."""
        begin = time.monotonic()
        command = [sys.executable, "-m", "vestige.testing.drill_runner"]
        command += [self.database, str(self.cores)]
        self._runner = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._runner.stdout is not None
        if self._runner.stdout.readline():
            self.damage.resumed.append(time.monotonic() - begin)

    def _kill_a_worker(self) -> None:
        time.sleep(self.chance.uniform(0.0, 0.4))
        workers = self._workers()
        if workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                self.chance.choice(workers).kill()
                self.damage.kills += 1

    def _kill_the_runner(self) -> None:
        assert self._runner is not None
        time.sleep(self.chance.uniform(0.0, 0.5))
        workers = self._workers()
        self._runner.kill()
        self._runner.wait()
        _close(self._runner.stdout)
        self.damage.kills += 1
        self.damage.runner_kills += 1
        _, alive = psutil.wait_procs(workers, timeout=10)
        self.damage.orphans += [process.pid for process in alive]
        self._note_stored()

    def _let_it_work(self) -> None:
        assert self._runner is not None
        self._runner.communicate()

    def _workers(self) -> list[psutil.Process]:
        """The forked workers: children of the fork server, which is a child of the runner."""
        assert self._runner is not None
        try:
            children = psutil.Process(self._runner.pid).children(recursive=True)
            return [child for child in children if child.ppid() != self._runner.pid]
        except psutil.NoSuchProcess:
            return []

    def _note_stored(self) -> None:
        """The parts that are finished now: none of them may ever begin again."""
        for number in range(len(self.submitted)):
            out = self._out(number)
            store = PartStore(out.parent / f".{out.name}.vestige" / "parts" / "parts")
            for part in range(PARTS):
                if (out / "report.json").exists() or store.holds(f"part/{part}"):
                    self.stored.setdefault((number, part), time.time())

    def _finish(self) -> None:
        self._forgive()
        while (counts := self.ledger.counts()).get("waiting", 0) + counts.get("running", 0):
            self._start()
            self._let_it_work()
            self._forgive()

    def _forgive(self) -> None:
        """Give back what was quarantined for the deaths it was made to die."""
        for job in self.ledger.jobs(state=State.QUARANTINED):
            self.ledger.retry(job.id)

    def _inspect(self) -> None:
        jobs, before = dict[int, State](), None
        while page := self.ledger.jobs(limit=500, before=before):
            jobs.update({job.id: job.state for job in page})
            before = page[-1].id
        self.damage.lost += [f"job {number}" for number in self.submitted - set(jobs)]
        self.damage.lost += [
            f"job {number} is {state}" for number, state in jobs.items() if state is not State.DONE
        ]
        self.damage.done = sum(state is State.DONE for state in jobs.values())
        for number in range(len(self.submitted)):
            self._inspect_result(self._out(number))
        self._inspect_diary()

    def _inspect_result(self, out: Path) -> None:
        try:
            report = load_report(out)
        except InputError as error:
            self.damage.lost.append(str(error))
            return
        for record in report.products:
            if path_digest(out / record.path)[0] != record.blake3:
                self.damage.lost.append(f"{out.name}/{record.path} is not what was published")

    def _inspect_diary(self) -> None:
        """Nothing that was finished began again, and no two processes were at one part at once."""
        busy: dict[tuple[int, int], tuple[int, float]] = {}
        for line in (self.folder / "diary").read_text(encoding="utf-8").splitlines():
            try:
                told = json.loads(line)
            except ValueError:  # cut off by a kill
                continue
            part = (told["drill"], told["part"])
            if told["what"] == "begin":
                if told["at"] > self.stored.get(part, float("inf")):
                    self.damage.redone.append(f"part {part}")
                busy[part] = (told["pid"], told["at"])
            elif part in busy and busy[part][0] != told["pid"]:
                self.damage.twice_at_once.append(f"part {part}")

    def _out(self, number: int) -> Path:
        return self.folder / f"out{number}"


def _close(stream: IO[str] | None) -> None:
    if stream is not None:
        stream.close()
