"""Addresses of IIIF."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from vestige.web.iiif import images, presenting
from vestige.web.iiif.reach import CROSS

router = APIRouter(include_in_schema=False)
router.include_router(presenting.router)
router.routes.extend(images.ROUTES)


@router.options("/iiif/{path:path}")
def asked_before(path: str) -> Response:
    """What a page elsewhere may do, for browsers that ask before they read."""
    may = {
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Accept, If-None-Match",
    }
    return Response(status_code=204, headers=CROSS | may | {"Access-Control-Max-Age": "86400"})
