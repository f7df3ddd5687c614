"""Clearance: what stops a capture at publication, and who let it pass all the same, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vestige.archive import search
from vestige.archive.archive import Archive
from vestige.archive.chronicle import Happening, chronicle
from vestige.errors import InputError, UsageError

KIND = "publication.allowed"


@dataclass(frozen=True)
class Missing:
    """A check that a capture has not passed: it failed, or nobody has made it (`failed` is False)."""

    capture: str
    check: str
    failed: bool
    note: str = ""


def missing(archive: Archive, identifier: str) -> list[Missing]:
    """What stops an object at publication: of each capture the checks at which its project stops.

    The last verdict on a check counts, given on the capture or on the whole object. What a person has let
    pass stands no longer in the way, unless a later verdict says that it failed.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"title": "Psalter"})
    ...     missing(archive, "MS 42")
    []
    """
    found = search.find(archive.engine, identifier)
    project = search.project(archive.engine, found["project"]) or {}
    required: Sequence[str] = project.get("stops", ())
    if not required:
        return []
    happenings = chronicle(archive.engine, found["identifier"])
    keys = [row["key"] for row in search.captures_of(archive.engine, found["id"])]
    states = (_state(happenings, key, check) for key in keys for check in required)
    return [state for state in states if state is not None]


def _state(happenings: Sequence[Happening], capture: str, check: str) -> Missing | None:
    """How a check of a capture stands; None where it does not stop."""
    state: Missing | None = Missing(capture, check, failed=False)
    for item in happenings:
        body = item.body
        if item.kind == "review.made" and body["check"] == check and item.capture in ("", capture):
            failed = body["verdict"] != "passed"
            state = Missing(capture, check, failed=True, note=body.get("note", "")) if failed else None
        elif item.kind == KIND and [capture, check] in body["missing"]:
            state = None
    return state


def refuse_unchecked(archive: Archive, identifier: str) -> None:
    """Refuse an object of which a capture lacks what its project requires.

    Raises
    ------
    InputError
        naming the capture and the check, and what to do.
    """
    for item in missing(archive, identifier):
        raise InputError(
            identifier,
            f"is stopped at publication: capture {item.capture[:12]} failed the check '{item.check}'"
            if item.failed
            else f"is stopped at publication: capture {item.capture[:12]} lacks the check '{item.check}'",
            action="make the check, or let it pass with a reason",
        )


def clear(archive: Archive, identifier: str, reason: str) -> list[Missing]:
    """Let an object pass to publication although checks are missing: who and why stands in the log.

    It holds for what is missing now, not for what comes later; what was let pass.

    Raises
    ------
    UsageError
        where no reason is given, or nothing is missing.
    """
    stopping = missing(archive, identifier)
    if not stopping:
        raise UsageError(f"{identifier} is not stopped at publication: nothing is to be let pass")
    listed = [(item.capture, item.check) for item in stopping]
    archive.clear(identifier, {"reason": reason, "missing": listed})
    return stopping
