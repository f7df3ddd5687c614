"""``vestige serve`` and ``vestige demo``."""

from __future__ import annotations

from pathlib import Path

import click

ADDRESS = [
    click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on; this machine only"
    ),
    click.option(
        "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="Port to listen on"
    ),
    click.option("--open/--no-open", "open_browser", default=True, help="Open the page in a browser"),
]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@ADDRESS[0]
@ADDRESS[1]
@ADDRESS[2]
def serve(folder: Path, host: str, port: int, *, open_browser: bool) -> None:
    """Show the captures and products of FOLDER in the browser."""
    from vestige.web import serve as run_server

    run_server(folder, host=host, port=port, open_browser=open_browser)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@ADDRESS[0]
@ADDRESS[1]
@ADDRESS[2]
@click.option("--only", multiple=True, help="Only this technique; may be repeated")
@click.option(
    "--capture",
    "captures",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Take in this capture too: TECHNIQUE=FOLDER",
)
@click.option("--serve/--no-serve", "serving", default=True, help="Show the page while it works, and after")
def demo(
    folder: Path,
    host: str,
    port: int,
    only: tuple[str, ...],
    captures: tuple[Path, ...],
    *,
    open_browser: bool,
    serving: bool,
) -> None:
    """Simulate one capture a technique under FOLDER and process it before your eyes."""
    from vestige.cli.demonstration import Demonstration

    show = Demonstration(folder, only or None, [str(item) for item in captures])
    if not serving:
        show.run()
        return
    from vestige.web import serve as run_server

    worker = show.start()
    try:
        run_server(folder, host=host, port=port, open_browser=open_browser)
    finally:
        worker.terminate()
        worker.wait()
