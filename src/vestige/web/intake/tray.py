"""A tray: files on their way into the archive, kept on the desk from the first byte on.

::

    desk/captures/5f3c…/
      tray.json       what people said: object, technique, corrections; where it stands
      capture.jsonl   the journal: each file that has arrived whole, with its BLAKE3
      frames/         the files
      parts/          files that are still arriving, each with a line on what it will be

A file counts once the journal has its line. Whatever is killed at any moment: what has arrived is there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import threading
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from blake3 import blake3
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture import Frame, read_open
from vestige.capture.durable import sync_folder, write_atomically
from vestige.capture.journal import OpenCapture
from vestige.capture.manifest import JOURNAL, file_digest
from vestige.errors import InputError, OutputError, UsageError, VestigeError
from vestige.web.faults import Absent
from vestige.web.intake.names import plain_name

STATE, FRAMES, PARTS = "tray.json", "frames", "parts"
#: At most so many bytes a file, so many files a tray; and so much is left free on the disk.
MOST_BYTES, MOST_FILES, LEFT_FREE = 64 * 2**30, 20_000, 2**30
_KEY = re.compile(r"[0-9a-f]{16}")


class Said(BaseModel):
    """What people said of one frame: another role or place on an axis, or that it is left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: str = ""
    coordinates: dict[str, str] = Field(default_factory=dict)
    left_out: bool = False


class Taken(BaseModel):
    """Where a tray went."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identifier: str
    capture: str
    frames: int
    bytes: int
    new: bool


class TrayState(BaseModel):
    """What ``tray.json`` says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal["vestige-tray-1"] = "vestige-tray-1"
    who: str = ""
    begun: float = 0.0
    source: str = ""
    object: dict[str, str] = Field(default_factory=dict)
    technique: str = ""
    said: dict[str, Said] = Field(default_factory=dict)
    state: Literal["open", "taking", "done"] = "open"
    fault: str = ""
    taken: Taken | None = None


@dataclass(frozen=True)
class Part:
    """A file that is still arriving."""

    name: str
    size: int
    modified: int
    offset: int


class Offset(Exception):  # noqa: N818 - it tells where to go on
    """A piece does not begin where the file on the desk ends."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class Tray:
    """One tray. All methods may be called from several threads.

    >>> import tempfile
    >>> tray = Tray.begin(Path(tempfile.mkdtemp()), who="eva")
    >>> tray.take_piece("coin/a.tif", 3, 0, 0, b"abc")
    True
    >>> [frame.file for frame in tray.files()]
    ['frames/a.tif']
    """

    _locks: dict[Path, threading.RLock] = {}
    _guard = threading.Lock()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with Tray._guard:
            self._lock = Tray._locks.setdefault(folder, threading.RLock())

    @classmethod
    def begin(
        cls,
        place: Path,
        *,
        who: str = "",
        source: str = "",
        key: str = "",
        values: dict[str, str] | None = None,
    ) -> Tray:
        """A new tray in `place`; of a given key, the one that is there."""
        key = key or uuid.uuid4().hex[:16]
        tray = cls(place / key)
        with tray._lock:
            if not (tray.folder / STATE).is_file():
                for folder in (tray.folder / FRAMES, tray.folder / PARTS):
                    folder.mkdir(parents=True, exist_ok=True)
                tray.keep(TrayState(who=who, begun=time.time(), source=source, object=values or {}))
                sync_folder(place)
        return tray

    @classmethod
    def of(cls, place: Path, key: str) -> Tray:
        """The tray of an opaque name; an Absent where there is none."""
        if not _KEY.fullmatch(key) or not (place / key / STATE).is_file():
            raise Absent(key)
        return cls(place / key)

    @classmethod
    def all(cls, place: Path) -> list[Tray]:
        """All trays, the newest first."""
        try:
            found = [cls(item) for item in place.iterdir() if (item / STATE).is_file()]
        except OSError:
            return []
        return sorted(found, key=lambda tray: -tray.state().begun)

    @property
    def key(self) -> str:
        """Its opaque name."""
        return self.folder.name

    # -- what is said of it --------------------------------------------------------------------------

    def state(self) -> TrayState:
        """What people said, and where it stands."""
        try:
            return TrayState.model_validate_json((self.folder / STATE).read_bytes())
        except OSError as error:
            raise InputError(self.folder.name, f"cannot be read ({error.strerror})") from None
        except ValidationError:
            raise InputError(STATE, "is damaged", action="restore the desk from a copy") from None

    def keep(self, state: TrayState) -> TrayState:
        """Write down where it stands, durably."""
        write_atomically(self.folder / STATE, state.model_dump_json(indent=1).encode())
        return state

    def change(self, **values: Any) -> TrayState:
        """Change some of it; a tray that has been taken in stays as it is."""
        with self._lock:
            now = self.state()
            if now.state == "done" and values.get("state") != "done":
                raise UsageError("this has been taken in already and does not change any more")
            return self.keep(now.model_copy(update=values))

    # -- files ---------------------------------------------------------------------------------------

    def files(self) -> list[Frame]:
        """The files that have arrived whole, in the order they came."""
        return read_open(self.folder).frames

    def parts(self) -> list[Part]:
        """The files that are still arriving."""
        found = []
        for line in sorted((self.folder / PARTS).glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError):
                told = json.loads(line.read_bytes())
                piece = line.with_suffix(".part")
                found.append(Part(**told, offset=piece.stat().st_size if piece.exists() else 0))
        return found

    def take_piece(self, told: str, size: int, modified: int, offset: int, data: bytes) -> bool:
        """Take a piece of a file, durably; True once the file is whole.

        Raises
        ------
        Offset
            where the piece does not begin where the file ends.
        InputError
            where the name, the size, or a file of the same name stands against it.
        OutputError
            where the disk is full or refuses.
        """
        name = plain_name(told)
        with self._lock:
            if self.state().state != "open":
                raise UsageError("this is being taken in: no more files can be added")
            if self._has(name, size):
                return True
            piece = self._piece(name, size, modified)
            have = piece.stat().st_size if piece.exists() else 0
            if have == size:  # a kill came between its last piece and its place
                self._arrived(name, piece)
                return True
            if offset != have:
                raise Offset(have)
            if have + len(data) > size:
                raise InputError(name, f"is longer than the {size} bytes it was said to have")
            try:
                with open(piece, "ab") as stream:
                    stream.write(data)
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise OutputError(f"{name} cannot be kept ({error.strerror})") from None
            if have + len(data) < size:
                return False
            self._arrived(name, piece)
            return True

    def adopt(self, path: Path) -> None:
        """Copy a file of this machine into the tray."""
        name = plain_name(path.name)
        with self._lock:
            if self._has(name, path.stat().st_size):
                return
            piece = self._place(name)
            try:
                with open(path, "rb") as source, open(piece, "wb") as stream:
                    shutil.copyfileobj(source, stream, 1 << 20)
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise OutputError(f"{name} cannot be copied ({error.strerror})") from None
            self._arrived(name, piece)

    def mend(self) -> None:
        """Finish what a kill interrupted: a file in its place is whole, as is a part of its full size."""
        with self._lock:
            for part in self.parts():
                if not self._has(part.name, part.size) and part.offset == part.size:
                    self._arrived(part.name, self._place(part.name))
            known = {frame.file for frame in self.files()}
            for path in sorted((self.folder / FRAMES).iterdir()):
                file = f"{FRAMES}/{path.name}"
                if path.is_file() and file not in known:
                    self._note(file)

    def mend_quietly(self) -> None:
        """As `mend`, where it can be; a tray that cannot be read says so when it is opened."""
        with contextlib.suppress(VestigeError, OSError):
            if self.state().state != "done":
                self.mend()

    def discard(self, thrown: Path) -> None:
        """Throw it away: it leaves the desk, and is kept aside for a while."""
        thrown.mkdir(parents=True, exist_ok=True)
        with self._lock:
            self.folder.rename(thrown / f"{self.key}-{int(time.time())}")

    def clear_files(self) -> None:
        """Take the files off the desk; what is known of the tray stays."""
        for folder in (FRAMES, PARTS):
            shutil.rmtree(self.folder / folder, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            (self.folder / JOURNAL).unlink()

    # ------------------------------------------------------------------------------------------------

    def _has(self, name: str, size: int) -> bool:
        path = self.folder / FRAMES / name
        if not path.is_file():
            return False
        if path.stat().st_size != size:
            raise InputError(name, "is here already, and is another file", action="rename one of the two")
        if f"{FRAMES}/{name}" not in {frame.file for frame in self.files()}:
            self._note(f"{FRAMES}/{name}")
        self._place(name).with_suffix(".json").unlink(missing_ok=True)
        return True

    def _piece(self, name: str, size: int, modified: int) -> Path:
        """Where a file arrives; begun anew where it is another file than the one cut off."""
        if not 0 < size <= MOST_BYTES:
            raise InputError(name, "is empty" if size <= 0 else "is too large", f"1 to {MOST_BYTES} bytes")
        piece = self._place(name)
        line = piece.with_suffix(".json")
        told = {"name": name, "size": size, "modified": modified}
        with contextlib.suppress(OSError, ValueError):
            if json.loads(line.read_bytes()) == told:
                return piece
        if shutil.disk_usage(self.folder).free < size + LEFT_FREE:
            raise OutputError(f"there is no room on the disk for {name}: free some space")
        if sum(1 for _ in (self.folder / FRAMES).iterdir()) >= MOST_FILES:
            raise InputError(name, "is one too many", f"at most {MOST_FILES} files", "begin another capture")
        piece.unlink(missing_ok=True)
        write_atomically(line, json.dumps(told).encode())
        return piece

    def _place(self, name: str) -> Path:
        """Where the pieces of a file lie until it is whole."""
        return self.folder / PARTS / f"{blake3(name.encode()).hexdigest()[:24]}.part"

    def _arrived(self, name: str, piece: Path) -> None:
        piece.rename(self.folder / FRAMES / name)
        sync_folder(self.folder / FRAMES)
        self._note(f"{FRAMES}/{name}")
        piece.with_suffix(".json").unlink(missing_ok=True)

    def _note(self, file: str) -> None:
        OpenCapture(self.folder).append(Frame(file=file, blake3=file_digest(self.folder / file)))


def check_digest(data: bytes, told: str) -> None:
    """Check a piece against the SHA-256 that the browser sent along; nothing where it sent none.

    Raises
    ------
    InputError
        where they differ.

    >>> check_digest(b"", "")
    """
    if told and hashlib.sha256(data).hexdigest() != told.lower():
        raise InputError("the piece", "was changed on the way", action="it is sent again")
