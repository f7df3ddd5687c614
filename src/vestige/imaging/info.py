"""What is known of an image before its pixels are read, and what reading it may cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

__all__ = ["Dtype", "Encoding", "Format", "ImageInfo", "Limits"]

Format = Literal["jpeg", "png", "tiff", "jp2", "raw"]
Dtype = Literal["uint8", "uint16", "float32"]
Encoding = Literal["srgb", "icc", "linear"]


@dataclass(frozen=True)
class Limits:
    """What one file may cost: a hostile file is refused instead of filling the machine.

    Attributes
    ----------
    pixels : most width x height; checked on the header, before any pixel is decoded.
    seconds : longest decoding time on the wall clock.
    bytes : most address space of the decoding process.

    >>> Limits().pixels
    1000000000
    """

    pixels: int = 1_000_000_000
    seconds: float = 600.0
    bytes: int = 8 * 2**30


@dataclass(frozen=True)
class ImageInfo:
    """Header of an image, without its pixels.

    Attributes
    ----------
    path, format : the file and what it holds: 'jpeg', 'png', 'tiff', 'jp2' or 'raw'.
    width, height : pixels, as seen upright (the orientation tag is obeyed).
    channels : 1 (grey) or 3 (RGB); an alpha channel is not counted, and never read.
    dtype : of the stored pixels: 'uint8', 'uint16' or 'float32' (other numbers are read as float32).
    pages : images in the file.
    encoding : how stored values become linear light: the sRGB curve, the embedded profile, or as they are.
    white_level : stored value that means 1.0.
    icc : embedded colour profile.
    exif : what the camera noted, by the EXIF names (FocalLength in mm, ExposureTime in s, SubjectDistance
        in m).
    exif_bytes : the whole EXIF block, for `write_image(..., exif=)`.
    ppi : resolution in pixels an inch.
    description : free text of the file.

    >>> ImageInfo(Path("a.png"), "png", 4, 3, 1, "uint8").shape
    (3, 4)
    """

    path: Path
    format: Format
    width: int
    height: int
    channels: int
    dtype: Dtype
    pages: int = 1
    encoding: Encoding = "srgb"
    white_level: float = 1.0
    icc: bytes | None = field(default=None, repr=False)
    exif: Mapping[str, str | float | int] = field(default_factory=lambda: MappingProxyType({}))
    exif_bytes: bytes | None = field(default=None, repr=False)
    ppi: float | None = None
    description: str | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width) of a grey image, (height, width, 3) of a colour image."""
        return (self.height, self.width) if self.channels == 1 else (self.height, self.width, self.channels)
