"""Readings that lie on no line: interpolated to square cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.traverses import Survey

__all__ = ["cells_of_points", "refuse_strewn", "usual_step"]

#: Cells of a grid that one reading may stand for; more means that a coordinate is wrong.
CELLS_A_READING = 200
#: A cell farther from every reading than this many times their usual distance is not surveyed.
FARTHEST = 3.0


def cells_of_points(path: Path, table: NDArray[np.float64], *, farthest: float = 0.0, **told: Any) -> Survey:
    """Interpolate readings (n, 3: easting, northing, value) linearly over triangles (Delaunay) to cells.

    `farthest` (m) bounds how far a cell may lie from a reading; by default three times their usual distance.

    Raises
    ------
    InputError : the readings lie in one place, on one line, or strewn far apart.

    >>> points = np.random.default_rng(0).uniform(0, 10, (200, 3))
    >>> cells_of_points(Path("a.csv"), points).walked
    False
    """
    import scipy.interpolate
    import scipy.spatial

    table = table[np.isfinite(table).all(axis=1)]
    origin = table[:, :2].min(axis=0)
    local = table[:, :2] - origin
    width, height = local.max(axis=0)
    tree = scipy.spatial.cKDTree(local)
    nearest = tree.query(local, k=2)[0][:, 1]
    step = usual_step(nearest[nearest > 1e-3])
    if step is None or min(width, height) < step:
        raise InputError(
            path, "holds readings that all lie in one place or on one line", "coordinates in metres"
        )
    area = width * height / len(table)
    cell = round(float(np.clip(np.sqrt(area) / 2, step / 2, 1.0)), 3) or step
    refuse_strewn(path, (width / cell + 1) * (height / cell + 1), len(table), width, height)
    east, north = np.arange(0, width + cell / 2, cell), np.arange(height, -cell / 2, -cell)
    try:
        linear = scipy.interpolate.LinearNDInterpolator(local, table[:, 2])
    except scipy.spatial.QhullError:
        raise InputError(path, "holds readings that lie on one line", "a survey in two directions") from None
    grid = np.stack(np.meshgrid(east, north), axis=-1)
    values = linear(grid).astype(np.float32)
    values[tree.query(grid)[0] > (farthest or FARTHEST * np.sqrt(area))] = np.nan
    return Survey(
        values,
        traverse_m=cell,
        reading_m=cell,
        easting=float(origin[0]),
        northing=float(origin[1] + north[0]),
        walked=False,
        **told,
    )


def usual_step(steps: NDArray[np.float64]) -> float | None:
    """The usual step; None where there is none.

    >>> usual_step(np.array([0.5, 0.5, 9.0]))
    0.5
    """
    if not steps.size:
        return None
    usual = float(np.median(steps))
    return usual if usual > 1e-3 else None


def refuse_strewn(path: Path, cells: float, readings: int, width: float, height: float) -> None:
    """Refuse readings so far apart that a coordinate must be wrong.

    >>> refuse_strewn(Path("a.csv"), 1000, 500, 10, 10)
    """
    if not cells <= CELLS_A_READING * readings + 10_000:
        raise InputError(
            path,
            f"strews {readings} readings over {width:.4g} x {height:.4g} m",
            "the coordinates of one survey, in metres",
            "check them",
        )
