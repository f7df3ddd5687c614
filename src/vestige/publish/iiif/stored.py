"""Pyramids of tiles that are JPEG already, so that a tile is sent as it is stored.

A tiled TIFF keeps the tables of its JPEG tiles once (tag 347, Adobe TIFF Technical Note 2); a tile becomes
a file of its own by putting them back.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vestige.display.pyramid import reading
from vestige.errors import InputError

#: A JPEG begins with this: start of image, JFIF 1.1 with square pixels; the colours are then YCbCr or grey.
_START = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")


@dataclass(frozen=True)
class Level:
    """One size of a pyramid: its page in the file, its pixels, where its tiles lie, what they share."""

    page: int
    width: int
    height: int
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    tables: bytes


@dataclass(frozen=True)
class StoredPyramid:
    """A pyramid of square JPEG tiles in one file, the largest level first, each half as large."""

    path: Path
    tile: int
    levels: tuple[Level, ...]

    def place(self, level: int, column: int, row: int) -> int | None:
        """The number of a tile that is whole; None for one that the edge of the picture cuts."""
        if not 0 <= level < len(self.levels):
            return None
        found = self.levels[level]
        if (column + 1) * self.tile > found.width or (row + 1) * self.tile > found.height:
            return None
        return row * -(-found.width // self.tile) + column

    def jpeg(self, level: int, place: int) -> bytes:
        """The bytes of a tile, as a JPEG file.

        Raises
        ------
        InputError
            where the file is gone or was cut.
        """
        found = self.levels[level]
        count = found.counts[place]
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                data = os.pread(handle, count, found.offsets[place])
            finally:
                os.close(handle)
        except OSError as error:
            raise InputError(self.path.name, f"cannot be read ({error.strerror})") from None
        if len(data) != count or not data.startswith(b"\xff\xd8"):
            raise InputError(self.path.name, "was cut short", action="empty the cache")
        return b"".join((_START, found.tables, memoryview(data)[2:]))


def stored_pyramid(path: Path) -> StoredPyramid:
    """Where the tiles of a pyramid lie.

    Raises
    ------
    InputError
        where the file is gone or holds no JPEG tiles.
    """
    try:
        return _stored(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise InputError(path.name, f"cannot be read ({error.strerror})") from None


@lru_cache(maxsize=256)
def _stored(path: Path, _changed: int) -> StoredPyramid:
    import tifffile

    with reading(path), tifffile.TiffFile(path) as tiff:
        pages: list[Any] = [page.aspage() for page in tiff.pages]
        levels = tuple(_level(path, number, page) for number, page in enumerate(pages))
        return StoredPyramid(path, int(pages[0].tilewidth), levels)


def _level(path: Path, number: int, page: Any) -> Level:
    import tifffile

    if page.compression != tifffile.COMPRESSION.JPEG or not page.is_tiled:
        raise InputError(path.name, "holds no JPEG tiles")
    return Level(
        number,
        int(page.imagewidth),
        int(page.imagelength),
        tuple(int(offset) for offset in page.dataoffsets),
        tuple(int(count) for count in page.databytecounts),
        bytes(page.tags[347].value)[2:-2] if 347 in page.tags else b"",
    )
