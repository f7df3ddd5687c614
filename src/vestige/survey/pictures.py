"""Pictures of a magnetogram as archaeologists print it: positive anomalies dark, negative light."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["class_picture", "greyscale", "shrunk"]

Picture8 = NDArray[np.uint8]

UNSURVEYED = (222, 226, 232)
FEATURE = (230, 110, 20)


def greyscale(values: NDArray[np.floating[Any]], low: float = -1.0, high: float = 2.0) -> Picture8:
    """Values in nT as grey, `low` white to `high` black; what was not surveyed is pale blue.

    >>> greyscale(np.array([[-1.0, 2.0, np.nan]])).tolist()
    [[[255, 255, 255], [0, 0, 0], [222, 226, 232]]]
    """
    share = np.clip((np.nan_to_num(values) - low) / (high - low), 0, 1)
    grey = (255 - 255 * share + 0.5).astype(np.uint8)
    picture = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    picture[~np.isfinite(values)] = UNSURVEYED
    return picture


def shrunk(values: NDArray[np.floating[Any]], factor: int) -> NDArray[np.float32]:
    """Every `factor` x `factor` cells as their mean, NaN where none was surveyed.

    >>> shrunk(np.array([[1.0, 3.0], [np.nan, np.nan]]), 2).tolist()
    [[2.0]]
    """
    if factor == 1:
        return np.asarray(values, np.float32)
    size = -(-values.shape[1] // factor), -(-values.shape[0] // factor)
    known = np.isfinite(values).astype(np.float32)
    edge = [(0, size[1] * factor - values.shape[0]), (0, size[0] * factor - values.shape[1])]
    total = cv2.resize(
        np.pad(np.nan_to_num(values).astype(np.float32), edge), size, interpolation=cv2.INTER_AREA
    )
    count = cv2.resize(np.pad(known, edge), size, interpolation=cv2.INTER_AREA)
    return np.where(count > 0, total / np.maximum(count, np.float32(1e-6)), np.nan).astype(np.float32)


def class_picture(values: NDArray[np.floating[Any]], feature: NDArray[np.floating[Any]]) -> Picture8:
    """The magnetogram with features tinted; `feature` is the share of each cell, 0..1.

    >>> class_picture(np.zeros((1, 1)), np.zeros((1, 1))).shape
    (1, 1, 3)
    """
    base = greyscale(values).astype(np.float32)
    share = np.nan_to_num(feature)[..., np.newaxis] * 0.75
    tinted: Picture8 = (base * (1 - share) + np.array(FEATURE, np.float32) * share + 0.5).astype(np.uint8)
    return tinted
