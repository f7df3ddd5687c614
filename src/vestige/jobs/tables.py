"""The tables of the ledger, in the database of the catalogue."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vestige.archive.database import metadata

_Number = BigInteger().with_variant(Integer, "sqlite")

#: One row a job. Times are seconds since 1970; `work` is all that a worker needs; `token` grows with
#: each claim, so that a worker whose lease was lost is told from the one that has it now.
jobs = Table(
    "jobs",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False),
    Column("batch", String, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("technique", String, nullable=False),
    Column("operation", String, nullable=False),
    Column("out", Text, nullable=False),
    Column("work", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("cores", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("cuda", Integer, nullable=False),
    Column("tell", JSON, nullable=False),
    Column("submitted", Double, nullable=False),
    Column("not_before", Double, nullable=False),
    Column("started", Double),
    Column("finished", Double),
    Column("attempts", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("token", Integer, nullable=False),
    Column("owner", String, nullable=False),
    Column("host", String, nullable=False),
    Column("heartbeat", Double),
    Column("done", Double, nullable=False),
    Column("total", Double, nullable=False),
    Column("label", Text, nullable=False),
    Column("moved", Double),
    Column("stop", Boolean, nullable=False),
    Column("words", JSON, nullable=False),
    UniqueConstraint("key", "out", name="uq_jobs_key_out"),
)
Index("ix_jobs_state_priority", jobs.c.state, jobs.c.priority.desc(), jobs.c.id)

#: Job `job` takes what job `needs` makes.
needs = Table(
    "job_needs",
    metadata,
    Column("job", _Number, ForeignKey("jobs.id"), primary_key=True),
    Column("needs", _Number, ForeignKey("jobs.id"), primary_key=True, index=True),
)

#: What is still to be told to somebody. A row goes once it was sent, or after too many tries.
notices = Table(
    "job_notices",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("job", _Number, ForeignKey("jobs.id"), nullable=False),
    Column("event", String(16), nullable=False),
    Column("address", Text, nullable=False),
    Column("body", JSON, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Double, nullable=False),
)
Index("ix_job_notices_due", notices.c.due)
