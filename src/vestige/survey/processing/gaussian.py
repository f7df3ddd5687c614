"""Low pass and high pass: a Gaussian that knows where nothing was read."""

from __future__ import annotations

import numpy as np
import scipy.ndimage

from vestige.errors import UsageError
from vestige.survey.traverses import Survey, Values

__all__ = ["REACH", "high_pass", "low_pass"]

#: Deviations of the Gaussian that are summed.
REACH = 3.0


def low_pass(survey: Survey, *, radius: float = 0.5) -> Values:
    """The mean of the readings around each, weighted by a Gaussian of `radius` m; float32 (traverse,
    reading).

    Readings that are missing have no weight (normalised convolution, Knutsson & Westin 1993 [1]_), and stay
    missing.

    Raises
    ------
    UsageError : the radius is not positive.

    References
    ----------
    .. [1] Knutsson, H., Westin, C.-F. (1993). Normalized and differential convolution. CVPR, 515-523.

    >>> low_pass(Survey(np.array([[1, 1, np.nan, 1]], np.float32), 1.0, 0.25))
    array([[ 1.,  1., nan,  1.]], dtype=float32)
    """
    if not radius > 0:
        raise UsageError(f"radius is {radius} m; expected more than 0")
    known = np.isfinite(survey.values)
    deviations = radius / survey.traverse_m, radius / survey.reading_m
    total = _smooth(np.where(known, survey.values, 0).astype(np.float64), deviations)
    weight = _smooth(known.astype(np.float64), deviations)
    return np.where(known, total / np.maximum(weight, 1e-12), np.nan).astype(np.float32)


def high_pass(survey: Survey, *, radius: float = 10.0) -> Values:
    """Readings less their weighted mean over a Gaussian of `radius` m: geology goes, ditches stay.

    Wide features lose most: of one as wide as `radius`, about half is left, with a bright rim.

    Raises
    ------
    UsageError : the radius is not positive.

    >>> high_pass(Survey(np.full((4, 9), 7.0, np.float32), 1.0, 0.25))[0, 0]
    np.float32(0.0)
    """
    return survey.values - low_pass(survey, radius=radius)


def _smooth(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], deviations: tuple[float, float]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    for axis, deviation in enumerate(deviations):
        values = scipy.ndimage.gaussian_filter1d(
            values, deviation, axis=axis, mode="constant", radius=int(np.ceil(REACH * deviation))
        )
    return values
