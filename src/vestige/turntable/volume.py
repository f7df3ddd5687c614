"""Where the object is: the box in the world that all silhouettes agree on, before any fine carving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from vestige.errors import InputError
from vestige.turntable.cameras import Camera
from vestige.turntable.votes import MaskSource, votes

__all__ = ["Volume", "working_volume"]

Floats = NDArray[np.float64]

_CELLS = 48


@dataclass(frozen=True)
class Volume:
    """A box along the axes of the world, in the unit of the cameras.

    >>> Volume((0.0, 0.0, 0.0), (1.0, 2.0, 3.0)).extent
    (1.0, 2.0, 3.0)
    """

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    @property
    def extent(self) -> tuple[float, float, float]:
        """Sides of the box."""
        x, y, z = (high - low for low, high in zip(self.low, self.high, strict=True))
        return x, y, z


def working_volume(
    cameras: Sequence[Camera], masks: MaskSource, *, misses: int = 0, seen: float = 0.3
) -> Volume:
    """The box that holds the object, found from the silhouettes alone.

    The rays through the middles of the silhouettes meet near the middle of the object; seen from there, each
    silhouette bounds a cone. A cube as wide as the cones is carved on a coarse grid, and what is left is
    boxed; twice, so that one wide cone does not leave the box wide.

    Parameters
    ----------
    cameras, masks : one silhouette a camera; ``masks(i)`` gives it as bool (height, width).
    misses : silhouettes that may miss a point of the object.
    seen : share of the views that must have a point in their frame.

    Raises
    ------
    InputError
        where no volume agrees with the silhouettes.

    >>> lens = np.array([[64, 0, 32], [0, 64, 32], [0, 0, 1.0]])
    >>> camera = Camera("a", 64, 64, lens, np.eye(3), np.array([0, 0, 9.0]))
    >>> side = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    >>> other = Camera("b", 64, 64, camera.matrix, side, camera.translation)
    >>> square = np.zeros((64, 64), bool)
    >>> square[25:39, 25:39] = True
    >>> box = working_volume([camera, other], lambda index: square)
    >>> [round(side) for side in box.extent]
    [2, 2, 2]
    """
    centre, reach = _meeting_point(cameras, masks, misses)
    low, high = centre - reach, centre + reach
    for _ in range(3):
        cell = float((high - low).max()) / _CELLS
        counts = np.maximum(np.ceil((high - low) / cell), 1).astype(int)
        index = np.stack(np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), axis=-1).reshape(-1, 3)
        points = low + (index + 0.5) * cell
        bound = 0.5 * np.sqrt(3) * cell
        found = votes(cameras, masks, points, misses=misses, bound=bound)
        kept = (found.distance > -bound) & (found.seen_nearly >= max(2, seen * len(cameras)))
        if not kept.any():
            raise _disagree(cameras)
        kept = _largest_piece(kept.reshape(counts)).reshape(-1)
        low, high = points[kept].min(axis=0) - 1.2 * cell, points[kept].max(axis=0) + 1.2 * cell
    return Volume(_triple(low), _triple(high))


def _largest_piece(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest connected piece: corners that hardly any view has in its frame are not carved away."""
    pieces, count = label(cells, np.ones((3, 3, 3)))
    sizes = np.bincount(pieces.reshape(-1), minlength=count + 1)
    sizes[0] = 0
    return np.asarray(pieces == int(np.argmax(sizes)))


def _triple(values: Floats) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


def _disagree(cameras: Sequence[Camera]) -> InputError:
    return InputError(
        cameras[0].file,
        f"and the other {len(cameras) - 1} views agree on no volume: their silhouettes or cameras are wrong",
        action="look at the silhouettes in the report of a run with more misses, or record a clean plate",
    )


def _meeting_point(cameras: Sequence[Camera], masks: MaskSource, misses: int) -> tuple[Floats, float]:
    """The point nearest to the rays through the middles of the silhouettes; how far the object may reach."""
    starts, rays, spreads = [], [], []
    for number, camera in enumerate(cameras):
        rows, columns = np.nonzero(masks(number))
        if not rows.size:
            continue
        middle = 0.5 * (columns.min() + columns.max() + 1), 0.5 * (rows.min() + rows.max() + 1)
        starts.append(camera.centre)
        rays.append(camera.ray(middle))
        spreads.append(float(np.hypot(columns - middle[0], rows - middle[1]).max()) / camera.focal)
    if len(rays) < 2:
        raise InputError(cameras[0].file, "is the only view with a silhouette", "two or more")
    start, ray = np.array(starts), np.array(rays)
    use = np.ones(len(ray), bool)
    for _ in range(3):
        centre = _nearest_point(start[use], ray[use])
        away = np.linalg.norm(np.cross(centre - start, ray), axis=1)
        use = away <= 3 * np.median(away) + 1e-9
    distance = np.linalg.norm(start - centre, axis=1)
    reach = np.sort(np.array(spreads) * distance)[::-1]
    return centre, 1.25 * float(reach[min(misses, len(reach) - 1)])


def _nearest_point(starts: Floats, rays: Floats) -> Floats:
    """The point with the least sum of squared distances from lines."""
    across = np.eye(3) - rays[:, :, None] * rays[:, None, :]
    point: NDArray[Any] = np.linalg.lstsq(
        across.sum(0), (across @ starts[:, :, None]).sum(0)[:, 0], rcond=None
    )[0]
    return point
