"""Addresses: the collection, an object, a project."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from vestige.archive import search
from vestige.archive.descriptions import FACETS
from vestige.archive.embargo import object_is_public
from vestige.errors import VestigeError
from vestige.web import views
from vestige.web.access.embargo import PublicOn, seen
from vestige.web.access.roles import LOOKS, at_least
from vestige.web.bench import Bench, OfArchive
from vestige.web.collection import marks, objects, projects
from vestige.web.collection.finding import FIELDS, PAGE, Question, found, question
from vestige.web.collection.portraits import portrait
from vestige.web.faults import Absent
from vestige.web.live import snapshot
from vestige.web.pixels import sign

router = APIRouter(include_in_schema=False)
router.include_router(objects.router)
router.include_router(marks.router)
router.include_router(projects.router)
Asked = Annotated[Question, Depends(question)]


@router.get("/")
def collection(
    request: Request,
    bench: OfArchive,
    asked: Asked,
    day: PublicOn,
    go: bool = False,
    part: Annotated[str, Query(pattern="^(cards)?$")] = "",
) -> Response:
    """The collection: a search, what narrows it, and a page of objects."""
    if go and (number := _known(bench, asked.words, day)):
        return RedirectResponse(f"/object/{number}", status_code=303)
    answer = found(bench.archive.engine, asked, day)
    told: dict[str, Any] = {"asked": asked, "found": answer, "fields": FIELDS, "page_size": PAGE}
    if part:
        return views.page(request, "collection/cards.html", **told, began=asked.after is not None)
    if "hx-request" in request.headers:
        return views.page(request, "collection/found.html", **told)
    works = at_least(getattr(request.state, "role", "admin"), "operator")
    told["state"] = snapshot(bench.shelf, bench.ledger) if works else None
    return views.page(request, "collection/index.html", **told)


def _known(bench: Bench, words: str, day: date | None) -> int | None:
    """The object whose identifier or number was typed or scanned."""
    try:
        number = int(search.find(bench.archive.engine, words)["id"])
    except VestigeError:
        return None
    return number if day is None or object_is_public(bench.archive.engine, number, day) else None


@router.get("/collection/values/{field}", dependencies=[LOOKS])
def values(
    bench: OfArchive, day: PublicOn, field: str, start: Annotated[str, Query(max_length=100)] = ""
) -> JSONResponse:
    """Values of a field that begin as typed."""
    if field not in FACETS:
        raise Absent(field)
    return JSONResponse(search.values_from(bench.archive.engine, field, start, public_on=day))


@router.get("/object/{number}/picture", dependencies=[LOOKS, Depends(seen)])
def picture(bench: OfArchive, number: int) -> Response:
    """The picture that stands for an object; a quiet sign where there is none."""
    try:
        made = portrait(bench.shelf, number)
    except (VestigeError, Absent):
        made = None
    if made is None:
        return sign()
    return Response(made[0], media_type=made[1], headers={"Cache-Control": "private, max-age=86400"})
