"""The demonstration: one simulated capture a technique, processed while the page shows how far it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vestige.capture import open_capture
from vestige.capture.durable import write_atomically
from vestige.cli.console import tell
from vestige.contract import Budget, Clock, Technique
from vestige.contract.names import summaries
from vestige.contract.registry import technique as find_technique
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.errors import Cancelled, UsageError, VestigeError

PROGRESS = "progress.json"


class Demonstration:
    """Captures under ``FOLDER/captures``, products under ``FOLDER/products``, progress beside them.

    What is done is not done again; a killed demonstration goes on.

    Parameters
    ----------
    folder : where everything goes.
    only : names of techniques, all by default.
    taken_in : more captures, each as TECHNIQUE=FOLDER.
    """

    def __init__(self, folder: Path, only: Sequence[str] | None, taken_in: Sequence[str]) -> None:
        self.folder = folder
        self.only, self.taken_in = only, list(taken_in)
        self.work: list[tuple[str, Technique, Path, Path]] = []
        for name in dict.fromkeys(only or summaries()):
            self.work.append(
                (name, find_technique(name), folder / "captures" / name, folder / "products" / name)
            )
        for text in taken_in:
            name, separator, path = text.partition("=")
            if not separator:
                raise UsageError(f"'{text}' is not of the form TECHNIQUE=FOLDER")
            source = Path(path)
            label = f"{name}-{source.resolve().name}"
            if any(label == known for known, *_ in self.work):
                raise UsageError(f"two captures are called '{label}': rename the folder of one")
            self.work.append((label, find_technique(name), source, folder / "products" / label))
        self.states: list[dict[str, Any]] = [
            {"name": name, "title": technique.title, "state": "waiting", "done": 0, "total": 1, "label": ""}
            for name, technique, _, _ in self.work
        ]
        self.last = 0.0

    def start(self, *, quiet: bool = False) -> subprocess.Popen[bytes]:
        """Work in a process of its own, so that the page stays quick; `quiet` on standard output."""
        self._tell()
        command = [sys.executable, "-m", "vestige.cli", "demo", str(self.folder), "--no-serve"]
        command += [f"--only={name}" for name in self.only or ()]
        command += [f"--capture={text}" for text in self.taken_in]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL if quiet else None)

    def run(self, *, quiet: bool = False) -> list[dict[str, Any]]:
        """Simulate and process everything; one that fails is named and the rest go on.

        Returns how each ended: ``state`` is ``done``, or ``failed`` with an ``error``.
        """
        for row, (name, technique, capture, products) in zip(self.states, self.work, strict=True):
            try:
                seconds = self._one(row, technique, capture, products)
            except Cancelled:
                raise
            except Exception as error:  # a fault in one technique must not keep the others from the page
                sentence = (
                    str(error) if isinstance(error, VestigeError) else f"{type(error).__name__}: {error}"
                )
                self._tell(row, state="failed", error=sentence)
                tell(f"vestige: {name}: {sentence}")
            else:
                if not quiet:
                    click.echo(f"{name}: {products} ({seconds:.1f} s)")
        return self.states

    def _one(self, row: dict[str, Any], technique: Technique, capture: Path, products: Path) -> float:
        clock = Clock()
        if capture.is_relative_to(self.folder) and not capture.exists():
            self._tell(row, state="simulating")
            simulate(technique, capture)
        self._tell(row, state="running")

        def progress(done: float, total: float, label: str) -> None:
            left = clock.left(done, total)
            if time.monotonic() - self.last > 0.25:
                self._tell(row, done=done, total=total, label=label, seconds_left=left)

        first = technique.operation("run").inputs[0].name
        execute(
            technique,
            "run",
            {first: [open_capture(capture)]},
            None,
            products,
            budget=Budget.parse("2G"),
            progress=progress,
            replace=True,
        )
        self._tell(row, state="done", done=1, total=1, seconds_left=0, seconds=clock.seconds)
        return clock.seconds

    def _tell(self, row: dict[str, Any] | None = None, **values: Any) -> None:
        if row is not None:
            row.update(values)
        self.last = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / PROGRESS, json.dumps(self.states).encode())
