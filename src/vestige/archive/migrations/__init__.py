"""Steps of the database's schema, in order of their file names; run when a database is opened.

A step is a file ``versions/NNNN_what.py`` with ``revision = "NNNN"``. It names tables and columns
itself and imports nothing of Vestige: it must mean the same for ever.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, inspect, text

_FOLDER = Path(__file__).parent


@cache
def newest() -> str:
    """The newest revision that this Vestige knows.

    >>> newest() >= "0001"
    True
    """
    return max(path.name[:4] for path in (_FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def present(engine: Engine) -> str | None:
    """The revision of a database; None where it is new."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest revision, all steps in one transaction."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(_FOLDER)
    with engine.connect() as connection:
        connection = connection.execution_options(vestige_writing=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(1986359924)"))
            context = MigrationContext.configure(
                connection,
                opts={
                    "transactional_ddl": True,
                    "fn": lambda revision, _context: scripts._upgrade_revs("head", revision),
                },
            )
            with Operations.context(context):
                context.run_migrations()
