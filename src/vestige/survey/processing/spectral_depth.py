"""Spectral depth: from how fast a magnetogram's power falls with wavenumber."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.processing.layout import filled
from vestige.survey.traverses import Values

__all__ = ["Spectrum", "spectral_depth"]

Array = NDArray[np.float64]

#: Side of the squares whose spectra are averaged (m), and least share of one that must be surveyed.
SQUARE, LEAST_SHARE = 40.0, 0.8


@dataclass(frozen=True)
class Spectrum:
    """Radial power spectrum: wavenumber (rad/m), ln of power, and depths below the sensor (m)."""

    wavenumber: Array
    log_power: Array
    deep: float
    shallow: float


def spectral_depth(values: Values, cell: float, *, separation: float = 0.0) -> Spectrum | None:
    """The depth of the tops of the sources as an ensemble; None where too little was surveyed.

    The power of the field of many sources at depth z falls as ``exp(-2 k z)``: half the slope of its
    logarithm, averaged over rings of wavenumber, is the depth (Spector & Grant 1970 [1]_). Two straight lines
    are fitted, broken where they fit best: the longer waves tell of the deeper sources, the shorter ones of
    the shallower; where noise begins (the flat end) is left out. A gradiometer's `separation` (m) is taken
    off, ``(1 - exp(-k s))²``. Squares of 40 m are averaged, each tapered.

    Parameters
    ----------
    values : float32 (row, column) in nT on square cells of `cell` m, NaN where not surveyed.

    Raises
    ------
    UsageError : cell or separation are out of bounds.

    References
    ----------
    .. [1] Spector, A., Grant, F. S. (1970). Statistical models for interpreting aeromagnetic data.
       Geophysics 35, 293-302.

    >>> k = np.hypot(*np.meshgrid(*[2 * np.pi * np.fft.fftfreq(160, 0.25)] * 2))
    >>> white = np.random.default_rng(0).normal(size=k.shape)
    >>> field = np.fft.ifft2(np.fft.fft2(white) * np.exp(-k * 1.5)).real.astype(np.float32)
    >>> bool(abs(spectral_depth(field, 0.25).deep - 1.5) < 0.3)
    True
    """
    if not cell > 0 or separation < 0:
        raise UsageError(f"cell must be positive and separation 0 or more, not {cell} and {separation} m")
    side = round(SQUARE / cell)
    squares = [
        square
        for top in range(0, max(1, values.shape[0] - side + 1), side)
        for left in range(0, max(1, values.shape[1] - side + 1), side)
        if (square := values[top : top + side, left : left + side]).shape == (side, side)
        and np.isfinite(square).mean() >= LEAST_SHARE
    ]
    if not squares:
        return None
    taper = np.hanning(side)
    power = np.zeros((side, side))
    for square in squares:
        plain = filled(square).astype(np.float64)
        power += np.abs(scipy.fft.fft2((plain - plain.mean()) * taper[:, np.newaxis] * taper)) ** 2
    wavenumber, log_power = _rings(power / len(squares), cell)
    if separation:
        log_power -= 2 * np.log(-np.expm1(-wavenumber * separation))
    deep, shallow = _two_slopes(wavenumber, log_power)
    return Spectrum(wavenumber, log_power, deep, shallow)


def _rings(power: Array, cell: float) -> tuple[Array, Array]:
    """The mean of the logarithm over rings of wavenumber one step wide, from two steps to Nyquist."""
    side = len(power)
    one = np.fft.fftfreq(side, 1 / side)
    ring = np.rint(np.hypot(one[:, np.newaxis], one)).astype(np.intp).ravel()
    last = side // 2
    log = np.log(np.maximum(power.ravel(), 1e-300))
    total = np.bincount(ring, log, last + 1)[: last + 1]
    count = np.bincount(ring, minlength=last + 1)[: last + 1]
    places = np.arange(2, last)
    wavenumber = np.asarray(2 * np.pi * places / (side * cell), np.float64)
    log_power = np.asarray(total[places] / count[places], np.float64)
    return wavenumber, log_power


def _two_slopes(wavenumber: Array, log_power: Array) -> tuple[float, float]:
    """Depths from two lines with the break that fits best, above the noise."""
    floor = np.median(log_power[-max(4, len(log_power) // 8) :]) + 1.0
    below = np.nonzero(log_power < floor)[0]
    end = max(int(below[0]) if below.size else len(log_power), 8)
    k, power = wavenumber[:end], log_power[:end]
    best: tuple[float, float, float] | None = None
    for cut in range(4, max(5, len(k) - 3)):
        slopes, misfit = [], 0.0
        for part in (slice(0, cut), slice(cut - 1, None)):
            line = np.polyfit(k[part], power[part], 1)
            misfit += float(((np.polyval(line, k[part]) - power[part]) ** 2).sum())
            slopes.append(float(line[0]))
        if best is None or misfit < best[0]:
            best = misfit, slopes[0], slopes[1]
    assert best is not None
    return max(0.0, -best[1] / 2), max(0.0, -best[2] / 2)
