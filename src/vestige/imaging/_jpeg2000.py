"""Boxes of a JPEG 2000 file (ISO/IEC 15444-1, annex I): colour profile, resolution and EXIF beside the
pixels.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

__all__ = ["boxes", "exif_of", "ppi_of", "profile_of", "with_metadata"]

EXIF_UUID: Final = b"JpgTiffExif->JP2"
METRES_AN_INCH: Final = 0.0254


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    r"""Kind and content of each box; stops at what is broken.

    >>> list(boxes(b"\0\0\0\x0afreeab"))
    [(b'free', b'ab')]
    """
    place = 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if size == 1 and place + 16 <= len(data):
            size, start = struct.unpack_from(">Q", data, start)[0], start + 8
        last = len(data) if size == 0 else place + size
        if last < start:
            return
        yield kind, data[start:last]
        place = last


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def with_metadata(file: bytes, *, profile: bytes | None, exif: bytes | None, ppi: float | None) -> bytes:
    """The same JPEG 2000 file with a profile, an EXIF block and a resolution."""
    result = b""
    for kind, content in boxes(file):
        if kind == b"jp2h":
            content = _header(content, profile, ppi)
        if kind == b"jp2c" and exif:
            result += _box(b"uuid", EXIF_UUID + exif.removeprefix(b"Exif\0\0"))
        result += _box(kind, content)
    return result


def _header(content: bytes, profile: bytes | None, ppi: float | None) -> bytes:
    result = b""
    for kind, inner in boxes(content):
        result += _box(kind, b"\x02\0\0" + profile if kind == b"colr" and profile else inner)
    if ppi:
        dots = round(ppi / METRES_AN_INCH * 100)
        below, exponent = (100, 0) if dots < 2**16 else (1, 0)
        above = min(65535, dots if below == 100 else round(ppi / METRES_AN_INCH))
        result += _box(
            b"res ", _box(b"resd", struct.pack(">4H2b", above, below, above, below, exponent, exponent))
        )
    return result


def profile_of(header: bytes) -> bytes | None:
    """The ICC profile in a 'jp2h' box.

    >>> profile_of(b"") is None
    True
    """
    for kind, content in boxes(header):
        if kind == b"colr" and content[:1] in (b"\x02", b"\x03") and content[39:43] == b"acsp":
            return content[3:]
    return None


def ppi_of(header: bytes) -> float | None:
    """Pixels an inch from the 'res ' box in a 'jp2h' box.

    >>> ppi_of(b"") is None
    True
    """
    for kind, content in boxes(header):
        for _, inner in boxes(content) if kind == b"res " else ():
            if len(inner) >= 10:
                above, below = struct.unpack_from(">4H", inner)[2:]
                exponent = struct.unpack_from(">b", inner, 9)[0]
                return round(above / below * 10.0**exponent * METRES_AN_INCH, 2) if below else None
    return None


def exif_of(file_boxes: list[tuple[bytes, bytes]]) -> bytes | None:
    """The EXIF block in a 'uuid' box.

    >>> exif_of([]) is None
    True
    """
    for kind, content in file_boxes:
        if kind == b"uuid" and content.startswith(EXIF_UUID):
            return b"Exif\0\0" + content[len(EXIF_UUID) :]
    return None
