"""The executor: what carries attempts out, on this machine or on many. Five methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vestige.jobs.job import Attempt
from vestige.jobs.resources import Resources
from vestige.jobs.states import Ending


@dataclass(frozen=True)
class Told:
    """How far an attempt is."""

    attempt: str
    done: float
    total: float
    label: str


@dataclass(frozen=True)
class Ended:
    """An attempt came to its end."""

    attempt: str
    ending: Ending


News = Told | Ended


class Executor(Protocol):
    """Carries attempts out. It knows nothing of queues, leases or retries: the dispatcher does.

    `vestige.testing.ExecutorConformance` proves one right. Each attempt that was started ends with
    exactly one `Ended`, whatever happens to the process that carried it out.
    """

    def capacity(self) -> Resources:
        """What it can give in all."""

    def start(self, attempt: Attempt) -> None:
        """Begin an attempt; returns at once."""

    def news(self, timeout: float) -> list[News]:
        """What happened since the last call; waits up to `timeout` seconds for something."""

    def stop(self, attempt: str, *, kill: bool = False) -> None:
        """Ask an attempt to stop (it keeps its finished parts), or end it now. Unknown names are let pass."""

    def close(self) -> None:
        """End all that still runs and let go of everything."""
