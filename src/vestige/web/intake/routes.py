"""Addresses of taking in: the list of trays, one tray, the pieces of its files, and what is said of it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from vestige.archive import search
from vestige.capture.coordinates import AXES
from vestige.errors import VestigeError
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form, body
from vestige.web.faults import Absent, fault
from vestige.web.intake import clearing
from vestige.web.intake.corrections import corrected
from vestige.web.intake.proposal import OBJECT, ROLES, described, propose
from vestige.web.intake.tray import MOST_BYTES, Offset, Part, Tray, check_digest
from vestige.web.intake.watch import keep_watched, load_watched
from vestige.web.language import language_of
from vestige.web.phrases import said
from vestige.web.running.choice import techniques
from vestige.web.running.telling import stream
from vestige.web.views import page

router = APIRouter(prefix="/intake", include_in_schema=False, dependencies=[Depends(needs("operator"))])
#: A piece of a file is at most this large, and may take this long to arrive.
PIECE_BYTES, PIECE_SECONDS = 8 << 20, 60.0
#: Rows of the table on one sheet.
SHEET = 100
Whole = Annotated[int, Query(ge=0, le=MOST_BYTES)]


def tray_of(bench: OfArchive, key: str) -> Tray:
    """The tray named in an address."""
    return Tray.of(bench.open_captures, key)


OfTray = Annotated[Tray, Depends(tray_of)]


@router.get("")
def listing(request: Request, bench: OfArchive) -> HTMLResponse:
    """What is being taken in, and a place to drop the next folder."""
    trays = [(tray, tray.state(), tray.files()) for tray in Tray.all(bench.open_captures)[:60]]
    return page(
        request,
        "intake/list.html",
        open_trays=[item for item in trays if item[1].state != "done"],
        done_trays=[item for item in trays if item[1].state == "done"][:12],
        thrown=clearing.thrown(bench.desk)[:30],
        days=clearing.DAYS,
        watched=load_watched(bench.desk).folders,
        problems=bench.watcher.problems,
        shelf=bench.shelf,
        piece=PIECE_BYTES // 2,
    )


@router.post("")
def begin(request: Request, bench: OfArchive, answers: Form) -> Response:
    """A new tray; for scripts its key, for people its page."""
    identifier = answers.one("identifier")[:300]
    values = {"identifier": identifier} if identifier else {}
    who = getattr(request.state, "who", "")
    tray = Tray.begin(bench.open_captures, who=who, source=answers.one("source")[:200], values=values)
    bench.workshop.news.tell()
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"key": tray.key}, 201)
    return RedirectResponse(f"/intake/{tray.key}", status_code=303)


@router.post("/watched", dependencies=[Depends(needs("admin"))])
def watch(request: Request, bench: OfArchive, answers: Form) -> Response:
    """Set which folders are watched."""
    folders = [line.strip() for line in answers.one("folders").splitlines() if line.strip()]
    try:
        keep_watched(bench.desk, bench.folder, folders[:20])
    except VestigeError as error:
        return page(request, "problem.html", 422, sentence=fault(error))
    return RedirectResponse("/intake", status_code=303)


@router.post("/thrown/empty", dependencies=[Depends(needs("technician"))])
def empty_thrown(bench: OfArchive) -> Response:
    """Remove for good what was thrown away."""
    clearing.empty(bench.desk)
    return RedirectResponse("/intake", status_code=303)


@router.post("/thrown/back/{name}")
def take_back(bench: OfArchive, name: str) -> Response:
    """Put a tray that was thrown away back among the open ones."""
    tray = clearing.take_back(bench.desk, bench.open_captures, name)
    bench.workshop.news.tell()
    return RedirectResponse(f"/intake/{tray.key}", status_code=303)


@router.get("/{key}")
def one(
    request: Request, bench: OfArchive, tray: OfTray, sheet: Annotated[int, Query(ge=0, le=1000)] = 0
) -> HTMLResponse:
    """One tray: its frames, what is missing, what is said of the object."""
    return _one(request, bench, tray, sheet)


@router.get("/{key}/view")
def view(
    request: Request, bench: OfArchive, tray: OfTray, sheet: Annotated[int, Query(ge=0, le=1000)] = 0
) -> HTMLResponse:
    """The part of a tray's page that changes while files arrive."""
    return _one(request, bench, tray, sheet, template="intake/tray_part.html")


def _one(
    request: Request,
    bench: Bench,
    tray: Tray,
    sheet: int = 0,
    *,
    template: str = "intake/tray.html",
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    state = tray.state()
    found = propose(tray)
    identifier = found.capture.thing.identifier
    known = search.by_identifier(bench.archive.engine, identifier) if identifier else None
    return page(
        request,
        template,
        status,
        tray=tray,
        state=state,
        found=found,
        known_axes=AXES,
        rows=found.rows[sheet * SHEET : (sheet + 1) * SHEET],
        sheet=sheet,
        sheets=(len(found.rows) + SHEET - 1) // SHEET,
        size_of_sheet=SHEET,
        parts=tray.parts(),
        techniques=techniques(),
        fields=[(name, _value(state.object, found, name)) for name in OBJECT],
        known=known,
        more_said=any(state.object.get(name) for name in OBJECT[3:]),
        roles=ROLES,
        shelf_key=bench.shelf.key(tray.folder),
        problem=problem,
        piece=PIECE_BYTES // 2,
    )


def _value(said: dict[str, str], found: Any, name: str) -> str:
    thing = found.capture.thing
    inferred = {"identifier": thing.identifier, "title": thing.title, "rights": found.capture.rights.licence}
    return said.get(name, "") or inferred.get(name, "")


@router.get("/{key}/files")
def files(tray: OfTray) -> JSONResponse:
    """What has arrived and what was cut off, for a browser that goes on."""
    have = [
        {"name": frame.file.partition("/")[2], "size": (tray.folder / frame.file).stat().st_size}
        for frame in tray.files()
    ]
    return JSONResponse({"files": have, "parts": [_plain(part) for part in tray.parts()]})


def _plain(part: Part) -> dict[str, Any]:
    return {"name": part.name, "size": part.size, "modified": part.modified, "offset": part.offset}


@router.post("/{key}/piece")
async def piece(
    request: Request,
    bench: OfArchive,
    tray: OfTray,
    name: Annotated[str, Query(min_length=1, max_length=1000)],
    size: Whole,
    offset: Whole,
    modified: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> JSONResponse:
    """A piece of a file; the answer says where to go on. 409 tells where the file really ends."""
    data = await body(request, PIECE_BYTES, PIECE_SECONDS)
    try:
        check_digest(data, request.headers.get("x-digest", ""))
        whole = await asyncio.to_thread(tray.take_piece, name, size, modified, offset, data)
    except Offset as error:
        return JSONResponse({"offset": error.offset}, 409)
    except VestigeError as error:
        return JSONResponse({"fault": said(fault(error), language_of(request))}, 422)
    if whole:
        bench.workshop.news.tell()
    return JSONResponse({"offset": offset + len(data), "whole": whole})


@router.post("/{key}/object")
def describe(request: Request, bench: OfArchive, tray: OfTray, answers: Form) -> Response:
    """What is said of the object, and which technique it was made for."""
    known = {one.name for one in techniques()}
    told = {name: answers.one(name)[:2000] for name in OBJECT if name in answers}
    chosen = answers.one("technique")
    try:
        tray.change(
            object={**tray.state().object, **told},
            technique=chosen if chosen in known else "",
        )
        if answers.one("act") == "take":
            return _take(request, bench, tray)
    except VestigeError as error:
        return _one(request, bench, tray, problem=fault(error), status=422)
    bench.workshop.news.tell()
    return RedirectResponse(f"/intake/{tray.key}", status_code=303)


def _take(request: Request, bench: Bench, tray: Tray) -> Response:
    """Order it to be taken in, where nothing stands against it."""
    found = propose(tray)
    if not found.ready:
        return _one(request, bench, tray, status=422)
    bench.archive.description_entry(described(tray.state()) | {"identifier": found.capture.thing.identifier})
    bench.porter.take(tray)
    return RedirectResponse(f"/intake/{tray.key}", status_code=303)


@router.post("/{key}/frames")
def correct(request: Request, bench: OfArchive, tray: OfTray, answers: Form) -> Response:
    """Correct roles and coordinates, frame by frame or as a series."""
    sheet = answers.one("sheet")
    back = (
        f"/intake/{tray.key}?sheet={int(sheet)}"
        if sheet.isdecimal() and len(sheet) < 5
        else f"/intake/{tray.key}"
    )
    try:
        told = {} if answers.one("act") == "forget" else corrected(propose(tray), tray.state(), answers)
        tray.change(said=told)
    except VestigeError as error:
        return _one(request, bench, tray, problem=fault(error), status=422)
    bench.workshop.news.tell()
    return RedirectResponse(f"{back}#table", status_code=303)


@router.post("/{key}/clear")
def clear(bench: OfArchive, tray: OfTray) -> Response:
    """Throw a tray away."""
    if tray.state().state == "taking":
        raise Absent(tray.key)
    tray.discard(bench.desk / clearing.THROWN)
    bench.workshop.news.tell()
    return RedirectResponse("/intake", status_code=303)


@router.get("/{key}/events")
def events(request: Request, bench: OfArchive, tray: OfTray) -> StreamingResponse:
    """Hear of files that arrive, and of it being taken in."""

    def look() -> dict[str, Any]:
        state = tray.state()
        return {
            "state": state.state,
            "files": len(tray.files()),
            "parts": len(tray.parts()),
            "fault": said(state.fault, language_of(request)),
        }

    told = stream(look, bench.workshop.news, request.app.state.stopping)
    return StreamingResponse(told, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
