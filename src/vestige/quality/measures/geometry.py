"""Where a flat target lies in a frame: a homography, and the radial distortion of the lens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

__all__ = ["Geometry", "fit_geometry"]

Points = NDArray[np.float64]
#: Distortion is told where its standard error is below this share of the radius.
SURE: Final = 0.0002
WIDEST: Final = 0.08


@dataclass(frozen=True, eq=False)
class Geometry:
    """From millimetres of a target to pixels of the frame.

    Attributes
    ----------
    homography : (3, 3), mm to undistorted pixels.
    distortion : share of the radius at the corner of the frame, above 0 for pincushion.
    uncertainty : standard error of the distortion.
    error : root mean square distance of the points from where they should be, pixels.
    frame : (width, height).

    >>> Geometry(np.eye(3), 0.0, 1.0, 0.0, (10, 10)).pixels(np.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    homography: Points
    distortion: float
    uncertainty: float
    error: float
    frame: tuple[int, int]

    @property
    def sure(self) -> bool:
        """True where the points cover enough of the frame to tell the distortion."""
        return self.uncertainty < SURE

    def pixels(self, points: Points) -> Points:
        """Pixels of points in mm, (n, 2)."""
        flat = cv2.perspectiveTransform(np.asarray(points, np.float64).reshape(-1, 1, 2), self.homography)
        middle, radius = _lens(self.frame)
        offset = flat.reshape(-1, 2) - middle
        return np.asarray(middle + offset * (1 + self.distortion * (offset**2).sum(1, keepdims=True) / radius**2))


def fit_geometry(points_mm: Points, points_px: Points, frame: tuple[int, int]) -> Geometry:
    """Least squares over points (n, 2), n >= 4; the distortion is 0 where the points cannot tell it.

    The lens is r' = r (1 + k (r / R)^2), R the half diagonal of the frame. Source: ISO 17850 (geometric
    distortion); Brown 1966 for the model. The standard error is that of the linearised fit.

    >>> grid = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), -1).reshape(-1, 2)
    >>> abs(fit_geometry(grid, grid * 20 + 3, (100, 100)).distortion) < 1e-6
    True
    """

    def loss(k: float) -> float:
        return float((_residual(points_mm, points_px, k, frame)[1] ** 2).sum())

    plain, residual = _residual(points_mm, points_px, 0.0, frame)
    flat = Geometry(plain, 0.0, np.inf, float(np.sqrt((residual**2).sum(1).mean())), frame)
    free = 2 * len(points_mm) - 9
    if free < 8:
        return flat
    k = float(minimize_scalar(loss, bounds=(-WIDEST, WIDEST), method="bounded", options={"xatol": 1e-7}).x)
    least, step = loss(k), 1e-3
    bend = (loss(k + step) - 2 * least + loss(k - step)) / step**2
    uncertainty = float(np.sqrt(2 * (least / free) / bend)) if bend > 0 else np.inf
    if not uncertainty < max(SURE, abs(k) / 4):
        return Geometry(plain, 0.0, uncertainty, flat.error, frame)
    bent, residual = _residual(points_mm, points_px, k, frame)
    return Geometry(bent, k, uncertainty, float(np.sqrt((residual**2).sum(1).mean())), frame)


def _lens(frame: tuple[int, int]) -> tuple[Points, float]:
    return (np.array(frame) - 1) / 2, float(np.hypot(*frame) / 2)


def _residual(mm: Points, px: Points, k: float, frame: tuple[int, int]) -> tuple[Points, Points]:
    middle, radius = _lens(frame)
    seen = (px - middle) / radius
    flat = seen
    for _ in range(8):
        flat = seen / (1 + k * (flat**2).sum(axis=1, keepdims=True))
    homography, _ = cv2.findHomography(mm, flat * radius + middle, 0)
    if homography is None:
        return np.eye(3), np.full(mm.shape, 1e6)
    geometry = Geometry(homography, k, 0.0, 0.0, frame)
    return homography, geometry.pixels(mm) - px
