"""Destagger: traverses walked out and back, moved along themselves until they match."""

from __future__ import annotations

import numpy as np
import scipy.interpolate
import scipy.ndimage
from numpy.typing import NDArray

from vestige.survey.processing.layout import across, along, filled, part_medians, spread
from vestige.survey.traverses import Survey, Values

__all__ = ["destagger", "estimated_stagger"]

Array = NDArray[np.float64]

#: The greatest shift looked for (m), and how finely the slopes are taken that are compared (m).
FARTHEST, SLOPE = 1.5, 0.25
#: The least correlation of neighbouring traverses that is believed, and in deviations of that of noise.
LEAST_CORRELATION, LEAST_DEVIATIONS = 0.05, 5.0
#: Values beyond so many deviations count no more than that: iron must not decide alone.
STRONGEST = 6.0
#: Grids away that are looked at: few traverses alone tell the shift poorly.
AROUND = 2
#: Places between two readings at which the correlation is looked at.
FINE = 50


def destagger(survey: Survey, *, stagger: float | None = None) -> Values:
    """Readings with the traverses back moved against those out, half a shift each; float32 (traverse,
    reading).

    A logger that is triggered early or late, or a cart whose odometer stands before the sensor, shifts every
    second traverse along itself: straight ditches become saw teeth. The shift of each survey grid is
    estimated (`estimated_stagger`) unless `stagger` gives it: how many metres further along the first
    traverse's direction a feature lies on the second, fourth... traverse of each grid. Readings between
    readings are found by cubic convolution (Keys 1981 [1]_); at the ends of a traverse the last one repeats.

    References
    ----------
    .. [1] Keys, R. (1981). Cubic convolution interpolation for digital image processing. IEEE Trans. ASSP 29.

    >>> festooned = np.zeros((4, 12), np.float32)
    >>> festooned[::2, 5] = festooned[1::2, 7] = 1
    >>> destagger(Survey(festooned, 1.0, 0.5), stagger=1.0).argmax(axis=1)
    array([6, 6, 6, 6])
    """
    bands, parts = across(survey), along(survey)
    shifts = (
        estimated_stagger(survey)
        if stagger is None
        else np.full((len(bands), len(parts)), stagger / survey.reading_m)
    )
    moved = np.array(survey.values, np.float32)
    for band, row in zip(bands, shifts, strict=True):
        for part, shift in zip(parts, row, strict=True):
            if shift:
                block = moved[band, part]
                block[::2] = _shifted(block[::2], -shift / 2)
                block[1::2] = _shifted(block[1::2], shift / 2)
    return moved


def estimated_stagger(survey: Survey) -> Array:
    """The shift of the traverses back in each survey grid, in readings, float64 (grid across, grid along).

    The shift at which each traverse correlates best with the mean of the two beside it (a slanting ditch
    shifts against the one and the other alike, and is no stagger), with a spline for the part of a reading.
    Slopes along the traverses are compared, not readings: they change faster, and know of no stripe. One
    grid alone tells the shift poorly: all up to two grids away are taken together, at 20 m a hectare. Where
    the correlation is not five deviations of that of noise, and 0.05, the shift is 0.

    >>> random = np.random.default_rng(1)
    >>> ground = np.convolve(random.normal(size=300), np.hanning(12), "same")
    >>> rows = [ground[10:210] if row % 2 else ground[8:208] for row in range(20)]
    >>> estimated_stagger(Survey(np.array(rows, np.float32), 1.0, 0.25)).round(1)
    array([[-2.]])
    """
    lags = max(2, round(FARTHEST / survey.reading_m))
    bands, parts = across(survey), along(survey)
    curves = np.stack(
        [
            np.stack([_curve(survey.values[band, part], lags, survey.reading_m) for part in parts])
            for band in bands
        ]
    )
    found = np.zeros(curves.shape[:2])
    for row, column in np.ndindex(*found.shape):
        rows = slice(max(row - AROUND, 0), row + AROUND + 1)
        columns = slice(max(column - AROUND, 0), column + AROUND + 1)
        found[row, column] = _peak(curves[rows, columns].sum(axis=(0, 1)), lags)
    return found


def _curve(block: Values, lags: int, reading_m: float) -> Array:
    """Sums for the correlation of the slopes of each traverse with those of the mean of the two beside it:
    products, squares of the one and of the other, and their number, each (2 lags + 1); traverses back lag.
    """
    products = np.zeros((4, 2 * lags + 1))
    if len(block) < 3 or block.shape[1] < 4 * lags:
        return products
    level = np.nan_to_num(part_medians(block, [slice(None)], fewest=1))
    strength = STRONGEST * max(spread(block - level), 1e-6)
    centred = np.nan_to_num(np.clip(block - level, -strength, strength)).astype(np.float64)
    scale = SLOPE / reading_m
    centred = scipy.ndimage.gaussian_filter1d(centred, scale, axis=1, order=1)
    known = scipy.ndimage.gaussian_filter1d(np.isfinite(block).astype(np.float64), scale, axis=1) > 0.99
    both = known[:-2] & known[2:]
    beside = np.where(both, centred[:-2] + centred[2:], 0) / 2
    for parity, sign in ((0, -1), (1, 1)):
        own, others = centred[1 + (parity == 0) : -1 : 2], beside[(parity == 0) :: 2]
        own_known, others_known = known[1 + (parity == 0) : -1 : 2], both[(parity == 0) :: 2]
        for place, lag in enumerate(range(-lags, lags + 1)):
            here, there = _overlap(block.shape[1], sign * lag)
            used = own_known[:, there] & others_known[:, here]
            one, other = own[:, there] * used, others[:, here] * used
            products[:, place] += (one * other).sum(), (one**2).sum(), (other**2).sum(), used.sum()
    return products


def _overlap(count: int, lag: int) -> tuple[slice, slice]:
    """Places j and j + lag that both lie on the traverse."""
    return slice(max(0, -lag), count - max(0, lag)), slice(max(0, lag), count - max(0, -lag))


def _peak(curve: Array, lags: int) -> float:
    """The lag of the best correlation, between readings; 0 where none is believed."""
    power = np.sqrt(curve[1] * curve[2])
    if not (power > 0).all():
        return 0.0
    places = np.arange(-lags, lags + 1)
    fine = np.linspace(-lags, lags, 2 * lags * FINE + 1)
    smooth = scipy.interpolate.CubicSpline(places, curve[0] / power)(fine)
    best = int(smooth.argmax())
    inside = 0 < best < len(fine) - 1
    least = max(LEAST_CORRELATION, LEAST_DEVIATIONS / float(np.sqrt(curve[3].mean())))
    return float(fine[best]) if inside and smooth[best] >= least else 0.0


def _shifted(rows: Values, shift: float) -> Values:
    """The readings that lie `shift` readings further on each traverse."""
    known = np.isfinite(rows)
    smooth = filled(rows)
    places = np.arange(rows.shape[1]) + shift
    base = np.floor(places).astype(np.intp)
    t = np.float32(shift - np.floor(shift))
    weights = (
        -0.5 * t + t**2 - 0.5 * t**3,
        1 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    )
    last = rows.shape[1] - 1
    total = np.zeros_like(smooth)
    for tap, weight in zip((-1, 0, 1, 2), weights, strict=True):
        total += np.float32(weight) * smooth[:, np.clip(base + tap, 0, last)]
    nearest = np.clip(np.floor(places + 0.5).astype(np.intp), 0, last)
    return np.where(known[:, nearest], total, np.float32(np.nan))
