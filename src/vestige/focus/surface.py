"""The relief of a stack as a surface in three dimensions: depth on a coarse grid, the picture over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging import jpeg_bytes, picture, write_glb

__all__ = ["AreaMeans", "grid_of", "relief", "write_surface"]

FLOAT = NDArray[np.float32]
#: Longer side of the picture that is laid over the surface.
TEXTURE_SIDE = 2048
#: Where no scale is known: metres of the longer side, and the part of it that the relief takes.
WIDTH_M, RELIEF_SHARE = 0.1, 0.2


class AreaMeans:
    """Means of a picture over the areas of a small one, gathered rows at a time.

    >>> means = AreaMeans((4, 6), (2, 3))
    >>> means.add(0, np.ones((3, 6), np.float32))
    >>> means.add(3, np.zeros((1, 6), np.float32))
    >>> means.result().tolist()
    [[1.0, 1.0, 1.0], [0.5, 0.5, 0.5]]
    """

    def __init__(self, shape: tuple[int, ...], size: tuple[int, int]) -> None:
        self._height = shape[0]
        self._sums = np.zeros((*size, *shape[2:]), np.float32)
        self._rows = np.zeros(size[0], np.float32)

    def add(self, first: int, rows: FLOAT) -> None:
        """Add the rows from `first` on."""
        width = self._sums.shape[1]
        narrow = cv2.resize(rows, (width, len(rows)), interpolation=cv2.INTER_AREA)
        place = (np.arange(first, first + len(rows)) * len(self._rows)) // self._height
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        self._sums[place[starts]] += np.add.reduceat(narrow, starts, axis=0)
        self._rows += np.bincount(place, minlength=len(self._rows))

    def result(self) -> FLOAT:
        """The means, (height, width[, channels]) float32."""
        rows = np.maximum(self._rows, 1)
        return np.asarray((self._sums.T / rows).T, np.float32)


def grid_of(shape: tuple[int, ...], side: int, least: int = 1) -> tuple[int, int]:
    """Rows and columns of a grid over a picture: at most `side` on the longer, `least` on the shorter side.

    >>> grid_of((480, 640), 400), grid_of((9, 12), 400)
    ((300, 400), (9, 12))
    """
    shrink = min(1.0, side / max(shape[:2]))
    return max(least, round(shape[0] * shrink)), max(least, round(shape[1] * shrink))


def relief(
    depth: FLOAT, shape: tuple[int, ...], *, in_mm: bool, pixel_mm: float | None
) -> tuple[FLOAT, dict[str, Any]]:
    """Points of the surface, (rows, columns, 3) float32 in metres: x right, y up, z towards the viewer.

    Parameters
    ----------
    depth : (rows, columns) float32, distance from the camera in mm, or in frames.
    shape : (height, width) of the picture that it covers.
    in_mm : whether depth is in mm.
    pixel_mm : size of a pixel of the picture on the object.

    Returns
    -------
    The points, and what a viewer should know: whether they are to scale, else how they were stretched.

    >>> points, about = relief(np.array([[10, 14], [10, 14.0]], np.float32), (2, 2), in_mm=True, pixel_mm=2.0)
    >>> (points[0] * 1000).round(3).tolist(), about["to_scale"]
    ([[-1.0, 1.0, 2.0], [1.0, 1.0, -2.0]], True)
    """
    rows, columns = depth.shape
    height, width = shape[:2]
    pixel = pixel_mm / 1000 if pixel_mm else WIDTH_M / max(height, width)
    away = cv2.medianBlur(depth, 3) if min(depth.shape) > 3 else depth
    low, high = np.percentile(away, [1, 99])
    true = in_mm and pixel_mm is not None
    span = max(float(high - low), 1e-6)
    unit = 1e-3 if true else RELIEF_SHARE * max(height, width) * pixel / span
    points = np.empty((rows, columns, 3), np.float32)
    points[..., 0] = (((np.arange(columns) + 0.5) / columns - 0.5) * width * pixel)[None, :]
    points[..., 1] = ((0.5 - (np.arange(rows) + 0.5) / rows) * height * pixel)[:, None]
    points[..., 2] = ((low + high) / 2 - away) * unit
    about: dict[str, Any] = {"unit": "m", "to_scale": true}
    if not true:
        lacks = "focus positions in mm" if not in_mm else "the size of a pixel (pixel_mm)"
        about["scale"] = f"relief stretched to a fifth of the longer side, since the capture lacks {lacks}"
    return points, about


def write_surface(
    path: Path,
    depth: FLOAT,
    texture: FLOAT,
    shape: tuple[int, ...],
    *,
    in_mm: bool,
    pixel_mm: float | None,
) -> dict[str, Any]:
    """Write the relief as binary glTF with `texture` (linear light) over it; tells what `relief` tells.

    >>> import tempfile
    >>> flat = np.full((4, 5), 9, np.float32)
    >>> about = write_surface(
    ...     Path(tempfile.mkdtemp(), "surface.glb"), flat, flat / 10, (4, 5), in_mm=False, pixel_mm=None
    ... )
    >>> about["to_scale"]
    False
    """
    points, about = relief(depth, shape, in_mm=in_mm, pixel_mm=pixel_mm)
    rows, columns = depth.shape
    down, across = np.gradient(points, axis=(0, 1))
    normals = np.cross(across, -down).reshape(-1, 3)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    v, u = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    below, right = corner + columns, corner + 1
    triangles = np.concatenate([np.stack([corner, below, right], 1), np.stack([right, below, below + 1], 1)])
    write_glb(
        path,
        points.reshape(-1, 3),
        triangles,
        np.asarray(normals, np.float32),
        places=np.stack([u.ravel(), v.ravel()], 1).astype(np.float32),
        texture=jpeg_bytes(picture(texture, max_side=TEXTURE_SIDE)),
        extras={"vestige": about},
        generator="Vestige focus",
    )
    return about
