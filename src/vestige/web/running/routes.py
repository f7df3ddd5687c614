"""Addresses of running: what is made of captures, the queue, one job."""

from __future__ import annotations

from fastapi import APIRouter

from vestige.web.running import batches, joblist, making

router = APIRouter(include_in_schema=False)
router.include_router(batches.router)
router.include_router(making.router)
router.include_router(joblist.router)
