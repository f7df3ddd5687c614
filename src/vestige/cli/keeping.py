"""``vestige archive``: keep it whole (verify, rebuild, reproduce, clock) and exchange it (export, import)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from vestige.cli.archiving import ARCHIVE, AS_JSON, WHO, archive, say
from vestige.cli.console import Watch, show_json
from vestige.errors import UsageError, VestigeError

__all__ = ["archive"]


@archive.command()
@ARCHIVE
@click.option("--again", is_flag=True, help="Begin anew where an earlier verification was stopped")
@AS_JSON
def verify(archive: Path, *, again: bool, as_json: bool) -> None:
    """Check every byte; stopped, the same command goes on where it was."""
    from vestige.archive import Archive
    from vestige.archive import verify as check

    with Archive(archive) as opened, _watched() as watch:
        found = check(opened, again=again, progress=watch)
    if as_json:
        show_json(found.__dict__)
    for problem in found.problems:
        click.echo(problem, err=True)
    if not found.done:
        raise VestigeError(f"stopped after {found.objects} objects; run the same command again to go on")
    if found.problems:
        raise VestigeError(f"{archive}: {len(found.problems)} problems in {found.objects} objects")
    if not as_json:
        click.echo(
            f"{archive}: {found.objects} captures, {found.bytes} bytes, {found.records} records: all well"
        )


@archive.command()
@ARCHIVE
@AS_JSON
def rebuild(archive: Path, *, as_json: bool) -> None:
    """Make the catalogue again from the archive alone."""
    from vestige.archive import rebuild as make_again

    count = make_again(archive)
    say({"records": count}, f"{archive}: catalogue made again from {count} records", as_json=as_json)


@archive.command()
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
    if as_json:
        show_json(
            [
                {
                    "run": result.run,
                    "accepted": result.accepted,
                    "products": [item.__dict__ for item in result.products],
                    "software": result.software,
                }
                for result in found
            ]
        )
    for result in found:
        for item in result.products:
            same = "the same bits" if item.same_bits else f"differs by {item.difference}"
            if not as_json:
                click.echo(f"{result.run[:12]}  {item.name}: {same}")
        for name, (then, now) in result.software.items():
            click.echo(f"note: {name} was {then} and is {now}", err=True)
    if not all(result.accepted for result in found):
        raise VestigeError(f"{capture}: not every product came out as it was")


@archive.command()
@ARCHIVE
@click.argument("name", metavar="[OBJECT|CAPTURE]", required=False)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for bags, or a .csv file")
@AS_JSON
def export(archive: Path, name: str | None, out: Path, *, as_json: bool) -> None:
    """Write bags (BagIt with RO-Crate) of an object or a capture, or all objects as CSV."""
    from vestige.archive import Archive, export_bags, export_table
    from vestige.capture.durable import write_atomically

    with Archive(archive) as opened:
        if name:
            made = export_bags(opened, name, out)
        elif out.suffix.lower() == ".csv":
            write_atomically(out, export_table(opened).encode("utf-8-sig"))
            made = [out]
        else:
            raise UsageError("name an object or a capture to export, or a .csv file for all objects")
    say([str(path) for path in made], "\n".join(map(str, made)), as_json=as_json)


@archive.command("import")
@ARCHIVE
@click.argument("path", type=click.Path(path_type=Path))
@WHO
@AS_JSON
def import_command(archive: Path, path: Path, who: str, *, as_json: bool) -> None:
    """Take in the objects of a CSV file, or a bag with its capture and products."""
    from vestige.archive import Archive, import_bag, import_table

    with Archive(archive, who=who) as opened:
        if path.is_dir():
            added = import_bag(opened, path)
            text = "\n".join(
                f"{item.identifier}  {item.capture[:12]}  version {item.version}" for item in added
            )
            say([item.__dict__ for item in added], text, as_json=as_json)
            return
        count = import_table(opened, path)
    say({"changed": count}, f"{path}: {count} objects changed", as_json=as_json)


@archive.command()
@ARCHIVE
@click.option(
    "--accept", "reason", required=True, metavar="REASON", help="Why the last record's time is wrong"
)
@WHO
@AS_JSON
def clock(archive: Path, reason: str, who: str, *, as_json: bool) -> None:
    """Go on although this machine's clock stands before the last record; REASON is kept."""
    from vestige.archive import Archive

    with Archive(archive, who=who) as opened:
        opened.accept_clock(reason)
    say({"accepted": reason}, f"{archive}: the clock is accepted", as_json=as_json)


@contextlib.contextmanager
def _watched() -> Iterator[Watch]:
    watch = Watch()
    try:
        yield watch
    finally:
        watch.close()
