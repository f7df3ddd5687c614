"""Live: the page hears when something came into the folder or the archive, and how far the work is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request

from vestige.jobs import Ledger, State
from vestige.web.archive_shelf import ArchiveShelf
from vestige.web.shelf import Scanner

#: Seconds between two looks; and between two signs of life where nothing changes.
LOOK, BREATH = 0.7, 15.0


def snapshot(folder: Scanner | ArchiveShelf, ledger: Ledger | None = None) -> dict[str, Any]:
    """The version of the shelf, and of an archive how many jobs wait and run and how far those are."""
    told: dict[str, Any] = {"version": folder.recent().version}
    if ledger is not None:
        counts = ledger.counts()
        running = ledger.jobs(state=State.RUNNING, limit=20)
        share = sum(job.share for job in running) / len(running) if running else 0.0
        told |= {
            "open": counts.get(State.RUNNING, 0) + counts.get(State.WAITING, 0),
            "share": round(share, 2),
        }
    return told


async def stream(
    request: Request, folder: Scanner | ArchiveShelf, ledger: Ledger | None, stopping: Callable[[], bool]
) -> AsyncIterator[str]:
    """An event at once, then one whenever something changed, until the browser goes or the server stops."""
    told, quiet = "", 0.0
    while not stopping() and not await request.is_disconnected():
        text = json.dumps(await asyncio.to_thread(snapshot, folder, ledger))
        if text != told:
            yield f"event: state\ndata: {text}\n\n"
            told, quiet = text, 0.0
        elif quiet >= BREATH:
            yield ": still here\n\n"
            quiet = 0.0
        await asyncio.sleep(LOOK)
        quiet += LOOK
