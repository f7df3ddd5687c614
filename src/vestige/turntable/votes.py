"""What the views say of points in the world: how far inside or outside the object's silhouettes they lie.

A silhouette is taken as a signed distance: positive inside. What a view does not have in its frame it cannot
judge, so all that is outside the frame counts as inside. Distances on the frame are turned into lengths at
the depth of the point, so that votes of near and far cameras compare; and since a signed distance changes by
no more than the step between two points, one vote at the middle of a cell bounds the votes within the cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.turntable.cameras import Camera
from vestige.turntable.sampling import sample

__all__ = ["MaskSource", "Votes", "signed_distance", "votes"]

MaskSource = Callable[[int], NDArray[np.bool_]]
Floats = NDArray[np.float32]

_UNSEEN = np.float32(1e6)
#: Perspective stretches lengths within a cell a little; bounds are widened by as much.
SLACK = 1.1


@dataclass(frozen=True)
class Votes:
    """What all views say of n points.

    Attributes
    ----------
    distance : float32 (n,), the least signed distance from the outline over the views, in the unit of the
        world, the `misses` lowest votes left out; positive inside all silhouettes. Points that are outside by
        more than `bound` stay at the value at which that was known.
    seen, seen_nearly, seen_safely : uint16 (n,), how many views have the point in their frame; have it there
        or within `bound` of the frame; have all within `bound` of it there.
    """

    distance: Floats
    seen: NDArray[np.uint16]
    seen_nearly: NDArray[np.uint16]
    seen_safely: NDArray[np.uint16]


def signed_distance(mask: NDArray[np.bool_], margin: int = 0) -> Floats:
    """Distance of pixel centres from the outline in pixels, positive inside; outside the frame is inside.

    `margin` pixels of the surroundings are added on each side.

    >>> mask = np.zeros((1, 9), bool)
    >>> mask[0, 3:6] = True
    >>> signed_distance(np.repeat(mask, 9, axis=0))[4].round(1).tolist()
    [-0.5, -1.5, -0.5, 0.5, 1.5, 0.5, -0.5, -1.5, -0.5]
    """
    margin = max(margin, 1)
    inside = np.pad(mask, margin, constant_values=True).astype(np.uint8)
    within = _distance(inside) if not mask.all() else np.full(inside.shape, _UNSEEN, np.float32)
    outside = _distance(1 - inside)
    signed: Floats = np.where(inside > 0, within - np.float32(0.5), np.float32(0.5) - outside)
    return signed if margin > 1 else signed[1:-1, 1:-1]


def _distance(image: NDArray[np.uint8]) -> Floats:
    return np.asarray(cv2.distanceTransform(image, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def votes(
    cameras: Sequence[Camera],
    masks: MaskSource,
    points: NDArray[Any],
    *,
    misses: int = 0,
    bound: float = 0.0,
    between: Callable[[], None] = lambda: None,
) -> Votes:
    """Ask all views about world points (n, 3), one view after the other.

    Points that more than `misses` views put outside by more than `bound` (times `SLACK`) are asked no
    further. `between` is called after each view.

    >>> lens = np.array([[10, 0, 5], [0, 10, 5], [0, 0, 1.0]])
    >>> camera = Camera("a", 10, 10, lens, np.eye(3), np.array([0, 0, 9.0]))
    >>> mask = np.zeros((10, 10), bool)
    >>> mask[3:7, 3:7] = True
    >>> votes([camera], lambda index: mask, np.array([[0.0, 0, 1], [3, 0, 1]])).distance.round(1).tolist()
    [1.5, -1.0]
    """
    count = len(points)
    lowest = np.full((count, misses + 1), _UNSEEN, np.float32)
    seen = np.zeros((count, 3), np.uint16)
    active = np.arange(count)
    place = np.asarray(points, np.float32)
    for number, camera in enumerate(cameras):
        vote, margins = _vote(camera, masks(number), place[active], bound)
        for rank in range(misses + 1):
            kept = np.minimum(lowest[active, rank], vote)
            vote = np.maximum(lowest[active, rank], vote)
            lowest[active, rank] = kept
        for column, least in enumerate((0.0, -bound * SLACK, bound * SLACK)):
            seen[active, column] += margins >= least
        active = active[lowest[active, misses] > -bound * SLACK - 1e-6] if bound else active
        between()
    return Votes(lowest[:, misses].copy(), seen[:, 0], seen[:, 1], seen[:, 2])


def _vote(camera: Camera, mask: NDArray[np.bool_], points: Floats, bound: float) -> tuple[Floats, Floats]:
    """Signed distances of points from the outline and from the edge of the frame, in world units."""
    if not len(points):
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    pixels, depth = camera.project(points)
    visible = depth > 1e-6
    size = np.where(visible, depth, 1.0) / np.float32(camera.focal)
    reach = float(bound * SLACK / size[visible].min()) if bound and visible.any() else 0.0
    margin = int(min(np.ceil(reach) + 2, 2 * max(mask.shape)))
    distance = sample(signed_distance(mask, margin), pixels + np.float32(margin))
    half_width, half_height = np.float32(camera.width / 2), np.float32(camera.height / 2)
    edge = np.minimum(
        half_width - np.abs(pixels[:, 0] - half_width), half_height - np.abs(pixels[:, 1] - half_height)
    )
    unseen = ~visible | (edge < -margin + 1)
    vote = np.where(unseen, _UNSEEN, distance * size).astype(np.float32)
    return vote, np.where(visible, edge * size, -_UNSEEN).astype(np.float32)
