"""Faults of the system on purpose: the n-th write fails, once, with the error of one's choice."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vestige.archive.disk import Disk

#: The calls by which bytes and names reach a disk.
CALLS = ("write", "fsync", "mkdir", "rename", "replace", "link", "ftruncate", "open")


class Faults:
    """Counts the writing calls beneath a folder and lets one of them fail.

    ``fail(n, number)`` makes the n-th call from now fail with that errno; ``fail_all(number)`` every
    one, as on a disk that is read-only.
    """

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self.count = 0
        self.at: int | None = None
        self.number = errno.ENOSPC
        self.always = False
        self.hit = ""
        self._lock = threading.Lock()
        self._handles: dict[int, str] = {}

    def fail(self, at: int, number: int) -> None:
        """Let the call `at` (0 the next) fail."""
        self.count, self.at, self.number, self.hit = 0, at, number, ""

    def fail_all(self, number: int) -> None:
        """Let every call fail."""
        self.number, self.always = number, True

    def calm(self) -> None:
        """No more faults."""
        self.at, self.always = None, False

    def before(self, name: str, path: str) -> None:
        """Count a call, and raise where it is the one that fails."""
        if not path.startswith(self.root):
            return
        with self._lock:
            now = self.count
            self.count += 1
            if self.always or now == self.at:
                self.hit = f"{name} {path}"
                raise OSError(self.number, os.strerror(self.number), path)


@contextlib.contextmanager
def faults(root: Path) -> Iterator[Faults]:
    """Calls of the system pass through a counter that may fail them.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with faults(folder) as disk:
    ...     disk.fail(0, errno.EIO)
    ...     try:
    ...         (folder / "new").mkdir()
    ...     except OSError as error:
    ...         print(error.strerror)
    Input/output error
    """
    counter = Faults(root)
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _wrapped(name, getattr(os, name), counter))
        patch.setattr(Disk, "exchange", _exchange(Disk.exchange, counter))
        yield counter


def _exchange(call: Callable[..., None], counter: Faults) -> Callable[..., None]:
    """The one call that Python has no function for."""

    def passing(disk: Disk, first: Path, second: Path) -> None:
        counter.before("renameat2", str(second))
        call(disk, first, second)

    return passing


def _wrapped(name: str, call: Callable[..., Any], counter: Faults) -> Callable[..., Any]:
    def passing(first: Any, *rest: Any, **named: Any) -> Any:
        path = counter._handles.get(first, "") if isinstance(first, int) else os.fspath(first)
        path = os.fsdecode(path) if isinstance(path, bytes) else path
        if name == "open":
            flags = rest[0] if rest else named.get("flags", 0)
            if flags & (os.O_CREAT | os.O_TRUNC):
                counter.before(name, path)
            handle = call(first, *rest, **named)
            counter._handles[handle] = path
            return handle
        counter.before(name, path)
        return call(first, *rest, **named)

    return passing
