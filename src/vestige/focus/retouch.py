"""Retouching: 'take this frame here'. Regions in which one registered frame replaces what fusion chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.focus.alignment import Warp
from vestige.focus.frames import Frames
from vestige.focus.pyramid import light_of, root_of
from vestige.focus.recipe import Patch
from vestige.focus.spool import registered_rows
from vestige.imaging import Strip

__all__ = ["Retouching", "blended", "check_patches", "mask"]

FLOAT = NDArray[np.float32]
FLOATS = NDArray[np.float64]


@dataclass(frozen=True)
class Retouching:
    """The patches of a recipe on the frames of a stack, laid over the fused picture strip by strip."""

    frames: Frames
    warps: Sequence[Warp]
    patches: Sequence[Patch]

    def __post_init__(self) -> None:
        check_patches(self.patches, [frame.name for frame in self.frames.items])

    def over(self, light: FLOAT, strip: Strip) -> FLOAT:
        """The rows of `strip`, linear light, with the patches laid over them in their order."""
        names = [frame.name for frame in self.frames.items]
        for patch in self.patches:
            weight = mask(patch, self.frames.shape, strip.rows)
            if weight is None:
                continue
            number = names.index(patch.frame)
            opened = self.frames.items[number].open()
            try:
                frame = registered_rows(opened, self.warps[number], self.frames.shape, strip.rows)
            finally:
                opened.close()
            light = blended(light, light_of(frame), weight)
        return light


def check_patches(patches: Sequence[Patch], names: Sequence[str]) -> None:
    """Check that each patch takes a frame that is there.

    Raises
    ------
    UsageError : it is not; names one that is.

    >>> check_patches([Patch(frame="a.tif", points=[(5, 2)], radius=2)], ["a.tif"])
    """
    for patch in patches:
        if patch.frame not in names:
            raise UsageError(
                f"retouch: there is no frame '{patch.frame}'; name one such as '{names[len(names) // 2]}'"
            )


def mask(patch: Patch, shape: tuple[int, ...], rows: slice, scale: float = 1.0) -> FLOAT | None:
    """How far a patch counts, (rows, width) float32: 1 within it, falling to 0 over its feather outside.

    None where it does not reach these `rows`. `scale` is the size of the picture beside the full one.

    >>> mask(Patch(frame="a.tif", points=[(5, 2)], radius=2, feather=1), (5, 9), slice(2, 3))
    array([[0., 0., 0., 1., 1., 1., 1., 1., 0.]], dtype=float32)
    """
    points = (np.array(patch.points) + 0.5) * scale - 0.5
    radius, feather = patch.radius * scale, patch.feather * scale
    far = radius + feather + 1
    if points[:, 1].max() + far < rows.start or points[:, 1].min() - far > rows.stop:
        return None
    away = np.full((rows.stop - rows.start, shape[1]), far * far)
    ends = np.roll(points, -1, axis=0) if radius == 0 else points[[*range(1, len(points)), -1]]
    _squared_distances(points, ends, far, rows.start, away)
    away = np.sqrt(away) - radius
    if radius == 0:
        _fill(points, ends, rows.start, away)
    part = np.clip(1 - away / max(feather, 1e-6), 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32) if part.any() else None


def blended(fused: FLOAT, frame: FLOAT, weight: FLOAT) -> FLOAT:
    """`frame` where `weight` is 1 and `fused` where it is 0, between them mixed in the root of light.

    >>> dark, bright = np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32)
    >>> blended(dark, bright, np.array([[0, 0.5, 1]], np.float32))
    array([[0.  , 0.25, 1.  ]], dtype=float32)
    """
    share = weight if fused.ndim == 2 else weight[..., None]
    mixed = light_of(share * root_of(frame) + (1 - share) * root_of(fused))
    return np.asarray(np.where(share >= 1, frame, np.where(share <= 0, fused, mixed)), np.float32)


@njit(cache=True, nogil=True)
def _squared_distances(
    starts: FLOATS, ends: FLOATS, far: float, first: int, out: FLOATS
) -> None:  # pragma: no cover - compiled
    """Lower `out` to the squared distance of each pixel from lines that are less than `far` away."""
    height, width = out.shape
    for (x0, y0), (x1, y1) in zip(starts, ends):  # noqa: B905 - numba knows no strict
        length = (x1 - x0) ** 2 + (y1 - y0) ** 2
        top, bottom = max(0.0, min(y0, y1) - far - first), min(height - 1.0, max(y0, y1) + far - first)
        left, right = max(0.0, min(x0, x1) - far), min(width - 1.0, max(x0, x1) + far)
        for row in range(int(np.ceil(top)), int(np.floor(bottom)) + 1):
            for x in range(int(np.ceil(left)), int(np.floor(right)) + 1):
                y = row + first
                along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length if length > 0 else 0.0
                along = min(1.0, max(0.0, along))
                squared = (x - x0 - along * (x1 - x0)) ** 2 + (y - y0 - along * (y1 - y0)) ** 2
                out[row, x] = min(out[row, x], squared)


@njit(cache=True, nogil=True)
def _fill(starts: FLOATS, ends: FLOATS, first: int, out: FLOATS) -> None:  # pragma: no cover - compiled
    """Set `out` to 0 within the outline, by the rule of even and odd crossings."""
    height, width = out.shape
    crossed = np.zeros(width, np.bool_)
    for row in range(height):
        y = row + first
        crossed[:] = False
        for (x0, y0), (x1, y1) in zip(starts, ends):  # noqa: B905 - numba knows no strict
            if (y0 > y) != (y1 > y):
                x = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                if x <= width - 1:
                    crossed[max(0, int(np.ceil(x)))] ^= True
        inside = False
        for x in range(width):
            inside ^= crossed[x]
            if inside:
                out[row, x] = 0.0
