"""Pages on which something is made of captures: choose an operation, set its recipe, look, queue it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from vestige.contract.operation import Operation, Technique
from vestige.contract.recipe import Recipe
from vestige.contract.registry import technique
from vestige.errors import UsageError, VestigeError
from vestige.imaging import probe
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Answers, Form
from vestige.web.faults import Absent, fault
from vestige.web.language import language_of
from vestige.web.phrases import said as in_words
from vestige.web.running import benchwork
from vestige.web.running.benchwork import Subject
from vestige.web.running.choice import choices, needs_capture, varying
from vestige.web.running.forms import fields, filled, presets, texts
from vestige.web.running.previews import Look, Stale
from vestige.web.views import page

router = APIRouter(prefix="/run", include_in_schema=False, dependencies=[Depends(needs("technician"))])
#: So many captures are worked on by one form.
MOST = 1000
#: A preview is at most this many pixels long.
_LARGEST = 1600
Keys = Annotated[list[str], Query(alias="capture", max_length=MOST)]
#: Where an operation needs no capture, none is named.
SomeKeys = Annotated[list[str], Query(alias="capture", max_length=MOST, default_factory=list)]


def subjects_of(bench: Bench, keys: list[str]) -> list[Subject]:
    """The captures of these keys, each once; an Absent where there is none."""
    found = [benchwork.subject(bench.archive, key) for key in dict.fromkeys(keys)]
    if not found:
        raise Absent("capture")
    return found


def wanted(name: str, operation: str) -> tuple[Technique, Operation]:
    """The operation named in an address; an Absent where there is none."""
    try:
        found = technique(name)
        return found, found.operation(operation)
    except VestigeError:
        raise Absent(operation) from None


@router.get("/choose")
def choose(request: Request, bench: OfArchive, capture: Keys) -> HTMLResponse:
    """Which operation: those that fit the captures first, all others below."""
    from vestige.web.running.chains import fitting_chains

    given = subjects_of(bench, capture)
    found = choices(given[0].capture)
    best = [choice for choice in found if choice.fits > 0]
    if best:
        _warm(bench, given[0], (best[0].technique, best[0].operation))
    return page(
        request,
        "running/choose.html",
        subjects=given,
        axes=varying(given[0].capture),
        best=best[:3],
        others=best[3:] + [choice for choice in found if choice.fits <= 0],
        chains=fitting_chains(given[0].capture),
    )


@router.get("/make/{name}/{operation}")
def form(request: Request, bench: OfArchive, name: str, operation: str, capture: SomeKeys) -> Response:
    """The recipe as a form, with a live preview where the operation has one."""
    found = wanted(name, operation)
    if not capture and needs_capture(found[1]):
        return RedirectResponse("/run", status_code=303)
    if capture and not any(item.takes_capture for item in found[1].inputs):
        raise Absent(operation)
    given = subjects_of(bench, capture) if capture else []
    if given:
        _warm(bench, given[0], found)
    return _form(request, bench, given, found, texts(found[1].recipe()))


def _warm(bench: Bench, given: Subject, found: tuple[Technique, Operation]) -> None:
    """Open the session before the page asks for its first picture."""
    if found[1].open is not None:
        with contextlib.suppress(UsageError):
            bench.previews.warm(
                Look(benchwork.work_of(bench.archive, bench.desk, given, found, found[1].recipe()))
            )


def _form(
    request: Request,
    bench: Bench,
    given: list[Subject],
    found: tuple[Technique, Operation],
    shown: dict[str, str],
    *,
    faults: dict[str, str] | None = None,
    preset: str = "",
    status: int = 200,
) -> HTMLResponse:
    operation = found[1]
    further = [
        (item, benchwork.fitting(given[0], item) if given else [], benchwork.elsewhere(bench.archive, item))
        for item in operation.inputs
        if item.kind
    ]
    single = given[0] if len(given) == 1 else None
    return page(
        request,
        "running/form.html",
        status,
        subjects=given,
        technique=found[0],
        operation=operation,
        presets=presets(operation.recipe),
        preset=preset,
        fields=fields(operation.recipe, shown, faults),
        faults=faults or {},
        further=further,
        granted=bench.workshop.granted(),
        frames=len(given[0].capture.select()) if given else 0,
        pickable=pickable(single) if single else [],
        full=_size(single) if single and operation.open else "",
    )


@router.get("/products/{name}/{operation}/{item}")
def products(
    request: Request,
    bench: OfArchive,
    name: str,
    operation: str,
    item: str,
    words: Annotated[str, Query(max_length=300)] = "",
) -> HTMLResponse:
    """Products of the archive to choose from, by the words of their objects."""
    found = next((one for one in wanted(name, operation)[1].inputs if one.name == item and one.kind), None)
    if found is None:
        raise Absent(item)
    try:
        offers = benchwork.elsewhere(bench.archive, found, words)
    except UsageError:
        offers = []
    return page(request, "running/offers.html", item=found, offers=offers, products=[])


def pickable(given: Subject) -> list[dict[str, Any]]:
    """The frames of an object as a form offers them: number, file, and where their picture is."""
    return [
        {"file": frame.file, "picture": f"/frame/{given.key}/{number}?side=320"}
        for number, frame in enumerate(given.capture.frames[:MOST])
        if frame.role == "object"
    ]


def _size(given: Subject) -> str:
    """Width and height of the frames, by which a part of the preview is named; empty where none is known."""
    frames = given.capture.select()
    try:
        info = probe(given.capture.path(frames[len(frames) // 2]))
    except (VestigeError, IndexError):
        return ""
    return f"{info.width},{info.height}"


@router.post("/make/{name}/{operation}")
def submit(request: Request, bench: OfArchive, name: str, operation: str, answers: Form) -> Response:
    """Queue the work; back to the form, with what is wrong beside each field, where it cannot be."""
    found = wanted(name, operation)
    keys = answers.all("capture")[:MOST]
    given = subjects_of(bench, keys) if keys or needs_capture(found[1]) else []
    said = filled(found[1].recipe, answers)
    if said.recipe is None:
        preset = answers.one("preset")
        return _form(
            request,
            bench,
            given,
            found,
            dict(said.texts),
            faults=dict(said.faults),
            preset=preset,
            status=422,
        )
    try:
        jobs = _queue(bench, given, found, said.recipe, answers)
    except UsageError as error:
        return _form(request, bench, given, found, dict(said.texts), faults={"": fault(error)}, status=422)
    if len(jobs) > 1:
        from urllib.parse import urlencode

        return RedirectResponse(f"/jobs?{urlencode({'batch': jobs[0].batch})}", status_code=303)
    return RedirectResponse(f"/jobs/{jobs[0].id}", status_code=303)


def _queue(
    bench: Bench,
    given: list[Subject],
    found: tuple[Technique, Operation],
    recipe: Recipe,
    answers: Answers,
) -> list[Any]:
    named = {item.name: answers.one(f"input.{item.name}") for item in found[1].inputs}
    subjects: list[Subject | None] = [*given] or [None]
    works = [
        (
            one.identifier if one else found[0].title,
            benchwork.work_of(bench.archive, bench.desk, one, found, recipe, named),
        )
        for one in subjects
    ]
    batch = benchwork.batch_name(f"{found[0].title}") if len(works) > 1 else ""
    return benchwork.submit(bench.ledger, works, bench.workshop.granted(), batch=batch)


@router.post("/look/{name}/{operation}")
async def look(request: Request, bench: OfArchive, name: str, operation: str, answers: Form) -> Response:
    """A picture of what the recipe gives; 204 where the page has asked for a newer one since.

    The header `Provisional` says that it is made of some of the frames and that a better one follows.
    """
    found = wanted(name, operation)
    if found[1].open is None:
        raise Absent(operation)
    said = filled(found[1].recipe, answers)
    if said.recipe is None:
        return _faulty(request, said.faults)
    try:
        given = await asyncio.to_thread(benchwork.subject, bench.archive, answers.one("capture"))
        named = {item.name: answers.one(f"input.{item.name}") for item in found[1].inputs}
        work = benchwork.work_of(bench.archive, bench.desk, given, found, said.recipe, named)
        seen = Look(work, _region(answers), _whole(answers, "size", 64, _LARGEST, 1000), _frame(answers))
        shown = await asyncio.to_thread(bench.previews.picture, answers.one("page")[:64], seen)
    except Stale:
        return Response(status_code=204)
    except VestigeError as error:
        return _faulty(request, {"": fault(error)})
    told = {"Provisional": "1"} if shown.provisional else {}
    return Response(shown.jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store", **told})


def _faulty(request: Request, faults: Mapping[str, str]) -> JSONResponse:
    """What is wrong with the form, field by field, in the language of the page."""
    language = language_of(request)
    return JSONResponse({"faults": {name: in_words(text, language) for name, text in faults.items()}}, 422)


def _whole(answers: Answers, name: str, least: int, most: int, default: int) -> int:
    text = answers.one(name)
    return min(max(int(text), least), most) if text.isdecimal() and len(text) < 9 else default


def _frame(answers: Answers) -> int | None:
    return _whole(answers, "frame", 0, 10**6, 0) if answers.one("frame") else None


def _region(answers: Answers) -> tuple[int, int, int, int] | None:
    parts = answers.one("region").split(",")
    if len(parts) != 4 or not all(part.isdecimal() and len(part) < 9 for part in parts):
        return None
    left, top, width, height = (int(part) for part in parts)
    return (left, top, width, height) if width and height else None
