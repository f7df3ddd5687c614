"""``vestige archive verify``, ``rebuild`` and ``reproduce``: what proves that an archive is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vestige.cli.console import ON_DISK, Watch, fail_in_part, show_json, tell

if TYPE_CHECKING:
    from vestige.archive import Reproduced

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON")
ARCHIVE = click.argument("archive", type=ON_DISK)


@click.command()
@ARCHIVE
@click.option("--again", is_flag=True, help="Begin anew where an earlier verification was stopped")
@AS_JSON
def verify(archive: Path, *, again: bool, as_json: bool) -> None:
    """Check every byte; stopped, the same command goes on where it was."""
    from vestige.archive import Archive
    from vestige.archive import verify as check

    with Archive(archive) as opened, _watched() as watch:
        found = check(opened, again=again, progress=watch)
    if not as_json:
        for problem in found.problems:
            tell(problem)
    if found.problems:
        sentence = f"{archive}: {len(found.problems)} problems in {found.objects} objects"
        fail_in_part(sentence, found.__dict__, as_json=as_json)
    say(
        found.__dict__,
        f"{archive}: {found.objects} captures, {found.bytes} bytes, {found.records} records: all well",
        as_json=as_json,
    )


@click.command()
@ARCHIVE
@AS_JSON
def rebuild(archive: Path, *, as_json: bool) -> None:
    """Make the catalogue again from the archive alone."""
    from vestige.archive import rebuild as make_again

    count = make_again(archive)
    say({"records": count}, f"{archive}: catalogue made again from {count} records", as_json=as_json)


@click.command()
@ARCHIVE
@click.argument("capture")
@click.argument("run", default="")
@click.option("--tolerance", type=float, help="Accept differences up to this share of the range of values")
@AS_JSON
def reproduce(archive: Path, capture: str, run: str, tolerance: float | None, *, as_json: bool) -> None:
    """Make the results of CAPTURE again (all, or the one whose key begins with RUN) and compare."""
    from vestige.archive import Archive
    from vestige.archive import reproduce as make_again

    with Archive(archive) as opened, _watched() as watch:
        found = make_again(opened, capture, run, tolerance=tolerance, progress=watch)
    answer = {
        "results": [
            {
                "run": result.run,
                "accepted": result.accepted,
                "products": [item.__dict__ for item in result.products],
                "software": result.software,
            }
            for result in found
        ]
    }
    if not as_json:
        for result in found:
            _show(result)
    if not all(result.accepted for result in found):
        fail_in_part(f"{capture}: not every product came out as it was", answer, as_json=as_json)
    if as_json:
        show_json(answer)


def _show(result: Reproduced) -> None:
    for item in result.products:
        same = "the same bits" if item.same_bits else f"differs by {item.difference}"
        click.echo(f"{result.run[:12]}  {item.name}: {same}")
    for name, (then, now) in result.software.items():
        tell(f"note: {name} was {then} and is {now}")


@contextlib.contextmanager
def _watched() -> Iterator[Watch]:
    watch = Watch()
    try:
        yield watch
    finally:
        watch.close()


def say(value: Any, text: str, *, as_json: bool) -> None:
    """Answer as JSON or as text."""
    if as_json:
        show_json(value)
    else:
        click.echo(text)
