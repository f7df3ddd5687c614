"""Embargo: an index of the few objects that are not public yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index; objects that were never under embargo take no room in it."""
    some = sa.text("embargo IS NOT NULL")
    op.create_index("ix_objects_embargo", "objects", ["embargo"], sqlite_where=some, postgresql_where=some)
