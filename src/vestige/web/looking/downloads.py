"""Downloads: a sight as a picture file of a chosen size and format, with profile, scale and credit."""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Rights
from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.display.tone import Tone, shown
from vestige.errors import BudgetError, InputError, UsageError
from vestige.imaging import ImageWriter, linear_from_srgb
from vestige.imaging.exif import Entry, build
from vestige.web.looking.sight import Sight

#: Format: its suffix, its media type, and the longest side it holds.
FORMATS = {
    "jpeg": (".jpg", "image/jpeg", 65_500),
    "png": (".png", "image/png", 100_000),
    "tiff": (".tif", "image/tiff", 1_000_000),
}
SIZES = (1000, 2000, 4000, 0)
#: No picture of more pixels is made for a download; the file itself is always there.
MOST_PIXELS = 400_000_000
#: Rows are toned so many pixels at a time.
STRIP_PIXELS = 4_000_000
_WHITE = 255


@dataclass(frozen=True)
class Wanted:
    """What a person asks for: format, longest side (0: as many pixels as there are) and part (else all)."""

    format: str = "jpeg"
    side: int = 2000
    part: tuple[int, int, int, int] | None = None


def credit(title: str, label: str, rights: Rights) -> str:
    """The line that names what the picture shows, who made it and what one may do with it.

    >>> credit("A coin", "depth", Rights(creator="Museum", licence="CC-BY-4.0"))
    'A coin (depth). Museum. CC-BY-4.0'
    """
    parts = [f"{title} ({label})", rights.creator, rights.licence, rights.statement]
    return ". ".join(part.strip().rstrip(".") for part in parts if part.strip())


def file_name(sight: Sight, wanted: Wanted) -> str:
    """A name that any system can keep.

    >>> re.sub(r"[^a-z]+", "-", "a coin & its case")
    'a-coin-its-case'
    """
    words = re.sub(r"[^\w]+", "-", f"{sight.title} {sight.label}", flags=re.UNICODE).strip("-")[:80]
    part = "-part" if wanted.part else ""
    size = f"-{wanted.side}px" if wanted.side else ""
    return f"{words or 'picture'}{part}{size}{FORMATS[wanted.format][0]}"


def write(sight: Sight, wanted: Wanted, rights: Rights, tone: Tone, bands: tuple[int, ...]) -> Path:
    """The picture as a temporary file, which the caller takes away.

    Raises
    ------
    UsageError
        where the format is unknown.
    BudgetError
        where the picture would have too many pixels.
    """
    if wanted.format not in FORMATS or wanted.side not in SIZES:
        raise UsageError(f"a download is one of {', '.join(FORMATS)}, {SIZES[:-1]} pixels long or 0 for all")
    left, top, width, height = wanted.part or (0, 0, sight.pyramid.width, sight.pyramid.height)
    scale = max(1.0, max(width, height) / wanted.side) if wanted.side else 1.0
    across, down = max(1, round(width / scale)), max(1, round(height / scale))
    suffix, _, longest = FORMATS[wanted.format]
    if across * down > MOST_PIXELS or max(across, down) > longest:
        raise BudgetError(
            f"{across} x {down} pixels are more than a {wanted.format.upper()} is made of here: "
            "take a smaller size, a part, or the original file"
        )
    handle, name = tempfile.mkstemp(suffix=suffix)
    os.close(handle)
    path = Path(name)
    mm = sight.pixel_mm * scale if sight.pixel_mm else None
    try:
        with ImageWriter(
            path,
            down,
            across,
            3,
            depth=8,
            ppi=25.4 / mm if mm else None,
            exif=_exif(rights),
            description=credit(sight.title, sight.label, rights),
        ) as writer:
            step = max(1, STRIP_PIXELS // across)
            for first in range(0, down, step):
                rows = min(step, down - first)
                box = _rows((left, top, width, height), down, first, rows)
                writer.write(first, _light(sight, box, (rows, across), tone, bands))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _rows(box: tuple[int, int, int, int], down: int, first: int, rows: int) -> tuple[int, int, int, int]:
    """The part of `box` behind some rows of the picture."""
    left, top, width, height = box
    upper = top + first * height // down
    lower = top + max(first * height // down + 1, (first + rows) * height // down)
    return left, upper, width, lower - upper


def _light(
    sight: Sight, box: tuple[int, int, int, int], shape: tuple[int, int], tone: Tone, bands: tuple[int, ...]
) -> NDArray[np.float32]:
    """A strip of the picture as linear light, missing values white."""
    import cv2

    margin = 1 if tone.look == "relief" else 0
    values = sight.pyramid.part(box, max(shape), bands, margin, exact=tone.look == "classes")
    if sight.kind is Kind.BANDS and len(bands) == 3:
        pixels = pictures.mixed(values, sight.pyramid, bands)
    else:
        pixels = shown(values, tone, pitch=sight.towards_viewer * box[2] / shape[1])
    if pixels.shape[2] == 4:
        pixels = np.where(pixels[..., 3:] > 0, pixels[..., :3], np.uint8(_WHITE))
    if pixels.shape[:2] != shape:
        pixels = np.asarray(cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(linear_from_srgb(pixels.astype(np.float32) / 255), np.float32)


def _exif(rights: Rights) -> bytes:
    """Who made it and what one may do with it, in EXIF's own fields."""
    entries = {305: "Vestige", 315: rights.creator}
    entries[33432] = ". ".join(part for part in (rights.licence, rights.statement) if part)
    told = {
        tag: Entry(tag, 2, text.encode("utf-8", "replace")[:2000] + b"\0")
        for tag, text in entries.items()
        if text
    }
    return build(told)


def asked_part(sight: Sight, text: str) -> tuple[int, int, int, int] | None:
    """The part ``left,top,width,height`` of an address, cut to the picture; None where there is none.

    Raises
    ------
    InputError
        where nothing of it lies in the picture.
    """
    if not text:
        return None
    left, top, width, height = (int(part) for part in text.split(","))
    right, bottom = min(left + width, sight.pyramid.width), min(top + height, sight.pyramid.height)
    left, top = max(0, left), max(0, top)
    if right <= left or bottom <= top:
        raise InputError(sight.label, "has no pixel in the part that was asked for", "a part of the picture")
    return left, top, right - left, bottom - top
