"""Writing so that a power cut leaves either the old file or the new one, never half of one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vestige.errors import OutputError


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Make the entries of a folder (new names, renames) durable.

    >>> sync_folder(".")
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_atomically(path: str | os.PathLike[str], data: bytes | memoryview) -> None:
    """Write `data` under `path` so that the file is either whole or not there.

    Raises
    ------
    OutputError
        where the disk refuses; nothing half-written stays behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/note.txt", b"whole")
    ...     Path(folder, "note.txt").read_bytes()
    b'whole'
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with open(temporary, "xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written ({error.strerror}): free some space or choose another folder"
        ) from None


def sync_tree(folder: str | os.PathLike[str]) -> None:
    """Make all that lies in a folder durable: files, then the folders that name them."""
    for inner, _, files in os.walk(folder):
        for name in files:
            with open(Path(inner, name), "rb") as stream:
                os.fsync(stream.fileno())
        sync_folder(inner)


def publish_folder(staged: Path, final: Path) -> None:
    """Move a finished folder to its place in one step, durably; an older `final` gives way.

    Raises
    ------
    OutputError
        where the disk refuses; then `final` is as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (Path(folder) / "staged").mkdir()
    ...     publish_folder(Path(folder) / "staged", Path(folder) / "final")
    ...     [item.name for item in Path(folder).iterdir()]
    ['final']
    """
    older = final.with_name(f".{final.name}.older")
    try:
        sync_tree(staged)
        if final.exists():
            shutil.rmtree(older, ignore_errors=True)
            final.rename(older)
        try:
            staged.rename(final)
        except OSError:
            if older.exists():
                older.rename(final)
            raise
        sync_folder(final.parent)
        shutil.rmtree(older, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{final} cannot be written ({error.strerror})") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    r"""The file at `path`, made where there is none, held alone; one removed while waiting is let go.

    >>> import tempfile
    >>> with locked(Path(tempfile.mkdtemp()) / "journal") as stream:
    ...     append_line(stream, b"first\n")
    """
    while True:
        with open(path, "a+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            if os.fstat(stream.fileno()).st_nlink:
                yield stream
                return


def drop_cut_line(stream: BinaryIO, start: int = 0) -> None:
    """Cut a last line without its end (power cut), so that the next line starts clean; lines before byte
    `start` are known to be whole.
    """
    stream.seek(start)
    data = stream.read()
    if data and not data.endswith(b"\n"):
        stream.truncate(start + data.rfind(b"\n") + 1)


def append_line(stream: BinaryIO, line: bytes) -> None:
    """Add a line to a file that is held; durable when this returns, else as it was.

    Raises
    ------
    OSError
        where the disk refuses.
    """
    start = stream.seek(0, os.SEEK_END)
    try:
        if stream.write(line) < len(line):
            raise OSError(28, "No space left on device")
        os.fsync(stream.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            stream.truncate(start)
        raise
