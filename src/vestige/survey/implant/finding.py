"""What the model finds on a grid in memory, and which of the implanted rings it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from vestige.survey.gridding import Raster, interpolate
from vestige.survey.implant.placing import Implant
from vestige.survey.mapping.model import FeatureModel
from vestige.survey.mapping.prediction import predict_rows, tiling_for
from vestige.survey.traverses import Survey, Values

__all__ = ["Found", "find", "gridded", "is_found"]

#: A ring is found where this share of its ditch lies within `NEAR` m of a feature, and this share of the
#: features in its disc lies within `NEAR` m of its ditch's edge.
SHARE, NEAR = 0.5, 1.0


@dataclass(frozen=True)
class Found:
    """Cells of features, and how many features (connected cells) there are."""

    cells: NDArray[np.bool_]
    count: int


def gridded(surveys: Sequence[Survey], raster: Raster) -> Values:
    """The surveys on the raster (nT, NaN where not surveyed); where two overlap, the later one is seen."""
    grid = np.full((raster.height, raster.width), np.nan, np.float32)
    for survey in surveys:
        values = interpolate(survey, raster, slice(0, raster.height))
        grid = np.where(np.isfinite(values), values, grid)
    return grid


def find(
    grid: Values,
    raster: Raster,
    model: FeatureModel,
    memory: int,
    *,
    minimum_area: float,
    minimum_confidence: float,
) -> Found:
    """Features of a grid, less those that are smaller or less sure than asked for."""
    tiling = tiling_for(model, memory, *grid.shape)
    strips = [
        predict_rows(
            model,
            lambda rows, columns: grid[rows, columns],
            grid.shape,
            slice(first, min(first + tiling.side, raster.height)),
            tiling,
        )
        for first in range(0, raster.height, tiling.side)
    ]
    feature = np.vstack([strip.classes for strip in strips]) == 1
    confidence = np.vstack([strip.confidence for strip in strips])
    numbers, count = scipy.ndimage.label(feature)
    areas = np.bincount(numbers.ravel(), minlength=count + 1) * raster.cell**2
    sums = np.bincount(numbers.ravel(), confidence.ravel(), minlength=count + 1) * raster.cell**2
    kept = (areas >= minimum_area) & (sums >= minimum_confidence * areas)
    kept[0] = False
    return Found(kept[numbers], int(kept.sum()))


def is_found(one: Implant, cells: NDArray[np.bool_], raster: Raster) -> bool:
    """Whether features follow the ring: along enough of its ditch, and without filling its disc."""
    reach = (0.55 * one.ring.diameter + one.ring.width + 2 * NEAR) / raster.cell
    centre = (raster.north - one.ring.north) / raster.cell, (one.ring.east - raster.west) / raster.cell
    rows = slice(max(0, int(centre[0] - reach)), min(raster.height, int(centre[0] + reach) + 1))
    columns = slice(max(0, int(centre[1] - reach)), min(raster.width, int(centre[1] + reach) + 1))
    window = cells[rows, columns]
    outer = _drawn(one.cells(raster), rows, columns)
    if not window.any() or not outer.any():
        return False
    ditch = outer | _drawn(one.cells(raster, one.ring.inner), rows, columns) if one.ring.inner else outer
    near = NEAR / raster.cell
    to_feature = scipy.ndimage.distance_transform_edt(~window)
    to_ditch = scipy.ndimage.distance_transform_edt(~ditch)
    along = float((to_feature[outer] <= near).mean())
    fitting = float((to_ditch[window] <= near + one.ring.width / 2 / raster.cell).mean())
    return along >= SHARE and fitting >= SHARE


def _drawn(
    line: tuple[NDArray[np.float64], NDArray[np.float64]], rows: slice, columns: slice
) -> NDArray[np.bool_]:
    """The cells of a window that a line goes through."""
    drawn = np.zeros((rows.stop - rows.start, columns.stop - columns.start), bool)
    down, across = (
        np.floor(part + 0.5).astype(int) - first
        for part, first in zip(line, (rows.start, columns.start), strict=True)
    )
    inside = (down >= 0) & (down < drawn.shape[0]) & (across >= 0) & (across < drawn.shape[1])
    drawn[down[inside], across[inside]] = True
    return drawn
