"""Opening a raster as a pyramid: as it lies where it can be read so, else through one made in the cache."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import threading
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.display.pyramid import Level, Pyramid, Source, reading
from vestige.errors import InputError

#: A pyramid is ready where its last level is as small as this.
SMALL = 1024
_LOCKS: dict[str, threading.Lock] = {}
_GUARD = threading.Lock()


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
