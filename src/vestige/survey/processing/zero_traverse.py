"""Zero-mean and zero-median traverse: the oldest cure for stripes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.processing.layout import along, part_medians
from vestige.survey.traverses import Survey, Values

__all__ = ["zero_mean_traverse", "zero_median_traverse"]

#: Fewer readings than this tell nothing of a traverse's offset.
FEWEST = 8


def zero_median_traverse(survey: Survey, *, threshold: float = 5.0) -> Values:
    """Readings less the median of their traverse within their survey grid; float32 (traverse, reading).

    Stripes come from the heading of the walker and the drift of the sensors; a traverse over quiet ground
    should have a median of zero. Readings further than `threshold` (nT) from a first median are left out of
    the second, so that iron and strong ditches do not pull the traverse down [1]_. A ditch that fills a
    traverse is lost: see `destripe`.

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
    cleaned = np.array(survey.values, np.float32)
    for columns in along(survey):
        block = cleaned[:, columns]
        first, near = _near(block, threshold)
        offset = part_medians(np.where(near, block, np.nan), [slice(None)], fewest=FEWEST)[:, 0]
        block -= np.where(np.isfinite(offset), offset, first)[:, np.newaxis].astype(np.float32)
    return cleaned


def zero_mean_traverse(survey: Survey, *, threshold: float = 5.0) -> Values:
    """Readings less the mean of their traverse within their survey grid; float32 (traverse, reading).

    As `zero_median_traverse`, with the mean of the readings that lie within `threshold` (nT) of the median.

    Raises
    ------
    UsageError : the threshold is not positive.

    >>> zero_mean_traverse(Survey(np.tile(np.float32([1, 1, 4, 2]), (1, 2)), 1.0, 0.25))
    array([[-1., -1.,  2.,  0., -1., -1.,  2.,  0.]], dtype=float32)
    """
    cleaned = np.array(survey.values, np.float32)
    for columns in along(survey):
        block = cleaned[:, columns]
        first, near = _near(block, threshold)
        count = near.sum(axis=1)
        mean = np.where(near, block, 0).sum(axis=1, dtype=np.float64) / np.maximum(count, 1)
        block -= np.where(count >= FEWEST, mean, first)[:, np.newaxis].astype(np.float32)
    return cleaned


def _near(block: Values, threshold: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The median of each row (0 where nothing is known), and which readings lie near it."""
    if not threshold > 0:
        raise UsageError(f"threshold is {threshold} nT; expected more than 0")
    first = np.nan_to_num(part_medians(block, [slice(None)], fewest=1)[:, 0])
    near: NDArray[np.bool_] = np.abs(block - first[:, np.newaxis]) <= threshold
    return first, near
