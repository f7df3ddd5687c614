"""True colour from bands: the spectrum is interpolated, then seen as the standard observer sees it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["colour_from_bands", "colour_matrix", "spectrum_matrix", "standard_observer"]

Illuminant = Literal["D65", "D50"]
#: Bands outside say nothing of the colour.
VISIBLE: Final = (340.0, 800.0)
#: Reflectance of pigments changes over some tens of nanometres: reach of the covariance, and its spread.
REACH_NM: Final = 60.0
SPREAD: Final = 0.25
#: Variance of the level of a spectrum, large, so that an even reflectance comes out even; and of noise.
LEVEL: Final = 100.0
NOISE: Final = 0.01
#: Linear sRGB (IEC 61966-2-1) from XYZ under D65, and adaptation of D50 to D65 after Bradford.
SRGB: Final = np.array(
    [
        [3.2406255, -1.5372080, -0.4986286],
        [-0.9689307, 1.8757561, 0.0415175],
        [0.0557101, -0.2040211, 1.0569959],
    ]
)
BRADFORD: Final = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65_WHITE: Final = np.array([0.95047, 1.0, 1.08883])


@lru_cache(maxsize=1)
def standard_observer() -> NDArray[np.float64]:
    """CIE 1931 observer and illuminants (81, 6): nm, x, y, z, D65, D50, every 5 nm from 380 to 780.

    >>> table = standard_observer()
    >>> float(table[table[:, 2].argmax(), 0])
    555.0
    """
    text = files("vestige.spectral").joinpath("cie_1931.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and line[0].isdecimal()]
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines])
    table.flags.writeable = False
    return table


def spectrum_matrix(
    wavelengths: Sequence[float], widths: float | Sequence[float] = 20.0
) -> NDArray[np.float64]:
    """Wiener estimate of a spectrum from its bands: (81, bands), to the wavelengths of `standard_observer`.

    The prior says that spectra are smooth (covariance of Matérn, 3/2) about a level that is not known;
    each band is the mean over a Gaussian of its width at half height. Without noise the estimate
    reproduces the bands.

    Reference: Haneishi et al. 2000, 'System design for accurately estimating the spectral reflectance of
    art paintings', Applied Optics 39.

    >>> estimate = spectrum_matrix([450, 550, 650]) @ [0.5, 0.5, 0.5]
    >>> bool(abs(estimate - 0.5).max() < 0.001)
    True
    """
    centres = np.asarray(wavelengths, float)
    spread = np.broadcast_to(np.asarray(widths, float), centres.shape) / 2.3548
    fine = np.arange(centres.min() - 3 * spread.max(), centres.max() + 3 * spread.max() + 2.5, 5.0)
    response = np.exp(-0.5 * ((fine - centres[:, None]) / np.maximum(spread[:, None], 2.5)) ** 2)
    response /= response.sum(axis=1, keepdims=True)
    wanted = standard_observer()[:, 0]
    between = response @ _covariance(fine, fine) @ response.T + NOISE**2 * np.eye(len(centres))
    return np.asarray(np.linalg.solve(between, response @ _covariance(fine, wanted)).T)


def _covariance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.sqrt(3) * np.abs(one[:, None] - other[None, :]) / REACH_NM
    return np.asarray(LEVEL + SPREAD**2 * (1 + steps) * np.exp(-steps))


def colour_matrix(
    wavelengths: Sequence[float],
    *,
    widths: float | Sequence[float] = 20.0,
    illuminant: Illuminant = "D65",
) -> NDArray[np.float64]:
    """The matrix (3, bands) that makes linear sRGB of reflectances; columns of bands out of sight are zero.

    Under D50 the colour is adapted to the D65 of sRGB (Bradford), as a viewer under either sees it.

    Raises
    ------
    UsageError
        where fewer than three bands lie in the visible, from 400 to 700 nm.

    >>> matrix = colour_matrix([450, 500, 550, 600, 650, 940])
    >>> (matrix @ np.ones(6)).round(2).tolist(), matrix[:, 5].tolist()
    ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    """
    centres = np.asarray(wavelengths, float)
    if np.count_nonzero((centres >= 400) & (centres <= 700)) < 3:
        told = ", ".join(f"{centre:g}" for centre in centres)
        raise UsageError(f"true colour needs three bands from 400 to 700 nm; the bands are {told} nm")
    used = np.flatnonzero((centres >= VISIBLE[0]) & (centres <= VISIBLE[1]))
    table = standard_observer()
    light = table[:, 4 if illuminant == "D65" else 5]
    weights = table[:, 1:4] * light[:, None]
    weights /= weights[:, 1].sum()
    narrow = np.broadcast_to(np.asarray(widths, float), centres.shape)
    tristimulus = weights.T @ spectrum_matrix(centres[used].tolist(), narrow[used].tolist())
    white = weights.sum(axis=0)
    cones = (BRADFORD @ D65_WHITE) / (BRADFORD @ white)
    adaptation = np.linalg.inv(BRADFORD) @ np.diag(cones) @ BRADFORD
    matrix = np.zeros((3, len(centres)))
    matrix[:, used] = SRGB @ adaptation @ tristimulus
    return matrix


def colour_from_bands(
    bands: NDArray[Any],
    wavelengths: Sequence[float],
    *,
    widths: float | Sequence[float] = 20.0,
    illuminant: Illuminant = "D65",
) -> NDArray[np.float32]:
    """Linear sRGB (height, width, 3) of reflectances (height, width, bands); NaN where one is unknown.

    Colours beyond sRGB are below 0 or above 1.

    >>> paper = np.full((1, 1, 4), 0.8, np.float32)
    >>> colour_from_bands(paper, [450, 530, 600, 650]).round(2)
    array([[[0.8, 0.8, 0.8]]], dtype=float32)
    """
    if bands.ndim != 3 or bands.shape[2] != len(wavelengths):
        raise UsageError(f"{len(wavelengths)} wavelengths do not fit bands of shape {bands.shape}")
    matrix = colour_matrix(wavelengths, widths=widths, illuminant=illuminant).astype(np.float32)
    used = matrix.any(axis=0)
    return np.asarray(bands[..., used].astype(np.float32, copy=False) @ matrix[:, used].T, np.float32)
