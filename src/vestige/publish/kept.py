"""What an archive keeps, as it is shown: a capture, and the results made from it, by opaque names."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from vestige.archive import Archive, search
from vestige.archive.kept import CAPTURE, ocfl_identifier
from vestige.capture import MANIFEST, load_manifest
from vestige.contract.report import REPORT, load_report
from vestige.display.absence import Absent
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.errors import VestigeError

CAPTURE_KEY = re.compile(r"[0-9a-f]{64}")
#: The name of a kept result, taken apart: the key of its capture, the beginning of that of its run.
RESULT_KEY = re.compile(r"([0-9a-f]{64})-([0-9a-f]{16})")


def result_key(capture: str, run: str) -> str:
    """The opaque name of a kept result, from the keys of its capture and its run.

    >>> result_key("a" * 64, "b" * 64) == "a" * 64 + "-" + "b" * 16
    True
    """
    return f"{capture}-{run[:16]}"


def kept_capture(archive: Archive, key: str) -> CaptureEntry:
    """The kept capture of a key; an Absent where there is none."""
    found = search.capture(archive.engine, key)
    if found is None:
        raise Absent(key)
    return _capture(archive, key, found["identifier"], f"/object/{found['object_id']}")


def kept_result(archive: Archive, key: str) -> ResultEntry:
    """The kept result of an opaque name; an Absent where there is none."""
    match = RESULT_KEY.fullmatch(key)
    found = search.capture(archive.engine, match[1]) if match else None
    if match is None or found is None:
        raise Absent(key)
    rows = [row for row in found["products"] if row["run"].startswith(match[2])]
    if not rows:
        raise Absent(key)
    place = "/".join(rows[0]["path"].split("/")[:2])
    return _result(archive, match[1], place, key, found["identifier"], f"/object/{found['object_id']}")


@lru_cache(maxsize=4096)
def _capture(archive: Archive, key: str, identifier: str, home: str) -> CaptureEntry:
    """A kept capture; it never changes, so it is read once."""
    try:
        path = archive.store.path(ocfl_identifier(key), f"{CAPTURE}/{MANIFEST}")
        return CaptureEntry(key, path.parent, identifier, 0.0, load_manifest(path), home=home)
    except VestigeError as error:
        return CaptureEntry(key, archive.folder, identifier, 0.0, None, without_path(error), home)


@lru_cache(maxsize=4096)
def _result(archive: Archive, capture: str, place: str, key: str, identifier: str, home: str) -> ResultEntry:
    """A kept result; it never changes, so it is read once."""
    try:
        path = archive.store.path(ocfl_identifier(capture), f"{place}/{REPORT}")
        return ResultEntry(key, path.parent, identifier, 0.0, load_report(path.parent), home=home)
    except VestigeError as error:
        return ResultEntry(key, archive.folder, identifier, 0.0, None, without_path(error), home)


def without_path(error: VestigeError) -> str:
    """The sentence with the name of a file in place of its path."""
    path = getattr(error, "path", None)
    return str(error).replace(str(path), path.name) if isinstance(path, Path) else str(error)
