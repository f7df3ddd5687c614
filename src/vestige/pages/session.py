"""Looking at a volume before it is cut: where the pages of a frame, and its fold, are found."""

from __future__ import annotations

from collections import OrderedDict

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Frame
from vestige.contract import Inputs, Recipe
from vestige.errors import UsageError
from vestige.imaging import picture
from vestige.pages.frames import find_pages, frames_in_order, open_frame
from vestige.pages.pictures import marked
from vestige.pages.recipe import PagesRecipe

__all__ = ["PagesSession", "open_session"]

#: Longest side at which frames are looked at, and how many are kept.
SIDE, KEPT = 1000, 6


def open_session(inputs: Inputs) -> PagesSession:
    """A session on the one capture given; a frame is read when it is first asked for."""
    return PagesSession(inputs)


class PagesSession:
    """Shows a frame with its pages and fold as a recipe finds them."""

    def __init__(self, inputs: Inputs) -> None:
        self._capture = inputs.capture()
        self._frames = frames_in_order(self._capture)
        self._read: OrderedDict[int, tuple[NDArray[np.float32], tuple[int, int]]] = OrderedDict()

    def render(
        self,
        recipe: Recipe,
        region: tuple[int, int, int, int] | None = None,
        size: int = 800,
        frame: int | None = None,
    ) -> NDArray[np.uint8]:
        """The frame of that number in reading order (the middle one by default), its pages drawn in.

        Raises
        ------
        UsageError
            where there is no such frame, or the region lies outside it.
        """
        assert isinstance(recipe, PagesRecipe)
        number = len(self._frames) // 2 if frame is None else frame
        if not 0 <= number < len(self._frames):
            raise UsageError(f"there is no frame {number}; frames: 0 to {len(self._frames) - 1}")
        shown, (image, shape) = self._frames[number], self._proxy(number)
        found = find_pages(image, recipe.for_frame(shown.file), shape, _side(shown))
        if region is None:
            return marked(picture(image, max_side=min(size, SIDE)), found)
        drawn = _cut(marked(picture(image, max_side=SIDE), found), region, shape)
        scale = min(1.0, size / max(drawn.shape[:2]))
        small = max(1, round(drawn.shape[1] * scale)), max(1, round(drawn.shape[0] * scale))
        return np.asarray(cv2.resize(drawn, small, interpolation=cv2.INTER_AREA), np.uint8)

    def close(self) -> None:
        """Give the frames back."""
        self._read.clear()

    def _proxy(self, number: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
        if number not in self._read:
            with open_frame(self._capture, self._frames[number]) as image:
                self._read[number] = image.proxy(SIDE), (image.info.height, image.info.width)
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(number)
        return self._read[number]


def _side(frame: Frame) -> str:
    return str(frame.coordinates["side"].value) if "side" in frame.coordinates else ""


def _cut(
    drawn: NDArray[np.uint8], region: tuple[int, int, int, int], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """A region, in pixels of the frame, of its small picture."""
    left, top, width, height = region
    if left < 0 or top < 0 or width < 1 or height < 1 or left + width > shape[1] or top + height > shape[0]:
        raise UsageError(f"region {region} lies outside the frame of {shape[1]} x {shape[0]} pixels")
    down, across = drawn.shape[0] / shape[0], drawn.shape[1] / shape[1]
    rows = slice(int(top * down), max(round((top + height) * down), int(top * down) + 1))
    columns = slice(int(left * across), max(round((left + width) * across), int(left * across) + 1))
    return drawn[rows, columns]
