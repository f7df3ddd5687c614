"""Addresses: signing in and out, one's own account, everybody's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from vestige.errors import UsageError
from vestige.web.access import Access, Accounts
from vestige.web.access.gate import SIGNED_IN, VISIT, set_cookie
from vestige.web.access.roles import ROLES
from vestige.web.bodies import Form
from vestige.web.faults import Absent
from vestige.web.language import catalogue, language_of
from vestige.web.views import Back, inside, page

router = APIRouter(include_in_schema=False)


def _access(request: Request) -> Access:
    found = request.app.state.access
    if not isinstance(found, Access):
        raise Absent("access")
    return found


def _people(request: Request) -> Accounts:
    people = request.app.state.people
    if not isinstance(people, Accounts):
        raise Absent("accounts")
    return people


OfAccess = Annotated[Access, Depends(_access)]
OfPeople = Annotated[Accounts, Depends(_people)]


def _words(request: Request) -> Any:
    return catalogue(language_of(request))


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


@router.get("/sign-in")
def ask(request: Request, access: OfAccess, back: Back = "/") -> Response:
    """The page on which a person says who they are."""
    if access.accounts is None or request.state.account:
        return RedirectResponse(inside(back), 303)
    return page(request, "access/sign_in.html", to=inside(back), problem="", name="")


@router.post("/sign-in")
async def sign_in(request: Request, access: OfAccess, answers: Form) -> Response:
    """Let a person in, or say in one sentence that name and password do not fit."""
    if access.accounts is None:
        return RedirectResponse("/", 303)
    name, password, to = (
        answers.one("name")[:200],
        answers.one("password")[:1000],
        inside(answers.one("back", "/")[:300]),
    )
    address = _address(request)
    keys = f"{address} {name.casefold()}", address
    allowed = access.tries_of_name.take(keys[0]) and access.tries_of_address.take(keys[1])
    found = await asyncio.to_thread(access.accounts.admitted, name, password) if allowed else None
    outcome = "done" if found else "refused" if allowed else "too often"
    if access.audit:
        access.audit.note(
            "sign-in", who=found.name if found else "", address=address, name=name, outcome=outcome
        )
    if not found:
        problem = _words(request)["access_refused" if allowed else "access_too_often"]
        return page(
            request, "access/sign_in.html", 403 if allowed else 429, to=to, problem=problem, name=name
        )
    access.tries_of_name.forget(keys[0])
    token = await asyncio.to_thread(access.accounts.sign_in, found)
    answer = RedirectResponse(to, 303)
    answer.headers.append("Set-Cookie", set_cookie(request, SIGNED_IN, token))
    answer.headers.append("Set-Cookie", set_cookie(request, VISIT, "", 0))
    return answer


@router.post("/sign-out")
def sign_out(request: Request, access: OfAccess) -> Response:
    """Let a person go; what their browser showed signs nobody in any more."""
    if access.accounts and request.state.token:
        access.accounts.sign_out(request.state.token)
    answer = RedirectResponse("/", 303)
    answer.headers.append("Set-Cookie", set_cookie(request, SIGNED_IN, "", 0))
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.get("/account")
def account(request: Request) -> Response:
    """One's own account."""
    if not request.state.account:
        return RedirectResponse("/", 303)
    return page(request, "access/account.html", problem="", done=False)


@router.post("/account")
async def change_password(request: Request, access: OfAccess, answers: Form) -> Response:
    """Another password, for who knows the old one; wherever else they are signed in ends."""
    mine = request.state.account
    if not mine or access.accounts is None:
        return RedirectResponse("/", 303)
    words, problem = _words(request), ""
    if not access.tries_of_name.take(f"{_address(request)} {mine.name}"):
        problem = words["access_too_often"]
    elif not await asyncio.to_thread(access.accounts.admitted, mine.name, answers.one("old")):
        problem = words["access_old_wrong"]
    elif answers.one("new") != answers.one("again"):
        problem = words["access_not_same"]
    else:
        problem = await asyncio.to_thread(_tried, access.accounts.set_password, mine.name, answers.one("new"))
    if problem:
        return page(request, "access/account.html", 422, problem=problem, done=False)
    answer = page(request, "access/account.html", problem="", done=True)
    token = await asyncio.to_thread(access.accounts.sign_in, mine)
    answer.headers.append("Set-Cookie", set_cookie(request, SIGNED_IN, token))
    return answer


@router.get("/accounts")
def everyone(request: Request, people: OfPeople) -> Response:
    """All accounts, and a form for a new one."""
    return _everyone(request, people)


def _everyone(request: Request, people: Accounts, problem: str = "", status: int = 200) -> Response:
    rows = [(one, datetime.fromtimestamp(one.made, UTC)) for one in people.all()]
    return page(request, "access/accounts.html", status, rows=rows, roles=ROLES, problem=problem)


@router.post("/accounts")
def add(request: Request, people: OfPeople, answers: Form) -> Response:
    """A new account."""
    told = answers.one("name"), answers.one("password"), answers.one("role")
    return _changed(request, people, people.add, *told)


@router.post("/accounts/role")
def give_role(request: Request, people: OfPeople, answers: Form) -> Response:
    """Another role for a person."""
    return _changed(request, people, people.set_role, answers.one("name"), answers.one("role"))


@router.post("/accounts/password")
def give_password(request: Request, people: OfPeople, answers: Form) -> Response:
    """A new password for a person who forgot theirs."""
    return _changed(request, people, people.set_password, answers.one("name"), answers.one("password"))


@router.post("/accounts/remove")
def remove(request: Request, people: OfPeople, answers: Form) -> Response:
    """An account less."""
    return _changed(request, people, people.remove, answers.one("name"))


def _changed(request: Request, people: Accounts, act: Callable[..., object], *told: str) -> Response:
    problem = _tried(act, *told)
    if problem:
        return _everyone(request, people, problem, 422)
    audit = request.app.state.access.audit
    if audit:
        changed = {"account": told[0], "to": told[-1]} if act == people.set_role else {"account": told[0]}
        audit.note(
            f"account {getattr(act, '__name__', '')}",
            who=request.state.who,
            address=_address(request),
            **changed,
        )
    return RedirectResponse("/accounts", 303)


def _tried(act: Callable[..., object], *told: str) -> str:
    """The sentence why it could not be done; nothing where it was."""
    try:
        act(*told)
    except UsageError as error:
        return str(error)
    return ""
