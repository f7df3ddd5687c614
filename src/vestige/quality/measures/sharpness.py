"""Sharpness of a slanted edge: the spatial frequency response, e-SFR of ISO 12233."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["EdgeResponse", "edge_response"]

Points = NDArray[np.float64]
#: Bins a pixel of the edge's profile.
OVERSAMPLING: Final = 4
LEAST_CONTRAST: Final = 0.02
LEAST_LENGTH: Final = 12.0
SLICES: Final = 12
#: The frequencies of the response, cycles a pixel.
FREQUENCIES: Final = np.linspace(0.0, 1.0, 501)


@dataclass(frozen=True, eq=False)
class EdgeResponse:
    """Contrast (501,) at 0..1 cycles a pixel, and where it falls to 50 and to 10 %.

    >>> EdgeResponse(np.ones(501), 0.5, 0.7).efficiency
    140.0
    """

    contrast: Points
    mtf50: float
    mtf10: float

    @property
    def efficiency(self) -> float:
        """Sampling efficiency, %: MTF10 as a share of half a cycle a pixel (ISO 19264-1)."""
        return 100 * self.mtf10 / 0.5


def edge_response(light: NDArray[np.floating], start: Points, end: Points, reach: float) -> EdgeResponse | None:
    """e-SFR of an edge in linear light (height, width), from `start` to `end` (x, y); None where it is none.

    The edge's place is fitted with a parabola along its length, so that a lens that bends it does no harm; the
    profile across has four bins a pixel; its derivative is windowed (Tukey), transformed, and freed of the
    width of the bins and of the difference. Source: ISO 12233:2023, Annex D; Burns 2000, 'Slanted-edge MTF
    for digital camera and scanner analysis'. Distances are those across the edge at any angle, not along rows.

    Parameters
    ----------
    reach : pixels on each side of the edge that are flat.

    >>> y, x = np.mgrid[0:60, 0:40]
    >>> edge = np.clip(x - 20 - 0.1 * (y - 30) + 0.5, 0, 1) * 0.5 + 0.2
    >>> response = edge_response(edge, np.array([17.5, 5.0]), np.array([22.5, 55.0]), 12)
    >>> 0.57 < response.mtf50 < 0.63
    True
    """
    length = float(np.linalg.norm(end - start))
    if length < LEAST_LENGTH or reach < 4:
        return None
    along = (end - start) / length
    across = np.array([-along[1], along[0]])
    y, x = np.mgrid[0 : light.shape[0], 0 : light.shape[1]]
    offset = np.stack([x, y], axis=-1) - start
    s, d = offset @ along, offset @ across
    near = (s >= 0) & (s <= length) & (np.abs(d) <= reach + 2)
    s, d, values = s[near] / length * 2 - 1, d[near], np.asarray(light, np.float64)[near]
    low, high = (float(np.median(values[part])) if part.any() else np.nan for part in (d < -0.6 * reach, d > 0.6 * reach))
    if not abs(high - low) > LEAST_CONTRAST:
        return None
    values = (values - low) / (high - low)
    for _ in range(3):
        shift = _shift(s, d, values, reach)
        if shift is None:
            return None
        d = d - np.polyval(shift, s)
    return _response(d, values, reach)


def _shift(s: Points, d: Points, values: Points, reach: float) -> Points | None:
    """Parabola of the edge's place along its length: what lies beyond the step, as a share of the reach."""
    at, places = [], []
    for first in np.linspace(-1, 1, SLICES + 1)[:-1]:
        part = (s >= first) & (s < first + 2 / SLICES) & (np.abs(d) <= reach)
        if part.sum() < 2 * reach:
            continue
        order = np.argsort(d[part])
        profile, where = values[part][order], d[part][order]
        at.append(first + 1 / SLICES)
        places.append(reach - float(np.trapezoid(profile, where)) - (reach - where[-1]))
    return np.polyfit(at, places, 2) if len(at) >= 5 else None


def _response(d: Points, values: Points, reach: float) -> EdgeResponse | None:
    count = 2 * int(reach * OVERSAMPLING)
    bins = np.floor(d * OVERSAMPLING).astype(int) + count // 2
    inside = (bins >= 0) & (bins < count)
    number = np.bincount(bins[inside], minlength=count)
    if (number == 0).sum() > count // 10:
        return None
    total = np.bincount(bins[inside], values[inside], minlength=count)
    full = np.flatnonzero(number)
    profile = np.interp(np.arange(count), full, total[full] / number[full])
    step = 1 / OVERSAMPLING
    spread = (profile[2:] - profile[:-2]) / 2
    place = (np.arange(1, count - 1) - (count - 1) / 2) * step
    from scipy.signal.windows import tukey

    spread = spread * tukey(len(spread), 0.5)
    wave = np.exp(-2j * np.pi * FREQUENCIES[:, None] * place)
    contrast = np.abs(wave @ spread)
    contrast /= contrast[0] * np.sinc(FREQUENCIES * step) * np.sinc(FREQUENCIES * 2 * step)
    levels = [_falls_to(contrast, level) for level in (0.5, 0.1)]
    if levels[0] is None or levels[1] is None:
        return None
    return EdgeResponse(contrast, levels[0], levels[1])


def _falls_to(contrast: Points, level: float) -> float | None:
    below = np.flatnonzero(contrast < level)
    if not len(below) or below[0] == 0:
        return None
    after = int(below[0])
    part = (contrast[after - 1] - level) / (contrast[after - 1] - contrast[after])
    return float(FREQUENCIES[after - 1] + part * (FREQUENCIES[1] - FREQUENCIES[0]))
