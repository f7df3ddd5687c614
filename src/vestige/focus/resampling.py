"""Registering rows of a frame by cubic B-splines.

The samples are first turned into spline coefficients, so that the spline goes through them; of all kernels of
four taps this keeps fine detail best (Thevenaz, Blu & Unser 2000, 'Interpolation revisited', IEEE TMI 19,
739-758): a quarter of the loss of Catmull and Rom's kernel.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vestige.focus.kernels import for_channels

__all__ = ["REACH", "coefficients", "resample"]

FLOAT = NDArray[np.float32]
#: The inverse of the spline at whole pixels decays by this factor a pixel; beyond TAIL pixels it is nothing.
POLE: Final = np.sqrt(3.0) - 2
TAIL: Final = 8
#: Rows beyond those asked for that a resampled row looks at.
REACH: Final = TAIL + 4
#: Stands for the place of a neighbourhood that reaches beyond the rim.
BEYOND: Final = -1e18


def coefficients(samples: FLOAT) -> FLOAT:
    """Spline coefficients of samples (height, width[, channels]) float32; mirrored beyond the rim.

    >>> bool(np.allclose(coefficients(np.full((9, 9), 0.5, np.float32)), 0.5, atol=1e-4))
    True
    """
    places = np.abs(np.arange(-TAIL, TAIL + 1))
    kernel = POLE**places
    kernel /= kernel.sum()
    return np.asarray(
        cv2.sepFilter2D(samples, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REFLECT_101), np.float32
    )


def resample(source: FLOAT, matrix: NDArray[np.float64], first: int, gain: FLOAT, out: FLOAT) -> None:
    """Fill `out`, rows from `first` on, with the spline of coefficients `source` at `matrix` @ (x, y, 1).

    Beyond the rim the picture is mirrored; each channel is multiplied by its `gain` and is at least 0.

    >>> ramp = np.tile(np.arange(30, dtype=np.float32), (30, 1))
    >>> moved = np.empty((4, 8), np.float32)
    >>> place = np.array([[1, 0, 10.25], [0, 1, 10], [0, 0, 1.0]])
    >>> resample(coefficients(ramp), place, 0, np.ones(1, np.float32), moved)
    >>> moved[0, :3].round(2).tolist()
    [10.25, 11.25, 12.25]
    """
    height, width = source.shape[:2]
    _resample(
        np.ascontiguousarray(source).reshape(-1),
        height,
        width,
        np.asarray(matrix, np.float64),
        first,
        np.asarray(gain, np.float32),
        out.reshape(len(out), -1),
    )


@njit(cache=True, nogil=True)
def _mirrored(index: int, length: int) -> int:  # pragma: no cover - compiled
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index = abs(index) % period
    return min(index, period - index)


@njit(cache=True, nogil=True, inline="always")
def _weights(
    share: np.float32,
) -> tuple[np.float32, np.float32, np.float32, np.float32]:  # pragma: no cover - compiled
    sixth, rest = np.float32(1 / 6), np.float32(1) - share
    third = sixth * share * share * share
    zeroth = sixth * rest * rest * rest
    first = np.float32(2 / 3) - share * share * (np.float32(1) - np.float32(0.5) * share)
    return zeroth, first, np.float32(1) - zeroth - first - third, third


@njit(cache=True, nogil=True)
def _at_rim(
    source: FLOAT, height: int, width: int, u: float, v: float, gain: FLOAT, out: FLOAT
) -> None:  # pragma: no cover - compiled
    """One pixel whose neighbourhood reaches beyond the rim."""
    channels = out.size
    # Far beyond the rim nothing is shown anyway; whole numbers must stay whole numbers.
    u, v = min(max(u, -1e6), 1e6), min(max(v, -1e6), 1e6)
    left, top = int(np.floor(u)), int(np.floor(v))
    across, down = _weights(np.float32(u - left)), _weights(np.float32(v - top))
    for c in range(channels):
        total = np.float32(0)
        for i in range(4):
            begin = _mirrored(top - 1 + i, height) * width
            for j in range(4):
                place = (begin + _mirrored(left - 1 + j, width)) * channels + c
                total += down[i] * across[j] * source[place]
        out[c] = max(total * gain[c], np.float32(0))


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"})
def _resample(
    source: FLOAT,
    height: int,
    width: int,
    matrix: NDArray[np.float64],
    first: int,
    gain: FLOAT,
    out: FLOAT,
) -> None:  # pragma: no cover - compiled
    channels = source.size // (height * width)
    count = out.shape[1] // channels
    begins, shares = np.empty(count, np.float64), np.empty((2, count), np.float32)
    across, down = np.empty(out.shape[1], np.float32), np.empty(out.shape[1], np.float32)
    gains = np.empty(out.shape[1], np.float32)
    for k in range(gains.size):
        gains[k] = gain[k % channels]
    for row in range(out.shape[0]):
        here, y = out[row], row + first
        _places(matrix, y, height, width, channels, begins, shares[0], shares[1])
        for_channels(shares[0], channels, across)
        for_channels(shares[1], channels, down)
        x = 0
        while x < count:
            begin, end = begins[x], x + 1
            while end < count and begins[end] == begin and begin != BEYOND:
                end += 1
            i, j = x * channels, end * channels
            if begin == BEYOND:
                below = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
                u = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / below
                v = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / below
                _at_rim(source, height, width, u, v, gain, here[i:j])
            else:
                # Unsigned places spare the check for numbers that count from the end.
                start, step = np.uint64(np.int64(begin) + i), np.uint64(channels)
                _run(
                    source,
                    start,
                    step,
                    step * np.uint64(width),
                    across[i:j],
                    down[i:j],
                    gains[i:j],
                    here[i:j],
                )
            x = end


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "arcp", "nsz"})
def _places(
    matrix: NDArray[np.float64],
    y: int,
    height: int,
    width: int,
    channels: int,
    begins: NDArray[np.float64],
    across: FLOAT,
    down: FLOAT,
) -> None:  # pragma: no cover - compiled
    """For each pixel of a row: where its neighbourhood begins, less its own place, and the shares of a pixel.

    Neighbours of one `begins` have their neighbourhoods side by side: a run. BEYOND where one reaches beyond
    the rim.
    """
    affine = matrix[2, 0] == 0 and matrix[2, 1] == 0 and matrix[2, 2] == 1
    start_u = matrix[0, 1] * y + matrix[0, 2]
    start_v = matrix[1, 1] * y + matrix[1, 2]
    start = matrix[2, 1] * y + matrix[2, 2]
    slope_u, slope_v, slope = matrix[0, 0], matrix[1, 0], matrix[2, 0]
    for x in range(begins.size):
        u, v = slope_u * x + start_u, slope_v * x + start_v
        if not affine:
            below = slope * x + start
            u, v = u / below, v / below
        left, top = np.floor(u), np.floor(v)
        inside = (u >= 1.0) & (u < width - 2.0) & (v >= 1.0) & (v < height - 2.0)
        begins[x] = ((top - 1.0) * width + (left - 1.0 - x)) * channels if inside else BEYOND
        across[x], down[x] = u - left, v - top


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "nsz"})
def _run(
    source: FLOAT,
    begin: np.uint64,
    step: np.uint64,
    line: np.uint64,
    across: FLOAT,
    down: FLOAT,
    gains: FLOAT,
    out: FLOAT,
) -> None:  # pragma: no cover - compiled
    """Pixels whose neighbourhoods lie side by side, which the processor takes many at a time."""
    for k in range(out.size):
        a0, a1, a2, a3 = _weights(across[k])
        d0, d1, d2, d3 = _weights(down[k])
        p = begin + np.uint64(k)
        q = p + line
        r = q + line
        s = r + line
        two, three = step + step, step + step + step
        total = d0 * (a0 * source[p] + a1 * source[p + step] + a2 * source[p + two] + a3 * source[p + three])
        total += d1 * (a0 * source[q] + a1 * source[q + step] + a2 * source[q + two] + a3 * source[q + three])
        total += d2 * (a0 * source[r] + a1 * source[r + step] + a2 * source[r + two] + a3 * source[r + three])
        total += d3 * (a0 * source[s] + a1 * source[s + step] + a2 * source[s + two] + a3 * source[s + three])
        out[k] = max(total * gains[k], np.float32(0))
