"""Despike: single readings that stand out from their traverse."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.processing.layout import filled
from vestige.survey.traverses import Values

__all__ = ["despike"]


def despike(values: Values, *, threshold: float = 15.0, size: int = 5) -> Values:
    """Single readings that stand out from their neighbours on the traverse, replaced by the neighbours'
    median; float32 (traverse, reading).

    A spike is further than `threshold` (nT) from the median of `size` readings along its traverse while its
    direct neighbours are not: iron makes an anomaly several readings long and is kept.

    Raises
    ------
    UsageError : `size` is even or below 3, or the threshold is not positive.

    >>> spiked = np.zeros((1, 9), np.float32)
    >>> spiked[0, 4] = 99
    >>> despike(spiked)
    array([[0., 0., 0., 0., 0., 0., 0., 0., 0.]], dtype=float32)
    """
    if size < 3 or size % 2 == 0 or not threshold > 0:
        raise UsageError(f"size must be odd and 3 or more, threshold above 0, not {size} and {threshold}")
    smooth = filled(values)
    median = scipy.ndimage.median_filter(smooth, (1, size), mode="mirror")
    out = np.abs(smooth - median) > threshold
    lonely = out & ~_shifted(out, 1) & ~_shifted(out, -1) & np.isfinite(values)
    return np.where(lonely, median, values).astype(np.float32)


def _shifted(mask: NDArray[np.bool_], by: int) -> NDArray[np.bool_]:
    moved = np.roll(mask, by, axis=1)
    moved[:, 0 if by > 0 else -1] = False
    return moved
