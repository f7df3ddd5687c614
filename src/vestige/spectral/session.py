"""Mixing bands by hand: a session that shows any three as red, green and blue."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture
from vestige.contract import Context, Inputs, Recipe
from vestige.errors import UsageError
from vestige.imaging import picture
from vestige.spectral.bands import Band, Source, find_bands
from vestige.spectral.calibration import CalibratedFrame
from vestige.spectral.false_colour import mixture
from vestige.spectral.placing import Placement, nearest, place_rows, register_bands, rescaled
from vestige.spectral.recipe import SpectralRecipe

__all__ = ["BandSession", "open_session"]

Region = tuple[int, int, int, int]

#: Fields that choose what is shown: changing them needs no new registration.
SHOWN = {"red", "green", "blue"}
PLACING_SIDE = 900


def open_session(inputs: Inputs, context: Context) -> BandSession:
    """A session on the one capture given; nothing is read before the first picture is asked for."""
    return BandSession(inputs.capture(), context)


class BandSession:
    """Renders a capture in the three bands that ``red``, ``green`` and ``blue`` of the recipe name."""

    def __init__(self, capture: Capture, context: Context) -> None:
        self._capture, self._room = capture, context.budget.working() // 2
        self._opened: dict[str, object] | None = None
        self._sources: list[Source] = []
        self._frames: list[CalibratedFrame] = []
        self._placed: list[Placement] = []
        self._first = 0
        self._pictures: dict[tuple[int, Region | None, int], NDArray[np.float32]] = {}

    def render(
        self, recipe: Recipe, region: Region | None = None, size: int = 800, frame: int | None = None
    ) -> NDArray[np.uint8]:
        """The picture (height, width, 3) sRGB uint8 of the three bands, longest side `size`."""
        assert isinstance(recipe, SpectralRecipe)
        self._open(recipe)
        places = [
            (number, band)
            for number, source in enumerate(self._sources)
            for band in source.bands
            if band.reflected
        ]
        wavelengths = [band.wavelength for _, band in places]
        chosen = [places[index] for index in mixture(wavelengths, (recipe.red, recipe.green, recipe.blue))]
        mixed = np.stack([self._band(number, band, region, size) for number, band in chosen], axis=2)
        return picture(np.nan_to_num(mixed, nan=1.0), max_side=size)

    def close(self) -> None:
        """Give the frames back."""
        for frame in self._frames:
            frame.close()
        self._frames, self._opened, self._pictures = [], None, {}

    def _open(self, recipe: SpectralRecipe) -> None:
        still = recipe.model_dump(exclude=SHOWN)
        if still == self._opened:
            return
        self.close()
        self._sources = find_bands(self._capture, recipe)
        for source in self._sources:
            self._frames.append(CalibratedFrame(self._capture, source, recipe))
        wavelengths = [source.wavelength for source in self._sources]
        self._first = nearest(wavelengths, recipe.reference or 550.0)
        small = [_grey(frame.proxy(PLACING_SIDE)) for frame in self._frames]
        shrink = self._frames[self._first].shape[0] / small[self._first].shape[0]
        placed = register_bands(
            small, wavelengths, reference=recipe.reference or 550.0, model=recipe.model,
            largest_residual=recipe.largest_residual / shrink,
        )  # fmt: skip
        self._placed = placed
        self._small_shapes = [image.shape for image in small]
        self._opened = still

    def _band(self, number: int, band: Band, region: Region | None, size: int) -> NDArray[np.float32]:
        key = (number, region, size)
        if key not in self._pictures:
            if len(self._pictures) > 24:
                self._pictures.clear()
            self._pictures[key] = self._whole(number, size) if region is None else self._cut(number, region)
        shown = self._pictures[key]
        return shown if band.channel is None else shown[..., band.channel]

    def _whole(self, number: int, size: int) -> NDArray[np.float32]:
        """A source made small and laid on the small reference."""
        from vestige.imaging import warp

        image = self._frames[number].proxy(size)
        fixed = self._frames[self._first].shape
        scale = min(1.0, size / max(fixed))
        small = max(1, round(fixed[0] * scale)), max(1, round(fixed[1] * scale))
        matrix = rescaled(
            self._placed[number].matrix,
            small,
            self._small_shapes[self._first],
            image.shape,
            self._small_shapes[number],
        )
        return warp(image, matrix, small, interpolation="linear")

    def _cut(self, number: int, region: Region) -> NDArray[np.float32]:
        """A region of the reference at full size."""
        height, width = self._frames[self._first].shape
        left, top, wide, high = region
        if left < 0 or top < 0 or wide < 1 or high < 1 or left + wide > width or top + high > height:
            raise UsageError(f"region {region} lies outside the picture of {width} x {height} pixels")
        frame = self._frames[number]
        matrix = rescaled(
            self._placed[number].matrix, (height, width), self._small_shapes[self._first], frame.shape,
            self._small_shapes[number],
        )  # fmt: skip
        rows = place_rows(frame, matrix, (height, width), slice(top, top + high), self._room)
        return rows[:, left : left + wide]


def _grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return image.mean(axis=2) if image.ndim == 3 else image
