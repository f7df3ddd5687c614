"""Even light: a frame divided by that of an even white card."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["flat_field"]

#: Share of the longer side over which the flat is smoothed: light falls off slowly, dust and grain do not.
SMOOTHING: Final = 0.01
#: A flat darker than this share of its brightest part says nothing.
DARKEST: Final = 0.02


def flat_field(
    frame: NDArray[Any], flat: NDArray[Any], *, dark: NDArray[Any] | None = None, smooth: bool = True
) -> NDArray[np.float32]:
    """Take uneven light and vignetting out of a frame.

    (frame - dark) / (flat - dark), times the level of the flat in the middle of the field, so that the middle
    of the frame keeps its values; each channel by itself, so that the colour of the light is evened too.

    Parameters
    ----------
    frame, flat : (height, width) or (height, width, 3), linear light, of the same camera, lens, aperture and
        lights; the flat shows an even white card, out of focus.
    dark : the same with the lens closed.
    smooth : smooth the flat first, over 1 % of the longer side: its grain and dust are not the light's.

    Raises
    ------
    UsageError : other sizes, or a flat that is black somewhere.

    >>> light = np.linspace(0.5, 1.0, 101, dtype=np.float32)[None].repeat(101, axis=0)
    >>> even = flat_field(light * 0.4, light, smooth=False)
    >>> bool(np.ptp(even) < 1e-6), round(float(even[50, 50]), 2)
    (True, 0.3)
    """
    import cv2

    shapes = {np.shape(frame), np.shape(flat)} | ({np.shape(dark)} if dark is not None else set())
    if len(shapes) > 1:
        raise UsageError(f"frame, flat and dark must be of one size, not {', '.join(map(str, shapes))}")
    nothing = np.float32(0) if dark is None else np.asarray(dark, np.float32)
    light = np.asarray(flat, np.float32) - nothing
    if smooth:
        spread = max(light.shape[:2]) * SMOOTHING
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), spread, borderType=cv2.BORDER_REFLECT), np.float32)
    rows, columns = (
        slice(side * 9 // 20, max(side * 11 // 20, side * 9 // 20 + 1)) for side in light.shape[:2]
    )
    middle = light[rows, columns].mean(axis=(0, 1), dtype=np.float64)
    if not (np.isfinite(light).all() and (light > DARKEST * light.max()).all()):
        raise UsageError("the flat is black in places: shoot an even white card that fills the field")
    return np.asarray((np.asarray(frame, np.float32) - nothing) * (middle / light), np.float32)
