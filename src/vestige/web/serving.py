"""Serve a folder to this machine's browser."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import threading
import webbrowser
from pathlib import Path

from vestige.errors import InputError, UsageError


def serve(
    folder: str | os.PathLike[str], host: str = "127.0.0.1", port: int = 8765, *, open_browser: bool = True
) -> None:
    """Show the captures and products of a folder until interrupted.

    `port` 0 takes any free one. Only loopback addresses are served: the page knows no accounts.

    Raises
    ------
    InputError
        where the folder does not exist.
    UsageError
        where the host is not this machine, or the port is taken.

    >>> serve("nowhere")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere is no folder; expected a folder with captures or products
    """
    import uvicorn

    from vestige.web.application import create_app

    if not Path(folder).is_dir():
        raise InputError(folder, "is no folder", "a folder with captures or products")
    listener = _listen(host, port)
    found = listener.getsockname()[1]
    address = f"http://[{host}]:{found}/" if ":" in host else f"http://{host}:{found}/"
    app = create_app(folder)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, server_header=False)
    server = uvicorn.Server(config)
    app.state.stopping = lambda: server.should_exit
    if open_browser:
        threading.Timer(0.8, webbrowser.open, [address]).start()
    with contextlib.closing(listener), contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """A socket on this machine."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise UsageError(f"{host} is not this machine; the page is shown on 127.0.0.1 or ::1 only")
    listener = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(f"port {port} cannot be used ({error}); choose another with --port") from None
    return listener
