"""Targets that carry ArUco markers: which are in the picture, and which points of them."""

from __future__ import annotations

from collections import defaultdict

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.quality.targets.layout import Layout, kinds, layout

__all__ = ["marked_targets"]

Points = NDArray[np.float64]


def marked_targets(picture: NDArray[np.uint8]) -> list[tuple[Layout, Points, Points, float]]:
    """Targets with markers in a picture (height, width, 3) uint8: layout, points in mm and in pixels, and the
    share of its markers that was seen.

    Source: Garrido-Jurado et al. 2014, 'Automatic generation and detection of highly reliable fiducial
    markers', as in OpenCV.

    >>> marked_targets(np.zeros((60, 60, 3), np.uint8))
    []
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    by_dictionary = defaultdict(list)
    for kind in kinds():
        found = layout(kind)
        if found.dictionary:
            by_dictionary[found.dictionary].append(found)
    return [one for name, layouts in by_dictionary.items() for one in _seen(grey, name, layouts)]


def _seen(
    grey: NDArray[np.uint8], dictionary: str, layouts: list[Layout]
) -> list[tuple[Layout, Points, Points, float]]:
    options = cv2.aruco.DetectorParameters()
    options.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    options.adaptiveThreshWinSizeMax = 43
    words = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    corners, numbers, _ = cv2.aruco.ArucoDetector(words, options).detectMarkers(grey)
    at = {} if numbers is None else dict(zip(np.ravel(numbers).tolist(), corners, strict=True))
    found = []
    for candidate in layouts:
        seen = [mark for mark in candidate.marks if mark.number in at]
        if len(seen) < 2:
            continue
        mm = np.concatenate([mark.corners for mark in seen])
        px = np.concatenate([at[mark.number].reshape(4, 2) for mark in seen]).astype(np.float64)
        found.append((candidate, mm, px, len(seen) / len(candidate.marks)))
    return found
