"""Euler deconvolution: how deep the sources of a magnetogram lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.gridding import Raster
from vestige.survey.processing.potential_field import analytic_signal
from vestige.survey.processing.wavenumber import filtered
from vestige.survey.traverses import Survey, Values

__all__ = ["Source", "euler_deconvolution"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """A solution: place (m), depth below the sensor (m) with its standard deviation, strength (nT/m)."""

    easting: float
    northing: float
    depth: float
    deviation: float
    strength: float


def euler_deconvolution(
    values: Values,
    raster: Raster,
    *,
    index: float = 3.0,
    window: float = 3.0,
    least: float = 4.0,
    tolerance: float = 0.2,
) -> list[Source]:
    """Depths of sources beneath the peaks of the analytic signal, by Euler's equation of homogeneity.

    In a window of `window` m around each peak, ``(x - x0) fx + (y - y0) fy + (z - z0) fz = N (B - f)`` is
    solved for place, depth and base level by least squares (Thompson 1982 [1]_; Reid et al. 1990 [2]_).
    Solutions outside their window, above the sensor or surer than `tolerance` (deviation over depth) only on
    paper are left out. The structural `index` N of a vertical gradient is one more than that of the field:
    3 for a ditch or wall, 4 for a pit or nail. The solution is as good as the index.

    Parameters
    ----------
    values : float32 (row, column) in nT on the raster, NaN where not surveyed; reduced to the pole or not.
    raster : where they lie.
    least : peaks of the analytic signal below so many of its medians are noise.

    Raises
    ------
    UsageError : index, window or tolerance are not positive.

    References
    ----------
    .. [1] Thompson, D. T. (1982). EULDPH: a new technique for making computer-assisted depth estimates from
       magnetic data. Geophysics 47, 31-37.
    .. [2] Reid, A. B., Allsop, J. M., Granser, H., Millett, A. J., Somerton, I. W. (1990). Magnetic
       interpretation in three dimensions using Euler deconvolution. Geophysics 55, 80-91.

    >>> east, north = np.meshgrid(np.arange(80) * 0.25 - 10, np.arange(80) * 0.25 - 10)
    >>> dipole = ((2 - (east**2 + north**2)) / (east**2 + north**2 + 1) ** 2.5).astype(np.float32)
    >>> found = euler_deconvolution(dipole, Raster(0, 20, 0.25, 80, 80), index=3)
    >>> round(max(found, key=lambda source: source.strength).depth, 1)
    1.0
    """
    if not (index > 0 and window > 0 and tolerance > 0):
        raise UsageError(f"index, window and tolerance must be positive, not {index}, {window}, {tolerance}")
    survey = Survey(values, raster.cell, raster.cell, bearing=90)
    to_east, to_north, down = filtered(
        survey,
        lambda east, north, length: 1j * east,
        lambda east, north, length: 1j * north,
        lambda east, north, length: length,
    )
    signal = analytic_signal(survey)
    half = max(2, round(window / raster.cell / 2))
    found: dict[tuple[int, int], Source] = {}
    for row, column in _peaks(signal, half, least):
        rows, columns = slice(row - half, row + half + 1), slice(column - half, column + half + 1)
        parts = [part[rows, columns].astype(np.float64) for part in (to_east, to_north, down, values)]
        if not all(np.isfinite(part).all() for part in parts):
            continue
        solved = _solved(parts, raster.cell, index)
        if solved is None or not _believed(solved, half * raster.cell, tolerance):
            continue
        east, north, depth, deviation = solved
        easting = raster.west + (column + 0.5) * raster.cell + east
        northing = raster.north - (row + 0.5) * raster.cell + north
        # Two cells of one flat peak give one source.
        cell = round(easting / raster.cell), round(northing / raster.cell)
        found[cell] = Source(easting, northing, depth, deviation, float(signal[row, column]))
    return list(found.values())


def _peaks(signal: Values, half: int, least: float) -> NDArray[np.intp]:
    """Cells (row, column) that are the greatest around and stand above the noise, whole windows only."""
    known = np.isfinite(signal)
    if not known.any():
        return np.empty((0, 2), np.intp)
    level = least * float(np.median(signal[known]))
    plain = np.where(known, signal, 0)
    peak = (plain == scipy.ndimage.maximum_filter(plain, 2 * (half // 2) + 1)) & (plain > level)
    inner = np.zeros_like(peak)
    inner[half:-half, half:-half] = True
    return np.argwhere(peak & inner)


def _solved(parts: list[Array], cell: float, index: float) -> tuple[float, float, float, float] | None:
    """Place from the middle of the window, depth, and the deviation of the depth; None where singular."""
    to_east, to_north, down, values = (part.ravel() for part in parts)
    half = parts[0].shape[0] // 2
    steps = np.arange(-half, half + 1) * cell
    east, north = (side.ravel() for side in np.meshgrid(steps, -steps))
    # z points downwards and the sensor is at 0; the field grows towards its source.
    matrix = np.column_stack([to_east, to_north, down, np.full(east.size, index)])
    right = east * to_east + north * to_north + index * values
    normal = matrix.T @ matrix
    scale = np.sqrt(np.diag(normal))
    if not (scale > 0).all():
        return None
    scaled = normal / np.outer(scale, scale)
    if np.linalg.cond(scaled) > 1e10:
        return None
    solution = np.linalg.solve(scaled, matrix.T @ right / scale) / scale
    residual = right - matrix @ solution
    variance = residual @ residual / max(east.size - 4, 1)
    deviation = float(np.sqrt(variance * np.linalg.inv(scaled)[2, 2]) / scale[2])
    return float(solution[0]), float(solution[1]), float(solution[2]), deviation


def _believed(solved: tuple[float, float, float, float], half: float, tolerance: float) -> bool:
    east, north, depth, deviation = solved
    return max(abs(east), abs(north)) <= half and depth > 0 and deviation <= tolerance * depth
