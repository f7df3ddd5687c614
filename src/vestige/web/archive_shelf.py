"""The shelf of an archive: captures and results by their opaque names, kept ones and those on the desk.

Nothing is searched for: what is kept is looked up in the catalogue by its key, and what lies on the desk
by the digest of its place there.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from vestige.archive import Archive
from vestige.archive.catalogue import watermark
from vestige.capture import JOURNAL, MANIFEST, load_manifest, read_open
from vestige.contract.report import REPORT, load_report
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.errors import VestigeError
from vestige.publish.kept import CAPTURE_KEY, RESULT_KEY, kept_capture, kept_result, without_path
from vestige.web.faults import Absent
from vestige.web.shelf import Shelf, key_of

#: Beneath the archive: captures that are being taken in, and results that nobody has kept yet.
DESK = "desk"
CAPTURES, RESULTS = "captures", "results"
#: What makes a folder a capture: its manifest, or the journal of one that has only begun.
_OPEN = (MANIFEST, JOURNAL)
#: How deep results may lie beneath their folder on the desk: a chain puts each step into a folder of its own.
_DEPTH = 3


class ArchiveShelf:
    """What pages ask of a folder, answered for an archive; see `vestige.web.shelf.Scanner`."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.root = archive.folder.resolve()
        self.desk = self.root / DESK
        self._lock = threading.Lock()
        self._places: dict[str, Path] = {}

    # -- by opaque name ----------------------------------------------------------------------------

    def capture(self, key: str) -> CaptureEntry:
        """The capture of an opaque name; an Absent where there is none."""
        if CAPTURE_KEY.fullmatch(key):
            return kept_capture(self.archive, key)
        folder = self._place(key, _OPEN, CAPTURES)
        stamps = tuple(_stamp(folder / name) for name in (MANIFEST, JOURNAL))
        return _desk_capture(folder, folder.relative_to(self.desk).as_posix(), stamps)

    def result(self, key: str) -> ResultEntry:
        """The product folder of an opaque name; an Absent where there is none."""
        if RESULT_KEY.fullmatch(key):
            return kept_result(self.archive, key)
        folder = self._place(key, (REPORT,), RESULTS)
        return _desk_result(folder, folder.relative_to(self.desk).as_posix(), _stamp(folder / REPORT))

    def key(self, folder: Path) -> str:
        """The opaque name of a capture or a result on the desk.

        Raises
        ------
        Absent
            where the folder does not lie on the desk.
        """
        try:
            return key_of(folder.resolve().relative_to(self.desk).as_posix())
        except ValueError:
            raise Absent(folder.name) from None

    def _place(self, key: str, marks: tuple[str, ...], under: str) -> Path:
        """The folder on the desk whose place has that digest, looked for only where it is not known yet."""
        with self._lock:
            found = self._places.get(key)
        if found is None or not _carries(found, marks):
            places = {self.key(folder): folder for folder in _marked(self.desk / under, marks, _DEPTH)}
            with self._lock:
                self._places |= places
            found = places.get(key)
        if found is None or not found.is_relative_to(self.desk / under):
            raise Absent(key)
        return found

    # -- what lies on the desk ---------------------------------------------------------------------

    def recent(self, seconds: float = 2.0) -> Shelf:
        """The desk with nothing read: its version changes with every record and every folder on it."""
        return Shelf(self.root, version=self._version())

    def scan(self) -> Shelf:
        """What lies on the desk: captures being taken in, results that nobody has kept yet."""
        captures = [self.capture(self.key(folder)) for folder in _marked(self.desk / CAPTURES, _OPEN, _DEPTH)]
        results = [
            self.result(self.key(folder)) for folder in _marked(self.desk / RESULTS, (REPORT,), _DEPTH)
        ]
        return Shelf(
            self.root,
            {entry.key: entry for entry in captures},
            {entry.key: entry for entry in results},
            self._version(),
        )

    def _version(self) -> str:
        desk = [_stamp(self.desk / name) for name in (CAPTURES, RESULTS)]
        told = f"{watermark(self.archive.engine)} {desk}"
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def _carries(folder: Path, marks: tuple[str, ...]) -> bool:
    return any((folder / mark).is_file() for mark in marks)


def _marked(folder: Path, marks: tuple[str, ...], depth: int) -> Iterator[Path]:
    """Folders that hold a file of one of these names; not through links, nor into what carries a mark."""
    try:
        with os.scandir(folder) as found:
            inner = [
                Path(item.path)
                for item in found
                if item.is_dir(follow_symlinks=False) and not item.name.startswith(".")
            ]
    except OSError:
        return
    for place in sorted(inner):
        if _carries(place, marks):
            yield place
        elif depth > 1:
            yield from _marked(place, marks, depth - 1)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=512)
def _desk_capture(folder: Path, where: str, stamps: Any) -> CaptureEntry:
    """A capture on the desk, as its manifest and journal now say."""
    key, changed = key_of(where), max(stamps)[0] / 1e9
    try:
        growing = (folder / JOURNAL).is_file()
        capture = read_open(folder) if growing else load_manifest(folder / MANIFEST)
        return CaptureEntry(key, folder, where, changed, capture)
    except VestigeError as error:
        return CaptureEntry(key, folder, where, changed, None, without_path(error))


@lru_cache(maxsize=1024)
def _desk_result(folder: Path, where: str, stamp: tuple[int, int]) -> ResultEntry:
    """A result on the desk."""
    try:
        return ResultEntry(key_of(where), folder, where, stamp[0] / 1e9, load_report(folder))
    except VestigeError as error:
        return ResultEntry(key_of(where), folder, where, stamp[0] / 1e9, None, without_path(error))
