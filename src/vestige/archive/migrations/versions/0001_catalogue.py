"""The catalogue: objects, captures, products, edits, projects, facets, words."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _texts(*names: str, kind: type[sa.types.TypeEngine[str]] = sa.String) -> list[sa.Column[str]]:
    return [sa.Column(name, kind(), nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables."""
    _objects()
    _captures()
    _log()
    _words()


def _objects() -> None:
    op.create_table(
        "objects",
        sa.Column("id", _number(), primary_key=True, autoincrement=False),
        *_texts("identifier"),
        *_texts("title", "description", kind=sa.Text),
        *_texts("number", "collection", "project", "institution", "person", "place", "date"),
        *_texts("rights", kind=sa.Text),
        sa.Column("embargo", sa.Date()),
        *_texts("taxon", "collector"),
        *_texts("other", kind=sa.Text),
        *_texts("added", "changed"),
        sa.Column("revision", _number(), nullable=False),
        sa.UniqueConstraint("identifier", name="uq_objects_identifier"),
    )
    op.create_index("ix_objects_number", "objects", ["number"])
    op.create_index("ix_objects_project_id", "objects", ["project", "id"])
    op.create_index("ix_objects_collection_id", "objects", ["collection", "id"])
    op.create_table(
        "facets",
        sa.Column("field", sa.String(), primary_key=True),
        sa.Column("value", sa.String(), primary_key=True),
        sa.Column("objects", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_facets_field_objects", "facets", ["field", "objects"])


def _captures() -> None:
    op.create_table(
        "captures",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("object_id", _number(), nullable=False),
        *_texts("title", "axes", kind=sa.Text),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        *_texts("created", "added"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("inventory"),
        sa.Column("sequence", _number(), nullable=False),
    )
    op.create_index("ix_captures_object_id", "captures", ["object_id"])
    op.create_index("ix_captures_sequence", "captures", ["sequence"])
    op.create_table(
        "products",
        sa.Column("capture", sa.String(), primary_key=True),
        sa.Column("run", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        *_texts("kind"),
        *_texts("path", kind=sa.Text),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        *_texts("blake3", "technique", "operation"),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("published"),
        sa.Column("sequence", _number(), nullable=False),
    )
    op.create_index("ix_products_sequence", "products", ["sequence"])
    op.create_index("ix_products_blake3", "products", ["blake3"])


def _log() -> None:
    op.create_table(
        "edits",
        sa.Column("sequence", _number(), primary_key=True, autoincrement=False),
        *_texts("time", "who", "kind", "object", "capture"),
        *_texts("line", kind=sa.Text),
    )
    op.create_index("ix_edits_object_sequence", "edits", ["object", "sequence"])
    op.create_table(
        "projects",
        sa.Column("name", sa.String(), primary_key=True),
        *_texts("title", kind=sa.Text),
        sa.Column("target", sa.Date()),
        *_texts("body", kind=sa.Text),
        sa.Column("revision", _number(), nullable=False),
    )
    op.create_table(
        "applied",
        sa.Column("one", sa.Integer(), primary_key=True, autoincrement=False),
        *_texts("archive"),
        sa.Column("sequence", _number(), nullable=False),
        *_texts("hash"),
    )


def _words() -> None:
    """Full-text search is the one thing in which the two databases differ."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE words USING fts5"
            "(text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 2')"
        )
        return
    op.execute("CREATE TABLE words (id BIGINT PRIMARY KEY, text TSVECTOR NOT NULL)")
    op.execute("CREATE INDEX ix_words_text ON words USING gin (text)")
