"""A preview of the stack: small frames, aligned when it opens, fused at each question."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context, Inputs, Recipe
from vestige.errors import InputError
from vestige.focus.alignment import align, coverage
from vestige.focus.frames import StackFrame, frames_of_capture
from vestige.focus.pyramid import fuse
from vestige.focus.recipe import StackRecipe
from vestige.imaging import picture, warp

__all__ = ["Preview", "preview"]

FLOAT = NDArray[np.float32]
LARGEST_SIDE = 1000


class Preview:
    """Small frames of a stack; `render` fuses them by a recipe. Made by `preview`."""

    def __init__(self, shape: tuple[int, ...], frames: list[FLOAT]) -> None:
        self._shape = shape
        self._moved, self._still = [], [(frame, None) for frame in frames]
        for frame, found in zip(frames, align(frames), strict=True):
            moved = warp(frame, found.matrix, frame.shape, border="reflect") * np.float32(found.gain)
            self._moved.append(
                (moved, coverage(found.matrix, frame.shape, slice(0, frame.shape[0]), inset=1.0))
            )

    def render(
        self,
        recipe: Recipe,
        region: tuple[int, int, int, int] | None = None,
        size: int = 800,
        frame: int | None = None,
    ) -> NDArray[np.uint8]:
        """The fused picture, or a region (left, top, width, height) of it, ready for display."""
        assert isinstance(recipe, StackRecipe)
        frames = self._moved if recipe.align else self._still
        fused = fuse(
            (frame for frame, _ in frames),
            coverage=[covered for _, covered in frames],
            levels=recipe.levels,
            sharpness=recipe.sharpness,
        )
        if region is not None:
            across, down = fused.shape[1] / self._shape[1], fused.shape[0] / self._shape[0]
            left, top, width, height = region
            rows = slice(round(top * down), max(round((top + height) * down), round(top * down) + 1))
            columns = slice(
                round(left * across), max(round((left + width) * across), round(left * across) + 1)
            )
            fused = fused[rows, columns]
        return picture(fused, max_side=size)

    def close(self) -> None:
        """Give the small frames back."""
        self._moved, self._still = [], []


def preview(inputs: Inputs, context: Context) -> Preview:
    """Open a capture for a preview; frames that cannot be read are left out.

    Raises
    ------
    InputError : fewer than two frames can be read.

    >>> import tempfile, pathlib
    >>> from vestige.focus.recipe import SceneRecipe
    >>> from vestige.focus.simulate import make
    >>> capture = make(SceneRecipe(height=64, frames=3), pathlib.Path(tempfile.mkdtemp()), 0)
    >>> session = preview(Inputs({"capture": [capture]}), Context())
    >>> session.render(StackRecipe(), None, 40).shape
    (30, 40, 3)
    """
    frames = frames_of_capture(inputs.capture(), context.warn)
    # Still and moved, each 12 bytes a pixel, and as much again while fusing.
    pixels = context.budget.working() / (48 * len(frames.items))
    side = int(min(LARGEST_SIDE, np.sqrt(pixels)))
    small, faults = [], []
    for frame in context.track(frames.items, "reading frames"):
        try:
            small.append(_proxy(frame, side))
        except InputError as error:
            context.warn(f"{error}; the preview goes on without it")
            faults.append(error)
    if len(small) < 2:
        raise faults[0]
    return Preview(frames.shape, small)


def _proxy(frame: StackFrame, side: int) -> FLOAT:
    opened = frame.open()
    try:
        return opened.proxy(side)
    finally:
        opened.close()
