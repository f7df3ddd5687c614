"""Pyramids: any raster at any scale, a region at a time.

A tiled, pyramidal TIFF in sRGB or of measured values is read as it lies, by libvips. Anything else (JPEG,
PNG, strips, a wide colour profile) is decoded once, pictures by the limited child process of
`vestige.imaging`, into a pyramid in the cache, and read from there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.display.absence import Absent, reason
from vestige.errors import InputError

TILE = 512


@dataclass(frozen=True)
class Source:
    """One picture within a TIFF file."""

    path: Path
    page: int
    subifd: int = -1


@dataclass(frozen=True)
class Level:
    """One size of a raster; several sources where each band is a picture of its own."""

    width: int
    height: int
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Pyramid:
    """A raster in several sizes, largest first.

    `bands` counts samples and pages together; `sample` is ``uint8``, ``uint16`` or ``float32``;
    `nodata` is the value that stands for none, which is handed out as NaN.
    """

    levels: tuple[Level, ...]
    bands: int
    sample: str
    nodata: float | None = None

    @property
    def width(self) -> int:
        """Columns of the largest level."""
        return self.levels[0].width

    @property
    def height(self) -> int:
        """Rows of the largest level."""
        return self.levels[0].height

    @property
    def deepest(self) -> int:
        """The number of the zoom level at full size; level 0 fits into one tile."""
        return max(0, math.ceil(math.log2(max(self.width, self.height) / TILE)))

    def tile(
        self,
        zoom: int,
        column: int,
        row: int,
        bands: tuple[int, ...],
        margin: int = 0,
        *,
        exact: bool = False,
    ) -> NDArray[Any]:
        """Stored values of one tile, (height, width, bands), and `margin` more pixels on each side.

        `exact` gives only values that are stored (classes), never averages.

        Raises
        ------
        Absent
            where there is no such tile or band.
        """
        if not 0 <= zoom <= self.deepest or column < 0 or row < 0:
            raise Absent(zoom)
        scale = 2.0 ** (self.deepest - zoom)
        width, height = math.ceil(self.width / scale), math.ceil(self.height / scale)
        left, top = column * TILE, row * TILE
        if left >= width or top >= height:
            raise Absent(column, row)
        box = (left, top, min(TILE, width - left), min(TILE, height - top))
        return self._region(width, height, box, bands, margin, exact)

    def overview(self, side: int, bands: tuple[int, ...], *, exact: bool = False) -> NDArray[Any]:
        """Stored values of the whole raster, at most `side` pixels long (height, width, bands)."""
        scale = max(1.0, max(self.width, self.height) / side)
        width, height = max(1, round(self.width / scale)), max(1, round(self.height / scale))
        return self._region(width, height, (0, 0, width, height), bands, 0, exact)

    def part(
        self,
        box: tuple[int, int, int, int],
        side: int,
        bands: tuple[int, ...],
        margin: int = 0,
        *,
        exact: bool = False,
    ) -> NDArray[Any]:
        """Stored values of `box` (left, top, width, height at full size), at most `side` pixels long.

        Raises
        ------
        Absent
            where the box lies outside the raster or is empty.
        """
        left, top, width, height = self._inside(box)
        scale = max(1.0, max(width, height) / side)
        whole = (max(1, round(self.width / scale)), max(1, round(self.height / scale)))
        first = (min(whole[0] - 1, round(left / scale)), min(whole[1] - 1, round(top / scale)))
        last = [
            min(w, f + max(1, round(s / scale)))
            for w, f, s in zip(whole, first, (width, height), strict=True)
        ]
        cut = (*first, last[0] - first[0], last[1] - first[1])
        return self._region(*whole, cut, bands, margin, exact)

    def _inside(self, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """The box, where it holds pixels of the raster and nothing else; else an Absent."""
        left, top, width, height = box
        inside = left >= 0 and top >= 0 and left + width <= self.width and top + height <= self.height
        if min(width, height) < 1 or not inside:
            raise Absent(box)
        return box

    def scaled(
        self,
        box: tuple[int, int, int, int],
        size: tuple[int, int],
        bands: tuple[int, ...],
        margin: int = 0,
        *,
        exact: bool = False,
    ) -> NDArray[Any]:
        """Stored values of `box` (left, top, width, height at full size) in just `size` (width, height).

        Raises
        ------
        Absent
            where the box lies outside the raster or is empty.
        """
        left, top, width, height = self._inside(box)
        if min(size) < 1:
            raise Absent(box)
        across, down = size[0] / width, size[1] / height
        whole = (max(1, round(self.width * across)), max(1, round(self.height * down)))
        first = (
            max(0, min(whole[0] - size[0], round(left * across))),
            max(0, min(whole[1] - size[1], round(top * down))),
        )
        return self._region(*whole, (*first, *size), bands, margin, exact)

    def _region(
        self,
        width: int,
        height: int,
        box: tuple[int, int, int, int],
        bands: tuple[int, ...],
        margin: int,
        exact: bool,
    ) -> NDArray[Any]:
        """`box` (left, top, width, height) of the raster as it would be at `width` by `height`."""
        if not bands or any(not 0 <= band < self.bands for band in bands):
            raise Absent(bands)
        pixels_wanted = width * height
        level = next(
            item
            for item in reversed(self.levels)
            if item.width * item.height >= pixels_wanted or item is self.levels[0]
        )
        wanted = (box[3] + 2 * margin, box[2] + 2 * margin)
        with reading(level.sources[0].path):
            if len(level.sources) > 1:
                cuts = [_cut(level.sources[band], width, height, box, margin) for band in bands]
                pixels = np.dstack([cut[..., 0] for cut in cuts])
            else:
                pixels = _cut(level.sources[0], width, height, box, margin)[..., list(bands)]
            if self.nodata is not None:
                pixels = np.where(pixels == self.nodata, np.float32(np.nan), pixels).astype(np.float32)
            return pixels if pixels.shape[:2] == wanted else _resized(pixels, wanted, exact)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever a library raises on a broken file becomes one sentence that names it."""
    import tifffile

    from vestige.imaging._vips import pyvips

    try:
        yield
    except (OSError, ValueError, IndexError, KeyError, TypeError, MemoryError) as error:
        raise InputError(path.name, f"cannot be shown ({reason(error, path)})") from None
    except (pyvips.Error, tifffile.TiffFileError) as error:
        raise InputError(path.name, f"cannot be shown ({reason(error, path)})") from None


def _cut(
    source: Source, width: int, height: int, box: tuple[int, int, int, int], margin: int
) -> NDArray[Any]:
    from vestige.imaging._vips import pyvips

    image = pyvips.Image.tiffload(str(source.path), page=source.page, subifd=source.subifd, revalidate=True)
    across, down = image.width / width, image.height / height
    left, top = max(0, math.floor(box[0] * across)), max(0, math.floor(box[1] * down))
    right = min(image.width, max(left + 1, math.ceil((box[0] + box[2]) * across)))
    bottom = min(image.height, max(top + 1, math.ceil((box[1] + box[3]) * down)))
    first_x, first_y = max(0, left - margin), max(0, top - margin)
    last_x, last_y = min(image.width, right + margin), min(image.height, bottom + margin)
    part = image.crop(first_x, first_y, last_x - first_x, last_y - first_y)
    pixels: NDArray[Any] = np.atleast_3d(part.numpy())
    edges = (
        (margin - top + first_y, margin - bottom + last_y),
        (margin - left + first_x, margin - right + last_x),
    )
    return np.pad(pixels, (*((max(0, a), max(0, b)) for a, b in edges), (0, 0)), mode="edge")


def _resized(pixels: NDArray[Any], shape: tuple[int, int], exact: bool) -> NDArray[Any]:
    import cv2

    larger = shape[0] >= pixels.shape[0]
    nearest = exact or (pixels.dtype.kind == "f" and bool(np.isnan(pixels).any()))
    kind = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR if larger else cv2.INTER_AREA
    return np.atleast_3d(cv2.resize(pixels, (shape[1], shape[0]), interpolation=kind))
