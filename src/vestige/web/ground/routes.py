"""Addresses of an interpretation: its features, what everybody says, what one person adds, its file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.background import BackgroundTask

from vestige.display.interpretation.export import write_interpretation
from vestige.display.interpretation.reviewed import AGREED
from vestige.errors import UsageError
from vestige.web.access.roles import LOOKS, at_least, needs
from vestige.web.bench import OfArchive
from vestige.web.bodies import Form
from vestige.web.faults import Absent
from vestige.web.ground import telling
from vestige.web.ground.interpretations import OvertakenError
from vestige.web.pixels import Shown

router = APIRouter(include_in_schema=False)
FRESH = {"Cache-Control": "no-store"}
#: Who may judge features.
INTERPRETER = "technician"
MEDIA = {"gpkg": "application/geopackage+sqlite3", "geojson": "application/geo+json"}
Metre = Annotated[float, Query(ge=-1e9, le=1e9, allow_inf_nan=False)]


def _who(request: Request) -> str:
    return str(getattr(request.state, "who", ""))


@router.get("/interpretation/{key}/{index}", dependencies=[LOOKS])
def whole(request: Request, bench: OfArchive, exhibit: Shown) -> JSONResponse:
    """The features as they were found, in columns, and everybody's standings."""
    who = _who(request) or bench.archive.who
    with bench.interpretations.of(exhibit) as reviewed:
        told: dict[str, Any] = {"who": who, "features": telling.columns(reviewed)}
        told["may"] = at_least(getattr(request.state, "role", "admin"), INTERPRETER)
        told["may"] = told["may"] and not bench.archive.read_only
        told |= telling.standings(reviewed, who, -1)
    return JSONResponse(told, headers=FRESH)


@router.get("/interpretation/{key}/{index}/since/{last}", dependencies=[LOOKS])
def since(request: Request, bench: OfArchive, exhibit: Shown, last: int) -> JSONResponse:
    """What anybody said since a record."""
    with bench.interpretations.of(exhibit) as reviewed:
        told = telling.standings(reviewed, _who(request) or bench.archive.who, last)
    return JSONResponse(told, headers=FRESH)


@router.get("/interpretation/{key}/{index}/outlines", dependencies=[LOOKS])
def outlines(
    request: Request,
    bench: OfArchive,
    exhibit: Shown,
    west: Metre,
    south: Metre,
    east: Metre,
    north: Metre,
    cell: Annotated[float, Query(ge=0, le=1e4, allow_inf_nan=False)] = 0.0,
    least: Annotated[float, Query(ge=0, le=1e6, allow_inf_nan=False)] = 0.0,
) -> JSONResponse:
    """The outlines in a box that are `least` metres long or longer, simplified to `cell` metres."""
    with bench.interpretations.of(exhibit) as reviewed:
        told = telling.outlines(
            reviewed, _who(request) or bench.archive.who, (west, south, east, north), cell, least
        )
    return JSONResponse(told, headers=FRESH)


@router.get("/interpretation/{key}/{index}/feature/{name}", dependencies=[LOOKS])
def feature(request: Request, bench: OfArchive, exhibit: Shown, name: str) -> JSONResponse:
    """One feature in full."""
    with bench.interpretations.of(exhibit) as reviewed:
        if not reviewed.known(name):
            raise Absent(name)
        told = telling.one(reviewed, _who(request) or bench.archive.who, name)
    return JSONResponse(told, headers=FRESH)


@router.post("/interpretation/{key}/{index}", dependencies=[Depends(needs(INTERPRETER))])
def judge(request: Request, bench: OfArchive, exhibit: Shown, form: Form) -> JSONResponse:
    """Add what this person says of a feature; 409 where they said something else in another window."""
    who = _who(request) or bench.archive.who
    values = {
        "entry": form.one("entry"),
        "feature": form.one("feature"),
        "seen": _number(form.one("seen")),
        "undone": _number(form.one("undone")),
        "text": form.one("text"),
        "outline": _outline(form.one("outline")),
    }
    status, number = 200, 0
    try:
        number = bench.interpretations.judge(exhibit, who, values)
    except OvertakenError:
        status = 409
    with bench.interpretations.of(exhibit) as reviewed:
        told = telling.standings(reviewed, who, _number(form.one("last")))
    return JSONResponse(told | {"number": number}, status, headers=FRESH)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0


def _outline(text: str) -> Any:
    """The coordinates of a MultiPolygon; the model checks what is in them.

    Raises
    ------
    UsageError
        where it is no JSON.
    """
    try:
        return json.loads(text) if text else []
    except (ValueError, RecursionError):
        raise UsageError("the outline is no list of polygons") from None


@router.get("/interpretation/{key}/{index}/file/{suffix}", dependencies=[LOOKS])
def stored(
    bench: OfArchive,
    exhibit: Shown,
    suffix: Literal["gpkg", "geojson"],
    of: Annotated[str, Query(max_length=200)] = AGREED,
) -> Response:
    """The interpretation of one person, or what all agree on, for a GIS and as labels for training."""
    with bench.interpretations.of(exhibit) as reviewed:
        if of != AGREED and of not in reviewed.said.interpreters():
            raise Absent(of)
        rows, reference = list(reviewed.rows(of)), reviewed.found.reference
    handle, name = tempfile.mkstemp(suffix=f".{suffix}")
    os.close(handle)
    path = Path(name)
    try:
        write_interpretation(path, rows, reference)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path,
        media_type=MEDIA[suffix],
        filename=f"interpretation.{suffix}",
        background=BackgroundTask(path.unlink, missing_ok=True),
        headers=FRESH,
    )
