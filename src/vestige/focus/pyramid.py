"""Laplacian-pyramid fusion: at each place and scale, the frame with the most detail there has the say.

Burt, P. J. & Kolczynski, R. J. (1993), Enhanced image capture through fusion, ICCV, 173-182. Frames are
fused in the square root of linear light, where photon noise is equally strong in shadow and highlight, so
that its detail is not mistaken for the object's.

Detail counts relative to the light around it. Defocus keeps the light of a bright spot, but a sensor that is
full cuts off the sharp spot and not its wide disk, whose rim would so pass for more detail than the spot. In
the roots of light even what is not cut off grows as it blurs (the mean root of uneven light is the smaller
one), so that the sharp frame is the darker one, and wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.focus import kernels

__all__ = [
    "Fusion",
    "Layers",
    "enlarged",
    "enlarged_rows",
    "fuse",
    "levels_of",
    "light_of",
    "root_of",
    "split",
]

FLOAT = NDArray[np.float32]
#: Detail (mean square of a Laplacian level) below which frames count as equal: about 8 bits of a picture.
FLOOR = 2e-5
#: Exponent of detail in the weight.
SHARPNESS = 16.0
#: Standard deviation, in pixels of a level, of the neighbourhood over which detail is gathered.
NEIGHBOURHOOD = 1.5
#: Light added to that around a place before detail is divided by it: about the light of black things.
DIM = 0.01
#: What stands for the coverage of a frame that shows everything.
NOWHERE = np.empty((0, 0), np.float32)


def root_of(light: FLOAT) -> FLOAT:
    """The square root of linear light, float32 of the same shape; what is below zero counts as black.

    >>> root_of(np.array([[-0.1, 0.25]], np.float32))
    array([[0. , 0.5]], dtype=float32)
    """
    root = np.maximum(light, 0, dtype=np.float32)
    return np.sqrt(root, out=root)


def light_of(root: FLOAT) -> FLOAT:
    """Linear light of its square root; what fusion left below zero is black.

    >>> light_of(np.array([[-0.1, 0.5]], np.float32))
    array([[0.  , 0.25]], dtype=float32)
    """
    return np.square(np.maximum(root, 0), dtype=np.float32)


def fuse(
    images: Iterable[FLOAT],
    *,
    coverage: Sequence[FLOAT | None] = (),
    levels: int = 6,
    sharpness: float = SHARPNESS,
) -> FLOAT:
    """One picture, sharp wherever one of the registered `images` is.

    Parameters
    ----------
    images : registered frames, each (height, width) or (height, width, 3) float32, linear light; one at
        a time is held, so their number does not matter.
    coverage : for each frame, (height, width) float32, 1 where it shows the object and 0 where it does
        not; None where it shows it everywhere. What lies beyond should continue the frame, such as mirrored:
        coarse levels look across.
    levels : levels of the pyramid; fewer where the picture is small.
    sharpness : exponent of detail in the weight: 1 blends, 16 all but picks the sharpest.

    Raises
    ------
    UsageError : no image, or images of several sizes.

    >>> left, right = np.full((2, 32, 32), 0.25, np.float32)
    >>> left[8::4, :16] = right[8::4, 16:] = 0.5
    >>> both = fuse([left, right])
    >>> bool(both[8, 4] > 0.45), bool(both[8, 28] > 0.45)
    (True, True)
    """
    fusion: Fusion | None = None
    for number, image in enumerate(images):
        fusion = fusion or Fusion(image.shape, levels=levels_of(image.shape, levels), sharpness=sharpness)
        fusion.add(root_of(image), coverage[number] if coverage else None, consume=True)
    if fusion is None:
        raise UsageError("fusion needs one image or more")
    return light_of(fusion.result())


def levels_of(shape: tuple[int, ...], wanted: int) -> int:
    """Levels that a picture of `shape` bears, at most `wanted`: the coarsest keeps a few pixels a side.

    >>> levels_of((480, 640), 10), levels_of((10, 10), 10)
    (6, 1)
    """
    return max(0, min(wanted, min(shape[:2]).bit_length() - 3))


class Layers(NamedTuple):
    """What a frame left beside the sums of a `Fusion`.

    Attributes
    ----------
    energies : mean square of the detail of each level, (height, width) at the size of the level.
    base : the frame at the size of the coarsest level.
    guide : pooled detail of all finer levels, at that size; None where there are none.
    """

    energies: tuple[FLOAT, ...]
    base: FLOAT
    guide: FLOAT | None


class Fusion:
    """A pyramid that frames are added to one by one; its memory does not grow with their number.

    Parameters
    ----------
    shape : (height, width[, channels]) of each frame.
    levels : Laplacian levels above the base; with none, frames are averaged.
    sharpness : exponent of detail in the weight.
    base : False where the base is fused elsewhere: `result` is then the detail alone.

    >>> fusion = Fusion((16, 16), levels=2)
    >>> _ = fusion.add(np.full((16, 16), 0.5, np.float32))
    >>> float(fusion.result().mean())
    0.5
    """

    def __init__(
        self, shape: tuple[int, ...], *, levels: int = 6, sharpness: float = SHARPNESS, base: bool = True
    ) -> None:
        self.shape = shape
        self.levels = levels
        self._channels = shape[2] if len(shape) == 3 else 1
        self._with_base = base
        self._exponent = sharpness / 2
        self._sums: list[FLOAT] = []
        self._weights: list[FLOAT] = []
        self._tops: list[FLOAT] = []

    def add(
        self,
        root: FLOAT,
        coverage: FLOAT | None = None,
        *,
        guide: FLOAT | None = None,
        consume: bool = False,
    ) -> Layers:
        """Add a frame, (height, width[, channels]) float32, with its coverage (height, width) or None.

        `guide` is the pooled detail of levels finer than this fusion's. With `consume`, `root` serves as
        scratch memory.
        """
        if root.shape != self.shape:
            raise UsageError(f"frames to fuse must have one size: {self.shape} and {root.shape} were given")
        details, energies, lights = split(root if consume else root.copy(), self.levels)
        for level, (energy, light) in enumerate(zip(energies, lights, strict=True)):
            say = np.asarray(cv2.GaussianBlur(energy, (0, 0), NEIGHBOURHOOD), np.float32)
            say += np.float32(FLOOR)
            pooled = say
            if guide is not None:
                pooled = np.sqrt(say * guide)
                say *= guide
            guide = np.asarray(cv2.pyrDown(pooled), np.float32)
            guide /= light + np.float32(DIM)
            kernels.guided(guide, say)
            self._accumulate(level, details[level], say, coverage)
            coverage = None if coverage is None else _halved(coverage)
        if self._with_base:
            say = np.ones(details[-1].shape[:2], np.float32) if guide is None else np.square(guide)
            self._accumulate(self.levels, details[-1], say, coverage)
        return Layers(tuple(energies), details[-1], guide)

    def _accumulate(self, level: int, values: FLOAT, say: FLOAT, coverage: FLOAT | None) -> None:
        if level == len(self._sums):
            self._sums.append(np.zeros(values.shape, np.float32))
            self._weights.append(np.zeros(say.shape, np.float32))
            self._tops.append(np.zeros(say.shape, np.float32))
        kernels.accumulate(
            _flat(values),
            say,
            NOWHERE if coverage is None else coverage,
            self._exponent,
            _flat(self._sums[level]),
            self._weights[level],
            self._tops[level],
        )

    def result(self, base: FLOAT | None = None) -> FLOAT:
        """The fused picture so far; a `base` fused elsewhere takes the place of the coarsest level."""
        if not self._sums and self._with_base and base is None:
            raise UsageError("nothing has been added to this fusion")
        if base is not None:
            picture: FLOAT | None = np.ascontiguousarray(base, np.float32)
        else:
            picture = self._mean(self.levels) if self._with_base else None
        for level in reversed(range(self.levels)):
            finer = self._mean(level)
            if picture is not None:
                kernels.expand(_flat(picture), self._channels, _flat(finer), 0, add=True)
            picture = finer
        return np.zeros(self.shape, np.float32) if picture is None else picture

    def _mean(self, level: int) -> FLOAT:
        total, weight = self._sums[level], self._weights[level]
        safe = np.maximum(weight, np.float32(1e-12))
        return np.asarray(total / (safe if total.ndim == 2 else safe[..., None]), np.float32)


def split(root: FLOAT, levels: int) -> tuple[list[FLOAT], list[FLOAT], list[FLOAT]]:
    """Detail of each level and the base; the energy of the detail of each level; the light around it.

    Energy is the mean square of the channels; light is that of the next coarser level, at its size. `root`
    is scratch memory: it becomes the detail of the finest level.

    >>> details, energies, lights = split(np.ones((8, 8, 3), np.float32), 2)
    >>> [detail.shape for detail in details], float(energies[0].max()), lights[1].tolist()
    ([(8, 8, 3), (4, 4, 3), (2, 2, 3)], 0.0, [[1.0, 1.0], [1.0, 1.0]])
    """
    details, energies, lights = [], [], []
    for _ in range(levels):
        smaller = np.asarray(cv2.pyrDown(root), np.float32)
        energy = np.empty(root.shape[:2], np.float32)
        channels = root.shape[2] if root.ndim == 3 else 1
        kernels.split(_flat(root), _flat(smaller), channels, energy)
        light = np.empty(smaller.shape[:2], np.float32)
        kernels.light(_flat(smaller), channels, light)
        details.append(root)
        energies.append(energy)
        lights.append(light)
        root = smaller
    return [*details, root], energies, lights


def enlarged(image: FLOAT, shape: tuple[int, ...]) -> FLOAT:
    """An image of the next coarser level at the size of `shape` (Burt & Adelson 1983, expand).

    >>> enlarged(np.ones((2, 2), np.float32), (3, 4)).shape
    (3, 4)
    """
    result = np.empty((*shape[:2], *image.shape[2:]), np.float32)
    kernels.expand(_flat(image), image.shape[2] if image.ndim == 3 else 1, _flat(result), 0, add=False)
    return result


def enlarged_rows(base: FLOAT, shape: tuple[int, ...], levels: int, rows: slice) -> FLOAT:
    """Some rows of `base` enlarged by `levels` to the size of `shape`, the same as in the whole.

    >>> base = np.arange(12, dtype=np.float32).reshape(4, 3)
    >>> part = enlarged_rows(base, (14, 10), 2, slice(5, 9))
    >>> whole = enlarged(enlarged(base, (7, 5)), (14, 10))
    >>> bool(np.array_equal(part, whole[5:9]))
    True
    """
    sizes = [tuple(-(-side // 2**level) for side in shape[:2]) for level in range(levels + 1)]
    needed = [rows]
    for height, _ in sizes[1:]:
        finer = needed[-1]
        needed.append(slice(max(0, (finer.start >> 1) - 1), min(height, ((finer.stop - 1) >> 1) + 2)))
    channels = base.shape[2] if base.ndim == 3 else 1
    part = np.ascontiguousarray(base[needed[-1]], np.float32)
    for level in reversed(range(levels)):
        wanted = needed[level]
        out = np.empty((wanted.stop - wanted.start, sizes[level][1], *base.shape[2:]), np.float32)
        begin = wanted.start - 2 * needed[level + 1].start
        kernels.expand(_flat(part), channels, _flat(out), begin, add=False)
        part = out
    return part


def _halved(coverage: FLOAT) -> FLOAT:
    """Coverage one level coarser: where at least half of what a pixel is made of is covered.

    Beyond its rim a registered frame is mirrored, as levels are beyond the picture's rim. Were all of it
    needed, a frame that lacks a few pixels at the rim would have no say in coarse levels far within.
    """
    return np.asarray(cv2.pyrDown(coverage) >= 0.5, np.float32)


def _flat(image: FLOAT) -> FLOAT:
    """Rows of numbers, whatever the number of channels."""
    return image.reshape(len(image), -1)
