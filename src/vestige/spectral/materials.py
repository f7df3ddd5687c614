"""Spectra of what the simulated leaf is made of: smooth curves of the right shape, from 300 to 1100 nm.

Pigments are reflectances of a covering layer. Inks and stains are absorptivities, 1 at 365 nm: a layer
of amount a lets exp(-a k) through (Lambert and Beer). The curves follow the course of measured ones
(edges of vermilion at 600 nm and of ultramarine at 750 nm, iron-gall ink fading beyond 900 nm, carbon
black at every wavelength) and copy none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["ABSORPTIVITIES", "PIGMENTS", "absorptivity", "parchment", "pigment", "transparency"]

#: Each pigment: its floor, rising edges (height, wavelength, width) and bands (height, wavelength, width).
Curve = tuple[float, list[tuple[float, float, float]], list[tuple[float, float, float]]]
PIGMENTS: Final[dict[str, Curve]] = {
    "vermilion": (0.055, [(0.72, 602, 10)], [(0.02, 430, 50)]),
    "ultramarine": (0.035, [(0.62, 752, 24)], [(0.42, 452, 40)]),
    "malachite": (0.06, [(0.16, 960, 60)], [(0.34, 528, 42)]),
    "gold ochre": (0.07, [(0.46, 540, 22), (0.16, 690, 60)], [(0.05, 400, 60)]),
    "lead white": (0.30, [(0.56, 388, 14)], [(0.05, 700, 200)]),
}
#: Each ink or stain: share that falls off as an edge, its place and width; share that decays, its length.
ABSORPTIVITIES: Final[dict[str, tuple[float, float, float, float, float]]] = {
    "iron gall": (0.86, 800, 75, 0.14, 260),
    "iron gall, erased": (0.10, 560, 60, 0.90, 105),
    "tannin": (0.0, 500, 50, 1.0, 120),
    "carbon": (1.0, 6000, 300, 0.0, 100),
}


def parchment(wavelength: float) -> float:
    """Reflectance of bare parchment: high in the infrared, falling steadily towards the ultraviolet.

    >>> parchment(365) < parchment(550) < parchment(940) < 0.95
    True
    """
    return float(0.90 - 0.50 * np.exp(-(wavelength - 365) / 125))


def pigment(name: str, wavelength: float) -> float:
    """Reflectance of a covering layer of a pigment.

    >>> pigment("vermilion", 650) > 5 * pigment("vermilion", 550)
    True
    """
    floor, edges, bands = PIGMENTS[name]
    value = floor
    value += sum(height * _edge(wavelength, place, width) for height, place, width in edges)
    value += sum(
        height * np.exp(-0.5 * ((wavelength - place) / width) ** 2) for height, place, width in bands
    )
    return float(value)


def absorptivity(name: str, wavelength: float) -> float:
    """How strongly an ink or stain absorbs, against 365 nm.

    >>> absorptivity("carbon", 940) > 0.99 and absorptivity("iron gall", 940) < 0.2
    True
    """
    return _absorptivity(name, wavelength) / _absorptivity(name, 365.0)


def transparency(wavelength: float) -> float:
    """How much shows through a layer of paint: nothing in the visible, much in the infrared.

    >>> transparency(550) < 0.02 and transparency(940) > 0.5
    True
    """
    return 0.62 * _edge(wavelength, 800, 35)


def _absorptivity(name: str, wavelength: float) -> float:
    high, place, width, decaying, length = ABSORPTIVITIES[name]
    return float(
        high * (1 - _edge(wavelength, place, width)) + decaying * np.exp(-(wavelength - 365) / length)
    )


def _edge(wavelength: float, place: float, width: float) -> float:
    return float(1 / (1 + np.exp(-(wavelength - place) / width)))


def lamp_spectrum(centre: float, width: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wavelengths (nm, every 5) and power of a lamp, a Gaussian of `width` at half height; sums to 1.

    >>> nm, power = lamp_spectrum(500, 20)
    >>> float(nm.mean()), round(float(power.sum()), 9)
    (500.0, 1.0)
    """
    sigma = width / 2.3548
    half = max(1, round(3 * sigma / 5))
    offsets = 5.0 * np.arange(-half, half + 1)
    power: NDArray[np.float64] = np.exp(-0.5 * (offsets / sigma) ** 2)
    return np.asarray(centre + offsets, np.float64), np.asarray(power / power.sum(), np.float64)
