"""Bilinear samples of an image at places between its pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["sample"]

Floats = NDArray[np.float32]

# OpenCV takes maps of at most 32767 columns.
_ROW = 16384


def sample(image: Floats, pixels: NDArray[Any]) -> Floats:
    """Values of an image (height, width[, channels]) at pixels (n, 2), counted from its top left corner.

    Outside the image the nearest value of its edge holds.

    >>> sample(np.float32([[0, 1], [0, 1]]), np.array([[0.5, 0.5], [1.0, 1.0], [9.0, 1.5]])).tolist()
    [0.0, 0.5, 1.0]
    """
    count = len(pixels)
    rows = max(1, -(-count // _ROW))
    columns = np.full((2, rows * _ROW), -1.0, np.float32)
    columns[:, :count] = np.clip(pixels, -8.0, 1e6).T
    x, y = (column.reshape(rows, _ROW) for column in columns - np.float32(0.5))
    found = cv2.remap(np.ascontiguousarray(image), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(rows * _ROW, *image.shape[2:])[:count]
