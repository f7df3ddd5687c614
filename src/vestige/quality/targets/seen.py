"""A picture of what was seen: outlines of targets and patches on the frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.quality.targets.found import FoundTarget

__all__ = ["seen"]

OUTLINE: Final = (255, 220, 0)
PATCH: Final = (0, 255, 255)
DARK: Final = (0, 0, 0)


def seen(picture: NDArray[np.uint8], targets: Sequence[FoundTarget], scale: float) -> NDArray[np.uint8]:
    """Draw targets on a small picture (height, width, 3) uint8; `scale` is pixels of the frame to one of it.

    The top left corner of each target carries a dot, so that its turn can be seen; patches are outlined where
    they are read.

    >>> seen(np.zeros((8, 8, 3), np.uint8), [], 1.0).shape
    (8, 8, 3)
    """
    drawn = picture.copy()
    for target in targets:
        outline = _drawn(target.corners, scale)
        for colour, width in ((DARK, 5), (OUTLINE, 2)):
            cv2.polylines(drawn, [outline], True, colour, width, cv2.LINE_AA, 4)
        for quad in target.patches.values():
            middle = quad.mean(axis=0)
            cv2.polylines(drawn, [_drawn(middle + 0.5 * (quad - middle), scale)], True, PATCH, 1, cv2.LINE_AA, 4)
        x, y = (int(value / scale) for value in target.corners[0])
        cv2.circle(drawn, (x, y), 7, OUTLINE, -1, cv2.LINE_AA)
        for colour, width in ((DARK, 4), (OUTLINE, 1)):
            cv2.putText(drawn, target.kind, (x + 10, y - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, width, cv2.LINE_AA)
    return drawn


def _drawn(points: NDArray[np.float64], scale: float) -> NDArray[np.int32]:
    return np.round(16 * ((points + 0.5) / scale - 0.5)).astype(np.int32)
