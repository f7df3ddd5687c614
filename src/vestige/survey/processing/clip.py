"""Clip: what iron leaves is cut, so that it does not rule every later step."""

from __future__ import annotations

import numpy as np

from vestige.survey.traverses import Values

__all__ = ["clip"]


def clip(values: Values, limit: float) -> Values:
    """Values cut to plus and minus `limit` nT; NaN stays.

    >>> clip(np.array([[-9, 2, np.nan]], np.float32), 5.0)
    array([[-5.,  2., nan]], dtype=float32)
    """
    return np.clip(values, np.float32(-limit), np.float32(limit))
