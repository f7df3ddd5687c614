"""Roles: what a person may do; each may do what those before it may."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

#: From least to most: who looks, who scans, who processes, who describes, who keeps the house.
ROLES = ("visitor", "operator", "technician", "curator", "admin")


def at_least(role: str, wanted: str) -> bool:
    """Whether a role may do what `wanted` may.

    >>> at_least("curator", "operator"), at_least("visitor", "operator"), at_least("", "visitor")
    (True, False, False)
    """
    return role in ROLES and ROLES.index(role) >= ROLES.index(wanted)


def needs(role: str) -> Callable[[Request], None]:
    """A dependency of a route that only people of this role or a higher one may use.

    >>> needs("operator").role
    'operator'
    """

    def check(request: Request) -> None:
        if not at_least(getattr(request.state, "role", "admin"), role):
            raise HTTPException(403)

    if role not in ROLES:
        raise ValueError(f"{role} is no role")
    check.role = role  # type: ignore[attr-defined] - read by the test that no route is without one
    return check


#: For the many routes that only look.
LOOKS = Depends(needs("visitor"))
