"""The screen beside the scanner: full screen, large targets, no way out. It listens on this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vestige.deliver import Counter, Mail, Session, Share, Stick, Sticks, code, copy_to
from vestige.deliver.cloud import Store
from vestige.errors import BudgetError, UsageError, VestigeError
from vestige.web.handoff.pages import HEADERS as PAGE_HEADERS
from vestige.web.handoff.pages import page
from vestige.web.language import COOKIE, LANGUAGES, catalogue, language_of
from vestige.web.packing import PackedFiles
from vestige.web.views import static_folder

#: With "no-referrer" browsers hide where a form was sent from, and none would be taken.
HEADERS: Final = {**PAGE_HEADERS, "Referrer-Policy": "same-origin"}
HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
#: Longest body of a form.
_LONGEST: Final = 4096


@dataclass
class Offer:
    """What this kiosk offers, and what it remembers of the stick that is in."""

    counter: Counter
    phone: str
    warning: float = 60.0
    sticks: Sticks | None = None
    mail: Mail | None = None
    webdav: bool = False
    store: Store | None = None
    stick: Stick | None = field(default=None, repr=False)

    @property
    def ways(self) -> list[str]:
        """The ways that are set up, the phone first."""
        found = ["phone"]
        if self.sticks:
            found.append("stick")
        if self.mail:
            found.append("mail")
        if self.webdav or self.store:
            found.append("cloud")
        return found


_Page = Callable[[Offer, Request, Session], Response]


def kiosk_app(offer: Offer) -> ASGIApp:
    """The pages of the screen; an address that is none of them leads back to the first."""

    @contextlib.asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        offer.counter.open()
        yield
        await asyncio.to_thread(offer.counter.close)

    shown: dict[str, _Page] = {
        "/phone": _phone,
        "/stick": _stick,
        "/mail": _mail,
        "/cloud": _cloud,
        "/done": _done,
        "/part": _part,
    }
    acted: dict[str, Callable[[Offer, Request, Session, dict[str, str]], Response]] = {
        "/still-here": _still_here,
        "/wipe": _wipe,
        "/stick": _to_stick,
        "/mail": _to_mail,
        "/cloud": _to_cloud,
    }
    routes = [
        Route("/", partial(_first, offer)),
        Route("/state", partial(_state, offer)),
        Route("/begin", partial(_begin, offer), methods=["POST"]),
        Route("/language/{code}", partial(_speak, offer)),
        Route("/small/{number}", partial(_with_session, offer, _small)),
        *(
            Route(path, partial(_with_session, offer, answer), methods=["GET"])
            for path, answer in shown.items()
        ),
        *(Route(path, partial(_acted, offer, answer), methods=["POST"]) for path, answer in acted.items()),
        Mount("/static", PackedFiles(directory=static_folder())),
    ]
    app = Starlette(routes=routes, lifespan=life, exception_handlers={404: _home, 405: _home})
    app.router.redirect_slashes = False
    return _Guard(app)


class _Guard:
    """Answers this machine's browser alone, and only what this page itself sends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        own = headers.get("origin", "null") == f"{scope['scheme']}://{host}"
        if name not in HOSTS or (scope["method"] not in ("GET", "HEAD") and not own):
            refusal = PlainTextResponse("This page answers only to its own screen.", 421, HEADERS)
            await refusal(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {key.lower() for key, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (k.encode(), v.encode())
                        for k, v in HEADERS.items()
                        if k.lower().encode() not in known
                    ),
                ]
            await send(message)

        await self.app(scope, receive, answer)


async def _home(request: Request, error: Exception) -> Response:
    return RedirectResponse("/", 303)


async def _first(offer: Offer, request: Request) -> Response:
    if offer.counter.session is None:
        said = "wiped" if request.query_params.get("done") else ""
        return _page(offer, request, "start.html", said=said)
    offer.counter.touch()
    return _page(offer, request, "scans.html", ways=offer.ways)


async def _state(offer: Offer, request: Request) -> Response:
    state = offer.counter.state()
    told = {
        "open": state.open,
        "version": state.version,
        "left": round(max(0.0, state.left)),
        "warn": state.open and state.left <= offer.warning,
        "fetching": state.fetching,
    }
    return JSONResponse(told, headers={"Cache-Control": "no-store"})


async def _begin(offer: Offer, request: Request) -> Response:
    await asyncio.to_thread(offer.counter.begin)
    return RedirectResponse("/", 303)


async def _speak(offer: Offer, request: Request) -> Response:
    chosen = request.path_params["code"]
    back = request.query_params.get("back", "/")
    offer.counter.touch()
    answer = RedirectResponse(back if back.lstrip("/") in {"", *offer.ways, "done"} else "/", 303)
    if chosen in LANGUAGES:
        answer.set_cookie(COOKIE, chosen, httponly=True, samesite="strict")
    return answer


async def _with_session(offer: Offer, answer: _Page, request: Request) -> Response:
    session = offer.counter.session
    way = request.url.path[1:]
    if session is None or (way in ("stick", "mail", "cloud") and way not in offer.ways):
        return RedirectResponse("/", 303)
    if way in (*offer.ways, "done"):  # the page asks for the others by itself: nobody need be there
        offer.counter.touch()
    try:
        return await asyncio.to_thread(answer, offer, request, session)
    except (OSError, LookupError, ValueError):
        return RedirectResponse("/", 303)


async def _acted(
    offer: Offer,
    answer: Callable[[Offer, Request, Session, dict[str, str]], Response],
    request: Request,
) -> Response:
    session = offer.counter.session
    if session is None:
        return RedirectResponse("/", 303)
    offer.counter.touch()
    form = await _form(request)
    with session.work():  # a long copy is no idleness
        return await asyncio.to_thread(answer, offer, request, session, form)


async def _form(request: Request) -> dict[str, str]:
    from urllib.parse import parse_qsl

    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=10))


def _page(offer: Offer, request: Request, template: str, **told: Any) -> Response:
    return page(
        request,
        f"handoff/{template}",
        language_of(request),
        state=offer.counter.state(),
        warning=offer.warning,
        **told,
    )


def _part(offer: Offer, request: Request, session: Session) -> Response:
    """What changes while the visitor scans, or joins."""
    where = request.query_params.get("of", "scans")
    if where == "phone":
        return _page(offer, request, "join.html", **_codes(offer, session))
    return _page(offer, request, "grid.html", ways=offer.ways)


def _small(offer: Offer, request: Request, session: Session) -> Response:
    number = int(request.path_params["number"])
    if number < 1:
        raise LookupError
    data = session.scans[number - 1].preview.read_bytes()
    return Response(data, 200, {"Cache-Control": "no-store"}, "image/jpeg")


def _codes(offer: Offer, session: Session) -> dict[str, Any]:
    access = offer.counter.access
    address = f"{offer.phone}/s/{session.token}"
    return {"join": code(access.text) if access else "", "access": access, "open_code": code(address)}


def _phone(offer: Offer, request: Request, session: Session) -> Response:
    return _page(offer, request, "to_phone.html", **_codes(offer, session))


def _done(offer: Offer, request: Request, session: Session) -> Response:
    return _page(offer, request, "done.html")


def _still_here(offer: Offer, request: Request, session: Session, form: dict[str, str]) -> Response:
    return Response(status_code=204)


def _wipe(offer: Offer, request: Request, session: Session, form: dict[str, str]) -> Response:
    offer.counter.done()
    answer = RedirectResponse("/?done=1", 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _stick(offer: Offer, request: Request, session: Session) -> Response:
    assert offer.sticks is not None
    try:
        found = offer.sticks.found()
    except VestigeError:
        found = []
    return _page(offer, request, "stick.html", found=len(found), result="", folder="")


def _to_stick(offer: Offer, request: Request, session: Session, form: dict[str, str]) -> Response:
    if offer.sticks is None:
        return RedirectResponse("/", 303)
    folder, result = "", "none"
    try:
        if found := offer.sticks.found():
            stick = found[0]
            try:
                folder = copy_to(offer.sticks.mount(stick), session.scans, date.today())  # noqa: DTZ011 - here
                result = "safe"
            finally:
                offer.sticks.eject(stick)
    except VestigeError:
        result = "failed" if result != "safe" else "not_ejected"
    return _page(offer, request, "stick.html", found=1, result=result, folder=folder)


def _mail(offer: Offer, request: Request, session: Session) -> Response:
    return _page(offer, request, "mail.html", result="", fits=_fits(offer, session))


def _fits(offer: Offer, session: Session) -> bool:
    return offer.mail is not None and offer.mail.size_of(session.scans) <= offer.mail.most_bytes


def _to_mail(offer: Offer, request: Request, session: Session, form: dict[str, str]) -> Response:
    words = catalogue(language_of(request))
    result = "failed"
    if offer.mail:
        with _told_as() as told:
            offer.mail.send(
                form.get("address", "").strip(),
                session.scans,
                words["handoff_mail_subject"],
                words["handoff_mail_text"],
            )
        result = told.get("result", "sent")
    return _page(offer, request, "mail.html", result=result, fits=_fits(offer, session))


def _cloud(offer: Offer, request: Request, session: Session) -> Response:
    return _page(
        offer, request, "cloud.html", result="", webdav=offer.webdav, store=bool(offer.store), folder=""
    )


def _to_cloud(offer: Offer, request: Request, session: Session, form: dict[str, str]) -> Response:
    folder = f"Scans {date.today():%Y-%m-%d} {session.folder.name[:4]}"  # noqa: DTZ011 - the day here
    with _told_as() as told:
        if form.get("to") == "store" and offer.store:
            offer.store.send(session.scans, folder)
        elif offer.webdav:
            share = Share.at(form.get("address", ""), form.get("user", ""), form.get("password", ""))
            share.send(session.scans, folder)
    result = told.get("result", "sent")
    return _page(
        offer,
        request,
        "cloud.html",
        result=result,
        webdav=offer.webdav,
        store=bool(offer.store),
        folder=folder,
    )


@contextlib.contextmanager
def _told_as() -> Any:
    """What went wrong as a word that the page has a sentence for."""
    told: dict[str, str] = {}
    try:
        yield told
    except UsageError:
        told["result"] = "wrong"
    except BudgetError:
        told["result"] = "large"
    except VestigeError:
        told["result"] = "failed"
