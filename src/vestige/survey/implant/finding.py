"""What the model finds on a grid in memory, mapped as `run` maps it, and which implanted rings it found."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from vestige.survey.forward.shapes import Ring
from vestige.survey.geotiff import raster_writer
from vestige.survey.gridding import Raster, interpolate
from vestige.survey.implant.placing import Implant
from vestige.survey.mapping.features import Feature, features_of
from vestige.survey.mapping.model import FeatureModel
from vestige.survey.mapping.prediction import predict_rows, tiling_for
from vestige.survey.traverses import Survey, Values

__all__ = ["Found", "find", "gridded", "is_followed", "match"]

#: A ring is found where a ring was mapped whose centre lies within this share of its radius, and whose
#: diameter is within this share of its own.
CENTRE, DIAMETER = 0.5, 0.3
#: A ring is followed where this share of its ditch lies within `NEAR` m of a feature, and this share of the
#: features in its disc lies within `NEAR` m of its ditch's edge.
SHARE, NEAR = 0.5, 1.0


@dataclass(frozen=True)
class Found:
    """Features as they are mapped, and their cells."""

    features: list[Feature]
    cells: NDArray[np.bool_]

    @property
    def rings(self) -> list[Feature]:
        """Those that have a circle."""
        return [one for one in self.features if np.isfinite(one.complete)]


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
    import rasterio.features

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
    layers: dict[str, NDArray[Any]] = {
        "classes": np.vstack([strip.classes for strip in strips]),
        "confidence": np.vstack([strip.confidence for strip in strips]),
        "values": grid,
    }
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.tif") for name in layers}
        for name, layer in layers.items():
            with raster_writer(paths[name], raster, layer.dtype, nodata=None) as writer:
                writer.write(0, layer)
        features = features_of(
            **paths,
            raster=raster,
            model=model,
            minimum_area=minimum_area,
            minimum_confidence=minimum_confidence,
        )
    cells = np.zeros(grid.shape, np.uint8)
    if features:
        cells = rasterio.features.rasterize(
            [one.polygon for one in features],
            out_shape=grid.shape,
            transform=(raster.cell, 0.0, raster.west, 0.0, -raster.cell, raster.north),
            dtype="uint8",
        )
    return Found(features, cells > 0)


def match(ring: Ring, rings: Sequence[Feature]) -> Feature | None:
    """The mapped ring that is this one, the surest if there are several; None where it was not found.

    `ring` lies in the coordinates of the map. Its centre is within half its radius, its diameter within 30 %
    (of the inner ditch too, where it is double).

    >>> match(Ring(0, 0, 10), []) is None
    True
    """
    wanted = [ring.diameter, ring.diameter * ring.inner] if ring.inner else [ring.diameter]
    fitting = [
        one
        for one in rings
        if np.hypot(one.centre[0] - ring.east, one.centre[1] - ring.north) <= CENTRE * ring.diameter / 2
        and any(abs(one.diameter - across) <= DIAMETER * across for across in wanted)
    ]
    return max(fitting, key=lambda one: one.confidence, default=None)


def is_followed(one: Implant, cells: NDArray[np.bool_], raster: Raster) -> bool:
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
