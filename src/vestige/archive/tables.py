"""The tables of the catalogue. Every row follows from the archive's log; nothing here is an original.

The job ledger adds its own tables to the same `metadata`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, MetaData, String, Table, Text

#: All tables of the database, those of the job ledger included once it is imported.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

#: SQLite numbers rows by itself only where the key is an INTEGER.
Sequence = BigInteger().with_variant(Integer, "sqlite")

#: The object: the thing. `id` is the number of the record that first named it.
objects = Table(
    "objects",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=False),
    Column("identifier", String, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("number", String, nullable=False, index=True),
    Column("collection", String, nullable=False),
    Column("project", String, nullable=False),
    Column("institution", String, nullable=False),
    Column("person", String, nullable=False),
    Column("place", String, nullable=False),
    Column("date", String, nullable=False),
    Column("rights", Text, nullable=False),
    Column("embargo", Date),
    Column("taxon", String, nullable=False),
    Column("collector", String, nullable=False),
    Column("other", Text, nullable=False),
    Column("added", String, nullable=False),
    Column("changed", String, nullable=False),
    Column("revision", Sequence, nullable=False),
)
#: One index for each field that objects are chosen by, in the order in which they are listed.
for _field in ("project", "collection", "institution", "person", "place", "taxon", "collector"):
    Index(f"ix_objects_{_field}_id", objects.c[_field], objects.c.id)
#: Few objects are under embargo: the index holds those alone.
_some = objects.c.embargo.is_not(None)
Index("ix_objects_embargo", objects.c.embargo, sqlite_where=_some, postgresql_where=_some)

#: A sealed capture; `key` is the digest of what it says and holds, `version` its newest in the archive.
captures = Table(
    "captures",
    metadata,
    Column("key", String, primary_key=True),
    Column("object_id", Sequence, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("axes", Text, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("files", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("created", String, nullable=False),
    Column("added", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("inventory", String, nullable=False),
    Column("sequence", Sequence, nullable=False, index=True),
)

#: A published product of a capture; `run` is the key of the run that made it.
products = Table(
    "products",
    metadata,
    Column("capture", String, primary_key=True),
    Column("run", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("path", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("blake3", String, nullable=False, index=True),
    Column("technique", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("published", String, nullable=False),
    Column("sequence", Sequence, nullable=False, index=True),
)

#: Which objects have a product of a kind.
holdings = Table(
    "holdings",
    metadata,
    Column("object_id", Sequence, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Index("ix_holdings_kind_object_id", "kind", "object_id"),
)

#: Every record of the log: metadata, edits, annotations, reviews. `line` is the record as it stands there.
edits = Table(
    "edits",
    metadata,
    Column("sequence", Sequence, primary_key=True, autoincrement=False),
    Column("time", String, nullable=False),
    Column("who", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("object", String, nullable=False),
    Column("capture", String, nullable=False),
    Column("line", Text, nullable=False),
)
Index("ix_edits_object_sequence", edits.c.object, edits.c.sequence)

projects = Table(
    "projects",
    metadata,
    Column("name", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("target", Date),
    Column("body", Text, nullable=False),
    Column("revision", Sequence, nullable=False),
)

#: How many objects carry a value, kept up to date with each record: no count is taken while one waits.
facets = Table(
    "facets",
    metadata,
    Column("field", String, primary_key=True),
    Column("value", String, primary_key=True),
    Column("objects", BigInteger, nullable=False),
    Index("ix_facets_field_objects", "field", "objects"),
)

#: One row: the last record of the log that this catalogue has taken in.
applied = Table(
    "applied",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("archive", String, nullable=False),
    Column("sequence", Sequence, nullable=False),
    Column("hash", String, nullable=False),
)
