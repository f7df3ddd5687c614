"""Parts of a file: what a browser asks for when a download goes on after it was cut (RFC 9110, 14)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ONE: Final = re.compile(r"bytes=\s*(\d{0,18})-(\d{0,18})\s*", re.ASCII)


class Span(NamedTuple):
    """Bytes from `start` up to, not including, `stop`."""

    start: int
    stop: int


def asked_span(size: int, wanted: str | None, if_range: str | None, etag: str) -> Span | None:
    """The bytes that a request is to get of a file of `size` bytes; None where it asks beyond its end.

    Several ranges at once, or a unit other than bytes, are answered by the whole file, as the standard
    allows. So is a range of a file that has changed since: `if_range` is another mark than `etag`, or a date.

    >>> asked_span(100, "bytes=10-19", None, '"a"'), asked_span(100, "bytes=-5", '"a"', '"a"')
    (Span(start=10, stop=20), Span(start=95, stop=100))
    >>> asked_span(100, "bytes=10-", '"b"', '"a"'), asked_span(100, "bytes=100-", None, '"a"')
    (Span(start=0, stop=100), None)
    """
    whole = Span(0, size)
    if wanted is None or (if_range is not None and if_range.strip() != etag):
        return whole
    match = _ONE.fullmatch(wanted.strip())
    if match is None or match[1] == match[2] == "":
        return whole
    if match[1] == "":
        length = int(match[2])
        return Span(max(0, size - length), size) if length and size else None
    start, last = int(match[1]), int(match[2]) if match[2] else size - 1
    if match[2] and last < start:
        return whole
    return Span(start, min(last, size - 1) + 1) if start < size else None
