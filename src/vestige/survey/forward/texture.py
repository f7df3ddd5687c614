"""Random fields of the ground: topsoil whose power falls with wavenumber, and winding lines."""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

__all__ = ["topsoil_texture", "winding_lines"]

Array = NDArray[np.float32]


def topsoil_texture(
    shape: tuple[int, int], cell: float, exponent: float, random: np.random.Generator
) -> Array:
    """A random field whose power falls as wavenumber to the `exponent` (-1 .. -2.5): mean 0, deviation 1.

    >>> field = topsoil_texture((64, 64), 0.25, -2.0, np.random.default_rng(0))
    >>> round(float(field.std()), 3)
    1.0
    """
    spectrum, wavenumber = _white(shape, cell, random)
    wavenumber[0, 0] = np.inf
    return _normalised(spectrum * (wavenumber ** (exponent / 2)).astype(np.float32), shape)


def winding_lines(
    shape: tuple[int, int], cell: float, spacing: float, width: float, random: np.random.Generator
) -> Array:
    """How much of each cell (0..1) lies on winding lines `width` m wide, about `spacing` m apart: where a
    random field of that wavelength passes zero.

    >>> lines = winding_lines((128, 128), 0.25, 8.0, 0.5, np.random.default_rng(0))
    >>> bool(0.02 < lines.mean() < 0.3)
    True
    """
    spectrum, wavenumber = _white(shape, cell, random)
    wanted = 0.5 / spacing
    band = np.exp(-(((wavenumber - wanted) / (0.35 * wanted)) ** 2)).astype(np.float32)
    waves = _normalised(spectrum * band, shape)
    slope = np.hypot(*np.gradient(waves, cell)) + np.float32(1e-3)
    lines: Array = np.clip(0.5 + (width / 2 - np.abs(waves) / slope) / cell, 0, 1).astype(np.float32)
    return lines


def _white(
    shape: tuple[int, int], cell: float, random: np.random.Generator
) -> tuple[NDArray[np.complex64], NDArray[np.float64]]:
    """The spectrum of white noise, and its wavenumbers in cycles a metre."""
    spectrum = scipy.fft.rfft2(random.standard_normal(shape, dtype=np.float32))
    return spectrum, np.hypot(np.fft.fftfreq(shape[0], cell)[:, None], np.fft.rfftfreq(shape[1], cell)[None])


def _normalised(spectrum: NDArray[np.complex64], shape: tuple[int, int]) -> Array:
    field = scipy.fft.irfft2(spectrum, s=shape)
    return np.ascontiguousarray(field / field.std(), np.float32)
