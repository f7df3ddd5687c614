"""Pyramids: any raster at any scale, a region at a time.

A tiled, pyramidal TIFF in sRGB or of measured values is read as it lies, by libvips. Anything else (JPEG,
PNG, strips, a wide colour profile) is decoded once, pictures by the limited child process of
`vestige.imaging`, into a pyramid in the cache, and read from there.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.display.absence import Absent, reason
from vestige.errors import InputError

TILE = 512
SMALL = 1024
_LOCKS: dict[str, threading.Lock] = {}
_GUARD = threading.Lock()


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
        left, top, width, height = box
        inside = left >= 0 and top >= 0 and left + width <= self.width and top + height <= self.height
        if min(width, height) < 1 or not inside:
            raise Absent(box)
        scale = max(1.0, max(width, height) / side)
        whole = (max(1, round(self.width / scale)), max(1, round(self.height / scale)))
        first = (min(whole[0] - 1, round(left / scale)), min(whole[1] - 1, round(top / scale)))
        last = [
            min(w, f + max(1, round(s / scale)))
            for w, f, s in zip(whole, first, (width, height), strict=True)
        ]
        cut = (*first, last[0] - first[0], last[1] - first[1])
        return self._region(*whole, cut, bands, margin, exact)

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
        left, top, width, height = box
        inside = left >= 0 and top >= 0 and left + width <= self.width and top + height <= self.height
        if min(width, height, *size) < 1 or not inside:
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


def open_pyramid(path: Path, cache: Path, *, foreign: bool = False, linear: bool = False) -> Pyramid:
    """The pyramid of an image file; what has to be made for it lands in `cache`.

    A `foreign` file came from outside: only the limited child process reads it. One in `linear` light is
    shown as bright as it needs to be.

    Raises
    ------
    InputError
        where the file is no image or a broken one.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(path.name, f"cannot be read ({error.strerror})") from None
    return _open(path, cache, status.st_mtime_ns, status.st_size, foreign, linear)


@lru_cache(maxsize=256)
def _open(path: Path, cache: Path, changed: int, size: int, foreign: bool, linear: bool) -> Pyramid:
    from vestige.imaging import probe
    from vestige.imaging.formats import image_format

    if foreign or linear:
        return _derived(path, cache, f"{changed} {size} {'linear' if linear else 'foreign'}", None, linear)
    if image_format(path) == "tiff":
        with reading(path):
            native = _native(path)
        ready = _ready(path, native)
        if (
            native.sample not in ("uint8", "uint16")
            or native.bands not in (1, 3, 4)
            or len(native.levels[0].sources) > 1
        ):
            return native if ready else _derived(path, cache, f"{changed} {size}", native)
        if ready and probe(path).encoding == "srgb":
            return native
    return _derived(path, cache, f"{changed} {size}", None)


def _native(path: Path) -> Pyramid:
    """What a TIFF holds, as it lies."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        levels = []
        for number, item in enumerate(series.levels):
            key = item.keyframe
            pages = [page for page in item.pages if page is not None]
            nested = len(key.treeindex) > 1
            subifd = number - 1 if nested else -1
            sources = tuple(Source(path, int(page.treeindex[0]), subifd) for page in pages)
            levels.append(Level(int(key.imagewidth), int(key.imagelength), sources))
        key = series.keyframe
        bands = max(len(levels[0].sources), int(key.samplesperpixel))
        sample = str(key.dtype)
        nodata = _nodata(key)
    if levels[0].width * levels[0].height == 0:
        raise InputError(path.name, "holds no pixel")
    return Pyramid(tuple(levels), bands, sample, nodata)


def size_of(path: Path, *, foreign: bool = False) -> tuple[int, int]:
    """Width and height of an image as it is shown, from its header alone.

    Raises
    ------
    InputError
        where the file is no image or a broken one.
    """
    from vestige.imaging import probe
    from vestige.imaging.formats import image_format

    if foreign or image_format(path) != "tiff":
        info = probe(path)
        return info.width, info.height
    with reading(path):
        native = _native(path)
    return native.width, native.height


def native_bands(path: Path) -> int:
    """How many bands a TIFF holds, samples and pages together."""
    with reading(path):
        return _native(path).bands


def _nodata(page: Any) -> float | None:
    """The value that stands for none, where the file says so in GDAL's tag."""
    tag = page.tags.get(42113)
    try:
        value = float(str(tag.value).strip("\0 ")) if tag is not None else math.nan
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _ready(path: Path, native: Pyramid) -> bool:
    """Whether it can be read a region at a time: tiled, with a small last level, in plain values."""
    import tifffile

    with tifffile.TiffFile(path) as tiff:
        key = tiff.series[0].keyframe
        plain = (
            key.is_tiled and native.sample in ("uint8", "uint16", "float32") and int(key.planarconfig) == 1
        )
    last = native.levels[-1]
    return bool(plain and max(last.width, last.height) <= SMALL)


def _derived(path: Path, cache: Path, version: str, native: Pyramid | None, linear: bool = False) -> Pyramid:
    """The pyramid of a file in the cache, made at the first use."""
    name = hashlib.sha256(f"{path} {version}".encode()).hexdigest()[:24]
    with _GUARD:
        lock = _LOCKS.setdefault(name, threading.Lock())
    pages = [source.page for source in native.levels[0].sources] if native else [0]
    targets = [cache / f"{name}-{page}.tif" for page in pages]
    with lock:
        for page, target in zip(pages, targets, strict=True):
            if not target.is_file():
                _make(path, target, page if native else None, linear)
    parts = [_native(target) for target in targets]
    if len(parts) == 1:
        return replace(parts[0], nodata=native.nodata if native else None)
    levels = [
        Level(level.width, level.height, tuple(part.levels[number].sources[0] for part in parts))
        for number, level in enumerate(parts[0].levels)
    ]
    return Pyramid(tuple(levels), len(parts), parts[0].sample, native.nodata if native else None)


def _make(path: Path, target: Path, page: int | None, linear: bool) -> None:
    """Write a pyramid: of the measured values of a page, or (None) of the picture as a screen shows it."""
    from vestige.imaging._vips import pyvips

    target.parent.mkdir(parents=True, exist_ok=True)
    pixels = _display(path, linear) if page is None else _values(path, page)
    handle, temporary = tempfile.mkstemp(suffix=".tif", dir=target.parent)
    os.close(handle)
    with reading(path):
        image = pyvips.Image.new_from_array(pixels)
        image.tiffsave(
            temporary,
            tile=True,
            tile_width=256,
            tile_height=256,
            pyramid=True,
            bigtiff=True,
            compression="deflate",
            level=1,
            predictor="none",
            region_shrink="mean" if page is None else "nearest",
        )
        Path(temporary).replace(target)


def _display(path: Path, linear: bool) -> NDArray[np.uint8]:
    """A picture as 8-bit sRGB, decoded in the limited child process, a strip at a time."""
    from vestige.imaging import open_image, srgb_from_linear, strips

    with open_image(path, encoding="linear" if linear else "auto") as image:
        white = max(float(np.percentile(image.proxy(512), 99.5)), 1e-6) if linear else 1.0
        shown = np.empty(image.shape, np.uint8)
        as_it_lies = not linear and image.info.encoding == "srgb" and image.info.dtype == "uint8"
        for strip in strips(
            image.info.height, row_bytes=image.info.width * image.info.channels * 16, budget_bytes=64 << 20
        ):
            rows = slice(strip.first, strip.last)
            if as_it_lies:
                shown[rows] = image.pixels(rows)
                continue
            light = np.clip(image.read(rows) / np.float32(white), 0.0, 1.0)
            shown[rows] = (srgb_from_linear(light) * 255 + 0.5).astype(np.uint8)
    return shown


def _values(path: Path, page: int) -> NDArray[Any]:
    """Measured values of one page as they are stored, as float32 where they are of a wider type."""
    import tifffile

    with reading(path):
        values = tifffile.imread(path, key=page)
        if values.ndim == 3 and values.shape[0] < 5 < values.shape[2]:
            values = np.moveaxis(values, 0, -1)
        if values.dtype not in (np.uint8, np.uint16, np.float32):
            values = values.astype(np.float32)
        return np.ascontiguousarray(values)


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
