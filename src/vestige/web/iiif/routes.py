"""Addresses of IIIF."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vestige.web.iiif import images, presenting
from vestige.web.iiif.reach import CROSS, refused

_MAY = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "Accept, If-None-Match, Range",
    "Access-Control-Max-Age": "86400",
}


async def otherwise(request: Request) -> Response:
    """What a page elsewhere may do, for browsers that ask before they read; else there is nothing here."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=CROSS | _MAY)
    return refused(404, "There is nothing at this address.")


router = APIRouter(include_in_schema=False)
router.include_router(presenting.router)
router.routes.extend([*images.ROUTES, Route("/iiif/{path:path}", otherwise, methods=["GET", "OPTIONS"])])
