"""Visual hull: the largest body that casts the silhouettes, carved from coarse cells to fine voxels.

Laurentini, A. (1994). The visual hull concept for silhouette-based image understanding. IEEE Trans. PAMI 16,
150-162. The refinement of boundary cells only follows Szeliski, R. (1993). Rapid octree construction from
image sequences. CVGIP: Image Understanding 58, 23-32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.errors import BudgetError, InputError
from vestige.turntable.cameras import Camera
from vestige.turntable.volume import Volume
from vestige.turntable.votes import SLACK, MaskSource, votes

__all__ = ["STEPS", "Hull", "largest_resolution", "visual_hull"]

Floats = NDArray[np.float64]
Cells = NDArray[np.int16]

_COARSEST = 64
#: Steps of the stored distance in one voxel.
STEPS = 32


@dataclass(frozen=True)
class Hull:
    """The hull as voxels.

    Attributes
    ----------
    distance : int8 (x, y, z), distance from the surface at the middle of each voxel in 1/32 of a voxel,
        positive inside, -128 and 127 meaning 'that or more'.
    origin : world coordinates of the middle of voxel (0, 0, 0).
    voxel : side of a voxel, in the unit of the cameras.
    """

    distance: NDArray[np.int8]
    origin: tuple[float, float, float]
    voxel: float

    @property
    def volume(self) -> float:
        """Volume of the body, in cubed units of the cameras."""
        return float(np.count_nonzero(self.distance >= 0)) * self.voxel**3


def largest_resolution(volume: Volume, memory: int) -> int:
    """The most voxels along the longest side that `memory` bytes can hold while they are carved.

    >>> largest_resolution(Volume((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), 2**30) > 300
    True
    """
    sides = np.array(volume.extent) / max(volume.extent)
    # One byte a voxel at rest; about 120 bytes for each voxel near the surface, some ten layers of them.
    for resolution in range(1024, 15, -8):
        dense = float(np.prod(sides)) * resolution**3
        shell = 4 * resolution**2 * (sides[0] * sides[1] + sides[1] * sides[2] + sides[0] * sides[2])
        if 1.3 * dense + 120 * 2.2 * shell <= memory:
            return resolution
    raise BudgetError(f"carving needs more than {memory >> 20} MiB of memory: grant a budget of 1G or more")


def visual_hull(
    cameras: Sequence[Camera],
    masks: MaskSource,
    volume: Volume,
    *,
    resolution: int = 128,
    misses: int = 0,
    seen: float = 0.3,
    context: Context | None = None,
    key: str = "carve",
) -> Hull:
    """Carve the box: a point stays unless more than `misses` silhouettes exclude it.

    Parameters
    ----------
    cameras, masks : one silhouette a camera; ``masks(i)`` gives it as bool (height, width).
    volume : the box to carve.
    resolution : voxels along the longest side of the box.
    misses : silhouettes that may miss a point of the object.
    seen : share of the views that must have a point in their frame; what fewer see is no part of the hull.
    context, key : keeps each finished level of refinement under the key; in memory only by default.

    Raises
    ------
    InputError
        where nothing is left.

    >>> lens = np.array([[64, 0, 32], [0, 64, 32], [0, 0, 1.0]])
    >>> camera = Camera("a", 64, 64, lens, np.eye(3), np.array([0, 0, 9.0]))
    >>> side = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    >>> other = Camera("b", 64, 64, camera.matrix, side, camera.translation)
    >>> square = np.zeros((64, 64), bool)
    >>> square[25:39, 25:39] = True
    >>> box = Volume((-1.5, -1.5, -1.5), (1.5, 1.5, 1.5))
    >>> round(visual_hull([camera, other], lambda index: square, box, resolution=32).volume)
    7
    """
    if context is None:
        with Context() as context:
            return visual_hull(
                cameras, masks, volume, resolution=resolution, misses=misses, seen=seen, context=context
            )
    levels = max(0, int(np.ceil(np.log2(resolution / _COARSEST))))
    step = 2**levels
    voxel = max(volume.extent) / resolution
    shape = tuple(int(-(-side // (voxel * step))) * step for side in volume.extent)
    low = np.array(volume.low) - (np.array(shape) * voxel - np.array(volume.extent)) / 2
    carver = _Carver(cameras, masks, low, misses, seen, context)
    dense = np.full(shape, -128, np.int8)
    cells = _all_cells(tuple(side // step for side in shape))
    for level in range(levels):
        size = 2 ** (levels - level)
        inside, boundary = context.part(f"{key}/{level}", carver.sorted, cells, voxel * size, voxel)
        _fill(dense, inside, size)
        cells = _children(boundary)
    places, values = context.part(f"{key}/{levels}", carver.measured, cells, voxel)
    dense[places[:, 0], places[:, 1], places[:, 2]] = values
    if not (dense >= 0).any():
        raise InputError(
            cameras[0].file,
            f"and the other {len(cameras) - 1} views leave nothing of the object when carved",
            action="allow more misses, or check the silhouettes and cameras.json",
        )
    return Hull(dense, _triple(low + 0.5 * voxel), voxel)


def _triple(values: Floats) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])


@dataclass(frozen=True)
class _Carver:
    """Asks the views about cells of any size."""

    cameras: Sequence[Camera]
    masks: MaskSource
    low: Floats
    misses: int
    seen: float
    context: Context

    def sorted(self, cells: Cells, size: float, voxel: float) -> tuple[Cells, Cells]:
        """Cells wholly inside, and cells that the surface may cross; those wholly outside are dropped."""
        bound = 0.5 * np.sqrt(3) * size + voxel
        inside, boundary = [], []
        for piece in self._pieces(cells):
            found = votes(
                self.cameras, self.masks, self._middles(piece, size),
                misses=self.misses, bound=bound, between=self.context.check,
            )  # fmt: skip
            needed = max(2.0, self.seen * len(self.cameras))
            core = (found.distance > bound * SLACK) & (found.seen_safely >= needed)
            crossed = (found.distance >= -bound * SLACK) & (found.seen_nearly >= needed) & ~core
            inside.append(piece[core])
            boundary.append(piece[crossed])
        return np.concatenate(inside), np.concatenate(boundary)

    def measured(self, cells: Cells, voxel: float) -> tuple[Cells, NDArray[np.int8]]:
        """Distances at the middles of voxels, in steps."""
        values = [np.zeros(0, np.int8)]
        # Beyond four voxels the stored distance says no more, so points further out need not be asked on.
        bound = 128 / STEPS * voxel
        for piece in self._pieces(cells):
            found = votes(
                self.cameras, self.masks, self._middles(piece, voxel),
                misses=self.misses, bound=bound, between=self.context.check,
            )  # fmt: skip
            steps = np.clip(np.floor(found.distance / voxel * STEPS), -128, 127)
            steps[found.seen < max(2.0, self.seen * len(self.cameras))] = -128
            values.append(steps.astype(np.int8))
        return cells, np.concatenate(values)

    def _middles(self, cells: Cells, size: float) -> Floats:
        return np.asarray(self.low + (cells + 0.5) * size)

    def _pieces(self, cells: Cells) -> list[Cells]:
        """Cells in portions that keep the votes within a quarter of the working memory."""
        most = max(20_000, self.context.budget.working() // 4 // (120 + 8 * self.misses))
        cuts = [*range(0, len(cells), most), len(cells)]
        return [cells[first:last] for first, last in pairwise(cuts)] or [cells]


def _all_cells(shape: tuple[int, ...]) -> Cells:
    grid = np.meshgrid(*(np.arange(side, dtype=np.int16) for side in shape), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 3)


def _children(cells: Cells) -> Cells:
    """The eight halves of each cell."""
    corners = _all_cells((2, 2, 2))
    return np.asarray((cells[:, None, :] * np.int16(2) + corners).reshape(-1, 3))


def _fill(dense: NDArray[np.int8], cells: Cells, size: int) -> None:
    """Mark cells as wholly inside."""
    x, y, z = (dense.shape[axis] // size for axis in range(3))
    blocks = dense.reshape(x, size, y, size, z, size)
    for i in range(size):
        for j in range(size):
            for k in range(size):
                blocks[cells[:, 0], i, cells[:, 1], j, cells[:, 2], k] = 127
