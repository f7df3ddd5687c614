"""From points to traverses: which readings were walked in one line, and where along it they lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.interpolate
import scipy.spatial
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.traverses import Survey, Values

__all__ = ["survey_of_points"]

Points = NDArray[np.float64]

#: A gap longer than this many readings stays a gap.
LONGEST_GAP = 3.0
#: Cells of a grid that one reading may stand for; more means that a coordinate is wrong.
CELLS_A_READING = 200


def survey_of_points(
    path: Path, points: Points, *, crs: str = "", source: str = "", unit: str = "nT"
) -> Survey:
    """Lay readings (n, 3: easting, northing, value) along traverses.

    Readings that share one coordinate in the order recorded were walked in a line along the other; they are
    interpolated linearly to equal intervals along it, and a gap stays a gap. Where there are no such lines
    (a cart that steers by satellite), readings are interpolated linearly to square cells.

    Raises
    ------
    InputError : the coordinates are no survey (all in one place, or strewn too far apart).

    >>> east, north = np.meshgrid(np.arange(6.0), np.arange(3.0))
    >>> points = np.column_stack([east.ravel(), north.ravel(), east.ravel()])
    >>> survey_of_points(Path("a.xyz"), points).values.shape
    (3, 6)
    """
    changes = [int(np.count_nonzero(np.abs(np.diff(points[:, axis])) > 1e-4)) for axis in (0, 1)]
    steady = int(np.argmin(changes))
    if changes[steady] + 1 <= len(points) / 3:
        return _walked(path, points, steady, crs=crs, source=source, unit=unit)
    return _scattered(path, points, crs=crs, source=source, unit=unit)


def _walked(path: Path, points: Points, steady: int, *, crs: str, source: str, unit: str) -> Survey:
    """Lines of one easting run north, lines of one northing run east."""
    places = np.unique(np.round(points[:, steady], 2))
    between = _interval(places, 1.0)
    along_axis = 1 - steady
    steps = np.abs(np.diff(points[:, along_axis]))[np.abs(np.diff(points[:, steady])) <= 1e-4]
    spacing = _interval_of(steps[steps > 1e-4])
    if spacing is None:
        raise InputError(path, "holds readings that do not move along their lines", "coordinates in metres")
    spacing = round(spacing, 3)
    low, high = points[:, along_axis].min(), points[:, along_axis].max()
    count = (np.ptp(points[:, steady]) / between + 1, (high - low) / spacing + 1)
    _refuse_strewn(path, count[0] * count[1], len(points), count[1] * spacing, count[0] * between)
    positions = low + spacing * np.arange(round(count[1]))
    line = np.round((points[:, steady] - places[0]) / between).astype(np.intp)
    values = np.full((int(line.max()) + 1, len(positions)), np.nan, np.float32)
    for number in np.unique(line):
        mine = points[line == number]
        values[number] = _along(mine[:, along_axis], mine[:, 2], positions, spacing)
    if not np.isfinite(values).any():
        raise InputError(path, "holds no two readings beside each other on a line", "a survey in traverses")
    first = {0: (places[0], low), 1: (low, places[-1])}[steady]
    return Survey(
        values if steady == 0 else np.ascontiguousarray(values[::-1]),
        traverse_m=between,
        reading_m=spacing,
        easting=float(first[0]),
        northing=float(first[1]),
        bearing=0 if steady == 0 else 90,
        crs=crs,
        source=source,
        unit=unit,
    )


def _interval(places: NDArray[np.float64], default: float) -> float:
    found = _interval_of(np.diff(places))
    return default if found is None else round(found, 3)


def _interval_of(steps: NDArray[np.float64]) -> float | None:
    """The usual step; None where there is none."""
    if not steps.size:
        return None
    usual = float(np.median(steps))
    return usual if usual > 1e-3 else None


def _along(at: NDArray[np.float64], values: NDArray[np.float64], wanted: Points, spacing: float) -> Values:
    """Linear interpolation along one line; NaN farther from a reading than a gap allows."""
    known = np.isfinite(values)
    if np.count_nonzero(known) < 2:
        return np.full(len(wanted), np.nan, np.float32)
    order = np.argsort(at[known], kind="stable")
    at, values = at[known][order], values[known][order]
    after = np.clip(np.searchsorted(at, wanted), 1, len(at) - 1)
    gap = at[after] - at[after - 1]
    found = np.interp(wanted, at, values)
    outside = (wanted < at[0] - 0.75 * spacing) | (wanted > at[-1] + 0.75 * spacing)
    return np.where(outside | (gap > LONGEST_GAP * spacing), np.nan, found).astype(np.float32)


def _scattered(path: Path, points: Points, *, crs: str, source: str, unit: str) -> Survey:
    points = points[np.isfinite(points[:, 2])]
    origin = points[:, :2].min(axis=0)
    local = points[:, :2] - origin
    width, height = local.max(axis=0)
    tree = scipy.spatial.cKDTree(local)
    nearest = tree.query(local, k=2)[0][:, 1]
    step = _interval_of(nearest[nearest > 1e-3])
    if step is None or min(width, height) < step:
        raise InputError(
            path, "holds readings that all lie in one place or on one line", "coordinates in metres"
        )
    area = width * height / len(points)
    cell = round(float(np.clip(np.sqrt(area) / 2, step / 2, 1.0)), 3) or step
    _refuse_strewn(path, (width / cell + 1) * (height / cell + 1), len(points), width, height)
    east, north = np.arange(0, width + cell / 2, cell), np.arange(height, -cell / 2, -cell)
    try:
        linear = scipy.interpolate.LinearNDInterpolator(local, points[:, 2])
    except scipy.spatial.QhullError:
        raise InputError(path, "holds readings that lie on one line", "a survey in two directions") from None
    grid = np.stack(np.meshgrid(east, north), axis=-1)
    values = linear(grid).astype(np.float32)
    values[tree.query(grid)[0] > LONGEST_GAP * np.sqrt(area)] = np.nan
    return Survey(
        values,
        traverse_m=cell,
        reading_m=cell,
        easting=float(origin[0]),
        northing=float(origin[1] + north[0]),
        crs=crs,
        walked=False,
        source=source,
        unit=unit,
    )


def _refuse_strewn(path: Path, cells: float, readings: int, width: float, height: float) -> None:
    if not cells <= CELLS_A_READING * readings + 10_000:
        raise InputError(
            path,
            f"strews {readings} readings over {width:.4g} x {height:.4g} m",
            "the coordinates of one survey, in metres",
            "check them",
        )
