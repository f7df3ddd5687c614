"""Addresses that answer with pixels, files and data: tiles, overviews, thumbnails, words, outlines."""

from __future__ import annotations

import json
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from numpy.typing import NDArray

from vestige.contract.kinds import Kind
from vestige.contract.report_page import PAGE
from vestige.display import pictures
from vestige.display.ground import extent, features
from vestige.display.pyramid import Pyramid
from vestige.display.tone import LOOKS, Tone, encoded, shown
from vestige.errors import InputError, UsageError, VestigeError
from vestige.web.access.embargo import PublicShelf, public_on
from vestige.web.documents import sheet
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent
from vestige.web.security import STORED_POLICY
from vestige.web.shelf import Scanner

router = APIRouter(include_in_schema=False)
KEEP = {"Cache-Control": "private, max-age=3600"}
_MEDIA = {
    ".glb": "model/gltf-binary",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}


def scanner_of(request: Request) -> Scanner:
    """The scanner of the folder that this application shows; of an archive, what this person may see."""
    scanner: Scanner = request.app.state.scanner
    bench = request.app.state.bench
    if bench is not None and public_on(request) is not None:
        return PublicShelf(bench.archive)  # type: ignore[return-value]
    return scanner


Folder = Annotated[Scanner, Depends(scanner_of)]


def exhibit_of(key: str, index: int, folder: Folder) -> Exhibit:
    """The product named in an address; an Absent where there is none."""
    result = folder.result(key)
    result.record(index)
    return Exhibit(result, index, pictures.cache_of(folder.root))


Shown = Annotated[Exhibit, Depends(exhibit_of)]


class Wish:
    """How a person wants a raster shown: look, range and bands, from the address."""

    def __init__(
        self,
        look: str = "",
        low: Annotated[float | None, Query(allow_inf_nan=False)] = None,
        high: Annotated[float | None, Query(allow_inf_nan=False)] = None,
        bands: Annotated[str, Query(max_length=40, pattern=r"^(\d{1,4}(,\d{1,4}){0,2})?$")] = "",
    ) -> None:
        if look and look not in LOOKS:
            raise UsageError(f"there is no look '{look}'; looks: {', '.join(LOOKS)}")
        self.look, self.low, self.high = look, low, high
        self.bands = tuple(int(band) for band in bands.split(",")) if bands else ()

    def of(self, kind: Kind, pyramid: Pyramid) -> tuple[Tone, tuple[int, ...]]:
        """The tone and bands: those wished for, else those natural to the kind."""
        tone, bands = pictures.natural_tone(kind, pyramid)
        low = tone.low if self.low is None else self.low
        high = tone.high if self.high is None else self.high
        if kind is Kind.BANDS and len(self.bands) == 1 and self.low is None:
            low, high = pictures.light_range(pyramid, self.bands[0])
        return Tone(self.look or tone.look, low, high), self.bands or bands


Wished = Annotated[Wish, Depends(Wish)]


@router.get("/tiles/{key}/{index}/{item}/{zoom}/{column}/{row}")
def tile(exhibit: Shown, item: int, zoom: int, column: int, row: int, wish: Wished) -> Response:
    """One tile of deep zoom."""
    return picture_answer(tile_pixels(exhibit, item, (zoom, column, row), wish))


def tile_pixels(exhibit: Exhibit, item: int, place: tuple[int, int, int], wish: Wish) -> NDArray[np.uint8]:
    """One tile (zoom, column, row) of a picture of a product as it is looked at."""
    pyramid, kind = exhibit.pyramid(item), exhibit.record.kind
    if kind is Kind.BANDS and len(wish.bands) == 3:
        return pictures.mixed(pyramid.tile(*place, wish.bands), pyramid, wish.bands)
    tone, bands = wish.of(kind, pyramid)
    margin = 1 if tone.look == "relief" else 0
    values = pyramid.tile(*place, bands, margin, exact=tone.look == "classes")
    return shown(values, tone, pitch=exhibit.towards_viewer * 2.0 ** (pyramid.deepest - place[0]))


@router.get("/overview/{key}/{index}/{item}")
def whole(
    exhibit: Shown, item: int, wish: Wished, side: Annotated[int, Query(ge=16, le=4096)] = 2048
) -> Response:
    """The whole raster, at most `side` pixels long."""
    mixed = exhibit.record.kind is Kind.BANDS and len(wish.bands) == 3
    return picture_answer(whole_pixels(exhibit, item, side, wish), quality=88 if mixed else 92)


def whole_pixels(exhibit: Exhibit, item: int, side: int, wish: Wish) -> NDArray[np.uint8]:
    """A picture of a product, at most `side` pixels long, as it is looked at."""
    pyramid = exhibit.pyramid(item)
    if exhibit.record.kind is Kind.BANDS and len(wish.bands) == 3:
        return pictures.mixed(pyramid.overview(side, wish.bands), pyramid, wish.bands)
    tone, bands = wish.of(exhibit.record.kind, pyramid)
    return pictures.overview(pyramid, side, tone, bands, exhibit.towards_viewer)


def picture_answer(pixels: Any, quality: int = 88) -> Response:
    """Pixels as an answer that a browser may keep."""
    data, media = encoded(pixels, quality=quality)
    return Response(data, media_type=media, headers=KEEP)


@router.get("/raster/{key}/{index}/{item}")
def raster(exhibit: Shown, item: int) -> dict[str, Any]:
    """Size and address of the tiles of one picture."""
    return exhibit.raster(item)


@router.get("/words/{key}/{index}/{item}")
def words(exhibit: Shown, item: int) -> dict[str, Any]:
    """Words and their boxes on one page."""
    return sheet(exhibit, item).plain()


@router.get("/features/{key}/{index}")
def outlines(exhibit: Shown) -> Response:
    """Outlines as GeoJSON, in the reference system of the grid they lie on."""
    if exhibit.record.kind is not Kind.FEATURES:
        raise Absent(exhibit.index)
    return Response(json.dumps(outlines_of(exhibit)), media_type="application/geo+json")


def outlines_of(exhibit: Exhibit) -> dict[str, Any]:
    """The outlines of a product as GeoJSON, in the reference system of the grid they lie on."""
    under = exhibit.sibling(Kind.GRID)
    reference = extent(under.pictures()[0][1]).reference if under else ""
    return features(exhibit.result.path(exhibit.index), reference)


@router.get("/thumbnail/{key}/{index}")
def small(exhibit: Shown, in_list: Annotated[bool, Query(alias="list")] = False) -> Response:
    """A small picture of a product; a quiet sign where none can be made."""
    try:
        data, media = small_picture(exhibit, pictures.LISTED if in_list else pictures.ALONE)
    except VestigeError:
        return sign()
    return Response(data, media_type=media, headers={"Cache-Control": "private, max-age=60"})


def small_picture(exhibit: Exhibit, side: int = pictures.ALONE) -> tuple[bytes, str]:
    """A small picture of a product, `side` pixels long, and its media type.

    Raises
    ------
    InputError
        where none can be made.
    """
    kind = exhibit.record.kind
    if not pictures.depictable(kind):
        raise InputError(exhibit.record.path, "has no picture")
    return pictures.thumbnail(
        kind, exhibit.result.path(exhibit.index), _telling(exhibit), exhibit.cache, side
    )


def sign() -> Response:
    """A sheet of paper: there is something, and it is no picture."""
    headers = {"Content-Security-Policy": STORED_POLICY, "Cache-Control": "private, max-age=5"}
    return Response(_SIGN, media_type="image/svg+xml", headers=headers)


def _telling(exhibit: Exhibit) -> list[Any]:
    """The files that a thumbnail may be made from, the first one first."""
    if exhibit.record.kind in (Kind.MESH, Kind.FEATURES, Kind.RELIGHTABLE):
        return exhibit.files()
    return [path for _, path in exhibit.pictures()]


_SIGN = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48">'
    '<rect width="64" height="48" fill="#d9d3c7"/>'
    '<path d="M24 14h12l6 6v16H24zM36 14v6h6" fill="none" stroke="#8a8172" stroke-width="1.4"/></svg>'
)


@router.get("/frame/{key}/{number}")
def frame(key: str, number: int, folder: Folder, side: Annotated[int, Query()] = 1600) -> Response:
    """A frame of a capture as JPEG, small (320; a quiet sign where it is no picture) or to look at (1600)."""
    entry = folder.capture(key)
    if entry.capture is None or side not in (320, 1600) or not 0 <= number < len(entry.capture.frames):
        raise Absent(number)
    found = entry.capture.frames[number]
    try:
        data = pictures.frame_picture(entry.capture, found, side, pictures.cache_of(folder.root))
    except VestigeError:
        if side != 320:
            raise
        return sign()
    return Response(data, media_type="image/jpeg", headers=KEEP)


@router.get("/file/{key}/{index}/{number}")
def stored(exhibit: Shown, number: int, download: bool = False) -> FileResponse:
    """A file of a product as it lies on the disk; only harmless types are shown in the browser."""
    files = exhibit.files()
    if not 0 <= number < len(files):
        raise Absent(number)
    path = files[number]
    media = _MEDIA.get(path.suffix.lower())
    disposition = "attachment" if download or media is None else "inline"
    headers = {} if media == "application/pdf" else {"Content-Security-Policy": STORED_POLICY}
    return FileResponse(
        path,
        media_type=media or "application/octet-stream",
        filename=path.name,
        content_disposition_type=disposition,
        headers=headers,
    )


@router.get("/report/{key}")
def report(key: str, folder: Folder) -> FileResponse:
    """The report of a run as it was written."""
    path = folder.result(key).folder / PAGE
    if not path.is_file() or path.is_symlink():
        raise Absent(key)
    headers = {"Content-Security-Policy": STORED_POLICY}
    return FileResponse(path, media_type="text/html; charset=utf-8", headers=headers)


@router.get("/state")
def state(request: Request, folder: Folder) -> JSONResponse:
    """What a page needs to keep itself fresh, for browsers whose event stream is cut."""
    from vestige.web.live import snapshot

    bench = request.app.state.bench
    told = snapshot(folder, bench.ledger if bench else None)
    return JSONResponse(told, headers={"Cache-Control": "no-store"})
