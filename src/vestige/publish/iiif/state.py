"""Content State: which object, which picture and which part of it, in one short text to pass on.

Source: IIIF Content State API 1.0, https://iiif.io/api/content-state/1.0/. Nothing is fetched: only what
names something of this archive is understood.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from vestige.errors import UsageError
from vestige.publish.iiif.addresses import Addresses

_MOST = 8000
_PLACE = re.compile(r"/iiif/presentation/(\d{1,18})/(?:manifest|canvas/([\w.-]{1,120}))$", re.ASCII)
_BOX = re.compile(r"xywh=(?:pixel:)?(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})$", re.ASCII)


@dataclass(frozen=True)
class State:
    """An object by its number, a picture of it by its name (empty: all), and a box in it."""

    number: int
    name: str = ""
    box: tuple[int, int, int, int] | None = None


def encoded(state: State, addresses: Addresses) -> str:
    """A state as text for an address.

    >>> decoded(encoded(State(7), Addresses("https://example.org")))
    State(number=7, name='', box=None)
    """
    manifest = {"id": addresses.manifest(state.number), "type": "Manifest"}
    told: dict[str, Any] = manifest
    if state.name:
        address = addresses.canvas(state.number, state.name)
        if state.box:
            address += "#xywh=" + ",".join(map(str, state.box))
        told = {"id": address, "type": "Canvas", "partOf": [manifest]}
    text = quote(json.dumps(told, separators=(",", ":")), safe="~()*!.'")
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(text: str) -> State:
    """What a text names: an encoded state, JSON, or an address alone.

    Raises
    ------
    UsageError
        where it is none of these, or names nothing of an archive.

    >>> decoded("https://example.org/iiif/presentation/7/manifest").number
    7
    """
    if len(text) > _MOST:
        raise UsageError(f"this content state is longer than {_MOST} characters")
    text = text.strip()
    if text.startswith(("http:", "https:")):
        return _of(text)
    told = _json(text if text.startswith("{") else _plain(text))
    return _of(_address(told))


def _plain(text: str) -> str:
    """The text within base64url, its padding put back."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return unquote(data.decode("ascii"), errors="strict")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise UsageError("this is no content state: neither an address nor base64url") from None


def _json(text: str) -> Any:
    try:
        return text if text.startswith(("http:", "https:")) else json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError("this content state holds no JSON") from None


def _address(told: Any, depth: int = 4) -> str:
    """The address that a resource, an annotation or its target names."""
    if isinstance(told, str):
        return told
    if isinstance(told, list) and told and depth:
        return _address(told[0], depth - 1)
    if isinstance(told, dict) and depth:
        if told.get("type") == "Annotation" and "target" in told:
            return _address(told["target"], depth - 1)
        if "source" in told:
            return _address(told["source"], depth - 1)
        if isinstance(told.get("id"), str):
            return str(told["id"])
    raise UsageError("this content state names no resource")


def _of(address: str) -> State:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise UsageError("this content state holds no address") from None
    found = _PLACE.search(parts.path)
    if found is None:
        raise UsageError("this content state names nothing of an archive of Vestige's")
    box = _BOX.fullmatch(parts.fragment)
    return State(
        int(found[1]), found[2] or "", (int(box[1]), int(box[2]), int(box[3]), int(box[4])) if box else None
    )
