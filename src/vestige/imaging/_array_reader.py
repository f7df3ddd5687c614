"""Reads JPEG 2000 and the rarer TIFF by imagecodecs and tifffile: decoded whole, so memory holds the frame.

Runs inside the decoding child.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import numpy as np

from vestige.imaging import _jpeg2000, exif
from vestige.imaging._header import GREY_OR_RGB, Header, RefusedError, refusal, write_linear
from vestige.imaging.store import write_rows

__all__ = ["ArrayReader", "jpeg2000_reader", "tiff_reader"]

CODESTREAM: Final = b"\xff\x4f\xff\x51"
CUT_OFF: Final = "is cut off or damaged; expected a whole JPEG 2000 image: copy it again"


class ArrayReader:
    """A header, and a function that decodes the pixels; satisfies `Reader`."""

    def __init__(self, header: Header, decode: Callable[[], Any]) -> None:
        self.header, self._decode = header, decode

    def write_rows(self, descriptor: int, *, linear: bool, shrink: int = 1) -> tuple[int, int]:
        """As `Reader.write_rows`."""
        pixels = np.ascontiguousarray(self._pixels()[::shrink, ::shrink])
        if not linear:
            write_rows(descriptor, pixels, 0)
            return pixels.shape[0], pixels.shape[1]
        from vestige.imaging._vips import pyvips

        names = {(1, "uint8"): "b-w", (1, "uint16"): "grey16", (3, "uint8"): "srgb", (3, "uint16"): "rgb16"}
        image = pyvips.Image.new_from_array(pixels)
        image = image.copy(interpretation=names[self.header.channels, self.header.dtype])
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", self.header.icc)
        return write_linear(image, descriptor)

    def _pixels(self) -> Any:
        try:
            pixels = np.asarray(self._decode())
        except (MemoryError, RefusedError):
            raise
        except Exception as error:
            raise refusal(str(error)) from None
        if pixels.ndim == 3:
            pixels = pixels[..., :3] if self.header.channels == 3 else pixels[..., 0]
        wanted = (self.header.height, self.header.width)
        if pixels.shape != (wanted if self.header.channels == 1 else (*wanted, 3)):
            raise RefusedError("is damaged: its pixels do not fit its header; copy it again")
        return np.ascontiguousarray(pixels, self.header.dtype)


def jpeg2000_reader(path: str, page: int) -> ArrayReader:
    """JPEG 2000, boxed (.jp2) or a bare codestream (.j2k)."""
    if page:
        raise RefusedError(f"has no page {page}; a JPEG 2000 file holds one image")
    with open(path, "rb") as file:
        header = _jpeg2000_header(file)

    def decode() -> Any:
        import imagecodecs

        with open(path, "rb") as file:
            data = file.read()
        # Without its boxes: imagecodecs would apply the colour profile, and stored values are wanted here.
        return imagecodecs.jpeg2k_decode(data[data.index(CODESTREAM) :], numthreads=2)

    return ArrayReader(header, decode)


def tiff_reader(path: str, page: int) -> ArrayReader:
    """A TIFF that libvips does not read."""
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            header = _tiff_header(tiff, page)
    except RefusedError:
        raise
    except Exception as error:
        raise refusal(str(error)) from None

    def decode() -> Any:
        with tifffile.TiffFile(path) as tiff:
            return tiff.pages[page].asarray()

    return ArrayReader(header, decode)


def _tiff_header(tiff: Any, page: int) -> Header:
    if page >= len(tiff.pages):
        if not len(tiff.pages):
            raise RefusedError("holds no picture; expected a whole TIFF: copy it again")
        raise RefusedError(f"has no page {page}; expected one from 0 to {len(tiff.pages) - 1}")
    frame = tiff.pages[page]
    shape = frame.shape
    if frame.photometric.name not in ("MINISBLACK", "RGB", "YCBCR") or len(shape) not in (2, 3):
        raise RefusedError(f"holds {frame.photometric.name} colours of shape {shape}; {GREY_OR_RGB}")
    if len(shape) == 3 and shape[2] not in (2, 3, 4):
        raise RefusedError(
            f"holds {shape[2]} channels; expected 1 (grey) or 3 (RGB): save one file a channel"
        )
    if frame.dtype is None or frame.dtype.kind not in "uif":
        raise RefusedError("holds numbers that cannot be read; expected 8 or 16 bit or float: save it again")
    dtype = frame.dtype.name if frame.dtype.name in ("uint8", "uint16") else "float32"

    def read(offset: int, size: int) -> bytes:
        tiff.filehandle.seek(offset)
        return bytes(tiff.filehandle.read(size))

    entries = exif.read_directory(read)
    return Header(
        width=shape[1],
        height=shape[0],
        channels=3 if len(shape) == 3 and shape[2] >= 3 else 1,
        dtype=dtype,
        pages=len(tiff.pages),
        white_level=1.0 if dtype == "float32" else float(2**frame.bitspersample - 1),
        icc=frame.iccprofile,
        exif=exif.named_values(entries),
        exif_bytes=exif.upright(exif.build(entries)) if entries else None,
        description=frame.description or None,
    )


def _jpeg2000_header(file: BinaryIO) -> Header:
    """Size and depth from the SIZ marker (ISO/IEC 15444-1, A.5.1), the rest from the boxes before it."""
    head = file.read(1 << 22)
    place = head.find(CODESTREAM)
    if place < 0 or len(head) < place + 45:
        raise RefusedError(CUT_OFF)
    right, lower, left, upper = struct.unpack_from(">4I", head, place + 8)
    parts, depth = struct.unpack_from(">HB", head, place + 40)
    bits = (depth & 0x7F) + 1
    if depth & 0x80 or bits > 16:
        raise RefusedError(f"holds signed or {bits}-bit samples; expected up to 16 bit: save it again")
    if parts not in (1, 2, 3, 4):
        raise RefusedError(f"holds {parts} channels; expected 1 (grey) or 3 (RGB): save one file a channel")
    outer = list(_jpeg2000.boxes(head[:place])) if place else []
    inner = next((content for kind, content in outer if kind == b"jp2h"), b"")
    if place and _is_palette(inner):
        raise RefusedError(f"holds a palette; {GREY_OR_RGB}")
    block = _jpeg2000.exif_of(outer)
    return Header(
        width=max(0, right - left),
        height=max(0, lower - upper),
        channels=1 if parts < 3 else 3,
        dtype="uint8" if bits <= 8 else "uint16",
        white_level=float(2**bits - 1),
        icc=_jpeg2000.profile_of(inner),
        exif=exif.named_values(exif.parse(block)) if block else {},
        exif_bytes=exif.upright(block) if block else None,
        ppi=_jpeg2000.ppi_of(inner),
    )


def _is_palette(header: bytes) -> bool:
    return any(kind == b"pclr" for kind, _ in _jpeg2000.boxes(header))
