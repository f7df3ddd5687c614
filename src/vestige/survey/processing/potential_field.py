"""Reduction to the pole, upward continuation and analytic signal."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.processing.wavenumber import filtered
from vestige.survey.traverses import Survey, Values

__all__ = ["analytic_signal", "reduction_to_pole", "upward_continuation"]

#: Directions weaker than this are raised no further: bounds the noise at low latitudes.
WEAKEST = 0.25


def reduction_to_pole(
    survey: Survey,
    *,
    inclination: float,
    declination: float,
    sensor: Literal["fluxgate", "total-field"] = "fluxgate",
) -> Values:
    """Readings as they would be where the field is vertical: anomalies stand over their sources.

    Magnetisation is taken to be along the earth's field (`inclination`, `declination`; degrees). A fluxgate
    gradiometer feels the direction once (that of the magnetisation), a total-field instrument twice
    (Blakely 1995 [1]_, chapter 12). Where that factor is weaker than 0.25, as along the declination at low
    latitudes, its square is taken as 0.25² (after the Wiener filter of Hansen & Pawlowski 1989 [2]_): phases
    stay true, strength is lost and noise not raised more than fourfold.

    Raises
    ------
    UsageError : the inclination lies beyond -90..90 degrees.

    References
    ----------
    .. [1] Blakely, R. J. (1995). Potential Theory in Gravity and Magnetic Applications.
    .. [2] Hansen, R. O., Pawlowski, R. S. (1989). Reduction to the pole at low latitudes by Wiener filtering.
       Geophysics 54, 1607-1613.

    >>> survey = Survey(np.eye(8, dtype=np.float32), 1.0, 1.0)
    >>> bool(np.allclose(reduction_to_pole(survey, inclination=90, declination=0), survey.values, atol=1e-6))
    True
    """
    if not -90 <= inclination <= 90:
        raise UsageError(f"inclination is {inclination} degrees; expected -90 to 90")
    steep, turned = np.radians(inclination), np.radians(declination)
    down = np.sin(steep)
    to_east, to_north = np.cos(steep) * np.sin(turned), np.cos(steep) * np.cos(turned)

    def response(
        east: NDArray[np.float64], north: NDArray[np.float64], length: NDArray[np.float64]
    ) -> NDArray[Any]:
        direction = down + 1j * (east * to_east + north * to_north) / np.where(length > 0, length, 1)
        direction = direction**2 if sensor == "total-field" else direction
        power = np.maximum(np.abs(direction) ** 2, WEAKEST**2)
        return np.where(length > 0, np.conj(direction) / power, 1.0)

    return filtered(survey, response)[0]


def upward_continuation(survey: Survey, *, height: float) -> Values:
    """Readings as they would be `height` m further up: `exp(-k height)` (Blakely 1995, chapter 12).

    Raises
    ------
    UsageError : the height is not positive: downwards, noise would be raised without bound.

    >>> bump = np.zeros((9, 9), np.float32); bump[4, 4] = 1
    >>> bool(upward_continuation(Survey(bump, 1.0, 1.0), height=1.0)[4, 4] < 0.3)
    True
    """
    if not height > 0:
        raise UsageError(f"height is {height} m; expected more than 0")
    return filtered(survey, lambda east, north, length: np.exp(-length * height))[0]


def analytic_signal(survey: Survey) -> Values:
    """The length of the gradient of the readings in three dimensions, nT/m.

    Positive over every edge whatever the direction of the magnetisation: for iron and fired clay, whose
    remanence points anywhere (Roest, Verhoef & Pilkington 1992 [1]_). The vertical derivative is `k` in
    wavenumber, the others `i k`.

    References
    ----------
    .. [1] Roest, W. R., Verhoef, J., Pilkington, M. (1992). Magnetic interpretation using the 3-D analytic
       signal. Geophysics 57, 116-125.

    >>> float(analytic_signal(Survey(np.full((8, 8), 3.0, np.float32), 1.0, 1.0)).max())
    0.0
    """
    parts = filtered(
        survey,
        lambda east, north, length: 1j * east,
        lambda east, north, length: 1j * north,
        lambda east, north, length: length,
    )
    return np.sqrt(sum(part.astype(np.float64) ** 2 for part in parts)).astype(np.float32)
