"""Drift: the slow change of the instrument while a traverse is walked."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vestige.survey.processing.layout import along
from vestige.survey.traverses import Survey, Values

__all__ = ["remove_drift"]

#: Fewer readings than this tell no slope.
FEWEST = 20
#: Rounds of reweighting, and the deviation (in medians) from which a reading has no weight left.
ROUNDS, TUNING = 8, 4.685


def remove_drift(survey: Survey) -> Values:
    """Readings less the straight line along their traverse within their survey grid; float32 (traverse,
    reading).

    The line is found by reweighted least squares (Tukey's biweight [1]_), so that iron and ditches across
    the traverse do not tilt it. Only the slope goes: the level in the middle of the traverse stays, to be
    judged by `destripe` or `zero_median_traverse`.

    References
    ----------
    .. [1] Beaton, A. E., Tukey, J. W. (1974). The fitting of power series. Technometrics 16, 147-185.

    >>> drifting = np.linspace(0, 2, 41, dtype=np.float32)[np.newaxis]
    >>> remove_drift(Survey(drifting, 1.0, 0.25)).round(3)[0, ::20]
    array([1., 1., 1.], dtype=float32)
    """
    cleaned = np.array(survey.values, np.float32)
    for columns in along(survey):
        block = cleaned[:, columns]
        place = np.arange(block.shape[1]) - (block.shape[1] - 1) / 2
        block -= (_slopes(block, place)[:, np.newaxis] * place).astype(np.float32)
    return cleaned


def _slopes(block: Values, place: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slope of each row, nT a reading; 0 where too little is known."""
    known = np.isfinite(block)
    values = np.nan_to_num(block).astype(np.float64)
    weight = known.astype(np.float64)
    slope = np.zeros(len(block))
    for _ in range(ROUNDS):
        total = np.maximum(weight.sum(axis=1), 1e-9)
        middle = (weight * place).sum(axis=1) / total
        level = (weight * values).sum(axis=1) / total
        offset = place - middle[:, np.newaxis]
        slope = (weight * offset * values).sum(axis=1) / np.maximum((weight * offset**2).sum(axis=1), 1e-9)
        residual = np.abs(values - level[:, np.newaxis] - slope[:, np.newaxis] * offset)
        width = 1.4826 * np.nan_to_num(_median(residual, known)) * TUNING + 1e-6
        weight = np.where(known, np.clip(1 - (residual / width[:, np.newaxis]) ** 2, 0, None) ** 2, 0.0)
    return np.where(known.sum(axis=1) >= FEWEST, slope, 0.0)


def _median(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    ordered = np.sort(np.where(known, values, np.inf), axis=1)
    middle = np.maximum(known.sum(axis=1) - 1, 0) // 2
    found = ordered[np.arange(len(values)), middle]
    return np.where(np.isfinite(found), found, 0.0)
