"""The shelf of an archive: captures and results by their opaque names, kept ones and those on the desk.

Nothing is searched for: what is kept is looked up in the catalogue by its key, and what lies on the desk
by the digest of its place there.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from vestige.archive import Archive, search
from vestige.archive.catalogue import watermark
from vestige.archive.kept import CAPTURE, ocfl_identifier
from vestige.capture import JOURNAL, MANIFEST, load_manifest, read_open
from vestige.contract.report import REPORT, load_report
from vestige.errors import VestigeError
from vestige.web.faults import Absent
from vestige.web.shelf import CaptureEntry, ResultEntry, Shelf, key_of

#: Beneath the archive: captures that are being taken in, and results that nobody has kept yet.
DESK = "desk"
CAPTURES, RESULTS = "captures", "results"
#: What makes a folder a capture: its manifest, or the journal of one that has only begun.
_OPEN = (MANIFEST, JOURNAL)
_CAPTURE_KEY = re.compile(r"[0-9a-f]{64}")
_RESULT_KEY = re.compile(r"([0-9a-f]{64})-([0-9a-f]{16})")
#: How deep results may lie beneath their folder on the desk: a chain puts each step into a folder of its own.
_DEPTH = 3


def result_key(capture: str, run: str) -> str:
    """The opaque name of a kept result, from the keys of its capture and its run.

    >>> result_key("a" * 64, "b" * 64) == "a" * 64 + "-" + "b" * 16
    True
    """
    return f"{capture}-{run[:16]}"


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
        if _CAPTURE_KEY.fullmatch(key):
            found = search.capture(self.archive.engine, key)
            if found is None:
                raise Absent(key)
            return _kept_capture(self.archive, key, found["identifier"], f"/object/{found['object_id']}")
        folder = self._place(key, _OPEN, CAPTURES)
        stamps = tuple(_stamp(folder / name) for name in (MANIFEST, JOURNAL))
        return _desk_capture(folder, folder.relative_to(self.desk).as_posix(), stamps)

    def result(self, key: str) -> ResultEntry:
        """The product folder of an opaque name; an Absent where there is none."""
        if match := _RESULT_KEY.fullmatch(key):
            found = search.capture(self.archive.engine, match[1])
            rows = [row for row in found["products"] if row["run"].startswith(match[2])] if found else []
            if found is None or not rows:
                raise Absent(key)
            place = "/".join(rows[0]["path"].split("/")[:2])
            home = f"/object/{found['object_id']}"
            return _kept_result(self.archive, match[1], place, key, found["identifier"], home)
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


@lru_cache(maxsize=4096)
def _kept_capture(archive: Archive, key: str, identifier: str, home: str) -> CaptureEntry:
    """A kept capture; it never changes, so it is read once."""
    try:
        path = archive.store.path(ocfl_identifier(key), f"{CAPTURE}/{MANIFEST}")
        return CaptureEntry(key, path.parent, identifier, 0.0, load_manifest(path), home=home)
    except VestigeError as error:
        return CaptureEntry(key, archive.folder, identifier, 0.0, None, _without_path(error), home)


@lru_cache(maxsize=4096)
def _kept_result(
    archive: Archive, capture: str, place: str, key: str, identifier: str, home: str
) -> ResultEntry:
    """A kept result; it never changes, so it is read once."""
    try:
        path = archive.store.path(ocfl_identifier(capture), f"{place}/{REPORT}")
        return ResultEntry(key, path.parent, identifier, 0.0, load_report(path.parent), home=home)
    except VestigeError as error:
        return ResultEntry(key, archive.folder, identifier, 0.0, None, _without_path(error), home)


@lru_cache(maxsize=512)
def _desk_capture(folder: Path, where: str, stamps: Any) -> CaptureEntry:
    """A capture on the desk, as its manifest and journal now say."""
    key, changed = key_of(where), max(stamps)[0] / 1e9
    try:
        growing = (folder / JOURNAL).is_file()
        capture = read_open(folder) if growing else load_manifest(folder / MANIFEST)
        return CaptureEntry(key, folder, where, changed, capture)
    except VestigeError as error:
        return CaptureEntry(key, folder, where, changed, None, _without_path(error))


@lru_cache(maxsize=1024)
def _desk_result(folder: Path, where: str, stamp: tuple[int, int]) -> ResultEntry:
    """A result on the desk."""
    try:
        return ResultEntry(key_of(where), folder, where, stamp[0] / 1e9, load_report(folder))
    except VestigeError as error:
        return ResultEntry(key_of(where), folder, where, stamp[0] / 1e9, None, _without_path(error))


def _without_path(error: VestigeError) -> str:
    """The sentence with the name of a file in place of its path."""
    path = getattr(error, "path", None)
    return str(error).replace(str(path), path.name) if isinstance(path, Path) else str(error)
