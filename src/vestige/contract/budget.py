"""What a run may use of the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

from vestige.errors import UsageError

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Budget:
    """Cores, bytes of memory and a device granted to one run.

    ``bytes`` bounds the peak resident memory of the process that runs the operation, its libraries
    included. ``device`` is ``cpu`` or ``cuda``.

    >>> Budget.parse("1.5G").bytes
    1610612736
    """

    cores: int = 2
    bytes: int = 2 * 2**30
    device: str = "cpu"

    @classmethod
    def parse(cls, memory: str = "2G", cores: int | None = None, device: str = "cpu") -> Self:
        """A budget from words such as ``800M`` or ``2G``.

        Raises
        ------
        UsageError
            where the text is no amount of memory, or cores < 1.
        """
        text = memory.strip().upper().removesuffix("B").removesuffix("I")
        unit = text[-1:] if text[-1:].isalpha() else ""
        try:
            amount = int(float(text.removesuffix(unit)) * _UNITS[unit])
        except (ValueError, KeyError, OverflowError):
            raise UsageError(f"'{memory}' is no amount of memory: write it as 800M or 2G") from None
        cores = os.cpu_count() or 1 if cores is None else cores
        if amount < 1 or cores < 1:
            raise UsageError("a budget needs at least one core and some memory")
        return cls(cores=cores, bytes=amount, device=device)

    def working(self, reserve: int = 450 * 2**20) -> int:
        """Bytes left for arrays after the interpreter and its libraries (about `reserve`); at least 32 MiB.

        >>> Budget(bytes=2**30).working() == 2**30 - 450 * 2**20
        True
        """
        return max(self.bytes - reserve, 32 * 2**20)
