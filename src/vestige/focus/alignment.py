"""Alignment: how each frame of a stack lies on the reference frame.

Turning the focus ring changes the scale of the picture (breathing), a rail or a shutter shifts it a little.
Neighbours in focus look almost the same, distant frames do not; so each frame is aligned to its neighbour
(`vestige.focus.matching`) and the motions are chained. Where that fails, matched details decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.focus.matching import Details, MotionModel, match
from vestige.imaging import register

__all__ = ["Warp", "align", "chained", "coverage", "gain_of", "gains_of", "grey", "pair", "place"]

FLOAT = NDArray[np.float32]
MATRIX = NDArray[np.float64]
#: Correlation of two neighbours below which the quick alignment is not believed.
SURE_SCORE = 0.5
#: Brightness is compared at this many pixels a side, after a blur of this standard deviation.
GAIN_SIDE, GAIN_BLUR = 200, 4.0


@dataclass(frozen=True)
class Warp:
    """How one frame lies on the reference frame.

    Attributes
    ----------
    matrix : 3 x 3 float64, from reference pixels (x, y, 1) to this frame's pixels.
    gain : what the frame's light is multiplied by to be as bright as the reference.
    score : correlation with the neighbour it was aligned to, -1..1.
    tint : what red, green and blue are multiplied by besides, to be as white as the reference.

    >>> Warp(np.diag([1.01, 1.01, 1.0]), 1.0, 1.0).scale
    1.01
    """

    matrix: MATRIX
    gain: float = 1.0
    score: float = 1.0
    tint: tuple[float, ...] = (1.0, 1.0, 1.0)

    @property
    def scale(self) -> float:
        """Size of the frame's picture compared with the reference frame's."""
        return round(float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2])))), 9)

    @property
    def turn(self) -> float:
        """Turn of the frame against the reference, degrees."""
        return float(np.degrees(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))

    def shift(self, shape: tuple[int, ...]) -> tuple[float, float]:
        """Where the centre of the reference lies in this frame, from the frame's centre (x, y), in pixels."""
        centre = np.array([(shape[1] - 1) / 2, (shape[0] - 1) / 2, 1.0])
        moved = self.matrix @ centre
        moved = moved[:2] / moved[2] - centre[:2]
        return float(moved[0]), float(moved[1])


def align(
    images: Sequence[FLOAT],
    *,
    reference: int | None = None,
    motion: bool = True,
    exposure: bool = True,
    model: MotionModel = "similarity",
) -> list[Warp]:
    """How each of `images`, in the order of their focus, lies on the reference one.

    Parameters
    ----------
    images : (height, width[, 3]) float32, linear light, all of one size.
    reference : number of the frame that stays as it is; the middle one where None.
    motion, exposure : what to look for; what is not looked for is taken as unchanged.
    model : 'similarity' (shift, scale, turn) or 'projective' (eight numbers: the view tilts too).

    Raises
    ------
    UsageError : no image, images of several sizes, or no such reference.

    >>> scene = cv2.GaussianBlur(np.random.default_rng(1).random((120, 140), np.float32), (0, 0), 2)
    >>> warps = align([scene[:, :-3], scene[:, 3:]], reference=0)
    >>> [round(value) for value in warps[1].shift(scene.shape)]
    [-3, 0]
    """
    sizes = {image.shape[:2] for image in images}
    if len(sizes) != 1:
        raise UsageError(f"alignment needs images of one size, found {len(sizes)} sizes")
    middle = len(images) // 2 if reference is None else reference
    if not 0 <= middle < len(images):
        raise UsageError(f"reference must be 0 to {len(images) - 1}, not {middle}")
    details = [Details.of(grey(image)) if motion else None for image in images]

    def neighbours(one: int, other: int) -> Warp:
        return pair(
            images[one], images[other], (details[one], details[other]), exposure=exposure, model=model
        )

    return chained(len(images), middle, neighbours)


def chained(count: int, reference: int, neighbours: Callable[[int, int], Warp]) -> list[Warp]:
    """Warps to the reference from warps between neighbours: ``neighbours(nearer, farther)``.

    >>> step = Warp(np.array([[1, 0, 2.0], [0, 1, 0], [0, 0, 1]]), gain=2.0)
    >>> [warp.shift((9, 9))[0] for warp in chained(3, 0, lambda one, other: step)]
    [0.0, 2.0, 4.0]
    """
    warps = {reference: Warp(np.eye(3))}
    for number in [*range(reference + 1, count), *range(reference - 1, -1, -1)]:
        nearer = number - 1 if number > reference else number + 1
        step, base = neighbours(nearer, number), warps[nearer]
        tint = tuple(one * other for one, other in zip(step.tint, base.tint, strict=True))
        matrix = step.matrix @ base.matrix
        warps[number] = Warp(matrix / matrix[2, 2], step.gain * base.gain, step.score, tint)
    return [warps[number] for number in range(count)]


def pair(
    fixed: FLOAT,
    moving: FLOAT,
    details: tuple[Details | None, Details | None] | None = None,
    *,
    exposure: bool = True,
    model: MotionModel = "similarity",
) -> Warp:
    """How `moving` lies on `fixed`, both (height, width[, 3]) float32, linear light.

    `details` are those of both, where they are known; a pair of None stands for frames that did not move.

    >>> scene = cv2.GaussianBlur(np.random.default_rng(1).random((120, 140), np.float32), (0, 0), 2)
    >>> round(pair(scene, 0.8 * scene).gain, 3)
    1.25
    """
    here, there = details or (Details.of(grey(fixed)), Details.of(grey(moving)))
    matrix, score = np.eye(3), 1.0
    if here is not None and there is not None:
        matrix, score = place(here, there, grey(fixed), grey(moving), model)
    gains = gains_of(fixed, moving, matrix) if exposure else np.ones(1)
    gain = float(gains.mean())
    tint = tuple((gains / gain).tolist()) if gains.size == 3 else (1.0, 1.0, 1.0)
    return Warp(matrix, gain, score, tint)


def place(
    here: Details, there: Details, fixed: FLOAT, moving: FLOAT, model: MotionModel = "similarity"
) -> tuple[MATRIX, float]:
    """The matrix from `fixed` to `moving`, both grey, and its score; by matched details where steps fail."""
    matrix, score = match(here, there, model=model)
    if score < SURE_SCORE and min(fixed.shape) >= 32:
        found = register(fixed, moving, model="similarity")
        other, rescored = match(here, there, found.matrix, model=model, levels=1)
        if rescored > score:
            return other, rescored
    return matrix, score


def grey(image: FLOAT) -> FLOAT:
    """The mean of the channels, (height, width) float32."""
    return image if image.ndim == 2 else image.mean(axis=2, dtype=np.float32)


def coverage(
    matrix: MATRIX, shape: tuple[int, ...], rows: slice, *, step: int = 1, inset: float = 0.0
) -> FLOAT | None:
    """Where a frame shows what the reference shows: 1 there, 0 elsewhere; None where it does everywhere.

    Looks at every `step`-th pixel of `rows`; what lies within `inset` pixels of the rim does not count.

    >>> coverage(np.array([[1, 0, 2.0], [0, 1, 0], [0, 0, 1]]), (1, 4), slice(0, 1))
    array([[1., 1., 0., 0.]], dtype=float32)
    >>> coverage(np.eye(3), (1, 4), slice(0, 1)) is None
    True
    """
    # The frame's own rim is no loss where nothing moved.
    if np.allclose(matrix, np.eye(3), atol=1e-9):
        return None
    inside = np.empty((len(range(rows.start, rows.stop, step)), len(range(0, shape[1], step))), np.float32)
    place = np.asarray(matrix, np.float64)
    whole = _cover(place, shape[0], shape[1], rows.start, step, inset - 1e-3, inside)
    return None if whole else inside


@njit(cache=True, nogil=True)
def _cover(
    matrix: MATRIX, height: int, width: int, first: int, step: int, inset: float, inside: FLOAT
) -> bool:  # pragma: no cover - compiled
    whole = True
    for row in range(inside.shape[0]):
        y = first + row * step
        for column in range(inside.shape[1]):
            x = column * step
            below = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
            u = (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / below
            v = (matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]) / below
            seen = inset <= u <= width - 1 - inset and inset <= v <= height - 1 - inset
            inside[row, column] = 1.0 if seen else 0.0
            whole = whole and seen
    return whole


def gain_of(fixed: FLOAT, moving: FLOAT, matrix: MATRIX) -> float:
    """What `moving` is multiplied by to be as bright as `fixed`, on which it lies by `matrix`.

    >>> grey = np.full((40, 40), 0.5, np.float32)
    >>> round(gain_of(grey, 0.8 * grey, np.eye(3)), 3)
    1.25
    """
    return float(gains_of(fixed, moving, matrix).mean())


def gains_of(fixed: FLOAT, moving: FLOAT, matrix: MATRIX) -> NDArray[np.float64]:
    """What each channel of `moving` is multiplied by to be as bright as that of `fixed`.

    The median ratio of brightness, after a blur so wide that focus does not matter.

    >>> white = np.full((40, 40, 3), 0.5, np.float32)
    >>> gains_of(white, white * np.float32([0.5, 1, 1]), np.eye(3)).round(3).tolist()
    [2.0, 1.0, 1.0]
    """
    shrink = min(1.0, GAIN_SIDE / max(fixed.shape))
    size = max(1, round(fixed.shape[1] * shrink)), max(1, round(fixed.shape[0] * shrink))
    ratio = np.diag([size[0] / fixed.shape[1], size[1] / fixed.shape[0], 1.0])
    local = ratio @ matrix @ np.linalg.inv(ratio)
    small, other = (cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in (fixed, moving))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    known = cv2.warpPerspective(np.ones(small.shape[:2], np.float32), local, size, flags=flags)
    moved = cv2.warpPerspective(other, local, size, flags=flags)
    weight = cv2.GaussianBlur(known, (0, 0), GAIN_BLUR)
    found = []
    channels = [(small, moved)] if fixed.ndim == 2 else zip(cv2.split(small), cv2.split(moved), strict=True)
    for one, two in channels:
        one = cv2.GaussianBlur(one * known, (0, 0), GAIN_BLUR)
        two = cv2.GaussianBlur(two, (0, 0), GAIN_BLUR)
        chosen = (weight > 0.9) & (one > 1e-3 * weight) & (two > 1e-3 * weight)
        found.append(float(np.median(one[chosen] / two[chosen])) if chosen.any() else 1.0)
    return np.array(found)
