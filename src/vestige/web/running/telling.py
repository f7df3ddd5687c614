"""What a page tells of a job: how far it is, how long it will take, what went wrong, in plain words."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from statistics import median
from typing import Any

from vestige.jobs import Job, Ledger, State
from vestige.jobs.states import RETRIABLE, SETTLED
from vestige.web.running.news import News

#: Seconds between two looks where nobody told of a change: others may work on the same ledger.
_LOOK, _BREATH = 2.0, 15.0


class Pace:
    """How fast the present step of a job goes, from what was heard of it.

    >>> Pace().left("align", 0.5, at=10.0) is None
    True
    """

    def __init__(self) -> None:
        self._label = ""
        self._seen: deque[tuple[float, float]] = deque(maxlen=40)

    def left(self, label: str, share: float, at: float | None = None) -> float | None:
        """Seconds left of this step at its present pace; None while that is not known."""
        now = time.monotonic() if at is None else at
        if label != self._label or (self._seen and share < self._seen[-1][1]):
            self._seen.clear()
            self._label = label
        if not self._seen or share != self._seen[-1][1]:
            self._seen.append((now, share))
        (began, first), (_, last) = self._seen[0], self._seen[-1]
        return (1 - last) * (now - began) / (last - first) if last > first else None


def told(job: Job, words: Mapping[str, str], left: float | None = None) -> dict[str, Any]:
    """A job as a page in the language of `words` shows it."""
    return {
        "id": job.id,
        "state": job.state.value,
        "stopping": job.stop and job.state is State.RUNNING,
        "share": round(job.share, 4),
        "label": words.get(f"term_{job.label}", job.label),
        "left": None if left is None else round(left, 1),
        "settled": job.state in SETTLED,
        "retriable": job.state in RETRIABLE,
    }


def usual(ledger: Ledger, job: Job) -> float | None:
    """Seconds that the last jobs of the same kind took; None where there were none."""
    took = [
        one.finished - one.started
        for one in ledger.jobs(state=State.DONE, limit=60)
        if (one.technique, one.operation) == (job.technique, job.operation) and one.finished and one.started
    ]
    return median(took[:7]) if took else None


def remaining(job: Job, pace: Pace, usually: float | None) -> float | None:
    """Seconds left of a running job: as long as its like took, else the rest of its present step."""
    if job.state is not State.RUNNING:
        return None
    step = pace.left(job.label, job.share)
    if usually is not None and job.started:
        rest = usually - (time.time() - job.started)
        if rest > 0:
            return max(rest, step or 0.0)
    return step


async def stream(
    look: Callable[[], dict[str, Any]], news: News, stopping: Callable[[], bool]
) -> AsyncIterator[str]:
    """Server-sent events: what `look` gives, at once and then whenever it changed."""
    known, before, quiet = -1, "", time.monotonic()
    yield "retry: 1000\n\n"
    while not stopping():
        text = json.dumps(await asyncio.to_thread(look))
        if text != before:
            yield f"event: state\ndata: {text}\n\n"
            before, quiet = text, time.monotonic()
        elif time.monotonic() - quiet > _BREATH:
            yield ": still here\n\n"
            quiet = time.monotonic()
        known = await _change(news, known, stopping)


async def _change(news: News, known: int, stopping: Callable[[], bool]) -> int:
    """Wait for news, for as long as a look may be old; no thread is held meanwhile."""
    end = time.monotonic() + _LOOK
    while time.monotonic() < end and not stopping():
        await asyncio.sleep(0.25)
        if news.count != known:
            break
    return news.count
