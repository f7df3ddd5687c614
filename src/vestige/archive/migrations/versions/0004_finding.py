"""Finding: which kinds of product each object has, and an index for each field objects are chosen by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, fill it from what the catalogue knows, and add the indexes."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "holdings",
        sa.Column("object_id", number, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(), primary_key=True),
    )
    op.create_index("ix_holdings_kind_object_id", "holdings", ["kind", "object_id"])
    op.execute(
        "INSERT INTO holdings (object_id, kind) SELECT DISTINCT captures.object_id, products.kind "
        "FROM products JOIN captures ON captures.key = products.capture"
    )
    op.execute(
        "INSERT INTO facets (field, value, objects) SELECT 'kind', kind, count(*) FROM holdings GROUP BY kind"
    )
    for field in ("institution", "person", "place", "taxon", "collector"):
        op.create_index(f"ix_objects_{field}_id", "objects", [field, "id"])
