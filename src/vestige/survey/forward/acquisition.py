"""Walking the survey: readings along traverses, with the faults that carts, sensors and people bring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

__all__ = ["Walk", "Walked", "walk"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Walk:
    """How the site is walked: traverses run east, the first along the northern edge, every second one back
    west.

    Distances in m, magnetic values in nT (standard deviations).

    >>> Walk().readings_per_traverse(100.0)
    400
    """

    traverse_interval: float = 1.0
    reading_interval: float = 0.25
    grid: float = 20.0
    noise: float = 0.25
    stripes: float = 0.45
    grid_bias: float = 0.3
    stagger: float = 0.12
    spikes: float = 2e-4
    missing: float = 0.0

    def readings_per_traverse(self, width: float) -> int:
        """Readings on a traverse of `width` m."""
        return int(width / self.reading_interval + 1e-6)

    def traverses(self, height: float) -> int:
        """Traverses on a site of `height` m."""
        return int(height / self.traverse_interval + 1e-6)


@dataclass(frozen=True)
class Walked:
    """Readings (traverse, reading) in nT, float32: as recorded (NaN where not surveyed), and without any
    fault.
    """

    recorded: Array
    clean: Array
    stripes: Array


def walk(field: Array, cell: float, plan: Walk, random: np.random.Generator) -> Walked:
    """Carry the instrument over a field of nT (rows north to south, square cells of `cell` m).

    Readings stand in the middle of their interval; a stagger shifts them to one side on the way out and to
    the other on the way back. Each traverse of each grid has its own offset, part of it alternating with
    the heading.

    >>> walked = walk(np.zeros((80, 80), np.float32), 0.25, Walk(grid=10), np.random.default_rng(0))
    >>> walked.recorded.shape, float(abs(walked.clean).max())
    ((20, 80), 0.0)
    """
    height, width = (length * cell for length in field.shape)
    shape = plan.traverses(height), plan.readings_per_traverse(width)
    there = (np.arange(shape[0]) % 2 * 2 - 1).astype(np.float32)[:, np.newaxis]
    clean = _sampled(field, cell, plan, shape, np.zeros_like(there))
    shifted = (
        _sampled(field, cell, plan, shape, there * np.float32(plan.stagger / 2)) if plan.stagger else clean
    )
    blocks = _grids(shape, plan)
    stripes = _offsets(shape, blocks, there, plan, random)
    white = random.standard_normal(shape, dtype=np.float32)
    slow = scipy.ndimage.gaussian_filter1d(random.standard_normal(shape, dtype=np.float32), 3.0, axis=1)
    slow /= max(float(slow.std()), 1e-6)
    recorded = (
        shifted + stripes + np.float32(plan.noise) * (np.float32(0.85) * white + np.float32(0.5) * slow)
    )
    struck = random.random(shape, dtype=np.float32) < plan.spikes
    recorded[struck] += random.choice([-1.0, 1.0], int(struck.sum())) * random.uniform(
        30, 90, int(struck.sum())
    )
    recorded[_absent(blocks, plan, random)] = np.nan
    return Walked(recorded.astype(np.float32), clean, stripes)


def _sampled(field: Array, cell: float, plan: Walk, shape: tuple[int, int], shift: Array) -> Array:
    rows = (np.arange(shape[0], dtype=np.float32)[:, np.newaxis] + 0.5) * (
        plan.traverse_interval / cell
    ) - 0.5
    columns = (np.arange(shape[1], dtype=np.float32)[np.newaxis] + 0.5) * (plan.reading_interval / cell) - 0.5
    places = np.broadcast_arrays(rows, columns + shift / np.float32(cell))
    sampled: Array = scipy.ndimage.map_coordinates(field, places, order=3, mode="nearest", output=np.float32)
    return sampled


def _grids(shape: tuple[int, int], plan: Walk) -> NDArray[np.intp]:
    """The number of the survey grid that each reading belongs to."""
    rows = (np.arange(shape[0]) * plan.traverse_interval / plan.grid + 1e-6).astype(np.intp)
    columns = (np.arange(shape[1]) * plan.reading_interval / plan.grid + 1e-6).astype(np.intp)
    numbers: NDArray[np.intp] = rows[:, np.newaxis] * (columns[-1] + 1) + columns[np.newaxis]
    return numbers


def _offsets(
    shape: tuple[int, int], blocks: NDArray[np.intp], there: Array, plan: Walk, random: np.random.Generator
) -> Array:
    """The offset of each traverse within its grid, and the bias of the grid."""
    count = int(blocks.max()) + 1
    own = random.normal(0, plan.stripes, (shape[0], count))
    heading = random.normal(0, plan.stripes, count)
    bias = random.normal(0, plan.grid_bias, count)
    rows = np.arange(shape[0])[:, np.newaxis]
    offsets: Array = (0.8 * own[rows, blocks] + 0.6 * heading[blocks] * there + bias[blocks]).astype(
        np.float32
    )
    return offsets


def _absent(blocks: NDArray[np.intp], plan: Walk, random: np.random.Generator) -> NDArray[np.bool_]:
    """Grids that were not surveyed, taken from the edge of the site where people stop first."""
    count, rows, columns = (
        int(blocks.max()) + 1,
        int(blocks[-1, 0] // (blocks[0, -1] + 1)) + 1,
        int(blocks[0, -1]) + 1,
    )
    edge = [
        number
        for number in range(count)
        if number // columns in (0, rows - 1) or number % columns in (0, columns - 1)
    ]
    wanted = min(round(plan.missing * count), len(edge))
    absent: NDArray[np.bool_] = (
        np.isin(blocks, random.choice(edge, wanted, replace=False)) if wanted else blocks < 0
    )
    return absent
