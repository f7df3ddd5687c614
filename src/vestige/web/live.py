"""Live: the page hears how far the work is, by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.requests import Request

from vestige.web.progress import tasks
from vestige.web.shelf import Scanner

#: Seconds between two looks; and between two signs of life where nothing changes.
LOOK, BREATH = 0.7, 15.0


def snapshot(scanner: Scanner) -> dict[str, Any]:
    """The state of the folder: the version of the shelf and how far each piece of work is."""
    work = [task.model_dump() | {"share": task.share} for task in tasks(scanner.root)]
    return {"version": scanner.recent().version, "tasks": work}


async def stream(request: Request, scanner: Scanner, stopping: Callable[[], bool]) -> AsyncIterator[str]:
    """An event at once, then one whenever something changed, until the browser goes or the server stops."""
    told, quiet = "", 0.0
    while not stopping() and not await request.is_disconnected():
        text = json.dumps(await asyncio.to_thread(snapshot, scanner))
        if text != told:
            yield f"event: state\ndata: {text}\n\n"
            told, quiet = text, 0.0
        elif quiet >= BREATH:
            yield ": still here\n\n"
            quiet = 0.0
        await asyncio.sleep(LOOK)
        quiet += LOOK
