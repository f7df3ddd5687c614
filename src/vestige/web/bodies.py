"""What a browser sends: small forms, read whole and within limits of size and time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request
from starlette.requests import ClientDisconnect

#: A form may be this long, and may take this long to arrive.
MOST_BYTES, MOST_SECONDS = 1 << 20, 20.0


class Answers(Mapping[str, list[str]]):
    """The fields of a form, each with all its values.

    >>> Answers([("frame", "1"), ("frame", "2")]).all("frame")
    ['1', '2']
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> list[str]:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, name: str) -> list[str]:
        """All values of a field."""
        return self._values.get(name, [])

    def one(self, name: str, default: str = "") -> str:
        """The last value of a field, without spaces around it."""
        found = self._values.get(name)
        return found[-1].strip() if found else default


async def body(request: Request, most: int, seconds: float) -> bytes:
    """The body of a request, refused where it is too long or too slow.

    Raises
    ------
    HTTPException
        413 where it is longer than `most` bytes, 408 where it takes longer than `seconds`.
    """
    told = request.headers.get("content-length", "0")
    if told.isdecimal() and int(told) > most:
        raise HTTPException(413, f"{told} bytes are too many at once; at most {most} are taken")
    found = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                found += chunk
                if len(found) > most:
                    raise HTTPException(413, f"more than {most} bytes are too many at once")
    except TimeoutError:
        raise HTTPException(408, f"it took longer than {seconds:.0f} seconds to arrive") from None
    except ClientDisconnect:
        raise HTTPException(400, "the connection was cut") from None
    return bytes(found)


async def _answers(request: Request) -> Answers:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise HTTPException(415, "a form is expected")
    text = (await body(request, MOST_BYTES, MOST_SECONDS)).decode("utf-8", "replace")
    try:
        return Answers(parse_qsl(text, keep_blank_values=True, max_num_fields=20_000))
    except ValueError:
        raise HTTPException(413, "the form has too many fields") from None


#: A route that takes a form asks for it by ``answers: Form``.
Form = Annotated[Answers, Depends(_answers)]
