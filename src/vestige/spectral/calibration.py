"""From what the sensor counted to reflectance: dark, flat and white.

R = (raw - dark) / (flat - dark) x reflectance of the flat, the classic flat-field equation; with a white
standard the flat's own reflectance cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.capture import Capture, Frame
from vestige.errors import FrameError, InputError, UsageError
from vestige.imaging import Image, open_image
from vestige.spectral.bands import Source
from vestige.spectral.recipe import SpectralRecipe

__all__ = ["CalibratedFrame", "reflectance"]

Plane = NDArray[np.float32]
#: Where the flat has less light than this share of its median, nothing can be measured.
DARKEST_FLAT: Final = 0.02


def reflectance(
    raw: NDArray[Any],
    *,
    dark: ArrayLike = 0.0,
    flat: ArrayLike | None = None,
    scale: float = 1.0,
    saturation: float | None = None,
) -> Plane:
    """Reflectance of a frame, float32 of the shape of `raw`; NaN where it cannot be known.

    Parameters
    ----------
    raw, dark, flat : linear light 0..1 of the object, of no light, and of an even target; all of one shape.
        Without a flat the result is light, not reflectance.
    scale : reflectance of the flat target times exposure of the flat over exposure of the object.
    saturation : raw values from here on are blown out and become NaN.

    >>> raw, flat = np.array([[0.25, 0.5, 1.0]]), np.array([[0.5, 1.0, 1.0]])
    >>> reflectance(raw, flat=flat, saturation=0.99).tolist()
    [[0.5, 0.5, nan]]
    """
    values = np.asarray(raw, np.float32)
    nothing = np.asarray(dark, np.float32)
    result = values - nothing
    if flat is not None:
        light = np.asarray(flat, np.float32) - nothing
        level = DARKEST_FLAT * float(np.median(light))
        usable = light > max(level, 1e-6)
        result = np.divide(result, light, out=np.full_like(result, np.nan), where=usable)
    result *= np.float32(scale)
    if saturation is not None:
        result[values >= saturation] = np.nan
    return result


class CalibratedFrame:
    """One frame of the object, read as reflectance by rows or small; references are averaged.

    Raises
    ------
    FrameError
        where a reference has another size or other channels than the frame.

    >>> import tempfile, pathlib
    >>> from vestige.imaging import write_image
    >>> from vestige.spectral.bands import Band
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> write_image(folder / "a.tif", np.full((4, 4), 0.25, np.float32), depth=32)
    >>> source = Source(Frame(file="a.tif"), (Band("550 nm", 550.0, 20.0),))
    >>> with CalibratedFrame(Capture().at(folder), source, SpectralRecipe()) as frame:
    ...     float(frame.read(slice(0, 2)).mean()), frame.is_reflectance
    (0.25, False)
    """

    def __init__(self, capture: Capture, source: Source, recipe: SpectralRecipe) -> None:
        self.source = source
        self._capture, self._recipe = capture, recipe
        self._open: list[Image] = []
        try:
            self._raw = self._image(source.frame)
            self._darks = [self._reference(frame) for frame in source.darks]
            self._flats = [self._reference(frame) for frame in source.flats]
            self.is_reflectance = bool(self._flats)
            self.scale = self._scale()
        except BaseException:
            self.close()
            raise

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self._raw.info.height, self._raw.info.width

    @property
    def planes(self) -> int:
        """Bands that this frame shows: 1, or 3 of a photograph."""
        return len(self.source.bands)

    def read(self, rows: slice) -> Plane:
        """Reflectance of some rows, (rows, width) or (rows, width, 3)."""
        mask = self._recipe.saturation if self.is_reflectance else None
        return self._bands(self._raw.read(rows), _mean(self._darks, rows), _mean(self._flats, rows), mask)

    def proxy(self, side: int) -> Plane:
        """Reflectance made small, longest side at most `side`."""
        dark = self._small(self._darks, side)
        return self._bands(self._raw.proxy(side), dark, self._small(self._flats, side), None)

    def saturated(self) -> float:
        """Share of pixels that are blown out, in any channel."""
        height, width = self.shape
        step, found = max(1, (8 << 20) // (12 * width)), 0
        for first in range(0, height, step):
            blown = self._raw.read(slice(first, first + step)) >= self._recipe.saturation
            found += int(np.count_nonzero(blown.any(axis=2) if blown.ndim == 3 else blown))
        return found / (height * width)

    def close(self) -> None:
        """Give the decoded pixels back."""
        for image in self._open:
            image.close()

    def __enter__(self) -> CalibratedFrame:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _image(self, frame: Frame) -> Image:
        settings, recipe = self._capture.settings, self._recipe
        encoding = settings.get("encoding", "auto") if recipe.encoding == "capture" else recipe.encoding
        white_level = settings.get("white_level")
        if encoding not in ("auto", "srgb", "linear"):
            raise UsageError(f"settings.encoding must be auto, srgb or linear, not {encoding!r}")
        if white_level is not None and not (isinstance(white_level, int | float) and white_level > 0):
            raise UsageError(f"settings.white_level must be a number above 0, not {white_level!r}")
        image = open_image(self._capture.path(frame), encoding=cast("Any", encoding), white_level=white_level)
        self._open.append(image)
        return image

    def _reference(self, frame: Frame) -> Image:
        image, raw = self._image(frame), self._raw.info
        if image.info.shape != raw.shape:
            raise FrameError(
                image.info.path,
                f"is {image.info.width} x {image.info.height} pixels with {image.info.channels} channels",
                f"{raw.width} x {raw.height} with {raw.channels}, as {raw.path.name}",
                "take it again with the camera as it was",
            )
        return image

    def _bands(self, raw: Plane, dark: Plane | None, flat: Plane | None, saturation: float | None) -> Plane:
        """Reflectance, averaged over the channels where the frame is one band."""
        values = reflectance(
            raw, dark=0.0 if dark is None else dark, flat=flat, scale=self.scale, saturation=saturation
        )
        return values.mean(axis=2) if values.ndim == 3 and self.planes == 1 else values

    def _small(self, images: Sequence[Image], side: int) -> Plane | None:
        if not images:
            return None
        return np.asarray(sum(image.proxy(side) for image in images) / np.float32(len(images)), np.float32)

    def _scale(self) -> float:
        """What the ratio of object to flat is multiplied by to become reflectance."""
        if not self.is_reflectance:
            return 1.0
        exposures = _exposure(self.source.flats[0]) / _exposure(self.source.frame)
        if not self.source.whites:
            return self._recipe.flat_reflectance * exposures
        found = [self._standard(frame) for frame in self.source.whites]
        return float(np.mean(found)) * exposures

    def _standard(self, frame: Frame) -> float:
        """Reflectance of the flat, measured by the white standard: known over seen, in its place."""
        image = self._reference(frame)
        left, top, width, height = _region(frame, *self.shape)
        rows, columns = slice(top, top + height), slice(left, left + width)
        dark, flat = _mean(self._darks, rows), _mean(self._flats, rows)
        seen = reflectance(image.read(rows), dark=0.0 if dark is None else dark, flat=flat)[:, columns]
        ratio = float(np.nanmedian(seen)) * _exposure(self.source.flats[0]) / _exposure(frame)
        if not ratio > 0.01:
            raise FrameError(
                image.info.path, "shows no white standard where it should be", "a white target",
                "give its place as settings.region: [left, top, width, height]",
            )  # fmt: skip
        known = frame.settings.get("reflectance", self._recipe.white_reflectance)
        if not isinstance(known, int | float) or not 0 < known <= 1.5:
            raise FrameError(image.info.path, f"has the reflectance {known!r}", "a number from 0 to 1")
        return float(known) / ratio


def _mean(images: Sequence[Image], rows: slice) -> Plane | None:
    if not images:
        return None
    return np.asarray(sum(image.read(rows) for image in images) / np.float32(len(images)), np.float32)


def _exposure(frame: Frame) -> float:
    seconds = frame.settings.get("exposure_s", 1.0)
    if not isinstance(seconds, int | float) or not seconds > 0:
        raise InputError(frame.file, f"has the exposure_s {seconds!r}", "seconds above 0")
    return float(seconds)


def _region(frame: Frame, height: int, width: int) -> tuple[int, int, int, int]:
    """Where the white standard lies, (left, top, width, height): told, else the middle tenth."""
    told = frame.settings.get("region")
    if told is None:
        w, h = max(1, width // 10), max(1, height // 10)
        return (width - w) // 2, (height - h) // 2, w, h
    whole = isinstance(told, list | tuple) and len(told) == 4 and all(isinstance(n, int) for n in told)
    if whole:
        left, top, w, h = told
        if left >= 0 and top >= 0 and w > 0 and h > 0 and left + w <= width and top + h <= height:
            return left, top, w, h
    raise FrameError(
        frame.file, f"has the region {told!r}", f"[left, top, width, height] within {width} x {height}"
    )
