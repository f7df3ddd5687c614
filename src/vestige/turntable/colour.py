"""The colour of each vertex: from the views that face it best and see it unhidden."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vestige.turntable.cameras import Camera
from vestige.turntable.sampling import sample
from vestige.turntable.surfaces import Surface

__all__ = ["ViewColours", "colours_from_view", "vertex_colours", "view_gains"]

Floats = NDArray[np.float32]

#: Below this cosine between the normal and the view a colour is smeared along the surface.
_LEAST_FACING = 0.15


@dataclass(frozen=True)
class ViewColours:
    """What one view tells of the colour of the vertices it sees.

    Attributes
    ----------
    vertices : int32 (k,), numbers of the vertices seen.
    weights : float32 (k,), how well the view faces each, 0..1.
    colours : float32 (k, 3), linear light.
    """

    vertices: NDArray[np.int32]
    weights: Floats
    colours: Floats


def colours_from_view(
    shape: Surface,
    normals: Floats,
    camera: Camera,
    image: Floats,
    mask: NDArray[np.bool_],
    nearest: Floats,
    *,
    tolerance: float,
) -> ViewColours:
    """Colours of the vertices that one view sees.

    A vertex counts as seen if it faces the camera, lies no more than `tolerance` (unit of the world) behind
    the nearest surface on its ray, and falls within the silhouette, away from its outline, where pixels mix
    object and background.

    Parameters
    ----------
    shape, normals : the surface and its unit normals (n, 3).
    camera, image, mask : the view; image (height, width, 3) linear light; mask its silhouette.
    nearest : depth that `rasterise` found for this camera.
    tolerance : slack in depth, about two voxels.

    >>> from vestige.turntable.rendering import rasterise
    >>> lens = np.array([[40, 0, 20], [0, 40, 20], [0, 0, 1.0]])
    >>> camera = Camera("a", 40, 40, lens, np.eye(3), np.zeros(3))
    >>> corners = np.array([[-1, -1, 4], [1, -1, 4], [0, 1, 4]], np.float32)
    >>> sheet = Surface(corners, np.array([[0, 2, 1]], np.int32))
    >>> image, mask = np.full((40, 40, 3), 0.3, np.float32), np.ones((40, 40), bool)
    >>> depth, _ = rasterise(sheet, camera)
    >>> depth[:] = 4.0
    >>> found = colours_from_view(sheet, sheet.normals(), camera, image, mask, depth, tolerance=0.1)
    >>> found.vertices.tolist(), found.colours[0].round(2).tolist()
    ([0, 1, 2], [0.30000001192092896, 0.30000001192092896, 0.30000001192092896])
    """
    pixels, depth = camera.project(shape.vertices)
    towards = camera.centre.astype(np.float32) - shape.vertices
    facing = np.einsum("ij,ij->i", towards, normals) / np.linalg.norm(towards, axis=1)
    column, row = np.floor(pixels.T).astype(np.int64)
    inside = (column >= 0) & (row >= 0) & (column < camera.width) & (row < camera.height) & (depth > 0)
    candidate = np.flatnonzero(inside & (facing > _LEAST_FACING))
    # A vertex on the rim of a pixel may lie deeper than the pixel's middle by the slope of the surface.
    pixel = depth[candidate] / camera.focal
    slack = tolerance + pixel * np.sqrt(1 / facing[candidate] ** 2 - 1)
    unhidden = depth[candidate] <= nearest[row[candidate], column[candidate]] + slack
    from_outline = _depth_in_mask(mask)[row[candidate], column[candidate]]
    chosen = candidate[unhidden & (from_outline > 1.5)]
    weights = facing[chosen] ** 2 * np.minimum(from_outline[unhidden & (from_outline > 1.5)] / 8, 1)
    return ViewColours(chosen.astype(np.int32), weights.astype(np.float32), sample(image, pixels[chosen]))


def view_gains(count: int, views: Callable[[], Iterable[ViewColours]], *, passes: int = 2) -> Floats:
    """How much brighter each view must be made for all to agree where they overlap, geometric mean 1.

    Flash, shutter and distance differ from view to view; one factor a view leaves the hues as recorded.

    Parameters
    ----------
    count : vertices of the surface.
    views : called once a pass and once more, gives the views in the same order.

    References
    ----------
    Brown, M., Lowe, D. G. (2007). Automatic panoramic image stitching. IJCV 74, 59-73, section 6.

    >>> both = np.array([0, 1], np.int32)
    >>> dim = ViewColours(both, np.ones(2, np.float32), np.full((2, 3), 0.2, np.float32))
    >>> lit = ViewColours(both, np.ones(2, np.float32), np.full((2, 3), 0.8, np.float32))
    >>> view_gains(2, lambda: [dim, lit]).round(2).tolist()
    [2.0, 0.5]
    """
    logarithms: dict[int, float] = {}
    for _ in range(passes):
        total, weight = np.zeros(count), np.full(count, 1e-9)
        for number, view in enumerate(views()):
            light = _log_light(view) + logarithms.get(number, 0.0)
            total[view.vertices] += view.weights * light
            weight[view.vertices] += view.weights
        mean = total / weight
        for number, view in enumerate(views()):
            missing = mean[view.vertices] - _log_light(view)
            logarithms[number] = float(np.median(missing)) if missing.size else 0.0
    found = np.array(list(logarithms.values()), np.float32)
    return np.asarray(np.exp(found - found.mean()), np.float32)


def _log_light(view: ViewColours) -> NDArray[np.float64]:
    return np.asarray(np.log(np.maximum(view.colours.mean(axis=1, dtype=float), 1e-3)))


def _depth_in_mask(mask: NDArray[np.bool_]) -> Floats:
    return np.asarray(cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def vertex_colours(
    shape: Surface, views: Iterable[ViewColours], *, blend: int = 3
) -> tuple[Floats, NDArray[np.bool_]]:
    """Blend the `blend` best-facing views of each vertex; one that no view saw takes its neighbour's colour.

    Returns
    -------
    colours : float32 (n, 3), linear light.
    seen : bool (n,), False where the colour is borrowed.

    >>> corner = Surface(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    >>> red = ViewColours(np.array([0, 1], np.int32), np.ones(2, np.float32), np.float32([[1, 0, 0]] * 2))
    >>> dim = ViewColours(np.array([1], np.int32), np.float32([0.5]), np.float32([[0, 0, 0]]))
    >>> colours, seen = vertex_colours(corner, [red, dim], blend=1)
    >>> colours[1].tolist(), seen.tolist()
    ([1.0, 0.0, 0.0], [True, True, False])
    """
    count = len(shape.vertices)
    best = np.zeros((count, blend), np.float32)
    kept = np.zeros((count, blend, 3), np.float16)
    for view in views:
        worst = np.argmin(best[view.vertices], axis=1)
        better = view.weights > best[view.vertices, worst]
        where = view.vertices[better], worst[better]
        best[where] = view.weights[better]
        kept[where] = view.colours[better]
    total = best.sum(axis=1)
    seen = total > 0
    colours = np.einsum("nk,nkc->nc", best, kept, dtype=np.float32) / np.maximum(total, 1e-9)[:, None]
    if seen.any() and not seen.all():
        _, near = cKDTree(shape.vertices[seen]).query(shape.vertices[~seen])
        colours[~seen] = colours[seen][near]
    elif not seen.any():
        colours[:] = 0.5
    return colours.astype(np.float32), seen
