"""The chronicle of an object: every record on it, with what each edit changed from what to what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Engine

from vestige.archive import search


@dataclass(frozen=True)
class Change:
    """One field before and after an edit; further fields of the institution are named ``other.NAME``."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Happening:
    """One record on an object: when, by whom, what."""

    sequence: int
    time: datetime
    who: str
    kind: str
    capture: str
    body: dict[str, Any]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Remark:
    """An annotation as it now stands: `number` names it for ever, `said` is its last edit."""

    number: int
    text: str
    capture: str
    target: str
    region: tuple[float, float, float, float] | None
    svg: str
    who: str
    made: datetime
    said: datetime


def chronicle(engine: Engine, identifier: str) -> list[Happening]:
    """Every record on an object, the oldest first; without judgements of features: those are many.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"place": "Rome"})
    ...     _ = archive.describe("MS 42", {"place": "Ostia"})
    ...     chronicle(archive.engine, "MS 42")[1].changes
    (Change(field='place', before='Rome', after='Ostia'),)
    """
    known: dict[str, str] = {}
    found = []
    for line in search.history(engine, object=identifier, without="feature.judged"):
        changes: list[Change] = []
        if line["kind"] == "object.described":
            for name, value in _plain(line["body"].get("set", {})).items():
                if known.get(name, "") != value:
                    changes.append(Change(name, known.get(name, ""), value))
                known[name] = value
        found.append(
            Happening(
                line["sequence"],
                datetime.fromisoformat(line["time"]),
                line["who"],
                line["kind"],
                line["capture"],
                line["body"],
                tuple(changes),
            )
        )
    return found


def _plain(values: dict[str, Any]) -> dict[str, str]:
    """The fields of an edit, each as text."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if name == "other":
            found |= {f"other.{key}": str(item) for key, item in value.items()}
        else:
            found[name] = "" if value is None else str(value)
    return found


def remarks(happenings: Sequence[Happening]) -> list[Remark]:
    """The annotations that stand, the oldest first: edits laid over them, those withdrawn left out."""
    found: dict[int, Remark] = {}
    for item in happenings:
        if item.kind == "annotation.made":
            first = item.body.get("replaces") or item.sequence
            older = found.get(first)
            if first != item.sequence and older is None:
                continue
            region = item.body.get("region")
            found[first] = Remark(
                first,
                item.body["text"],
                item.capture,
                item.body.get("target", ""),
                tuple(region) if region else None,
                item.body.get("svg", ""),
                older.who if older else item.who,
                older.made if older else item.time,
                item.time,
            )
        elif item.kind == "annotation.withdrawn":
            found.pop(item.body["annotation"], None)
    return list(found.values())


@dataclass(frozen=True)
class Verdict:
    """The last verdict on a check; `verdict` is empty where nobody has given one."""

    check: str
    verdict: str = ""
    note: str = ""
    who: str = ""
    time: datetime | None = None


def verdicts(happenings: Sequence[Happening], required: Sequence[str]) -> list[Verdict]:
    """The checks that are required, then others that were made, each with its last verdict.

    >>> verdicts([], ["sharpness"])
    [Verdict(check='sharpness', verdict='', note='', who='', time=None)]
    """
    found = {check: Verdict(check) for check in required}
    for item in happenings:
        if item.kind == "review.made":
            body = item.body
            found[body["check"]] = Verdict(
                body["check"], body["verdict"], body.get("note", ""), item.who, item.time
            )
    return list(found.values())


@dataclass(frozen=True)
class Again:
    """The last time a result was made again: whether it was the same."""

    run: str
    equal: bool
    who: str
    time: datetime
    software: dict[str, Any] = field(default_factory=dict)


def made_again(happenings: Sequence[Happening]) -> dict[str, Again]:
    """For each run that was made again, what came of it the last time.

    >>> made_again([])
    {}
    """
    return {
        item.body["run"]: Again(
            item.body["run"], item.body["equal"], item.who, item.time, item.body.get("software", {})
        )
        for item in happenings
        if item.kind == "result.reproduced"
    }
