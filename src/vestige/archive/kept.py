"""What the archive keeps of a capture, and where each of its bytes lies."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from vestige.archive.archive import Archive
from vestige.archive.inventory import SUMS
from vestige.capture import MANIFEST, Capture, load_manifest
from vestige.errors import InputError

CAPTURE = "capture"


def ocfl_identifier(key: str) -> str:
    """The identifier of a capture's OCFL object.

    >>> ocfl_identifier("ab")
    'urn:vestige:capture:ab'
    """
    return f"urn:vestige:capture:{key}"


def kept_capture(archive: Archive, key: str) -> Capture:
    """A capture as it lies in the archive."""
    return load_manifest(archive.store.path(ocfl_identifier(key), f"{CAPTURE}/{MANIFEST}"))


def contents(archive: Archive, key: str) -> dict[str, Path]:
    """The files that the object of a capture holds, in any version, by their BLAKE3."""
    root = archive.store.object(ocfl_identifier(key))
    found: dict[str, Path] = {}
    for version in archive.store.read(ocfl_identifier(key)).inventory.versions:
        content = root / version / "content"
        for line in (content / SUMS).read_text(encoding="utf-8").splitlines():
            digest, _, path = line.partition("  ")
            found.setdefault(digest, content / path)
    return found


def put_together(archive: Archive, key: str, kept: Path, into: Path) -> Capture:
    """A capture of which the object `key` keeps the manifest in `kept` and the frames in several places.

    It is put together in the folder `into`, by links where the file system knows them.

    Raises
    ------
    InputError
        where a frame is not in the object.
    """
    capture, there = load_manifest(kept / MANIFEST), contents(archive, key)
    for item in capture.files():
        along = kept / item.file
        source = along if along.is_file() else there.get(item.blake3)
        if source is None:
            raise InputError(item.file, "is in no version of its object", action="restore it from a copy")
        target = into / item.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.link(source, target)
        if not target.exists():
            shutil.copyfile(source, target)
    (into / MANIFEST).write_text(capture.to_json(), encoding="utf-8")
    return load_manifest(into / MANIFEST)
