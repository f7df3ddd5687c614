"""Resampling an image through a 3 x 3 matrix, whole or a few rows at a time.

OpenCV's cubic kernel (a = -0.75) moves detail by up to 0.04 px; here it is Catmull and Rom's (a = -0.5),
which is exact for straight slopes (Keys 1981, 'Cubic convolution interpolation for digital image
processing').
"""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError

__all__ = ["warp"]

Interpolation = Literal["nearest", "linear", "cubic"]
TAPS: Final = {"nearest": 1, "linear": 2, "cubic": 4}
# Half a thousandth of a pixel, so that rounding does not lose the outermost pixels.
GRACE: Final = 5e-4
FARTHEST: Final = 1e9


def warp(
    image: NDArray[Any],
    matrix: ArrayLike,
    shape: tuple[int, ...],
    *,
    interpolation: Interpolation = "cubic",
    border: float | Literal["reflect"] = float("nan"),
    rows: slice | None = None,
) -> NDArray[np.float32]:
    """Resample `image` on a grid of `shape`: output pixel (x, y) shows `image` at `matrix` @ (x, y, 1).

    Parameters
    ----------
    image : (height, width) or (height, width, channels).
    matrix : 3 x 3, from output to input pixels; (0, 0) is the centre of the first pixel.
        `Registration.matrix` fits: it brings the moving image on to the fixed one.
    shape : (height, width) of the output; more numbers are ignored.
    interpolation : 'nearest', 'linear' or 'cubic' (Catmull-Rom).
    border : value outside the image, or 'reflect'.
    rows : only these output rows, the same as in the whole output.

    Returns
    -------
    float32 (height or number of rows, width[, channels]).

    >>> image = np.arange(12, dtype=np.float32).reshape(3, 4)
    >>> warp(image, [[1, 0, 1], [0, 1, 0], [0, 0, 1]], (3, 3), interpolation="linear")[0].tolist()
    [1.0, 2.0, 3.0]
    """
    transform = np.asarray(matrix, np.float64)
    if transform.shape != (3, 3) or not np.isfinite(transform).all():
        raise UsageError(f"matrix must be 3 x 3 finite numbers, not {transform.tolist()}")
    if interpolation not in TAPS:
        raise UsageError(f"interpolation must be nearest, linear or cubic, not {interpolation!r}")
    first, last, _ = (rows or slice(None)).indices(shape[0])
    source = np.ascontiguousarray(image, np.float32)
    result = np.empty((max(0, last - first), shape[1], *source.shape[2:]), np.float32)
    _resample(
        source.reshape(*source.shape[:2], -1),
        transform,
        first,
        result.reshape(*result.shape[:2], -1),
        TAPS[interpolation],
        np.float32(0 if border == "reflect" else border),
        border == "reflect",
    )
    return result


@njit(cache=True, nogil=True)
def _mirrored(index: int, length: int) -> int:  # pragma: no cover - compiled
    if 0 <= index < length:
        return index
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index = abs(index) % period
    return min(index, period - index)


@njit(cache=True, nogil=True)
def _weights(share: float, taps: int, out: NDArray[np.float64]) -> None:  # pragma: no cover - compiled
    if taps == 1:
        out[0] = 1.0
    elif taps == 2:
        out[0], out[1] = 1.0 - share, share
    else:
        out[0] = ((-0.5 * share + 1.0) * share - 0.5) * share
        out[1] = (1.5 * share - 2.5) * share * share + 1.0
        out[2] = ((-1.5 * share + 2.0) * share + 0.5) * share
        out[3] = (0.5 * share - 0.5) * share * share


@njit(cache=True, nogil=True)
def _resample(
    source: NDArray[np.float32],
    matrix: NDArray[np.float64],
    first: int,
    result: NDArray[np.float32],
    taps: int,
    outside: np.float32,
    reflect: bool,
) -> None:  # pragma: no cover - compiled
    """Weighted neighbourhood of `taps` x `taps` pixels; at the rim of the image the neighbourhood is
    mirrored.
    """
    height, width, channels = source.shape
    across, down = np.empty(4), np.empty(4)
    columns, lines = np.empty(4, np.int64), np.empty(4, np.int64)
    before = (taps - 1) // 2
    for row in range(result.shape[0]):
        y = row + first
        for x in range(result.shape[1]):
            below = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
            u = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / below
            v = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / below
            inside = below > 0 and -GRACE <= u <= width - 1 + GRACE and -GRACE <= v <= height - 1 + GRACE
            if not inside and (not reflect or not abs(u) + abs(v) < FARTHEST):
                for channel in range(channels):
                    result[row, x, channel] = outside
                continue
            if taps == 1:
                u, v = u + 0.5, v + 0.5
            left, top = int(np.floor(u)), int(np.floor(v))
            _weights(u - left, taps, across)
            _weights(v - top, taps, down)
            for tap in range(taps):
                columns[tap] = _mirrored(left - before + tap, width)
                lines[tap] = _mirrored(top - before + tap, height)
            for channel in range(channels):
                total = 0.0
                for i in range(taps):
                    line = 0.0
                    for j in range(taps):
                        # An unknown pixel (NaN) spreads only where it has a weight.
                        if across[j] != 0.0 and down[i] != 0.0:
                            line += across[j] * source[lines[i], columns[j], channel]
                    total += down[i] * line
                result[row, x, channel] = total
