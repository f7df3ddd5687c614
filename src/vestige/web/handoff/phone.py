"""Pages on the visitor's phone: an application of its own, the only one that the scanner's Wi-Fi leads to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vestige.deliver import Parcel, Scan, Session, Vault, document, parcel
from vestige.deliver.parcel import scan_file
from vestige.errors import VestigeError
from vestige.web.access.limits import Limit
from vestige.web.handoff.pages import HEADERS, drawn, page
from vestige.web.handoff.sending import sent
from vestige.web.language import COOKIE, LANGUAGES, catalogue, language_of

_log = logging.getLogger("vestige.handoff")
_APPLE: Final = "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
_FIREFOX: Final = '<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
#: What phones ask to learn whether a network has internet, and the answer that keeps them in it.
PROBES: Final = {
    "/hotspot-detect.html": (200, "text/html", _APPLE),
    "/library/test/success.html": (200, "text/html", _APPLE),
    "/generate_204": (204, "", ""),
    "/gen_204": (204, "", ""),
    "/connecttest.txt": (200, "text/plain", "Microsoft Connect Test"),
    "/ncsi.txt": (200, "text/plain", "Microsoft NCSI"),
    "/success.txt": (200, "text/plain", "success\n"),
    "/canonical.html": (200, "text/html", _FIREFOX),
    "/check_network_status.txt": (200, "text/plain", "NetworkManager is online\n"),
}
#: Requests of one address: at once, and each second after that. A page of 100 scans asks 100 at once.
AT_ONCE: Final = 400
A_SECOND: Final = 40.0

_Answer = Callable[[Request, Session], Response]


class _Shared(NamedTuple):
    vault: Vault
    lost: bytes


def phone_app(vault: Vault, *, at_once: int = AT_ONCE, a_second: float = A_SECOND) -> ASGIApp:
    """The pages behind a session's token; every other address is the same page that says nothing.

    >>> import tempfile
    >>> callable(phone_app(Vault(tempfile.mkdtemp())))
    True
    """
    lost = drawn("handoff/lost.html", "en", other="de", words=catalogue("de")).encode()
    shared = _Shared(vault, lost)
    behind: dict[str, _Answer] = {
        "/s/{token}": _listed,
        "/s/{token}/list": _list_part,
        "/s/{token}/scan/{number}": _one,
        "/s/{token}/small/{number}": _small,
        "/s/{token}/picture/{number}/{name}": partial(_picture, save=False),
        "/s/{token}/save/{number}/{name}": partial(_picture, save=True),
        "/s/{token}/zip/{count}/{name}": partial(_all, make=parcel),
        "/s/{token}/pdf/{count}/{name}": partial(_all, make=document),
        "/s/{token}/in/{language}": _speak,
    }
    routes = [Route(path, partial(_answered, shared, answer)) for path, answer in behind.items()]
    routes += [Route(path, partial(_probed, told)) for path, told in PROBES.items()]
    routes += [Route(f"/{name}", partial(_asset, name)) for name in ("phone.css", "phone.js")]
    app = Starlette(
        routes=routes,
        exception_handlers={404: partial(_lost, shared), 405: partial(_lost, shared), 500: _failed},
    )
    app.router.redirect_slashes = False
    return _Gate(app, Limit(at_once, a_second))


class _Gate:
    """Counts requests of each address, puts the headers on, and lets no fault tell what it was about."""

    def __init__(self, app: ASGIApp, limit: Limit) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        if not self.limit.take((scope.get("client") or ("",))[0]):
            busy = Response("Too many requests.\n", 429, {**HEADERS, "Retry-After": "5"}, "text/plain")
            await busy(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for key, value in HEADERS.items():
                    headers.setdefault(key, value)
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except ConnectionError:
            # The session ended under a download: no end of the body is sent, so the phone knows it is cut.
            return
        except Exception as error:  # a traceback would name files and addresses
            _log.error("a phone's request failed: %s", type(error).__name__)


async def _answered(shared: _Shared, answer: _Answer, request: Request) -> Response:
    session = shared.vault.find(request.path_params["token"])
    if session is None:
        return await _lost(shared, request, None)
    try:
        return await asyncio.to_thread(answer, request, session)
    except (VestigeError, OSError, LookupError, ValueError):
        return await _lost(shared, request, None)


async def _lost(shared: _Shared, request: Request, error: Exception | None) -> Response:
    """One page for what never was, what is over, and what belongs to somebody else."""
    return Response(shared.lost, 404, {"Cache-Control": "no-store"}, "text/html")


async def _failed(request: Request, error: Exception) -> Response:
    return Response("This did not work. Try again.\n", 500, media_type="text/plain")


async def _probed(told: tuple[int, str, str], request: Request) -> Response:
    status, media_type, text = told
    return Response(text or None, status, {"Cache-Control": "no-store"}, media_type or None)


async def _asset(name: str, request: Request) -> Response:
    kind = name.rpartition(".")[2]
    text = (files("vestige.web") / "static" / kind / "handoff" / name).read_bytes()
    media_type = "text/css" if kind == "css" else "text/javascript"
    return Response(text, 200, {"Cache-Control": "max-age=3600"}, media_type)


def _listed(request: Request, session: Session) -> Response:
    return page(request, "handoff/phone.html", language_of(request), **_told(session))


def _list_part(request: Request, session: Session) -> Response:
    return page(request, "handoff/phone_list.html", language_of(request), **_told(session))


def _one(request: Request, session: Session) -> Response:
    scan = _scan(request, session)
    return page(request, "handoff/phone_scan.html", language_of(request), scan=scan, **_told(session))


def _told(session: Session) -> dict[str, Any]:
    scans = session.scans
    told: dict[str, Any] = {
        "place": f"/s/{session.token}",
        "scans": scans,
        "day": "",
        "zip": None,
        "pdf": None,
    }
    if scans:
        told |= {"day": f"{scans[-1].made:%Y-%m-%d}", "zip": parcel(scans).size, "pdf": document(scans).size}
    return told


def _scan(request: Request, session: Session) -> Scan:
    number = int(request.path_params["number"])
    if number < 1:
        raise LookupError
    return session.scans[number - 1]


def _small(request: Request, session: Session) -> Response:
    scan = _scan(request, session)
    return Response(scan.preview.read_bytes(), 200, {"Cache-Control": "private, max-age=600"}, "image/jpeg")


def _picture(request: Request, session: Session, *, save: bool) -> Response:
    scan = _scan(request, session)
    return sent(request, session, scan_file(scan), scan.name, save=save)


def _all(request: Request, session: Session, *, make: Callable[[tuple[Scan, ...]], Parcel]) -> Response:
    """The first `count` scans as one file: the address of a file never gives another file later."""
    count = int(request.path_params["count"])
    if not 1 <= count <= len(session.scans):
        raise LookupError
    scans = session.scans[:count]
    made = make(scans)
    suffix = "zip" if made.media_type == "application/zip" else "pdf"
    return sent(request, session, made, f"scans-{scans[-1].made:%Y-%m-%d}.{suffix}", save=True)


def _speak(request: Request, session: Session) -> Response:
    chosen = request.path_params["language"]
    if chosen not in LANGUAGES:
        raise LookupError
    answer = RedirectResponse(f"/s/{session.token}", 303)
    answer.set_cookie(COOKIE, chosen, max_age=3600, httponly=True, samesite="strict")
    return answer
