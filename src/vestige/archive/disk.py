"""The few things the archive asks of a file system, each durable only once it was synced.

`vestige.testing.forgetful.ForgetfulDisk` stands in for it and forgets what was not synced.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)
_HERE = -100  # AT_FDCWD


class Disk:
    """A file system: writes, renames and syncs. What fails leaves nothing half-done behind.

    >>> import tempfile
    >>> disk, folder = Disk(), Path(tempfile.mkdtemp())
    >>> disk.write(folder / "note", [b"who", b"le"])
    >>> disk.sync(folder)
    >>> (folder / "note").read_bytes()
    b'whole'
    """

    def make_folder(self, path: Path) -> None:
        """Make one new folder in a folder that exists."""
        path.mkdir()

    def write(self, path: Path, chunks: Iterable[bytes | memoryview], *, sync: bool = False) -> None:
        """Write a new file; `sync` makes its content (not its name) durable."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            for chunk in chunks:
                _write_all(handle, chunk)
            if sync:
                os.fsync(handle)
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(handle)

    def append(self, path: Path, data: bytes) -> None:
        """Add to the end of a file, durably; where that fails the file is as long as it was."""
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            before = os.fstat(handle).st_size
            try:
                _write_all(handle, data)
                os.fsync(handle)
            except BaseException:
                os.ftruncate(handle, before)
                os.fsync(handle)
                raise
        finally:
            os.close(handle)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to `size` bytes, durably."""
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.ftruncate(handle, size)
            os.fsync(handle)
        finally:
            os.close(handle)

    def link(self, path: Path, new: Path) -> None:
        """A second name for a file; a copy where the file system knows no links."""
        try:
            os.link(path, new)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
                raise
            with open(path, "rb") as stream:
                self.write(new, iter(lambda: stream.read(1 << 20), b""), sync=True)

    def rename(self, path: Path, new: Path) -> None:
        """Move a file or folder to a name that is free (a file may take another file's place)."""
        path.rename(new)

    def exchange(self, first: Path, second: Path) -> None:
        """Let two folders trade places, in one step where the system can."""
        renameat2 = getattr(_libc(), "renameat2", None)
        if renameat2 is not None:
            if renameat2(_HERE, os.fsencode(first), _HERE, os.fsencode(second), _EXCHANGE) == 0:
                return
            number = ctypes.get_errno()
            if number not in (errno.ENOSYS, errno.EINVAL):
                raise OSError(number, os.strerror(number), str(second))
        aside = first.with_name(f"{first.name}.aside")
        second.rename(aside)
        first.rename(second)
        aside.rename(first)

    def sync(self, path: Path) -> None:
        """Make durable: the content of a file, or the names in a folder."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, path: Path) -> None:
        """Take away a file or a folder with all it holds; nothing happens where there is none."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, onerror=_unless_gone)
        else:
            path.unlink(missing_ok=True)


def make_folders(disk: Disk, folder: Path, root: Path) -> None:
    """Make `folder` and those above it down from `root`, each durable in the one that holds it."""
    missing = []
    while folder != root and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for item in reversed(missing):
        with contextlib.suppress(FileExistsError):
            disk.make_folder(item)
        disk.sync(item.parent)


def sync_tree(disk: Disk, folder: Path) -> None:
    """Make all beneath a folder durable: first every file, then the names, from the bottom up."""
    for here, _, files in os.walk(folder, topdown=False):
        for name in files:
            disk.sync(Path(here, name))
    for here, _, _ in os.walk(folder, topdown=False):
        disk.sync(Path(here))


def _unless_gone(_call: object, _path: str, error: tuple[type[BaseException], BaseException, object]) -> None:
    """Two processes may clear away the same folder: what is gone already is well."""
    if not isinstance(error[1], FileNotFoundError):
        raise error[1]


def _write_all(handle: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
