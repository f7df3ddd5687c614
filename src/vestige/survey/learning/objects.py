"""Scores of boundaries and of whole objects: what a map is worth to who reads it."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Found", "boundary_found", "objects_found"]

Mask = NDArray[np.bool_]

#: Parts of a feature nearer than this to one another (m) are one object: a ring with causeways is one ring.
GAP = 3.0


@dataclass(frozen=True)
class Found:
    """How many of what was found are right, and how many of what is true were found.

    >>> round(Found(8, 10, 6, 12).f1(), 3)
    0.615
    """

    right: float = 0.0
    found: float = 0.0
    met: float = 0.0
    true: float = 0.0

    def __add__(self, other: Found) -> Found:
        return Found(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def f1(self) -> float:
        """The harmonic mean of precision and recall; NaN where nothing is true and nothing was found."""
        if not self.found and not self.true:
            return float("nan")
        precision, recall = self.right / max(self.found, 1), self.met / max(self.true, 1)
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary_found(truth: Mask, predicted: Mask, surveyed: Mask, tolerance: float) -> Found:
    """Pixels of a boundary within `tolerance` pixels of the other's (Csurka et al. 2013).

    A boundary lies between feature and no feature, both of them surveyed.

    >>> square = np.zeros((20, 20), bool)
    >>> square[5:15, 5:15] = True
    >>> boundary_found(square, np.roll(square, 1, 1), np.ones((20, 20), bool), 1.0).f1()
    1.0
    """
    wanted, shown = _boundary(truth, surveyed), _boundary(predicted, surveyed)
    right = float((shown & (_distance(wanted) <= tolerance)).sum())
    met = float((wanted & (_distance(shown) <= tolerance)).sum())
    return Found(right, float(shown.sum()), met, float(wanted.sum()))


def _boundary(feature: Mask, surveyed: Mask) -> Mask:
    """Pixels of a feature that have a surveyed neighbour (by a side) that is none."""
    other = (surveyed & ~feature).astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    boundary: Mask = feature & (cv2.dilate(other, cross) > 0)
    return boundary


def _distance(boundary: Mask) -> NDArray[np.float32]:
    if not boundary.any():
        return np.full(boundary.shape, np.inf, np.float32)
    return np.asarray(
        cv2.distanceTransform((~boundary).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32
    )


def objects_found(truth: Mask, predicted: Mask, cell: float, *, overlap: float, least: float) -> Found:
    """Objects whose convex hulls overlap by an IoU of `overlap` or more, each matched once, best first.

    Parts of a mask nearer than 3 m to one another are one object. Objects smaller than `least` m² are
    neither true nor missed, neither found nor false.

    >>> rows, columns = np.mgrid[:80, :80]
    >>> ring = np.abs(np.hypot(rows - 40, columns - 40) - 25) < 3
    >>> objects_found(ring, ring & (rows > 20), 0.25, overlap=0.5, least=6.0)
    Found(right=1.0, found=1.0, met=1.0, true=1.0)
    """
    wanted, shown = _hulls(truth, cell, least), _hulls(predicted, cell, least)
    pairs = sorted(
        ((_overlap(a, b), i, j) for i, a in enumerate(wanted) for j, b in enumerate(shown)), reverse=True
    )
    taken: tuple[set[int], set[int]] = (set(), set())
    for share, i, j in pairs:
        if share >= overlap and i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
    return Found(float(len(taken[1])), float(len(shown)), float(len(taken[0])), float(len(wanted)))


def _hulls(mask: Mask, cell: float, least: float) -> list[Mask]:
    """The convex hull of each object, filled."""
    size = 2 * round(GAP / 2 / cell) + 1
    near = cv2.dilate(mask.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    count, labels = cv2.connectedComponents(near)
    hulls = []
    for number in range(1, count):
        rows, columns = np.nonzero((labels == number) & mask)
        if len(rows) * cell**2 < least:
            continue
        hull = cv2.convexHull(np.column_stack([columns, rows]).astype(np.int32))
        hulls.append(cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), hull, (1,)).astype(bool))
    return hulls


def _overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())
