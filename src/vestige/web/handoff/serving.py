"""One process, two doors: the screen on this machine, the phones' page on the address of the hotspot."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Iterator
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from vestige.errors import UsageError
from vestige.web.patience import PatientProtocol


def run(kiosk: ASGIApp, screen: tuple[str, int], phone: ASGIApp, door: tuple[str, int]) -> None:
    """Serve both until interrupted.

    Raises
    ------
    UsageError : the screen's address is not this machine alone, or a port is taken.

    >>> run(None, ("0.0.0.0", 1), None, ("127.0.0.1", 2))
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: the screen is shown on this machine alone: use 127.0.0.1, not 0.0.0.0
    """
    if not ipaddress.ip_address(screen[0]).is_loopback:
        raise UsageError(f"the screen is shown on this machine alone: use 127.0.0.1, not {screen[0]}")
    # Nothing that a visitor does is logged: neither addresses nor what a library says of its own.
    for name in ("uvicorn.access", "asyncio"):
        logging.getLogger(name).disabled = True
    with (
        listening(*screen) as first,
        listening(*door, free=True) as second,
        contextlib.suppress(KeyboardInterrupt),
    ):
        asyncio.run(_both(kiosk, first, phone, second))


async def _both(kiosk: ASGIApp, first: socket.socket, phone: ASGIApp, second: socket.socket) -> None:
    servers = [_server(kiosk, life="on"), _server(phone, life="off")]
    serving = [
        asyncio.create_task(server.serve(sockets=[listener]))
        for server, listener in zip(servers, (first, second), strict=True)
    ]
    await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)


def _server(app: ASGIApp, life: Literal["on", "off"]) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            lifespan=life,
            log_level="error",
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=2,
            limit_concurrency=500,
        )
    )


@contextlib.contextmanager
def listening(host: str, port: int, *, free: bool = False) -> Iterator[socket.socket]:
    """A socket on an address; `free` where the address may come later, with the hotspot."""
    address = ipaddress.ip_address(host)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # asyncio sends at once, without waiting 40 ms for more, only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # A phone that is carried away is not waited for: its download goes on where it was cut.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _GONE)
        if free and address.version == 4:
            listener.setsockopt(socket.SOL_IP, _FREEBIND, 1)
        try:
            listener.bind((host, port))
            listener.listen(256)
        except OSError as error:
            raise UsageError(f"port {port} of {host} cannot be used ({error.strerror})") from None
        yield listener


#: Linux: an address that this machine does not have yet (ip(7)).
_FREEBIND = 15
#: Milliseconds that a phone may leave unanswered what it was sent.
_GONE = 90_000
