"""Who holds a lease: a process, named so that it can be told whether it is still there."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

import psutil


@cache
def host() -> str:
    """The machine, since it was last started: name, identity, boot, and space of process ids.

    >>> host().count("+")
    3
    """
    machine = _text("/etc/machine-id")[:12] or "unknown"
    boot = _text("/proc/sys/kernel/random/boot_id")[:12] or str(int(psutil.boot_time()))
    space = Path("/proc/self/ns/pid")
    ids = str(space.readlink()).strip("pid:[]") if space.is_symlink() else "0"
    return "+".join((socket.gethostname(), machine, boot, ids))


def owner() -> str:
    """The process that asks: its host, its id, and when it started (ids are used again).

    >>> gone(owner())
    False
    """
    return f"{host()}/{os.getpid()}/{_started(os.getpid())}"


def gone(name: str) -> bool:
    """Whether the process of that name is surely gone; False where it cannot be told from here.

    What ran on this machine before it was started again is gone.

    >>> gone(f"{host()}/999999999/0"), gone("elsewhere+a+b+0/1/0")
    (True, False)
    """
    place, _, rest = name.partition("/")
    pid, _, started = rest.partition("/")
    if place == host():
        try:
            return not pid.isdigit() or _started(int(pid)) != started
        except OSError:  # no more files can be opened, say: that tells nothing of that process
            return False
    here, there = host().split("+"), place.split("+")
    return len(there) == len(here) and here[:2] == there[:2] and here[3] == there[3]


def _started(pid: int) -> str:
    """When a process started, in the kernel's own count: it does not change as the clock is set."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        if not Path("/proc/self/stat").exists():
            return f"{psutil.Process(pid).create_time():.2f}"
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return "none"
    return "ended" if fields[0] in "ZX" else fields[19]


def _text(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
