"""Watched folders: what a camera or a scanner puts there becomes a tray once it no longer changes."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture.durable import write_atomically
from vestige.errors import InputError, VestigeError
from vestige.web.faults import fault
from vestige.web.intake.names import plain_name
from vestige.web.intake.tray import Tray
from vestige.web.running.news import News

#: Beneath the desk: which folders are watched.
SETTINGS = "watched.json"
#: Seconds between two looks; a folder that did not change for so long is complete.
LOOK, STABLE = 3.0, 10.0


class Watched(BaseModel):
    """The folders that are watched. Only an administrator names them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folders: list[str] = Field(default_factory=list, max_length=20)


def load_watched(desk: Path) -> Watched:
    """What is watched; nothing where nobody said so, or it cannot be read."""
    try:
        return Watched.model_validate_json((desk / SETTINGS).read_bytes())
    except (OSError, ValidationError):
        return Watched()


def keep_watched(desk: Path, archive: Path, folders: list[str]) -> Watched:
    """Set which folders are watched.

    Raises
    ------
    InputError
        where one is no folder, or lies in the archive itself.
    """
    for text in folders:
        path = Path(text)
        if not path.is_absolute() or not path.is_dir():
            raise InputError(text[:200], "is no folder of this machine", "its whole path")
        here, there = archive.resolve(), path.resolve()
        if there == here or here in there.parents or there in here.parents:
            raise InputError(text[:200], "holds the archive or lies in it", "a folder apart from it")
    watched = Watched(folders=list(dict.fromkeys(folders)))
    desk.mkdir(parents=True, exist_ok=True)
    write_atomically(desk / SETTINGS, watched.model_dump_json().encode())
    return watched


class Watcher:
    """Looks at watched folders in a thread of its own.

    Each folder within becomes a tray, and the files that lie loose in the watched folder itself one
    more. The name of a tray is the digest of the folder and its files, so that none is taken twice.
    """

    def __init__(
        self,
        desk: Path,
        place: Path,
        news: News,
        *,
        stable: float = STABLE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.desk, self.place, self.news = desk, place, news
        self.problems: dict[str, str] = {}
        self._stable, self._clock = stable, clock
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to watch."""
        self._thread = threading.Thread(target=self._work, name="watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(10)

    def _work(self) -> None:
        while not self._stop.wait(LOOK):
            self.look()

    def look(self) -> list[str]:
        """Look once; the keys of the trays that were made."""
        made = []
        for text in load_watched(self.desk).folders:
            self.problems.pop(text, None)
            try:
                made += self._look_into(Path(text))
            except (VestigeError, OSError) as error:
                self.problems[text] = fault(error) if isinstance(error, VestigeError) else str(error.strerror)
        if made:
            self.news.tell()
        return made

    def _look_into(self, folder: Path) -> list[str]:
        inner = sorted(item for item in folder.iterdir() if item.is_dir() and not item.is_symlink())
        keys = [self._taken(place) for place in [*inner, folder] if not place.name.startswith(".")]
        return [key for key in keys if key]

    def _taken(self, folder: Path) -> str:
        """Take a folder in where it is complete and new; the key of its tray, or nothing."""
        files = [item for item in sorted(folder.iterdir()) if _wanted(item)]
        if not files:
            return ""
        stamps = [(item.name, item.stat().st_size, item.stat().st_mtime_ns) for item in files]
        if self._clock() - max(stamp for _, _, stamp in stamps) / 1e9 < self._stable:
            return ""
        key = hashlib.sha256(json.dumps([str(folder), stamps]).encode()).hexdigest()[:16]
        mark = self.desk / "watched" / key
        if mark.exists():
            return ""
        tray = Tray.begin(self.place, source=folder.name, key=key)
        for item in files:
            tray.adopt(item)
        mark.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(mark, str(folder).encode())
        return key


def _wanted(item: Path) -> bool:
    try:
        plain_name(item.name)
    except InputError:
        return False
    return item.is_file() and not item.is_symlink() and item.stat().st_size > 0
