"""``vestige capture``: new, show, check, seal, schema."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from vestige.capture import MANIFEST, Capture, Coordinate, OpenCapture, check, open_capture, save
from vestige.cli.console import ON_DISK, fail_in_part, show_json, tell
from vestige.contract.recipe import read_value
from vestige.errors import InputError, UsageError

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON")
PATH = click.argument("path", type=ON_DISK)


@click.group()
def capture() -> None:
    """Captures: stacks of frames of one thing."""


@capture.command()
@PATH
@click.option("--title", default="", help="What the object is called")
@click.option("--identifier", default="", help="Shelf mark or inventory number")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting, such as encoding=linear"
)
@click.option("--dry-run", is_flag=True, help="Show what would be written, write nothing")
@AS_JSON
def new(
    path: Path, title: str, identifier: str, settings: tuple[str, ...], *, dry_run: bool, as_json: bool
) -> None:
    """Infer a capture from the folder PATH and write its capture.json beside the frames."""
    if not path.is_dir():
        raise InputError(
            path, "is a file" if path.exists() else "does not exist", "the folder that holds the frames"
        )
    if (path / MANIFEST).exists():
        raise InputError(
            path / MANIFEST, "exists already", action="correct it with an editor, or move it away"
        )
    found = open_capture(path)
    found.thing.title, found.thing.identifier = (
        title or found.thing.title,
        identifier or found.thing.identifier,
    )
    found.settings.update(_settings(settings))
    found.created = found.created or datetime.now(UTC)
    if not dry_run:
        save(found, path)
    _show(found, as_json=as_json)


@capture.command()
@PATH
@AS_JSON
def show(path: Path, *, as_json: bool) -> None:
    """Show what Vestige understands of PATH: frames, roles, coordinates."""
    _show(open_capture(path), as_json=as_json)


@capture.command("check")
@PATH
@AS_JSON
def check_command(path: Path, *, as_json: bool) -> None:
    """Check that each frame is there, whole and readable."""
    found = open_capture(path)
    problems = check(found) + _unreadable(found)
    for problem in problems:
        tell(problem)
    answer = {"frames": len(found.frames), "problems": problems}
    if problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        fail_in_part(f"{path}: {count} in {len(found.frames)} frames", answer, as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo(f"{path}: {len(found.frames)} frames, all well")


@capture.command()
@PATH
@AS_JSON
def seal(path: Path, *, as_json: bool) -> None:
    """Close the capture: a digest for each file; from then on it never changes."""
    if not path.is_dir():
        raise InputError(path, "is no folder", "the folder of a capture")
    growing = OpenCapture(path, base=open_capture(path))
    _show(growing.seal(), as_json=as_json)


@capture.command()
@AS_JSON
def schema(*, as_json: bool) -> None:
    """Print the JSON Schema of capture.json; it is JSON with --json or without."""
    show_json(Capture.model_json_schema())


def _unreadable(found: Capture) -> list[str]:
    from vestige.capture.infer import IMAGES
    from vestige.imaging import probe

    problems = []
    for frame in found.frames:
        path = found.path(frame)
        if path.suffix.lower() in IMAGES and path.is_file() and path.stat().st_size:
            try:
                probe(path)
            except InputError as error:
                problems.append(str(error))
    return problems


def _settings(texts: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"'{text}' is not of the form NAME=VALUE")
        values[name] = read_value(value)
    return values


def _at(axis: str, item: Coordinate) -> str:
    """A coordinate as a person says it: 'wavelength 550 nm', 'light 0 0.6 0.8'."""
    values = item.value if isinstance(item.value, tuple) else (item.value,)
    words = [f"{value:g}" if isinstance(value, float) else value for value in values]
    return " ".join([axis, *words, *([item.unit] if item.unit != "1" else [])]).strip()


def _show(found: Capture, *, as_json: bool) -> None:
    if as_json:
        show_json(found.model_dump(mode="json"))
        return
    title = found.thing.title or found.thing.identifier or found.root.resolve().name
    click.secho(f"{title}: {len(found.frames)} frames, {found.state}", bold=True)
    for name, value in found.settings.items():
        click.echo(f"  {name} = {value}")
    for item in found.calibration:
        click.echo(f"  {item.kind}: {item.file}")
    for frame in found.frames:
        where = ", ".join(_at(axis, item) for axis, item in frame.coordinates.items())
        click.echo(f"  {frame.file}  {frame.role}  {where}".rstrip())
    for note in found.notes:
        click.echo(f"  note: {note}")
