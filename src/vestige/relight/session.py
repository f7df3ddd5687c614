"""Moving the light by hand: a session that renders the opened capture under any light."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture
from vestige.contract import Context, Inputs, Recipe
from vestige.errors import InputError
from vestige.imaging import linear_from_srgb, picture, srgb_from_linear
from vestige.relight.bases import basis_matrix, pseudo_inverse
from vestige.relight.directions import find_directions
from vestige.relight.frames import FrameStack, choose_frames, open_frames
from vestige.relight.lights import light_faults
from vestige.relight.planes import Planes, fit, relight
from vestige.relight.recipe import RelightRecipe
from vestige.relight.strips import choose_model

__all__ = ["LightSession", "open_session"]

#: Fields that move the light and nothing else: changing them needs no new fit.
MOVING = {"light_x", "light_y"}

Region = tuple[int, int, int, int]


def open_session(inputs: Inputs, context: Context) -> LightSession:
    """A session on the one capture given; nothing is read before the first picture is asked for."""
    listed = inputs.product("lights")
    return LightSession(inputs.capture(), listed.path if listed else None)


class LightSession:
    """Renders a capture under any light; a fit is kept until something but the light changes."""

    def __init__(self, capture: Capture, listed: Path | None = None) -> None:
        self._capture = capture
        self._listed = listed
        self._stack: FrameStack | None = None
        self._kept: list[int] = []
        self._lights: NDArray[np.float64] = np.empty((0, 3))
        self._opened: RelightRecipe | None = None
        self._planes: dict[tuple[Region | None, int], Planes] = {}

    def render(
        self, recipe: Recipe, region: Region | None = None, size: int = 800, frame: int | None = None
    ) -> NDArray[np.uint8]:
        """The picture (height, width, 3) sRGB uint8 under ``light_x``, ``light_y``, longest side `size`."""
        assert isinstance(recipe, RelightRecipe)
        self._open(recipe)
        key = (region, size)
        if key not in self._planes:
            self._planes = {key: self._fit(recipe, region, size)}
        x, y = recipe.light_x, recipe.light_y
        shown = relight(self._planes[key], (x, y, float(np.sqrt(1 - x * x - y * y))))
        return picture(linear_from_srgb(np.clip(shown, 0, 1)).astype(np.float32), max_side=size)

    def close(self) -> None:
        """Give the frames back."""
        if self._stack is not None:
            self._stack.close()
        self._stack, self._opened, self._planes = None, None, {}

    def _open(self, recipe: RelightRecipe) -> None:
        if self._opened is not None and _still(recipe) == _still(self._opened):
            return
        self.close()
        frames = choose_frames(self._capture, recipe.frames)
        self._stack, unread = open_frames(self._capture, frames, recipe)
        frames = [frame for frame in frames if frame.file not in unread]
        lights = find_directions(self._capture, frames, self._stack, recipe, self._listed).lights
        faults = light_faults([frame.file for frame in frames], lights)
        self._kept = [row for row, frame in enumerate(frames) if frame.file not in faults]
        if len(self._kept) < 3:
            found = f"has {len(self._kept)} frames with a usable light"
            raise InputError(self._capture.root, found, "three or more to move the light")
        self._lights = lights[self._kept]
        self._opened = recipe

    def _fit(self, recipe: RelightRecipe, region: Region | None, size: int) -> Planes:
        assert self._stack is not None
        if region is None:
            linear = self._stack.proxies(size)
        else:
            left, top, width, height = region
            linear = self._stack.read(slice(top, top + height), slice(left, left + width))
        linear = linear[self._kept]
        model = choose_model(recipe.basis, recipe.colours, self._lights)
        inverse = pseudo_inverse(basis_matrix(model.basis, self._lights, model.terms))
        shown = srgb_from_linear(np.clip(linear, 0, 1)).astype(np.float32, copy=False)
        return Planes(fit(shown, inverse, model.colours), model.basis, model.colours, self._lights)


def _still(recipe: RelightRecipe) -> dict[str, object]:
    return recipe.model_dump(exclude=MOVING)
