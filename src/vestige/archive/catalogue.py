"""From the log to the catalogue: each row is a fold of records, so that it can always be made again."""

from __future__ import annotations

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text

from vestige.archive.database import reading, writing
from vestige.archive.descriptions import FACETS, FIELDS
from vestige.archive.log import Record
from vestige.archive.store import Store
from vestige.archive.tables import (
    applied,
    captures,
    edits,
    facets,
    holdings,
    metadata,
    objects,
    products,
    projects,
)

BATCH = 2000
#: The tables that `rebuild` makes again, row for row.
TABLES = (objects, captures, products, holdings, edits, projects, facets, applied)
_SEARCHED = ("identifier", *(name for name in FIELDS if name not in ("embargo", "rights", "other")))


def watermark(engine: Engine) -> tuple[int, str]:
    """Number and hash of the last record that the catalogue has taken in; (0, '') where it is new."""
    with reading(engine) as connection:
        row = connection.execute(select(applied.c.sequence, applied.c.hash)).first()
    return (int(row[0]), str(row[1])) if row else (0, "")


def last_taken(connection: Connection) -> int:
    """Number of the last record taken in, within a transaction."""
    return int(connection.execute(select(applied.c.sequence)).scalar() or 0)


def catch_up(engine: Engine, store: Store, archive: str) -> int:
    """Take in the records that the catalogue does not have yet; the number of the last one.

    Several processes may do this at once: each record is taken in once.

    Raises
    ------
    InputError
        where the log is damaged, or is not the one this catalogue was made from.
    """
    done, link = watermark(engine)
    for batch in _batches(store.records(after=done, previous=link), BATCH):
        with writing(engine) as connection:
            take_in(connection, batch, archive)
        done = batch[-1].sequence
    return done


def rebuild(engine: Engine, store: Store, archive: str) -> int:
    """Make the catalogue again from the archive alone; the number of records taken in.

    All in one transaction: who reads meanwhile sees the older catalogue to the end.
    """
    count = 0
    with writing(engine) as connection:
        for table in TABLES:
            connection.execute(delete(table))
        connection.execute(text("DELETE FROM words"))
        for batch in _batches(store.records(), BATCH):
            take_in(connection, batch, archive)
            count += len(batch)
    return count


def take_in(connection: Connection, records: Sequence[Record], archive: str) -> None:
    """Fold records into the catalogue within one transaction; those it has are passed over."""
    done = last_taken(connection)
    fresh = [record for record in records if record.sequence > done]
    if not fresh:
        return
    fold = _Fold(connection, fresh)
    for record in fresh:
        fold.take(record)
    fold.write()
    connection.execute(delete(applied))
    connection.execute(
        insert(applied),
        {"one": 1, "archive": archive, "sequence": fresh[-1].sequence, "hash": fresh[-1].hash},
    )


class _Fold:
    """Rows as they change within one batch, and what to write at its end."""

    def __init__(self, connection: Connection, records: Sequence[Record]) -> None:
        self.connection = connection
        wanted = sorted({record.object for record in records if record.object})
        self.objects = {row["identifier"]: row for row in _rows_by(connection, objects, "identifier", wanted)}
        self.before = {name: dict(row) for name, row in self.objects.items()}
        keys = sorted({record.capture for record in records if record.capture})
        self.captures = {row["key"]: row for row in _rows_by(connection, captures, "key", keys)}
        self.old_captures = set(self.captures)
        self.changed: dict[str, None] = {}
        self.products: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.projects: dict[str, dict[str, Any]] = {}
        self.edits: list[dict[str, Any]] = []
        self.holdings: set[tuple[str, int]] = set()

    def take(self, record: Record) -> None:
        """One record."""
        self.edits.append(
            {
                "sequence": record.sequence,
                "time": record.time,
                "who": record.who,
                "kind": record.kind,
                "object": record.object,
                "capture": record.capture,
                "line": record.line,
            }
        )
        match record.kind:
            case "object.described":
                self._describe(record)
            case "capture.added":
                self._add_capture(record)
            case "products.published":
                self._publish(record)
            case "project.described":
                self._project(record)

    def _describe(self, record: Record) -> None:
        row = self.objects.get(record.object)
        if row is None:
            row = self.objects[record.object] = {
                "id": record.sequence,
                "identifier": record.object,
                **dict.fromkeys(FIELDS, ""),
                "embargo": None,
                "other": "{}",
                "added": record.time,
            }
        for name, value in record.body.get("set", {}).items():
            if name == "other":
                merged = json.loads(row["other"]) | value
                row["other"] = _json({key: item for key, item in merged.items() if item})
            elif name == "embargo":
                row["embargo"] = date.fromisoformat(value) if value else None
            elif name in FIELDS:
                row[name] = value
        row["changed"], row["revision"] = record.time, record.sequence
        self.changed[record.object] = None

    def _add_capture(self, record: Record) -> None:
        body = record.body
        self.captures[record.capture] = {
            "key": record.capture,
            "object_id": self.objects[record.object]["id"],
            "title": body["title"],
            "axes": body["axes"],
            "frames": body["frames"],
            "files": body["files"],
            "bytes": body["bytes"],
            "created": body["created"],
            "added": record.time,
            "version": body["version"],
            "inventory": body["inventory"],
            "sequence": record.sequence,
        }

    def _publish(self, record: Record) -> None:
        capture = self.captures[record.capture]
        capture["version"], capture["inventory"] = record.body["version"], record.body["inventory"]
        for item in record.body["products"]:
            self.holdings.add((item["kind"], capture["object_id"]))
            self.products[record.capture, record.body["run"], item["name"]] = {
                "capture": record.capture,
                "run": record.body["run"],
                "name": item["name"],
                "kind": item["kind"],
                "path": item["path"],
                "bytes": item["bytes"],
                "blake3": item["blake3"],
                "technique": record.body["technique"],
                "operation": record.body["operation"],
                "version": record.body["version"],
                "published": record.time,
                "sequence": record.sequence,
            }

    def _project(self, record: Record) -> None:
        body = record.body
        self.projects[body["name"]] = {
            "name": body["name"],
            "title": body["title"],
            "target": date.fromisoformat(body["target"]) if body["target"] else None,
            "body": _json(body),
            "revision": record.sequence,
        }

    def write(self) -> None:
        """Write every row that changed."""
        rows = [self.objects[name] for name in self.changed]
        old = [self.before[name]["id"] for name in self.changed if name in self.before]
        _delete(self.connection, objects, "id", old)
        if old:
            self.connection.execute(text(_forget(self.connection)), [{"id": number} for number in old])
        _insert(self.connection, objects, rows)
        if rows:
            self.connection.execute(text(_learn(self.connection)), [_words(row) for row in rows])
        self._hold()
        self._count()
        _delete(self.connection, captures, "key", sorted(self.old_captures))
        _insert(self.connection, captures, list(self.captures.values()))
        _insert(self.connection, products, list(self.products.values()))
        _delete(self.connection, projects, "name", list(self.projects))
        _insert(self.connection, projects, list(self.projects.values()))
        _insert(self.connection, edits, self.edits)

    def _hold(self) -> None:
        """Which objects have a kind for the first time."""
        numbers = sorted({held for _, held in self.holdings})
        known = _rows_by(self.connection, holdings, "object_id", numbers)
        self.holdings -= {(row["kind"], row["object_id"]) for row in known}
        rows = [{"kind": kind, "object_id": held} for kind, held in sorted(self.holdings)]
        _insert(self.connection, holdings, rows)

    def _count(self) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        for name in self.changed:
            counts.update(_values(self.objects[name]))
            if name in self.before:
                counts.subtract(_values(self.before[name]))
        counts.update(("kind", kind) for kind, _ in self.holdings)
        rows = [
            {"field": field, "value": value, "objects": number}
            for (field, value), number in sorted(counts.items())
            if number
        ]
        if rows:
            self.connection.execute(
                text(
                    "INSERT INTO facets (field, value, objects) VALUES (:field, :value, :objects) "
                    "ON CONFLICT (field, value) DO UPDATE SET objects = facets.objects + excluded.objects"
                ),
                rows,
            )
            self.connection.execute(delete(facets).where(facets.c.objects == 0))


def _values(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What an object counts for."""
    yield "", ""
    for field in FACETS:
        if row[field]:
            yield field, row[field]
    if row["project"]:
        yield "quota", _json([row["project"], row["institution"]])


def plain_words(value: str) -> str:
    """Text as it is searched: without accents, whole words.

    >>> plain_words("Käfer, Ébène")
    'Kafer, Ebene'
    """
    return "".join(c for c in unicodedata.normalize("NFKD", value) if not unicodedata.combining(c))


def _words(row: Mapping[str, Any]) -> dict[str, Any]:
    values = [row[name] for name in _SEARCHED] + list(json.loads(row["other"]).values())
    return {"id": row["id"], "text": plain_words(" \n".join(value for value in values if value))}


def _learn(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return "INSERT INTO words (rowid, text) VALUES (:id, :text)"
    return "INSERT INTO words (id, text) VALUES (:id, to_tsvector('simple', :text))"


def _forget(connection: Connection) -> str:
    column = "rowid" if connection.dialect.name == "sqlite" else "id"
    return f"DELETE FROM words WHERE {column} = :id"  # noqa: S608 - one of two names of ours


def rows(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the catalogue in order of its key, to compare one catalogue with another.

    >>> import tempfile
    >>> from vestige.archive import Archive
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     len(rows(archive.engine)["edits"])
    1
    """
    found = {}
    with reading(engine) as connection:
        for table in TABLES:
            ordered = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in connection.execute(ordered)]
        order = "rowid" if engine.dialect.name == "sqlite" else "id"
        words = connection.execute(text(f"SELECT {order} FROM words ORDER BY {order}"))  # noqa: S608
        found["words"] = [tuple(row) for row in words]
    return found


def size(engine: Engine) -> int:
    """How many objects there are, from the count that is kept."""
    with reading(engine) as connection:
        counted = select(func.coalesce(func.max(facets.c.objects), 0)).where(facets.c.field == "")
        return int(connection.execute(counted).scalar_one())


def _rows_by(
    connection: Connection, table: Table, column: str, values: Sequence[Any]
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for start in range(0, len(values), 500):
        chosen = select(table).where(table.c[column].in_(values[start : start + 500]))
        found += [dict(row._mapping) for row in connection.execute(chosen)]
    return found


def _delete(connection: Connection, table: Table, column: str, values: Sequence[Any]) -> None:
    for start in range(0, len(values), 500):
        connection.execute(delete(table).where(table.c[column].in_(values[start : start + 500])))


def _insert(connection: Connection, table: Table, listed: list[dict[str, Any]]) -> None:
    if listed:
        connection.execute(insert(table), listed)


def _batches(records: Iterable[Record], count: int) -> Iterator[list[Record]]:
    stream = iter(records)
    while batch := list(islice(stream, count)):
        yield batch


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


assert set(metadata.tables) >= {table.name for table in TABLES}
