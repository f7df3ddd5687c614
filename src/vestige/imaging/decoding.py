"""The parent's side of decoding: a small pool of reused, limited child processes.

Why a process: the libraries that decode images are large, written in C, and meet files from strangers. In
a child, a crash, an endless loop or a bomb of a file is one clear sentence for one frame, not the end of a
night's work. Why reused: starting one costs 0.2 s, decoding a frame often less.
"""

from __future__ import annotations

import atexit
import base64
import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from vestige.errors import InputError, OutputError
from vestige.imaging.info import Limits

__all__ = ["decode", "decode_small"]

DECODES_A_CHILD: Final = 500
CHILDREN: Final = max(2, min(8, os.cpu_count() or 1))


def decode(
    path: Path, kind: str, *, page: int, limits: Limits, spool: int | None = None, linear: bool = False
) -> dict[str, Any]:
    """Header of an image, its pixels written to the file `spool` where one is given.

    Raises
    ------
    InputError : the file is damaged, cut off, too large, too slow, or crashed its decoder.
    OutputError : no room for the pixels.
    """
    answer = _asked(path, kind, page=page, limits=limits, spool=spool, linear=linear, shrink=1)
    header: dict[str, Any] = answer["header"]
    return {name: _value(value) for name, value in header.items()}


def decode_small(
    path: Path, kind: str, *, page: int, limits: Limits, spool: int, linear: bool, shrink: int
) -> tuple[int, int]:
    """Write about every `shrink`-th pixel each way to the file `spool`; gives the rows and columns there.

    Raises
    ------
    InputError : the file is damaged, cut off, too large, too slow, or crashed its decoder.
    OutputError : no room for the pixels.
    """
    answer = _asked(path, kind, page=page, limits=limits, spool=spool, linear=linear, shrink=shrink)
    rows, columns = answer["size"]
    return rows, columns


def _asked(
    path: Path, kind: str, *, page: int, limits: Limits, spool: int | None, linear: bool, shrink: int
) -> dict[str, Any]:
    """What a child answers, or the error that it means."""
    # A child keeps the current folder that it was started in; this process may have moved on.
    request = {"path": os.fspath(path.absolute()), "format": kind, "page": page, "linear": linear}
    request["shrink"] = shrink
    request |= {"pixels": limits.pixels, "bytes": limits.bytes}
    answer = _pool.ask(request, spool, limits.seconds)
    if answer.get("errno") in (errno.ENOSPC, errno.EDQUOT):
        raise OutputError(
            f"no room to decode {path}: make room in the folder for temporary files, or set TMPDIR"
        )
    if "refused" in answer:
        raise InputError(path, answer["refused"])
    return answer


def _value(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) and "base64" in value else value


class _Child:
    """One decoding process and the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        package_root = os.fspath(Path(__file__).parents[2])
        paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "VIPS_CONCURRENCY": "2",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MALLOC_ARENA_MAX": "2",
            "G_DEBUG": "",
        }
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vestige.imaging._child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._socket = ours
        self.decodes = 0

    def ask(self, request: dict[str, Any], spool: int | None, seconds: float) -> dict[str, Any]:
        """One request, one answer. Raises ConnectionError when the child died, TimeoutError when it is
        late.
        """
        # Starting must not count against a small limit.
        until = time.monotonic() + seconds + (0 if self.decodes else 20)
        self.decodes += 1
        line = json.dumps(request).encode() + b"\n"
        self._socket.settimeout(10)
        if spool is None:
            self._socket.sendall(line)
        else:
            sent = socket.send_fds(self._socket, [line], [spool])
            self._socket.sendall(line[sent:])
        chunks: list[bytes] = []
        while not (chunks and chunks[-1].endswith(b"\n")):
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            data = self._socket.recv(1 << 20)
            if not data:
                raise ConnectionError
            chunks.append(data)
        answer: dict[str, Any] = json.loads(b"".join(chunks))
        return answer

    def close(self) -> int:
        """End the process; its exit status."""
        self._socket.close()
        self._process.kill()
        return self._process.wait()


class _Pool:
    """At most CHILDREN children, started when asked for, lent to one thread at a time."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(CHILDREN)
        self._lock = threading.Lock()
        self._idle: list[_Child] = []

    def ask(self, request: dict[str, Any], spool: int | None, seconds: float) -> dict[str, Any]:
        with self._slots:
            child = self._take()
            try:
                answer = child.ask(request, spool, seconds)
            except TimeoutError:
                child.close()
                return {
                    "refused": f"took longer than {seconds:g} s to decode: raise the limit if it is trusted"
                }
            except ConnectionError:
                child.close()
                return {"refused": "crashed its decoder; expected an intact image: copy it again"}
            except BaseException:
                child.close()
                raise
            self._give(child)
            return answer

    def close(self) -> None:
        """End the idle children."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _take(self) -> _Child:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _Child()

    def _give(self, child: _Child) -> None:
        if child.decodes >= DECODES_A_CHILD:
            child.close()
            return
        with self._lock:
            self._idle.append(child)


_pool = _Pool()


def _forget_children() -> None:
    """A forked process must not talk over its parent's sockets."""
    global _pool
    _pool = _Pool()


def _close_children() -> None:
    _pool.close()


os.register_at_fork(after_in_child=_forget_children)
atexit.register(_close_children)
