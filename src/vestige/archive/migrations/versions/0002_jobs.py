"""The job ledger: jobs, what each needs, what is to be told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table("jobs", *_what(), *_how(), sa.UniqueConstraint("key", "out", name="uq_jobs_key_out"))
    op.create_index("ix_jobs_batch", "jobs", ["batch"])
    op.create_index("ix_jobs_state_priority", "jobs", ["state", sa.text("priority DESC"), "id"])
    op.create_table(
        "job_needs",
        sa.Column("job", _number(), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("needs", _number(), sa.ForeignKey("jobs.id"), primary_key=True),
    )
    op.create_index("ix_job_needs_needs", "job_needs", ["needs"])
    op.create_table(
        "job_notices",
        sa.Column("id", _number(), primary_key=True, autoincrement=True),
        sa.Column("job", _number(), sa.ForeignKey("jobs.id"), nullable=False),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due", sa.Double(), nullable=False),
    )
    op.create_index("ix_job_notices_due", "job_notices", ["due"])


def _what() -> list[sa.Column[Any]]:
    texts = ("title", "technique", "operation", "out", "work")
    return [
        sa.Column("id", _number(), primary_key=True, autoincrement=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("batch", sa.String(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("cores", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("cuda", sa.Integer(), nullable=False),
        sa.Column("tell", sa.JSON(), nullable=False),
        sa.Column("submitted", sa.Double(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
    ]


def _how() -> list[sa.Column[Any]]:
    counts = ("attempts", "deaths", "interruptions", "token")
    return [
        sa.Column("started", sa.Double()),
        sa.Column("finished", sa.Double()),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("heartbeat", sa.Double()),
        sa.Column("done", sa.Double(), nullable=False),
        sa.Column("total", sa.Double(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("moved", sa.Double()),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
    ]
