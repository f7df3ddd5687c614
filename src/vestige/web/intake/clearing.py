"""Clearing the desk: what was thrown away, and what is known of trays in the archive, goes in time."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from vestige.archive import Archive, search
from vestige.errors import VestigeError
from vestige.web.faults import Absent
from vestige.web.intake.tray import STATE, Tray

THROWN = "thrown"
#: Days for which a tray that was thrown away can be taken back, and a finished one is listed.
DAYS = 30
_NAME = re.compile(r"([0-9a-f]{16})-(\d{1,12})")


@dataclass(frozen=True)
class Thrown:
    """A tray that was thrown away: its name there, what it was called, when, and how many files."""

    name: str
    title: str
    when: float
    files: int

    @property
    def days_left(self) -> int:
        """Days for which it can still be taken back."""
        return max(0, DAYS - int((time.time() - self.when) / 86400))


def thrown(desk: Path) -> list[Thrown]:
    """What was thrown away and can be taken back, the latest first."""
    found = []
    for folder in (desk / THROWN).glob("*-*"):
        match = _NAME.fullmatch(folder.name)
        if match and (folder / STATE).is_file():
            tray = Tray(folder)
            with contextlib.suppress(VestigeError):
                said = tray.state()
                title = said.object.get("title") or said.object.get("identifier") or said.source
                found.append(Thrown(folder.name, title, float(match[2]), len(tray.files())))
    return sorted(found, key=lambda one: -one.when)


def take_back(desk: Path, place: Path, name: str) -> Tray:
    """Put a tray that was thrown away back among the open ones; an Absent where there is none."""
    match = _NAME.fullmatch(name)
    if not match or not (desk / THROWN / name / STATE).is_file() or (place / match[1]).exists():
        raise Absent(name)
    (desk / THROWN / name).rename(place / match[1])
    return Tray.of(place, match[1])


def empty(desk: Path, *, older_than: float = 0.0) -> int:
    """Remove for good what was thrown away so many days ago or earlier; how many trays that were."""
    count = 0
    for one in (desk / THROWN).glob("*-*"):
        match = _NAME.fullmatch(one.name)
        if match and time.time() - float(match[2]) >= older_than * 86400:
            shutil.rmtree(one, ignore_errors=True)
            count += 1
    return count


def forget_done(archive: Archive, place: Path, *, older_than: float = DAYS) -> int:
    """Forget finished trays of so many days ago, where the archive has their capture; how many."""
    count = 0
    for tray in Tray.all(place):
        with contextlib.suppress(VestigeError, OSError):
            state, age = tray.state(), time.time() - (tray.folder / STATE).stat().st_mtime
            kept = state.taken is not None and search.capture(archive.engine, state.taken.capture) is not None
            if state.state == "done" and kept and age >= older_than * 86400:
                shutil.rmtree(tray.folder, ignore_errors=True)
                count += 1
    return count
