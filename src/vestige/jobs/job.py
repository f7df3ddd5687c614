"""A job as it stands in the ledger, a job to be submitted, and an attempt at one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vestige.jobs.resources import Resources
from vestige.jobs.states import LastWords, State
from vestige.jobs.work import Work


@dataclass(frozen=True)
class Submission:
    """A job to be put into the ledger.

    `after` are ids of jobs in the ledger, `needs` positions in the same submission, of jobs that must
    be done first. `tell` are addresses (``https://…``, ``mailto:…``) that hear of it.

    >>> Submission(Work(technique="focus", operation="run", out="sharp")).priority
    0
    """

    work: Work
    title: str = ""
    resources: Resources = field(default_factory=Resources)
    priority: int = 0
    after: tuple[int, ...] = ()
    needs: tuple[int, ...] = ()
    tell: tuple[str, ...] = ()


@dataclass(frozen=True)
class Attempt:
    """One try at a job, held by one owner: as long as `token` is the job's newest, it may publish.

    >>> Attempt(7, 2, Work(technique="focus", operation="run", out="sharp"), Resources()).name
    '7.2'
    """

    job: int
    token: int
    work: Work
    resources: Resources
    number: int = 1
    key: str = ""

    @property
    def name(self) -> str:
        """Job and token."""
        return f"{self.job}.{self.token}"


@dataclass(frozen=True)
class Job:
    """A job as it stands in the ledger."""

    id: int
    key: str
    batch: str
    title: str
    technique: str
    operation: str
    out: str
    state: State
    priority: int
    resources: Resources
    submitted: float
    started: float | None
    finished: float | None
    attempts: int
    deaths: int
    interruptions: int
    owner: str
    heartbeat: float | None
    done: float
    total: float
    label: str
    stop: bool
    words: tuple[LastWords, ...]
    tell: tuple[str, ...]

    @property
    def share(self) -> float:
        """How much of the present step is done, 0..1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> Job:
        """A job from a row of the table."""
        plain = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        return cls(
            **{
                **plain,
                "state": State(row["state"]),
                "resources": Resources(row["cores"], row["bytes"], row["cuda"]),
                "words": tuple(LastWords.model_validate(item) for item in row["words"]),
                "tell": tuple(row["tell"]),
            }
        )

    def plain(self) -> dict[str, Any]:
        """The job as JSON can hold it."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        resources = {
            "cores": self.resources.cores,
            "bytes": self.resources.bytes,
            "cuda": self.resources.cuda,
        }
        return {
            **values,
            "state": self.state.value,
            "resources": resources,
            "words": [item.model_dump(mode="json") for item in self.words],
            "tell": list(self.tell),
        }
