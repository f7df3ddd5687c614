"""Killing a process that adds, runs and publishes, again and again, and looking at what it left.

A child takes in captures, runs a small operation on each and publishes the result, and notes each
step once it was acknowledged. It is killed at a random moment; the archive is opened again and
checked; the next child goes on.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestige.archive import Archive, add, publish, rows, verify
from vestige.archive.kept import ocfl_identifier
from vestige.archive.verification import verify_object
from vestige.capture import Capture, Frame, Thing, coordinates, open_capture, save
from vestige.contract import (
    Context,
    ForwardModel,
    Inputs,
    Kind,
    Operation,
    Outcome,
    Output,
    Recipe,
    Technique,
)
from vestige.contract.operation import Input
from vestige.contract.parts import PartStore
from vestige.contract.product import Product
from vestige.contract.runner import execute

PARTS = 4


@dataclass
class Killed:
    """What many kills came to."""

    kills: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    redone: list[str] = field(default_factory=list)
    slowest_resume: float = 0.0
    steps: dict[str, int] = field(default_factory=dict)


def kill_again_and_again(
    folder: Path,
    kills: int,
    *,
    seed: int = 0,
    life: float = 0.12,
    frame_bytes: int = 20_000,
    catalogue: str = "",
) -> Killed:
    """Kill children at random moments and check the archive after each; `folder` must be empty.

    The catalogue is SQLite, or the database that `catalogue` names.

    `life` is how long a child lives on average, in seconds. Each object that a killed child may have
    touched is checked by `verify_object` and by ocfl-py; at the end every byte is verified and the
    catalogue is compared with one made from the archive alone.
    """
    import cv2  # noqa: F401 - loaded once here, not in each child
    import numba  # noqa: F401

    from vestige.archive import rebuild

    chance = random.Random(seed)
    Archive.make(folder / "archive", catalogue=catalogue).close()
    found = Killed()
    checked = 0
    for _ in range(kills):
        _live_and_die(folder, chance.expovariate(1 / life), frame_bytes)
        found.kills += 1
        start = time.monotonic()
        with Archive(folder / "archive") as archive:
            found.slowest_resume = max(found.slowest_resume, time.monotonic() - start)
            notes = _notes(folder)
            for note in notes[checked:]:
                _check(archive, folder, note, found)
            found.invalid += _invalid(archive, notes[max(0, checked - 1) :], folder)
            checked = len(notes)
    found.acknowledged = checked
    for note in _notes(folder):
        found.steps[note[0]] = found.steps.get(note[0], 0) + 1
    parts = [line for line in _lines(folder / "parts.log") if line]
    found.redone = sorted({part for part in parts if parts.count(part) > 1})
    with Archive(folder / "archive") as archive:
        found.invalid += verify(archive, again=True).problems
        kept = rows(archive.engine)
    rebuild(folder / "archive")
    with Archive(folder / "archive") as archive:
        if rows(archive.engine) != kept:
            found.lost.append("the catalogue made again differs")
    return found


def _live_and_die(folder: Path, seconds: float, frame_bytes: int) -> None:
    child = os.fork()
    if not child:
        try:
            _live(folder, frame_bytes)
        finally:
            os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _live(folder: Path, frame_bytes: int) -> None:
    """Add, run, publish, note; then the next; until killed."""
    done = {(step, number) for step, number, *_ in _notes(folder)}
    number = max((int(number) for step, number in done if step == "published"), default=-1) + 1
    _tell_of_parts(folder)
    with Archive(folder / "archive", who="drill") as archive:
        while True:
            source, out = folder / f"capture {number}", folder / f"result {number}"
            _capture(source, number, frame_bytes)
            _note(folder, "added", number, add(archive, source).capture)
            report = execute(drill, "run", {"capture": [open_capture(source)]}, None, out, seed=number)
            _note(folder, "ran", number, report.key)
            _note(folder, "published", number, str(publish(archive, out).version))
            shutil.rmtree(source)
            shutil.rmtree(out)
            number += 1


def _capture(folder: Path, number: int, size: int) -> None:
    if (folder / "capture.json").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    chance = random.Random(number)
    names = [f"{frame}.tif" for frame in range(2)]
    for name in names:
        (folder / name).write_bytes(chance.randbytes(size))
    made = [Frame(file=name, coordinates=coordinates(focus=float(i))) for i, name in enumerate(names)]
    save(Capture(thing=Thing(identifier=f"drill {number}"), frames=made).at(folder), folder)


def _tell_of_parts(folder: Path) -> None:
    """Note each part once it is kept."""
    keep = PartStore.write

    def telling(store: PartStore, key: str, value: Any, roots: Any) -> None:
        keep(store, key, value, roots)
        _append(folder / "parts.log", f"{value['number']} {key}\n")

    PartStore.write = telling  # type: ignore[assignment]


def _run(inputs: Inputs, _recipe: Recipe, context: Context) -> Outcome:
    capture = inputs.capture()
    name = capture.thing.identifier

    def part(index: int) -> dict[str, Any]:
        time.sleep(0.005)
        return {"number": name, "index": index}

    done = context.map("part", part, range(PARTS))
    with open(context.output / "table.csv", "w", newline="") as stream:
        csv.writer(stream).writerows([["name", "index"], *([one["number"], one["index"]] for one in done)])
    return Outcome([Product("table", Kind.TABLE, Path("table.csv"))], {"parts": len(done)})


#: An operation of four short parts.
drill = Technique(
    "drill",
    "Drill",
    "Four short parts",
    ForwardModel(Recipe, lambda recipe, folder, seed: Capture()),
    (
        Operation(
            "run", "Four short parts", Recipe, (Input(),), (Output("table", Kind.TABLE, "table.csv"),), _run
        ),
    ),
)


def _check(archive: Archive, folder: Path, note: list[str], found: Killed) -> None:
    """What was acknowledged must be there."""
    step, number, told = note
    shown = archive.known(f"drill {number}")
    captures = archive.show(f"drill {number}")["captures"] if shown else []
    there = {
        "added": any(capture["key"] == told for capture in captures),
        "ran": (folder / f"result {number}" / "report.json").is_file()
        or any(item["run"] == told for capture in captures for item in capture["products"]),
        "published": any(capture["version"] >= int(told) for capture in captures)
        if step == "published"
        else 0,
    }
    if not there[step]:
        found.lost.append(" ".join(note))


def _invalid(archive: Archive, notes: list[list[str]], folder: Path) -> list[str]:
    """What two validators say of the objects last touched."""
    from ocfl.validator import Validator

    problems = []
    numbers = {int(note[1]) for note in notes} | {max((int(n[1]) for n in notes), default=-1) + 1}
    for number in sorted(numbers):
        known = archive.known(f"drill {number}")
        for capture in archive.show(f"drill {number}")["captures"] if known else []:
            place = archive.store.object(ocfl_identifier(capture["key"]))
            problems += verify_object(place)[1]
            validator = Validator()
            if not validator.validate_object(str(place)):
                problems.append(str(validator))
    return problems


def _note(folder: Path, step: str, number: int, told: str) -> None:
    _append(folder / "notes.log", f"{step} {number} {told}\n")


def _append(path: Path, line: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(handle, line.encode())
    os.close(handle)


def _notes(folder: Path) -> list[list[str]]:
    return [line.split() for line in _lines(folder / "notes.log") if line]


def _lines(path: Path) -> list[str]:
    return path.read_text().split("\n") if path.exists() else []
