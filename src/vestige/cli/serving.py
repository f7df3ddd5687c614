"""``vestige serve`` and ``vestige demo``."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vestige.cli.console import ON_DISK, fail_in_part, show_json, tell
from vestige.errors import InputError, UsageError

if TYPE_CHECKING:
    from vestige.web.operating.shooter import Shooter
    from vestige.web.serving import Door


def _address(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the page is shown."""
    for option in (
        click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser"),
        click.option(
            "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port; 0 takes any"
        ),
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on"),
    ):
        command = option(command)
    return command


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON")


@click.command()
@click.argument("folder", type=ON_DISK)
@_address
@click.option("--name", "names", multiple=True, help="Host name people call it by; may be repeated")
@click.option("--certificate", type=ON_DISK, help="Certificate (PEM) for https")
@click.option("--key", type=ON_DISK, help="Key of the certificate (PEM)")
@click.option("--scanner", type=ON_DISK, help="Folder that the scanner's software fills, for operator mode")
@click.option("--practice", type=ON_DISK, help="Folder of pictures that stand for a scanner")
@click.option("--no-sign-in", is_flag=True, help="On this machine: nobody signs in, everybody may do all")
@AS_JSON
def serve(
    folder: Path,
    host: str,
    port: int,
    names: tuple[str, ...],
    certificate: Path | None,
    key: Path | None,
    scanner: Path | None,
    practice: Path | None,
    *,
    open_browser: bool,
    no_sign_in: bool,
    as_json: bool,
) -> None:
    """Show the captures and products of FOLDER in the browser, or the workbench of an archive, until Ctrl-C.

    Beyond this machine people sign in: vestige accounts add makes the first admin.
    """
    from vestige.web.operating.shooter import Pile, WatchedFolder
    from vestige.web.serving import Door

    if not folder.is_dir():
        raise InputError(folder, "is no folder", "a folder with captures or products")
    if bool(certificate) != bool(key):
        raise UsageError("https needs both --certificate and --key")
    for pictures in filter(None, (scanner, practice)):
        if not pictures.is_dir():
            raise InputError(pictures, "is no folder", "a folder of pictures")
    for file in filter(None, (certificate, key)):
        if not file.is_file():
            raise InputError(file, "is no file", "a PEM file")
    door = Door(host, port, names, certificate, key, sign_in=not no_sign_in)
    shooter = Pile(practice) if practice else WatchedFolder(scanner) if scanner else None
    _show_page(folder, door, shooter, open_browser=open_browser, as_json=as_json)


@click.command()
@click.argument("folder", type=ON_DISK, default=Path("demo"))
@_address
@click.option("--only", multiple=True, help="Only this technique; may be repeated")
@click.option(
    "--capture",
    "captures",
    multiple=True,
    metavar="TECHNIQUE=FOLDER",
    help="Take in this capture too; may be repeated",
)
@click.option("--serve/--no-serve", "serving", default=True, help="Show the page while it works, and after")
@click.option("--work/--no-work", "working", default=True, hidden=True, help="Work through the queue too")
@AS_JSON
def demo(
    folder: Path,
    host: str,
    port: int,
    only: tuple[str, ...],
    captures: tuple[str, ...],
    *,
    open_browser: bool,
    serving: bool,
    working: bool,
    as_json: bool,
) -> None:
    """Fill an archive under FOLDER with one simulated object a technique, before your eyes."""
    from vestige.cli.demonstration import Demonstration
    from vestige.web.serving import Door

    show = Demonstration(folder, only or None, captures)
    if not serving:
        rows = show.run(quiet=as_json, work=working)
        if failed := [row["name"] for row in rows if row["state"] == "failed"]:
            sentence = f"{', '.join(failed)} failed; the others are done"
            fail_in_part(sentence, {"runs": rows}, as_json=as_json)
        if as_json:
            show_json({"runs": rows})
        return
    show.prepare()
    worker = show.start(quiet=as_json)
    try:
        _show_page(show.archive, Door(host, port), None, open_browser=open_browser, as_json=as_json)
    finally:
        worker.terminate()
        worker.wait()


def _show_page(
    folder: Path, door: Door, scanner: Shooter | None, *, open_browser: bool, as_json: bool
) -> None:
    from vestige.web import serve as run_server

    host, found = door.host, door.port or _free_port(door.host)
    named = f"[{host}]" if ":" in host else host
    address = f"{door.scheme}://{named}:{found}/"
    if as_json:
        show_json({"address": address, "folder": str(folder)})
    else:
        click.echo(f"{folder} is shown at {address} (Ctrl-C ends)")
    if door.names and door.scheme == "http":
        tell("vestige: what people send is not encrypted: give --certificate and --key, or a proxy")
    run_server(folder, door=replace(door, port=found), scanner=scanner, open_browser=open_browser)


def _free_port(host: str) -> int:
    """A port that is free now; 0 where the host is none of this machine's, which the server then tells."""
    try:
        with socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ) as held:
            return int(held.getsockname()[1])
    except OSError:
        return 0
