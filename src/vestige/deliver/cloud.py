"""Scans into a cloud: the visitor's own folder by WebDAV, or the house's store by fsspec."""

from __future__ import annotations

import http.client
import shutil
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from vestige.deliver.scans import Scan
from vestige.errors import MissingError, OutputError, UsageError

_CHUNK: Final = 1 << 20
_DONE: Final = frozenset({200, 201, 204})


class Cloud(Protocol):
    """A place on the network that takes scans."""

    def send(self, scans: Sequence[Scan], folder: str) -> None:
        """Put scans into a new folder there; an OutputError where that fails."""


@dataclass(frozen=True)
class Share:
    """A folder on a WebDAV server (RFC 4918); user and password live as long as this object.

    A public link of Nextcloud or ownCloud (``https://cloud.example.org/s/AbCd``) is one too.

    >>> Share.at("https://cloud.example.org/s/AbCd").address
    'https://cloud.example.org/public.php/webdav'
    >>> Share.at("http://cloud.example.org/dav")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: the address must begin with https://
    """

    address: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @classmethod
    def at(cls, address: str, user: str = "", password: str = "", *, plain: bool = False) -> Share:
        """A share at an address as people copy it; `plain` allows http, for tests and closed networks."""
        parts = urlsplit(address.strip())
        if parts.scheme != "https" and not (plain and parts.scheme == "http"):
            raise UsageError("the address must begin with https://")
        if not parts.hostname or parts.username or not address.isprintable():
            raise UsageError("this is no address of a folder: copy it from your cloud's page")
        place = parts.path.rstrip("/").split("/")
        if len(place) >= 2 and place[-2] == "s" and not user:
            before = "/".join(part for part in place[:-2] if part != "index.php")
            return cls(f"{parts.scheme}://{parts.netloc}{before}/public.php/webdav", place[-1], password)
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}", user, password)

    def send(self, scans: Sequence[Scan], folder: str) -> None:
        """Make a folder and put each scan into it.

        Raises
        ------
        OutputError : the server cannot be reached, or does not take the scans.
        """
        parts = urlsplit(self.address)
        place = f"{parts.path}/{quote(folder)}"
        try:
            with closing(self._connection()) as connection:
                self._ask(connection, "MKCOL", place, None, 0)
                for scan in scans:
                    with scan.file.open("rb") as stream:
                        self._ask(connection, "PUT", f"{place}/{scan.name}", stream, scan.size)
        except (OSError, http.client.HTTPException) as error:
            raise OutputError(
                f"the cloud cannot be reached ({type(error).__name__}): check the address"
            ) from None

    def _connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return http.client.HTTPSConnection(
                host, parts.port, timeout=60, context=ssl.create_default_context()
            )
        return http.client.HTTPConnection(host, parts.port, timeout=60)

    def _ask(
        self, connection: http.client.HTTPConnection, verb: str, place: str, body: Any, length: int
    ) -> None:
        headers = {"Content-Length": str(length)}
        if self.user:
            word = b64encode(f"{self.user}:{self.password}".encode()).decode()
            headers["Authorization"] = f"Basic {word}"
        connection.request(verb, place, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status in (401, 403):
            raise OutputError("the cloud does not let us in: check name and password")
        if answer.status not in _DONE and not (verb == "MKCOL" and answer.status == 405):
            raise OutputError(f"the cloud did not take the scans ({answer.status})")


@dataclass(frozen=True)
class Store:
    """A folder of any file system that fsspec knows, such as ``s3://scans/desk``; set up by the house."""

    address: str
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def send(self, scans: Sequence[Scan], folder: str) -> None:
        """Put each scan into a folder there.

        Raises
        ------
        MissingError : fsspec, or what it needs for this address, is not installed.
        OutputError : the store does not take the scans.
        """
        try:
            from fsspec.core import url_to_fs

            system, root = url_to_fs(self.address, **self.options)
        except ImportError as error:
            raise MissingError(
                f"{error.name or 'fsspec'} is not installed: pip install 'vestige[cloud]'"
            ) from None
        try:
            system.makedirs(f"{root}/{folder}", exist_ok=True)
            for scan in scans:
                with (
                    scan.file.open("rb") as source,
                    system.open(f"{root}/{folder}/{scan.name}", "wb") as target,
                ):
                    shutil.copyfileobj(source, target, _CHUNK)
        except Exception as error:  # each file system raises errors of its own
            raise OutputError(f"the store did not take the scans ({type(error).__name__})") from None
