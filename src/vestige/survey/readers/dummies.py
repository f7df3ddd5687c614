"""Values that stand for "nothing was read" and were left among the readings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from vestige.errors import InputError
from vestige.survey.traverses import Survey, Values

__all__ = ["without_dummies"]

#: What loggers and programs write where nothing was read: Geoplot 2047.5, Grad601 32702, Surfer, Oasis, GIS.
KNOWN = (2047.5, 32702, 32767, -32767, -32768, 9999, -9999, 99999, -99999, 999.99, -999.99, 1e32, -1e32)
#: A value that is no known dummy is one when it makes up this share of the readings ...
SHARE = 0.01
#: ... stands this many times their usual range from the rest of them, and at least this many nT.
APART, LEAST_APART = 5.0, 50.0
#: Readings looked at for the usual range.
SAMPLE = 100_000


def without_dummies(path: Path, survey: Survey, dummy: float | None = None) -> Survey:
    """The survey with NaN in place of dummies that its reader did not know of.

    `dummy` is the value that the person names. Without it, values that programs are known to write are taken
    out, with a note, where they stand far from all else.

    Raises
    ------
    InputError : many readings are exactly one value, far from all others, which no program is known to
        write; or nothing is left.

    >>> values = np.random.default_rng(0).normal(0, 1, (10, 20)).astype(np.float32)
    >>> values[:, :4] = 2047.5
    >>> found = without_dummies(Path("a.csv"), Survey(values, 1.0, 0.25))
    >>> int(np.isnan(found.values).sum()), found.notes
    (40, ('a.csv holds 40 readings of 2047.5, which are taken as not read',))
    """
    if dummy is not None:
        survey = _without(survey, np.isclose(survey.values, dummy, rtol=1e-6, atol=1e-6))
    for _ in range(4):
        suspect = _suspect(survey.values)
        if suspect is None:
            break
        value, count, share = suspect
        if not any(np.isclose(value, known, rtol=1e-6) for known in KNOWN):
            if share < SHARE:
                break
            raise InputError(
                path,
                f"holds {count} readings of exactly {value:g} nT, far from all others",
                "no value, or a dummy that is known",
                f"if it stands for no reading, say so: --set dummy={value:g}",
            )
        survey = _without(survey, survey.values == np.float32(value)).noted(
            f"{path.name} holds {count} readings of {value:g}, which are taken as not read"
        )
    if not np.isfinite(survey.values).any():
        raise InputError(path, "holds no reading, only dummy values")
    return survey


def _without(survey: Survey, dummies: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Survey:
    values = survey.values.copy()
    values[dummies] = np.nan
    return replace(survey, values=values)


def _suspect(values: Values) -> tuple[float, int, float] | None:
    """The greatest or least value where it stands apart: itself, how often, and as a share of all."""
    sample = values.reshape(-1)[:: max(1, values.size // SAMPLE) | 1]
    sample = sample[np.isfinite(sample)]
    for end, next_to in ((np.fmax, np.less), (np.fmin, np.greater)):
        value = end.reduce(values, axis=None)
        rest = sample[sample != value]
        if not np.isfinite(value) or rest.size < 8:
            continue
        low, high = np.percentile(rest, (1, 99))
        apart = max(APART * float(high - low), LEAST_APART)
        if low - apart <= value <= high + apart:
            continue
        far = -np.inf if end is np.fmax else np.inf
        nearest = end.reduce(values, axis=None, where=next_to(values, value), initial=far)
        count = int(np.count_nonzero(values == value))
        if count > 1 and abs(float(value) - float(nearest)) > apart:
            return float(value), count, count / int(np.count_nonzero(np.isfinite(values)))
    return None
