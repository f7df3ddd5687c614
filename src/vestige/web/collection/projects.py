"""Addresses of projects: how far each is, how fast, when it will be done, and what is still missing."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from vestige.archive import search
from vestige.archive.campaigns import Campaign, Week, campaign, campaigns, lacking
from vestige.errors import UsageError, VestigeError
from vestige.web import views
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Answers, Form
from vestige.web.collection.dates import spoken_day
from vestige.web.collection.finding import grouped
from vestige.web.faults import Absent, fault
from vestige.web.language import catalogue, language_of

router = APIRouter(include_in_schema=False)
CURATES = Depends(needs("curator"))
#: How far a project is counts what is not public yet: that is for those who work here.
WORKS = Depends(needs("operator"))
#: The drawing of the weeks, in its own units.
WIDE, HIGH, FOOT = 640, 200, 24


def key_of(name: str) -> str:
    """The opaque name of a project in addresses.

    >>> len(key_of("Herbarium"))
    16
    """
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _today() -> dt.date:
    return dt.datetime.now().astimezone().date()


@dataclass(frozen=True)
class Bar:
    """A week in the drawing."""

    x: float
    y: float
    width: float
    height: float
    day: str
    objects: int


@dataclass(frozen=True)
class Chart:
    """Weeks as bars, the rate that is needed as a line; `top` is the number at the upper edge."""

    bars: list[Bar]
    top: int
    needed: float | None


def chart(weeks: list[Week], needed: float, words: Any) -> Chart:
    """The drawing of the weeks of a project."""
    top = max([week.objects for week in weeks] + [round(needed), 1])
    step = WIDE / max(len(weeks), 1)
    room = HIGH - FOOT
    bars = []
    for place, week in enumerate(weeks):
        height = room * week.objects / top
        day = spoken_day(week.monday, words)
        bars.append(
            Bar(round(place * step + step * 0.12, 1), round(room - height, 1), round(step * 0.76, 1),
                round(height, 1), day, week.objects)
        )  # fmt: skip
    return Chart(bars, top, round(room - room * needed / top, 1) if needed else None)


@router.get("/projects", dependencies=[WORKS])
def listed(request: Request, bench: OfArchive) -> Response:
    """All projects."""
    return _list(request, bench)


def _list(
    request: Request, bench: Bench, wrong: str = "", given: Answers | None = None, status: int = 200
) -> Response:
    found = [(item, key_of(item.name)) for item in campaigns(bench.archive.engine)]
    words = catalogue(language_of(request))
    return views.page(
        request,
        "collection/projects.html",
        status,
        found=found,
        wrong=wrong,
        given=given,
        number=grouped,
        day=lambda value: spoken_day(value, words),
    )


@router.get("/projects/{key}", dependencies=[WORKS])
def show(request: Request, bench: OfArchive, key: str) -> Response:
    """One project."""
    return _page(request, bench, key)


def _page(
    request: Request, bench: Bench, key: str, wrong: str = "", given: Answers | None = None, status: int = 200
) -> Response:
    found = _project(bench, key)
    words, today = catalogue(language_of(request)), _today()
    missing, whole = lacking(bench.archive.engine, found)
    forecast, needed = found.forecast(today), found.needed(today)
    late = (forecast - found.target).days if forecast and found.target else None
    return views.page(
        request,
        "collection/project.html",
        status,
        found=found,
        key=key,
        chart=chart(found.weeks, needed, words),
        forecast=forecast,
        needed=needed,
        late=late,
        missing=missing,
        whole=whole,
        wrong=wrong,
        given=given,
        number=grouped,
        day=lambda value: spoken_day(value, words),
    )


def _project(bench: Bench, key: str) -> Campaign:
    names = [item["name"] for item in search.project_list(bench.archive.engine)]
    name = next((name for name in names if key_of(name) == key), None)
    found = campaign(bench.archive.engine, name, _today()) if name is not None else None
    if found is None:
        raise Absent(key)
    return found


@router.post("/projects", dependencies=[CURATES])
def begin(request: Request, bench: OfArchive, form: Form) -> Response:
    """A new project."""
    name = form.one("name")
    try:
        if search.project(bench.archive.engine, name):
            raise UsageError(f"there is a project '{name}' already: choose another name")
        _describe(request, bench, name, form)
    except VestigeError as error:
        return _list(request, bench, fault(error), form, 422)
    return RedirectResponse(f"/projects/{key_of(name)}", status_code=303)


@router.post("/projects/{key}", dependencies=[CURATES])
def change(request: Request, bench: OfArchive, key: str, form: Form) -> Response:
    """Title, target, quotas and checks of a project, and what stops publication."""
    found = _project(bench, key)
    try:
        _describe(request, bench, found.name, form)
    except VestigeError as error:
        return _page(request, bench, key, fault(error), form, 422)
    return RedirectResponse(f"/projects/{key}", status_code=303)


def _describe(request: Request, bench: Bench, name: str, form: Answers) -> None:
    values = {
        "name": name,
        "title": form.one("title"),
        "target": form.one("target"),
        "quotas": [_quota(line) for line in form.one("quotas").splitlines() if line.strip()],
        "checks": [line.strip() for line in form.one("checks").splitlines() if line.strip()],
        "stops": [line.strip() for line in form.one("stops").splitlines() if line.strip()],
    }
    bench.acting(str(getattr(request.state, "who", ""))).describe_project(values)


def _quota(line: str) -> dict[str, Any]:
    """'Graz: 1200' as a quota.

    Raises
    ------
    UsageError
        where no number stands at the end.
    """
    institution, _, number = line.rpartition(":")
    digits = "".join(number.split()).replace(".", "")
    if not institution.strip() or not digits.isdecimal() or len(digits) > 12:
        raise UsageError(f"'{line.strip()[:60]}' is no quota: write an institution, a colon, and a number")
    return {"institution": institution.strip(), "objects": int(digits)}
