"""All scans as one PDF, a page each, at no cost of memory: the JPEG files stand in it as they are.

ISO 32000-1: an image whose filter is DCTDecode is a JPEG file, byte by byte. As with the ZIP, the lengths
of all pieces are known, so the document is never written anywhere and any part of it can be told again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vestige.deliver.parcel import Parcel, Piece, Stored
from vestige.deliver.scans import Scan
from vestige.errors import InputError

_COLOURS: Final = {1: b"/DeviceGray", 3: b"/DeviceRGB", 4: b"/DeviceCMYK"}
#: Degrees clockwise a page is turned for each EXIF orientation; mirrored ones are rare and stay as they are.
_TURN: Final = {3: 180, 6: 90, 8: 270}
#: Where a scan says no resolution, its longer side is that of A4, in points.
_LONGER_SIDE: Final = 842.0
#: A point is 1/72 inch; PDF readers take pages of up to 14,400 points.
_POINTS: Final = 72.0
_LARGEST: Final = 14_400.0


@dataclass(frozen=True)
class JpegHead:
    """What a PDF must be told of a JPEG: pixels as stored, colours, turn (degrees), resolution, profile."""

    width: int
    height: int
    components: int
    adobe: bool = False
    turn: int = 0
    ppi: float = 0.0
    profile: bytes = b""


def document(scans: Sequence[Scan]) -> Parcel:
    """All scans as one PDF.

    Raises
    ------
    InputError : a scan is no JPEG file.
    """
    pieces: list[Piece] = [b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"]
    places: list[int] = []
    length = len(pieces[0]) if isinstance(pieces[0], bytes) else 0

    def write(*parts: Piece) -> None:
        nonlocal length
        for part in parts:
            pieces.append(part)
            length += part.size if isinstance(part, Stored) else len(part)

    def begin(*parts: Piece) -> None:
        places.append(length)
        write(b"%d 0 obj\n" % len(places), *parts, b"\nendobj\n")

    kids = b" ".join(b"%d 0 R" % (3 + 4 * index) for index in range(len(scans)))
    begin(b"<< /Type /Catalog /Pages 2 0 R >>")
    begin(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(scans), kids))
    for index, scan in enumerate(scans):
        for parts in _page(scan.sheet, 3 + 4 * index):
            begin(*parts)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = length
    write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1) + table)
    write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(places) + 1, start))
    mark = b"pdf" + b"".join(struct.pack("<IQI", scan.number, scan.size, scan.crc) for scan in scans)
    return Parcel(pieces, "application/pdf", mark)


def _page(sheet: Path, number: int) -> list[tuple[Piece, ...]]:
    """The four objects of a page: itself, how the picture is drawn, the picture, its colour profile."""
    head = jpeg_head(sheet)
    wide, high = _paper(head)
    turn = b" /Rotate %d" % head.turn if head.turn else b""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f]%s /Contents %d 0 R"
        b" /Resources << /XObject << /S %d 0 R >> >> >>" % (wide, high, turn, number + 1, number + 2)
    )
    draw = b"q %.2f 0 0 %.2f 0 0 cm /S Do Q" % (wide, high)
    size = sheet.stat().st_size
    colour = b"[/ICCBased %d 0 R]" % (number + 3) if head.profile else _COLOURS[head.components]
    decode = b" /Decode [1 0 1 0 1 0 1 0]" if head.adobe and head.components == 4 else b""
    image = (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /BitsPerComponent 8 /Filter /DCTDecode"
        b" /ColorSpace %s%s /Length %d >>\nstream\n" % (head.width, head.height, colour, decode, size)
    )
    profile = zlib.compress(head.profile)
    about = b"<< /N %d /Filter /FlateDecode /Length %d >>" % (head.components, len(profile))
    return [
        (page,),
        (b"<< /Length %d >>\nstream\n" % len(draw), draw, b"\nendstream"),
        (image, Stored(sheet, size), b"\nendstream"),
        (about + b"\nstream\n", profile, b"\nendstream"),
    ]


def _paper(head: JpegHead) -> tuple[float, float]:
    scale = _POINTS / head.ppi if head.ppi else _LONGER_SIDE / max(head.width, head.height)
    scale = min(scale, _LARGEST / max(head.width, head.height))
    return max(head.width * scale, 3.0), max(head.height * scale, 3.0)


def jpeg_head(path: Path) -> JpegHead:
    """What stands in the head of a JPEG file (ITU-T T.81, B.1.1; ICC.1, B.4; JFIF 1.02).

    Raises
    ------
    InputError : it is no JPEG of 8 bits with 1, 3 or 4 colours.
    """
    told = _Told()
    with path.open("rb") as stream:
        if stream.read(2) != b"\xff\xd8":
            raise InputError(path.name, "is no JPEG file")
        while True:
            marker = stream.read(2)
            if len(marker) < 2 or marker[0] != 0xFF:
                break
            if marker[1] == 0xFF:  # padding
                stream.seek(-1, 1)
                continue
            length = int.from_bytes(stream.read(2), "big")
            body = stream.read(max(0, length - 2))
            if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC) and len(body) >= 6:
                depth, high, wide, components = struct.unpack(">BHHB", body[:6])
                if depth == 8 and components in _COLOURS and wide and high:
                    profile = b"".join(told.profile[key] for key in sorted(told.profile))
                    return JpegHead(wide, high, components, told.adobe, told.turn, told.ppi, profile)
                break
            _application(marker[1], body, told)
    raise InputError(path.name, "is no JPEG file of 8 bits with 1, 3 or 4 colours")


@dataclass
class _Told:
    """What was read so far of the segments before the frame header."""

    adobe: bool = False
    turn: int = 0
    ppi: float = 0.0
    profile: dict[int, bytes] = field(default_factory=dict)


def _application(marker: int, body: bytes, told: _Told) -> None:
    """What the segments of programs say: resolution, turn, Adobe's colours, profile."""
    if marker == 0xE0 and body[:5] == b"JFIF\0" and len(body) >= 12:
        unit, across = body[7], int.from_bytes(body[8:10], "big")
        if unit in (1, 2) and across > 1:
            told.ppi = across * (2.54 if unit == 2 else 1.0)
    elif marker == 0xE1 and body[:6] == b"Exif\0\0":
        told.turn = _TURN.get(_orientation(body[6:]), 0)
    elif marker == 0xE2 and body[:12] == b"ICC_PROFILE\0" and len(body) > 14:
        told.profile[body[12]] = body[14:]
    elif marker == 0xEE and body[:5] == b"Adobe":
        told.adobe = True


def _orientation(tiff: bytes) -> int:
    """Tag 274 of the first directory of an EXIF block; 1 where it says none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        (place,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, place)
        for index in range(min(count, 200)):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", tiff, place + 2 + 12 * index)
            if tag == 274:
                return int(value)
    except struct.error:
        return 1
    return 1
