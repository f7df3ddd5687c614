"""Aligning two images by the correlation of their values, from a coarse start.

Enhanced correlation coefficient by Gauss-Newton steps over a pyramid: Evangelidis & Psarakis 2008,
'Parametric image alignment using enhanced correlation coefficient maximization'. Blind to brightness and
gain, unlike plain differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging.transforms import (
    Matrix,
    Model,
    derivatives,
    displacement,
    matrix_of,
    parameters_of,
    scaled,
)

__all__ = ["Pyramid", "align", "gradient_strength", "local_contrast", "similarity_of"]

FloatImage = NDArray[np.float32]
SMALLEST_SIDE: Final = 32
LEAST_OVERLAP: Final = 0.15


def local_contrast(image: FloatImage, sigma: float = 12.0) -> FloatImage:
    """Values against their surroundings, in units of the local spread: light and shade across the frame go
    away.

    >>> float(abs(local_contrast(np.full((40, 40), 0.3, np.float32))).max()) < 0.1
    True
    """
    centred = image - cv2.GaussianBlur(image, (0, 0), sigma)
    spread = np.sqrt(cv2.GaussianBlur(centred * centred, (0, 0), sigma))
    floor = 0.1 * float(np.sqrt(np.mean(centred**2))) + 1e-5
    return np.asarray(centred / (spread + floor), np.float32)


def gradient_strength(image: FloatImage, sigma: float = 1.0) -> FloatImage:
    """Locally normalised gradient magnitude: the same for a picture and its negative.

    >>> image = np.tile(np.arange(40, dtype=np.float32) > 20, (40, 1)).astype(np.float32)
    >>> bool(np.allclose(gradient_strength(image), gradient_strength(1 - image), atol=1e-4))
    True
    """
    smooth = cv2.GaussianBlur(local_contrast(image), (0, 0), sigma)
    across, down = cv2.Scharr(smooth, cv2.CV_32F, 1, 0), cv2.Scharr(smooth, cv2.CV_32F, 0, 1)
    strength = np.sqrt(across * across + down * down)
    return np.asarray(
        strength / (cv2.GaussianBlur(strength, (0, 0), 12.0) + 0.05 * strength.mean() + 1e-6), np.float32
    )


@dataclass(frozen=True)
class Pyramid:
    """An image and its weight (0..1) at falling sizes; `levels[0]` is the full size."""

    levels: tuple[tuple[FloatImage, FloatImage], ...]

    @classmethod
    def of(cls, image: FloatImage, weight: FloatImage) -> Pyramid:
        """Halve until a side would fall below 32 pixels."""
        levels = [(np.asarray(cv2.GaussianBlur(image, (0, 0), 0.8), np.float32), weight)]
        while min(levels[-1][0].shape) >= 2 * SMALLEST_SIDE:
            height, width = levels[-1][0].shape
            size = (width // 2, height // 2)
            # Whole pixel pairs only, so that a level is exactly half of the one before.
            crop = [part[: size[1] * 2, : size[0] * 2] for part in levels[-1]]
            small = [
                np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32) for part in crop
            ]
            levels.append((small[0], small[1]))
        return cls(tuple(levels))

    def negative(self) -> Pyramid:
        """The same with dark and bright exchanged."""
        return Pyramid(tuple((-image, weight) for image, weight in self.levels))


def align(
    fixed: Pyramid,
    moving: Pyramid,
    start: Matrix,
    model: Model,
    *,
    coarsest: int = 8,
    finest: int = 0,
    iterations: int = 30,
) -> Matrix:
    """The transform of a family that correlates two images best, near `start`; all in full-size pixels.

    >>> y, x = np.mgrid[0:80, 0:90].astype(np.float32)
    >>> def scene(shift): return Pyramid.of(np.sin((x + shift) / 5) * np.cos(y / 7), np.ones_like(x))
    >>> bool(abs(align(scene(0), scene(-1.5), np.eye(3), "translation")[0, 2] - 1.5) < 0.02)
    True
    """
    top = min(coarsest, len(fixed.levels) - 1, len(moving.levels) - 1)
    matrix = start
    for level in range(top, min(finest, top) - 1, -1):
        factor = 0.5**level
        local = scaled(matrix, factor, factor)
        matrix = scaled(
            _align_level(fixed.levels[level], moving.levels[level], local, model, iterations),
            1 / factor,
            1 / factor,
        )
    return matrix


def _align_level(
    fixed: tuple[FloatImage, FloatImage], moving: tuple[FloatImage, FloatImage], matrix: Matrix, model: Model,
    iterations: int,
) -> Matrix:  # fmt: skip
    shape = fixed[0].shape
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0 : shape[0], 0 : shape[1]])
    best, best_score = matrix, -1.0
    for _ in range(iterations):
        step = _step(fixed, moving, matrix, model, x, y)
        if step is None:
            break
        score, change = step
        if score <= best_score + 1e-7:
            break
        best, best_score = matrix, score
        matrix = matrix_of(parameters_of(matrix, model) + change, model)
        if not np.isfinite(matrix).all() or displacement(matrix, best, shape) > max(shape):
            break
        if displacement(matrix, best, shape) < 2e-3:
            # Converged: the last, tiny step is not worth another look.
            return matrix
    return best


def _step(
    fixed: tuple[FloatImage, FloatImage], moving: tuple[FloatImage, FloatImage], matrix: Matrix, model: Model,
    x: FloatImage, y: FloatImage,
) -> tuple[float, NDArray[np.float64]] | None:  # fmt: skip
    """Correlation under `matrix`, and the change of parameters that raises it most."""
    warped, weight = _overlap(fixed, moving, matrix)
    chosen = weight > 0.5
    if chosen.mean() < LEAST_OVERLAP:
        return None
    u, v = _source_gradient(moving[0], matrix, warped.shape)
    wanted, found = fixed[0][chosen], warped[chosen]
    slopes = derivatives(matrix, model, x[chosen], y[chosen], u[chosen], v[chosen])
    wanted, found = wanted - wanted.mean(), found - found.mean()
    slopes -= slopes.mean(axis=1, keepdims=True)
    # Parameters differ by the frame's size in scale: even them out before solving.
    size = np.sqrt(np.einsum("ij,ij->i", slopes, slopes, dtype=np.float64)) + 1e-12
    slopes /= size[:, None].astype(np.float32)
    try:
        inverse: Matrix = np.asarray(
            np.linalg.inv((slopes @ slopes.T).astype(np.float64) + 1e-9 * np.eye(len(size))), np.float64
        )
    except np.linalg.LinAlgError:
        return None
    on_fixed, on_moving = slopes @ wanted, slopes @ found
    power, agreement = float(found @ found), float(wanted @ found)
    score = agreement / (np.sqrt(power * float(wanted @ wanted)) + 1e-12)
    above = power - float(on_moving @ inverse @ on_moving)
    below = agreement - float(on_fixed @ inverse @ on_moving)
    gain = above / below if below > 0 else _fallback_gain(on_fixed, on_moving, inverse, power, agreement)
    change = inverse @ (gain * on_fixed - on_moving) / size
    return score, change


def _fallback_gain(
    on_fixed: NDArray[Any], on_moving: NDArray[Any], inverse: Matrix, power: float, agreement: float
) -> float:
    """Gain where the two images disagree at first: equation 20 of the paper."""
    spread = float(on_fixed @ inverse @ on_fixed) + 1e-12
    first = np.sqrt(float(on_moving @ inverse @ on_moving) / spread)
    second = (float(on_fixed @ inverse @ on_moving) - agreement) / spread
    return float(max(first, second))


def _overlap(
    fixed: tuple[FloatImage, FloatImage], moving: tuple[FloatImage, FloatImage], matrix: Matrix
) -> tuple[FloatImage, FloatImage]:
    shape = fixed[0].shape
    return _linear(moving[0], matrix, shape), _linear(moving[1], matrix, shape) * fixed[1]


def _source_gradient(
    image: FloatImage, matrix: Matrix, shape: tuple[int, ...]
) -> tuple[FloatImage, FloatImage]:
    across = cv2.filter2D(image, cv2.CV_32F, np.array([[-0.5, 0, 0.5]], np.float32))
    down = cv2.filter2D(image, cv2.CV_32F, np.array([[-0.5], [0], [0.5]], np.float32))
    return _linear(np.asarray(across, np.float32), matrix, shape), _linear(
        np.asarray(down, np.float32), matrix, shape
    )


def _linear(image: FloatImage, matrix: Matrix, shape: tuple[int, ...]) -> FloatImage:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(image, matrix, (shape[1], shape[0]), flags=flags), np.float32)


def similarity_of(fixed: Pyramid, moving: Pyramid, matrix: Matrix, *, level: int = 0) -> float:
    """Correlation of two images under a transform, -1..1; -1 where they hardly overlap.

    >>> y, x = np.mgrid[0:80, 0:90].astype(np.float32)
    >>> same = Pyramid.of(np.sin(x / 5) * np.cos(y / 7), np.ones_like(x))
    >>> round(similarity_of(same, same, np.eye(3)), 3)
    1.0
    """
    level = min(level, len(fixed.levels) - 1, len(moving.levels) - 1)
    local = scaled(matrix, 0.5**level, 0.5**level)
    warped, weight = _overlap(fixed.levels[level], moving.levels[level], local)
    chosen = weight > 0.5
    if chosen.mean() < LEAST_OVERLAP:
        return -1.0
    wanted, found = fixed.levels[level][0][chosen], warped[chosen]
    wanted, found = wanted - wanted.mean(), found - found.mean()
    return float(wanted @ found / (np.sqrt(float(wanted @ wanted) * float(found @ found)) + 1e-12))
