"""Addresses of images: ``/iiif/3/NAME/REGION/SIZE/ROTATION/QUALITY.FORMAT``, and what is known of them.

A viewer asks for hundreds of tiles at once. Where the bytes lie ready they are sent from where the request
came in; only what has to be drawn goes to a thread.
"""

from __future__ import annotations

from functools import partial

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from vestige.display.absence import Absent
from vestige.errors import InputError, UsageError
from vestige.publish.iiif import ImageService, Unsupported
from vestige.publish.iiif.images import PROTOCOL
from vestige.publish.iiif.names import capture_of
from vestige.web.iiif.reach import base_of, headers, reader_of, refused, rights_seen, said, unchanged

_LEVEL = {2: f"{PROTOCOL}/2/level2.json", 3: f"{PROTOCOL}/3/level2.json"}
_ABSENT = "There is no such picture."


def _asked(request: Request) -> tuple[int, str]:
    """The version and the name in an address."""
    version, name = request.path_params["version"], request.path_params["name"]
    if version not in ("2", "3"):
        raise Absent(version)
    return int(version), name


def _images(request: Request) -> ImageService:
    found: ImageService = request.app.state.bench.images
    return found


async def base(request: Request) -> Response:
    """The address of a picture itself leads to what is known of it."""
    try:
        version, name = _asked(request)
        capture_of(name)
    except Absent:
        return refused(404, _ABSENT)
    address = f"{base_of(request)}/iiif/{version}/{name}/info.json"
    return RedirectResponse(address, 303, headers={"Access-Control-Allow-Origin": "*"})


async def info(request: Request) -> Response:
    """What is known of a picture."""
    images = _images(request)
    try:
        version, name = _asked(request)
        rights, public = await rights_seen(images.archive, capture_of(name), reader_of(request))
        address = f"{base_of(request)}/iiif/{version}/{name}"
        told = await run_sync(images.info, name, version, address, rights)
    except Absent:
        return refused(404, _ABSENT)
    except InputError:
        return refused(404, "This picture is damaged and cannot be shown.")
    context = f"{PROTOCOL}/{version}/context.json"
    link = {"Link": f'<{_LEVEL[version]}>;rel="profile"'}
    return said(request, told, context=context, public=public, more=link)


async def image(request: Request) -> Response:
    """An image."""
    images, parts = _images(request), request.path_params
    wanted = (parts["region"], parts["size"], parts["rotation"], parts["last"])
    try:
        version, name = _asked(request)
        _, public = await rights_seen(images.archive, capture_of(name), reader_of(request))
        mark = images.mark(name, version, *wanted)
        told = headers(mark, public=public)
        if unchanged(request, mark):
            return Response(status_code=304, headers=told)
        made = images.tile(name, version, wanted)
        if made is None:
            made = await run_sync(partial(images.answer, name, version, *wanted))
    except Absent:
        return refused(404, _ABSENT)
    except Unsupported as error:
        return refused(501, str(error))
    except UsageError as error:
        return refused(400, str(error))
    except InputError:
        return refused(404, "This picture is damaged and cannot be shown.")
    address = f"{base_of(request)}/iiif/{version}/{name}/{made.canonical}"
    told["Link"] = f'<{_LEVEL[version]}>;rel="profile",<{address}>;rel="canonical"'
    return Response(made.data, media_type=made.media, headers=told)


_PLACE = "/iiif/{version}/{name}"
#: Outside the table of roles: each looks itself at what its asker may see.
ROUTES = [
    Route(f"{_PLACE}/{{region}}/{{size}}/{{rotation}}/{{last}}", image, methods=["GET"]),
    Route(f"{_PLACE}/info.json", info, methods=["GET"]),
    Route(_PLACE, base, methods=["GET"]),
]
