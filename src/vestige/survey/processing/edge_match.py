"""Edge match: survey grids brought to one level."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from vestige.survey.processing.layout import across, along, part_medians
from vestige.survey.traverses import Survey, Values

__all__ = ["edge_match", "grid_levels"]

Array = NDArray[np.float64]

#: Grids away that are looked at, readings compared at an edge along the traverse.
REACH, AT_EDGE = 2, 4
#: How well an edge tells the step between two grids, and how far levels differ (nT).
EDGE_NOISE, LEVELS = 0.1, 1.0
#: Rounds of reweighting, and deviations from which an edge loses its weight.
ROUNDS, TUNING = 6, 2.0


def edge_match(survey: Survey) -> Values:
    """Readings less the level of their survey grid; float32 (traverse, reading).

    Grids walked on different days, or after the instrument was balanced anew, differ by a constant. It is
    found from the readings on either side of the edges that grids share, by least squares over the grid and
    those up to two grids away, as airborne surveys level their tie lines [1]_.
    What the edges leave open, the level of all, is that at which the median is zero. A survey without grids
    stays as it is.

    References
    ----------
    .. [1] Luyendyk, A. P. J. (1997). Processing of airborne magnetic data. AGSO Journal 17(2), 31-38.

    >>> two = np.repeat(np.array([[0.0, 2.0]], np.float32), 8, axis=1).repeat(8, axis=0)
    >>> bool(np.ptp(edge_match(Survey(two, 1.0, 1.0, grid=(8, 8)))) < 0.1)
    True
    """
    if survey.grid is None:
        return survey.values
    cleaned = np.array(survey.values, np.float32)
    levels = grid_levels(survey)
    for row, band in enumerate(across(survey)):
        for column, part in enumerate(along(survey)):
            cleaned[band, part] -= np.float32(levels[row, column])
    return cleaned


def grid_levels(survey: Survey) -> Array:
    """The level of each survey grid (nT), float64 (grid across, grid along); 0 where nothing was read.

    >>> grid_levels(Survey(np.full((8, 8), 0.5, np.float32), 1.0, 1.0, grid=(8, 8))).round(2)
    array([[0.5]])
    """
    values, bands, parts = survey.values, across(survey), along(survey)
    medians = np.array([[_median(values[band, part]) for part in parts] for band in bands], dtype=np.float64)
    down = np.full(medians.shape, np.nan)
    right = np.full(medians.shape, np.nan)
    for row, band in enumerate(bands):
        for column, part in enumerate(parts):
            if row + 1 < len(bands):
                down[row, column] = _median(values[band.stop, part] - values[band.stop - 1, part])
            if column + 1 < len(parts):
                after = part_medians(values[band, part.stop : part.stop + AT_EDGE], [slice(None)], fewest=2)
                before = part_medians(values[band, part.stop - AT_EDGE : part.stop], [slice(None)], fewest=2)
                right[row, column] = _median(after - before)
    levels = np.zeros(medians.shape)
    for row, column in product(range(len(bands)), range(len(parts))):
        rows, columns = _around(row, len(bands)), _around(column, len(parts))
        found = _solved(medians[rows, columns], down[rows, columns][:-1], right[rows, columns][:, :-1])
        levels[row, column] = found[row - rows.start, column - columns.start]
    return np.where(np.isfinite(medians), levels, 0.0)


def _median(values: NDArray[np.floating]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size >= 3 else float("nan")


def _around(place: int, count: int) -> slice:
    return slice(max(place - REACH, 0), min(place + REACH + 1, count))


def _solved(medians: Array, down: Array, right: Array) -> Array:
    """Levels of a window of grids: their medians as far as the edges leave it open; reweighted."""
    number = np.arange(medians.size).reshape(medians.shape)
    first = np.concatenate([number[:-1].ravel(), number[:, :-1].ravel()])
    second = np.concatenate([number[1:].ravel(), number[:, 1:].ravel()])
    step = np.concatenate([down.ravel(), right.ravel()])
    known = np.isfinite(step)
    first, second, step = first[known], second[known], step[known]
    levels: Array = np.nan_to_num(medians).ravel()
    for _ in range(ROUNDS):
        residual = (levels[second] - levels[first] - step) / EDGE_NOISE
        weight = 1 / (1 + (residual / TUNING) ** 2) / EDGE_NOISE**2
        matrix = np.diag(np.isfinite(medians).ravel() / LEVELS**2 + 1e-9)
        right_side = np.nan_to_num(medians).ravel() / LEVELS**2
        np.add.at(matrix, (first, first), weight)
        np.add.at(matrix, (second, second), weight)
        np.subtract.at(matrix, (first, second), weight)
        np.subtract.at(matrix, (second, first), weight)
        np.subtract.at(right_side, first, weight * step)
        np.add.at(right_side, second, weight * step)
        levels = np.asarray(np.linalg.solve(matrix, right_side), np.float64)
    return levels.reshape(medians.shape)
