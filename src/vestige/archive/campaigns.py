"""Campaigns: how far a project is, how many objects it takes in a week, and when it will be done.

A number of a record grows with its time, so that a week is a range of numbers: what happened in it is
counted by an index and nothing else is looked at.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, desc, exists, func, select

from vestige.archive.database import reading
from vestige.archive.search import project_list
from vestige.archive.tables import captures, edits, objects

#: Weeks that are looked back on, and how many of the last whole ones the forecast goes by.
WEEKS, RECENT = 13, 4
#: Days ahead for which nobody can say anything.
FAR = 36500
#: Up to so many objects those with a capture are counted; of more, so many are asked by chance.
COUNTED, ASKED = 20_000, 400
#: Objects of a project among which those that lack something are looked for, the newest first.
LOOKED_AT = 2000


@dataclass(frozen=True)
class Week:
    """A week from its Monday on, and how many objects got their first capture in it."""

    monday: dt.date
    objects: int


@dataclass(frozen=True)
class Share:
    """What one institution has brought of what it may bring."""

    institution: str
    brought: int
    quota: int


@dataclass(frozen=True)
class Campaign:
    """A project with how far it is."""

    name: str
    title: str
    target: dt.date | None
    checks: list[str]
    shares: list[Share]
    weeks: list[Week] = field(default_factory=list)
    digitised: int = 0
    estimated: bool = False
    stops: list[str] = field(default_factory=list)

    @property
    def brought(self) -> int:
        """Objects in the project."""
        return sum(share.brought for share in self.shares)

    @property
    def planned(self) -> int:
        """Objects that its quotas foresee; where there are none, those that it has."""
        return sum(share.quota for share in self.shares) or self.brought

    @property
    def left(self) -> int:
        """Objects that still need a capture."""
        return max(self.planned - self.digitised, 0)

    @property
    def rate(self) -> float:
        """Objects a week, over the last whole weeks; 0 where nothing was taken in."""
        whole = self.weeks[:-1][-RECENT:]
        begun = next((place for place, week in enumerate(whole) if week.objects), None)
        if begun is None:
            return float(self.weeks[-1].objects) if self.weeks else 0.0
        return sum(week.objects for week in whole[begun:]) / len(whole[begun:])

    def forecast(self, today: dt.date) -> dt.date | None:
        """The day of the last capture at the present rate; None where nobody can say."""
        if not self.planned or not self.left:
            return None
        days = math.ceil(self.left / self.rate * 7) if self.rate else FAR
        return today + dt.timedelta(days=days) if days < FAR else None

    def needed(self, today: dt.date) -> float:
        """Objects a week that would be needed to be done by the target; 0 where there is none."""
        if not self.target or not self.planned:
            return 0.0
        return self.left / (max((self.target - today).days, 1) / 7)


@dataclass(frozen=True)
class Lacking:
    """An object of a project that is not done: whether it has a capture, and the checks it lacks."""

    id: int
    identifier: str
    title: str
    capture: bool
    checks: list[str]


def campaigns(engine: Engine) -> list[Campaign]:
    """The projects with how far each is; without their weeks.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     archive.describe_project({"name": "herbarium"})
    ...     [found.name for found in campaigns(archive.engine)]
    ['herbarium']
    """
    return [_campaign(engine, found) for found in project_list(engine)]


def campaign(engine: Engine, name: str, today: dt.date) -> Campaign | None:
    """One project with its last weeks; None where there is none of that name."""
    found = next((item for item in project_list(engine) if item["name"] == name), None)
    return _campaign(engine, found, _weeks(engine, name, today)) if found else None


def _campaign(engine: Engine, found: dict[str, Any], weeks: Sequence[Week] = ()) -> Campaign:
    quotas = {quota["institution"]: quota["objects"] for quota in found["quotas"]}
    names = [*quotas, *(name for name in found["brought"] if name not in quotas)]
    brought = sum(found["brought"].values())
    with reading(engine) as connection:
        digitised = _digitised(connection, found["name"], brought)
    return Campaign(
        found["name"],
        found["title"],
        dt.date.fromisoformat(found["target"]) if found["target"] else None,
        found["checks"],
        [Share(name, found["brought"].get(name, 0), quotas.get(name, 0)) for name in names],
        list(weeks),
        digitised,
        brought > COUNTED,
        found.get("stops", []),
    )


def _digitised(connection: Connection, project: str, brought: int) -> int:
    """Objects of a project that have a capture: counted, or of many estimated from some taken by chance."""
    held = exists().where(captures.c.object_id == objects.c.id)
    inside = objects.c.project == project
    if brought <= COUNTED:
        query = select(func.count()).select_from(objects).where(inside, held)
        return int(connection.execute(query).scalar_one())
    ends = select(func.min(objects.c.id), func.max(objects.c.id)).where(inside)
    first, last = connection.execute(ends).one()
    near = select(objects.c.id).where(inside, objects.c.id >= bindparam("at")).order_by(objects.c.id).limit(1)
    asked = select(exists().where(captures.c.object_id == near.scalar_subquery()))
    chance = random.Random(project)  # noqa: S311 - a sample, no secret
    places = (chance.randint(first, last) for _ in range(ASKED))
    found = sum(bool(connection.execute(asked, {"at": place}).scalar()) for place in places)
    return round(brought * found / ASKED)


def _weeks(engine: Engine, project: str, today: dt.date) -> list[Week]:
    """The last weeks, from the first in which anything happened."""
    monday = today - dt.timedelta(days=today.weekday())
    mondays = [monday - dt.timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    with reading(engine) as connection:
        last = int(connection.execute(select(func.max(edits.c.sequence))).scalar() or 0)
        bounds = [1]
        for day in mondays:
            bounds.append(_record_at(connection, day, bounds[-1], last))
        bounds = [*bounds[1:], last + 1]
        counts = [_taken_in(connection, project, first, end) for first, end in pairwise(bounds)]
    weeks = [Week(day, count) for day, count in zip(mondays, counts, strict=True)]
    begun = next((place for place, week in enumerate(weeks) if week.objects), len(weeks) - 1)
    return weeks[max(0, min(begun - 1, len(weeks) - 8)) :]


def _record_at(connection: Connection, day: dt.date, low: int, last: int) -> int:
    """The number of the first record of a day or later, from `low` on."""
    moment = dt.datetime.combine(day, dt.time(), dt.UTC).isoformat().replace("+00:00", "Z")
    high, middle = last + 1, low
    while low < high:
        found = connection.execute(
            select(edits.c.time).where(edits.c.sequence >= middle).order_by(edits.c.sequence).limit(1)
        ).scalar()
        if found is not None and found < moment:
            low = middle + 1
        else:
            high = middle
        middle = (low + high) // 2
    return low


def _taken_in(connection: Connection, project: str, first: int, end: int) -> int:
    """Objects of a project whose first capture is one of these records."""
    if first >= end:
        return 0
    older = captures.alias("older")
    earlier = exists().where(
        older.c.object_id == captures.c.object_id, older.c.sequence < captures.c.sequence
    )
    query = (
        select(func.count())
        .select_from(captures)
        .join(objects, objects.c.id == captures.c.object_id)
        .where(captures.c.sequence >= first, captures.c.sequence < end)
        .where(objects.c.project == project, ~earlier)
    )
    return int(connection.execute(query).scalar_one())


def lacking(engine: Engine, found: Campaign, *, most: int = 20) -> tuple[list[Lacking], bool]:
    """Objects of a project that lack a capture or a check; whether all of its objects were looked at."""
    query = (
        select(objects.c.id, objects.c.identifier, objects.c.title)
        .where(objects.c.project == found.name)
        .order_by(desc(objects.c.id))
        .limit(LOOKED_AT + 1)
    )
    unfinished: list[Lacking] = []
    with reading(engine) as connection:
        rows = list(connection.execute(query))
        for start in range(0, min(len(rows), LOOKED_AT), 400):
            part = rows[start : min(start + 400, LOOKED_AT)]
            numbers = [row.id for row in part]
            held = set(
                connection.scalars(
                    select(captures.c.object_id).where(captures.c.object_id.in_(numbers)).distinct()
                )
            )
            passed = _passed(connection, [row.identifier for row in part]) if found.checks else {}
            for row in part:
                open_checks = [c for c in found.checks if passed.get((row.identifier, c)) != "passed"]
                if row.id not in held or open_checks:
                    unfinished.append(Lacking(row.id, row.identifier, row.title, row.id in held, open_checks))
            if len(unfinished) >= most:
                break
    return unfinished[:most], len(rows) <= LOOKED_AT


def _passed(connection: Connection, identifiers: Sequence[str]) -> dict[tuple[str, str], str]:
    """The last verdict on each check of these objects."""
    query = (
        select(edits.c.object, edits.c.line)
        .where(edits.c.object.in_(identifiers), edits.c.kind == "review.made")
        .order_by(edits.c.sequence)
    )
    found: dict[tuple[str, str], str] = {}
    for name, line in connection.execute(query):
        body = json.loads(line)["body"]
        found[name, body["check"]] = body["verdict"]
    return found
