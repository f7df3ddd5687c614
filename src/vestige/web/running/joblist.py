"""Pages of jobs: the queue and its history, one job as it goes on, and what becomes of its result."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from vestige.contract.registry import technique
from vestige.errors import VestigeError
from vestige.jobs import Job, State
from vestige.jobs.states import RETRIABLE, SETTLED
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form
from vestige.web.faults import Absent, fault
from vestige.web.language import catalogue, language_of
from vestige.web.running import benchwork
from vestige.web.running.telling import Pace, remaining, stream, told, usual
from vestige.web.views import page

router = APIRouter(prefix="/jobs", include_in_schema=False, dependencies=[Depends(needs("operator"))])
DOES = [Depends(needs("technician"))]
#: Jobs on one page of the list.
_SHOWN = 50
#: How much sooner a job that a person puts first goes.
_FIRST = 10
Number = Annotated[int, Query(ge=1, le=2**62)]


def job_of(bench: Bench, number: int) -> Job:
    """The job of a number; an Absent where there is none."""
    if not 0 < number < 2**62:
        raise Absent(number)
    try:
        return bench.ledger.job(number)
    except VestigeError:
        raise Absent(number) from None


@router.get("")
def listing(
    request: Request,
    bench: OfArchive,
    state: str = "",
    batch: Annotated[str, Query(max_length=300)] = "",
    before: Number | None = None,
) -> HTMLResponse:
    """The queue and its history, the newest first, all or those of a state or a batch."""
    wanted = State(state) if state in set(State) else None
    found = bench.ledger.jobs(state=wanted, batch=batch or None, before=before, limit=_SHOWN + 1)
    counts = bench.ledger.counts(batch=batch or None)
    older = {"state": state, "batch": batch, "before": found[_SHOWN - 1].id} if len(found) > _SHOWN else {}
    return page(
        request,
        "running/jobs.html",
        jobs=found[:_SHOWN],
        counts=counts,
        total=sum(counts.values()),
        states=list(State),
        chosen=wanted.value if wanted else "",
        batch=batch,
        batches=[(name, bench.ledger.counts(batch=name)) for name in bench.ledger.batches(limit=8)],
        settled=SETTLED,
        retriable=RETRIABLE,
        older=urlencode({k: v for k, v in older.items() if v}),
        problem=bench.workshop.problem,
        working=bench.workshop.working,
        name=name_of,
    )


@router.get("/events")
def all_events(request: Request, bench: OfArchive) -> StreamingResponse:
    """Hear of every job that moves: those that run, how many stand where."""
    words = catalogue(language_of(request))

    def look() -> dict[str, Any]:
        running = bench.ledger.jobs(state=State.RUNNING, limit=20)
        return {"counts": bench.ledger.counts(), "running": [told(job, words) for job in running]}

    return _events(request, bench, look)


@router.get("/{number}")
def one(request: Request, bench: OfArchive, number: int) -> HTMLResponse:
    """One job: how far it is, or what became of it."""
    return _one(request, bench, number)


@router.get("/{number}/part")
def part(request: Request, bench: OfArchive, number: int) -> HTMLResponse:
    """The part of a job's page that changes when it comes to its end."""
    return _one(request, bench, number, "running/job_part.html")


def _one(request: Request, bench: Bench, number: int, template: str = "running/job.html") -> HTMLResponse:
    job = job_of(bench, number)
    found = bench.ledger.work(number)
    return page(
        request,
        template,
        job=job,
        name=name_of(job),
        told=told(job, catalogue(language_of(request))),
        subject=_subject(bench, job),
        result=_result(bench, job),
        kept=benchwork.kept(job),
        last_words=job.words,
        before=[bench.ledger.job(item) for item in bench.ledger.needs(number)],
        settled=job.state in SETTLED,
        retriable=job.state in RETRIABLE,
        recipe={name: value for name, value in found.recipe.items() if value not in ({}, None, "")},
        usually=usual(bench.ledger, job),
        moment=_moment,
    )


@router.get("/{number}/events")
def events(request: Request, bench: OfArchive, number: int) -> StreamingResponse:
    """Hear how far one job is; the browser asks again by itself where the connection is cut."""
    job = job_of(bench, number)
    pace, usually = Pace(), usual(bench.ledger, job)
    words = catalogue(language_of(request))

    def look() -> dict[str, Any]:
        now = bench.ledger.job(number)
        return told(now, words, remaining(now, pace, usually))

    return _events(request, bench, look)


def _events(request: Request, bench: Bench, look: Any) -> StreamingResponse:
    stream_of = stream(look, bench.workshop.news, request.app.state.stopping)
    return StreamingResponse(stream_of, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.post("/batch", dependencies=DOES)
def act_on_batch(request: Request, bench: OfArchive, answers: Form) -> Response:
    """Cancel or retry all jobs of a batch, or keep its results: what cannot be kept hinders no other."""
    batch, act = answers.one("batch"), answers.one("act")
    found = bench.ledger.jobs(batch=batch, limit=10_000) if batch else []
    problem = ""
    for job in reversed(found):  # the steps of a chain in their order: what one made is there for the next
        if act == "cancel" and job.state not in SETTLED:
            bench.ledger.cancel(job.id)
        elif act == "retry" and job.state in RETRIABLE:
            bench.ledger.retry(job.id)
        elif act == "keep" and benchwork.has_result(job):
            try:
                benchwork.keep(bench.acting(getattr(request.state, "who", "")), job)
            except VestigeError as error:
                problem = problem or f"{job.id}: {fault(error)}"
    bench.workshop.news.tell()
    if problem:
        return page(request, "problem.html", 422, sentence=problem)
    return RedirectResponse(f"/jobs?{urlencode({'batch': batch})}", status_code=303)


@router.post("/{number}/{act}", dependencies=DOES)
def act(request: Request, bench: OfArchive, number: int, act: str) -> Response:
    """Cancel, retry, put first or last; keep its result, or throw it away."""
    job = job_of(bench, number)
    try:
        if act == "cancel":
            bench.ledger.cancel(number)
        elif act == "retry":
            if job.state in RETRIABLE:
                bench.ledger.retry(number)
        elif act in ("first", "last"):
            bench.ledger.prioritise(number, job.priority + (_FIRST if act == "first" else -_FIRST))
        elif act == "keep":
            benchwork.keep(bench.acting(getattr(request.state, "who", "")), job)
        elif act == "clear":
            benchwork.clear(bench.desk, job)
        else:
            raise Absent(act)
    except VestigeError as error:
        return page(request, "problem.html", 422, sentence=fault(error))
    bench.workshop.news.tell()
    return RedirectResponse(f"/jobs/{number}", status_code=303)


def name_of(job: Job) -> str:
    """What a job does, in the words of its technique."""
    try:
        found = technique(job.technique)
    except VestigeError:
        return f"{job.technique} {job.operation}"
    return found.title if job.operation == "run" else f"{found.title}: {job.operation}"


def _subject(bench: Bench, job: Job) -> benchwork.Subject | None:
    """The capture that a job is of, where it is one of the archive."""
    for source in bench.ledger.work(job.id).sources:
        for digest in source.digests:
            try:
                return benchwork.subject(bench.archive, digest)
            except Absent:
                continue
    return None


def _result(bench: Bench, job: Job) -> Any:
    """The result of a job on the desk, for the viewers."""
    if not benchwork.has_result(job):
        return None
    try:
        return bench.shelf.result(bench.shelf.key(Path(job.out)))
    except Absent:
        return None


def _moment(seconds: float) -> str:
    """A moment as the machine's clock shows it."""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
