"""``vestige accounts``: who may sign in to the workbench of an archive."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vestige.cli.archive_checks import ARCHIVE, AS_JSON, say
from vestige.errors import UsageError

if TYPE_CHECKING:
    from vestige.web.access import Accounts

#: As in `vestige.web.access.roles`, which is not imported so that help answers at once.
ROLES = ("visitor", "operator", "technician", "curator", "admin")
NAME = click.argument("name")
ROLE = click.Choice(ROLES)


@click.group()
def accounts() -> None:
    """Who may sign in to the workbench of an archive, and what each may do."""


@accounts.command("add")
@ARCHIVE
@NAME
@click.option("--role", type=ROLE, default="visitor", show_default=True, help="What the person may do")
@AS_JSON
def add(archive: Path, name: str, role: str, *, as_json: bool) -> None:
    """Add an account to ARCHIVE; the password is asked for, or read from standard input."""
    with _people(archive, "add", name) as people:
        made = people.add(name, _password(), role)
        say(
            {"name": made.name, "role": made.role}, f"{made.name} may sign in as {made.role}", as_json=as_json
        )


@accounts.command("list")
@ARCHIVE
@AS_JSON
def show(archive: Path, *, as_json: bool) -> None:
    """List the accounts of ARCHIVE."""
    with _people(archive) as people:
        rows = [{"name": one.name, "role": one.role, "made": _day(one.made)} for one in people.all()]
    text = "\n".join(f"{row['name']:24} {row['role']:12} since {row['made']}" for row in rows)
    say(
        {"accounts": rows},
        text or f"{archive} has no accounts: it opens on this machine only",
        as_json=as_json,
    )


@accounts.command("role")
@ARCHIVE
@NAME
@click.argument("role", type=ROLE)
@AS_JSON
def give_role(archive: Path, name: str, role: str, *, as_json: bool) -> None:
    """Give the account NAME another role."""
    with _people(archive, "set_role", name) as people:
        people.set_role(name, role)
        say({"name": name, "role": role}, f"{name} is {role} now", as_json=as_json)


@accounts.command("password")
@ARCHIVE
@NAME
@AS_JSON
def password(archive: Path, name: str, *, as_json: bool) -> None:
    """Give the account NAME a new password; wherever they are signed in ends."""
    with _people(archive, "set_password", name) as people:
        people.set_password(name, _password())
        say({"name": name}, f"{name} has a new password", as_json=as_json)


@accounts.command("remove")
@ARCHIVE
@NAME
@AS_JSON
def remove(archive: Path, name: str, *, as_json: bool) -> None:
    """Remove the account NAME; it is signed out everywhere at once."""
    with _people(archive, "remove", name) as people:
        people.remove(name)
        say({"removed": name}, f"{name} is removed", as_json=as_json)


@accounts.command("audit")
@ARCHIVE
@AS_JSON
def audit(archive: Path, *, as_json: bool) -> None:
    """Check the audit log: whether a line was changed, dropped or slipped in."""
    from vestige.web.access import Audit

    last = None
    count = 0
    for count, last in enumerate(Audit(archive).records(), start=1):  # noqa: B007 - the last one is told
        pass
    head = last.hash if last else ""
    say(
        {"records": count, "head": head},
        f"{count} records, none changed; the last is {head}",
        as_json=as_json,
    )


@contextlib.contextmanager
def _people(folder: Path, action: str = "", name: str = "") -> Iterator[Accounts]:
    """The accounts of an archive; what was changed is noted in the audit log."""
    from vestige.archive import Archive
    from vestige.web.access import Accounts, Audit

    with Archive(folder) as archive:
        yield Accounts(archive.engine)
        if action:
            Audit(folder).note(f"account {action}", who=archive.who, account=name)


def _password() -> str:
    """Asked for twice at a terminal; elsewhere the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise UsageError(
            "no password was given: run it at a terminal, or send the password on standard input"
        )
    return line


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
