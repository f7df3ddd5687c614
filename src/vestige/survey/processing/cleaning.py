"""Cleaning readings: zero-median traverse, spikes, clipping."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.ndimage

from vestige.errors import UsageError
from vestige.survey.traverses import Survey, Values

__all__ = ["clip", "despike", "filled", "zero_median_traverse"]

#: Fewer readings than this tell nothing of a traverse's offset.
FEWEST = 8


def zero_median_traverse(survey: Survey, *, threshold: float = 5.0) -> Values:
    """Readings less the median of their traverse within their survey grid; float32 (traverse, reading).

    Stripes come from the heading of the walker and the drift of the sensors; a traverse over quiet ground
    should have a median of zero. Readings further than `threshold` (nT) from a first median are left out of
    the second, so that iron and strong ditches do not pull the traverse down [1]_. A ditch that fills a
    traverse is lost.

    Raises
    ------
    UsageError : the threshold is not positive.

    References
    ----------
    .. [1] Aspinall, A., Gaffney, C., Schmidt, A. (2008). Magnetometry for Archaeologists, chapter 5.

    >>> striped = np.zeros((2, 20), np.float32) + np.array([[1.0], [-2.0]], np.float32)
    >>> striped[0, 3] = 50
    >>> zero_median_traverse(Survey(striped, 1.0, 0.25))[:, :4]
    array([[ 0.,  0.,  0., 49.], [ 0.,  0.,  0.,  0.]], dtype=float32)
    """
    if not threshold > 0:
        raise UsageError(f"threshold is {threshold} nT; expected more than 0")
    cleaned = np.array(survey.values, np.float32)
    for columns in _grid_columns(survey):
        block = cleaned[:, columns]
        known = np.isfinite(block)
        first = _row_medians(block, known)
        near = known & (np.abs(block - first) <= threshold)
        offset = _row_medians(block, near)
        enough = near.sum(axis=1, keepdims=True) >= FEWEST
        block -= np.where(enough, offset, first)
    return cleaned


def _row_medians(block: Values, used: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Values:
    """The median of the readings used in each row, as a column; 0 where a row has none."""
    ordered = np.sort(np.where(used, block, np.inf), axis=1)
    count = used.sum(axis=1)
    rows = np.arange(len(block))
    lower = ordered[rows, np.maximum(count - 1, 0) // 2]
    upper = ordered[rows, np.minimum(count // 2, block.shape[1] - 1)]
    medians: Values = np.where(
        count > 0, np.where(count > 0, lower, 0) / 2 + np.where(count > 0, upper, 0) / 2, 0
    )[:, None]
    return medians.astype(np.float32)


def _grid_columns(survey: Survey) -> Iterator[slice]:
    """The readings of each survey grid along the traverse; the whole traverse where there are no grids."""
    length = survey.grid[0] if survey.grid else survey.values.shape[1]
    for first in range(0, survey.values.shape[1], length):
        yield slice(first, min(first + length, survey.values.shape[1]))


def despike(values: Values, *, threshold: float = 15.0, size: int = 5) -> tuple[Values, int]:
    """Single readings that stand out from their neighbours on the traverse, replaced by the neighbours'
    median.

    A spike is further than `threshold` (nT) from the median of `size` readings along its traverse while its
    direct neighbours are not: iron makes an anomaly several readings long and is kept. Returns the readings
    and how many were replaced.

    Raises
    ------
    UsageError : `size` is even or below 3, or the threshold is not positive.

    >>> spiked = np.zeros((1, 9), np.float32)
    >>> spiked[0, 4] = 99
    >>> despike(spiked)
    (array([[0., 0., 0., 0., 0., 0., 0., 0., 0.]], dtype=float32), 1)
    """
    if size < 3 or size % 2 == 0 or not threshold > 0:
        raise UsageError(f"size must be odd and 3 or more, threshold above 0, not {size} and {threshold}")
    smooth = filled(values)
    median = scipy.ndimage.median_filter(smooth, (1, size), mode="mirror")
    out = np.abs(smooth - median) > threshold
    lonely = out & ~_shifted(out, 1) & ~_shifted(out, -1) & np.isfinite(values)
    return np.where(lonely, median, values).astype(np.float32), int(lonely.sum())


def _shifted(
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], by: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    moved = np.roll(mask, by, axis=1)
    moved[:, 0 if by > 0 else -1] = False
    return moved


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


def clip(values: Values, limit: float) -> Values:
    """Values cut to plus and minus `limit` nT; NaN stays.

    >>> clip(np.array([[-9, 2, np.nan]], np.float32), 5.0)
    array([[-5.,  2., nan]], dtype=float32)
    """
    return np.clip(values, np.float32(-limit), np.float32(limit))
