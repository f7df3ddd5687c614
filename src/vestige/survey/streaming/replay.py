"""A survey that was walked before, sent again as its logger would have sent it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vestige.capture import Capture
from vestige.contract import Context
from vestige.survey.traverses import Survey

__all__ = ["replayed", "sent"]

#: How fast a person walks with a gradiometer, m/s.
PACE = 1.2


def replayed(capture: Capture) -> Iterator[tuple[float, bytes]]:
    """The lines of a capture in the order walked: the seconds that each took at a walking pace, its text."""
    from vestige.survey.cleaned import as_recorded
    from vestige.survey.recipe import ReadingRecipe

    surveys, _ = as_recorded([capture], ReadingRecipe(), Context())
    first = 0
    for survey in surveys:
        yield from sent(survey, first)
        first += survey.values.shape[0]


def sent(survey: Survey, first: int = 0, pace: float = PACE) -> Iterator[tuple[float, bytes]]:
    """The traverses of a survey as lines, out and back, each with its seconds; lines without
    a reading are not sent.

    >>> survey = Survey(np.zeros((2, 3), np.float32), 1.0, 0.5)
    >>> next(sent(survey))[1].splitlines()[0]
    b'0,0.0000,0.0000,0.0000'
    """
    along = {0: (0, 1), 90: (1, 0), 180: (0, -1), 270: (-1, 0)}[survey.bearing]
    across = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1)}[survey.bearing]
    readings = np.arange(survey.values.shape[1]) * survey.reading_m
    for number, values in enumerate(survey.values):
        known = np.flatnonzero(np.isfinite(values))[:: -1 if number % 2 else 1]
        if len(known) < 2:
            continue
        shift = number * survey.traverse_m
        east = survey.easting + across[0] * shift + along[0] * readings[known]
        north = survey.northing + across[1] * shift + along[1] * readings[known]
        rows = [
            f"{first + number},{x:.4f},{y:.4f},{v:.4f}"
            for x, y, v in zip(east, north, values[known], strict=True)
        ]
        yield float(np.ptp(readings[known])) / pace, ("\n".join([*rows, "end"]) + "\n").encode("ascii")
