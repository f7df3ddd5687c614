"""The lab: each device with its series of figures, how each stands, and what is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.quality.measures.report import NAMES
from vestige.quality.watch.charts import Chart, in_order
from vestige.quality.watch.drift import Drift, Shift, find_drift, shift_of

__all__ = ["LIGHT", "Alarm", "Device", "Series", "devices"]

#: The measure of how much light arrives; its `where` is bank/channel.
LIGHT = "light_level"
#: Channels of a bank that changed alike, to within so many shifts, are told as the bank.
_ALIKE = 1.0


@dataclass(frozen=True, eq=False)
class Series:
    """A figure of a device day by day: of several charts of a day the last counts.

    >>> days = (date(2026, 11, 23),)
    >>> drift = Drift("learning", float("nan"), 0.7, 0.0, 0.0)
    >>> Series("light_level", "left/blue", days, np.array([0.7]), drift).bank
    'left'
    """

    name: str
    where: str
    days: tuple[date, ...]
    values: NDArray[np.float64]
    drift: Drift

    @property
    def unit(self) -> str:
        """The unit of its values."""
        return NAMES.get(self.name, "")

    @property
    def shift(self) -> Shift:
        """The shift that is to be found."""
        return shift_of(self.name)

    @property
    def bank(self) -> str:
        """The bank of a light; empty for other figures."""
        return self.where.rpartition("/")[0] if self.name == LIGHT else ""

    @property
    def channel(self) -> str:
        """The channel of a light; empty for other figures."""
        return self.where.rpartition("/")[2] if self.name == LIGHT else ""

    def plain(self) -> dict[str, Any]:
        """What a JSON answer tells of it."""
        drift = self.drift
        learned = drift.state != "learning"
        return {
            "name": self.name,
            "where": self.where,
            "unit": self.unit,
            "days": [day.isoformat() for day in self.days],
            "values": self.values.tolist(),
            "state": drift.state,
            "level": drift.level if learned else None,
            "now": drift.now,
            "change": drift.change if learned else None,
            "change_unit": "%" if self.shift.relative else self.unit,
            "noise": drift.noise if learned else None,
            "since": self.days[drift.since].isoformat() if drift.since is not None else None,
            "found": self.days[drift.found].isoformat() if drift.found is not None else None,
        }


@dataclass(frozen=True)
class Alarm:
    """A drift that is to be told: of one figure, or of a bank (or of all banks) whose lights changed alike.

    `where` is bank/channel of a light, ``bank/`` where the whole bank changed, empty where all lights did.
    `change` is in per cent where `relative`, else in `unit`; `before` and `after` are in `unit`.
    """

    device: str
    name: str
    where: str
    since: date
    found: date
    change: float
    before: float
    after: float
    unit: str
    relative: bool


@dataclass(frozen=True)
class Device:
    """A device as its charts show it, since it last began anew."""

    name: str
    last: datetime
    series: tuple[Series, ...]
    alarms: tuple[Alarm, ...]
    anew: str = ""

    @property
    def state(self) -> str:
        """The worst state of its series; learning as long as one of them is."""
        states = {item.drift.state for item in self.series}
        return next((s for s in ("drifting", "doubtful", "learning") if s in states), "steady")

    def plain(self) -> dict[str, Any]:
        """What a JSON answer tells of it."""
        return {
            "device": self.name,
            "state": self.state,
            "last": self.last.isoformat(),
            "anew": self.anew,
            "alarms": [
                {**asdict(item), "since": item.since.isoformat(), "found": item.found.isoformat()}
                for item in self.alarms
            ],
            "series": [item.plain() for item in self.series],
        }


def devices(charts: Sequence[Chart]) -> list[Device]:
    """The devices that charts tell of, by name.

    >>> taken = [Chart(device="repro 1", when=f"2026-11-{day}T08:00:00Z") for day in (22, 23)]
    >>> [(device.name, device.last.day) for device in devices(taken)]
    [('repro 1', 23)]
    """
    names = sorted({chart.device for chart in charts})
    return [_device(name, in_order([chart for chart in charts if chart.device == name])) for name in names]


def _device(name: str, charts: Sequence[Chart]) -> Device:
    anew = max((place for place, chart in enumerate(charts) if chart.anew), default=0)
    counted = charts[anew:]
    figures: dict[tuple[str, str], dict[date, float]] = {}
    for chart in counted:
        for item in chart.figures:
            figures.setdefault((item.name, item.where), {})[chart.day] = item.value
    series = tuple(_series(*key, by_day) for key, by_day in sorted(figures.items()))
    return Device(name, charts[-1].when, series, tuple(_alarms(name, series)), charts[anew].anew)


def _series(name: str, where: str, by_day: dict[date, float]) -> Series:
    days = tuple(sorted(by_day))
    values = np.array([by_day[day] for day in days])
    return Series(name, where, days, values, find_drift(values, shift_of(name)))


def _alarms(device: str, series: Sequence[Series]) -> list[Alarm]:
    """What is to be told of a device: lights that changed alike in one sentence."""
    lights = [item for item in series if item.name == LIGHT]
    others = [item for item in series if item.name != LIGHT and item.drift.state == "drifting"]
    if len({item.bank for item in lights}) > 1 and _alike(lights):
        return [_alarm(device, lights, ""), *(_alarm(device, [item], item.where) for item in others)]
    told = []
    for bank in sorted({item.bank for item in lights}):
        inside = [item for item in lights if item.bank == bank]
        if len(inside) > 1 and _alike(inside):
            told.append(_alarm(device, inside, f"{bank}/"))
        else:
            told += [_alarm(device, [i], i.where) for i in inside if i.drift.state == "drifting"]
    return [*told, *(_alarm(device, [item], item.where) for item in others)]


def _alike(lights: Sequence[Series]) -> bool:
    changes = [item.drift.change for item in lights]
    near = max(changes) - min(changes) <= _ALIKE * lights[0].shift.shift
    return near and all(item.drift.state == "drifting" for item in lights)


def _alarm(device: str, series: Sequence[Series], where: str) -> Alarm:
    first = series[0]
    return Alarm(
        device,
        first.name,
        where,
        min(item.days[item.drift.since] for item in series if item.drift.since is not None),
        min(item.days[item.drift.found] for item in series if item.drift.found is not None),
        float(np.median([item.drift.change for item in series])),
        float(np.median([item.drift.level for item in series])),
        float(np.median([item.drift.now for item in series])),
        first.unit,
        first.shift.relative,
    )
