"""How much light arrives at a white or grey field, by channel: what a daily chart watches of the lamps."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.quality.measures.report import Measured
from vestige.quality.watch.lab import LIGHT

__all__ = ["light_levels"]

CHANNELS = ("red", "green", "blue")
#: The share of a field that is looked at: its rim may hold the neighbour.
_INNER = 0.6


def light_levels(image: NDArray[Any], field: NDArray[np.float64], *, bank: str = "") -> list[Measured]:
    """Median of a field in linear light, by channel: in a frame of three, red, green, blue; of one, grey.

    It tells of the lamps only where exposure, aperture and gain are the same each day, and where one bank is
    lit at a time it tells of that bank.

    Parameters
    ----------
    image : (height, width) or (height, width, 3), linear light 0..1.
    field : (4, 2) corners of the field in pixels, as `FoundTarget.patches` has them.
    bank : the bank of lamps that was lit: 'left', 'right', …

    Raises
    ------
    UsageError : the field lies outside the frame.

    >>> square = np.array([[2, 2], [8, 2], [8, 8], [2, 8]], np.float64)
    >>> light_levels(np.full((10, 10), 0.5, np.float32), square, bank="left")[0].where
    'left/grey'
    """
    quad = np.asarray(field, np.float64)
    centre = quad.mean(axis=0)
    inner = np.rint(centre + _INNER * (quad - centre)).astype(np.int32)
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, inner, 1)
    if not mask.any():
        raise UsageError("the field lies outside the frame: find the target in this very frame")
    inside = np.asarray(image)[mask.astype(bool)].reshape(int(mask.sum()), -1)
    names = CHANNELS if inside.shape[1] == 3 else ("grey",)
    place = f"{bank}/" if bank else ""
    levels = np.median(inside[:, : len(names)].astype(np.float64), axis=0)
    return [
        Measured(LIGHT, float(level), "ratio", f"{place}{name}", "")
        for name, level in zip(names, levels, strict=True)
    ]
