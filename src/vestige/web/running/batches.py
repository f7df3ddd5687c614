"""Pages for many captures at once: choose them, then one recipe for all or a chain over each."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from vestige.archive import search
from vestige.errors import UsageError, VestigeError
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form
from vestige.web.faults import Absent, fault
from vestige.web.running import benchwork
from vestige.web.running.chains import Known, fitting_chains, kept_chains, read_chain, submit_chain
from vestige.web.running.choice import alone
from vestige.web.running.making import MOST, subjects_of
from vestige.web.views import page

router = APIRouter(prefix="/run", include_in_schema=False, dependencies=[Depends(needs("technician"))])
#: Objects on one page of the list to choose from.
_SHOWN = 30
Words = Annotated[str, Query(max_length=300)]
After = Annotated[int | None, Query(ge=1, le=2**62)]


@router.get("")
def captures(request: Request, bench: OfArchive, words: Words = "", after: After = None) -> HTMLResponse:
    """Choose captures: searched, a page at a time."""
    problem = ""
    try:
        found = search.search(bench.archive.engine, words, after=after, limit=_SHOWN)
    except UsageError as error:
        found, problem = search.Page([], None), fault(error)
    rows = [
        (thing, capture)
        for thing in found.objects
        for capture in search.captures_of(bench.archive.engine, thing["id"])
    ]
    older = urlencode({"words": words, "after": found.after}) if found.after else ""
    return page(
        request,
        "running/captures.html",
        rows=rows,
        words_asked=words,
        older=older,
        problem=problem,
        alone=alone(),
    )


@router.get("/chain")
def chain(
    request: Request, bench: OfArchive, capture: Annotated[list[str], Query(max_length=MOST)]
) -> HTMLResponse:
    """A chain over captures: one that fits, one of the house, or one brought as TOML."""
    return _chain(request, bench, capture)


def _chain(
    request: Request, bench: Bench, keys: list[str], *, text: str = "", problem: str = "", status: int = 200
) -> HTMLResponse:
    given = subjects_of(bench, keys)
    return page(
        request,
        "running/chain.html",
        status,
        subjects=given,
        chains=_known(bench, given),
        text=text,
        problem=problem,
    )


@router.post("/chain")
def submit(request: Request, bench: OfArchive, answers: Form) -> Response:
    """Queue the chain on each capture as one batch."""
    keys = answers.all("capture")[:MOST]
    given = subjects_of(bench, keys)
    known: dict[str, Any] = {item.key: item for item in _known(bench, given)}
    text = answers.one("text")
    try:
        chosen = read_chain(text) if answers.one("chain") == "own" else None
        if chosen is None:
            if answers.one("chain") not in known:
                raise Absent("chain")
            chosen = known[answers.one("chain")].chain
        batch = benchwork.batch_name(chosen.name)
        submit_chain(bench.ledger, bench.desk, chosen, given, bench.workshop.granted(), batch)
    except VestigeError as error:
        return _chain(request, bench, keys, text=text, problem=fault(error), status=422)
    return RedirectResponse(f"/jobs?{urlencode({'batch': batch})}", status_code=303)


def _known(bench: Bench, given: list[benchwork.Subject]) -> list[Known]:
    return [*fitting_chains(given[0].capture), *kept_chains(bench.desk)]
