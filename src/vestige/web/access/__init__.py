"""Who may do what: accounts, roles, the gate before every route, limits and the audit log."""

from __future__ import annotations

from vestige.web.access.accounts import Account, Accounts
from vestige.web.access.audit import Audit
from vestige.web.access.limits import Limit

__all__ = ["Access", "Account", "Accounts", "Audit"]


class Access:
    """How one application lets people in: `accounts` is None where everyone at this machine may do all.

    >>> Access(None, None, who="eva").of("a token")
    """

    def __init__(self, accounts: Accounts | None, audit: Audit | None, who: str = "") -> None:
        self.accounts = accounts
        self.audit = audit
        self.who = who
        #: Five tries at once for a name, and then one in two minutes; for an address, of all names, thirty.
        self.tries_of_name = Limit(5, 1 / 120)
        self.tries_of_address = Limit(30, 1 / 20)

    def of(self, token: str) -> Account | None:
        """Who shows a token."""
        return self.accounts.signed_in(token) if self.accounts else None
