"""Files made of pieces: their length and every byte of them are known before the first is sent.

A ZIP of stored entries needs only lengths, names and CRC-32 sums, which are known since each scan came. So it
is never written anywhere: any part of it can be told again after a connection was cut, however large it is
(APPNOTE 6.3.10; ZIP64 beyond 4 GiB).
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path
from typing import Final

from vestige.deliver.ranges import Span
from vestige.deliver.scans import Scan

#: Bytes read at a time.
CHUNK: Final = 256 << 10
_MOST_32: Final = 0xFFFFFFFF
_MOST_16: Final = 0xFFFF
_UTF8: Final = 0x0800


@dataclass(frozen=True)
class Stored:
    """A file that is a piece of another."""

    path: Path
    size: int


Piece = bytes | Stored


class Parcel:
    """Pieces one after another, read as one file.

    >>> parts = Parcel([b"one", b"two", b"three"], "application/octet-stream")
    >>> parts.size, b"".join(parts.read(Span(2, 8)))
    (11, b'etwoth')
    """

    def __init__(self, pieces: Sequence[Piece], media_type: str, mark: bytes = b"") -> None:
        self.pieces, self.media_type = list(pieces), media_type
        lengths = [piece.size if isinstance(piece, Stored) else len(piece) for piece in self.pieces]
        self._ends = list(accumulate(lengths))
        self.size = self._ends[-1] if self._ends else 0
        self.etag = f'"{blake2b(mark, digest_size=12).hexdigest()}-{self.size:x}"'

    def read(self, span: Span) -> Iterator[bytes]:
        """The bytes of a span, at most `CHUNK` at a time."""
        place = span.start
        while place < span.stop:
            number = bisect_right(self._ends, place)
            piece, end = self.pieces[number], min(self._ends[number], span.stop)
            begins = self._ends[number - 1] if number else 0
            if isinstance(piece, bytes):
                yield piece[place - begins : end - begins]
            else:
                yield from _part(piece.path, place - begins, end - place)
            place = end


def scan_file(scan: Scan) -> Parcel:
    """One scan as it is handed out."""
    return Parcel([Stored(scan.file, scan.size)], scan.media_type, _mark([scan]))


def parcel(scans: Sequence[Scan]) -> Parcel:
    """All scans as one ZIP, stored.

    >>> parcel([]).size
    22
    """
    pieces: list[Piece] = []
    directory: list[bytes] = []
    offset = 0
    for scan in scans:
        head = _local(scan)
        directory.append(_central(scan, offset))
        pieces += [head, Stored(scan.file, scan.size)]
        offset += len(head) + scan.size
    listing = b"".join(directory)
    pieces.append(listing + _end(len(directory), len(listing), offset))
    return Parcel(pieces, "application/zip", b"zip" + _mark(scans))


def _mark(scans: Sequence[Scan]) -> bytes:
    return b"".join(struct.pack("<IQI", scan.number, scan.size, scan.crc) for scan in scans)


def _part(path: Path, start: int, length: int) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as stream:
        stream.seek(start)
        while length:
            chunk = stream.read(min(CHUNK, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk


def _time(made: datetime) -> int:
    """Date and time as ZIP writes them: MS-DOS, two seconds fine."""
    day = ((max(made.year, 1980) - 1980) << 9) | (made.month << 5) | made.day
    return (day << 16) | (made.hour << 11) | (made.minute << 5) | (made.second // 2)


def _local(scan: Scan) -> bytes:
    name = scan.name.encode()
    large = scan.size >= _MOST_32
    extra = struct.pack("<HHQQ", 1, 16, scan.size, scan.size) if large else b""
    size = _MOST_32 if large else scan.size
    fixed = struct.pack(
        "<4sHHHIIIIHH", b"PK\3\4", 45 if large else 20, _UTF8, 0, _time(scan.made), scan.crc, size, size,
        len(name), len(extra),
    )  # fmt: skip
    return fixed + name + extra


def _central(scan: Scan, offset: int) -> bytes:
    name = scan.name.encode()
    large, far = scan.size >= _MOST_32, offset >= _MOST_32
    values = ([scan.size, scan.size] if large else []) + ([offset] if far else [])
    extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    size = _MOST_32 if large else scan.size
    fixed = struct.pack(
        "<4sHHHHIIIIHHHHHII", b"PK\1\2", 45, 45 if values else 20, _UTF8, 0, _time(scan.made), scan.crc, size,
        size, len(name), len(extra), 0, 0, 0, 0, _MOST_32 if far else offset,
    )  # fmt: skip
    return fixed + name + extra


def _end(count: int, length: int, offset: int) -> bytes:
    large = count >= _MOST_16 or length >= _MOST_32 or offset >= _MOST_32
    end = b""
    if large:
        end = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, offset)
        end += struct.pack("<4sIQI", b"PK\6\7", 0, offset + length, 1)
    few = min(count, _MOST_16)
    return end + struct.pack(
        "<4sHHHHIIH", b"PK\5\6", 0, 0, few, few, min(length, _MOST_32), min(offset, _MOST_32), 0
    )
