"""Every known target in a frame: seen in a small picture, then located at full size."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.quality.frame import Frame
from vestige.quality.measures.geometry import Geometry, fit_geometry
from vestige.quality.targets.found import FoundTarget
from vestige.quality.targets.lattice import lattice_targets
from vestige.quality.targets.layout import Layout
from vestige.quality.targets.markers import marked_targets

__all__ = ["find_targets", "geometry_of"]

Points = NDArray[np.float64]
#: A corner may move so far when it is located at full size, as a share of the side of what it belongs to.
REACH: Final = 0.12
WINDOW: Final = 3, 12


def find_targets(frame: Frame) -> list[FoundTarget]:
    """Targets at any angle, whole or in part, in reading order of their kinds.

    >>> find_targets(Frame(np.zeros((60, 60, 3), np.float32)))
    []
    """
    picture, scale = frame.small, frame.scale
    found = []
    for candidate, mm, px, confidence in [*marked_targets(picture), *lattice_targets(picture)]:
        at = (px + 0.5) * scale - 0.5
        target = _located(frame, candidate, mm, at, confidence)
        if target:
            found.append(target)
    return sorted(found, key=lambda one: one.kind)


def geometry_of(found: FoundTarget, frame: Frame) -> Geometry:
    """Homography and distortion from the points that were located on a target."""
    assert found.points_mm is not None and found.points_px is not None
    return fit_geometry(found.points_mm, found.points_px, frame.size)


def _located(
    frame: Frame, candidate: Layout, mm: Points, px: Points, confidence: float
) -> FoundTarget | None:
    rough, _ = cv2.findHomography(mm, px, cv2.RANSAC, 6.0)
    if rough is None:
        return None
    wanted, side = _points(candidate)
    at = cv2.perspectiveTransform(wanted.reshape(-1, 1, 2), rough).reshape(-1, 2)
    moved = np.array([_corner(frame, point, side * _scale(rough, place)) for point, place in zip(at, wanted, strict=True)])
    known = np.isfinite(moved).all(axis=1)
    mm, px = (wanted[known], moved[known]) if known.sum() >= 8 else (mm, px)
    for _ in range(3):
        geometry = fit_geometry(mm, px, frame.size)
        error = np.linalg.norm(geometry.pixels(mm) - px, axis=1)
        keep = error <= max(3 * float(np.median(error)), 0.3)
        if keep.all() or keep.sum() < 8:
            break
        mm, px = mm[keep], px[keep]
    corners = geometry.pixels(candidate.corners)
    if not np.isfinite(corners).all():
        return None
    return FoundTarget(
        kind=candidate.kind,
        corners=corners,
        patches={name: geometry.pixels(area) for name, area in candidate.patches.items()},
        ppi=_ppi(corners, candidate.size),
        confidence=float(np.clip(confidence, 0, 1)),
        points_mm=mm,
        points_px=px,
    )


def _points(candidate: Layout) -> tuple[Points, float]:
    """Points of a target that can be located to a part of a pixel, and the side of what they belong to, mm."""
    if len(candidate.points) > 20:
        return candidate.points, 10.0
    if candidate.grid:
        areas = np.concatenate(list(candidate.patches.values()))
        gap = float(areas[4, 0] - areas[1, 0])  # the corner of the neighbour must stay out of the window
        return areas, 4 * gap
    corners = np.concatenate([mark.corners for mark in candidate.marks])
    squares = np.concatenate([candidate.points, corners])
    return squares, float(corners[1, 0] - corners[0, 0]) / 2


def _scale(homography: Points, place: Points) -> float:
    """Pixels a millimetre at a place."""
    near = np.array([place, place + (1, 0), place + (0, 1)]).reshape(-1, 1, 2)
    origin, across, down = cv2.perspectiveTransform(near, homography).reshape(-1, 2)
    one, two = across - origin, down - origin
    return float(np.sqrt(abs(one[0] * two[1] - one[1] * two[0])))


def _corner(frame: Frame, point: Points, side: float) -> Points:
    """The corner near a point of the frame; NaN where none is."""
    nowhere = np.full(2, np.nan)
    window = int(np.clip(REACH * side, *WINDOW))
    reach = max(3 * window, int(REACH * side) + window) + 2
    if not np.isfinite(point).all() or (point < reach).any() or (point > np.array(frame.size) - 1 - reach).any():
        return nowhere
    left, top = (int(round(value)) - reach for value in point)
    light = frame.crop(left, top, left + 2 * reach + 1, top + 2 * reach + 1)
    # Equal weight to light and dark sides: the corner is looked for in codes, not in light.
    grey = np.sqrt(np.clip(light.mean(axis=2), 0, 1)).astype(np.float32)
    if np.ptp(cv2.GaussianBlur(grey, (0, 0), 1)) < 0.04:
        return nowhere
    start = (point - (left, top)).astype(np.float32).reshape(1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 40, 0.005)
    codes = np.clip(255 * grey, 0, 255)
    refined = cv2.cornerSubPix(codes, start.copy(), (window, window), (-1, -1), stop).reshape(2)
    if np.linalg.norm(refined - start.reshape(2)) > reach - window:
        return nowhere
    return np.asarray(refined + (left, top), np.float64)


def _ppi(corners: Points, size: tuple[float, float]) -> float:
    x, y = corners.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return 25.4 * float(np.sqrt(area / (size[0] * size[1])))

