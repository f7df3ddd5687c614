"""Files to phones: whole or in part, a little at a time, as long as the session lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vestige.deliver import Parcel, Session, Span, asked_span


def sent(request: Request, session: Session, parcel: Parcel, name: str, *, save: bool) -> Response:
    """A file as the answer to a request: 200, 206, 304 or 416; `save` makes the phone keep it as a file."""
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": parcel.etag,
        "Cache-Control": "private, no-cache",
        "Content-Type": parcel.media_type,
        "Content-Disposition": f'{"attachment" if save else "inline"}; filename="{name}"',
    }
    if parcel.etag in request.headers.get("if-none-match", "").replace(" ", "").split(","):
        return Response(status_code=304, headers={"ETag": parcel.etag})
    span = asked_span(parcel.size, request.headers.get("range"), request.headers.get("if-range"), parcel.etag)
    if span is None:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{parcel.size}"})
    part = span != Span(0, parcel.size)
    if part:
        headers["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{parcel.size}"
    headers["Content-Length"] = str(span.stop - span.start)
    status = 206 if part else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_pieces(session, parcel, span), status, headers)


async def _pieces(session: Session, parcel: Parcel, span: Span) -> AsyncIterator[bytes]:
    """The bytes, until all are sent, the phone goes away, or the session ends and its files with it."""
    left = span.stop - span.start
    with session.fetch():
        for chunk in parcel.read(span):
            if not session.alive:
                break
            left -= len(chunk)
            yield chunk
            session.touch()
            await asyncio.sleep(0)  # others too; and here a phone that went away is noticed
    if left:
        raise ConnectionAbortedError
    session.fetched += 1
