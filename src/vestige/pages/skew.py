"""The slope of the lines on a page, by the projection profile.

Seen along its lines, a page is alternately dark (the lines) and bright (between them); seen askew, it is
grey. The sum of squared differences between neighbouring rows of the profile is largest at the slope of the
lines (Postl 1986, US patent 4723297; Baird 1987, 'The skew angle of printed documents').
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from vestige.pages.paper import ink_mask

__all__ = ["Skew", "skew_angle"]

SIDE = 1200
LARGEST = 8.0
FEWEST = 200
MOST = 120_000
FINE = 4
CAUTION = 0.5


@dataclass(frozen=True)
class Skew:
    """The slope of the lines in degrees, positive where they sink to the right, and how clearly it shows.

    `clarity` is the gain of the profile over the median of all slopes: 1 means no lines at all.

    >>> Skew(0.5, 3.2).angle
    0.5
    """

    angle: float
    clarity: float


def skew_angle(
    image: NDArray[Any], paper: NDArray[np.bool_] | None = None, *, least_clarity: float = 1.5
) -> Skew:
    """The slope of the lines of a page, between -8 and 8 degrees.

    Parameters
    ----------
    image : linear light 0..1, (height, width) or (height, width, 3).
    paper : where the page is, (height, width) bool; everywhere where not given.
    least_clarity : below it the angle is 0, since nothing on the page lies in lines. Half a unit more is
        asked for each degree, since a curved page or a table has false slopes, and large ones.

    >>> y, x = np.mgrid[0:600, 0:600]
    >>> written = ((y - 0.035 * x) % 24 < 9) & (x % 17 < 12) & (np.hypot(x - 300, y - 300) < 250)
    >>> abs(skew_angle(np.where(written, 0.05, 0.8)).angle - 2) < 0.1
    True
    """
    x, y = _ink(image, paper)
    if len(x) < FEWEST:
        return Skew(0.0, 1.0)
    coarse = np.arange(-LARGEST, LARGEST + 0.1, 0.25)
    gains = _gains(x, y, coarse)
    typical = float(np.median(gains)) or 1.0
    best = float(coarse[gains.argmax()])
    near = best + np.linspace(-0.3, 0.3, 13)
    gains = _gains(x, y, near)
    best = _peak(near, gains)
    clarity = float(gains.max()) / typical
    if clarity < least_clarity + CAUTION * abs(best) or abs(best) > LARGEST - 0.2:
        return Skew(0.0, round(clarity, 3))
    return Skew(round(best, 3), round(clarity, 3))


def _ink(image: NDArray[Any], paper: NDArray[np.bool_] | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Places of ink, well within the paper, about the middle of the image."""
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(np.asarray(image, np.float32), size, interpolation=cv2.INTER_AREA)
    ink = ink_mask(small)
    if paper is not None:
        side = max(3, max(size) // 60)
        mask = cv2.resize(paper.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        ink &= cv2.erode(mask, np.ones((side, side), np.uint8)) > 0
    y, x = np.nonzero(_without_pictures(ink))
    every = 1 + len(x) // MOST
    return x[::every] - size[0] / 2, y[::every] - size[1] / 2


def _without_pictures(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ink in pieces no higher than a few lines: rules down the page and pictures say nothing of its lines."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    low = stats[:, cv2.CC_STAT_HEIGHT] < max(12, len(ink) // 12)
    low[0] = False
    return np.asarray(low[labels], bool) if count > 1 else ink


def _peak(angles: NDArray[np.float64], gains: NDArray[np.float64]) -> float:
    """Where the parabola through the largest gain and those beside it is largest."""
    top = int(np.clip(gains.argmax(), 2, len(gains) - 3))
    near = slice(top - 2, top + 3)
    a, b, _ = np.polyfit(angles[near] - angles[top], gains[near], 2)
    reach = float(angles[1] - angles[0]) * 2
    return float(angles[top] + (np.clip(-b / (2 * a), -reach, reach) if a < 0 else 0.0))


def _gains(x: NDArray[Any], y: NDArray[Any], angles: Iterable[float]) -> NDArray[np.float64]:
    """For each angle (degrees), how much the profile along it varies from row to row.

    Pixels stand in rows, which would speak for an angle of 0: the profile is fine, and smoothed.
    """
    reach = int(np.hypot(np.abs(x).max(), np.abs(y).max())) + 2
    found = []
    for angle in angles:
        turn = math.radians(angle)
        row = y * math.cos(turn) - x * math.sin(turn) + reach
        profile = np.bincount((FINE * row).astype(np.intp), minlength=2 * FINE * reach).astype(np.float64)
        found.append(float((np.diff(gaussian_filter1d(profile, 1.2 * FINE)) ** 2).sum()))
    return np.array(found)
