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
def _wide(line: FLOAT, channels: int, even: FLOAT, odd: FLOAT, out: FLOAT) -> None:  # pragma: no cover
    """A line of the coarser level at twice its width; `even` and `odd` are scratch memory of its size."""
    last = line.size - channels
    for k in range(channels):
        right = line[min(channels, last) + k]
        even[k] = np.float32(0.125) * (line[k] + right) + np.float32(0.75) * line[k]
        left = line[max(last - channels, 0) + k]
        even[last + k] = np.float32(0.125) * (left + line[last + k]) + np.float32(0.75) * line[last + k]
        odd[last + k] = np.float32(0.5) * (line[last + k] + line[last + k])
    # Slices of one size, so that no place needs a check and many are worked out at a time.
    right, within, left = line[2 * channels :], line[channels:last], line[: max(last - channels, 0)]
    inner = even[channels:last]
    for k in range(within.size):
        inner[k] = np.float32(0.125) * (left[k] + right[k]) + np.float32(0.75) * within[k]
    here, after, between = line[:last], line[channels:], odd[:last]
    for k in range(here.size):
        between[k] = np.float32(0.5) * (here[k] + after[k])
    if channels == 3:
        for i in range(out.size // 6):
            out[6 * i] = even[3 * i]
            out[6 * i + 1] = even[3 * i + 1]
            out[6 * i + 2] = even[3 * i + 2]
            out[6 * i + 3] = odd[3 * i]
            out[6 * i + 4] = odd[3 * i + 1]
            out[6 * i + 5] = odd[3 * i + 2]
    else:
        for i in range(out.size // 2):
            out[2 * i] = even[i]
            out[2 * i + 1] = odd[i]
    if out.size % (2 * channels):
        out[out.size - channels :] = even[last:]


@njit(cache=True, nogil=True)
def expand(
    small: FLOAT, channels: int, out: FLOAT, first: int = 0, *, add: bool = False
) -> None:  # pragma: no cover - compiled
    """Enlarge `small`, (height, width * channels), into `out`, or add it; `out` begins at row `first`."""
    line, wide = np.empty(small.shape[1], np.float32), np.empty(out.shape[1], np.float32)
    even, odd = np.empty(line.size, np.float32), np.empty(line.size, np.float32)
    for y in range(out.shape[0]):
        _line(small, y + first, line)
        _wide(line, channels, even, odd, wide)
        here = out[y]
        if add:
            for k in range(wide.size):
                here[k] += wide[k]
        else:
            here[:] = wide


@njit(cache=True, nogil=True)
def guided(guide: FLOAT, say: FLOAT) -> None:  # pragma: no cover - compiled
    """Multiply `say` by the `guide` of the next coarser level."""
    line, wide = np.empty(guide.shape[1], np.float32), np.empty(say.shape[1], np.float32)
    even, odd = np.empty(line.size, np.float32), np.empty(line.size, np.float32)
    for y in range(say.shape[0]):
        _line(guide, y, line)
        _wide(line, 1, even, odd, wide)
        here = say[y]
        for x in range(wide.size):
            here[x] *= wide[x]


@njit(cache=True, nogil=True)
def split(root: FLOAT, small: FLOAT, channels: int, energy: FLOAT) -> None:  # pragma: no cover - compiled
    """Turn `root` into its detail, what its reduced version `small` lacks; `energy` is the mean square."""
    line, wide = np.empty(small.shape[1], np.float32), np.empty(root.shape[1], np.float32)
    even, odd = np.empty(line.size, np.float32), np.empty(line.size, np.float32)
    share = np.float32(1.0 / channels)
    for y in range(root.shape[0]):
        _line(small, y, line)
        _wide(line, channels, even, odd, wide)
        here, energies = root[y], energy[y]
        for k in range(wide.size):
            here[k] -= wide[k]
        if channels == 1:
            for x in range(energies.size):
                energies[x] = here[x] * here[x]
        else:
            for x in range(energies.size):
                r, g, b = here[3 * x], here[3 * x + 1], here[3 * x + 2]
                energies[x] = share * (r * r + g * g + b * b)


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


@njit(cache=True, nogil=True, error_model="numpy")
def _power(value: float, exponent: float) -> np.float32:  # pragma: no cover - compiled
    """`value` (above 0, at most 1) to the power of `exponent`, to some millionths, without branches.

    By exponent and mantissa: the logarithm of a mantissa from the series of the inverse hyperbolic tangent,
    the power of two from that of the exponential function.
    """
    power, bits = np.float32(exponent), np.float32(value).view(np.int32)
    whole = (bits - np.int32(0x3F3504F3)) >> np.int32(23)
    mantissa = np.int32(bits - (whole << np.int32(23))).view(np.float32)
    s = (mantissa - np.float32(1)) / (mantissa + np.float32(1))
    q = s * s
    log = np.float32(2.885390082) * s * (
        np.float32(1) + q * (np.float32(0.3333333333) + q * np.float32(0.2))
    ) + np.float32(whole)
    t = max(power * log, np.float32(-120))
    near = np.floor(t + np.float32(0.5))
    f = (t - near) * np.float32(0.6931471806)
    series = np.float32(1 / 6) + f * (np.float32(1 / 24) + f * np.float32(1 / 120))
    series = np.float32(1) + f * (np.float32(1) + f * (np.float32(0.5) + f * series))
    scale = np.int32((np.int32(near) + np.int32(127)) << np.int32(23)).view(np.float32)
    return np.float32(series * scale)


@njit(cache=True, nogil=True, error_model="numpy")
def accumulate(
    values: FLOAT,
    say: FLOAT,
    covered: FLOAT,
    exponent: float,
    sums: FLOAT,
    weights: FLOAT,
    tops: FLOAT,
) -> None:  # pragma: no cover - compiled
    """Add a frame's level to the weighted sums: its weight is the power of its say over the greatest so far.

    When a frame outdoes all before it, their sums shrink accordingly, so that no power overflows.
    `covered` has no rows where the frame shows everything.
    """
    height, width = say.shape
    channels = values.shape[1] // width
    whole = covered.shape[0] == 0
    kept, added = np.empty(width, np.float32), np.empty(width, np.float32)
    every_kept = np.empty(values.shape[1], np.float32)
    every_added = np.empty(values.shape[1], np.float32)
    # Each loop does one simple thing without branches, so that many pixels are worked out at a time.
    for y in range(height):
        value, top, weight = say[y], tops[y], weights[y]
        for x in range(width):
            greater = max(value[x], top[x], np.float32(1e-30))
            power = _power(max(min(value[x], top[x]), np.float32(1e-30)) / greater, exponent)
            better = value[x] > top[x]
            kept[x] = power if better else np.float32(1)
            added[x] = np.float32(1) if better else power
        if not whole:
            for x in range(width):
                if covered[y, x] <= 0:
                    kept[x], added[x] = 1, 0
        for x in range(width):
            weight[x] = weight[x] * kept[x] + added[x]
            top[x] = max(top[x], value[x]) if added[x] > 0 else top[x]
        for_channels(kept, channels, every_kept)
        for_channels(added, channels, every_added)
        here, total = values[y], sums[y]
        for k in range(total.size):
            total[k] = total[k] * every_kept[k] + every_added[k] * here[k]


@njit(cache=True, nogil=True)
def for_channels(values: FLOAT, channels: int, out: FLOAT) -> None:  # pragma: no cover - compiled
    """Each value as many times as there are channels, 1 or 3."""
    if channels == 3:
        for x in range(values.size):
            out[3 * x] = values[x]
            out[3 * x + 1] = values[x]
            out[3 * x + 2] = values[x]
    else:
        out[:] = values


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
