"""Values read from a raster: of all bands at a point or over an area, and along a line."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract.kinds import Kind
from vestige.display.bands import band_labels, wavelengths
from vestige.display.pyramid import Pyramid
from vestige.web.exhibit import Exhibit

#: No area or line is read at more pixels than this a side; a larger one is read from a smaller size.
MOST = 512
Corners = tuple[float, float, float, float]


def spectrum(exhibit: Exhibit, item: int, corners: Corners) -> dict[str, Any]:
    """The mean and spread of each band between two corners in pixels; of one pixel where they meet."""
    pyramid = exhibit.pyramid(item)
    values = pyramid.part(box_of(pyramid, corners), MOST, tuple(range(pyramid.bands)))
    flat = values.reshape(-1, values.shape[2]).astype(np.float64)
    count = np.isfinite(flat).sum(0)
    total = np.where(np.isfinite(flat), flat, 0.0)
    mean = total.sum(0) / np.maximum(count, 1)
    spread = np.sqrt(np.maximum((total**2).sum(0) / np.maximum(count, 1) - mean**2, 0))
    return {
        "labels": band_labels(exhibit.about, pyramid.bands),
        "wavelengths": wavelengths(exhibit.about, pyramid.bands),
        "values": [float(m) if c else None for m, c in zip(mean, count, strict=True)],
        "spread": [float(s) if c else None for s, c in zip(spread, count, strict=True)],
        "pixels": int(count.max()),
        "unit": str(exhibit.about.get("unit", "")),
    }


def profile(exhibit: Exhibit, item: int, ends: Corners) -> dict[str, Any]:
    """The values of the first band along a line between two points in pixels, at even steps."""
    pyramid = exhibit.pyramid(item)
    box = box_of(pyramid, ends)
    values = pyramid.part(box, MOST, (0,), exact=exhibit.record.kind is Kind.CLASSES)[..., 0]
    length = math.dist(ends[:2], ends[2:])
    steps = int(min(MOST, max(2, math.ceil(length) + 1)))
    share = np.linspace(0, 1, steps)
    across = (ends[0] + (ends[2] - ends[0]) * share - box[0]) / box[2] * values.shape[1] - 0.5
    down = (ends[1] + (ends[3] - ends[1]) * share - box[1]) / box[3] * values.shape[0] - 0.5
    read = _between(values.astype(np.float64), across, down)
    return {
        "length_px": length,
        "values": [float(value) if math.isfinite(value) else None for value in read],
        "unit": str(exhibit.about.get("unit", "")),
        "towards_viewer": exhibit.towards_viewer,
    }


def box_of(pyramid: Pyramid, corners: Corners) -> tuple[int, int, int, int]:
    """The pixels (left, top, width, height) between two corners, cut to the raster; at least one pixel."""
    xs, ys = sorted(corners[0::2]), sorted(corners[1::2])
    left = int(min(max(0, math.floor(xs[0])), pyramid.width - 1))
    top = int(min(max(0, math.floor(ys[0])), pyramid.height - 1))
    right = int(min(max(left, math.floor(xs[1])), pyramid.width - 1))
    bottom = int(min(max(top, math.floor(ys[1])), pyramid.height - 1))
    return left, top, right - left + 1, bottom - top + 1


def _between(values: NDArray[np.float64], x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float64]:
    """Values at places between pixels, bilinear; at the rim, those of the rim."""
    height, width = values.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    u, v = x - left, y - top
    upper = values[top, left] * (1 - u) + values[top, right] * u
    lower = values[bottom, left] * (1 - u) + values[bottom, right] * u
    return np.asarray(upper * (1 - v) + lower * v, np.float64)
