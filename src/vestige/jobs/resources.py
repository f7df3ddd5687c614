"""What a job is granted of a machine: cores, bytes of memory, a device."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

from vestige.contract.budget import Budget
from vestige.errors import UsageError

#: Bytes left to the system and to the process that hands out jobs.
_RESERVE = 2**29


@dataclass(frozen=True)
class Resources:
    """Cores, bytes and CUDA devices: what a machine has, what is free of it, or what a job needs.

    >>> Resources(4, 2**33) - Resources(1, 2**30)
    Resources(cores=3, bytes=7516192768, cuda=0)
    >>> Resources(1, 2**30).fits(Resources(4, 2**33))
    True
    """

    cores: int = 1
    bytes: int = 2 * 2**30
    cuda: int = 0

    def __sub__(self, other: Resources) -> Resources:
        return Resources(self.cores - other.cores, self.bytes - other.bytes, self.cuda - other.cuda)

    def fits(self, room: Resources) -> bool:
        """Whether this much can be had of `room`."""
        return self.cores <= room.cores and self.bytes <= room.bytes and self.cuda <= room.cuda

    @classmethod
    def of(cls, budget: Budget) -> Self:
        """What a budget asks for.

        >>> Resources.of(Budget(cores=2, bytes=2**30, device="cuda")).cuda
        1
        """
        return cls(budget.cores, budget.bytes, int(budget.device == "cuda"))

    @property
    def budget(self) -> Budget:
        """The budget for the run."""
        return Budget(cores=self.cores, bytes=self.bytes, device="cuda" if self.cuda else "cpu")


def machine(cores: int | None = None, memory: str | None = None) -> Resources:
    """What this machine may give: all that this process may use, or as much of it as is said.

    Raises
    ------
    UsageError
        where `memory` is no amount, or `cores` is below one.

    >>> machine(cores=1, memory="1G")
    Resources(cores=1, bytes=1073741824, cuda=...)
    """
    if cores is not None and cores < 1:
        raise UsageError(f"{cores} cores cannot be given; at least one is needed")
    known = len(usable_cores())
    most = Budget.parse(memory).bytes if memory else max(_memory() - _RESERVE, _RESERVE)
    return Resources(cores if cores is not None else known, most, len(_cards()))


def usable_cores() -> list[int]:
    """The cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _memory() -> int:
    """Bytes of memory of this machine, or of the container that this process runs in."""
    most: int = psutil.virtual_memory().total
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text().strip()).isdigit():
        most = min(most, int(text))
    return most


def _cards() -> list[str]:
    folder = Path("/proc/driver/nvidia/gpus")
    return sorted(card.name for card in folder.iterdir()) if folder.is_dir() else []


def total(parts: Iterable[Resources]) -> Resources:
    """The sum.

    >>> total([Resources(1, 5), Resources(2, 6, 1)])
    Resources(cores=3, bytes=11, cuda=1)
    """
    cores = size = cuda = 0
    for part in parts:
        cores, size, cuda = cores + part.cores, size + part.bytes, cuda + part.cuda
    return Resources(cores, size, cuda)
