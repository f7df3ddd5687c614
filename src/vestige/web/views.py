"""Pages: the shelf, a capture, a product folder."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from jinja2 import Environment, pass_context
from jinja2.runtime import Context

from vestige.archive.embargo import today
from vestige.capture import Coordinate
from vestige.contract.report_page import PAGE, readable, rows
from vestige.display import pictures
from vestige.display.entries import ResultEntry
from vestige.errors import VestigeError
from vestige.web import live, maps
from vestige.web.access.roles import at_least
from vestige.web.cards import telling
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent, fault
from vestige.web.language import COOKIE, LANGUAGES, catalogue, language_of
from vestige.web.looking import comparison
from vestige.web.looking.frames import told as looking_at_frames
from vestige.web.navigation import WAYS
from vestige.web.phrases import said
from vestige.web.pixels import Folder
from vestige.web.templating import environment
from vestige.web.viewers import VIEWERS

router = APIRouter(include_in_schema=False)
#: The appearances a person may choose, and the cookie that keeps the choice.
THEMES, THEME = ("system", "light", "dark"), "theme"
Back = Annotated[str, Query(max_length=300)]
#: A strip shows this many frames; more are on the next sheet.
SHEET = 120


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = environment(size=size, readable=readable, spoken=spoken, said=_said)
    made.globals["telling"] = telling
    return made


@pass_context
def _said(context: Context, sentence: str) -> str:
    """The sentence of an error, in the language of the page."""
    return said(sentence, context["language"])


def page(request: Request, template: str, status: int = 200, **told: Any) -> HTMLResponse:
    """A template in the language of the person who asks."""
    text = _environment().get_template(template).render(frame(request) | told)
    return HTMLResponse(
        text, status_code=status, headers={"Vary": "Accept-Language, Cookie", "Cache-Control": "no-cache"}
    )


def frame(request: Request) -> dict[str, Any]:
    """What every page is told: words, ways, the person who looks and the token that their forms send back."""
    language = language_of(request)
    words = catalogue(language)
    theme = request.cookies.get(THEME, "")
    account = getattr(request.state, "account", None)
    role = getattr(request.state, "role", "admin")
    workbench = request.app.state.bench is not None
    return {
        "language": language,
        "words": words,
        "t": words.__getitem__,
        "here": request.url.path,
        "back": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "theme": theme if theme in THEMES else THEMES[0],
        "csrf": getattr(request.state, "csrf", ""),
        "account": account,
        "today": today().isoformat(),
        "role": role,
        "workbench": workbench,
        "ways": [way for way in WAYS if workbench and role and at_least(role, way.role)],
    }


def size(count: int) -> str:
    """Bytes in words.

    >>> size(1536), size(12)
    ('1.5 kB', '12 B')
    """
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def spoken(coordinate: Coordinate) -> str:
    """A coordinate as a person reads it.

    >>> spoken(Coordinate(value=550, unit="nm"))
    '550 nm'
    """
    value = coordinate.value
    if isinstance(value, tuple):
        return "(" + ", ".join(f"{part:.2f}" for part in value) + ")"
    text = value if isinstance(value, str) else f"{value:.6g}"
    unit = {"deg": "°", "1": "", "": ""}.get(coordinate.unit, f" {coordinate.unit}")
    return f"{text}{unit}"


@router.get("/")
def index(request: Request, folder: Folder) -> HTMLResponse:
    """All that lies in the folder."""
    return page(request, "index.html", shelf=folder.scan())


@router.get("/shelf")
def shelf(request: Request, folder: Folder) -> HTMLResponse:
    """The part of the first page that changes when something comes into the folder."""
    return page(request, "shelf.html", shelf=folder.scan())


@router.get("/events")
def events(request: Request, folder: Folder) -> StreamingResponse:
    """The stream of what changes."""
    bench = request.app.state.bench
    told = live.stream(request, folder, bench.ledger if bench else None, request.app.state.stopping)
    return StreamingResponse(told, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.get("/capture/{key}")
def capture(
    request: Request, key: str, folder: Folder, sheet: Annotated[int, Query(ge=0, le=100000)] = 0
) -> HTMLResponse:
    """One capture: its frames with their coordinates."""
    entry = folder.capture(key)
    frames = list(enumerate(entry.capture.frames)) if entry.capture else []
    shown = frames[sheet * SHEET : (sheet + 1) * SHEET]
    sheets = (len(frames) + SHEET - 1) // SHEET
    told = looking_at_frames(entry, shown, spoken)
    stage = {"told": {"stage": told.pop("stage")}, **told}
    return page(
        request,
        "capture.html",
        entry=entry,
        frames=shown,
        total=len(frames),
        sheet=sheet,
        sheets=sheets,
        **stage,
    )


@router.get("/result/{key}")
@router.get("/result/{key}/{index}")
def result(request: Request, key: str, folder: Folder, index: int | None = None) -> HTMLResponse:
    """One product folder: a viewer of one product, and what was measured."""
    entry = folder.result(key)
    told: dict[str, Any] = {
        "entry": entry,
        "index": None,
        "record": None,
        "viewer": None,
        "told": {},
        "files": [],
        "sights": [],
    }
    if entry.report is None or not entry.report.products:
        return page(request, "result.html", **told, problem=entry.problem, **_record(entry))
    index = index if index is not None else telling(entry) or 0
    told |= {"index": index, "record": entry.record(index)}
    exhibit = Exhibit(entry, index, pictures.cache_of(folder.root))
    problem = ""
    try:
        told["files"] = [(n, path.name, path.stat().st_size) for n, path in enumerate(exhibit.files()[:200])]
        viewer = VIEWERS.get(exhibit.record.kind)
        told |= {"viewer": viewer, "told": viewer.tell(exhibit) if viewer else {}}
        if viewer and viewer.tell in maps.VIEWS:
            told["told"]["stage"]["closer"] = maps.closer(exhibit)
        told |= comparison.handed_out(exhibit, folder)
    except VestigeError as error:
        told |= {"viewer": None}
        problem = fault(error)
    return page(request, "result.html", **told, problem=problem, **_record(entry))


@router.get("/record/{key}")
def record(request: Request, key: str, folder: Folder) -> HTMLResponse:
    """The report of a run, within the page."""
    entry = folder.result(key)
    told: dict[str, Any] = {
        "entry": entry,
        "index": -1,
        "record": None,
        "viewer": None,
        "told": {},
        "files": [],
        "sights": [],
    }
    return page(request, "result.html", **told, problem=entry.problem, **_record(entry))


def _record(entry: ResultEntry) -> dict[str, Any]:
    """What stands beside every viewer: figures, warnings, how it was made."""
    report = entry.report
    return {
        "measurements": list(rows(report.measurements)) if report else [],
        "recipe": list(rows({k: v for k, v in report.recipe.items() if v != {}})) if report else [],
        "has_report": (entry.folder / PAGE).is_file(),
    }


@router.get("/language/{code}")
def choose(code: str, back: Back = "/") -> Response:
    """Keep the language that a person chose, and go back to where they were."""
    return _kept(COOKIE, code, LANGUAGES, back)


@router.get("/theme/{name}")
def appear(name: str, back: Back = "/") -> Response:
    """Keep the appearance that a person chose, and go back to where they were."""
    return _kept(THEME, name, THEMES, back)


def _kept(cookie: str, value: str, known: Container[str], back: str) -> Response:
    if value not in known:
        raise Absent(value)
    answer = RedirectResponse(inside(back), status_code=303)
    answer.set_cookie(cookie, value, max_age=31536000, httponly=True, samesite="strict")
    return answer


def inside(back: str) -> str:
    """An address of this site as it is; the first page for any other.

    >>> inside("/jobs?state=failed"), inside("//elsewhere.example"), inside("https://elsewhere.example")
    ('/jobs?state=failed', '/', '/')
    """
    parts = urlsplit(back)
    fits = (
        not parts.scheme and not parts.netloc and back.startswith("/") and not back.startswith(("//", "/\\"))
    )
    return back if fits and back.isprintable() else "/"


def static_folder() -> Path:
    """Where styles, scripts and fonts lie."""
    return Path(__file__).parent / "static"
