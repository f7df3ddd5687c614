"""From the world of the cameras to that of a model: metres, y up, on the ground, facing the first view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.turntable.cameras import Camera
from vestige.turntable.surfaces import Surface

__all__ = ["Placing", "placing", "upward"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Placing:
    """A similarity: ``x_model = scale * rotation @ x_world + translation``."""

    rotation: Floats
    translation: Floats
    scale: float

    @property
    def matrix(self) -> Floats:
        """(4, 4), world to model."""
        found = np.eye(4)
        found[:3, :3] = self.scale * self.rotation
        found[:3, 3] = self.translation
        return found

    def placed(self, shape: Surface) -> Surface:
        """The surface in metres."""
        moved = self.scale * (shape.vertices.astype(float) @ self.rotation.T) + self.translation
        return Surface(moved.astype(np.float32), shape.faces)


def upward(cameras: Sequence[Camera]) -> Floats:
    """Which way is up: the mean of the cameras' own upward directions; the world's z where they cancel out.

    >>> level = Camera("a", 8, 8, np.eye(3), np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]), np.zeros(3))
    >>> upward([level]).tolist()
    [0.0, 0.0, 1.0]
    """
    total = -np.mean([camera.rotation[1] for camera in cameras], axis=0)
    size = float(np.linalg.norm(total))
    return np.asarray(total / size if size > 0.2 else np.array([0.0, 0.0, 1.0])) + 0.0


def placing(shape: Surface, cameras: Sequence[Camera], unit_mm: float | None) -> Placing:
    """How a surface is turned, moved and scaled to become a model.

    Parameters
    ----------
    shape : in the world of the cameras.
    cameras : the first says where the front is, all together say what is up.
    unit_mm : length of one unit of the world; None leaves one unit a metre.

    >>> looking = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    >>> camera = Camera("a", 8, 8, np.eye(3), looking, np.array([0, 0, 900.0]))
    >>> corners = np.array([[-50, -50, 10], [50, -50, 10], [0, 50, 210]], np.float32)
    >>> shape = Surface(corners, np.array([[0, 1, 2]], np.int32))
    >>> placing(shape, [camera], 1.0).placed(shape).vertices.max(axis=0).round(3).tolist()
    [0.05000000074505806, 0.20000000298023224, 0.05000000074505806]
    """
    up = upward(cameras)
    middle = (shape.vertices.min(axis=0) + shape.vertices.max(axis=0)).astype(float) / 2
    front = cameras[0].centre - middle
    front -= up * (front @ up)
    if np.linalg.norm(front) < 1e-6:
        front = np.cross(up, [1.0, 0.0, 0.0] if abs(up[0]) < 0.9 else [0.0, 1.0, 0.0])
    front /= np.linalg.norm(front)
    rotation = np.stack([np.cross(up, front), up, front])
    scale = 1.0 if unit_mm is None else unit_mm / 1000
    turned = scale * (shape.vertices.astype(float) @ rotation.T)
    low, high = turned.min(axis=0), turned.max(axis=0)
    return Placing(rotation, -np.array([(low[0] + high[0]) / 2, low[1], (low[2] + high[2]) / 2]), scale)
