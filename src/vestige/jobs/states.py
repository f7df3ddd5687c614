"""Where a job stands, how an attempt at it ended, and what it said last."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class State(StrEnum):
    """Where a job stands.

    ::

        waiting ──claim──▶ running ──▶ done
           ▲                 ├──────▶ failed        the operation said why; the same again would fail again
           │                 ├──────▶ cancelled     a person asked, or a job it needs came to nothing
           ├─ a death, a ────┤
           │  lost lease     └──────▶ quarantined   its process died three times
           └──retry── failed, cancelled, quarantined

    >>> State("done") is State.DONE
    True
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


#: States that a job leaves only by being asked to.
SETTLED = frozenset({State.DONE, State.FAILED, State.CANCELLED, State.QUARANTINED})
#: Settled without a result: these can be retried.
RETRIABLE = frozenset({State.FAILED, State.CANCELLED, State.QUARANTINED})


class How(StrEnum):
    """How an attempt ended.

    >>> [how.value for how in How][:3]
    ['done', 'failed', 'cancelled']
    """

    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DIED = "died"
    #: Another run holds the result's folder: try again soon.
    BUSY = "busy"
    #: The lease was lost: whatever became of this attempt counts no more.
    SUPERSEDED = "superseded"
    #: Its machine or the process that held the lease went away: nobody's fault.
    LOST = "lost"
    #: A job that this one needs came to nothing.
    UPSTREAM = "upstream"


class LastWords(BaseModel):
    """What is known of an attempt that gave no result: a sentence, the signal, the end of stderr.

    >>> LastWords(how="died", sentence="killed by signal 9 (SIGKILL)", signal=9).attempt
    0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: How
    sentence: str
    attempt: int = 0
    signal: int | None = None
    exit_code: int | None = None
    stderr: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Ending:
    """How an attempt ended, with its last words where it gave no result.

    >>> Ending(How.DONE).how
    <How.DONE: 'done'>
    """

    how: How
    sentence: str = ""
    signal: int | None = None
    exit_code: int | None = None
    stderr: str = ""

    def words(self, attempt: int, at: float) -> LastWords:
        """The last words for the ledger."""
        return LastWords(
            how=self.how,
            sentence=self.sentence,
            attempt=attempt,
            signal=self.signal,
            exit_code=self.exit_code,
            stderr=self.stderr,
            at=at,
        )


@dataclass(frozen=True)
class Patience:
    """How much the ledger bears before it gives up on a worker or on a job.

    `lease` and `heartbeat` are seconds; a lease not renewed for `lease` is lost. A job whose process
    dies `deaths` times is quarantined, as is one that `interruptions` times lost the machine or the
    process that ran it (which is nobody's fault, until it happens too often). A job that tells no
    progress for `stuck` seconds is called stuck; one asked to stop is killed after `grace`; one that
    found its folder in use waits `busy` seconds. Progress is written at most every `progress` seconds.

    >>> Patience().deaths
    3
    """

    lease: float = 30.0
    heartbeat: float = 5.0
    deaths: int = 3
    interruptions: int = 100
    stuck: float = 900.0
    grace: float = 10.0
    busy: float = 5.0
    progress: float = 0.5
