"""What the readers inside the decoding child have in common: the header as plain values, and refusing a
file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np

__all__ = [
    "GREY_OR_RGB",
    "LINEAR_SRGB_FROM_XYZ",
    "Header",
    "Reader",
    "RefusedError",
    "UnsupportedError",
    "linear_light",
    "refusal",
    "write_linear",
    "write_vips",
]

# XYZ (D65, as libvips gives it, 0..100) to linear sRGB, by the primaries of IEC 61966-2-1.
LINEAR_SRGB_FROM_XYZ: Final = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)
GREY_OR_RGB: Final = "expected grey or RGB: convert it to RGB first"


class RefusedError(Exception):
    """The file cannot be read; the text ends the sentence 'NAME …'."""


class UnsupportedError(RefusedError):
    """One library cannot read the file; another one may."""


@dataclass
class Header:
    """Header of an image as plain values, ready for JSON; the fields are those of `ImageInfo`."""

    width: int
    height: int
    channels: int
    dtype: str
    pages: int = 1
    white_level: float = 1.0
    icc: bytes | None = None
    exif: dict[str, str | float | int] = field(default_factory=dict)
    exif_bytes: bytes | None = None
    ppi: float | None = None
    description: str | None = None


class Reader(Protocol):
    """An opened file: its header is known, its pixels are not decoded yet."""

    header: Header

    def write_rows(self, descriptor: int, *, linear: bool, shrink: int = 1) -> tuple[int, int]:
        """Decode into a file, row after row: stored numbers, or (`linear`) float32 through the profile.

        Only about every `shrink`-th pixel each way, by whatever is quickest; gives rows and columns written.
        """


def linear_light(image: Any) -> Any:
    """Linear sRGB primaries of a libvips image, through its embedded profile; colours outside sRGB are
    kept.
    """
    from vestige.imaging._vips import pyvips

    try:
        xyz = image.icc_import(embedded=True, intent="relative", pcs="xyz")
    except pyvips.Error:
        sentence = "has a colour profile that cannot be used: pass encoding='srgb' to read it without"
        raise RefusedError(sentence) from None
    if image.bands == 1:
        return (xyz[1] / 100).cast("float")
    return xyz.recomb((LINEAR_SRGB_FROM_XYZ / 100).tolist()).cast("float")


def refusal(text: str) -> RefusedError:
    """Why a library did not read a file, as the end of 'NAME …'."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[-1] if lines else "no reason given"
    for word in ("premature end", "end of file", "truncated", "end of stream", "out of order", "early"):
        if word in text.lower():
            what = f"is cut off ({reason}); expected a whole image"
            break
    else:
        what = f"is damaged ({reason}); expected an intact image"
    return RefusedError(f"{what}: copy it from the camera or the archive again")


def write_linear(image: Any, descriptor: int) -> tuple[int, int]:
    """Write a libvips image row after row, as linear light; gives its rows and columns."""
    return write_vips(linear_light(image), descriptor)


def write_vips(image: Any, descriptor: int) -> tuple[int, int]:
    """Write a libvips image row after row, as it is; gives its rows and columns."""
    from vestige.imaging._vips import pyvips

    image.rawsave_target(pyvips.Target.new_to_descriptor(descriptor))
    return image.height, image.width
