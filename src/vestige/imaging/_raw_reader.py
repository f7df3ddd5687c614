"""Reads camera RAW by LibRaw: camera white balance, linear, 16 bit, sRGB primaries. Runs in the decoding
child.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import rawpy

from vestige.imaging import exif
from vestige.imaging._header import Header, RefusedError, refusal
from vestige.imaging.store import write_rows

__all__ = ["RawReader"]


class RawReader:
    """One RAW file; satisfies `Reader`."""

    def __init__(self, path: str, page: int) -> None:
        if page:
            raise RefusedError(f"has no page {page}; a RAW file holds one image")
        self._path = path
        try:
            with rawpy.imread(path) as raw:
                turned = raw.sizes.flip in (5, 6)
                width, height = raw.sizes.iwidth, raw.sizes.iheight
                grey = raw.num_colors == 1
                shot = _noted_by_libraw(raw)
        except rawpy.LibRawError as error:
            raise refusal(f"LibRaw: {_text(error)}") from None
        with open(path, "rb") as file:
            entries = exif.read_directory(lambda offset, size: os.pread(file.fileno(), size, offset))
        self.header = Header(
            width=height if turned else width,
            height=width if turned else height,
            channels=1 if grey else 3,
            dtype="uint16",
            white_level=65535.0,
            exif=shot | exif.named_values(entries),
            exif_bytes=exif.upright(exif.build(entries)) if entries else None,
        )

    def write_rows(self, descriptor: int, *, linear: bool, shrink: int = 1) -> tuple[int, int]:
        """As `Reader.write_rows`; the stored numbers are linear already."""
        try:
            with rawpy.imread(self._path) as raw:
                pixels = raw.postprocess(
                    gamma=(1, 1),
                    no_auto_bright=True,
                    use_camera_wb=True,
                    output_bps=16,
                    output_color=rawpy.ColorSpace.sRGB,
                )
        except rawpy.LibRawError as error:
            raise refusal(f"LibRaw: {_text(error)}") from None
        if pixels.ndim == 3 and self.header.channels == 1:
            pixels = pixels[..., 0]
        if pixels.shape[:2] != (self.header.height, self.header.width):
            raise RefusedError("is damaged: its pixels do not fit its header; copy it again")
        pixels = np.ascontiguousarray(pixels[::shrink, ::shrink])
        write_rows(descriptor, pixels, 0)
        return pixels.shape[0], pixels.shape[1]


def _noted_by_libraw(raw: Any) -> dict[str, str | float | int]:
    """What LibRaw knows of the shot; RAW files that are no TIFF have nothing else."""
    shot = raw.other
    values: dict[str, str | float | int] = {
        "ISO": round(shot.iso_speed),
        "ExposureTime": float(shot.shutter_speed),
        "FNumber": float(shot.aperture),
        "FocalLength": float(shot.focal_length),
    }
    if shot.timestamp.year > 1971:
        # LibRaw turns the camera's local time into a date without a zone, as EXIF holds it.
        values["DateTimeOriginal"] = shot.timestamp.strftime("%Y:%m:%d %H:%M:%S")
    return {name: value for name, value in values.items() if value}


def _text(error: Exception) -> str:
    message = error.args[0] if error.args else error
    return message.decode(errors="replace") if isinstance(message, bytes) else str(message)
