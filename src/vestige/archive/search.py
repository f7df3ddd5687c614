"""Asking the catalogue: objects by word, by identifier or by field, a page at a time; facets; histories.

Pages follow keys, newest first: page one thousand costs what page one does. Nothing is counted while a
person waits: counts over all objects are kept, counts over a search come from its first matches and
say so.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Select,
    and_,
    desc,
    exists,
    func,
    literal_column,
    select,
    table,
    text,
)

from vestige.archive.catalogue import plain_words
from vestige.archive.database import reading
from vestige.archive.descriptions import FACETS
from vestige.archive.embargo import hidden_counts, public
from vestige.archive.tables import captures, edits, facets, holdings, objects, products, projects
from vestige.errors import InputError, UsageError

#: Matches that facets of a search look at.
FIRST_MATCHES = 5000
#: What objects may be chosen by: fields whose values are counted, the kind of a product, part of the date.
CHOICES = (*FACETS, "kind", "date")
_COUNTED = (*FACETS, "kind")
_WORD = re.compile(r"\w+\*?")


@dataclass(frozen=True)
class Page:
    """Some objects, and where the next page begins (None on the last)."""

    objects: list[dict[str, Any]]
    after: int | None


@dataclass(frozen=True)
class Facets:
    """Values and how many objects carry them; `whole` is False where only the first matches were counted."""

    values: dict[str, dict[str, int]]
    whole: bool


def search(
    engine: Engine,
    words: str = "",
    *,
    fields: Mapping[str, str] | None = None,
    after: int | None = None,
    limit: int = 50,
    public_on: date | None = None,
) -> Page:
    """Objects that hold all the words, newest first; ``word*`` finds what begins with it.

    With `public_on` only those that are not under embargo on that day.

    Raises
    ------
    UsageError
        where a field is no facet.
    """
    query, order = _chosen(engine, words, fields or {})
    if public_on is not None:
        query = query.where(public(public_on))
    if after is not None:
        query = query.where(order < after)
    with reading(engine) as connection:
        found = _rows(connection, query.order_by(desc(order)).limit(limit + 1))
    page = found[:limit]
    return Page([shown(row) for row in page], page[-1]["id"] if len(found) > limit else None)


def facet_counts(
    engine: Engine,
    words: str = "",
    *,
    fields: Mapping[str, str] | None = None,
    most: int = 20,
    first: int = FIRST_MATCHES,
    public_on: date | None = None,
) -> Facets:
    """The values of each facet with the number of objects, the most frequent first.

    Of a search the first matches are counted, at most `first`; with `public_on` nothing is counted that is
    under embargo on that day.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"place": "Rome"})
    ...     facet_counts(archive.engine).values
    {'place': {'Rome': 1}}
    """
    hidden = hidden_counts(engine, public_on) if public_on is not None else {}
    with reading(engine) as connection:
        if not words.strip() and not fields:
            return Facets(_kept_counts(connection, most, hidden), whole=True)
        query, order = _chosen(engine, words, fields or {})
        if public_on is not None:
            query = query.where(public(public_on))
        columns = [objects.c.id, *(objects.c[name] for name in FACETS)]
        query = query.with_only_columns(*columns, maintain_column_froms=True)
        found = connection.execute(query.order_by(desc(order)).limit(first + 1)).all()
        numbers, *fields_of = zip(*found[:first], strict=True) if found else ((), *[()] * len(FACETS))
        kinds = kinds_of(connection, numbers)
    counts = {name: Counter(filter(None, told)) for name, told in zip(FACETS, fields_of, strict=True)}
    counts["kind"] = Counter(kind for held in kinds.values() for kind in held)
    return Facets(
        {name: dict(count.most_common(most)) for name, count in counts.items() if count},
        whole=len(found) <= first,
    )


def find(engine: Engine, identifier: str) -> dict[str, Any]:
    """The object of an identifier, or of a collector's number where no identifier fits.

    Raises
    ------
    InputError
        where there is none, or several have that number.
    """
    with reading(engine) as connection:
        found = _rows(connection, select(objects).where(objects.c.identifier == identifier))
        if not found:
            found = _rows(connection, select(objects).where(objects.c.number == identifier).limit(2))
    if len(found) != 1 or not identifier:
        raise InputError(
            identifier or "''",
            "names several objects" if found else "is not in this archive",
            action="find it with vestige archive search",
        )
    return shown(found[0])


def by_identifier(engine: Engine, identifier: str) -> dict[str, Any] | None:
    """The row of an object by its very identifier, or None."""
    with reading(engine) as connection:
        found = _rows(connection, select(objects).where(objects.c.identifier == identifier))
    return found[0] if found else None


def by_id(engine: Engine, number: int) -> dict[str, Any] | None:
    """The object of that number, or None."""
    with reading(engine) as connection:
        found = _rows(connection, select(objects).where(objects.c.id == number))
    return shown(found[0]) if found else None


def kinds_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[str]]:
    """The kinds of product that each of these objects has."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(numbers), 500):
        query = select(holdings).where(holdings.c.object_id.in_(numbers[start : start + 500]))
        for row in connection.execute(query.order_by(holdings.c.object_id, holdings.c.kind)):
            found.setdefault(row.object_id, []).append(row.kind)
    return found


def values_from(
    engine: Engine, field: str, start: str, most: int = 12, *, public_on: date | None = None
) -> list[str]:
    """Values of a counted field that begin with `start`, in the order of the alphabet.

    With `public_on` those that only objects under embargo carry are left out.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"place": "Rome"})
    ...     values_from(archive.engine, "place", "Ro")
    ['Rome']
    """
    named = facets.c.value
    hidden = hidden_counts(engine, public_on)[field] if public_on is not None else Counter()
    query = select(named, facets.c.objects).where(
        facets.c.field == field, named >= start, named < f"{start}\U0010ffff"
    )
    with reading(engine) as connection:
        found = connection.execute(query.order_by(named).limit(most + len(hidden)))
        return [str(value) for value, count in found if count > hidden[str(value)]][:most]


def captures_of(engine: Engine, object_id: int) -> list[dict[str, Any]]:
    """The captures of an object with their products, in the order they came."""
    query = select(captures).where(captures.c.object_id == object_id).order_by(captures.c.sequence)
    with reading(engine) as connection:
        found = _rows(connection, query)
        for row in found:
            row["products"] = _products(connection, row["key"])
    return found


def capture(engine: Engine, key: str) -> dict[str, Any] | None:
    """A capture by its whole key, with the identifier of its object and its products; or None."""
    query = (
        select(captures, objects.c.identifier)
        .join(objects, objects.c.id == captures.c.object_id)
        .where(captures.c.key == key)
    )
    with reading(engine) as connection:
        found = _rows(connection, query)
        if not found:
            return None
        return found[0] | {"products": _products(connection, key)}


def product_origin(engine: Engine, blake3: str) -> str:
    """The key of the capture that holds a product of that digest; empty where none does."""
    query = select(products.c.capture).where(products.c.blake3 == blake3).limit(1)
    with reading(engine) as connection:
        return str(connection.execute(query).scalar() or "")


def _products(connection: Connection, key: str) -> list[dict[str, Any]]:
    chosen = select(products).where(products.c.capture == key)
    return _rows(connection, chosen.order_by(products.c.sequence, products.c.name))


def find_capture(engine: Engine, start: str) -> dict[str, Any]:
    """The capture whose key begins with `start`, with the identifier of its object.

    Raises
    ------
    InputError
        where there is none, or several begin so.
    """
    if not re.fullmatch(r"[0-9a-f]{4,64}", start):
        raise InputError(start, "is no key of a capture", "4 hexadecimal characters of it or more")
    query = select(captures.c.key).where(and_(captures.c.key >= start, captures.c.key < f"{start}g")).limit(2)
    with reading(engine) as connection:
        keys = [str(key) for (key,) in connection.execute(query)]
    found = capture(engine, keys[0]) if len(keys) == 1 else None
    if found is None:
        raise InputError(start, "names several captures" if keys else "is not in this archive")
    return found


def history(
    engine: Engine,
    *,
    object: str,  # noqa: A002
    only: str = "",
    without: str = "",
    after: int = 0,
) -> list[dict[str, Any]]:
    """Records on an object and its captures after `after`, in order; of one kind `only`, or `without` one."""
    query = select(edits.c.line).where(edits.c.object == object, edits.c.sequence > after)
    if only or without:
        query = query.where(edits.c.kind == only if only else edits.c.kind != without)
    with reading(engine) as connection:
        return [json.loads(line) for (line,) in connection.execute(query.order_by(edits.c.sequence))]


def project_list(engine: Engine) -> list[dict[str, Any]]:
    """The projects, each with how many objects its institutions have brought.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     archive.describe_project({"name": "herbarium"})
    ...     [project["brought"] for project in project_list(archive.engine)]
    [{}]
    """
    with reading(engine) as connection:
        found = [json.loads(row["body"]) for row in _rows(connection, select(projects).order_by("name"))]
        for project in found:
            project["brought"] = _brought(connection, project["name"])
    return found


def project(engine: Engine, name: str) -> dict[str, Any] | None:
    """A project, or None."""
    with reading(engine) as connection:
        found = _rows(connection, select(projects).where(projects.c.name == name))
    return dict(json.loads(found[0]["body"])) if found else None


def _brought(connection: Connection, project: str) -> dict[str, int]:
    start = json.dumps([project, ""], ensure_ascii=False)[:-3]
    query = select(facets.c.value, facets.c.objects).where(
        facets.c.field == "quota", facets.c.value >= start, facets.c.value < start + "\U0010ffff"
    )
    return {json.loads(value)[1]: int(number) for value, number in connection.execute(query)}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """An object's row as people and programs see it."""
    found = dict(row)
    found["other"] = json.loads(found["other"])
    found["embargo"] = found["embargo"].isoformat() if found["embargo"] else None
    return found


def _chosen(engine: Engine, words: str, fields: Mapping[str, str]) -> tuple[Select[Any], ColumnElement[int]]:
    """The objects that fit, and the column to page by: the one the database walks anyway."""
    for name in fields:
        if name not in CHOICES:
            raise UsageError(f"objects cannot be chosen by '{name}'; fields: {', '.join(CHOICES)}")
    wanted = _WORD.findall(plain_words(words).lower())
    if words.strip() and not wanted:
        raise UsageError(f"'{words}' holds no word to search for")
    kind = fields.get("kind")
    if kind and not wanted and len(fields) == 1:
        return _of_kind(kind), holdings.c.object_id
    query = select(objects).where(*_fitting(fields))
    if kind:
        query = query.where(exists().where(holdings.c.object_id == objects.c.id, holdings.c.kind == kind))
    wanted += _told(fields, alone=not wanted)
    if not wanted:
        return query, objects.c.id
    if engine.dialect.name == "sqlite":
        order: ColumnElement[int] = literal_column("words.rowid", BigInteger())
        match = text("words MATCH :words").bindparams(words=" ".join(map(_quoted, wanted)))
    else:
        order = literal_column("words.id", BigInteger())
        terms = " & ".join(f"{word[:-1]}:*" if word.endswith("*") else word for word in wanted)
        match = text("words.text @@ to_tsquery('simple', :words)").bindparams(words=terms)
    return query.join_from(table("words"), objects, objects.c.id == order).where(match), order


def _of_kind(kind: str) -> Select[Any]:
    query = select(objects).join_from(holdings, objects, objects.c.id == holdings.c.object_id)
    return query.where(holdings.c.kind == kind)


def _fitting(fields: Mapping[str, str]) -> list[ColumnElement[bool]]:
    """Conditions on the columns of an object: part of the date, all of any other field."""
    found: list[ColumnElement[bool]] = []
    for name, value in fields.items():
        if name == "date":
            found.append(func.lower(objects.c.date).contains(value.lower(), autoescape=True))
        elif name != "kind":
            found.append(objects.c[name] == value)
    return found


def _told(fields: Mapping[str, str], *, alone: bool) -> list[str]:
    """The words of the chosen fields: where several things are wanted, all are found by their words.

    One field alone has an index of its own; a date has none.
    """
    named = [name for name in fields if name != "kind"]
    if alone and len(named) < 2 and "date" not in fields:
        return []
    return [
        word.rstrip("*") + ("*" if name == "date" else "")
        for name in named
        for word in _WORD.findall(plain_words(fields[name]).lower())
    ]


def _quoted(word: str) -> str:
    return f'"{word[:-1]}"*' if word.endswith("*") else f'"{word}"'


def _kept_counts(
    connection: Connection, most: int, hidden: Mapping[str, Counter[str]]
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for name in _COUNTED:
        less = hidden.get(name, Counter())
        query = (
            select(facets.c.value, facets.c.objects)
            .where(facets.c.field == name)
            .order_by(desc(facets.c.objects), facets.c.value)
            .limit(most + len(less))
        )
        counted = {str(value): int(number) - less[str(value)] for value, number in connection.execute(query)}
        values = dict(
            Counter({value: number for value, number in counted.items() if number}).most_common(most)
        )
        if values:
            found[name] = values
    return found


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(query)]
