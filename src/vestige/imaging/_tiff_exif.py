"""Adds EXIF to a finished TIFF: libvips does not write it there."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

from vestige.imaging.exif import EXIF_DIRECTORY, IFD0_NAMES, MAKER_NOTE, TYPES, Directory, Entry

__all__ = ["append"]

# Orientation and description are the writer's own business.
NOT_COPIED: Final = frozenset({270, 274, MAKER_NOTE, EXIF_DIRECTORY, 34853, 40965})


def append(path: Path, entries: Directory) -> None:
    """Append the EXIF entries to a little-endian TIFF and let its first directory point to them.

    The directory is written anew at the end of the file; the old one stays as a few dead bytes.
    """
    main = [entry for tag, entry in entries.items() if tag in IFD0_NAMES.keys() - NOT_COPIED]
    nested = [
        entry for tag, entry in entries.items() if tag >= 33434 and tag not in IFD0_NAMES.keys() | NOT_COPIED
    ]
    with path.open("r+b") as file:
        layout = _Layout.of(file)
        rows, following = layout.read_directory(file)
        pointer = _append_directory(file, layout, dict(_row(file, layout, entry) for entry in nested), b"")
        rows |= dict(_row(file, layout, entry) for entry in main)
        kind, packed = (18, struct.pack("<Q", pointer)) if layout.big else (13, struct.pack("<I", pointer))
        rows |= dict([_row(file, layout, Entry(EXIF_DIRECTORY, kind, packed))])
        place = _append_directory(file, layout, rows, following)
        file.seek(8 if layout.big else 4)
        file.write(struct.pack(layout.offset, place))


class _Layout:
    """Widths of the fields of a classic or a Big TIFF."""

    def __init__(self, big: bool) -> None:
        self.big = big
        self.count, self.offset, self.head = ("<Q", "<Q", "<HHQ") if big else ("<H", "<I", "<HHI")
        self.inline = struct.calcsize(self.offset)
        self.row = struct.calcsize(self.head) + self.inline

    @classmethod
    def of(cls, file: BinaryIO) -> _Layout:
        header = file.read(4)
        if header[:2] != b"II":
            raise ValueError("the writer makes little-endian TIFF only")
        return cls(header[2] == 43)

    def read_directory(self, file: BinaryIO) -> tuple[dict[int, bytes], bytes]:
        """Rows of the first directory by tag, and the pointer to the next directory."""
        file.seek(8 if self.big else 4)
        file.seek(struct.unpack(self.offset, file.read(self.inline))[0])
        count = struct.unpack(self.count, file.read(struct.calcsize(self.count)))[0]
        rows = [file.read(self.row) for _ in range(count)]
        return {int.from_bytes(row[:2], "little"): row for row in rows}, file.read(self.inline)


def _row(file: BinaryIO, layout: _Layout, entry: Entry) -> tuple[int, bytes]:
    """The row of one entry; its value is appended to the file when it is too long for the row."""
    value = entry.value
    if len(value) > layout.inline:
        value = struct.pack(layout.offset, _append(file, value))
    head = struct.pack(layout.head, entry.tag, entry.kind, len(entry.value) // TYPES[entry.kind][1])
    return entry.tag, head + value.ljust(layout.inline, b"\0")


def _append_directory(file: BinaryIO, layout: _Layout, rows: dict[int, bytes], following: bytes) -> int:
    table = b"".join(row for _, row in sorted(rows.items()))
    return _append(file, struct.pack(layout.count, len(rows)) + table + following.ljust(layout.inline, b"\0"))


def _append(file: BinaryIO, data: bytes) -> int:
    place = file.seek(0, 2)
    if place % 2:
        place += file.write(b"\0")
    file.write(data)
    return place
