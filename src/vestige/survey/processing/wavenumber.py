"""Filters in wavenumber, in overlapping tiles: memory is bounded, and no reading knows of one far away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from vestige.survey.processing.layout import filled
from vestige.survey.traverses import Survey, Values

__all__ = ["CORE", "REACH", "Response", "core_rows", "filtered", "reach_rows"]

#: Tiles keep the ground within `CORE` m, and see `REACH` m around it.
CORE, REACH = 40.0, 20.0

Response = Callable[[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]], NDArray[Any]]


def filtered(survey: Survey, *responses: Response) -> list[Values]:
    """The readings through filters given in wavenumber; float32 (traverse, reading) for each.

    A response takes the angular wavenumbers to the east and to the north and their length (rad/m) and gives
    a factor for each (complex or real). Each tile of 40 m sees 20 m around it; beyond the survey it sees the
    survey mirrored, and in gaps the nearest reading of the traverse, which stay gaps in the end.

    >>> survey = Survey(np.ones((4, 16), np.float32), 1.0, 0.25)
    >>> float(filtered(survey, lambda east, north, length: np.exp(-length))[0].mean())
    1.0
    """
    smooth = filled(survey.values)
    found = [np.empty_like(survey.values) for _ in responses]
    rows, columns = core_rows(survey), max(1, round(CORE / survey.reading_m))
    margins = max(1, round(REACH / survey.traverse_m)), max(1, round(REACH / survey.reading_m))
    fast = _side(rows, margins[0]), _side(columns, margins[1])
    factors = [response(*_wavenumbers(survey, fast)) for response in responses]
    for top in range(0, smooth.shape[0], rows):
        for left in range(0, smooth.shape[1], columns):
            tile = _tile(smooth, (top - margins[0], left - margins[1]), fast)
            level = tile.mean()
            spectrum = scipy.fft.rfft2(tile - level)
            core = slice(top, top + rows), slice(left, left + columns)
            size = found[0][core].shape
            for values, factor in zip(found, factors, strict=True):
                result = scipy.fft.irfft2(spectrum * factor, s=fast) + level * np.real(factor[0, 0])
                values[core] = result[margins[0] : margins[0] + size[0], margins[1] : margins[1] + size[1]]
    return [np.where(np.isfinite(survey.values), values, np.float32(np.nan)) for values in found]


def core_rows(survey: Survey) -> int:
    """Traverses that one tile keeps."""
    return max(1, round(CORE / survey.traverse_m))


def reach_rows(survey: Survey) -> int:
    """Traverses beyond them that it sees, at most."""
    margin = max(1, round(REACH / survey.traverse_m))
    return _side(core_rows(survey), margin) - core_rows(survey) - margin


def _side(core: int, margin: int) -> int:
    return int(scipy.fft.next_fast_len(core + 2 * margin, real=True))


def _tile(values: Values, first: tuple[int, int], shape: tuple[int, ...]) -> NDArray[np.float64]:
    places = [
        _mirrored(np.arange(start, start + side), count)
        for start, side, count in zip(first, shape, values.shape, strict=True)
    ]
    return values[np.ix_(*places)].astype(np.float64)


def _mirrored(places: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    period = np.mod(places, 2 * count)
    return np.where(period < count, period, 2 * count - 1 - period)


def _wavenumbers(survey: Survey, shape: tuple[int, ...]) -> tuple[NDArray[np.float64], ...]:
    """To the east, to the north, and length; the axes of the array are across and along the traverses."""
    across = 2 * np.pi * np.fft.fftfreq(shape[0], survey.traverse_m)[:, np.newaxis]
    along = 2 * np.pi * np.fft.rfftfreq(shape[1], survey.reading_m)[np.newaxis]
    to_east, to_north = {0: (0, 1), 90: (1, 0), 180: (0, -1), 270: (-1, 0)}[survey.bearing]
    east, north = along * to_east + across * to_north, along * to_north - across * to_east
    return east, north, np.hypot(east, north)
