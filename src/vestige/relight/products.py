"""Writing the products of a dome: relightable picture, normals, albedo, height, and the view of one light."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.errors import OutputError
from vestige.imaging import ImageWriter, StripStore, linear_from_srgb, write_image
from vestige.relight.height import Boundary, integrate, slopes
from vestige.relight.planes import relight
from vestige.relight.strips import Fit, FitStores
from vestige.relight.web_format import info_bytes, quantisation, write_plane_file

__all__ = ["shrink", "write_albedo", "write_height", "write_normals", "write_planes", "write_view"]

ROWS_BYTES = 32 << 20
#: Arrays of the size of the picture, in bytes a pixel, that the integration of height holds at its peak.
HEIGHT_BYTES = 44


def write_planes(
    folder: Path, stores: FitStores, fit: Fit, lights: NDArray[np.float64], quality: int
) -> Path:
    """The relightable picture in the Relight web format."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): choose another folder") from None
    scale, bias = quantisation(fit.low, fit.high)
    for number in range(len(stores.planes)):
        part = slice(3 * number, 3 * number + 3)

        def rows_of(rows: slice, number: int = number) -> NDArray[np.float32]:
            return stores.plane_rows(number, rows)

        path = folder / f"plane_{number}.jpg"
        write_plane_file(path, stores.shape, rows_of, scale[part], bias[part], quality=quality)
    model = stores.model
    info = info_bytes(stores.shape, model.basis, model.colours, lights, scale, bias)
    write_atomically(folder / "info.json", info)
    return folder


def write_normals(path: Path, stores: FitStores) -> Path:
    """Normals as 16-bit RGB: n = 2 v / 65535 - 1; x right, y up, z to the viewer."""

    def codes(unit: NDArray[np.float32]) -> NDArray[np.uint16]:
        return np.round((unit + 1) * np.float32(32767.5)).astype(np.uint16)

    description = "unit normals, n = 2 v / 65535 - 1; x right, y up, z to the viewer"
    with ImageWriter(path, *stores.shape, 3, depth=16, encoded=True, description=description) as writer:
        _copy(stores.normals, writer, codes)
    return path


def write_albedo(path: Path, stores: FitStores, white: float) -> Path:
    """Albedo as 16-bit sRGB; `white` is the albedo shown as white."""
    with ImageWriter(path, *stores.shape, 3, depth=16) as writer:
        _copy(stores.albedo, writer, lambda values: np.clip(values / np.float32(white), 0, 1))
    return path


def write_view(path: Path, stores: FitStores, light: NDArray[np.float64]) -> Path:
    """The picture under one light as 16-bit sRGB."""
    height, width = stores.shape
    step = max(1, ROWS_BYTES // (8 * stores.model.planes * width))
    with ImageWriter(path, height, width, 3, depth=16) as writer:
        for first in range(0, height, step):
            shown = relight(stores.picture(slice(first, min(height, first + step))), light)
            writer.write(first, linear_from_srgb(np.clip(shown, 0, 1)).astype(np.float32))
    return path


def write_height(
    path: Path, stores: FitStores, pixel: float, unit: str, boundary: Boundary, memory: int
) -> dict[str, float]:
    """Height above the mean plane as 32-bit TIFF; returns its range and the step at which it was integrated.

    Integration needs the whole picture at once. Where `memory` (bytes) does not hold it, slopes are averaged
    over small squares and the height between is interpolated.
    """
    height, width = stores.shape
    step = math.ceil(math.sqrt(HEIGHT_BYTES * height * width / memory))
    surface = integrate(*slopes(shrink(stores.normals, step)), boundary=boundary) * np.float32(pixel * step)
    description = f"height above the mean plane in {unit}, towards the viewer"
    if step == 1:
        write_image(path, surface, depth=32, description=description)
    else:
        _enlarge(path, surface, stores.shape, step, description)
    low, high = np.percentile(surface, [0.5, 99.5])
    return {"low": float(low), "high": float(high), "step_px": float(step)}


def shrink(store: StripStore, step: int) -> NDArray[np.float32]:
    """The averages of a stored picture over squares of `step` pixels; at the last edges over what is left.

    >>> import tempfile
    >>> store = StripStore(Path(tempfile.mkdtemp(), "a.bin"), 4, 6, 1, np.float32)
    >>> store[:] = np.ones((4, 6), np.float32)
    >>> shrink(store, 2).shape
    (2, 3)
    """
    height, width = store.shape[:2]
    if step == 1:
        return np.asarray(store[0:height], np.float32)
    block = step * max(1, ROWS_BYTES // (4 * step * width * (store.shape[2] if len(store.shape) == 3 else 1)))
    parts = []
    for first in range(0, height, block):
        rows = store[first : min(height, first + block)]
        size = math.ceil(width / step), math.ceil(len(rows) / step)
        parts.append(cv2.resize(rows, size, interpolation=cv2.INTER_AREA))
    return np.asarray(np.concatenate(parts), np.float32)


def _copy(
    store: StripStore,
    writer: ImageWriter,
    change: Callable[[NDArray[np.float32]], NDArray[np.uint16 | np.float32]],
) -> None:
    height, width = store.shape[:2]
    step = max(1, ROWS_BYTES // (24 * width))
    for first in range(0, height, step):
        writer.write(first, change(store[first : min(height, first + step)]))


def _enlarge(
    path: Path, surface: NDArray[np.float32], shape: tuple[int, int], step: int, description: str
) -> None:
    height, width = shape
    scale_y, scale_x = surface.shape[0] / height, surface.shape[1] / width
    columns = ((np.arange(width, dtype=np.float32) + 0.5) * scale_x - 0.5)[None, :]
    rows_at_once = max(1, ROWS_BYTES // (16 * width))
    with ImageWriter(path, height, width, 1, depth=32, description=description) as writer:
        for first in range(0, height, rows_at_once):
            rows = np.arange(first, min(height, first + rows_at_once), dtype=np.float32)[:, None]
            y = np.broadcast_to((rows + 0.5) * scale_y - 0.5, (len(rows), width)).astype(np.float32)
            x = np.broadcast_to(columns, y.shape).astype(np.float32)
            # Only the coarse rows around these are handed over: remap addresses at most 32767.
            top = max(0, int(y[0, 0]) - 1)
            part = surface[top : int(y[-1, 0]) + 3]
            writer.write(
                first, cv2.remap(part, x, y - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            )
