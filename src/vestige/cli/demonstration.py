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
from vestige.contract import Budget, Clock, Technique
from vestige.contract.names import summaries
from vestige.contract.registry import technique as find_technique
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.errors import UsageError, VestigeError

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
        for name in only or summaries():
            self.work.append(
                (name, find_technique(name), folder / "captures" / name, folder / "products" / name)
            )
        for text in taken_in:
            name, separator, path = text.partition("=")
            if not separator:
                raise UsageError(f"'{text}' is not of the form TECHNIQUE=FOLDER")
            source = Path(path)
            label = f"{name}-{source.name}"
            self.work.append((label, find_technique(name), source, folder / "products" / label))
        self.states = [
            {"name": name, "title": technique.title, "state": "waiting", "done": 0, "total": 1, "label": ""}
            for name, technique, _, _ in self.work
        ]
        self.last = 0.0

    def start(self) -> subprocess.Popen[bytes]:
        """Work in a process of its own, so that the page stays quick."""
        self._tell()
        command = [sys.executable, "-m", "vestige.cli", "demo", str(self.folder), "--no-serve"]
        command += [f"--only={name}" for name in self.only or ()]
        command += [f"--capture={text}" for text in self.taken_in]
        return subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"})

    def run(self) -> None:
        """Simulate and process everything; one that fails is named and the rest go on."""
        failed = []
        for row, (name, technique, capture, products) in zip(self.states, self.work, strict=True):
            try:
                seconds = self._one(row, technique, capture, products)
                click.echo(f"{name}: {products} ({seconds:.1f} s)")
            except VestigeError as error:
                failed.append(name)
                self._tell(row, state="failed", error=str(error))
                click.echo(f"vestige: {name}: {error}", err=True)
        if failed:
            raise VestigeError(f"{', '.join(failed)} failed; the others are done")

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
        )
        self._tell(row, state="done", done=1, total=1, seconds_left=0, seconds=clock.seconds)
        return clock.seconds

    def _tell(self, row: dict[str, Any] | None = None, **values: Any) -> None:
        if row is not None:
            row.update(values)
        self.last = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / PROGRESS, json.dumps(self.states).encode())
