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

    Distances in m, magnetic values in nT (standard deviations). `colour` is the share of the noise that is
    slow; `drift` that of a sensor within one grid; `sway` that of the pace of whoever carries it; `jitter`
    and `wander` put each traverse too far along or to one side; `holes` are obstacles a hectare that were
    walked round.

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
    colour: float = 0.5
    drift: float = 0.0
    sway: float = 0.0
    jitter: float = 0.0
    wander: float = 0.0
    holes: float = 0.0

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
    still = np.zeros_like(there)
    clean = _sampled(field, cell, plan, shape, still, still)
    along = there * np.float32(plan.stagger / 2) + _each(plan.jitter, shape, random)
    aside = _each(plan.wander, shape, random)
    moved = bool(along.any() or aside.any())
    shifted = _sampled(field, cell, plan, shape, along, aside) if moved else clean
    blocks = _grids(shape, plan)
    stripes = _offsets(shape, blocks, there, plan, random)
    recorded = shifted + stripes + _noise(shape, plan, random)
    struck = random.random(shape, dtype=np.float32) < plan.spikes
    recorded[struck] += random.choice([-1.0, 1.0], int(struck.sum())) * random.uniform(
        30, 90, int(struck.sum())
    )
    recorded[_absent(blocks, plan, random)] = np.nan
    if plan.holes:
        recorded[_holes(shape, plan, random)] = np.nan
    return Walked(recorded.astype(np.float32), clean, stripes)


def _each(spread: float, shape: tuple[int, int], random: np.random.Generator) -> Array:
    """One random number for each traverse."""
    numbers: Array = random.normal(0, spread, (shape[0], 1)).astype(np.float32)
    return numbers


def _noise(shape: tuple[int, int], plan: Walk, random: np.random.Generator) -> Array:
    """White and slow noise, and the pace of walking, whose length differs from traverse to traverse."""
    white = random.standard_normal(shape, dtype=np.float32)
    slow = scipy.ndimage.gaussian_filter1d(random.standard_normal(shape, dtype=np.float32), 3.0, axis=1)
    slow /= max(float(slow.std()), 1e-6)
    noise = np.float32(plan.noise) * (
        np.float32((1 - plan.colour**2) ** 0.5) * white + np.float32(plan.colour) * slow
    )
    if plan.sway:
        pace = random.uniform(1.1, 1.7, (shape[0], 1))
        begun = random.uniform(0, 2 * np.pi, (shape[0], 1))
        steps = np.sin(2 * np.pi * np.arange(shape[1]) * plan.reading_interval / pace + begun)
        noise += np.float32(plan.sway * 2**0.5) * steps.astype(np.float32)
    return np.asarray(noise, np.float32)


def _holes(shape: tuple[int, int], plan: Walk, random: np.random.Generator) -> NDArray[np.bool_]:
    """Readings within obstacles: trees, ponds, parked machines."""
    height, width = shape[0] * plan.traverse_interval, shape[1] * plan.reading_interval
    down = (np.arange(shape[0])[:, np.newaxis] + 0.5) * plan.traverse_interval
    across = (np.arange(shape[1])[np.newaxis] + 0.5) * plan.reading_interval
    hidden = np.zeros(shape, bool)
    for _ in range(int(random.poisson(plan.holes * height * width / 1e4))):
        row, column = random.uniform(0, height), random.uniform(0, width)
        stretch, reach = random.uniform(0.4, 1.0), random.uniform(1, 6)
        hidden |= np.hypot(down - row, (across - column) * stretch) < reach
    return hidden


def _sampled(
    field: Array, cell: float, plan: Walk, shape: tuple[int, int], along: Array, aside: Array
) -> Array:
    rows = (np.arange(shape[0], dtype=np.float32)[:, np.newaxis] + 0.5) * (
        plan.traverse_interval / cell
    ) - 0.5
    columns = (np.arange(shape[1], dtype=np.float32)[np.newaxis] + 0.5) * (plan.reading_interval / cell) - 0.5
    places = np.broadcast_arrays(rows + aside / np.float32(cell), columns + along / np.float32(cell))
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
    offsets = 0.8 * own[rows, blocks] + 0.6 * heading[blocks] * there + bias[blocks]
    if plan.drift:
        walked = np.arange(shape[0]) * plan.traverse_interval / plan.grid % 1 - 0.5
        offsets += random.normal(0, 2 * plan.drift, count)[blocks] * walked[:, np.newaxis]
    return np.asarray(offsets, np.float32)


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
