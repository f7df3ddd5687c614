"""The shelf: which captures and product folders lie beneath a folder, each under an opaque name."""

from __future__ import annotations

import hashlib
import math
import os
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from vestige.capture import MANIFEST, load_manifest, natural_order
from vestige.contract.report import REPORT, load_report
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.errors import VestigeError
from vestige.web.faults import Absent

DEPTH = 4
_TRUTH = "truth"


@dataclass(frozen=True)
class Shelf:
    """All that was found at one moment. `version` changes when anything was added, changed or taken away."""

    root: Path
    captures: dict[str, CaptureEntry] = field(default_factory=dict)
    results: dict[str, ResultEntry] = field(default_factory=dict)
    version: str = ""


class Scanner:
    """Looks through a folder; what has not changed since the last look is not read again."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).resolve()
        self._lock = threading.Lock()
        self._latest = Shelf(self.root)
        self._looked = -math.inf

    def recent(self, seconds: float = 2.0) -> Shelf:
        """The shelf, looked through again where the last look is older than `seconds`."""
        return self._latest if time.monotonic() - self._looked < seconds else self.scan()

    def capture(self, key: str) -> CaptureEntry:
        """The capture of an opaque name; an Absent where there is none."""
        if found := self.recent().captures.get(key) or self.scan().captures.get(key):
            return found
        raise Absent(key)

    def result(self, key: str) -> ResultEntry:
        """The product folder of an opaque name; an Absent where there is none."""
        if found := self.recent().results.get(key) or self.scan().results.get(key):
            return found
        raise Absent(key)

    def scan(self) -> Shelf:
        """The shelf as it is now."""
        with self._lock:
            self._latest = self._look()
            self._looked = time.monotonic()
            return self._latest

    def _look(self) -> Shelf:
        folders = _walk(self.root, DEPTH)
        captures = {}
        results = {}
        for folder, names in folders:
            where = folder.relative_to(self.root).as_posix()
            if MANIFEST in names:
                capture = _capture(folder, where, _changed(folder / MANIFEST))
                captures[capture.key] = capture
            if REPORT in names:
                result = _result(folder, where, _changed(folder / REPORT))
                results[result.key] = result
        entries: list[CaptureEntry | ResultEntry] = [*captures.values(), *results.values()]
        text = "\n".join(f"{type(entry).__name__} {entry.key} {entry.changed}" for entry in entries)
        return Shelf(self.root, captures, results, hashlib.sha256(text.encode()).hexdigest()[:16])


def key_of(where: str) -> str:
    """The opaque name of a folder, from its path beneath the root: a key to the shelf's own table only.

    >>> key_of("captures/coin")
    '2824f49bb6eed4fe'
    """
    return hashlib.sha256(where.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _walk(folder: Path, depth: int) -> list[tuple[Path, set[str]]]:
    """Folders with the names of their files, in natural order; not through links, nor into products."""
    try:
        with os.scandir(folder) as found:
            items = list(found)
    except OSError:
        return []
    names = {item.name for item in items if item.is_file(follow_symlinks=False)}
    walked = [(folder, names)]
    if depth == 0 or REPORT in names:
        return walked
    inner = [item.name for item in items if item.is_dir(follow_symlinks=False)]
    for name in sorted(inner, key=natural_order):
        if not name.startswith(".") and not (name == _TRUTH and MANIFEST in names):
            walked += _walk(folder / name, depth - 1)
    return walked


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=1024)
def _capture(folder: Path, where: str, changed: float) -> CaptureEntry:
    try:
        return CaptureEntry(key_of(where), folder, where, changed, load_manifest(folder / MANIFEST))
    except VestigeError as error:
        return CaptureEntry(key_of(where), folder, where, changed, None, _short(error, folder))


@lru_cache(maxsize=1024)
def _result(folder: Path, where: str, changed: float) -> ResultEntry:
    try:
        return ResultEntry(key_of(where), folder, where, changed, load_report(folder))
    except VestigeError as error:
        return ResultEntry(key_of(where), folder, where, changed, None, _short(error, folder))


def _short(error: VestigeError, folder: Path) -> str:
    """The sentence without the path of this machine in it."""
    return str(error).replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)
