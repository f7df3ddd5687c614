"""Interpolation: short gaps along the traverse, closed."""

from __future__ import annotations

import numpy as np

from vestige.errors import UsageError
from vestige.survey.traverses import Survey, Values

__all__ = ["close_gaps"]


def close_gaps(survey: Survey, *, longest: float = 1.0) -> Values:
    """Readings with gaps of up to `longest` m along a traverse interpolated linearly; float32 (traverse,
    reading).

    Longer gaps and the ends of traverses stay NaN: a tree is no quiet ground.

    Raises
    ------
    UsageError : `longest` is negative.

    >>> close_gaps(Survey(np.array([[0, np.nan, 2, np.nan]], np.float32), 1.0, 0.5))
    array([[ 0.,  1.,  2., nan]], dtype=float32)
    """
    if longest < 0:
        raise UsageError(f"longest is {longest} m; expected 0 or more")
    values = survey.values
    known = np.isfinite(values)
    places = np.arange(values.shape[1])
    before = np.maximum.accumulate(np.where(known, places, -1), axis=1)
    after = np.minimum.accumulate(np.where(known, places, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    gap = ~known & (before >= 0) & (after < values.shape[1])
    gap &= (after - before - 1) * survey.reading_m <= longest * (1 + 1e-6)
    left = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    right = np.take_along_axis(values, np.minimum(after, values.shape[1] - 1), axis=1)
    share = (places - before) / np.maximum(after - before, 1)
    return np.where(gap, left + (right - left) * share.astype(np.float32), values).astype(np.float32)
