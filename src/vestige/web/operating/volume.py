"""A volume that is being scanned: an open capture on the desk, each page safe as soon as it is taken.

::

    desk/captures/volume-5f3c…/
      capture.json      what is being scanned; open until the volume is done
      capture.jsonl     the journal: each picture, in the order they were taken
      checked.json      which picture was looked at last and found good
      coming.json       which file of the scanner is being taken, until it is put aside
      0001.jpg 0002.jpg 0002-2.jpg …

Whatever is killed at any moment: what was taken is there, and the page asks what it asked before.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vestige.archive import Archive, add
from vestige.capture import Capture, Frame, Thing, coordinates, read_open, save
from vestige.capture.durable import sync_folder, write_atomically
from vestige.capture.journal import OpenCapture
from vestige.capture.manifest import JOURNAL, MANIFEST, file_digest
from vestige.errors import InputError, OutputError, UsageError
from vestige.web.faults import Absent
from vestige.web.operating.shooter import Shooter

CHECKED, COMING, START = "checked.json", "coming.json", "volume-"
_NAME = re.compile(START + r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Sight:
    """A volume as it stands: `waiting` is the picture that nobody has looked at yet."""

    title: str
    identifier: str
    step: int
    pages: int
    last: int | None
    waiting: bool
    sealed: bool

    @property
    def page(self) -> int:
        """The page that is looked at, or comes next."""
        return self.pages if self.waiting else self.pages + 1


class Volume:
    """One volume. `step` is how many pictures the caller knew of: a press that comes twice counts once."""

    _locks: dict[Path, threading.RLock] = {}
    _guard = threading.Lock()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with Volume._guard:
            self._lock = Volume._locks.setdefault(folder, threading.RLock())

    @classmethod
    def begin(cls, desk: Path, identifier: str, who: str) -> Volume:
        """A new volume.

        Raises
        ------
        UsageError
            where no identifier is given.
        """
        identifier = " ".join(identifier.split())
        if not identifier or len(identifier) > 200 or not identifier.isprintable():
            raise UsageError("the volume needs its number: up to 200 letters and digits")
        folder = desk / f"{START}{secrets.token_hex(8)}"
        folder.mkdir(parents=True)
        note = f"scanned by {who}" if who else ""
        save(Capture(thing=Thing(identifier=identifier), notes=[note] if note else [], state="open"), folder)
        return cls(folder)

    @classmethod
    def find(cls, desk: Path, name: str) -> Volume:
        """The volume of a name; an Absent where there is none."""
        if not _NAME.fullmatch(name) or not (desk / name / MANIFEST).is_file():
            raise Absent(name)
        return cls(desk / name)

    @classmethod
    def all(cls, desk: Path) -> list[Volume]:
        """The volumes that are not done, the one touched last first."""
        found = [
            path
            for path in desk.glob(f"{START}*")
            if _NAME.fullmatch(path.name) and (path / MANIFEST).is_file()
        ]
        return [cls(path) for path in sorted(found, key=_touched, reverse=True)]

    @property
    def name(self) -> str:
        """Its name in addresses."""
        return self.folder.name

    def sight(self) -> Sight:
        """How it stands."""
        capture = self.capture()
        frames = capture.frames
        waiting = bool(frames) and self._checked() != frames[-1].file
        return Sight(
            title=capture.thing.title or capture.thing.identifier,
            identifier=capture.thing.identifier,
            step=len(frames),
            pages=len(capture.select()),
            last=len(frames) - 1 if frames else None,
            waiting=waiting and capture.state == "open",
            sealed=capture.state == "sealed",
        )

    def take(self, shooter: Shooter, step: int, looked_at: Callable[[Path], object]) -> None:
        """Take the next page, or the waiting one again; safe on the disk when this returns.

        `looked_at` opens the picture, so that a broken one is never counted.
        """
        with self._lock:
            sight = self.sight()
            if sight.step != step or sight.sealed:
                return
            self.settle(shooter)
            growing = OpenCapture(self.folder)
            before = growing.capture.frames[-1].file if sight.waiting else ""
            page = sight.page
            source = shooter.shoot(page)
            again = f"-{sight.step + 1}" if before else ""
            target = self.folder / f"{page:04d}{again}{source.suffix.lower()}"
            digest = _copied(source, target)
            try:
                looked_at(target)
            except InputError:
                target.unlink()
                shooter.taken(source)
                raise
            place = coordinates(page=page)
            self._keep(COMING, {"file": str(source), "stamp": _stamp(source), "blake3": digest})
            growing.append(Frame(file=target.name, blake3=digest, coordinates=place, supersedes=before))
            shooter.taken(source)
            (self.folder / COMING).unlink()

    def settle(self, shooter: Shooter) -> bool:
        """Put a picture aside that is in the journal already, because a power cut came in between.

        Else it would come twice. Whether there was one.
        """
        with self._lock:
            told = self._read(COMING)
            if not told:
                return False
            source, frames = Path(str(told["file"])), self.capture().frames
            safe = bool(frames) and frames[-1].blake3 == told["blake3"]
            there = source.is_file() and _stamp(source) == told["stamp"]
            if safe and there:
                shooter.taken(source)
            (self.folder / COMING).unlink()
            return safe and there

    def accept(self, step: int) -> None:
        """The waiting page is good."""
        with self._lock:
            frames = self.capture().frames
            if frames and len(frames) == step:
                self._note(frames[-1].file)

    def back(self, step: int) -> None:
        """The page that was found good last is to be looked at again."""
        with self._lock:
            if self.sight().step == step:
                self._note("")

    def finish(self, archive: Archive, step: int, shooter: Shooter) -> int:
        """Seal the volume and keep it in the archive; then it leaves the desk. How many pages it has.

        None is sealed while a picture waits to be looked at, or came after the page of who finishes: 0 then.
        """
        with self._lock:
            self.settle(shooter)
            sight = self.sight()
            if not sight.sealed and sight.pages and (sight.waiting or sight.step != step):
                return 0
            if not sight.pages:
                raise InputError(self.folder.name, "has no page yet", "at least one")
            if not sight.sealed:
                OpenCapture(self.folder).seal()
            add(archive, self.folder)
            shutil.rmtree(self.folder)
            return sight.pages

    def capture(self) -> Capture:
        """What was taken so far."""
        if not (self.folder / MANIFEST).is_file():
            raise Absent(self.name)
        return read_open(self.folder)

    def _checked(self) -> str:
        return str(self._read(CHECKED).get("file", ""))

    def _note(self, file: str) -> None:
        self._keep(CHECKED, {"file": file})

    def _keep(self, name: str, told: Mapping[str, object]) -> None:
        write_atomically(self.folder / name, json.dumps(told).encode())

    def _read(self, name: str) -> dict[str, object]:
        try:
            told = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}


def _copied(source: Path, target: Path) -> str:
    """Copy a file so that it is whole and durable, and read back; its digest."""
    temporary = target.with_name(f".{target.name}")
    try:
        with open(source, "rb") as given, open(temporary, "wb") as stream:
            shutil.copyfileobj(given, stream, 1 << 20)
            stream.flush()
            os.fsync(stream.fileno())
        digest = file_digest(source)
        if file_digest(temporary) != digest:
            raise OutputError(f"{source.name} was not copied as it is: check the disk")
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{source.name} cannot be kept ({error.strerror}): free some space") from None
    return digest


def _stamp(path: Path) -> list[int]:
    """What tells a file from another of its name."""
    status = path.stat()
    return [status.st_mtime_ns, status.st_size]


def _touched(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder / MANIFEST, folder / JOURNAL) if path.exists())
