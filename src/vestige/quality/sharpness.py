"""Where a frame is sharp."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["sharpness_map"]


def sharpness_map(
    image: NDArray[Any], *, window: float = 8.0, pixels_per_mm: float | None = None
) -> NDArray[np.float32]:
    """Local sharpness: energy of the modified Laplacian, averaged over a Gaussian window, (height, width)
    float32.

    Source: Nayar & Nakagawa 1994, 'Shape from focus'. Comparable between frames of one scene, not between
    scenes.

    Parameters
    ----------
    image : linear light (height, width) or (height, width, 3).
    window : standard deviation of the window, in pixels, or in mm where `pixels_per_mm` is given.
    pixels_per_mm : scale of the object in the image.

    >>> checks = np.indices((40, 40)).sum(axis=0) % 2
    >>> soft = cv2.GaussianBlur(checks.astype(float), (0, 0), 2)
    >>> bool(sharpness_map(checks)[20, 20] > sharpness_map(soft)[20, 20])
    True
    """
    sigma = window * (pixels_per_mm or 1.0)
    if not sigma > 0:
        raise UsageError(f"window must be above 0, not {window}")
    grey = np.asarray(image, np.float32)
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    line = np.array([[-1, 2, -1]], np.float32)
    across, down = cv2.filter2D(grey, cv2.CV_32F, line), cv2.filter2D(grey, cv2.CV_32F, line.T)
    energy = (np.abs(across) + np.abs(down)) ** 2
    return np.asarray(cv2.GaussianBlur(energy, (0, 0), sigma), np.float32)
