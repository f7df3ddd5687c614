"""Roles: what a person may do; each may do what those before it may."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Role:
    """The dependency of a route that only people of this role or a higher one may use."""

    role: str

    def __call__(self, request: Request) -> None:
        """Refuse who has it not."""
        if not at_least(getattr(request.state, "role", ""), self.role):
            raise HTTPException(403)


def needs(role: str) -> Role:
    """For ``Depends(needs("operator"))``.

    >>> needs("operator").role
    'operator'
    """
    if role not in ROLES:
        raise ValueError(f"{role} is no role")
    return Role(role)


#: For the many routes that only look.
LOOKS = Depends(needs("visitor"))
