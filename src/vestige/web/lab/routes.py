"""Addresses of the lab: its devices, each with its series, and learning anew after a repair."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from vestige.archive import ArchiveHistory
from vestige.errors import UsageError
from vestige.quality.watch import Device, Series, devices, record, sentence
from vestige.quality.watch.picture import series_drawing
from vestige.quality.watch.words import figure_name, number, spoken_day, unit_name
from vestige.web import views
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form
from vestige.web.collection.dates import spoken_time
from vestige.web.faults import Absent
from vestige.web.language import catalogue, language_of

router = APIRouter(prefix="/lab", include_in_schema=False)
WORKS = Depends(needs("operator"))
#: Charts that the table beside a drawing shows, the newest first.
ROWS = 60
#: The worst state of a device, as the page colours it.
COLOURS = {"drifting": "bad", "doubtful": "warn", "learning": "busy", "steady": "good"}


def key_of(device: str) -> str:
    """The opaque name of a device in addresses.

    >>> len(key_of("repro 1"))
    16
    """
    return hashlib.sha256(device.encode()).hexdigest()[:16]


@router.get("", dependencies=[WORKS])
def listed(request: Request, bench: OfArchive) -> Response:
    """All devices: how each stands, its last chart, what is to be told."""
    found = devices(ArchiveHistory(bench.archive).charts())
    return _page(request, "lab/devices.html", found=[(device, key_of(device.name)) for device in found])


@router.get("/{key}", dependencies=[WORKS])
def show(request: Request, bench: OfArchive, key: str) -> Response:
    """One device with its series."""
    device = _device(bench, key)
    language = language_of(request)
    series = [
        (item, Markup(series_drawing(item, language, mark=f"series-{place}")))  # noqa: S704 - escaped there
        for place, item in enumerate(device.series)
    ]
    return _page(request, "lab/device.html", device=device, key=key, series=series, rows=_rows)


@router.post("/{key}/anew", dependencies=[Depends(needs("technician"))])
def learn_anew(request: Request, bench: OfArchive, key: str, form: Form) -> Response:
    """From now on the levels of a device are learned anew: a lamp was changed."""
    device = _device(bench, key)
    reason = form.one("reason").strip()
    if not reason:
        raise UsageError("say why the levels are to be learned anew: what was changed on the device")
    history = ArchiveHistory(bench.acting(str(getattr(request.state, "who", ""))))
    record(history, device.name, [], datetime.now().astimezone(), anew=reason[:2000])
    return RedirectResponse(f"/lab/{key}", status_code=303)


def _device(bench: Bench, key: str) -> Device:
    history = ArchiveHistory(bench.archive)
    name = next((name for name in history.devices() if key_of(name) == key), None)
    if name is None:
        raise Absent(key)
    return devices(history.charts(name))[0]


def _rows(series: Series) -> list[tuple[date, float, bool]]:
    """The newest charts of a series: day, value, whether the light had drifted by then."""
    since = series.drift.since
    told = [
        (day, float(value), since is not None and place >= since)
        for place, (day, value) in enumerate(zip(series.days, series.values, strict=True))
    ]
    return told[::-1][:ROWS]


def _page(request: Request, template: str, **told: Any) -> Response:
    language = language_of(request)
    words, today = catalogue(language), datetime.now().astimezone().date()
    return views.page(
        request,
        template,
        **told,
        colours=COLOURS,
        moment=lambda value: spoken_time(value, words),
        day=lambda value: spoken_day(value, language),
        stale=lambda device: device.last.date() < today,
        sentence=lambda alarm: _told(sentence(alarm, language, today), alarm.device),
        name=lambda item: figure_name(item.name, item.where, language),
        number=lambda value: number(value, language),
        unit=lambda item: unit_name(item.unit, language),
        change=lambda item: _change(item, language),
    )


def _told(said: str, device: str) -> str:
    """A sentence below the name of its device, a number never parted from its sign."""
    return said.removeprefix(f"{device}: ").replace(" %", "\u00a0%")


def _change(series: Series, language: str) -> str:
    """How far a series has gone from its level, with its sign and its unit."""
    change = series.drift.change
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    unit = "%" if series.shift.relative else unit_name(series.unit, language)
    return f"{sign}{number(abs(change), language)} {unit}".strip()
