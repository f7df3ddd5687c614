"""A preview of the stack: small frames, aligned when it opens, fused and retouched at each question.

Unpacking a large frame takes half a second and more. The first pictures are therefore fused of the frames,
spread over the stack, that can be read in about a second; the others are read once a picture has been shown.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

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
from vestige.focus.reuse import Recorded, read_alignment
from vestige.imaging import open_image, picture

__all__ = ["Preview", "preview"]

FLOAT = NDArray[np.float32]
LARGEST_SIDE = 1000
#: Seconds after which no more frames are begun before the first picture, and the fewest that it is made of.
PATIENCE, FEWEST = 1.0, 3
#: Fused pictures that are kept, so that a stroke of retouching does not fuse again.
KEPT = 2


@dataclass
class _Stack:
    """Small frames (height, width[, 3]) float32, linear light, and how each lies on the reference."""

    names: list[str]
    still: list[FLOAT]
    moved: list[FLOAT]
    covered: list[FLOAT | None]


class Preview:
    """Small frames of a stack; `render` fuses them by a recipe. Made by `preview`.

    `provisional` as long as pictures are made of some of the frames: the others are read, in the background,
    from the first picture on.
    """

    def __init__(self, reading: _Reading, recorded: Recorded | None, context: Context) -> None:
        self._reading, self._recorded, self._context = reading, recorded, context
        self._shape = reading.frames.shape
        self._fused: dict[tuple[bool, int, float], FLOAT] = {}
        self._rest: threading.Thread | None = None
        self._fault: Exception | None = None
        # The order of focus is that of another light's run, which has them all.
        until = float("inf") if recorded else time.monotonic() + PATIENCE
        # Compiled code takes as long to be loaded as a frame to be unpacked, which other processes do.
        loading = threading.Thread(target=fuse, args=([np.zeros((16, 16, 3), np.float32)],))
        loading.start()
        self._reading.go_on(until)
        loading.join()
        self.provisional = not self._reading.finished
        try:
            self._stack = self._laid()
        except InputError:
            if not self.provisional:
                raise
            self._read_rest()
            self._settle()

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
        InputError : fewer than two of the frames can be read.
        """
        assert isinstance(recipe, StackRecipe)
        if self._rest is not None and not self._rest.is_alive():
            self._settle()
        if self.provisional and not {patch.frame for patch in recipe.retouch} <= set(self._stack.names):
            self.finish()
        fused = self._retouched(self._fuse(recipe), recipe)
        if self.provisional and self._rest is None:
            self._rest = threading.Thread(target=self._read_rest, name="preview", daemon=True)
            self._rest.start()
        if region is not None:
            across, down = fused.shape[1] / self._shape[1], fused.shape[0] / self._shape[0]
            left, top, width, height = region
            rows = slice(round(top * down), max(round((top + height) * down), round(top * down) + 1))
            columns = slice(
                round(left * across), max(round((left + width) * across), round(left * across) + 1)
            )
            fused = fused[rows, columns]
        return picture(fused, max_side=size)

    def finish(self) -> None:
        """Wait until all frames are read."""
        if self._rest is None:
            self._read_rest()
        else:
            self._rest.join()
        self._settle()

    def _read_rest(self) -> None:
        """Read the other frames and lay all on one another; what fails is told by the next question."""
        try:
            self._reading.go_on(float("inf"))
            if self._reading.finished:
                self._whole = self._laid()
        except Exception as error:
            self._fault = error

    def _settle(self) -> None:
        """Go over from some of the frames to all of them."""
        if not self.provisional:
            return
        if self._fault is not None:
            raise self._fault
        self._stack, self._fused, self.provisional, self._rest = self._whole, {}, False, None
        del self._whole

    def _laid(self) -> _Stack:
        """The frames that have been read so far, laid on one another."""
        frames, small = self._reading.read()
        at_hand = {id(frame): image for frame, image in zip(frames.items, small, strict=True)}
        # The same view before and after the rest is there, where the order of focus is known.
        middle = self._reading.frames.items[len(self._reading.frames.items) // 2].name
        keep = self._reading.finished or frames.focus is None
        recipe = AlignRecipe(reference="" if keep or middle not in _names(frames) else middle)
        # What is found on a preview must not be taken for the finished part of a run.
        with Context(budget=self._context.budget) as aside:
            lie = align_small(frames, small, recipe, aside, self._recorded)
        if self._reading.finished:
            for message in aside.warnings:
                self._context.warn(message)
        small = [at_hand[id(frame)] for frame in lie.frames.items]
        scale = small[0].shape[1] / self._shape[1]
        warps = [replace(found, matrix=_shrunk(found.matrix, scale)) for found in lie.warps]
        return _Stack(
            _names(lie.frames),
            small,
            [_moved(frame, found) for frame, found in zip(small, warps, strict=True)],
            [
                coverage(found.matrix, frame.shape, slice(0, frame.shape[0]), inset=1.0)
                for frame, found in zip(small, warps, strict=True)
            ],
        )

    def _fuse(self, recipe: StackRecipe) -> FLOAT:
        key = (recipe.align, recipe.levels, recipe.sharpness)
        if key not in self._fused:
            while len(self._fused) >= KEPT:
                self._fused.pop(next(iter(self._fused)))
            self._fused[key] = fuse(
                self._stack.moved if recipe.align else self._stack.still,
                coverage=self._stack.covered if recipe.align else (),
                levels=recipe.levels,
                sharpness=recipe.sharpness,
            )
        return self._fused[key]

    def _retouched(self, fused: FLOAT, recipe: StackRecipe) -> FLOAT:
        check_patches(recipe.retouch, self._stack.names)
        scale = fused.shape[1] / self._shape[1]
        frames = self._stack.moved if recipe.align else self._stack.still
        for patch in recipe.retouch:
            weight = mask(_within(patch, scale), fused.shape, slice(0, fused.shape[0]), scale)
            if weight is not None:
                fused = blended(fused, frames[self._stack.names.index(patch.frame)], weight)
        return fused

    def close(self) -> None:
        """Give the small frames back."""
        self._reading.stop()
        if self._rest is not None:
            self._rest.join()
        self._stack, self._fused = _Stack([], [], [], []), {}


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
    given = inputs.product("reuse_alignment")
    recorded = read_alignment(given.path) if given else None
    return Preview(_Reading(frames_of_capture(inputs.capture(), context.warn), context), recorded, context)


class _Reading:
    """Small versions of frames, read in an order in which the first few are spread over the stack."""

    def __init__(self, frames: Frames, context: Context) -> None:
        self.frames, self._context = frames, context
        # Still and moved, each 12 bytes a pixel, and as much again while fusing.
        pixels = context.budget.working() / (48 * len(frames.items))
        self._side = int(min(LARGEST_SIDE, np.sqrt(pixels)))
        self._small: dict[int, FLOAT] = {}
        self._faults: dict[int, InputError] = {}
        self._stopped = False

    @property
    def finished(self) -> bool:
        """Whether every frame was read, or cannot be."""
        return len(self._small) + len(self._faults) == len(self.frames.items)

    def go_on(self, until: float) -> None:
        """Read frames not read yet; begin none after the time `until` once `FEWEST` are there."""
        count = len(self.frames.items)
        digits = count.bit_length()
        halving = sorted(range(count), key=lambda place: format(place, f"0{digits}b")[::-1])
        order = [(count // 2 + place) % count for place in halving]
        wanted = [number for number in order if number not in self._small and number not in self._faults]

        def read(number: int) -> None:
            if self._stopped or (len(self._small) >= FEWEST and time.monotonic() > until):
                return
            try:
                self._small[number] = _glance(self.frames.items[number], self._side)
            except InputError as error:
                self._faults[number] = error
                self._context.warn(f"{error}; the preview goes on without it")

        with ThreadPoolExecutor(max(1, self._context.budget.cores)) as pool:
            futures = [pool.submit(read, number) for number in wanted]
            for future in self._context.track(futures, "reading frames"):
                future.result()

    def read(self) -> tuple[Frames, list[FLOAT]]:
        """The frames read so far, by focus, and their small versions.

        Raises
        ------
        InputError : they are fewer than two, and none else is to be read.
        """
        if len(self._small) < 2 and self._faults:
            raise self._faults[min(self._faults)]
        chosen = sorted(self._small)
        return self.frames.only(chosen), [self._small[number] for number in chosen]

    def stop(self) -> None:
        """Begin no more frames."""
        self._stopped = True


def _names(frames: Frames) -> list[str]:
    return [frame.name for frame in frames.items]


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
