"""Addresses of an object: its page, edits and their undoing, checks, results made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from vestige.archive import search
from vestige.archive.chronicle import chronicle, made_again, remarks, verdicts
from vestige.archive.clearance import clear, missing
from vestige.archive.descriptions import FIELDS
from vestige.errors import UsageError
from vestige.publish.iiif.addresses import Addresses
from vestige.web import views
from vestige.web.access.embargo import seen
from vestige.web.access.roles import LOOKS, needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form
from vestige.web.collection import again
from vestige.web.collection.biography import field_name, lines, value_of
from vestige.web.collection.marks import placed, targets
from vestige.web.collection.origins import origins
from vestige.web.faults import Absent, fault
from vestige.web.language import catalogue, language_of

router = APIRouter(include_in_schema=False)
CURATES = Depends(needs("curator"))
#: The fields of an object in the order a person reads them; long texts in a larger field.
SHOWN = ("title", "description", "person", "place", "date", "collection", "project", "institution")
SPECIMEN = ("taxon", "collector", "number")
RIGHTS = ("rights", "embargo")
LONG = ("description", "rights")
#: Frames of each capture on the page, and happenings; the rest a click away.
FRAMES, LATEST = 18, 12


@dataclass(frozen=True)
class Slip:
    """An edit that was not taken: the field, what the person wrote, and why."""

    field: str
    written: str
    sentence: str


def object_of(bench: Bench, number: int) -> dict[str, Any]:
    """The object of that number; an Absent where there is none."""
    found = search.by_id(bench.archive.engine, number)
    if found is None:
        raise Absent(number)
    return found


def who_of(request: Request) -> str:
    """Who asks, as the log will name them."""
    return str(getattr(request.state, "who", ""))


@router.get("/object/{number}", dependencies=[LOOKS, Depends(seen)])
def show(
    request: Request, bench: OfArchive, number: int, done: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """An object: pictures, products, what is said of it, and its history."""
    return _page(request, bench, number, done=done)


def _page(
    request: Request,
    bench: Bench,
    number: int,
    *,
    slip: Slip | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    thing = object_of(bench, number)
    words = catalogue(language_of(request))
    happened = chronicle(bench.archive.engine, thing["identifier"])
    captures = search.captures_of(bench.archive.engine, number)
    project = search.project(bench.archive.engine, thing["project"]) if thing["project"] else None
    offered = targets(bench, captures, words)
    entries = [bench.shelf.capture(row["key"]) for row in captures]
    told: dict[str, Any] = {
        "thing": thing,
        "captures": list(zip(captures, entries, strict=True)),
        "origins": origins(bench, captures, made_again(happened), words),
        "verdicts": verdicts(happened, [*project["checks"], *project.get("stops", [])] if project else []),
        "stopping": missing(bench.archive, thing["identifier"]) if project else [],
        "history": lines(happened, thing, words),
        "remarks": placed(remarks(happened), offered),
        "targets": offered,
        "shown": _shown(thing),
        "rights": RIGHTS,
        "long": LONG,
        "value": lambda field: value_of(thing, field),
        "name": lambda field: field_name(field, words),
        "frames": FRAMES,
        "latest": LATEST,
        "slip": slip,
        "done": done if f"collection_done_{done}" in words else "",
        "manifest": Addresses(str(request.base_url).rstrip("/")).manifest(number),
    }
    return views.page(request, "collection/object.html", status, **told)


def _shown(thing: dict[str, Any]) -> list[str]:
    """The fields to show: the common ones, those of a specimen where one is set, the institution's own."""
    specimen = SPECIMEN if any(thing[name] for name in SPECIMEN) else ()
    return [*SHOWN, *specimen, *(f"other.{name}" for name in sorted(thing["other"]))]


def back(number: int, done: str, mark: str = "") -> RedirectResponse:
    """Back to the object, saying what was done."""
    return RedirectResponse(f"/object/{number}?done={done}{f'#{mark}' if mark else ''}", status_code=303)


@router.post("/object/{number}/edit", dependencies=[CURATES])
def edit(request: Request, bench: OfArchive, number: int, form: Form) -> Response:
    """Set one field; refused where somebody else changed it since the form was opened."""
    thing = object_of(bench, number)
    field, written, was = form.one("field"), form.one("value"), form.one("was")
    if form.one("name"):  # a further field of the institution's own
        field = f"other.{form.one('name')}"
    now, words = value_of(thing, field), catalogue(language_of(request))
    if now not in (was, written):
        sentence = words["collection_edit_meanwhile"].format(
            field=field_name(field, words), now=now or words["collection_nothing"]
        )
        return _page(request, bench, number, slip=Slip(field, written, sentence), status=409)
    try:
        bench.acting(who_of(request)).describe(thing["identifier"], _values(field, written))
    except UsageError as error:
        return _page(request, bench, number, slip=Slip(field, written, fault(error)), status=422)
    return back(number, "saved", "said")


@router.post("/object/{number}/undo", dependencies=[CURATES])
def undo(request: Request, bench: OfArchive, number: int, form: Form) -> Response:
    """Set a field to what it was before one of its edits: a new edit, so that this can be undone too."""
    thing = object_of(bench, number)
    told = form.one("sequence")
    happened = chronicle(bench.archive.engine, thing["identifier"])
    for item in happened:
        for change in item.changes:
            if str(item.sequence) == told and change.field == form.one("field"):
                values = _values(change.field, change.before)
                bench.acting(who_of(request)).describe(thing["identifier"], values)
                return back(number, "undone", "said")
    raise Absent(told)


def _values(field: str, value: str) -> dict[str, Any]:
    """One field as the archive takes it.

    Raises
    ------
    UsageError
        where there is no such field.
    """
    outer, _, inner = field.partition(".")
    if outer == "other" and inner:
        return {"other": {inner: value}}
    if field not in FIELDS or field == "other":
        raise UsageError(f"an object has no field '{field[:60]}'")
    return {field: value}


@router.post("/object/{number}/review", dependencies=[Depends(needs("technician"))])
def review(request: Request, bench: OfArchive, number: int, form: Form) -> Response:
    """Give a verdict on a check."""
    thing = object_of(bench, number)
    said = {"check": form.one("check"), "verdict": form.one("verdict"), "note": form.one("note")}
    bench.acting(who_of(request)).review(thing["identifier"], said)
    return back(number, "reviewed", "checks")


@router.post("/object/{number}/clear", dependencies=[CURATES])
def let_pass(request: Request, bench: OfArchive, number: int, form: Form) -> Response:
    """Let an object pass to publication although checks are missing; who and why stands in the log."""
    thing = object_of(bench, number)
    reason = form.one("reason").strip()
    if not reason:
        raise UsageError("say why it may be published although checks are missing")
    clear(bench.acting(who_of(request)), thing["identifier"], reason)
    return back(number, "cleared", "checks")


@router.post("/object/{number}/again/{key}", dependencies=[Depends(needs("technician"))])
def make_again(request: Request, bench: OfArchive, number: int, key: str) -> Response:
    """Make a kept result again, as a job."""
    entry = bench.shelf.result(key)
    if entry.report is None or entry.home != f"/object/{number}":
        raise Absent(key)
    again.submit_again(bench, entry, entry.report)
    return back(number, "again", f"made-{key[-16:]}")


@router.post("/object/{number}/equal/{key}", dependencies=[Depends(needs("technician"))])
def note_again(request: Request, bench: OfArchive, number: int, key: str) -> Response:
    """Write into the log what came of making a result again."""
    entry = bench.shelf.result(key)
    if entry.report is None or entry.home != f"/object/{number}":
        raise Absent(key)
    thing = object_of(bench, number)
    again.record(bench, who_of(request), thing["identifier"], key.partition("-")[0], entry.report)
    return back(number, "noted", f"made-{key[-16:]}")


@router.get("/object/{number}/again/{key}", dependencies=[LOOKS, Depends(seen)])
def how_far(request: Request, bench: OfArchive, number: int, key: str) -> Response:
    """How far the making of a result again is: the part of the page that changes."""
    thing = object_of(bench, number)
    entry = bench.shelf.result(key)
    if entry.report is None or entry.home != f"/object/{number}":
        raise Absent(key)
    words = catalogue(language_of(request))
    captures = search.captures_of(bench.archive.engine, number)
    done = made_again(chronicle(bench.archive.engine, thing["identifier"]))
    found = next(item for item in origins(bench, captures, done, words) if item.entry.key == key)
    return views.page(request, "collection/again.html", thing=thing, origin=found)
