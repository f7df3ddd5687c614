"""Addresses: frames in tiles, values, comparing, downloading."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.background import BackgroundTask

from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.display.tone import shown
from vestige.web.faults import Absent
from vestige.web.looking import beside, comparison, downloads, lights, values
from vestige.web.looking.sight import Sight, frame_pyramid, named, of_frame
from vestige.web.pixels import KEEP, Folder, Shown, Wished, picture_answer
from vestige.web.security import FRAMED_POLICY
from vestige.web.viewers import VIEWERS
from vestige.web.views import page

router = APIRouter(include_in_schema=False)
#: A place in a picture, in pixels.
Pixel = Annotated[float, Query(ge=-1e7, le=1e7, allow_inf_nan=False)]


def frame_of(key: str, number: int, folder: Folder) -> Sight:
    """The frame named in an address."""
    return of_frame(folder.capture(key), number, pictures.cache_of(folder.root))


Framed = Annotated[Sight, Depends(frame_of)]
Name = Annotated[str, Query(max_length=120)]


@router.get("/frame/{key}/{number}/raster")
def frame_raster(sight: Framed) -> dict[str, Any]:
    """Size and address of the tiles of one frame."""
    return sight.plain()


@router.get("/frame/{key}/{number}/tiles/{zoom}/{column}/{row}")
def frame_tile(key: str, number: int, zoom: int, column: int, row: int, folder: Folder) -> Response:
    """One tile of a frame."""
    capture = folder.capture(key).capture
    if capture is None or not 0 <= number < len(capture.frames):
        raise Absent(number)
    pyramid = frame_pyramid(capture, capture.frames[number], pictures.cache_of(folder.root))
    tone, bands = pictures.natural_tone(Kind.IMAGE, pyramid)
    return picture_answer(shown(pyramid.tile(zoom, column, row, bands), tone))


@router.get("/spectrum/{key}/{index}/{item}")
def spectrum(
    exhibit: Shown, item: int, x: Pixel, y: Pixel, x2: Pixel | None = None, y2: Pixel | None = None
) -> JSONResponse:
    """The values of all bands at a point, or their mean between two corners."""
    corners = (x, y, x if x2 is None else x2, y if y2 is None else y2)
    return JSONResponse(values.spectrum(exhibit, item, corners), headers=KEEP)


@router.get("/profile/{key}/{index}/{item}")
def profile(exhibit: Shown, item: int, x: Pixel, y: Pixel, x2: Pixel, y2: Pixel) -> JSONResponse:
    """The values along a line."""
    return JSONResponse(values.profile(exhibit, item, (x, y, x2, y2)), headers=KEEP)


@router.get("/light/{key}/{index}/{zoom}/{column}/{row}")
def lit_tile(exhibit: Shown, zoom: int, column: int, row: int) -> Response:
    """All layers of one tile, one beneath the other, each with a rim of one pixel."""
    return Response(lights.tile(exhibit, zoom, column, row), media_type="image/jpeg", headers=KEEP)


@router.get("/compare")
def compare(
    request: Request,
    folder: Folder,
    a: Name = "",
    b: Name = "",
    c: Name = "",
    d: Name = "",
    p: Annotated[list[str] | None, Query(max_length=200)] = None,
    find: Name = "",
) -> Response:
    """Two to four pictures over or beside each other, and a chooser of them, which names them by `p`."""
    if p:
        query = urlencode(dict(zip("abcd", (name[:120] for name in p), strict=False)))
        return RedirectResponse(f"/compare?{query}", status_code=303)
    names = [name for name in (a, b, c, d) if name]
    if any(beside.viewed(name) for name in names):
        return _beside(request, folder, names, find)
    sights = [named(name, folder) for name in names]
    return page(
        request,
        "looking/compare.html",
        sights=sights,
        told={"stage": comparison.told(sights)},
        offered=comparison.offered(folder, [sight.group for sight in sights], find),
        chosen=[sight.name for sight in sights],
        find=find,
    )


def _beside(request: Request, folder: Folder, names: list[str], find: str) -> Response:
    """What is no picture, each in its own viewer."""
    panes = beside.panes(names, folder)
    groups = [pane.home.split("/")[2] for pane in panes]
    return page(
        request,
        "looking/beside.html",
        panes=panes,
        curtain=beside.over_each_other(panes),
        offered=comparison.offered(folder, groups, find),
        sights=panes,
        chosen=names,
        find=find,
    )


@router.get("/alone/{key}/{index}")
def alone(request: Request, exhibit: Shown) -> Response:
    """A viewer without the page around it, to stand beside another on a page of ours."""
    viewer = VIEWERS[exhibit.record.kind]
    answer = page(
        request,
        "looking/alone.html",
        viewer=viewer,
        record=exhibit.record,
        told=viewer.tell(exhibit),
    )
    answer.headers["Content-Security-Policy"] = FRAMED_POLICY
    return answer


@router.get("/download/{name}")
def download(
    name: str,
    folder: Folder,
    wish: Wished,
    kind: Annotated[str, Query(alias="format", max_length=8)] = "jpeg",
    size: Annotated[int, Query(ge=0, le=4000)] = 2000,
    part: Annotated[str, Query(pattern=r"^(-?\d{1,8}(,-?\d{1,8}){3})?$")] = "",
) -> FileResponse:
    """A picture file of a chosen size and format."""
    sight = named(name, folder)
    tone, bands = wish.of(sight.kind, sight.pyramid)
    if any(band >= sight.pyramid.bands for band in bands):
        raise Absent(bands)
    wanted = downloads.Wanted(kind, size, downloads.asked_part(sight, part))
    path = downloads.write(sight, wanted, comparison.rights_of(sight.group, folder), tone, bands)
    return FileResponse(
        path,
        media_type=downloads.FORMATS[kind][1],
        filename=downloads.file_name(sight, wanted),
        background=BackgroundTask(path.unlink, missing_ok=True),
        headers={"Cache-Control": "no-store"},
    )
