"""Addresses of images: ``/iiif/3/NAME/REGION/SIZE/ROTATION/QUALITY.FORMAT``, and what is known of them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from vestige.display.absence import Absent
from vestige.errors import InputError, UsageError
from vestige.publish.iiif import Unsupported
from vestige.publish.iiif.images import PROTOCOL
from vestige.publish.iiif.names import capture_of
from vestige.web.iiif.reach import Asking, Images, base_of, headers, refused, rights_seen, said, unchanged

router = APIRouter(include_in_schema=False)
METHODS = ["GET", "HEAD"]
_LEVEL = {2: f"{PROTOCOL}/2/level2.json", 3: f"{PROTOCOL}/3/level2.json"}


def _versioned(version: str) -> int:
    if version not in ("2", "3"):
        raise Absent(version)
    return int(version)


@router.api_route("/iiif/{version}/{name}", methods=METHODS)
def base(request: Request, version: str, name: str) -> Response:
    """The address of a picture itself leads to what is known of it."""
    _versioned(version)
    try:
        capture_of(name)
    except Absent:
        return refused(404, "There is no such picture.")
    address = f"{base_of(request)}/iiif/{version}/{name}/info.json"
    return RedirectResponse(address, 303, headers={"Access-Control-Allow-Origin": "*"})


@router.api_route("/iiif/{version}/{name}/info.json", methods=METHODS)
def info(request: Request, images: Images, reader: Asking, version: str, name: str) -> Response:
    """What is known of a picture."""
    number = _versioned(version)
    try:
        rights, public = rights_seen(images.archive, capture_of(name), reader)
        address = f"{base_of(request)}/iiif/{version}/{name}"
        told = images.info(name, number, address, rights)
    except Absent:
        return refused(404, "There is no such picture.")
    context = f"{PROTOCOL}/{number}/context.json"
    link = f'<{_LEVEL[number]}>;rel="profile"'
    return said(request, told, context=context, public=public, more={"Link": link})


@router.api_route("/iiif/{version}/{name}/{region}/{size}/{rotation}/{last}", methods=METHODS)
def image(
    request: Request,
    images: Images,
    reader: Asking,
    version: str,
    name: str,
    region: str,
    size: str,
    rotation: str,
    last: str,
) -> Response:
    """An image."""
    number = _versioned(version)
    mark = images.mark(name, number, region, size, rotation, last)
    try:
        _, public = rights_seen(images.archive, capture_of(name), reader)
        told = headers(mark, public=public)
        if unchanged(request, mark):
            return Response(status_code=304, headers=told)
        made = images.answer(name, number, region, size, rotation, last)
    except Absent:
        return refused(404, "There is no such picture.")
    except Unsupported as error:
        return refused(501, str(error))
    except UsageError as error:
        return refused(400, str(error))
    except InputError:
        return refused(404, "This picture is damaged and cannot be shown.")
    address = f"{base_of(request)}/iiif/{version}/{name}/{made.canonical}"
    told["Link"] = f'<{_LEVEL[number]}>;rel="profile",<{address}>;rel="canonical"'
    return Response(made.data, media_type=made.media, headers=told)
