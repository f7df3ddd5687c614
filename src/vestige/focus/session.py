"""A preview of the stack: small frames, aligned when it opens, fused and retouched at each question."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context, Inputs, Recipe
from vestige.errors import InputError
from vestige.focus.alignment import Warp, coverage
from vestige.focus.frames import FileFrame, Frames, StackFrame, frames_of_capture
from vestige.focus.laying import align_small
from vestige.focus.pyramid import fuse
from vestige.focus.recipe import AlignRecipe, Patch, StackRecipe
from vestige.focus.retouch import blended, check_patches, mask
from vestige.focus.reuse import read_alignment
from vestige.imaging import open_image, picture

__all__ = ["Preview", "preview"]

FLOAT = NDArray[np.float32]
LARGEST_SIDE = 1000
#: Fused pictures that are kept, so that a stroke of retouching does not fuse again.
KEPT = 2


class Preview:
    """Small frames of a stack; `render` fuses them by a recipe. Made by `preview`.

    Parameters
    ----------
    shape : (height, width) of the frames at full size.
    names : file name of each frame.
    frames : small versions, (height, width[, 3]) float32, linear light.
    warps : how each lies on the reference, in pixels of the small versions.
    """

    def __init__(
        self, shape: tuple[int, ...], names: Sequence[str], frames: list[FLOAT], warps: Sequence[Warp]
    ) -> None:
        self._shape, self._names = shape, list(names)
        self._still = frames
        self._moved = [_moved(frame, found) for frame, found in zip(frames, warps, strict=True)]
        self._covered = [
            coverage(found.matrix, frame.shape, slice(0, frame.shape[0]), inset=1.0)
            for frame, found in zip(frames, warps, strict=True)
        ]
        self._fused: dict[tuple[bool, int, float], FLOAT] = {}

    def render(
        self,
        recipe: Recipe,
        region: tuple[int, int, int, int] | None = None,
        size: int = 800,
        frame: int | None = None,
    ) -> NDArray[np.uint8]:
        """The fused picture, or a region (left, top, width, height) of it, ready for display.

        Raises
        ------
        UsageError : the recipe takes a frame that is not there.
        """
        assert isinstance(recipe, StackRecipe)
        fused = self._retouched(self._fuse(recipe), recipe)
        if region is not None:
            across, down = fused.shape[1] / self._shape[1], fused.shape[0] / self._shape[0]
            left, top, width, height = region
            rows = slice(round(top * down), max(round((top + height) * down), round(top * down) + 1))
            columns = slice(
                round(left * across), max(round((left + width) * across), round(left * across) + 1)
            )
            fused = fused[rows, columns]
        return picture(fused, max_side=size)

    def _fuse(self, recipe: StackRecipe) -> FLOAT:
        key = (recipe.align, recipe.levels, recipe.sharpness)
        if key not in self._fused:
            while len(self._fused) >= KEPT:
                self._fused.pop(next(iter(self._fused)))
            self._fused[key] = fuse(
                self._moved if recipe.align else self._still,
                coverage=self._covered if recipe.align else (),
                levels=recipe.levels,
                sharpness=recipe.sharpness,
            )
        return self._fused[key]

    def _retouched(self, fused: FLOAT, recipe: StackRecipe) -> FLOAT:
        check_patches(recipe.retouch, self._names)
        scale = fused.shape[1] / self._shape[1]
        frames = self._moved if recipe.align else self._still
        for patch in recipe.retouch:
            weight = mask(_within(patch, scale), fused.shape, slice(0, fused.shape[0]), scale)
            if weight is not None:
                fused = blended(fused, frames[self._names.index(patch.frame)], weight)
        return fused

    def close(self) -> None:
        """Give the small frames back."""
        self._moved, self._still, self._fused = [], [], {}


def preview(inputs: Inputs, context: Context) -> Preview:
    """Open a capture for a preview: frames in the order, and without those, that a run finds.

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
    frames, small = _small_frames(frames_of_capture(inputs.capture(), context.warn), context)
    given = inputs.product("reuse_alignment")
    recorded = read_alignment(given.path) if given else None
    at_hand = {id(frame): image for frame, image in zip(frames.items, small, strict=True)}
    # What is found on a preview must not be taken for the finished part of a run.
    with Context(budget=context.budget) as aside:
        lie = align_small(frames, small, AlignRecipe(), aside, recorded)
    for message in aside.warnings:
        context.warn(message)
    small = [at_hand[id(frame)] for frame in lie.frames.items]
    scale = small[0].shape[1] / frames.shape[1]
    warps = [replace(found, matrix=_shrunk(found.matrix, scale)) for found in lie.warps]
    return Preview(frames.shape, [frame.name for frame in lie.frames.items], small, warps)


def _small_frames(frames: Frames, context: Context) -> tuple[Frames, list[FLOAT]]:
    """The frames that can be read, and small versions of them; the others are named."""
    # Still and moved, each 12 bytes a pixel, and as much again while fusing.
    pixels = context.budget.working() / (48 * len(frames.items))
    side = int(min(LARGEST_SIDE, np.sqrt(pixels)))
    small: dict[int, FLOAT] = {}
    faults = []
    with ThreadPoolExecutor(max(1, context.budget.cores)) as pool:
        futures = [pool.submit(_glance, frame, side) for frame in frames.items]
        for number, future in enumerate(context.track(futures, "reading frames")):
            try:
                small[number] = future.result()
            except InputError as error:
                context.warn(f"{error}; the preview goes on without it")
                faults.append(error)
    if len(small) < 2:
        raise faults[0]
    return frames.only(list(small)), list(small.values())


def _glance(frame: StackFrame, side: int) -> FLOAT:
    if isinstance(frame, FileFrame):
        with open_image(frame.path, encoding=frame.encoding, white_level=frame.white_level) as image:
            return image.glance(side)
    opened = frame.open()
    try:
        return opened.proxy(side)
    finally:
        opened.close()


def _shrunk(matrix: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    """A matrix between frames as one between their small versions."""
    shift = (scale - 1) / 2
    shrink = np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1]])
    return np.asarray(shrink @ matrix @ np.linalg.inv(shrink), np.float64)


def _moved(frame: FLOAT, found: Warp) -> FLOAT:
    """A small frame as it lies on the reference, as bright as that."""
    size = (frame.shape[1], frame.shape[0])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpPerspective(frame, found.matrix, size, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    light = np.resize(found.tint, frame.shape[2] if frame.ndim == 3 else 1) * found.gain
    return np.asarray(moved * light.astype(np.float32), np.float32)


def _within(patch: Patch, scale: float) -> Patch:
    """A patch no smaller than a pixel of the preview, so that it is seen."""
    least = 0.5 / scale
    return patch.model_copy(update={"radius": least}) if 0 < patch.radius < least else patch
