"""A small z-buffer: which triangle each pixel of a camera sees, and plain shaded pictures for reports."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from vestige.turntable.cameras import Camera
from vestige.turntable.surfaces import Surface

__all__ = ["around", "rasterise", "shaded"]

Floats = NDArray[np.float32]


def rasterise(shape: Surface, camera: Camera) -> tuple[Floats, NDArray[np.int32]]:
    """What a camera sees of a surface.

    Returns
    -------
    depth : float32 (height, width), along the camera's axis in the unit of the world; inf where nothing is
    seen. face : int32 (height, width), number of the triangle seen; -1 where none.

    >>> camera = Camera("a", 4, 4, np.array([[4, 0, 2], [0, 4, 2], [0, 0, 1.0]]), np.eye(3), np.zeros(3))
    >>> corners = np.array([[-9, -9, 3], [9, -9, 3], [0, 9, 3]], np.float32)
    >>> depth, face = rasterise(Surface(corners, np.array([[0, 1, 2]], np.int32)), camera)
    >>> float(depth[1, 1]), int(face[1, 1])
    (3.0, 0)
    """
    pixels, depth = camera.project(shape.vertices)
    return _rasterise(  # type: ignore[no-any-return]
        pixels.astype(np.float32), depth.astype(np.float32), shape.faces, camera.height, camera.width
    )


@numba.njit(cache=True, nogil=True)
def _rasterise(pixels: Any, depth: Any, faces: Any, height: int, width: int) -> Any:
    nearest = np.full((height, width), np.inf, np.float32)
    seen = np.full((height, width), -1, np.int32)
    for f in range(faces.shape[0]):
        a, b, c = faces[f]
        if depth[a] <= 0 or depth[b] <= 0 or depth[c] <= 0:
            continue
        ax, ay, bx, by, cx, cy = (
            pixels[a, 0],
            pixels[a, 1],
            pixels[b, 0],
            pixels[b, 1],
            pixels[c, 0],
            pixels[c, 1],
        )
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        left, right = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0), min(int(max(ax, bx, cx) - 0.5) + 1, width)
        top, bottom = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0), min(int(max(ay, by, cy) - 0.5) + 1, height)
        for row in range(top, bottom):
            y = row + 0.5
            for column in range(left, right):
                x = column + 0.5
                wa = ((bx - x) * (cy - y) - (by - y) * (cx - x)) / area
                wb = ((cx - x) * (ay - y) - (cy - y) * (ax - x)) / area
                wc = 1 - wa - wb
                if wa < 0 or wb < 0 or wc < 0:
                    continue
                z = 1 / (wa / depth[a] + wb / depth[b] + wc / depth[c])
                if z < nearest[row, column]:
                    nearest[row, column] = z
                    seen[row, column] = f
    return nearest, seen


def shaded(
    shape: Surface, camera: Camera, colours: Floats | None = None, *, background: float = 0.82
) -> Floats:
    """A picture of the surface, float32 (height, width, 3), linear light.

    With `colours` (n, 3), linear and one a vertex, the surface shows them as they are; without, it is grey
    clay under a lamp beside the camera.

    >>> camera = Camera("a", 4, 4, np.array([[4, 0, 2], [0, 4, 2], [0, 0, 1.0]]), np.eye(3), np.zeros(3))
    >>> corners = np.array([[-9, -9, 3], [9, -9, 3], [0, 9, 3]], np.float32)
    >>> sheet = Surface(corners, np.array([[0, 1, 2]], np.int32))
    >>> shaded(sheet, camera, np.full((3, 3), 0.25, np.float32))[1, 1].tolist()
    [0.25, 0.25, 0.25]
    """
    _, face = rasterise(shape, camera)
    picture = np.full((*face.shape, 3), background, np.float32)
    hit = face >= 0
    corners = shape.faces[face[hit]]
    if colours is None:
        normals = shape.normals()[corners].mean(axis=1)
        lamp = camera.rotation.T @ (np.array([-0.45, -0.55, -0.7]) / np.linalg.norm([0.45, 0.55, 0.7]))
        light = (
            0.10 + 0.62 * np.clip(normals @ lamp, 0, 1) + 0.10 * np.clip(normals @ -camera.rotation[2], 0, 1)
        )
        picture[hit] = light[:, None]
    else:
        picture[hit] = colours[corners].mean(axis=1)
    return picture


def around(model: Surface, azimuth: float, elevation: float, size: int = 360) -> Camera:
    """A camera that looks at a model (y up, front towards +z) from a direction (degrees), all in the frame.

    >>> corners = np.array([[-1, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    >>> view = around(Surface(corners, np.array([[0, 1, 2]], np.int32)), 30, 20)
    >>> bool((view.project(corners)[0] > 0).all())
    True
    """
    a, e = np.radians([azimuth, elevation])
    away = np.array([np.cos(e) * np.sin(a), np.sin(e), np.cos(e) * np.cos(a)])
    right = np.cross(-away, [0.0, 1.0, 0.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(-away, right), -away])
    middle = (model.vertices.min(axis=0) + model.vertices.max(axis=0)).astype(float) / 2
    reach = float(np.linalg.norm(model.vertices - middle, axis=1).max())
    matrix = np.array([[1.9 * size, 0, size / 2], [0, 1.9 * size, size / 2], [0, 0, 1.0]])
    return Camera("", size, size, matrix, rotation, -rotation @ (middle + 4.2 * reach * away))
