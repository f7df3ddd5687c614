"""Memory-backed storage: a folder whose files never reach a disk."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

from vestige.errors import UsageError

#: Where Linux keeps a file system in memory that every program may use.
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it, checked below
_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})
_TABLES: Final = Path("/proc")


def memory_folder(
    parent: str | os.PathLike[str] = SHARED_MEMORY,
    *,
    name: str = "vestige-handoff",
    swap: bool = False,
    tables: Path = _TABLES,
) -> Path:
    """A folder of our own in memory, made where it is missing: nobody else may look into it.

    Parameters
    ----------
    parent : folder on a tmpfs or ramfs.
    swap : whether what is in memory may be swapped to a disk (an encrypted one).
    tables : where the kernel tells of mounts and swap; for tests.

    Raises
    ------
    UsageError : `parent` lies on a disk, the machine swaps to a disk, or the folder is somebody else's.

    >>> memory_folder("/proc")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: /proc lies on proc, not in memory: ...
    """
    parent = Path(parent).resolve()
    kind, options = _mount_of(parent, tables)
    if kind not in _IN_MEMORY:
        raise UsageError(
            f"{parent} lies on {kind}, not in memory: give a folder on a tmpfs, such as {SHARED_MEMORY}"
        )
    if kind == "tmpfs" and not swap and "noswap" not in options and (found := _swaps(tables)):
        raise UsageError(
            f"this machine swaps to {found}, so what is in memory may reach a disk: turn it off "
            "(swapoff -a), mount the tmpfs with noswap, or say --swap where that disk is encrypted"
        )
    return _own(parent / name)


def in_memory(folder: str | os.PathLike[str], tables: Path = _TABLES) -> bool:
    """Whether a folder lies on a file system in memory.

    >>> in_memory("/proc")
    False
    """
    return _mount_of(Path(folder).resolve(), tables)[0] in _IN_MEMORY


def _own(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise UsageError(f"{folder} is not a folder of ours alone: remove it, or name another place")
    return folder


def _mount_of(place: Path, tables: Path) -> tuple[str, frozenset[str]]:
    """Type and options of the file system a folder lies on: the last of the longest mount points."""
    best: tuple[int, str, frozenset[str]] = (-1, "an unknown file system", frozenset())
    for line in (tables / "self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), before.split()[4])
        kind, _, options = after.split(maxsplit=2)
        if place.is_relative_to(point) and len(Path(point).parts) >= best[0]:
            best = (len(Path(point).parts), kind, frozenset(options.split(",")))
    return best[1], best[2]


def _swaps(tables: Path) -> str:
    """Swap that is a disk; compressed memory (zram) is none."""
    lines = (tables / "swaps").read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    return ", ".join(line.split()[0] for line in lines if line and not line.startswith("/dev/zram"))
