"""Predicting a whole site in tiles, so that no seam shows and memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.survey.mapping.model import FeatureModel

__all__ = ["Prediction", "Tiling", "predict_rows", "tiling_for"]

#: Memory of a cell in a row of tiles: class and confidence, as made and as kept.
BYTES_OF_ROW = 10
#: Wanted pixels of a tile: multiples of the blocks of the GeoTIFF products.
SIDES = (1024, 768, 512, 256)


@dataclass(frozen=True)
class Tiling:
    """Tiles of `side` wanted pixels, each read with `halo` pixels around it.

    >>> Tiling(512, 96).outer
    704
    """

    side: int
    halo: int

    @property
    def outer(self) -> int:
        """Pixels a side that the network is given."""
        return self.side + 2 * self.halo


@dataclass(frozen=True)
class Prediction:
    """Rows of a prediction: class of each pixel (uint8) and the probability of that class (float32)."""

    classes: NDArray[np.uint8]
    confidence: NDArray[np.float32]


def tiling_for(model: FeatureModel, budget_bytes: int, height: int, width: int) -> Tiling:
    """The largest tiles that fit into the memory granted and are not larger than the site needs.

    >>> from vestige.survey import load_model, shipped_model
    >>> tiling_for(load_model(shipped_model()), 2**31, 400, 500).side
    512
    """
    largest = max(height, width)
    for side, smaller in zip(SIDES, [*SIDES[1:], 0], strict=True):
        tiling = Tiling(side, model.halo)
        row_of_tiles = BYTES_OF_ROW * side * width
        fits = tiling.outer**2 * model.bytes_per_pixel + row_of_tiles <= budget_bytes
        if fits and largest > smaller:
            return tiling
    return Tiling(SIDES[-1], model.halo)


def predict_rows(
    model: FeatureModel,
    read: Callable[[slice, slice], NDArray[np.float32]],
    shape: tuple[int, int],
    rows: slice,
    tiling: Tiling,
) -> Prediction:
    """Predict one row of tiles of a raster.

    `read` gives rows and columns of the raster in nT, NaN where not surveyed; `rows` are the wanted rows,
    at most ``tiling.side`` of them, beginning at a multiple of it. Every tile sees `halo` pixels beyond
    what is wanted of it, NaN beyond the raster, and begins at a multiple of the network's stride: the
    result is the same whatever the tiles. A pixel that was not surveyed is out of bounds, and no other is.

    >>> from vestige.survey import load_model, shipped_model
    >>> quiet = np.zeros((64, 64), np.float32)
    >>> model = load_model(shipped_model())
    >>> found = predict_rows(model, lambda r, c: quiet[r, c], (64, 64), slice(0, 64), Tiling(256, model.halo))
    >>> int(found.classes.max())
    0
    """
    height, width = shape
    count = rows.stop - rows.start
    classes = np.full((count, width), model.out_of_bounds, np.uint8)
    confidence = np.ones((count, width), np.float32)
    for left in range(0, width, tiling.side):
        right = min(left + tiling.side, width)
        size = (_padded(count, model, tiling), _padded(right - left, model, tiling))
        tile = _tile(read, (height, width), (rows.start, left), size, tiling.halo)
        wanted = slice(tiling.halo, tiling.halo + count), slice(tiling.halo, tiling.halo + right - left)
        known = np.isfinite(tile[wanted])
        if not known.any():
            continue
        shown, sure = _class_shown(model.probabilities(tile)[:-1, wanted[0], wanted[1]])
        classes[:, left:right] = np.where(known, shown, model.out_of_bounds)
        confidence[:, left:right] = np.where(known, sure, np.float32(1.0))
    return Prediction(classes, confidence)


def _class_shown(probabilities: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The likeliest class of pixels that are known to be surveyed, and its probability; of two that are
    equally likely, the later.
    """
    last = len(probabilities) - 1
    shown = last - np.argmax(probabilities[::-1], axis=0)
    total = np.maximum(probabilities.sum(axis=0), np.float32(1e-9))
    return shown.astype(np.uint8), probabilities.max(axis=0) / total


def _padded(wanted: int, model: FeatureModel, tiling: Tiling) -> int:
    """A side of a tile that the network takes: no larger than the site needs."""
    return -(-wanted // model.stride) * model.stride + 2 * tiling.halo


def _tile(
    read: Callable[[slice, slice], NDArray[np.float32]],
    shape: tuple[int, int],
    corner: tuple[int, int],
    size: tuple[int, int],
    halo: int,
) -> NDArray[np.float32]:
    """The values that the network is given for one tile; NaN beyond the raster."""
    tile = np.full(size, np.nan, np.float32)
    top, left = corner[0] - halo, corner[1] - halo
    rows = slice(max(0, top), min(shape[0], top + size[0]))
    columns = slice(max(0, left), min(shape[1], left + size[1]))
    tile[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = read(rows, columns)
    return tile
