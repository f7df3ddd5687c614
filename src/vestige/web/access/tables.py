"""Accounts and sign-ins, in the database of the catalogue; they come from backup, not from the archive."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from vestige.archive.database import metadata

_Number = BigInteger().with_variant(Integer, "sqlite")

accounts = Table(
    "accounts",
    metadata,
    Column("id", _Number, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("secret", Text, nullable=False),
    Column("made", Double, nullable=False),
    UniqueConstraint("name", name="uq_accounts_name"),
)

#: `mark` is the SHA-256 of what the browser holds; a stolen copy of the table signs nobody in.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("mark", String(64), primary_key=True),
    Column("account", _Number, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("made", Double, nullable=False),
    Column("seen", Double, nullable=False),
)
