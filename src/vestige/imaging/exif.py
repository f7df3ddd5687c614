r"""EXIF (JEITA CP-3451) and the TIFF tag directories it is made of: read, and write again.

>>> entries = {271: Entry(271, 2, b"Vestige\0"), 33437: Entry(33437, 5, struct.pack("<2I", 28, 10))}
>>> named_values(parse(build(entries)))
{'Make': 'Vestige', 'FNumber': 2.8}
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Directory", "Entry", "build", "named_values", "parse", "read_directory", "upright"]

EXIF_DIRECTORY: Final = 34665
ORIENTATION: Final = 274
MAKER_NOTE: Final = 37500
INTEROPERABILITY: Final = 40965

IFD0_NAMES: Final = {
    270: "ImageDescription", 271: "Make", 272: "Model", 274: "Orientation", 305: "Software", 306: "DateTime",
    315: "Artist", 33432: "Copyright",
}  # fmt: skip
EXIF_NAMES: Final = {
    33434: "ExposureTime", 33437: "FNumber", 34855: "ISO", 36867: "DateTimeOriginal",
    36881: "OffsetTimeOriginal", 37380: "ExposureBiasValue", 37382: "SubjectDistance", 37386: "FocalLength",
    37521: "SubSecTimeOriginal", 41486: "FocalPlaneXResolution", 41488: "FocalPlaneResolutionUnit",
    41989: "FocalLengthIn35mmFilm", 42016: "ImageUniqueID", 42033: "BodySerialNumber", 42035: "LensMake",
    42036: "LensModel", 42037: "LensSerialNumber",
}  # fmt: skip
NAMES: Final = IFD0_NAMES | EXIF_NAMES

# TIFF type number: (struct letter, bytes).
TYPES: Final = {
    1: ("B", 1), 2: ("s", 1), 3: ("H", 2), 4: ("I", 4), 5: ("I", 8), 6: ("b", 1), 7: ("s", 1), 8: ("h", 2),
    9: ("i", 4), 10: ("i", 8), 11: ("f", 4), 12: ("d", 8), 13: ("I", 4), 16: ("Q", 8), 17: ("q", 8),
    18: ("Q", 8),
}  # fmt: skip
MOST_ENTRIES: Final = 1000
MOST_VALUE_BYTES: Final = 1 << 20

Read = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Entry:
    """One tag: its number, its TIFF type and its value as little-endian bytes."""

    tag: int
    kind: int
    value: bytes

    @property
    def count(self) -> int:
        """Values in the entry."""
        return len(self.value) // TYPES[self.kind][1]


Directory = Mapping[int, Entry]


@dataclass(frozen=True)
class _Layout:
    """Byte order and pointer width of a TIFF, classic or Big."""

    order: str
    big: bool
    first: int


def parse(block: bytes) -> dict[int, Entry]:
    """Entries of an EXIF block, those of the EXIF directory included; what is broken is left out.

    >>> parse(b"not exif")
    {}
    """
    tiff = block[6:] if block.startswith(b"Exif\0\0") else block
    return read_directory(lambda offset, size: tiff[offset : offset + size])


def read_directory(read: Read) -> dict[int, Entry]:
    """Entries of the first directory of a TIFF and of its EXIF directory; `read(offset, size)` gives its
    bytes.

    >>> read_directory(lambda offset, size: b"")
    {}
    """
    layout = _layout(read(0, 16))
    if layout is None:
        return {}
    entries = _entries(read, layout, layout.first)
    pointer = entries.pop(EXIF_DIRECTORY, None)
    if pointer is not None and pointer.kind in (4, 13, 16, 18) and pointer.count:
        size = TYPES[pointer.kind][1]
        nested = _entries(read, layout, int.from_bytes(pointer.value[:size], "little"))
        entries = {tag: entry for tag, entry in nested.items() if tag not in entries} | entries
    return dict(sorted(entries.items()))


def named_values(entries: Directory) -> dict[str, str | float | int]:
    """Values of the entries that have a name here, as text or numbers.

    >>> named_values({34855: Entry(34855, 3, bytes([100, 0]))})
    {'ISO': 100}
    """
    named = ((NAMES[tag], _value(entry)) for tag, entry in entries.items() if tag in NAMES)
    return {name: value for name, value in named if value is not None}


def build(entries: Directory) -> bytes:
    """An EXIF block (``Exif``, two zeros, a little-endian TIFF) of these entries.

    Maker notes are left out: they hold offsets that only their maker's program could mend.

    >>> build({}).startswith(b"Exif")
    True
    """
    main = [entry for tag, entry in sorted(entries.items()) if tag in IFD0_NAMES]
    kept = (36864, *(tag for tag in entries if tag >= 33434 and tag not in IFD0_NAMES))
    nested = [
        entries[tag] for tag in sorted({*kept} & {*entries} - {MAKER_NOTE, INTEROPERABILITY, EXIF_DIRECTORY})
    ]
    pointer_place = 8 + 2 + 12 * (len(main) + 1) + 4
    main_data = sum(_padded(entry) for entry in main)
    pointer = Entry(EXIF_DIRECTORY, 4, struct.pack("<I", pointer_place + main_data))
    first = serialise([*main, pointer], start=8)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + serialise(nested, start=8 + len(first))


def serialise(entries: list[Entry], *, start: int) -> bytes:
    r"""A classic little-endian directory for byte `start` of a file, its longer values behind it.

    >>> serialise([], start=8)
    b'\x00\x00\x00\x00\x00\x00'
    """
    entries = sorted(entries, key=lambda entry: entry.tag)
    place = start + 2 + 12 * len(entries) + 4
    table, data = struct.pack("<H", len(entries)), b""
    for entry in entries:
        table += struct.pack("<HHI", entry.tag, entry.kind, entry.count)
        if len(entry.value) <= 4:
            table += entry.value.ljust(4, b"\0")
        else:
            table += struct.pack("<I", place + len(data))
            data += entry.value.ljust(_padded(entry), b"\0")
    return table + b"\0\0\0\0" + data


def upright(block: bytes) -> bytes:
    """The same EXIF block with its orientation set to 1, for pixels that have been turned upright."""
    start = 6 if block.startswith(b"Exif\0\0") else 0
    layout = _layout(block[start : start + 16])
    if layout is None or layout.big:
        return block
    begin = start + layout.first
    if begin + 2 > len(block):
        return block
    count = struct.unpack_from(layout.order + "H", block, begin)[0]
    for index in range(min(count, MOST_ENTRIES)):
        place = begin + 2 + 12 * index
        if block[place : place + 2] == struct.pack(layout.order + "H", ORIENTATION):
            return block[: place + 8] + struct.pack(layout.order + "HH", 1, 0) + block[place + 12 :]
    return block


def _padded(entry: Entry) -> int:
    size = len(entry.value)
    return 0 if size <= 4 else size + size % 2


def _layout(header: bytes) -> _Layout | None:
    order = {b"II": "<", b"MM": ">"}.get(header[:2])
    if order is None or len(header) < 8:
        return None
    magic, first = struct.unpack_from(order + "HI", header, 2)
    if magic == 43 and len(header) == 16:
        return _Layout(order, True, struct.unpack_from(order + "Q", header, 8)[0])
    return _Layout(order, False, first)


def _entries(read: Read, layout: _Layout, place: int) -> dict[int, Entry]:
    count_size, entry_size, inline = (8, 20, 8) if layout.big else (2, 12, 4)
    raw = read(place, count_size) if place < 2**62 else b""
    if len(raw) < count_size:
        return {}
    count = min(int.from_bytes(raw, "little" if layout.order == "<" else "big"), MOST_ENTRIES)
    table = read(place + count_size, count * entry_size)
    entries = {}
    for start in range(0, len(table) - entry_size + 1, entry_size):
        entry = _entry(read, layout, table[start : start + entry_size], inline)
        if entry is not None:
            entries[entry.tag] = entry
    return entries


def _entry(read: Read, layout: _Layout, row: bytes, inline: int) -> Entry | None:
    tag, kind, count = struct.unpack_from(layout.order + ("HHQ" if layout.big else "HHI"), row)
    if kind not in TYPES or count * TYPES[kind][1] > MOST_VALUE_BYTES:
        return None
    size = count * TYPES[kind][1]
    value = row[-inline:][:size]
    if size > inline:
        offset = int.from_bytes(row[-inline:], "little" if layout.order == "<" else "big")
        value = read(offset, size) if offset < 2**62 else b""
    if len(value) < size:
        return None
    return Entry(tag, kind, _little_endian(value, kind) if layout.order == ">" else value)


def _little_endian(value: bytes, kind: int) -> bytes:
    letter, size = TYPES[kind]
    width = {5: 4, 10: 4}.get(kind, size)
    if letter == "s" or width == 1:
        return value
    return b"".join(value[start : start + width][::-1] for start in range(0, len(value), width))


def _value(entry: Entry) -> str | float | int | None:
    letter, _ = TYPES[entry.kind]
    if entry.kind == 2:
        return entry.value.split(b"\0")[0].decode("utf-8", "replace").strip() or None
    if letter == "s" or not entry.count:
        return None
    if entry.kind in (5, 10):
        above, below = struct.unpack_from(f"<2{letter}", entry.value)
        return above / below if below else None
    value: float | int = struct.unpack_from(f"<{letter}", entry.value)[0]
    return value if math.isfinite(value) else None
