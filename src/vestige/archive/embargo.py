"""Embargo: what is not public before a day, and what lists and counts are without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, or_, select

from vestige.archive.database import reading
from vestige.archive.descriptions import FACETS
from vestige.archive.tables import captures, holdings, objects


def today() -> date:
    """The day by the clock of this machine: an embargo ends where the archive is, not in Greenwich."""
    return datetime.now().astimezone().date()


def is_public(description: Mapping[str, Any], day: date) -> bool:
    """Whether a described object is public on a day; `public` asks the same of the catalogue.

    >>> is_public({"embargo": "2030-01-01"}, date(2029, 12, 31)), is_public({"embargo": None}, date.min)
    (False, True)
    """
    until = description.get("embargo")
    return not until or date.fromisoformat(str(until)) <= day


def public(day: date) -> ColumnElement[bool]:
    """The condition that an object is public on a day."""
    return or_(objects.c.embargo.is_(None), objects.c.embargo <= day)


def object_is_public(engine: Engine, number: int, day: date) -> bool:
    """Whether there is an object of that number, and it is public on a day.

    >>> import tempfile
    >>> from vestige.archive import open_database
    >>> object_is_public(open_database(tempfile.mkdtemp()), 1, date(2026, 1, 1))
    False
    """
    query = select(objects.c.id).where(objects.c.id == number, public(day))
    with reading(engine) as connection:
        return connection.execute(query).first() is not None


def capture_is_public(engine: Engine, key: str, day: date) -> bool:
    """Whether there is a capture of that key, and its object is public on a day."""
    query = (
        select(objects.c.id)
        .join(captures, captures.c.object_id == objects.c.id)
        .where(captures.c.key == key, public(day))
    )
    with reading(engine) as connection:
        return connection.execute(query).first() is not None


def hidden_counts(engine: Engine, day: date) -> Mapping[str, Counter[str]]:
    """Of the objects that are not public on a day: how many there are (under ''), and by the facets' values.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"place": "Rome", "embargo": "2030-01-01"})
    ...     hidden_counts(archive.engine, date(2026, 1, 1))["place"]
    Counter({'Rome': 1})
    """
    hidden = objects.c.embargo > day
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("", "kind", *FACETS)}
    with reading(engine) as connection:
        for row in connection.execute(select(*(objects.c[name] for name in FACETS)).where(hidden)):
            counts[""][""] += 1
            for name, value in row._mapping.items():
                if value:
                    counts[name][value] += 1
        held = select(holdings.c.kind).join(objects, objects.c.id == holdings.c.object_id).where(hidden)
        counts["kind"].update(connection.scalars(held))
    return counts
