"""Opening the catalogue: SQLite in a folder by default, PostgreSQL by URL; the same code for both.

One writer at a time, readers never wait for it. Writers take turns through a lock that the kernel
frees when a process dies (a file lock beside SQLite, an advisory lock in PostgreSQL), so that no
writer polls and none is told that the database is locked.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vestige.archive.migrations import newest, present, upgrade
from vestige.archive.tables import metadata
from vestige.errors import InputError, MissingError, OutputError, UsageError, VestigeError

__all__ = ["metadata", "open_database", "reading", "writing"]

CATALOGUE = "catalogue.sqlite"
BUSY_MS = 60_000
#: The lock that writers of one PostgreSQL database take in turn.
_WRITER = 0x7665_7374
#: Earlier releases can corrupt a database when the write-ahead log is reset.
_SOUND = (3, 51, 3)


@dataclass(frozen=True)
class _File:
    """The file behind an engine, and the lock that its threads take before they write."""

    path: Path
    read_only: bool
    lock: threading.Lock = field(default_factory=threading.Lock)


_FILES: weakref.WeakKeyDictionary[Engine, _File] = weakref.WeakKeyDictionary()


def open_database(place: str | os.PathLike[str], *, read_only: bool = False) -> Engine:
    """The database at `place`: a URL (``postgresql://…``) or a folder, made and migrated as needed.

    In a folder it is the file ``catalogue.sqlite``: write-ahead log, foreign keys, every commit on
    disk before it returns. `read_only` opens without writing a byte and migrates nothing.

    Raises
    ------
    InputError
        where it is damaged, was made by a newer Vestige, or cannot be reached.
    OutputError
        where it cannot be written.

    >>> import tempfile
    >>> engine = open_database(tempfile.mkdtemp())
    >>> with reading(engine) as connection:
    ...     connection.exec_driver_sql("pragma journal_mode").scalar()
    'wal'
    """
    engine = _postgresql(str(place)) if "://" in str(place) else _sqlite(Path(place), read_only=read_only)
    try:
        with explained(engine):
            found = present(engine)
            if (found or "") < newest() and not read_only:
                with _turn(engine):
                    upgrade(engine)
                found = newest()
        if found != newest():
            raise InputError(
                name_of(engine),
                f"is of schema {found or 'none'}",
                newest(),
                "open it once for writing, or update Vestige",
            )
    except VestigeError:
        engine.dispose()
        raise
    return engine


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one state of the database throughout; it never waits for a writer.

    Raises
    ------
    InputError
        where the database is damaged or out of reach.

    >>> import tempfile
    >>> with reading(open_database(tempfile.mkdtemp())) as connection:
    ...     connection.exec_driver_sql("SELECT count(*) FROM objects").scalar()
    0
    """
    with explained(engine), engine.connect() as connection, connection.begin():
        yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """The one writer: all of the block is committed, durably, or none of it.

    Raises
    ------
    OutputError
        where the disk refuses or the database is read-only; it is as it was.

    >>> import tempfile
    >>> with writing(open_database(tempfile.mkdtemp())) as connection:
    ...     connection.exec_driver_sql("DELETE FROM facets").rowcount
    0
    """
    with explained(engine), _turn(engine), engine.connect() as connection:
        connection = connection.execution_options(vestige_writing=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _WRITER})
            yield connection


def name_of(engine: Engine) -> str:
    """The database as a person names it: its file, or its URL without the password."""
    if engine.dialect.name == "sqlite":
        return str(_FILES[engine].path)
    return engine.url.render_as_string(hide_password=True)


@contextlib.contextmanager
def explained(engine: Engine) -> Iterator[None]:
    """Turn what the database library raises into one sentence."""
    try:
        yield
    except (DatabaseError, PoolTimeout) as error:
        raise _sentence(engine, error) from error


def _sentence(engine: Engine, error: Exception) -> VestigeError:
    name, cause = name_of(engine), str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    low = cause.lower()
    if "full" in low or "no space" in low:
        return OutputError(f"{name} cannot be written ({cause}): free some space on its disk")
    if any(word in low for word in ("readonly", "read-only", "unable to open", "disk i/o", "locked")):
        return OutputError(f"{name} cannot be written ({cause}): check its disk and its permissions")
    if "malformed" in low or "not a database" in low or "corrupt" in low:
        return InputError(name, f"is damaged ({cause})", action="make it again with vestige archive rebuild")
    return InputError(name, f"cannot be used ({cause})", action="check the database and try again")


def _sqlite(folder: Path, *, read_only: bool) -> Engine:
    try:
        import pysqlite3
    except ImportError:
        raise MissingError("pysqlite3 is not installed: pip install 'pysqlite3>=0.6.1'") from None
    if pysqlite3.sqlite_version_info < _SOUND:
        raise MissingError(
            f"SQLite {pysqlite3.sqlite_version} can damage a database: pip install 'pysqlite3>=0.6.1'"
        )
    file = folder.absolute() / CATALOGUE
    if read_only:
        query = {"uri": "true", "mode": "ro"}
        # Without a write-ahead log beside it nothing is pending, and the file may lie on a read-only disk.
        if not file.with_name(f"{CATALOGUE}-wal").exists():
            query["immutable"] = "1"
        url = URL.create("sqlite+pysqlite", database=file.as_uri(), query=query)
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder} cannot be written ({error.strerror}): choose another place"
            ) from None
        url = URL.create("sqlite+pysqlite", database=str(file))
    engine = create_engine(
        url,
        module=pysqlite3,
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=16,
        max_overflow=256,
    )
    _FILES[engine] = _File(file, read_only)
    event.listen(engine, "connect", _read_only_session if read_only else _session)
    event.listen(engine, "begin", _begin)
    return engine


def _session(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"pragma {pragma}")


def _read_only_session(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("pragma query_only=on")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("vestige_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("postgresql", "postgres"):
            raise UsageError(f"{url} is no database that Vestige knows: a folder, or postgresql://…")
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=16, max_overflow=64, pool_pre_ping=True
        )
    except ArgumentError as error:
        raise UsageError(f"{url} is no address of a database: {error}") from None
    except (NoSuchModuleError, ModuleNotFoundError):
        raise MissingError("psycopg is not installed: pip install 'psycopg[binary]>=3.2'") from None


@contextlib.contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """Take a turn among the threads and processes that write to one SQLite file."""
    if engine.dialect.name != "sqlite":
        yield
        return
    file = _FILES[engine]
    if file.read_only:
        raise OutputError(f"{file.path} was opened for reading only: open it for writing")
    with file.lock:
        try:
            mark = file.path.with_name(f"{file.path.name}.writer")
            handle = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise OutputError(
                f"{file.path} cannot be written ({error.strerror}): check its disk and its permissions"
            ) from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
