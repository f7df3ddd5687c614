"""Which role each address needs. One that is not listed here, and says nothing itself, is the admin's."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from vestige.web.access.roles import ROLES, Role, at_least

#: Everyone, also strangers: what is needed to come in.
STRANGER = "stranger"

#: By the role: the path of the route as it is declared; ``POST`` stands before what changes.
TABLE: dict[str, tuple[str, ...]] = {
    STRANGER: (
        "/sign-in",
        "POST /sign-in",
        "/language/{code}",
        "/theme/{name}",
        # IIIF looks itself at what a stranger may see
        "/iiif/collection",
        "/iiif/collection/{mark}",
        "/iiif/presentation/{number}/manifest",
        "/iiif/presentation/{number}/scene/{name}",
        "/iiif/presentation/{number}/canvas/{name}",
        "/iiif/presentation/{number}/canvas/{name}/{what}",
        "/iiif/search/{number}",
        "/iiif/provenance/{key}",
        "/iiif/file/{name}",
        "/iiif/open",
    ),
    "visitor": (
        # the first page, a capture, a result, their pixels
        "/",
        "/shelf",
        "/events",
        "/state",
        "/capture/{key}",
        "/result/{key}",
        "/result/{key}/{index}",
        "/record/{key}",
        "/report/{key}",
        "/frame/{key}/{number}",
        "/thumbnail/{key}/{index}",
        "/tiles/{key}/{index}/{item}/{zoom}/{column}/{row}",
        "/overview/{key}/{index}/{item}",
        "/raster/{key}/{index}/{item}",
        "/words/{key}/{index}/{item}",
        "/features/{key}/{index}",
        "/file/{key}/{index}/{number}",
        # looking closer
        "/frame/{key}/{number}/raster",
        "/frame/{key}/{number}/tiles/{zoom}/{column}/{row}",
        "/spectrum/{key}/{index}/{item}",
        "/profile/{key}/{index}/{item}",
        "/light/{key}/{index}/{zoom}/{column}/{row}",
        "/compare",
        "/alone/{key}/{index}",
        "/download/{name}",
        # one's own account
        "/account",
        "POST /account",
        "POST /sign-out",
    ),
    "operator": (),
    "technician": (),
    "curator": (),
    "admin": (
        "/accounts",
        "POST /accounts",
        "POST /accounts/role",
        "POST /accounts/password",
        "POST /accounts/remove",
    ),
}
ROLE_OF = {entry: role for role, entries in TABLE.items() for entry in entries}


def role_of(method: str, path: str) -> str | None:
    """The role that a route needs by this table; None where it is not listed.

    >>> role_of("GET", "/capture/{key}"), role_of("POST", "/nowhere")
    ('visitor', None)
    """
    return ROLE_OF.get(path if method in ("GET", "HEAD") else f"{method} {path}")


@dataclass(frozen=True)
class Rule:
    """What one route needs; `told` is False where neither the table nor the route says it."""

    method: str
    path: str
    role: str
    told: bool
    places: re.Pattern[str] = field(repr=False, compare=False)


def rules(app: FastAPI) -> list[Rule]:
    """The rules of all routes, in the order in which routes are tried."""
    found = []
    for route in iter_route_contexts(app.routes):
        path, dependant = route.path or "", getattr(route, "dependant", None)
        if dependant is None:
            continue
        calls = [part.call for part in dependant.dependencies]
        declared = next((call.role for call in calls if isinstance(call, Role)), None)
        for method in sorted(route.methods or ()):
            role = role_of(method, path) or declared
            found.append(Rule(method, path, role or ROLES[-1], role is not None, compile_path(path)[0]))
    return found


def checked(request: Request) -> None:
    """Refuse who has not the role that the route needs; the dependency of all routes.

    Raises
    ------
    HTTPException
        403.
    """
    state, method = request.app.state, request.method if request.method != "HEAD" else "GET"
    if getattr(state, "rules", None) is None:
        state.rules = rules(request.app)
    path = request.scope["path"]
    wanted = next(
        (rule.role for rule in state.rules if rule.method == method and rule.places.match(path)), ROLES[-1]
    )
    if wanted != STRANGER and not at_least(request.state.role, wanted):
        raise HTTPException(403)
