"""Serve a folder to this machine's browser."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import threading
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from vestige.archive import Archive
from vestige.errors import InputError, UsageError
from vestige.web.access import Accounts
from vestige.web.bench import is_archive
from vestige.web.operating.shooter import Shooter
from vestige.web.patience import PatientProtocol


@dataclass(frozen=True)
class Door:
    """Where the page is shown, and to whom.

    `names` are the host names it answers to beside this machine's own; `certificate` and `key` make the
    connection encrypted; `sign_in` False lets whoever sits at this machine do everything, accounts or not.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    sign_in: bool = True

    @property
    def scheme(self) -> str:
        """How it is called in an address."""
        return "https" if self.certificate else "http"


def serve(
    folder: str | os.PathLike[str],
    host: str = "127.0.0.1",
    port: int = 8765,
    *,
    door: Door | None = None,
    scanner: Shooter | None = None,
    open_browser: bool = True,
) -> None:
    """Show the captures and products of a folder, or the workbench of an archive, until interrupted.

    `port` 0 takes any free one. `scanner` takes the pictures of operator mode.
    Beyond this machine only an archive is served that has an admin.

    Raises
    ------
    InputError
        where the folder does not exist.
    UsageError
        where the host is not this machine and nobody could sign in, or the port is taken.

    >>> serve("nowhere")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere is no folder; expected a folder with captures or products
    """
    import uvicorn

    from vestige.web.application import create_app

    if not Path(folder).is_dir():
        raise InputError(folder, "is no folder", "a folder with captures or products")
    door = door or Door(host, port)
    _may_listen(folder, door)
    listener = _listen(door.host, door.port)
    found = listener.getsockname()[1]
    app = create_app(folder, names=door.names, sign_in=None if door.sign_in else False, scanner=scanner)
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        log_level="warning",
        timeout_graceful_shutdown=2,
        server_header=False,
        limit_concurrency=400,
        ssl_certfile=door.certificate,
        ssl_keyfile=door.key,
    )
    server = uvicorn.Server(config)
    app.state.stopping = lambda: server.should_exit
    if open_browser:
        named = f"[{door.host}]" if ":" in door.host else door.host
        threading.Timer(0.8, webbrowser.open, [f"{door.scheme}://{named}:{found}/"]).start()
    with contextlib.closing(listener), contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _may_listen(folder: str | os.PathLike[str], door: Door) -> None:
    """Refuse to let strangers in: beyond this machine, or under another name, people must sign in."""
    beyond = not _is_loopback(door.host) or bool(door.names)
    if not beyond:
        return
    if not is_archive(folder):
        raise UsageError(
            f"{door.host} is not this machine; a plain folder knows no accounts: use 127.0.0.1 or ::1"
        )
    if not door.sign_in:
        raise UsageError(
            "without sign-in the workbench is shown on this machine only: leave --no-sign-in out"
        )
    if not _is_loopback(door.host) and not door.names:
        raise UsageError(
            f"say by which name people will call it: --name archive.example.org (or {door.host})"
        )
    with Archive(folder) as archive:
        if not Accounts(archive.engine).count("admin"):
            raise UsageError(
                f"{folder} has no admin, so nobody could sign in: "
                f"vestige accounts add {folder} NAME --role admin makes one"
            )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    """A socket on an address of this machine."""
    name = "127.0.0.1" if host == "localhost" else host
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        raise UsageError(
            f"{host!r} is no address to listen on; 127.0.0.1, ::1, 0.0.0.0 or one of this machine's"
        ) from None
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # asyncio sends at once, without waiting 40 ms for more, only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((str(address), port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise UsageError(
            f"port {port} of {host} cannot be used ({error}); choose another with --port"
        ) from None
    return listener
