"""The inner loops of fusion and depth, each one pass over the pixels of a strip.

All are plain loops in a fixed order without threads of their own, so that a picture does not depend on how
many of them run side by side.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["accumulate", "encode", "expand", "guided", "light", "split", "sweep"]

FLOAT = NDArray[np.float32]


@njit(cache=True, nogil=True)
def _line(small: FLOAT, y: int, out: FLOAT) -> None:  # pragma: no cover - compiled
    """Row `y` of the next finer level before it is widened: (1, 6, 1) / 8 at even rows, (4, 4) / 8 at odd."""
    i, last = y >> 1, small.shape[0] - 1
    here = small[min(i, last)]
    below = small[min(i + 1, last)]
    if y & 1:
        for k in range(out.size):
            out[k] = np.float32(0.5) * (here[k] + below[k])
    else:
        above = small[max(i - 1, 0)]
        for k in range(out.size):
            out[k] = np.float32(0.125) * (above[k] + below[k]) + np.float32(0.75) * here[k]


@njit(cache=True, nogil=True)
def _wide(line: FLOAT, channels: int, out: FLOAT) -> None:  # pragma: no cover - compiled
    """A line of the coarser level at twice its width."""
    count, width = line.size // channels, out.size // channels
    for i in range(count):
        left, right = max(i - 1, 0) * channels, min(i + 1, count - 1) * channels
        middle, even = i * channels, 2 * i * channels
        for c in range(channels):
            out[even + c] = (
                np.float32(0.125) * (line[left + c] + line[right + c]) + np.float32(0.75) * (line[middle + c])
            )
        if 2 * i + 1 < width:
            for c in range(channels):
                out[even + channels + c] = np.float32(0.5) * (line[middle + c] + line[right + c])


@njit(cache=True, nogil=True)
def expand(
    small: FLOAT, channels: int, out: FLOAT, first: int = 0, *, add: bool = False
) -> None:  # pragma: no cover - compiled
    """Enlarge `small`, (height, width * channels), into `out`, or add it; `out` begins at row `first`."""
    line, wide = np.empty(small.shape[1], np.float32), np.empty(out.shape[1], np.float32)
    for y in range(out.shape[0]):
        _line(small, y + first, line)
        _wide(line, channels, wide)
        if add:
            for k in range(wide.size):
                out[y, k] += wide[k]
        else:
            out[y] = wide


@njit(cache=True, nogil=True)
def guided(guide: FLOAT, say: FLOAT) -> None:  # pragma: no cover - compiled
    """Multiply `say` by the `guide` of the next coarser level."""
    line, wide = np.empty(guide.shape[1], np.float32), np.empty(say.shape[1], np.float32)
    for y in range(say.shape[0]):
        _line(guide, y, line)
        _wide(line, 1, wide)
        for x in range(wide.size):
            say[y, x] *= wide[x]


@njit(cache=True, nogil=True)
def split(root: FLOAT, small: FLOAT, channels: int, energy: FLOAT) -> None:  # pragma: no cover - compiled
    """Turn `root` into its detail, what its reduced version `small` lacks; `energy` is the mean square."""
    line, wide = np.empty(small.shape[1], np.float32), np.empty(root.shape[1], np.float32)
    share = np.float32(1.0 / channels)
    for y in range(root.shape[0]):
        _line(small, y, line)
        _wide(line, channels, wide)
        here = root[y]
        for k in range(wide.size):
            here[k] -= wide[k]
        if channels == 1:
            for x in range(energy.shape[1]):
                energy[y, x] = here[x] * here[x]
        else:
            for x in range(energy.shape[1]):
                r, g, b = here[3 * x], here[3 * x + 1], here[3 * x + 2]
                energy[y, x] = share * (r * r + g * g + b * b)


@njit(cache=True, nogil=True)
def light(root: FLOAT, channels: int, out: FLOAT) -> None:  # pragma: no cover - compiled
    """Mean square of the channels of each pixel of `root`, (height, width * channels)."""
    share = np.float32(1.0 / channels)
    for y in range(out.shape[0]):
        for x in range(out.shape[1]):
            total = np.float32(0)
            for c in range(x * channels, x * channels + channels):
                total += root[y, c] * root[y, c]
            out[y, x] = share * total


@njit(cache=True, nogil=True)
def accumulate(
    values: FLOAT,
    say: FLOAT,
    covered: FLOAT,
    table: FLOAT,
    sums: FLOAT,
    weights: FLOAT,
    tops: FLOAT,
) -> None:  # pragma: no cover - compiled
    """Add a frame's level to the weighted sums: its weight is the power of its say over the greatest so far.

    When a frame outdoes all before it, their sums shrink accordingly, so that no power overflows.
    `covered` has no rows where the frame shows everything; `table` is the power at equal steps from 0 to 1.
    """
    height, width = say.shape
    channels = values.shape[1] // width
    steps = np.float32(table.size - 1)
    whole = covered.shape[0] == 0
    for y in range(height):
        for x in range(width):
            if not whole and covered[y, x] <= 0:
                continue
            value, top = say[y, x], tops[y, x]
            if value > top:
                ratio = top / value * steps
                k = min(int(ratio), table.size - 2)
                kept = table[k] + (ratio - np.float32(k)) * (table[k + 1] - table[k])
                weights[y, x] = weights[y, x] * kept + np.float32(1)
                tops[y, x] = value
                for c in range(x * channels, x * channels + channels):
                    sums[y, c] = sums[y, c] * kept + values[y, c]
            else:
                ratio = value / top * steps
                k = min(int(ratio), table.size - 2)
                weight = table[k] + (ratio - np.float32(k)) * (table[k + 1] - table[k])
                weights[y, x] += weight
                for c in range(x * channels, x * channels + channels):
                    sums[y, c] += weight * values[y, c]


@njit(cache=True, nogil=True)
def sweep(
    sharpness: FLOAT,
    number: int,
    best: FLOAT,
    before: FLOAT,
    after: FLOAT,
    last: FLOAT,
    total: FLOAT,
    index: NDArray[np.int16],
) -> None:  # pragma: no cover - compiled
    """Take note of the sharpness of frame `number`: the peak so far, its neighbours, and the sum."""
    height, width = sharpness.shape
    for y in range(height):
        for x in range(width):
            value = sharpness[y, x]
            if index[y, x] == number - 1:
                after[y, x] = value
            if value > best[y, x]:
                before[y, x] = last[y, x]
                best[y, x] = value
                index[y, x] = number
            last[y, x] = value
            total[y, x] += max(value, np.float32(0))


@njit(cache=True, nogil=True)
def encode(values: FLOAT, factor: float, out: NDArray[np.uint16]) -> None:  # pragma: no cover - compiled
    """`values`, at least 0, times `factor`, rounded and cut off at what 16 bits hold."""
    scale = np.float32(factor)
    for y in range(values.shape[0]):
        for k in range(values.shape[1]):
            out[y, k] = np.uint16(min(values[y, k] * scale + np.float32(0.5), np.float32(65535)))
