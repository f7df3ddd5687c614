"""Addresses: maps that grow, what is sent into them, and their pixels."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from vestige.contract.following import Growing, load_growing
from vestige.contract.intake import take_all
from vestige.contract.kinds import Kind
from vestige.contract.names import summaries
from vestige.contract.registry import technique
from vestige.contract.stream import live_folder
from vestige.display.tone import LOOKS, Tone, encoded, shown
from vestige.errors import InputError, UsageError, VestigeError
from vestige.web.access.roles import needs
from vestige.web.bodies import Form, body
from vestige.web.faults import Absent
from vestige.web.growing.streams import OfStreams, Streamed, Streams
from vestige.web.live import BREATH, LOOK
from vestige.web.shelf import key_of
from vestige.web.views import page

router = APIRouter(prefix="/growing", include_in_schema=False, dependencies=[Depends(needs("operator"))])
#: What may be sent at once, and how long it may take.
MOST_BYTES, MOST_SECONDS = 8 << 20, 60.0
Value = Annotated[float, Query(ge=-1e6, le=1e6, allow_inf_nan=False)]


@router.get("")
def streams_page(request: Request, streams: OfStreams) -> Response:
    """All captures that take a stream, and a form for a new one."""
    return page(request, "growing/list.html", streams=streams.all(), techniques=_techniques())


@router.post("")
def begin(streams: OfStreams, answers: Form) -> Response:
    """Begin a stream."""
    name = answers.one("technique")
    if name not in _techniques():
        raise UsageError(f"{name[:40]} takes no stream")
    crs = answers.one("crs")[:60]
    return RedirectResponse(f"/growing/{streams.begin(name, answers.one('title')[:200], crs).key}", 303)


@router.get("/{key}")
def show(request: Request, key: str, streams: OfStreams) -> Response:
    """One map that grows."""
    one = streams.find(key)
    return page(request, "growing/map.html", one=one, told={"stage": _stage(one, streams.root)})


@router.post("/{key}/lines")
async def take(request: Request, key: str, streams: OfStreams) -> Response:
    """Take what is sent: the body is text as a logger writes it; its end ends the last line."""
    data = await body(request, MOST_BYTES, MOST_SECONDS)
    answers = await asyncio.to_thread(_taken, streams, key, data)
    refused = sum(1 for answer in answers if answer["answer"] == "refused")
    return JSONResponse({"pieces": answers}, 422 if refused == len(answers) else 200)


@router.post("/{key}/seal")
def seal(key: str, streams: OfStreams) -> Response:
    """Close the capture: nothing more comes."""
    streams.seal(streams.find(key))
    return RedirectResponse(f"/growing/{key}", 303)


@router.get("/{key}/state")
def state(key: str, streams: OfStreams) -> Response:
    """What is told of the map."""
    return JSONResponse(_stage(streams.find(key), streams.root))


@router.get("/{key}/events")
def events(request: Request, key: str, streams: OfStreams) -> StreamingResponse:
    """What is told of the map, at once and whenever it has grown."""
    one = streams.find(key)
    told = _stream(request, streams, one, request.app.state.stopping)
    return StreamingResponse(told, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.get("/{key}/grid/{name}")
def square(
    key: str, name: str, streams: OfStreams, look: str = "inverse", low: Value = -2.0, high: Value = 2.0
) -> Response:
    """A square of the map as a picture."""
    if look not in LOOKS or look in ("picture", "relief", "normals"):
        raise UsageError(f"there is no look '{look[:40]}'; looks: {', '.join(LOOKS)}")
    path = _part(streams.find(key), Kind.GRID, name)
    pixels = shown(_values(path)[..., None], Tone(look, low, high))
    data, media = encoded(pixels)
    return Response(data, media_type=media, headers={"Cache-Control": "private, max-age=3600"})


@router.get("/{key}/outlines/{name}")
def outlines(key: str, name: str, streams: OfStreams) -> Response:
    """The outlines of a square, as GeoJSON."""
    path = _part(streams.find(key), Kind.FEATURES, name)
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(path.read_bytes(), media_type="application/geo+json", headers=headers)


def _techniques() -> list[str]:
    """The techniques that take a stream."""
    return [name for name in summaries() if technique(name).stream is not None]


def _taken(streams: Streams, key: str, data: bytes) -> list[dict[str, str]]:
    intake = streams.intake(streams.find(key))
    splitter = intake.splitter()
    pieces = [*splitter.feed(data), *splitter.close(whole=True)]
    if not pieces:
        raise InputError("what was sent", "holds no piece", "rows of readings")
    return [{"piece": label, "answer": became, "why": why} for label, became, why in take_all(intake, pieces)]


def _stage(one: Streamed, root: Path) -> dict[str, Any]:
    """What the script is told; the result only where it lies beneath the folder that is shown."""
    told = one.told or Growing(title=one.title)
    stage = told.model_dump(mode="json", exclude={"parts"}) | {"result": ""}
    if told.result and Path(told.result).is_relative_to(root):
        stage["result"] = f"/result/{key_of(Path(told.result).relative_to(root).as_posix())}"
    stage["parts"] = [part.model_dump(mode="json", exclude={"path"}) for part in told.parts]
    return stage | {"home": f"/growing/{one.key}", "looks": ["inverse", "grey", "polar", "viridis"]}


def _part(one: Streamed, kind: Kind, name: str) -> Path:
    """The file of a part that is told of; no other can be asked for."""
    for part in one.told.parts if one.told else []:
        if part.kind is kind and part.name == name:
            path = (live_folder(one.folder) / part.path).resolve()
            if path.is_relative_to(live_folder(one.folder).resolve()) and path.is_file():
                return path
    raise Absent(name)


def _values(path: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The values of a square."""
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path, driver="GTiff") as raster:
            return np.asarray(raster.read(1, out_dtype="float32"))
    except (RasterioError, OSError):
        raise InputError(path.name, "cannot be shown as a map") from None


async def _stream(
    request: Request, streams: Streams, one: Streamed, stopping: Callable[[], bool]
) -> AsyncIterator[str]:
    version, spoke = -1, time.monotonic()
    while not stopping() and not await request.is_disconnected():
        told = await asyncio.to_thread(load_growing, one.folder)
        if told is not None and told.version != version:
            version = told.version
            with contextlib.suppress(VestigeError):
                one = streams.find(one.key)
            yield f"event: grown\ndata: {json.dumps(_stage(one, streams.root))}\n\n"
            spoke = time.monotonic()
        elif time.monotonic() - spoke >= BREATH:
            yield ": still here\n\n"
            spoke = time.monotonic()
        await asyncio.sleep(LOOK)
