"""The proof of a kept product, in the workbench."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from vestige.publish.iiif.names import thing_of
from vestige.web import views
from vestige.web.access.roles import LOOKS
from vestige.web.bench import OfArchive
from vestige.web.faults import Absent
from vestige.web.iiif.reach import Asking, base_of, object_seen
from vestige.web.site import proof
from vestige.web.site.things import kept

router = APIRouter(include_in_schema=False)


@router.get("/proof/{key}/{index}", dependencies=[LOOKS])
def show(
    request: Request, bench: OfArchive, reader: Asking, key: str, index: int, check: bool = False
) -> Response:
    """What a product was made from, by what, and how that was checked; `check` reads every byte now."""
    found = object_seen(bench.archive, int(thing_of(bench.archive, key[:64])["id"]), reader)
    thing = kept(bench.archive, found["identifier"], every_run=True)
    origin = next((item for item in thing.origins if item.entry.key == key), None)
    if origin is None:
        raise Absent(key)
    origin.entry.record(index)
    day = datetime.now(UTC).date().isoformat()
    fixity = proof.checked(origin.stored, day) if check and origin.stored else None
    address = f"/proof/{key}/{index}"
    told = proof.told(thing, origin, index, fixity=fixity, url=f"{base_of(request)}{address}")
    again = f"{origin.entry.home}#made-{origin.run[:16]}"
    return views.page(
        request,
        "site/kept_proof.html",
        **told,
        index=index,
        check_page=f"{address}?check=true",
        again_page=again,
    )
