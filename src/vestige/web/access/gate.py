"""The gate: who asks, whether they may be heard at all, and that a change was meant by them.

It stands before every route. What each role may do is said in `vestige.web.access.table`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vestige.web.access.limits import Limit
from vestige.web.bodies import MOST_BYTES, MOST_SECONDS, body
from vestige.web.language import language_of
from vestige.web.phrases import said

if TYPE_CHECKING:
    from vestige.web.access import Access

#: Cookies: who is signed in; and, for forms of people who are not, which browser it is.
SIGNED_IN, VISIT = "signed_in", "visit"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Where strangers may go.
OPEN = ("/static/", "/sign-in", "/language/", "/theme/", "/iiif/")
#: One address and at most 600 changes at once, twenty more a second.
WRITES = Limit(600, 20.0)


class Gate:
    """Puts into ``request.state``: `account` (None where there are none), `who`, `role`, `csrf`, `token`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, send a stranger to sign in, or refuse."""
        if scope["type"] != "http" or scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        access: Access = scope["app"].state.access
        visit = await self._recognise(request, access)
        refusal = self._stranger(request, access)
        if refusal is None and scope["method"] not in SAFE:
            refusal, receive = await self._change(request, receive)
        if refusal is not None:
            if scope["method"] not in SAFE and access.audit:
                access.audit.note(
                    scope["method"],
                    who=request.state.who,
                    address=_address(scope),
                    path=scope["path"],
                    status=refusal.status_code,
                )
            await refusal(scope, receive, send)
            return
        await self.app(scope, receive, _answering(request, access, visit, send))

    async def _recognise(self, request: Request, access: Access) -> str:
        """Say in the state who asks; the mark of a browser that has none yet."""
        state, token = request.state, cookie(request, SIGNED_IN)
        state.account = await asyncio.to_thread(access.of, token) if access.accounts and token else None
        state.token = token if state.account else ""
        state.role = state.account.role if state.account else ("" if access.accounts else "admin")
        state.who = state.account.name if state.account else ("" if access.accounts else access.who)
        visit = cookie(request, VISIT)
        made = "" if len(visit) == 43 or state.token else secrets.token_urlsafe(32)
        state.csrf = csrf_of(state.token or made or visit)
        return made

    def _stranger(self, request: Request, access: Access) -> Response | None:
        if not access.accounts or request.state.account or request.url.path.startswith(OPEN):
            return None
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        way = "/sign-in" if asked == "/" else f"/sign-in?back={quote(asked, safe='')}"
        if request.headers.get("hx-request"):
            return _refusal("Please sign in.", request, 401, {"HX-Redirect": way})
        wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        return RedirectResponse(way, 303) if wants_page else _refusal("Please sign in.", request, 401)

    async def _change(self, request: Request, receive: Receive) -> tuple[Response | None, Receive]:
        """A change must come from a page of ours, and not too often."""
        if foreign(request):
            return _refusal("This was sent by a page elsewhere; it is not done.", request, 403), receive
        if not WRITES.take(request.state.who or _address(request.scope)):
            return _refusal("Too much at once; wait a moment.", request, 429, {"Retry-After": "5"}), receive
        shown = request.headers.get("x-csrf", "")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not shown and kind == "application/x-www-form-urlencoded":
            try:
                data = await body(request, MOST_BYTES, MOST_SECONDS)
            except HTTPException as error:
                return _refusal(error.detail, request, error.status_code, {"Connection": "close"}), receive
            shown, receive = _field(data), _again(data, receive)
        if not hmac.compare_digest(shown.encode(), request.state.csrf.encode()):
            sentence = "This page was too old to change anything: go back, load it again and repeat."
            return _refusal(sentence, request, 403), receive
        return None, receive


def _refusal(
    sentence: str, request: Request, status: int, headers: Mapping[str, str] | None = None
) -> PlainTextResponse:
    """The answer to what is not done: one sentence, in the language of the person who asked."""
    return PlainTextResponse(said(sentence, language_of(request)), status, headers)


def cookie(request: Request, name: str) -> str:
    """A cookie by its name: where the connection is encrypted, only the one that could not be forged."""
    return request.cookies.get(cookie_name(request, name), "")


def cookie_name(request: Request, name: str) -> str:
    """The name under which a browser keeps a cookie of ours.

    Over https it has the prefix that lets no other site of the same domain set it.
    """
    return f"__Host-{name}" if request.url.scheme == "https" else name


def csrf_of(secret: str) -> str:
    """What a form sends back so that we know it is ours; it cannot be had without the cookie.

    >>> len(csrf_of("what the cookie says"))
    64
    """
    return hmac.new(secret.encode(), b"csrf", hashlib.sha256).hexdigest()


def foreign(request: Request) -> bool:
    """Whether the browser itself says that a request comes from a page elsewhere."""
    if site := request.headers.get("sec-fetch-site", ""):
        return site not in ("same-origin", "none")
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    return bool(origin) and urlsplit(origin).netloc.lower() != host.lower()


def _field(data: bytes) -> str:
    try:
        found = parse_qs(data.decode("ascii", "replace"), max_num_fields=20_000).get("csrf", [""])
    except ValueError:
        return ""
    return found[-1]


def _again(data: bytes, receive: Receive) -> Receive:
    """A body that was read, to be read once more."""
    told = False

    async def once() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": data, "more_body": False}

    return once


def _answering(request: Request, access: Access, visit: str, send: Send) -> Send:
    """Keep the mark of a new browser, and note what was changed."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if visit and headers.get("content-type", "").startswith("text/html"):
                headers.append("Set-Cookie", set_cookie(request, VISIT, visit))
            if access.accounts:
                headers.setdefault("Cache-Control", "no-store")
            if request.method not in SAFE and access.audit:
                access.audit.note(
                    request.method,
                    who=request.state.who,
                    address=_address(request.scope),
                    path=request.url.path,
                    status=int(message["status"]),
                )
        await send(message)

    return answer


def set_cookie(request: Request, name: str, value: str, seconds: int | None = None) -> str:
    """The header that makes a browser keep a cookie where no script and no other site can read or send it."""
    made = SimpleCookie()
    key = cookie_name(request, name)
    made[key] = value
    made[key] |= {"path": "/", "httponly": True, "samesite": "Strict"}
    if request.url.scheme == "https":
        made[key]["secure"] = True
    if seconds is not None:
        made[key]["max-age"] = seconds
    return made[key].OutputString()


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
