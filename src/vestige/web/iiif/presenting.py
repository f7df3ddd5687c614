"""Addresses of manifests, annotations, collections, search and content state."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from vestige.archive.crate import METADATA
from vestige.archive.kept import ocfl_identifier
from vestige.display.absence import Absent
from vestige.errors import UsageError, VestigeError
from vestige.publish.iiif import collections, finding
from vestige.publish.iiif.addresses import Addresses
from vestige.publish.iiif.annotations import remark_page, word_page
from vestige.publish.iiif.leaves import MEDIA, TAKEN
from vestige.publish.iiif.manifests import CONTEXT, CONTEXT_4, CRATE, Work, canvas, manifest, scene
from vestige.publish.iiif.names import capture_of, product_of
from vestige.publish.iiif.state import decoded
from vestige.publish.kept import CAPTURE_KEY, kept_result
from vestige.publish.rights import Reader, may_see
from vestige.web.bench import OfArchive
from vestige.web.iiif.reach import (
    CROSS,
    Asking,
    Images,
    base_of,
    headers,
    object_seen,
    refused,
    rights_now,
    said,
)

router = APIRouter(include_in_schema=False)
METHODS = ["GET", "HEAD"]
Text = Annotated[str, Query(max_length=8000)]


def _work(request: Request, images: Images, reader: Asking, number: int) -> Work:
    thing = object_seen(images.archive, number, reader)
    return Work(images.archive, images, Addresses(base_of(request)), thing)


def _public(work: Work) -> bool:
    return may_see(work.thing, Reader.STRANGER)


def _told(
    request: Request, value: dict[str, Any], *, public: bool, context: str = CONTEXT, always: bool = True
) -> Response:
    """JSON-LD that a browser asks for anew each time: descriptions change."""
    return said(request, value, context=context, public=public, always=always, lasting=False)


@router.api_route("/iiif/collection", methods=METHODS)
def collections_of(request: Request, images: Images) -> Response:
    """The collection of collections."""
    return _told(request, collections.root(images.archive, Addresses(base_of(request))), public=True)


@router.api_route("/iiif/collection/{mark}", methods=METHODS)
def collection(
    request: Request,
    images: Images,
    reader: Asking,
    mark: str,
    after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Response:
    """A page of a collection."""
    try:
        made = collections.page(images.archive, Addresses(base_of(request)), reader, mark, after)
    except Absent:
        return refused(404, "There is no such collection.")
    return _told(request, made, public=reader is Reader.STRANGER)


@router.api_route("/iiif/presentation/{number}/manifest", methods=METHODS)
def of_object(request: Request, images: Images, reader: Asking, number: int) -> Response:
    """The manifest of an object."""
    try:
        work = _work(request, images, reader, number)
        return _told(request, manifest(work), public=_public(work))
    except Absent:
        return refused(404, "There is no such object.")


@router.api_route("/iiif/presentation/{number}/scene/{name}", methods=METHODS)
def of_scene(request: Request, images: Images, reader: Asking, number: int, name: str) -> Response:
    """A model as a scene, by the draft of version 4."""
    try:
        work = _work(request, images, reader, number)
        return _told(request, scene(work, name), public=_public(work), context=CONTEXT_4)
    except Absent:
        return refused(404, "There is no such scene.")


@router.api_route("/iiif/presentation/{number}/canvas/{name}", methods=METHODS)
def of_canvas(request: Request, images: Images, reader: Asking, number: int, name: str) -> Response:
    """One canvas."""
    try:
        work = _work(request, images, reader, number)
        made = canvas(work, work.leaf(name))
        if made is None:
            return refused(404, "This picture is damaged and cannot be shown.")
        return _told(request, {"@context": CONTEXT} | made, public=_public(work))
    except Absent:
        return refused(404, "There is no such canvas.")


@router.api_route("/iiif/presentation/{number}/canvas/{name}/{what}", methods=METHODS)
def beside(request: Request, images: Images, reader: Asking, number: int, name: str, what: str) -> Response:
    """What lies beside a canvas: its words, the remarks on it, its ALTO file."""
    try:
        work = _work(request, images, reader, number)
        leaf = work.leaf(name)
        if what == "alto" and leaf.sheet:
            kept = headers(images.mark(name, 3, "alto"), public=_public(work)) | _ATTACHED
            return FileResponse(leaf.sheet, media_type="application/xml", headers=kept)
        pages = {"words": word_page, "remarks": remark_page}
        if what not in pages:
            raise Absent(what)
        return _told(request, pages[what](work, leaf), public=_public(work))
    except Absent:
        return refused(404, "There is no such page of annotations.")
    except VestigeError:
        return refused(404, "The words of this page are damaged and cannot be shown.")


@router.api_route("/iiif/search/{number}", methods=METHODS)
def search_in(
    request: Request,
    images: Images,
    reader: Asking,
    number: int,
    q: Annotated[str, Query(max_length=500)] = "",
    motivation: Annotated[str, Query(max_length=100)] = "",
    start: Annotated[int, Query(ge=0, le=finding.MOST)] = 0,
) -> Response:
    """Words in the text of an object."""
    try:
        work = _work(request, images, reader, number)
        made = finding.found(work, q, motivation, start)
    except Absent:
        return refused(404, "There is no such object.")
    except UsageError as error:
        return refused(400, str(error))
    if ignored := [name for name in ("date", "user") if name in request.query_params]:
        made["ignored"] = ignored
    return _told(request, made, public=_public(work), context=finding.CONTEXT)


@router.api_route("/iiif/provenance/{key}", methods=METHODS)
def provenance(images: Images, reader: Asking, key: str) -> Response:
    """How everything of a capture was made, as an RO-Crate."""
    try:
        if not CAPTURE_KEY.fullmatch(key):
            raise Absent(key)
        _, public = rights_now(images.archive, key, reader)
        path = images.archive.store.path(ocfl_identifier(key), METADATA)
        data = path.read_bytes()
    except (Absent, VestigeError, OSError):
        return refused(404, "There is no such capture.")
    kept = CROSS | {"Cache-Control": "public, no-cache" if public else "private, no-cache"}
    return Response(data, media_type=f'application/ld+json;profile="{CRATE}"', headers=kept)


#: Files that a run made may carry scripts; none of them does anything here.
_ATTACHED = {"Content-Security-Policy": "default-src 'none'; sandbox"}


@router.api_route("/iiif/file/{name}", methods=METHODS)
def file(images: Images, reader: Asking, name: str) -> Response:
    """A file of a product as it is kept: models, documents, tables."""
    try:
        _, public = rights_now(images.archive, capture_of(name), reader)
        key, index, item = product_of(name)
        entry = kept_result(images.archive, key)
        files = entry.files(index)
        if entry.record(index).kind not in TAKEN or item >= len(files):
            raise Absent(name)
    except (Absent, VestigeError):
        return refused(404, "There is no such file.")
    path = files[item]
    if path.suffix.lower() not in MEDIA:
        return refused(404, "There is no such file.")
    kept = headers(images.mark(name, 3, "file"), public=public) | _ATTACHED
    return FileResponse(path, media_type=MEDIA[path.suffix.lower()][0], filename=path.name, headers=kept)


@router.api_route("/iiif/open", methods=METHODS)
def opened(
    bench: OfArchive,
    reader: Asking,
    content: Annotated[str, Query(alias="iiif-content", max_length=8000)] = "",
) -> Response:
    """What somebody passed on, opened in the workbench."""
    try:
        state = decoded(content)
        object_seen(bench.archive, state.number, reader)
    except Absent:
        return refused(404, "There is no such object.")
    except UsageError as error:
        return refused(400, str(error))
    address = f"/object/{state.number}"
    if state.name.startswith("r."):
        key, index, _ = product_of(state.name)
        address = f"/result/{key}/{index}"
    elif state.name:
        address = f"/capture/{capture_of(state.name)}"
    box = urlencode({"xywh": ",".join(map(str, state.box))}) if state.box else ""
    return RedirectResponse(address + (f"#{box}" if box else ""), 303)
