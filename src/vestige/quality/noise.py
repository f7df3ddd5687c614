"""Noise of a single frame, without a second one to compare."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["noise"]

# Difference of two Laplacians: blind to flat areas, slopes and curvature (Immerkaer 1996).
KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
KERNEL_GAIN = 6.0
NORMAL_SPREAD_A_MEDIAN = 1.4826


def noise(image: NDArray[Any]) -> float:
    """Standard deviation of the noise in the units of the image, (height, width) or (height, width, 3).

    The median of the filtered values, so that edges and texture hardly count. Source: Immerkaer 1996,
    'Fast noise variance estimation', with a robust spread. Noise that was smoothed by a camera or by JPEG
    reads too low.

    >>> random = np.random.default_rng(0)
    >>> round(noise(0.5 + 0.02 * random.normal(size=(200, 200))), 3)
    0.02
    """
    filtered = np.abs(cv2.filter2D(np.asarray(image, np.float32), cv2.CV_32F, KERNEL))[1:-1, 1:-1]
    known = filtered[np.isfinite(filtered)]
    return float(np.median(known)) * NORMAL_SPREAD_A_MEDIAN / KERNEL_GAIN if known.size else 0.0
