"""Bringing files in: each read once, hashed three ways and written in the same pass, several at a time."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blake3 import blake3

from vestige.archive.disk import Disk
from vestige.archive.inventory import SUMS, safe_path
from vestige.errors import InputError, OutputError

CHUNK = 1 << 20
#: Small files are synced together at the end; large ones as they are written, while others are read.
_LARGE = 4 << 20


@dataclass(frozen=True)
class Source:
    """A file to keep: its path in the archive, its bytes or where they lie, the BLAKE3 they must have."""

    path: str
    data: Path | bytes
    blake3: str = ""


@dataclass(frozen=True)
class Kept:
    """What was kept of a source."""

    path: str
    bytes: int
    sha512: str
    blake3: str


@dataclass(frozen=True)
class Staged:
    """Files that lie ready in a folder, not yet in the archive."""

    folder: Path
    kept: Mapping[str, Kept] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """Their size together."""
        return sum(item.bytes for item in self.kept.values())

    def plus(self, disk: Disk, sources: Sequence[Source]) -> Staged:
        """With a few more files, and the BLAKE3 sums of all beside them."""
        content = self.folder / "content"
        made = {content, *(parent for path in self.kept for parent in (content / path).parents)}
        kept = dict(self.kept)
        for source in sources:
            _make_place(disk, content, source, made)
            kept[source.path] = _keep(disk, content, source)
        lines = "".join(f"{item.blake3}  {path}\n" for path, item in sorted(kept.items()))
        kept[SUMS] = _keep(disk, content, Source(SUMS, lines.encode()))
        return Staged(self.folder, kept)


def stage(disk: Disk, folder: Path, sources: Sequence[Source], *, workers: int = 6) -> Staged:
    """Write the sources beneath ``folder/content``, several at a time.

    Raises
    ------
    InputError
        where a source cannot be read or is not what was recorded; names it.
    OSError
        where the disk refuses.
    """
    content = folder / "content"
    disk.make_folder(content)
    made = {content}
    for source in sources:
        _make_place(disk, content, source, made)
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(sources)))) as pool:
        kept = {item.path: item for item in pool.map(lambda one: _keep(disk, content, one), sources)}
    return Staged(folder, kept)


def read_back(staged: Staged) -> None:
    """Read staged files again, from the disk and not from its cache, and compare.

    Raises
    ------
    OutputError
        naming the file whose bytes the disk gives back otherwise.
    """
    for path, item in staged.kept.items():
        file = staged.folder / "content" / path
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            if blake3_of(handle) != item.blake3:
                raise OutputError(f"{path} reads back otherwise than it was written: check the disk")
        finally:
            os.close(handle)


def blake3_of(handle: int) -> str:
    """The BLAKE3 sum of an open file, read from where it stands."""
    buffer, total = memoryview(bytearray(CHUNK)), blake3()
    while count := os.readv(handle, [buffer]):
        total.update(buffer[:count])
    return total.hexdigest()


def _make_place(disk: Disk, content: Path, source: Source, made: set[Path]) -> None:
    """The folders that a source needs, those in `made` being there."""
    if not safe_path(source.path):
        raise InputError(source.path, "is no path within an object", "names of folders and of a file")
    missing = []
    parent = (content / source.path).parent
    while parent not in made:
        missing.append(parent)
        parent = parent.parent
    for item in reversed(missing):
        disk.make_folder(item)
        made.add(item)


def _keep(disk: Disk, content: Path, source: Source) -> Kept:
    sha512, audited = hashlib.sha512(), blake3()
    size = 0

    def passing() -> Iterator[memoryview]:
        nonlocal size
        for chunk in _chunks(source):
            sha512.update(chunk)
            audited.update(chunk)
            size += len(chunk)
            yield chunk

    large = len(source.data) if isinstance(source.data, bytes) else _size(source.data)
    disk.write(content / source.path, passing(), sync=large >= _LARGE)
    digest = audited.hexdigest()
    if source.blake3 and digest != source.blake3:
        raise InputError(
            source.data if isinstance(source.data, Path) else source.path,
            "has changed since it was recorded",
            f"BLAKE3 {source.blake3[:12]}…",
            "copy it from the camera again",
        )
    return Kept(source.path, size, sha512.hexdigest(), digest)


def _size(path: Path) -> int:
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(found.st_mode):  # a pipe would keep the writer waiting for ever
        raise InputError(path, "is no file", "a file that can be kept")
    return found.st_size


def _chunks(source: Source) -> Iterator[memoryview]:
    if isinstance(source.data, bytes):
        yield memoryview(source.data)
        return
    buffer = memoryview(bytearray(CHUNK))
    try:
        stream: Any = open(source.data, "rb", buffering=0)  # noqa: SIM115 - closed below, errors told apart
    except OSError as error:
        raise InputError(source.data, f"cannot be read ({error.strerror})") from None
    with stream:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while True:
            try:
                count = stream.readinto(buffer)
            except OSError as error:
                raise InputError(source.data, f"cannot be read ({error.strerror})") from None
            if not count:
                return
            yield buffer[:count]
