"""The application: addresses, headers, and the one place where errors become answers."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
import os
from collections.abc import AsyncIterator, Callable, Collection
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from vestige.errors import BudgetError, InputError, MissingError, OutputError, UsageError, VestigeError
from vestige.web import pixels, views
from vestige.web.access import Access, Accounts, Audit
from vestige.web.access import routes as accessing
from vestige.web.access.gate import Gate
from vestige.web.access.table import checked
from vestige.web.bench import Bench, is_archive
from vestige.web.collection import routes as collection
from vestige.web.faults import Absent, fault
from vestige.web.ground import routes as ground
from vestige.web.growing import routes as growing
from vestige.web.growing.streams import STREAMS, Streams
from vestige.web.iiif import routes as iiif
from vestige.web.intake import routes as intake
from vestige.web.lab import routes as lab
from vestige.web.language import catalogue, language_of
from vestige.web.looking import routes as looking
from vestige.web.operating import routes as operating
from vestige.web.operating.shooter import Shooter, WatchedFolder
from vestige.web.packing import PackedFiles
from vestige.web.running import routes as running
from vestige.web.security import Guard
from vestige.web.shelf import Scanner
from vestige.web.site import routes as proofs

#: What an error of the family means to a browser.
STATUS: dict[type[VestigeError], int] = {
    UsageError: 400,
    InputError: 422,
    MissingError: 501,
    BudgetError: 507,
    OutputError: 507,
}


def create_app(
    folder: str | os.PathLike[str],
    *,
    names: Collection[str] = (),
    sign_in: bool | None = None,
    scanner: Shooter | None = None,
) -> FastAPI:
    """The page of a folder, as an ASGI application; of an archive, the workbench.

    It answers to the names of this machine and to `names`. People sign in where the archive has accounts,
    unless `sign_in` says otherwise. `scanner` takes the pictures of operator mode: unless given, the folder
    ``desk/scanner`` of the archive is watched.

    >>> create_app(".").title
    'Vestige'
    """
    mimetypes.add_type("text/javascript", ".js")
    mimetypes.add_type("font/woff2", ".woff2")
    app = FastAPI(
        title="Vestige",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
        dependencies=[Depends(checked)],
    )
    app.state.bench = Bench(folder) if is_archive(folder) else None
    app.state.scanner = app.state.bench.shelf if app.state.bench else Scanner(folder)
    app.state.scanner_of_pages = scanner or (_own_scanner(app.state.bench) if app.state.bench else None)
    app.state.streams = _streams(app.state.bench, folder)
    app.state.stopping = _never
    app.state.people, app.state.access = _access(app.state.bench, sign_in)
    app.add_middleware(Gate)
    app.add_middleware(Guard, names=names)
    if app.state.bench:
        app.include_router(iiif.router)  # first: viewers ask for hundreds of tiles
    app.include_router(pixels.router)
    app.include_router(looking.router)
    app.include_router(growing.router)
    if app.state.bench:
        for area in (collection, intake, running, accessing, operating, ground, lab, proofs):
            app.include_router(area.router)
    app.include_router(views.router)
    app.mount("/static", PackedFiles(directory=views.static_folder()), name="static")
    for family, answer in _ANSWERS.items():
        app.add_exception_handler(family, answer)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """While the page is served, the workbench works through its queue."""
    bench = app.state.bench
    if bench is not None:
        bench.open()
    yield
    await asyncio.to_thread(app.state.streams.close)
    if bench is not None:
        await asyncio.to_thread(bench.close)


def _streams(bench: Bench | None, folder: str | os.PathLike[str]) -> Streams:
    if bench is not None:
        return Streams(bench.desk, bench.desk / STREAMS)
    root = Path(folder).resolve()
    return Streams(root, root)


def _own_scanner(bench: Bench) -> Shooter:
    folder = bench.desk / "scanner"
    if not bench.archive.read_only:
        folder.mkdir(parents=True, exist_ok=True)
    return WatchedFolder(folder)


def _access(bench: Bench | None, sign_in: bool | None) -> tuple[Accounts | None, Access]:
    if bench is None:
        return None, Access(None, None)
    people, audit = Accounts(bench.archive.engine), Audit(bench.folder)
    wanted = bool(people.count()) if sign_in is None else sign_in
    return people, Access(
        people if wanted else None, audit if not bench.archive.read_only else None, bench.archive.who
    )


def _never() -> bool:
    return False


def _fault(request: Request, error: Exception) -> Response:
    status = next((code for family, code in STATUS.items() if isinstance(error, family)), 500)
    return _problem(request, status, fault(error) if isinstance(error, VestigeError) else "")


def _absent(request: Request, error: Exception) -> Response:
    return _problem(request, 404, catalogue(language_of(request))["absent"])


def _wrong(request: Request, error: Exception) -> Response:
    return _problem(request, 400, catalogue(language_of(request))["wrong_address"])


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return _absent(request, error)
    told = catalogue(language_of(request)).get(f"status_{status}") or str(getattr(error, "detail", ""))
    return _problem(request, status, told)


def _problem(request: Request, status: int, sentence: str) -> Response:
    return views.page(request, "problem.html", status, sentence=sentence)


_ANSWERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    VestigeError: _fault,
    Absent: _absent,
    OverflowError: _absent,  # a number in an address that no database counts to
    RequestValidationError: _wrong,
    HTTPException: _http,
}
