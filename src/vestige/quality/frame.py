"""A frame as the measures need it: small as a whole, at full size only where it is looked at."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging import open_image, srgb_from_linear
from vestige.imaging.transfer import linear_from_code

__all__ = ["Frame"]

Light = NDArray[np.float32]
#: Side of the small picture in which targets are looked for.
SMALL: Final = 1600


class Frame:
    """Linear light of a file, or of an array (height, width, 3) float32.

    Raises
    ------
    InputError : the file is no image.

    >>> Frame(np.zeros((4, 6, 3), np.float32)).size
    (6, 4)
    """

    def __init__(self, source: str | os.PathLike[str] | Light) -> None:
        self.path = None if isinstance(source, np.ndarray) else Path(source)
        self._image = None if isinstance(source, np.ndarray) else open_image(source)
        self._array = source if isinstance(source, np.ndarray) else None
        shape = self._image.shape if self._image else np.shape(source)
        self.size = (int(shape[1]), int(shape[0]))

    def __enter__(self) -> Frame:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._image:
            self._image.close()

    @property
    def stated_ppi(self) -> float | None:
        """Resolution that the file claims, pixels an inch."""
        return self._image.info.ppi if self._image else None

    @cached_property
    def _codes(self) -> NDArray[Any] | None:
        """Stored integers, where they become light by a table: half the memory of light, or less."""
        image = self._image
        if image is None or image.info.encoding == "icc" or image.info.dtype == "float32":
            return None
        return image.pixels()

    def crop(self, left: int, top: int, right: int, bottom: int) -> Light:
        """Light of a rectangle, cut at the borders of the frame, (rows, columns, 3)."""
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.size[0]), min(bottom, self.size[1])
        rows, columns = slice(top, max(bottom, top)), slice(left, max(right, left))
        if self._array is not None:
            light = self._array[rows, columns]
        elif self._codes is not None and self._image is not None:
            info = self._image.info
            codes = np.ascontiguousarray(self._codes[rows, columns])
            light = linear_from_code(codes, curve=info.encoding == "srgb", white_level=info.white_level)
        else:
            assert self._image is not None
            light = self._image.read(rows)[:, columns]
        return np.repeat(light[..., None], 3, axis=2) if light.ndim == 2 else light

    @cached_property
    def small(self) -> NDArray[np.uint8]:
        """The whole frame, longest side 1600 at most, sRGB (height, width, 3) uint8."""
        step = max(1, max(self.size) // SMALL)
        width, height = self.size[0] // step, self.size[1] // step
        if self._codes is not None and self._codes.dtype == np.uint8:
            codes = cv2.resize(self._codes, (width, height), interpolation=cv2.INTER_AREA)
        elif self._codes is not None:
            codes = cv2.resize(self._codes, (width, height), interpolation=cv2.INTER_AREA)
        else:
            light = self.crop(0, 0, *self.size) if self._array is not None else None
            light = self._image.proxy(SMALL) if light is None and self._image else light
            light = cv2.resize(np.asarray(light), (width, height), interpolation=cv2.INTER_AREA)
            return _bytes(srgb_from_linear(np.clip(light, 0, 1)))
        image = self._image
        assert image is not None
        values = codes.astype(np.float32) / image.info.white_level
        return _bytes(values if image.info.encoding == "srgb" else srgb_from_linear(np.clip(values, 0, 1)))

    @property
    def scale(self) -> float:
        """Pixels of the frame to a pixel of `small`."""
        return self.size[0] / self.small.shape[1]


def _bytes(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    codes = np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
    return np.repeat(codes[..., None], 3, axis=2) if codes.ndim == 2 else codes
