"""Colour in numbers: CIE L*a*b* (D50) of linear light, and the differences CIEDE2000 and dE(a*b*)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["D50", "XYZ_FROM_SRGB", "delta_e_2000", "delta_e_ab", "lab_from_light", "lab_from_xyz", "xyz_from_lab"]

Values = NDArray[np.float64]

#: White of the profile connection space (ICC.1:2022, 7.2.16).
D50: Final = np.array([0.9642, 1.0, 0.8249])
#: Linear sRGB (IEC 61966-2-1) to XYZ, adapted to D50 by Bradford's matrix; rows sum to `D50`.
XYZ_FROM_SRGB: Final = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
LINEAR_BELOW: Final = (6 / 29) ** 3


def lab_from_light(light: ArrayLike) -> Values:
    """CIE L*a*b* (D50, 2 degrees) of linear light with the primaries of sRGB, (..., 3).

    Source: CIE 015:2018; ICC.1:2022 for the white.

    >>> [abs(float(value)) for value in lab_from_light([1.0, 1.0, 1.0]).round(1)]
    [100.0, 0.0, 0.0]
    """
    return lab_from_xyz(np.asarray(light, np.float64) @ XYZ_FROM_SRGB.T)


def lab_from_xyz(xyz: ArrayLike, white: Values = D50) -> Values:
    """CIE L*a*b* of XYZ, (..., 3); source: CIE 015:2018.

    >>> [float(value) for value in lab_from_xyz(D50 * 0.18418651).round(3)]
    [50.0, 0.0, 0.0]
    """
    ratio = np.asarray(xyz, np.float64) / white
    curve = np.where(ratio > LINEAR_BELOW, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(curve, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def xyz_from_lab(lab: ArrayLike, white: Values = D50) -> Values:
    """XYZ of CIE L*a*b*, (..., 3); source: CIE 015:2018.

    >>> xyz_from_lab([100.0, 0.0, 0.0]).round(4).tolist()
    [0.9642, 1.0, 0.8249]
    """
    lightness, a, b = np.moveaxis(np.asarray(lab, np.float64), -1, 0)
    y = (lightness + 16) / 116
    curve = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    ratio = np.where(curve > 6 / 29, curve**3, 3 * (6 / 29) ** 2 * (curve - 4 / 29))
    return np.asarray(ratio * white, np.float64)


def delta_e_ab(first: ArrayLike, second: ArrayLike) -> Values:
    """Difference of hue and chroma alone, sqrt(da*^2 + db*^2), of L*a*b* (..., 3): for neutrals.

    Source: ISO 19264-1 (white balance of the grey patches).

    >>> float(delta_e_ab([50.0, 3.0, 4.0], [90.0, 0.0, 0.0]))
    5.0
    """
    difference = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    return np.asarray(np.hypot(difference[..., 1], difference[..., 2]), np.float64)


def delta_e_2000(first: ArrayLike, second: ArrayLike) -> Values:
    """CIEDE2000 between L*a*b* values (..., 3).

    Source: ISO/CIE 11664-6:2022; Sharma, Wu & Dalal 2005, whose test data it meets.

    >>> float(delta_e_2000([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485]).round(4))
    2.0425
    """
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(two[..., 1], two[..., 2])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    (c1, h1), (c2, h2) = _polar(one, stretch), _polar(two, stretch)
    turn = (h2 - h1 + 180) % 360 - 180
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, turn)
    hue = np.where(grey, h1 + h2, h1 + turn / 2)
    lightness, c = (one[..., 0] + two[..., 0]) / 2, (c1 + c2) / 2
    weight = (
        1 - 0.17 * _cosine(hue - 30) + 0.24 * _cosine(2 * hue) + 0.32 * _cosine(3 * hue + 6)
        - 0.20 * _cosine(4 * hue - 63)
    )  # fmt: skip
    scale_l = 1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)
    d_l = (two[..., 0] - one[..., 0]) / scale_l
    d_c = (c2 - c1) / (1 + 0.045 * c)
    d_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * c * weight)
    angle = 30 * np.exp(-((((hue % 360) - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(c**7 / (c**7 + 25.0**7)) * np.sin(np.radians(2 * angle))
    return np.asarray(np.sqrt(np.maximum(d_l**2 + d_c**2 + d_h**2 + rotation * d_c * d_h, 0)), np.float64)


def _polar(lab: Values, stretch: Any) -> tuple[Values, Values]:
    a = lab[..., 1] * stretch
    return np.hypot(a, lab[..., 2]), np.degrees(np.arctan2(lab[..., 2], a)) % 360


def _cosine(degrees: Values) -> Values:
    return np.asarray(np.cos(np.radians(degrees)), np.float64)
