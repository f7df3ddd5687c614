"""Annotations of pictures: W3C Web Annotations in the archive's log.

Source: Web Annotation Data Model, https://www.w3.org/TR/annotation-model/; Media Fragments,
https://www.w3.org/TR/media-frags/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from vestige.archive import search
from vestige.archive.chronicle import Remark, chronicle, remarks
from vestige.archive.kept import CAPTURE
from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.errors import UsageError
from vestige.publish.iiif.annotations import selector as place_of
from vestige.publish.kept import result_key
from vestige.web import views
from vestige.web.access.embargo import seen
from vestige.web.access.roles import LOOKS, at_least, needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent

router = APIRouter(include_in_schema=False)
#: Kinds whose viewer shows a picture in which a place can be marked.
PICTURED = (Kind.IMAGE, Kind.DEPTH, Kind.BANDS, Kind.PAGE)
#: So many frames of a capture are offered in a list; the others are reached through the viewer.
OFFERED = 200
MEDIA = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'


@dataclass(frozen=True)
class Target:
    """A picture that can be annotated: its capture and file in the archive, its page here, its name."""

    capture: str
    path: str
    page: str
    label: str

    @property
    def value(self) -> str:
        """The target as a form sends it."""
        return f"{self.capture}:{self.path}"


def targets(bench: Bench, captures: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> list[Target]:
    """The pictures of an object: products first, then the frames of its captures."""
    found: list[Target] = []
    for capture in captures:
        shown = [_shown(bench, capture["key"], item, words) for item in capture["products"]]
        found += [target for _, target in sorted((pair for pair in shown if pair), key=lambda pair: pair[0])]
    for capture in captures:
        entry = bench.shelf.capture(capture["key"])
        for frame in entry.capture.frames[:OFFERED] if entry.capture else []:
            page = f"/capture/{capture['key']}"
            found.append(Target(capture["key"], f"{CAPTURE}/{frame.file}", page, frame.file))
    return found


def _shown(
    bench: Bench, capture: str, item: Mapping[str, Any], words: Mapping[str, str]
) -> tuple[str, Target] | None:
    """A product that is looked at as a picture, with its place among the others."""
    if item["kind"] not in PICTURED:
        return None
    page = _page_of(bench, capture, item)
    label = f"{item['name'].replace('_', ' ')} ({words.get('kind_' + item['kind'], item['kind'])})"
    return page, Target(capture, item["path"], page, label)


def placed(found: Sequence[Remark], offered: Sequence[Target]) -> list[tuple[Remark, Target | None]]:
    """Each remark with the picture it is about, where it is about one."""
    known = {(item.capture, item.path): item for item in offered}
    return [
        (item, known.get((item.capture, item.target)) or known.get((item.capture, _product(item.target))))
        for item in found
    ]


def _page_of(bench: Bench, capture: str, item: Mapping[str, Any]) -> str:
    entry = bench.shelf.result(result_key(capture, item["run"]))
    names = [record.name for record in entry.report.products] if entry.report else []
    place = names.index(item["name"]) if item["name"] in names else 0
    return f"/result/{entry.key}/{place}"


@router.get("/object/{number}/annotations.json", dependencies=[LOOKS, Depends(seen)])
def listed(request: Request, bench: OfArchive, number: int) -> JSONResponse:
    """The annotations of an object as a page of Web Annotations."""
    thing = search.by_id(bench.archive.engine, number)
    if thing is None:
        raise Absent(number)
    base = str(request.base_url).rstrip("/")
    address = f"{base}/object/{number}/annotations.json"
    found = remarks(chronicle(bench.archive.engine, thing["identifier"]))
    pages = _pages(bench, number)
    told = {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "id": address,
        "type": "AnnotationPage",
        "partOf": {"id": f"{base}/object/{number}", "type": "AnnotationCollection", "total": len(found)},
        "startIndex": 0,
        "items": [_annotation(item, base, number, pages) for item in found],
    }
    return JSONResponse(told, media_type=MEDIA, headers={"Cache-Control": "no-store"})


def _pages(bench: Bench, number: int) -> dict[tuple[str, str], str]:
    """The page on which each product is looked at."""
    found = search.captures_of(bench.archive.engine, number)
    return {
        (capture["key"], item["path"]): _page_of(bench, capture["key"], item)
        for capture in found
        for item in capture["products"]
    }


def _annotation(item: Remark, base: str, number: int, pages: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """One Web Annotation. The source names the file in the archive; `scope` the page where it is seen."""
    source = f"urn:vestige:capture:{item.capture}/{item.target}" if item.target else f"{base}/object/{number}"
    target: Any = source
    if selector := place_of(item):
        target = {"type": "SpecificResource", "source": source, "selector": selector}
        if page := pages.get((item.capture, _product(item.target))):
            target["scope"] = f"{base}{page}"
    return {
        "id": f"{base}/object/{number}#annotation-{item.number}",
        "type": "Annotation",
        "motivation": "commenting",
        "created": item.made.isoformat(),
        "modified": item.said.isoformat(),
        "creator": {"type": "Person", "nickname": item.who},
        "body": {"type": "TextualBody", "value": item.text, "format": "text/plain"},
        "target": target,
    }


def _product(target: str) -> str:
    """The product that a file belongs to: itself, or the folder it lies in."""
    parts = target.split("/")
    return "/".join(parts[:3]) if parts[0] == "products" else target


@router.get("/object/{number}/marking/{key}/{index}", dependencies=[LOOKS, Depends(seen)])
def marking(request: Request, bench: OfArchive, number: int, key: str, index: int) -> Response:
    """The remarks on one product, beside its viewer; nothing for a kind in which no place can be marked."""
    thing = search.by_id(bench.archive.engine, number)
    entry = bench.shelf.result(key)
    if thing is None or entry.home != f"/object/{number}":
        raise Absent(number)
    record = entry.record(index)
    if record.kind not in PICTURED:
        return Response("")
    exhibit = Exhibit(entry, index, pictures.cache_of(bench.shelf.root))
    place = f"products/{entry.folder.name}/{record.path}"
    whole = entry.path(index)
    files = {
        path.stem: place if path == whole else f"{place}/{path.relative_to(whole).as_posix()}"
        for _, path in exhibit.pictures()
    }
    capture = key.partition("-")[0]
    found = [
        item
        for item in remarks(chronicle(bench.archive.engine, thing["identifier"]))
        if item.capture == capture and _product(item.target) == place
    ]
    marks = [
        {
            "number": item.number,
            "text": item.text,
            "file": item.target,
            "region": item.region,
            "svg": item.svg,
        }
        for item in found
    ]
    told: dict[str, Any] = {"number": number, "capture": capture, "files": files, "found": found}
    told["annotates"] = at_least(getattr(request.state, "role", "admin"), "technician")
    return views.page(request, "collection/marking.html", marks=marks, **told)


@router.post("/object/{number}/annotations", dependencies=[Depends(needs("technician"))])
def annotate(request: Request, bench: OfArchive, number: int, form: Form) -> Response:
    """Leave a remark, or reword one."""
    thing = search.by_id(bench.archive.engine, number)
    if thing is None:
        raise Absent(number)
    archive = bench.acting(str(getattr(request.state, "who", "")))
    capture, _, target = form.one("target").partition(":")
    held = {row["key"] for row in search.captures_of(bench.archive.engine, number)}
    if capture and capture not in held:
        raise Absent(capture)
    said: dict[str, Any] = {"text": form.one("text"), "target": target}
    said |= {"region": _region(form), "svg": form.one("svg")}
    if form.one("replaces"):
        older = _standing(bench, thing["identifier"], form.one("replaces"))
        said["replaces"] = older.number
        if not form.one("target"):
            capture = older.capture
            said |= {"target": older.target, "region": older.region, "svg": older.svg}
    archive.annotate(thing["identifier"], said, capture=capture)
    return _answer(request, number)


@router.post("/object/{number}/annotations/withdraw", dependencies=[Depends(needs("technician"))])
def withdraw(request: Request, bench: OfArchive, number: int, form: Form) -> Response:
    """Take a remark back."""
    thing = search.by_id(bench.archive.engine, number)
    if thing is None:
        raise Absent(number)
    older = _standing(bench, thing["identifier"], form.one("annotation"))
    bench.acting(str(getattr(request.state, "who", ""))).withdraw(thing["identifier"], older.number)
    return _answer(request, number)


def _standing(bench: Bench, identifier: str, told: str) -> Remark:
    found = remarks(chronicle(bench.archive.engine, identifier))
    for item in found:
        if str(item.number) == told:
            return item
    raise Absent(told)


def _region(form: Form) -> tuple[float, ...] | None:
    """Left, top, width and height, where all four are given.

    Raises
    ------
    UsageError
        where one is no number, or the place has no size.
    """
    texts = [form.one(name) for name in ("x", "y", "w", "h")]
    if not any(texts):
        return None
    try:
        x, y, width, height = (float(text.replace(",", ".")) for text in texts)
    except ValueError:
        raise UsageError("a place in the picture needs four numbers: left, top, width, height") from None
    if not (width > 0 and height > 0 and abs(x) < 1e9 and abs(y) < 1e9 and width < 1e9 and height < 1e9):
        raise UsageError("a place in the picture needs a width and a height above 0")
    return x, y, width, height


def _answer(request: Request, number: int) -> Response:
    """Back to the object; a script that asked hears only that it is done."""
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"done": True})
    return Response(status_code=303, headers={"Location": f"/object/{number}?done=remarked#remarks"})
