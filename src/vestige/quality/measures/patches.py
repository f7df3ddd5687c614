"""What a patch of a target shows: its mean light, its colour, its noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vestige.quality.frame import Frame
from vestige.quality.measures.colour import lab_from_light

__all__ = ["Reading", "read_patches"]

Values = NDArray[np.float64]
#: The middle of a patch that is read, as a share of its sides.
MIDDLE: Final = 0.5
#: Most pixels along a side that are read: more would tell nothing new.
WIDEST: Final = 160
FEWEST: Final = 9
FULL: Final = 0.999


@dataclass(frozen=True, eq=False)
class Reading:
    """Of the middle half of a patch.

    Attributes
    ----------
    light : (3,), mean linear sRGB.
    lab : (3,), CIE L*a*b* (D50) of that mean.
    noise : standard deviation of L*, its slope over the patch taken out (ISO 15739; visual noise is another
        thing).
    clipped : share of the pixels with a channel at its end.
    pixels : how many were read.

    >>> Reading(np.ones(3), np.array([100.0, 0, 0]), 0.1, 0.0, 100).pixels
    100
    """

    light: Values
    lab: Values
    noise: float
    clipped: float
    pixels: int


def read_patches(frame: Frame, patches: Mapping[str, Values]) -> dict[str, Reading]:
    """Readings of the patches (4, 2) px that lie wholly in the frame and are large enough.

    >>> square = np.array([[2, 2], [17, 2], [17, 17], [2, 17]], float)
    >>> read = read_patches(Frame(np.full((20, 20, 3), 0.18, np.float32)), {"grey": square})
    >>> round(float(read["grey"].lab[0]), 1)
    49.5
    """
    readings = {}
    for name, quad in patches.items():
        reading = _read(frame, quad)
        if reading:
            readings[name] = reading
    return readings


def _read(frame: Frame, quad: Values) -> Reading | None:
    middle = quad.mean(axis=0)
    half = min(MIDDLE, WIDEST / max(float(np.ptp(quad, axis=0).max()), 1.0))
    area = middle + half * (quad - middle)
    low, high = np.floor(area.min(axis=0)).astype(int), np.ceil(area.max(axis=0)).astype(int)
    if (low < 0).any() or (high >= frame.size).any():
        return None
    light = frame.crop(int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1)
    y, x = np.mgrid[low[1] : high[1] + 1, low[0] : high[0] + 1]
    inside = np.ones(light.shape[:2], bool)
    for start, end in zip(area, np.roll(area, -1, axis=0), strict=True):
        side = end - start
        inside &= side[0] * (y - start[1]) - side[1] * (x - start[0]) >= 0
    if inside.sum() < FEWEST:
        return None
    values = np.asarray(light[inside], np.float64)
    lightness = lab_from_light(values)[:, 0]
    plane = np.column_stack([np.ones(len(values)), x[inside] - middle[0], y[inside] - middle[1]])
    rest = lightness - plane @ np.linalg.lstsq(plane, lightness, rcond=None)[0]
    noise = float(np.sqrt((rest**2).sum() / max(len(rest) - 3, 1)))
    clipped = float(((values <= 0) | (values >= FULL)).any(axis=1).mean())
    mean = values.mean(axis=0)
    return Reading(mean, lab_from_light(mean), noise, clipped, len(values))
