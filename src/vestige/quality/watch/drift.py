"""Drift: whether a figure that is taken day by day has left the level at which it was learned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["LEARNED", "Drift", "Shift", "find_drift", "shift_of"]

#: Charts from which the level is learned before anything is told; and up to how many it is learned further.
LEARNED, SETTLED = 10, 20
#: Charts by which the noise from day to day is known.
_REMEMBERED = 100
_NORMAL_SPREAD_A_MEDIAN = 1.4826
#: The sum at which a drift is told, in shifts and in the noise from day to day.
_SHIFTS, _NOISES = 1.0, 6.0
#: One chart adds no more than this share of it: two charts in a row that lay askew are no drift.
_ONE_CHART = 0.45
#: The sum grows to no more than this share of it, so that a light that is well again is told soon.
_MOST, _WELL = 1.2, 0.5

State = Literal["learning", "steady", "doubtful", "drifting"]


@dataclass(frozen=True)
class Shift:
    """The shift of a figure that is to be found: of its level (%) where `relative`, else in its unit.

    >>> float(Shift(2, relative=True).apart(0.49, 0.5).round(3))
    -2.0
    """

    shift: float
    relative: bool

    def apart(self, value: NDArray[np.float64] | float, level: float) -> NDArray[np.float64]:
        """How far values lie from a level, as the shift is counted."""
        away = np.asarray(value, np.float64) - level
        return away / abs(level) * 100 if self.relative and level else away


@lru_cache(maxsize=1)
def _shifts() -> dict[str, Shift]:
    table = json.loads((files("vestige.quality.watch") / "shifts.json").read_text(encoding="utf-8"))
    return {name: Shift(**entry) for name, entry in table.items() if isinstance(entry, dict)}


def shift_of(name: str) -> Shift:
    """The shift to be found of a measure; of one that is not in the table, a tenth.

    >>> shift_of("light_level")
    Shift(shift=2, relative=True)
    """
    return _shifts().get(name, Shift(10, relative=True))


@dataclass(frozen=True)
class Drift:
    """How a figure stands after its last chart.

    Attributes
    ----------
    state : 'learning' (fewer than `LEARNED` charts), 'steady', 'doubtful' (the last chart alone lies far off:
        take it again), 'drifting'.
    level : the level that was learned, in the unit of the figure; NaN while learning.
    now : median of the last three charts since the drift began; of a steady figure, of the last three.
    change : from `level` to `now`, in per cent or in the unit, as the shift is counted.
    noise : standard deviation from chart to chart, counted alike.
    since, found : places of the first chart that drifted and of the one that told it, or None.
    told : places of all charts with which a drift was told, also of those that ended.
    """

    state: State
    level: float
    now: float
    change: float
    noise: float
    since: int | None = None
    found: int | None = None
    told: tuple[int, ...] = ()


def find_drift(values: NDArray[np.float64], shift: Shift) -> Drift:
    """Whether a figure, (n,) float64 a chart each, the oldest first, has left its level by `shift` or more.

    Two sums of what exceeds half the shift, upwards and downwards (CUSUM), about the median of the first
    charts. The sum at which a drift is told grows with the noise from chart to chart, known from the
    differences of charts that follow one another (so that a drift does not count as noise). What one chart
    adds is limited. Source: Page 1954, 'Continuous inspection schemes'; Hawkins & Olwell 1998, 'Cumulative
    sum charts', for the reference value of half the shift and for limiting.

    Raises
    ------
    UsageError : no values, or one that is no finite number.

    >>> days = 0.7 * np.r_[np.ones(20), np.full(4, 0.97)]
    >>> found = find_drift(days, Shift(2, relative=True))
    >>> found.state, round(found.change, 2), found.since
    ('drifting', -3.0, 20)
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise UsageError(
            f"a series of finite numbers is needed, not {values.shape} with {values.size} values"
        )
    if values.size < LEARNED:
        return Drift("learning", float("nan"), float(np.median(values[-3:])), 0.0, 0.0)
    away = shift.apart(values, float(np.median(values[:LEARNED])))
    since = found = None
    level, noise, off, told = float(np.median(values)), 0.0, 0.0, set[int]()
    sums = [_Sum(), _Sum()]
    for place, noise in _noises(away):
        level = float(np.median(values[: min(place, SETTLED)]))
        off = float(shift.apart(values[place], level))
        limit = max(_SHIFTS * shift.shift, _NOISES * noise)
        for side, total in zip((1.0, -1.0), sums, strict=True):
            total.add(side * off, place, shift.shift / 2, limit)
            if total.found is not None:
                told.add(total.found)
    telling = [total for total in sums if total.found is not None]
    if telling:
        since, found = telling[0].since, telling[0].found
    now = float(np.median(values[max(values.size - 3, since or 0) :]))
    change = float(shift.apart(now, level))
    far = abs(off) > max(shift.shift, 5 * noise)
    state: State = "drifting" if telling else "doubtful" if far else "steady"
    return Drift(state, level, now, change, noise, since, found, tuple(sorted(told)))


@dataclass
class _Sum:
    """One of the two sums: how high it stands, since which chart it is above 0, with which it was told."""

    height: float = 0.0
    since: int | None = None
    found: int | None = None

    def add(self, away: float, place: int, half: float, limit: float) -> None:
        step = float(np.clip(away - half, -_ONE_CHART * limit, _ONE_CHART * limit))
        self.height = min(max(self.height + step, 0.0), _MOST * limit)
        if self.found is None:
            self.since = None if not self.height else place if self.since is None else self.since
        if self.height > limit and self.found is None:
            self.found = place
        elif self.height < _WELL * limit and self.found is not None:
            self.since = self.found = None


def _noises(away: NDArray[np.float64]) -> Iterator[tuple[int, float]]:
    """Each chart after those that were learned, with the noise as it was known then."""
    steps = np.abs(np.diff(away)) / np.sqrt(2)
    for place in range(LEARNED, away.size):
        known = steps[max(0, place - 1 - _REMEMBERED) : place - 1]
        yield place, _NORMAL_SPREAD_A_MEDIAN * float(np.median(known))
