"""Who may see what of an archive from elsewhere, and what every IIIF answer carries."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping
from typing import Annotated, Any
from weakref import WeakKeyDictionary

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from fastapi.responses import Response

from vestige.archive import Archive, search
from vestige.display.absence import Absent
from vestige.publish.iiif import ImageService
from vestige.publish.iiif.names import thing_of
from vestige.publish.rights import Reader, may_see, rights_of
from vestige.web.access.gate import foreign
from vestige.web.access.roles import at_least
from vestige.web.bench import OfArchive

#: Whoever works here sees what is not published yet.
STAFF = "operator"
#: What a page anywhere may read; it is sent no cookies, so that a page elsewhere is a stranger here.
CROSS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept, Cookie, Origin, Sec-Fetch-Site",
}
_PUBLIC, _PRIVATE = "public, max-age=86400", "private, max-age=600"
#: For so many seconds a description is not read again for each tile.
_MOMENT, _MOST = 2.0, 4096
_KEPT: WeakKeyDictionary[Archive, dict[str, tuple[Mapping[str, Any], float]]] = WeakKeyDictionary()


def images_of(bench: OfArchive) -> ImageService:
    """The image service of the archive."""
    return bench.images


Images = Annotated[ImageService, Depends(images_of)]


def reader_of(request: Request) -> Reader:
    """Who asks; a page elsewhere is a stranger, also on the machine of somebody who works here."""
    role = "" if foreign(request) else str(getattr(request.state, "role", ""))
    if at_least(role, STAFF):
        return Reader.STAFF
    return Reader.VISITOR if role else Reader.STRANGER


Asking = Annotated[Reader, Depends(reader_of)]


def object_seen(archive: Archive, number: int, reader: Reader) -> dict[str, Any]:
    """The object of a number, where the reader may see it; else it is absent, as if it were not there."""
    thing = search.by_id(archive.engine, number)
    if thing is None or not may_see(thing, reader):
        raise Absent(number)
    return thing


async def rights_seen(archive: Archive, capture: str, reader: Reader) -> tuple[str, bool]:
    """The address of the rights of a capture's object, and whether strangers may see it too."""
    kept = _KEPT.setdefault(archive, {})
    known, since = kept.get(capture, ({}, -math.inf))
    if time.monotonic() - since > _MOMENT:
        known = await run_sync(thing_of, archive, capture)
        if len(kept) > _MOST:
            kept.clear()
        kept[capture] = (known, time.monotonic())
    return _seen(known, capture, reader)


def rights_now(archive: Archive, capture: str, reader: Reader) -> tuple[str, bool]:
    """As `rights_seen`, read anew."""
    return _seen(thing_of(archive, capture), capture, reader)


def _seen(thing: Mapping[str, Any], capture: str, reader: Reader) -> tuple[str, bool]:
    if not may_see(thing, reader):
        raise Absent(capture)
    return rights_of(str(thing["rights"])).uri, may_see(thing, Reader.STRANGER)


def base_of(request: Request) -> str:
    """The address of this server, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def headers(mark: str, *, public: bool) -> dict[str, str]:
    """What an answer carries: who may keep it how long, and what changes when it does."""
    return CROSS | {"Cache-Control": _PUBLIC if public else _PRIVATE, "ETag": f'"{mark}"'}


def unchanged(request: Request, mark: str) -> bool:
    """Whether the asker has this very answer."""
    told = request.headers.get("if-none-match", "")
    return told.strip() == "*" or any(
        part.strip().removeprefix("W/").strip('"') == mark for part in told.split(",")
    )


def said(
    request: Request,
    value: Mapping[str, Any],
    *,
    context: str,
    public: bool,
    more: Mapping[str, str] | None = None,
    always: bool = False,
    lasting: bool = True,
) -> Response:
    """JSON-LD: as such where it is asked for, or `always`, else as JSON; `lasting` what hardly changes."""
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    mark = hashlib.sha256(data).hexdigest()[:24]
    told = headers(mark, public=public) | dict(more or {})
    if not lasting:
        told["Cache-Control"] = "public, no-cache" if public else "private, no-cache"
    if unchanged(request, mark):
        return Response(status_code=304, headers=told)
    wanted = always or "application/ld+json" in request.headers.get("accept", "")
    media = f'application/ld+json;profile="{context}"' if wanted else "application/json"
    return Response(data, media_type=media, headers=told)


def refused(status: int, sentence: str) -> Response:
    """A sentence why not."""
    kept = CROSS | {"Cache-Control": "no-store"}
    return Response(sentence + "\n", status, kept, "text/plain; charset=utf-8")
