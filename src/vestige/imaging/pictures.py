"""Display-ready pictures of images and of scalar maps, for reports."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.imaging.transfer import srgb_from_linear

__all__ = ["ColourMap", "jpeg_bytes", "picture", "png_bytes"]

ColourMap = Literal["grey", "viridis", "magma", "inferno", "plasma", "cividis", "turbo", "twilight"]
NO_DATA: Final = (208, 208, 208)


def picture(
    pixels: NDArray[Any],
    *,
    max_side: int = 1200,
    colour_map: ColourMap | None = None,
    low: float | None = None,
    high: float | None = None,
) -> NDArray[np.uint8]:
    """An sRGB picture, (height, width, 3) uint8, at most `max_side` a side, of a linear image or a scalar
    map.

    Parameters
    ----------
    pixels : linear light (height, width[, 3]); with `colour_map`, any scalar map (height, width), NaN
        where unknown.
    colour_map : 'grey', 'viridis', 'magma', 'inferno', 'plasma', 'cividis', 'turbo' or 'twilight' (cyclic).
    low, high : values shown darkest and brightest; 0 and 1 for an image, the 1st and 99th percentile for a
        map.

    >>> picture(np.ones((2, 2), np.float32))[0, 0].tolist()
    [255, 255, 255]
    >>> picture(np.array([[0.0, 1.0]]), colour_map="viridis", low=0, high=1)[0].tolist()
    [[68, 1, 84], [253, 231, 37]]
    """
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and (pixels.shape[2] != 3 or colour_map)):
        raise UsageError(
            f"a picture shows (height, width) or, without colour map, (height, width, 3), not {pixels.shape}"
        )
    small = _shrunk(np.asarray(pixels, np.float32), max_side)
    if colour_map:
        return _mapped(small, colour_map, low, high)
    bottom, top = 0.0 if low is None else low, 1.0 if high is None else high
    light = np.nan_to_num(np.clip((small - bottom) / (top - bottom or 1.0), 0, 1))
    codes = (srgb_from_linear(light) * 255 + 0.5).astype(np.uint8)
    return codes if codes.ndim == 3 else np.repeat(codes[..., None], 3, axis=2)


def png_bytes(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file of display-ready pixels, (height, width[, 3]) uint8.

    >>> png_bytes(np.zeros((2, 2), np.uint8))[1:4]
    b'PNG'
    """
    return _encoded(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 6])


def jpeg_bytes(pixels: NDArray[np.uint8], *, quality: int = 88) -> bytes:
    """A JPEG file of display-ready pixels, (height, width[, 3]) uint8.

    >>> jpeg_bytes(np.zeros((2, 2, 3), np.uint8))[:2].hex()
    'ffd8'
    """
    return _encoded(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])


def _encoded(suffix: str, pixels: NDArray[np.uint8], options: list[int]) -> bytes:
    if pixels.dtype != np.uint8:
        raise UsageError(f"display-ready pixels are uint8, not {pixels.dtype}: make them with `picture`")
    _, data = cv2.imencode(suffix, pixels[..., ::-1] if pixels.ndim == 3 else pixels, options)
    return data.tobytes()


def _shrunk(pixels: NDArray[np.float32], max_side: int) -> NDArray[np.float32]:
    scale = max(pixels.shape[:2]) / max_side
    if scale <= 1:
        return pixels
    size = max(1, round(pixels.shape[1] / scale)), max(1, round(pixels.shape[0] / scale))
    small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _mapped(
    values: NDArray[np.float32], colour_map: str, low: float | None, high: float | None
) -> NDArray[np.uint8]:
    known = np.isfinite(values)
    bottom, top = np.percentile(values[known], [1, 99]) if known.any() else (0.0, 1.0)
    bottom, top = bottom if low is None else low, top if high is None else high
    shares = np.clip((np.where(known, values, bottom) - bottom) / ((top - bottom) or 1.0), 0, 1)
    codes = (shares * 255 + 0.5).astype(np.uint8)
    if colour_map == "grey":
        colours = np.repeat(codes[..., None], 3, axis=2)
    else:
        number = getattr(cv2, f"COLORMAP_{colour_map.upper()}", None)
        if number is None:
            known_maps = ", ".join(get_args(ColourMap))
            raise UsageError(f"colour_map must be one of {known_maps}, not {colour_map!r}")
        colours = np.ascontiguousarray(cv2.applyColorMap(codes, number)[..., ::-1])
    colours[~known] = NO_DATA
    return colours
