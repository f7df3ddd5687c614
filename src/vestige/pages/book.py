"""The open book of the forward model: how its pages lie, and how a camera above sees them.

Coordinates in mm on the table: x to the right from the fold, y down the page, z towards the camera. A page
is a sheet bent in one direction: it sinks into the fold with a slope that fades as it leaves it, so the
length along the sheet `s` (what the press knows) and the distance from the fold `x` (what the camera sees)
differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.pages.typesetting import PAGE_MM

__all__ = ["Camera", "Leaf"]

FADE_MM = 9.0
FLOATS = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Leaf:
    """One page as it lies: `side` -1 left of the fold, +1 right of it; slope at the fold and tilt in degrees.

    `start` is the x of its inner edge: 0 in a book, minus half its width for a single leaf.

    >>> flat = Leaf(1, 0.0, 0.0)
    >>> float(flat.along(np.array([50.0]))[0].round(3))
    50.0
    """

    side: int
    slope: float
    tilt: float
    start: float = 0.0

    def _profile(self) -> tuple[FLOATS, FLOATS, FLOATS]:
        """Along the sheet: s, distance from the inner edge, height; mm."""
        s = np.linspace(0, PAGE_MM[0] + 40, 2400)
        middle = (s[1:] + s[:-1]) / 2
        slope = self.slope_at(middle)
        step = np.diff(s)
        x = np.concatenate([[0], np.cumsum(step * np.cos(slope))])
        z = np.concatenate([[0], np.cumsum(step * np.sin(slope))])
        # The inner edges of both pages meet; far out the sheet rests on the block.
        return s, x, z - FADE_MM * math.radians(self.slope)

    def slope_at(self, s: FLOATS) -> FLOATS:
        """Slope of the sheet at `s` mm from its inner edge, in radians; it rises away from the fold."""
        steep: FLOATS = np.radians(self.slope) * np.exp(-np.maximum(s, 0) / FADE_MM) + math.radians(self.tilt)
        return steep

    def along(self, x: FLOATS) -> FLOATS:
        """Length along the sheet of what lies at `x` mm; negative on the other side of its inner edge."""
        s, across, _ = self._profile()
        distance = self.side * x - self.start
        found: FLOATS = np.where(distance < 0, distance, np.interp(distance, across, s))
        return found

    def height(self, x: FLOATS) -> FLOATS:
        """Height in mm at `x`."""
        _, across, z = self._profile()
        found: FLOATS = np.interp(self.side * x - self.start, across, z)
        return found

    def point(self, s: FLOATS, y: FLOATS) -> FLOATS:
        """Points (..., 3) in mm of places on the sheet: `s` along it, `y` down it."""
        lengths, across, z = self._profile()
        x = self.side * (np.interp(s, lengths, across) + self.start)
        return np.stack(np.broadcast_arrays(x, y, np.interp(s, lengths, z)), axis=-1)

    def normal(self, s: FLOATS) -> FLOATS:
        """Unit normals (..., 3) at `s`."""
        slope = self.slope_at(s)
        return np.stack([-self.side * np.sin(slope), np.zeros_like(slope), np.cos(slope)], axis=-1)


@dataclass(frozen=True)
class Camera:
    """A pinhole camera above the table, looking down.

    `centre` is the point of the table below it (mm), `scale` pixels a mm on the table, `turn` about its
    axis and `keystone` two tilts, in degrees; `shape` (height, width) of the frame.

    >>> camera = Camera((0.0, 0.0), 4.0, 0.0, (0.0, 0.0), (100, 200))
    >>> camera.project(np.array([10.0, 0.0, 0.0])).round(3).tolist()
    [139.5, 49.5]
    """

    centre: tuple[float, float]
    scale: float
    turn: float
    keystone: tuple[float, float]
    shape: tuple[int, int]
    distance: float = 900.0

    def _rotation(self) -> NDArray[np.float64]:
        a, b, c = (math.radians(angle) for angle in (self.turn, *self.keystone))
        turn = np.array([[math.cos(a), math.sin(a), 0], [-math.sin(a), math.cos(a), 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
        about_y = np.array([[math.cos(c), 0, math.sin(c)], [0, 1, 0], [-math.sin(c), 0, math.cos(c)]])
        return np.asarray(turn @ about_x @ about_y)

    def project(self, points: FLOATS) -> FLOATS:
        """Pixels (..., 2) of points (..., 3) in mm; (0, 0) is the centre of the first pixel."""
        eye = np.array([*self.centre, self.distance])
        seen = (points - eye) * np.array([1, 1, -1]) @ self._rotation()
        focal = self.distance * self.scale
        middle = np.array([self.shape[1] - 1, self.shape[0] - 1]) / 2
        pixels: FLOATS = focal * seen[..., :2] / seen[..., 2:] + middle
        return pixels

    def rays(self, rows: slice) -> FLOATS:
        """Direction (rows, width, 3) of each pixel's ray, its z pointing down with length 1."""
        y, x = np.mgrid[rows.start : rows.stop, 0 : self.shape[1]].astype(np.float64)
        focal = self.distance * self.scale
        seen = np.stack(
            [(x - (self.shape[1] - 1) / 2) / focal, (y - (self.shape[0] - 1) / 2) / focal, np.ones_like(x)],
            -1,
        )
        ray = seen @ self._rotation().T
        directions: FLOATS = ray / ray[..., 2:]
        return directions

    def reach(self, rays: FLOATS, height: FLOATS | float) -> FLOATS:
        """Where rays meet the height `height` (mm): x and y, (rows, width, 2)."""
        drop = self.distance - height
        return np.stack([self.centre[0] + rays[..., 0] * drop, self.centre[1] + rays[..., 1] * drop], axis=-1)
