"""Zoom and pan of training tiles, as in the Mag-Net paper.

Turning or mirroring is left out on purpose: north and south of a magnetic anomaly differ, so a turned
magnetogram is one that no ground gives.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["zoom_and_pan"]


def zoom_and_pan(
    values: NDArray[np.float32],
    classes: NDArray[np.uint8],
    random: np.random.Generator,
    *,
    zoom: float = 0.2,
    pan: float = 0.15,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Zoom by up to plus and minus `zoom` and shift by up to `pan` of a side, each tile by its own amount.

    `values` float32 (tile, height, width) in nT, `classes` uint8 of the same shape; what comes in from
    outside is NaN and out of bounds.

    >>> values, classes = np.ones((2, 32, 32), np.float32), np.ones((2, 32, 32), np.uint8)
    >>> zoomed, labels = zoom_and_pan(values, classes, np.random.default_rng(0))
    >>> bool(((labels == 2) == np.isnan(zoomed)).all())
    True
    """
    height, width = values.shape[1:]
    zoomed, labels = np.empty_like(values), np.empty_like(classes)
    for number in range(len(values)):
        factor = float(np.exp(random.uniform(-zoom, zoom)))
        shift = random.uniform(-pan, pan, 2) * (width, height)
        centre = np.array([width - 1, height - 1]) / 2
        matrix = np.column_stack([np.eye(2) * factor, centre - factor * centre + shift])
        labels[number] = cv2.warpAffine(
            classes[number], matrix, (width, height), flags=cv2.INTER_NEAREST, borderValue=(2.0,)
        )
        moved = cv2.warpAffine(
            np.nan_to_num(values[number]), matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(0.0,)
        )
        zoomed[number] = np.where(labels[number] == 2, np.nan, moved)
    return zoomed, labels
