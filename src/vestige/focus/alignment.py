"""Alignment: how each frame of a stack lies on the reference frame.

Turning the focus ring changes the scale of the picture (breathing), a rail or a shutter shifts it a little.
Neighbours in focus look almost the same, distant frames do not; so each frame is aligned to its neighbour
and the similarities are chained. Correlation of local contrast (Evangelidis & Psarakis 2008, ECC) is blind
to exposure and hardly minds defocus; where it fails, matched details decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.imaging import register, warp
from vestige.imaging.correlation import Pyramid, local_contrast, similarity_of
from vestige.imaging.correlation import align as correlate

__all__ = ["Warp", "align", "chained", "coverage", "gain_of", "pair"]

FLOAT = NDArray[np.float32]
MATRIX = NDArray[np.float64]
#: Correlation of two neighbours below which the quick alignment is not believed.
SURE_SCORE = 0.4
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

    >>> Warp(np.diag([1.01, 1.01, 1.0]), 1.0, 1.0).scale
    1.01
    """

    matrix: MATRIX
    gain: float = 1.0
    score: float = 1.0

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
        moved = (self.matrix @ centre - centre)[:2]
        return float(moved[0]), float(moved[1])


def align(
    images: Sequence[FLOAT], *, reference: int | None = None, motion: bool = True, exposure: bool = True
) -> list[Warp]:
    """How each of `images`, in the order of their focus, lies on the reference one.

    Parameters
    ----------
    images : (height, width[, 3]) float32, linear light, all of one size.
    reference : number of the frame that stays as it is; the middle one where None.
    motion, exposure : what to look for; what is not looked for is taken as unchanged.

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
    greys = [grey(image) for image in images]
    return chained(
        len(images),
        middle,
        lambda one, other: pair(greys[one], greys[other], motion=motion, exposure=exposure),
    )


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
        warps[number] = Warp(step.matrix @ base.matrix, step.gain * base.gain, step.score)
    return [warps[number] for number in range(count)]


def pair(fixed: FLOAT, moving: FLOAT, *, motion: bool = True, exposure: bool = True) -> Warp:
    """How `moving` lies on `fixed`, both (height, width) float32, linear light.

    >>> scene = cv2.GaussianBlur(np.random.default_rng(1).random((120, 140), np.float32), (0, 0), 2)
    >>> round(pair(scene, 0.8 * scene).gain, 3)
    1.25
    """
    found = _motion(fixed, moving) if motion else Warp(np.eye(3))
    gain = gain_of(fixed, moving, found.matrix) if exposure else 1.0
    return Warp(found.matrix, gain, found.score)


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
    height, width = shape[:2]
    x = np.arange(0, width, step)[None, :]
    y = np.arange(rows.start, rows.stop, step)[:, None]
    inside = np.ones((y.size, x.size), bool)
    for (across, down, start), side in zip(matrix[:2], (width, height), strict=True):
        place = across * x + down * y + start
        inside &= (place >= inset - 1e-3) & (place <= side - 1 - inset + 1e-3)
    # The frame's own rim is no loss where nothing moved.
    if inside.all() or np.allclose(matrix, np.eye(3), atol=1e-9):
        return None
    return inside.astype(np.float32)


def _motion(fixed: FLOAT, moving: FLOAT) -> Warp:
    here, there = (
        Pyramid.of(local_contrast(np.sqrt(np.maximum(image, 0))), np.ones_like(image))
        for image in (fixed, moving)
    )
    matrix = correlate(here, there, np.eye(3), "similarity")
    score = similarity_of(here, there, matrix)
    if score < SURE_SCORE:
        found = register(fixed, moving, model="similarity")
        rescored = similarity_of(here, there, found.matrix)
        if rescored > score:
            matrix, score = found.matrix, rescored
    return Warp(matrix, 1.0, score)


def gain_of(fixed: FLOAT, moving: FLOAT, matrix: MATRIX) -> float:
    """What `moving` is multiplied by to be as bright as `fixed`, on which it lies by `matrix`.

    The median ratio of brightness, after a blur so wide that focus does not matter.

    >>> grey = np.full((40, 40), 0.5, np.float32)
    >>> round(gain_of(grey, 0.8 * grey, np.eye(3)), 3)
    1.25
    """
    moved = warp(moving, matrix, fixed.shape, interpolation="linear")
    known = np.isfinite(moved).astype(np.float32)
    shrink = min(1.0, GAIN_SIDE / max(fixed.shape))
    size = max(1, round(fixed.shape[1] * shrink)), max(1, round(fixed.shape[0] * shrink))
    one, other, weight = (
        cv2.GaussianBlur(cv2.resize(values, size, interpolation=cv2.INTER_AREA), (0, 0), GAIN_BLUR)
        for values in (fixed * known, np.nan_to_num(moved), known)
    )
    chosen = (weight > 0.9) & (one > 1e-3 * weight) & (other > 1e-3 * weight)
    return float(np.median(one[chosen] / other[chosen])) if chosen.any() else 1.0
