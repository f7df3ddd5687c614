"""Laying one frame on another to a few hundredths of a pixel: points with detail, from coarse to fine.

Gauss-Newton steps of the inverse compositional kind (Baker & Matthews 2004, 'Lucas-Kanade 20 years on', IJCV
56, 221-255) on local contrast, in which light and shade across the frame do not count. A gain and an offset
are fitted with each step, and points that do not fit at all (a highlight that wanders) lose their weight
(Cauchy). Defocus spreads light evenly to all sides, so it makes steps shorter but does not draw them aside;
that holds for linear light alone: in its root, what is bright grows as it blurs, and a leaf would seem to
change its size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["Details", "MotionModel", "match"]

FLOAT = NDArray[np.float32]
MATRIX = NDArray[np.float64]
MotionModel = Literal["similarity", "projective"]
#: Side of the window of local contrast, in pixels of the full size given; and its least spread.
WINDOW: Final = 41
#: Points that are compared at each level, and the smallest side of a level.
POINTS: Final = 40_000
SMALLEST_SIDE: Final = 24
ITERATIONS: Final = 25
#: Share of a level that counts as flat.
FLAT: Final = 0.3
#: Residuals of this many times the mean one weigh half.
SPREAD: Final = 15.0
#: A step that moves nothing farther than this, in pixels of its level, is the last.
STILL: Final = 2e-3
#: Least share of the points that must lie within the other frame.
OVERLAP: Final = 0.2


@dataclass(frozen=True)
class _Level:
    """One size of a frame, and the points of it that are compared: place, value and gradient."""

    image: FLOAT
    x: FLOAT
    y: FLOAT
    value: FLOAT
    across: FLOAT
    down: FLOAT


@dataclass(frozen=True)
class Details:
    """What matching sees of a frame, at falling sizes; `levels[0]` is the full one."""

    levels: tuple[_Level, ...]

    @classmethod
    def of(cls, grey: FLOAT) -> Details:
        """From a frame (height, width) float32 of linear light.

        >>> len(Details.of(np.zeros((100, 120), np.float32)).levels)
        3
        """
        image = _contrast(grey)
        levels = [_level(image)]
        while min(image.shape) >= 2 * SMALLEST_SIDE:
            size = image.shape[1] // 2, image.shape[0] // 2
            pairs = image[: 2 * size[1], : 2 * size[0]]
            image = np.asarray(cv2.resize(pairs, size, interpolation=cv2.INTER_AREA), np.float32)
            levels.append(_level(image))
        return cls(tuple(levels))


def match(
    fixed: Details,
    moving: Details,
    start: MATRIX | None = None,
    *,
    model: MotionModel = "similarity",
    levels: int = 99,
) -> tuple[MATRIX, float]:
    """The 3 x 3 matrix from `fixed` to `moving` pixels, and the correlation of the points under it, -1..1.

    From a `start` that is nearly right, the finest `levels` are enough.

    >>> scene = cv2.GaussianBlur(np.random.default_rng(1).random((120, 140), np.float32), (0, 0), 2)
    >>> matrix, score = match(Details.of(scene[:, :-3]), Details.of(scene[:, 3:]))
    >>> [round(value) for value in matrix[:2, 2].tolist()], score > 0.9
    ([-3, 0], True)
    """
    matrix = np.eye(3) if start is None else np.asarray(start, np.float64)
    score = -1.0
    top = min(len(fixed.levels), len(moving.levels)) - 1
    for level in range(min(top, levels - 1), -1, -1):
        half = np.diag([0.5**level, 0.5**level, 1.0])
        half[:2, 2] = (0.5**level - 1) / 2
        local = half @ matrix @ np.linalg.inv(half)
        # Eight numbers cannot be told from a thumbnail.
        simple: MotionModel = "similarity" if level > top // 2 else model
        local, score = _matched(fixed.levels[level], moving.levels[level].image, local, simple)
        matrix = np.linalg.inv(half) @ local @ half
    return matrix / matrix[2, 2], score


def _contrast(light: FLOAT) -> FLOAT:
    """Values against their surroundings, in units of the local spread and as much of the usual one."""
    side = (min(WINDOW, 2 * (min(light.shape) // 2) + 1),) * 2
    centred = light - cv2.blur(cv2.blur(light, side), side)
    spread = np.sqrt(np.maximum(cv2.blur(cv2.blur(centred * centred, side), side), 0))
    floor = float(np.sqrt(np.mean(np.square(centred)))) + 1e-6
    return np.asarray(centred / (spread + np.float32(floor)), np.float32)


def _level(image: FLOAT) -> _Level:
    smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.float32)
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32)
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)
    strength = across * across + down * down
    strength[[0, -1]] = strength[:, [0, -1]] = 0
    # A sample of all that is not flat: the strongest edges alone are those of near things before far ones,
    # which defocus draws aside.
    least = max(1e-8, float(np.quantile(strength[::3, ::3], FLAT)))
    y, x = np.nonzero(strength > least)
    every = max(1, -(-y.size // POINTS))
    y, x = y[::every], x[::every]
    return _Level(smooth, x.astype(np.float32), y.astype(np.float32), smooth[y, x], across[y, x], down[y, x])


def _matched(fixed: _Level, moving: FLOAT, matrix: MATRIX, model: MotionModel) -> tuple[MATRIX, float]:
    """Steps from `matrix` until nothing moves; the best place seen, and its correlation."""
    height, width = fixed.image.shape
    unit = np.diag([2 / max(height, width), 2 / max(height, width), 1.0])
    unit[:2, 2] = -unit[0, 0] * (width - 1) / 2, -unit[0, 0] * (height - 1) / 2
    numbers = 4 if model == "similarity" else 8
    best, best_score = matrix, -1.0
    gain, offset, spread = 1.0, 0.0, 1e3
    normal, side, sums = np.empty((numbers, numbers)), np.empty(numbers), np.empty(8)
    for _ in range(ITERATIONS):
        _sum(
            fixed.x, fixed.y, fixed.value, fixed.across, fixed.down, moving, matrix,
            unit, np.array([gain, offset, spread]), normal, side, sums,
        )  # fmt: skip
        if sums[0] < max(16, OVERLAP * fixed.x.size):
            break
        score, gain, offset, spread = _fit(sums)
        if score > best_score:
            best, best_score = matrix, score
        elif score < best_score - 0.02:
            break
        try:
            change = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(numbers), side)
        except np.linalg.LinAlgError:
            break
        step = np.linalg.inv(unit) @ _matrix_of(change) @ unit
        if not np.isfinite(step).all() or abs(np.linalg.det(step)) < 0.1:
            break
        matrix = matrix @ np.linalg.inv(step)
        matrix /= matrix[2, 2]
        if np.abs(change).max() < STILL * unit[0, 0]:
            # The last, tiny step is not worth another look.
            return matrix, score
    return best, best_score


def _fit(sums: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Correlation, gain, offset, and spread of the residuals, from what `_sum` gathered."""
    count, weight, found, wanted, found_found, found_wanted, wanted_wanted, off = sums
    mean_found, mean_wanted = found / weight, wanted / weight
    variance = max(found_found / weight - mean_found**2, 1e-12)
    agreement = found_wanted / weight - mean_found * mean_wanted
    score = agreement / np.sqrt(variance * max(wanted_wanted / weight - mean_wanted**2, 1e-12))
    gain = min(max(agreement / variance, 0.2), 5.0)
    return float(score), gain, mean_wanted - gain * mean_found, max(SPREAD * off / count, 1e-3)


def _matrix_of(change: NDArray[np.float64]) -> MATRIX:
    if change.size == 4:
        a, b, x, y = change
        return np.array([[1 + a, -b, x], [b, 1 + a, y], [0, 0, 1]])
    return np.append(change, 0.0).reshape(3, 3) + np.eye(3)


@njit(cache=True, nogil=True)
def _sum(
    xs: FLOAT, ys: FLOAT, values: FLOAT, across: FLOAT, down: FLOAT, moving: FLOAT, matrix: MATRIX,
    unit: MATRIX, light: NDArray[np.float64], normal: MATRIX, side: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:  # fmt: skip # pragma: no cover - compiled
    """Normal equations of a step over all points, and the sums that gain, offset and correlation need."""
    height, width = moving.shape
    count = side.size
    slopes = np.empty(count)
    normal[:] = 0
    side[:] = 0
    sums[:] = 0
    scale = unit[0, 0]
    for point in range(xs.size):
        x, y = float(xs[point]), float(ys[point])
        below = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
        u = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / below
        v = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / below
        if not (0 <= u < width - 1 and 0 <= v < height - 1):
            continue
        left, top = int(u), int(v)
        s, t = u - left, v - top
        above = moving[top, left] * (1 - s) + moving[top, left + 1] * s
        under = moving[top + 1, left] * (1 - s) + moving[top + 1, left + 1] * s
        found, wanted = above * (1 - t) + under * t, float(values[point])
        off = light[0] * found + light[1] - wanted
        weight = 1 / (1 + (off / light[2]) ** 2)
        gx, gy = across[point] / scale, down[point] / scale
        px, py = unit[0, 0] * x + unit[0, 2], unit[1, 1] * y + unit[1, 2]
        if count == 4:
            slopes[0], slopes[1] = gx * px + gy * py, gy * px - gx * py
            slopes[2], slopes[3] = gx, gy
        else:
            slide = -(gx * px + gy * py)
            slopes[0], slopes[1], slopes[2] = gx * px, gx * py, gx
            slopes[3], slopes[4], slopes[5] = gy * px, gy * py, gy
            slopes[6], slopes[7] = slide * px, slide * py
        for i in range(count):
            side[i] += weight * slopes[i] * off
            for j in range(i + 1):
                normal[i, j] += weight * slopes[i] * slopes[j]
        sums[0] += 1
        sums[1] += weight
        sums[2] += weight * found
        sums[3] += weight * wanted
        sums[4] += weight * found * found
        sums[5] += weight * found * wanted
        sums[6] += weight * wanted * wanted
        sums[7] += abs(off)
    for i in range(count):
        for j in range(i):
            normal[j, i] = normal[i, j]
