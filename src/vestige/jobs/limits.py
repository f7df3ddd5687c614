"""Holding a worker to what it was granted: memory, cores, devices; and it dies before the system does."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
#: Where memory runs out, the kernel ends workers before anything else (-1000 … 1000).
_OOM_SCORE = 800


def die_with_parent() -> None:
    """Be killed once the process that started this one is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def first_to_go() -> None:
    """Offer this process to the kernel first where memory runs out (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE))


def grant(size: int, cores: Sequence[int], devices: str) -> None:
    """Hold this process to so much memory for data beyond what it holds now, and to these cores.

    The limit turns a job that asks for far too much into a `MemoryError`; resident memory itself is
    watched from outside.
    """
    most = _data() + size
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or most <= hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if cores and hasattr(os, "sched_setaffinity"):
        for thread in Path("/proc/self/task").iterdir():
            with contextlib.suppress(OSError):  # a thread may end while we look
                os.sched_setaffinity(int(thread.name), cores)
    os.environ["CUDA_VISIBLE_DEVICES"] = devices


def resident(pid: int) -> int:
    """Bytes that a process holds in memory; 0 where it is gone.

    >>> resident(os.getpid()) > 0
    True
    """
    with contextlib.suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()
    return 0


def _data() -> int:
    status = Path("/proc/self/status")
    found = re.search(r"^VmData:\s+(\d+) kB", status.read_text(), re.MULTILINE) if status.exists() else None
    return int(found[1]) * 1024 if found else 2**30
