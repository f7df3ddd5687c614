"""The demonstration: an archive with one simulated object a technique, made while the workbench shows it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from vestige.archive import Archive, search
from vestige.archive.ingest import add_capture
from vestige.capture import open_capture
from vestige.cli.console import tell
from vestige.contract import Technique
from vestige.contract.names import summaries
from vestige.contract.registry import technique as find_technique
from vestige.contract.simulate import simulate
from vestige.errors import Cancelled, UsageError, VestigeError
from vestige.jobs import Job, State
from vestige.jobs.states import SETTLED
from vestige.web.bench import Bench, is_archive
from vestige.web.running import benchwork

#: What all objects of the demonstration belong to.
PROJECT = {"name": "Demonstration", "title": "One object for each technique, simulated"}
#: Seconds between two looks at the jobs.
_LOOK = 0.3


@dataclass(frozen=True)
class Piece:
    """One object of the demonstration: its identifier, what is made of it, and where its frames lie."""

    name: str
    technique: Technique
    source: Path
    simulated: bool


class Demonstration:
    """Captures under ``FOLDER/captures``, everything else in the archive ``FOLDER/archive``.

    What is done is not done again; a killed demonstration goes on.

    Parameters
    ----------
    folder : where everything goes.
    only : names of techniques, all by default.
    taken_in : more captures, each as TECHNIQUE=FOLDER.
    """

    def __init__(self, folder: Path, only: Sequence[str] | None, taken_in: Sequence[str]) -> None:
        self.folder, self.archive = folder, folder / "archive"
        self.only, self.taken_in = only, list(taken_in)
        self.pieces = [
            Piece(name, find_technique(name), folder / "captures" / name, simulated=True)
            for name in dict.fromkeys(only or summaries())
        ]
        for text in taken_in:
            name, separator, path = text.partition("=")
            if not separator:
                raise UsageError(f"'{text}' is not of the form TECHNIQUE=FOLDER")
            label = f"{name}-{Path(path).resolve().name}"
            if any(label == known.name for known in self.pieces):
                raise UsageError(f"two captures are called '{label}': rename the folder of one")
            self.pieces.append(Piece(label, find_technique(name), Path(path), simulated=False))
        self.rows: dict[str, dict[str, Any]] = {
            piece.name: {"name": piece.name, "title": piece.technique.title, "state": "waiting"}
            for piece in self.pieces
        }

    def prepare(self) -> None:
        """Make the archive, with the objects that frames are about to come of."""
        if not is_archive(self.archive):
            self.folder.mkdir(parents=True, exist_ok=True)
            Archive.make(self.archive).close()
        with Archive(self.archive) as archive:
            if search.project(archive.engine, PROJECT["name"]) is None:
                archive.describe_project(PROJECT)
            # the newest object stands first in the collection, so the first technique comes last
            archive.describe_all(
                [self._said(piece) for piece in reversed(self.pieces) if self._new(archive, piece)]
            )

    def start(self, *, quiet: bool = False) -> subprocess.Popen[bytes]:
        """Work in a process of its own, so that the page stays quick; `quiet` on standard output.

        The page's own process works through the queue.
        """
        command = [sys.executable, "-m", "vestige.cli", "demo", str(self.folder), "--no-serve", "--no-work"]
        command += [f"--only={name}" for name in self.only or ()]
        command += [f"--capture={text}" for text in self.taken_in]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL if quiet else None)

    def run(self, *, quiet: bool = False, work: bool = True) -> list[dict[str, Any]]:
        """Simulate, take in, process and keep everything; what fails is named and the rest go on.

        Without `work` another process works through the queue. Returns how each ended: ``state`` is
        ``done``, or ``failed`` with an ``error``.
        """
        self.prepare()
        bench = Bench(self.archive)
        running: dict[str, int] = {}
        try:
            if work:
                bench.workshop.open()
            for piece in self.pieces:
                try:
                    running |= self._begin(bench, piece, quiet=quiet)
                except Cancelled:
                    raise
                except Exception as error:  # a fault in one technique must not keep the others from the page
                    self._failed(piece.name, error)
                self._look(bench, running, quiet=quiet)
            while running:
                time.sleep(_LOOK)
                self._look(bench, running, quiet=quiet)
        finally:
            bench.close()
        return list(self.rows.values())

    def _begin(self, bench: Bench, piece: Piece, *, quiet: bool) -> dict[str, int]:
        """Take the capture of a piece in and queue its job; nothing where its result is kept already."""
        if piece.simulated and not piece.source.exists():
            self.rows[piece.name]["state"] = "simulating"
            simulate(piece.technique, piece.source)
        key = self._kept(bench.archive, piece.name) or self._take_in(bench.archive, piece)
        given = benchwork.subject(bench.archive, key)
        operation = piece.technique.operation("run")
        wanted = benchwork.work_of(
            bench.archive, bench.desk, given, (piece.technique, operation), operation.recipe()
        )
        if any(item["run"] == wanted.key() for item in given.products):
            self._done(piece.name, 0.0, quiet=quiet)
            return {}
        (job,) = benchwork.submit(bench.ledger, [(given.name, wanted)], bench.workshop.granted())
        if job.state in SETTLED and job.state is not State.DONE:  # it came to nothing the last time
            bench.ledger.retry(job.id)
        self.rows[piece.name]["state"] = "running"
        return {piece.name: job.id}

    def _look(self, bench: Bench, running: dict[str, int], *, quiet: bool) -> None:
        """Keep the results of jobs that are done, and name those that came to nothing."""
        for name, number in list(running.items()):
            job = bench.ledger.job(number)
            if job.state not in SETTLED:
                continue
            del running[name]
            try:
                if job.state is not State.DONE:
                    raise UsageError(job.words[-1].sentence if job.words else f"job {number} is {job.state}")
                benchwork.keep(bench.archive, job)
                self._done(name, _took(job), quiet=quiet)
            except VestigeError as error:
                self._failed(name, error)

    @staticmethod
    def _kept(archive: Archive, name: str) -> str:
        """The key of the capture of a piece that was taken in before; empty where there is none."""
        known = archive.known(name)
        listed = search.captures_of(archive.engine, known["id"]) if known else []
        return str(listed[-1]["key"]) if listed else ""

    @staticmethod
    def _take_in(archive: Archive, piece: Piece) -> str:
        capture = open_capture(piece.source)
        title = capture.thing.title or piece.technique.title
        return add_capture(archive, capture, {"identifier": piece.name, "title": title}).capture

    @staticmethod
    def _new(archive: Archive, piece: Piece) -> bool:
        return archive.known(piece.name) is None

    @staticmethod
    def _said(piece: Piece) -> dict[str, str]:
        told = {"identifier": piece.name, "title": piece.technique.title, "project": PROJECT["name"]}
        made = "Simulated: " if piece.simulated else ""
        return told | {"description": f"{made}{summaries().get(piece.technique.name, piece.technique.title)}"}

    def _done(self, name: str, seconds: float, *, quiet: bool) -> None:
        self.rows[name] |= {"state": "done", "seconds": seconds}
        if not quiet:
            click.echo(f"{name}: {f'done in {seconds:.1f} s' if seconds else 'was done before'}")

    def _failed(self, name: str, error: Exception) -> None:
        sentence = str(error) if isinstance(error, VestigeError) else f"{type(error).__name__}: {error}"
        self.rows[name] |= {"state": "failed", "error": sentence}
        tell(f"vestige: {name}: {sentence}")


def _took(job: Job) -> float:
    return job.finished - job.started if job.finished and job.started else 0.0
