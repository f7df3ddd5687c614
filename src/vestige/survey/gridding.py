"""From traverses to square cells: the raster of a site, and cubic convolution strip by strip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.traverses import Survey, Values

__all__ = ["Raster", "interpolate", "raster_of"]


@dataclass(frozen=True)
class Raster:
    """Square cells of `cell` m over a site: north-west corner, size, coordinate reference system.

    >>> Raster(100.0, 200.0, 0.25, 40, 80).bounds
    (100.0, 190.0, 120.0, 200.0)
    """

    west: float
    north: float
    cell: float
    height: int
    width: int
    crs: str = ""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north; m."""
        return (
            self.west,
            self.north - self.height * self.cell,
            self.west + self.width * self.cell,
            self.north,
        )


def raster_of(surveys: Sequence[Survey], cell: float) -> Raster:
    """The raster that holds all surveys; its north-west corner is theirs.

    Raises
    ------
    InputError : they are in different coordinate reference systems, or strewn far apart.

    >>> raster_of([Survey(np.zeros((10, 40), np.float32), 1.0, 0.25)], 0.25).width
    40
    """
    systems = {survey.crs for survey in surveys}
    if len(systems) > 1:
        other = next(survey for survey in surveys if survey.crs != surveys[0].crs)
        raise InputError(
            other.source,
            f"is in {other.crs or 'a local grid'}",
            f"{surveys[0].crs or 'a local grid'} as the first file",
        )
    west, north = min(s.west for s in surveys), max(s.north for s in surveys)
    south = min(s.north - s.extent[0] for s in surveys)
    east = max(s.west + s.extent[1] for s in surveys)
    height, width = max(1, round((north - south) / cell)), max(1, round((east - west) / cell))
    covered = sum(s.extent[0] * s.extent[1] for s in surveys)
    if height * width * cell**2 > 1000 * covered + 1e4:
        raise InputError(
            surveys[-1].source,
            f"lies {max(north - south, east - west):.0f} m from the others",
            "files of one site",
        )
    return Raster(west, north, cell, height, width, surveys[0].crs)


def interpolate(survey: Survey, raster: Raster, rows: slice) -> Values:
    """Rows of the raster from the readings; float32, NaN where the nearest reading is missing.

    Cubic convolution (Keys 1981 [1]_) where all sixteen readings are there, bilinear beside a gap. Only the
    traverses that the rows need are touched.

    References
    ----------
    .. [1] Keys, R. (1981). Cubic convolution interpolation for digital image processing. IEEE Trans. ASSP 29.

    >>> survey = Survey(np.arange(16, dtype=np.float32).reshape(2, 8), 1.0, 0.25)
    >>> interpolate(survey, raster_of([survey], 0.5), slice(0, 1)).shape
    (1, 4)
    """
    values, row_step, column_step = survey.north_up()
    down = raster.north - survey.north
    down_at = ((np.arange(*rows.indices(raster.height)) + 0.5) * raster.cell - down) / row_step - 0.5
    across = raster.west - survey.west
    across_at = ((np.arange(raster.width) + 0.5) * raster.cell + across) / column_step - 0.5
    used, down_local = _needed(down_at, values.shape[0])
    strip = values[used]
    cubic = _separable(strip, down_local, across_at, _cubic)
    known = np.isfinite(strip)
    if not known.all() or not np.isfinite(cubic).all():
        weight = _separable(known.astype(np.float32), down_local, across_at, _linear)
        total = _separable(np.where(known, strip, 0).astype(np.float32), down_local, across_at, _linear)
        linear = total / np.maximum(weight, np.float32(1e-6))
        cubic = np.where(np.isfinite(cubic), cubic, np.where(weight > 1e-3, linear, np.nan)).astype(
            np.float32
        )
    return _masked(cubic, known, down_local, across_at, down_at, values.shape[0])


def _needed(at: NDArray[np.floating[Any]], count: int) -> tuple[slice, NDArray[np.floating[Any]]]:
    """The source rows that positions need, and the positions within them."""
    first = int(np.clip(np.floor(at[0]) - 2, 0, count - 1))
    last = int(np.clip(np.ceil(at[-1]) + 3, first + 1, count))
    return slice(first, last), at - first


def _separable(values: Values, down: Any, across: Any, kernel: Any) -> Values:
    """Weighted sums of neighbouring rows, then of neighbouring columns; edges repeat."""
    for axis, positions in ((0, down), (1, across)):
        base = np.floor(positions).astype(np.intp)
        weights = kernel((positions - base).astype(np.float32))
        total: Values | None = None
        for tap, weight in weights:
            places = np.clip(base + tap, 0, values.shape[axis] - 1)
            shaped = weight[:, np.newaxis] if axis == 0 else weight[np.newaxis]
            part = np.take(values, places, axis=axis) * shaped
            total = part if total is None else total + part
        assert total is not None
        values = total
    return values


def _linear(offset: Values) -> list[tuple[int, Values]]:
    return [(0, 1 - offset), (1, offset)]


def _cubic(offset: Values) -> list[tuple[int, Values]]:
    """The four weights of cubic convolution with a = -0.5."""
    t = offset
    return [
        (-1, -0.5 * t + t**2 - 0.5 * t**3),
        (0, 1 - 2.5 * t**2 + 1.5 * t**3),
        (1, 0.5 * t + 2 * t**2 - 1.5 * t**3),
        (2, -0.5 * t**2 + 0.5 * t**3),
    ]


def _masked(values: Values, known: Any, down_local: Any, across: Any, down: Any, count: int) -> Values:
    """NaN outside the survey and where the nearest reading is missing."""
    rows = np.clip(np.floor(down_local + 0.5).astype(np.intp), 0, known.shape[0] - 1)
    columns = np.clip(np.floor(across + 0.5).astype(np.intp), 0, known.shape[1] - 1)
    inside_rows = (down >= -0.5 - 1e-6) & (down <= count - 0.5 + 1e-6)
    inside_columns = (across >= -0.5 - 1e-6) & (across <= known.shape[1] - 0.5 + 1e-6)
    there = known[np.ix_(rows, columns)] & inside_rows[:, np.newaxis] & inside_columns[np.newaxis]
    return np.where(there, values, np.nan).astype(np.float32)
