"""``vestige serve`` and ``vestige demo``."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vestige.cli.console import ON_DISK, fail_in_part, show_json
from vestige.errors import InputError


def _address(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where the page is shown."""
    for option in (
        click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser"),
        click.option(
            "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port; 0 takes any"
        ),
        click.option(
            "--host", default="127.0.0.1", show_default=True, help="Address to listen on; this machine only"
        ),
    ):
        command = option(command)
    return command


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON")


@click.command()
@click.argument("folder", type=ON_DISK)
@_address
@AS_JSON
def serve(folder: Path, host: str, port: int, *, open_browser: bool, as_json: bool) -> None:
    """Show the captures and products of FOLDER in the browser, until Ctrl-C."""
    if not folder.is_dir():
        raise InputError(folder, "is no folder", "a folder with captures or products")
    _show_page(folder, host, port, open_browser=open_browser, as_json=as_json)


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
    as_json: bool,
) -> None:
    """Simulate one capture a technique under FOLDER and process it before your eyes."""
    from vestige.cli.demonstration import Demonstration

    show = Demonstration(folder, only or None, captures)
    if not serving:
        rows = show.run(quiet=as_json)
        if failed := [row["name"] for row in rows if row["state"] == "failed"]:
            sentence = f"{', '.join(failed)} failed; the others are done"
            fail_in_part(sentence, {"runs": rows}, as_json=as_json)
        if as_json:
            show_json({"runs": rows})
        return
    worker = show.start(quiet=as_json)
    try:
        _show_page(folder, host, port, open_browser=open_browser, as_json=as_json)
    finally:
        worker.terminate()
        worker.wait()


def _show_page(folder: Path, host: str, port: int, *, open_browser: bool, as_json: bool) -> None:
    from vestige.web import serve as run_server

    found = port or _free_port(host)
    address = f"http://[{host}]:{found}/" if ":" in host else f"http://{host}:{found}/"
    if as_json:
        show_json({"address": address, "folder": str(folder)})
    else:
        click.echo(f"{folder} is shown at {address} (Ctrl-C ends)")
    run_server(folder, host=host, port=found, open_browser=open_browser)


def _free_port(host: str) -> int:
    """A port that is free now; 0 where the host is none of this machine's, which the server then tells."""
    try:
        with socket.create_server(
            (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ) as held:
            return int(held.getsockname()[1])
    except OSError:
        return 0
