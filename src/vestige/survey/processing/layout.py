"""How a survey falls into survey grids, and medians over parts of traverses."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vestige.survey.traverses import Survey, Values

__all__ = ["across", "along", "filled", "grid_rows", "part_medians", "spread"]

#: Where a file names no survey grids, so many metres of traverses are looked at together.
STRIP = 20.0


def grid_rows(survey: Survey) -> int:
    """Traverses across one survey grid; where the file names no grids, those of 20 m (an even number).

    >>> grid_rows(Survey(np.zeros((100, 8), np.float32), 0.5, 0.25))
    40
    """
    if survey.grid:
        return survey.grid[1]
    return max(4, 2 * round(STRIP / survey.traverse_m / 2))


def along(survey: Survey) -> list[slice]:
    """The readings of each survey grid along the traverse; the whole traverse where there are no grids.

    >>> along(Survey(np.zeros((4, 10), np.float32), 1.0, 0.25, grid=(8, 2)))
    [slice(0, 8, None), slice(8, 10, None)]
    """
    readings = survey.values.shape[1]
    return list(_cut(readings, survey.grid[0] if survey.grid else readings))


def across(survey: Survey) -> list[slice]:
    """The traverses of each survey grid, or of each strip of 20 m where there are no grids.

    >>> across(Survey(np.zeros((4, 10), np.float32), 1.0, 0.25, grid=(8, 3)))
    [slice(0, 3, None), slice(3, 4, None)]
    """
    return list(_cut(survey.values.shape[0], grid_rows(survey)))


def _cut(count: int, length: int) -> Iterator[slice]:
    for first in range(0, count, max(length, 1)):
        yield slice(first, min(first + length, count))


def part_medians(values: NDArray[np.floating], parts: list[slice], *, fewest: int = 8) -> NDArray[np.float64]:
    """The median of each part of each row, float64 (row, part); NaN where fewer than `fewest` are known.

    >>> part_medians(np.arange(8, dtype=np.float32)[np.newaxis], [slice(0, 3), slice(3, 8)], fewest=3)
    array([[1., 5.]])
    """
    return np.stack([_row_medians(values[:, part], fewest) for part in parts], axis=1)


def _row_medians(values: NDArray[np.floating], fewest: int) -> NDArray[np.float64]:
    if not values.shape[1]:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)  # NaN goes last
    count = np.isfinite(values).sum(axis=1)
    rows = np.arange(len(values))
    lower = ordered[rows, np.maximum(count - 1, 0) // 2].astype(np.float64)
    upper = ordered[rows, np.minimum(count // 2, values.shape[1] - 1)].astype(np.float64)
    return np.where(count >= max(fewest, 1), (lower + upper) / 2, np.nan)


def spread(values: NDArray[np.floating]) -> float:
    """The standard deviation of readings, robustly: 1.4826 times the median absolute deviation, nT.

    >>> round(spread(np.array([1.0, 2.0, 3.0, 400.0, np.nan])), 3)
    1.483
    """
    known = values[np.isfinite(values)]
    return 1.4826 * float(np.median(np.abs(known - np.median(known)))) if known.size else 0.0


def filled(values: Values) -> Values:
    """Readings with each gap filled by the nearest reading of its traverse; 0 where a traverse has none.

    >>> filled(np.array([[1, np.nan, np.nan, 4]], np.float32))
    array([[1., 1., 4., 4.]], dtype=float32)
    """
    known = np.isfinite(values)
    if known.all():
        return values
    places = np.arange(values.shape[1])
    before = np.maximum.accumulate(np.where(known, places, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, places, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    use_after = (before < 0) | ((after < values.shape[1]) & (after - places < places - before))
    source = np.clip(np.where(use_after, after, before), 0, values.shape[1] - 1)
    return np.nan_to_num(np.take_along_axis(values, source, axis=1)).astype(np.float32)
