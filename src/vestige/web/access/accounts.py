"""Accounts: who may come in, with which role; passwords are kept as Argon2id only."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from vestige.archive.database import reading, writing
from vestige.errors import MissingError, UsageError
from vestige.web.access.roles import ROLES
from vestige.web.access.tables import accounts, sign_ins

if TYPE_CHECKING:
    from argon2 import PasswordHasher

#: Fewest and most characters of a password.
SHORTEST, LONGEST = 12, 256
#: Seconds without a sign of life, and in all, after which a person signs in again.
IDLE, ABSOLUTE = 2 * 3600.0, 12 * 3600.0
#: So often is noted that somebody is still there.
_NOTED = 60.0
#: Checking a password takes 64 MiB; two at a time are enough for people and little for a flood.
_CHECKING = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Account:
    """One person."""

    id: int
    name: str
    role: str
    made: float


class Accounts:
    """The accounts of an archive.

    >>> import tempfile
    >>> from vestige.archive.database import open_database
    >>> people = Accounts(open_database(tempfile.mkdtemp()))
    >>> people.add("Eva", "correct horse battery", "admin").role
    'admin'
    >>> people.admitted("eva", "wrong horse battery") is None
    True
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self.clock = clock

    def all(self) -> list[Account]:
        """Everyone, by name."""
        with reading(self.engine) as connection:
            return [_account(row) for row in connection.execute(select(accounts).order_by(accounts.c.name))]

    def count(self, role: str = "") -> int:
        """How many there are, of one role or in all."""
        with reading(self.engine) as connection:
            return _count(connection, role)

    def add(self, name: str, password: str, role: str) -> Account:
        """A new account.

        Raises
        ------
        UsageError
            where the name is taken or no name, the role is none, or the password is too short; the
            first account must be an admin's.
        """
        name, secret = _name(name), _secret(name, password)
        _known_role(role)
        with writing(self.engine) as connection:
            if role != ROLES[-1] and not _count(connection, ROLES[-1]):
                raise UsageError("the first account must be an admin's, or nobody could make others")
            if connection.execute(select(accounts.c.id).where(accounts.c.name == name)).first():
                raise UsageError(f"{name} has an account already; choose another name")
            connection.execute(
                insert(accounts).values(name=name, role=role, secret=secret, made=self.clock())
            )
            return _account(_row(connection, name))

    def set_role(self, name: str, role: str) -> None:
        """Give a person another role; the last admin stays one."""
        _known_role(role)
        with writing(self.engine) as connection:
            found = _row(connection, name)
            if role != ROLES[-1]:
                _not_the_last(connection, found)
            connection.execute(update(accounts).where(accounts.c.id == found.id).values(role=role))

    def set_password(self, name: str, password: str) -> None:
        """Give a person another password; wherever they are signed in, they are so no more."""
        secret = _secret(_name(name), password)
        with writing(self.engine) as connection:
            found = _row(connection, name)
            connection.execute(update(accounts).where(accounts.c.id == found.id).values(secret=secret))
            connection.execute(delete(sign_ins).where(sign_ins.c.account == found.id))

    def remove(self, name: str) -> None:
        """Take an account away, at once and everywhere; the last admin stays."""
        with writing(self.engine) as connection:
            found = _row(connection, name)
            _not_the_last(connection, found)
            connection.execute(delete(sign_ins).where(sign_ins.c.account == found.id))
            connection.execute(delete(accounts).where(accounts.c.id == found.id))

    def admitted(self, name: str, password: str) -> Account | None:
        """The account, where name and password are right; it takes as long where there is no such name."""
        with reading(self.engine) as connection:
            found = connection.execute(select(accounts).where(accounts.c.name == _folded(name))).first()
        right = _fits(found.secret if found else _nobody(), password[: LONGEST + 1])
        return _account(found) if found and right else None

    def sign_in(self, account: Account) -> str:
        """A new sign-in; what the browser is to show from now on."""
        token, now = secrets.token_urlsafe(32), self.clock()
        with writing(self.engine) as connection:
            old = (sign_ins.c.made < now - ABSOLUTE) | (sign_ins.c.seen < now - IDLE)
            connection.execute(delete(sign_ins).where(old))
            row = {"mark": _mark(token), "account": account.id, "made": now, "seen": now}
            connection.execute(insert(sign_ins).values(row))
        return token

    def signed_in(self, token: str) -> Account | None:
        """Who shows this token, unless it is too old."""
        if not 20 <= len(token) <= 100:
            return None
        mark, now = _mark(token), self.clock()
        asked = select(accounts, sign_ins.c.seen).join(sign_ins, sign_ins.c.account == accounts.c.id)
        asked = asked.where(
            sign_ins.c.mark == mark, sign_ins.c.made >= now - ABSOLUTE, sign_ins.c.seen >= now - IDLE
        )
        with reading(self.engine) as connection:
            found = connection.execute(asked).first()
        if found and found.seen < now - _NOTED:
            with writing(self.engine) as connection:
                connection.execute(update(sign_ins).where(sign_ins.c.mark == mark).values(seen=now))
        return _account(found) if found else None

    def sign_out(self, token: str) -> None:
        """End one sign-in."""
        with writing(self.engine) as connection:
            connection.execute(delete(sign_ins).where(sign_ins.c.mark == _mark(token)))


def _account(row: Row[Any]) -> Account:
    return Account(row.id, row.name, row.role, row.made)


def _count(connection: Connection, role: str) -> int:
    asked = select(func.count()).select_from(accounts)
    return int(connection.scalar(asked.where(accounts.c.role == role) if role else asked) or 0)


def _row(connection: Connection, name: str) -> Row[Any]:
    found = connection.execute(select(accounts).where(accounts.c.name == _folded(name))).first()
    if not found:
        raise UsageError(f"there is no account {name}")
    return found


def _not_the_last(connection: Connection, row: Row[Any]) -> None:
    if row.role == ROLES[-1] and _count(connection, ROLES[-1]) == 1:
        raise UsageError(f"{row.name} is the last admin: make another one first")


def _known_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"{role} is no role; one of {', '.join(ROLES)}")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _name(name: str) -> str:
    folded = _folded(name)
    if not 1 <= len(folded) <= 64 or not all(sign.isalnum() or sign in ".-_@" for sign in folded):
        raise UsageError(f"{name!r} is no name for an account: 1 to 64 letters, digits, or . - _ @")
    return folded


def _secret(name: str, password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters; three or four words do well")
    if name in password.casefold() and len(password) < len(name) + SHORTEST:
        raise UsageError("the password is little more than the name; choose other words")
    with _CHECKING:
        return _hasher().hash(password)


def _fits(secret: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        with _CHECKING:
            return _hasher().verify(secret, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    """Argon2id as RFC 9106 has it for little memory: 64 MiB, three passes, four lanes."""
    try:
        from argon2 import PasswordHasher
    except ImportError:
        raise MissingError("accounts need argon2-cffi: pip install 'argon2-cffi>=23.1'") from None
    return PasswordHasher()


@cache
def _nobody() -> str:
    """The secret of an account that does not exist."""
    return _hasher().hash(secrets.token_urlsafe(32))


def _mark(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
