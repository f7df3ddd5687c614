"""Addresses: operator mode. One picture, at most three large buttons, and nothing that can be lost."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from vestige.capture import Capture, Frame
from vestige.display import pictures
from vestige.errors import InputError, UsageError, VestigeError
from vestige.web.access.roles import needs
from vestige.web.bench import Bench, OfArchive
from vestige.web.bodies import Form
from vestige.web.faults import Absent
from vestige.web.operating.shooter import NothingCame, Shooter
from vestige.web.operating.volume import Volume
from vestige.web.views import page

router = APIRouter(prefix="/operate", include_in_schema=False, dependencies=[Depends(needs("operator"))])
#: The length of the picture that is looked at.
SIDE = 1600
#: What may be said to the person, beside what they are to do.
SAID = ("nothing", "broken", "full", "failed", "number", "")
Saying = Annotated[str, Query(max_length=12)]


def _scanner(request: Request) -> Shooter:
    found: Shooter | None = request.app.state.scanner_of_pages
    if found is None:
        raise Absent("scanner")
    return found


Scanner = Annotated[Shooter, Depends(_scanner)]


@router.get("")
def start(
    request: Request,
    bench: OfArchive,
    said: Saying = "",
    new: bool = False,
    kept: Annotated[int | None, Query(ge=0, le=1_000_000)] = None,
) -> Response:
    """Go on with a volume that is not done, or begin one; or hear that one is safe."""
    volumes = [] if new or kept is not None else Volume.all(bench.open_captures)[:2]
    told = [(volume.name, volume.sight()) for volume in volumes]
    return page(request, "operating/start.html", volumes=told, said=_known(said), kept=kept)


@router.post("")
def begin(request: Request, bench: OfArchive, answers: Form) -> Response:
    """Begin a volume."""
    try:
        volume = Volume.begin(bench.open_captures, answers.one("identifier"), request.state.who)
    except UsageError:
        return RedirectResponse("/operate?new=true&said=number", 303)
    return RedirectResponse(f"/operate/{volume.name}", 303)


@router.get("/{name}")
def scan(
    request: Request,
    name: str,
    bench: OfArchive,
    scanner: Scanner,
    said: Saying = "",
    finish: bool = False,
) -> Response:
    """The volume as it stands: take a page, look at it, or be done."""
    volume = Volume.find(bench.open_captures, name)
    with contextlib.suppress(VestigeError):  # the next press says what is wrong with the scanner's folder
        volume.settle(scanner)
    sight = volume.sight()
    asks = "finish" if sight.sealed or (finish and sight.pages) else "check" if sight.waiting else "ready"
    return page(request, "operating/scan.html", name=name, sight=sight, asks=asks, said=_known(said))


@router.get("/{name}/arrived")
def arrived(name: str, bench: OfArchive, scanner: Scanner) -> Response:
    """Whether the scanner's own button was pressed: a picture lies ready."""
    volume = Volume.find(bench.open_captures, name)
    return JSONResponse({"arrived": not volume.sight().waiting and scanner.arrived()})


@router.get("/{name}/picture/{number}")
def picture(name: str, number: int, bench: OfArchive) -> Response:
    """A picture that was taken, to look at; decoded in the limited child."""
    capture = Volume.find(bench.open_captures, name).capture()
    if not 0 <= number < len(capture.frames):
        raise Absent(number)
    data = _seen(bench, capture, capture.frames[number])
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


@router.post("/{name}/{act}")
def act(request: Request, name: str, act: str, bench: OfArchive, scanner: Scanner, answers: Form) -> Response:
    """Do what a button says, once, however often it is pressed."""
    try:
        volume = Volume.find(bench.open_captures, name)
    except Absent:
        if act != "finish":
            raise
        return RedirectResponse("/operate?kept=0", 303)  # pressed again, because the first answer was lost
    step = int(answers.one("step")) if answers.one("step").isdecimal() else -1
    if act == "shoot":
        said = _tried(lambda: volume.take(scanner, step, lambda path: _look(bench, path)))
    elif act == "good":
        said = _tried(lambda: volume.accept(step))
    elif act == "back":
        said = _tried(lambda: volume.back(step))
    elif act == "finish":
        return _finished(request, bench, volume, step, scanner)
    else:
        raise Absent(act)
    return RedirectResponse(f"/operate/{name}" + (f"?said={said}" if said else ""), 303)


def _finished(request: Request, bench: Bench, volume: Volume, step: int, scanner: Shooter) -> Response:
    try:
        pages = volume.finish(bench.acting(request.state.who), step, scanner)
    except Absent:  # another page of this volume was quicker
        return RedirectResponse("/operate?kept=0", 303)
    except VestigeError as error:
        said = "full" if not isinstance(error, InputError) else "failed"
        return RedirectResponse(f"/operate/{volume.name}?finish=true&said={said}", 303)
    return RedirectResponse(f"/operate?kept={pages}" if pages else f"/operate/{volume.name}", 303)


def _tried(act: Callable[[], Any]) -> str:
    """Do it; the word for what went wrong."""
    try:
        act()
    except NothingCame:
        return "nothing"
    except InputError:
        return "broken"
    except VestigeError:
        return "full"
    return ""


def _look(bench: Bench, path: Path) -> None:
    _seen(bench, Capture().at(path.parent), Frame(file=path.name))


def _seen(bench: Bench, capture: Capture, frame: Frame) -> bytes:
    return pictures.frame_picture(capture, frame, SIDE, pictures.cache_of(bench.folder))


def _known(said: str) -> str:
    return said if said in SAID else ""
