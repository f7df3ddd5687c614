"""``vestige archive``: objects, captures and products kept for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from vestige.cli.archive_checks import ARCHIVE, AS_JSON, rebuild, reproduce, say, verify
from vestige.cli.console import ON_DISK, fail_in_part, show_json, tell
from vestige.errors import UsageError, VestigeError

WHO = click.option("--who", default="", help="Who says so; the user of this machine by default")
SET = click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field of the object")
WHERE = click.option("--where", multiple=True, metavar="FIELD=VALUE", help="Only objects with this value")
LIMIT = click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many")
AFTER = click.option("--after", type=int, help="Go on after this number: the 'after' of the page before")
OBJECT = click.argument("name", metavar="OBJECT")


@click.group()
def archive() -> None:
    """The archive: nothing is lost, everything can be proved."""


@archive.command()
@ARCHIVE
@click.option(
    "--catalogue", default="", help="postgresql://… for the catalogue; SQLite in ARCHIVE by default"
)
@WHO
@AS_JSON
def init(archive: Path, catalogue: str, who: str, *, as_json: bool) -> None:
    """Make a new archive in the folder ARCHIVE."""
    from vestige.archive import Archive

    with Archive.make(archive, catalogue=catalogue, who=who) as made:
        say(made.settings.model_dump(), f"{archive}: archive {made.settings.identifier}", as_json=as_json)


@archive.command()
@ARCHIVE
@click.argument("paths", nargs=-1, required=True, type=ON_DISK)
@click.option("--identifier", default="", help="Inventory number, shelf mark or barcode of the object")
@SET
@WHO
@AS_JSON
def add(
    archive: Path,
    paths: tuple[Path, ...],
    identifier: str,
    settings: tuple[str, ...],
    who: str,
    *,
    as_json: bool,
) -> None:
    """Take in captures and results of runs; what fails is named, the rest is taken in."""
    from vestige.archive import Archive
    from vestige.archive import add as take_in

    values = _values(settings) | ({"identifier": identifier} if identifier else {})
    rows: list[dict[str, Any]] = []
    with Archive(archive, who=who) as opened:
        for path in paths:
            try:
                added = take_in(opened, path, values)
            except VestigeError as error:
                if len(paths) == 1:
                    raise
                rows.append({"path": str(path), "error": str(error)})
                tell(f"vestige: {error}")
                continue
            rows.append({"path": str(path), **added.__dict__})
            if not as_json:
                known = "" if added.new else " (was here already)"
                click.echo(f"{added.identifier}  {added.capture[:12]}  version {added.version}{known}")
    if failed := sum("error" in row for row in rows):
        sentence = f"{failed} of {len(rows)} were not taken in; the others are"
        fail_in_part(sentence, {"added": rows}, as_json=as_json)
    if as_json:
        show_json({"added": rows})


@archive.command("list")
@ARCHIVE
@WHERE
@LIMIT
@AFTER
@AS_JSON
def list_command(
    archive: Path, where: tuple[str, ...], limit: int, after: int | None, *, as_json: bool
) -> None:
    """List the objects, newest first."""
    _page(archive, "", where, limit, after, as_json=as_json)


@archive.command()
@ARCHIVE
@click.argument("words", nargs=-1)
@WHERE
@LIMIT
@AFTER
@click.option("--facets", is_flag=True, help="Show the values that the objects carry, with counts")
@AS_JSON
def search(
    archive: Path,
    words: tuple[str, ...],
    where: tuple[str, ...],
    limit: int,
    after: int | None,
    *,
    facets: bool,
    as_json: bool,
) -> None:
    """Find objects that hold all WORDS; word* finds what begins so."""
    if not facets:
        _page(archive, " ".join(words), where, limit, after, as_json=as_json)
        return
    from vestige.archive import Archive, facet_counts

    with Archive(archive) as opened:
        found = facet_counts(opened.engine, " ".join(words), fields=_values(where))
    if as_json:
        show_json({"facets": found.values, "whole": found.whole})
        return
    for field, values in found.values.items():
        click.secho(field, bold=True)
        for value, count in values.items():
            click.echo(f"  {count:8}  {value}")
    if not found.whole:
        tell("counted over the first matches only")


@archive.command()
@ARCHIVE
@OBJECT
@AS_JSON
def show(archive: Path, name: str, *, as_json: bool) -> None:
    """Show an object: description, captures, products, history, checks it lacks."""
    from vestige.archive import Archive

    with Archive(archive) as opened:
        found = opened.show(name)
    if as_json:
        show_json(found)
        return
    click.secho(f"{found['identifier']}: {found['title']}", bold=True)
    for field, value in found.items():
        if value and field not in ("identifier", "title", "id", "captures", "history", "lacking", "revision"):
            click.echo(f"  {field}: {value if not isinstance(value, dict) else json.dumps(value)}")
    for capture in found["captures"]:
        click.echo(f"  capture {capture['key'][:12]}: {capture['frames']} frames along {capture['axes']}")
        for item in capture["products"]:
            run = f"{item['technique']} {item['operation']} {item['run'][:12]}"
            click.echo(f"    {item['name']} ({item['kind']}), {run}, version {item['version']}")
    for line in found["history"]:
        click.echo(f"  {line['time'][:19]} {line['who']}: {line['kind']}")
    for check in found["lacking"]:
        click.echo(f"  lacks the check '{check}'")


@archive.command()
@ARCHIVE
@OBJECT
@SET
@click.option("--note", default="", help="Leave a remark, or say why with --check")
@click.option("--check", default="", metavar="NAME=passed|failed", help="Give a verdict on a check")
@click.option("--capture", default="", help="The capture that the remark or verdict is about")
@WHO
@AS_JSON
def edit(
    archive: Path,
    name: str,
    settings: tuple[str, ...],
    note: str,
    check: str,
    capture: str,
    who: str,
    *,
    as_json: bool,
) -> None:
    """Describe OBJECT, new or known; leave a remark; give a verdict on a check."""
    from vestige.archive import Archive

    if not settings and not note and not check:
        raise UsageError("nothing to say: give --set, --note or --check")
    with Archive(archive, who=who) as opened:
        if settings:
            opened.describe(name, _values(settings))
        if note and not check:
            opened.annotate(name, {"text": note}, capture=capture)
        for label, verdict in _values((check,) if check else ()).items():
            opened.review(name, {"check": label, "verdict": verdict, "note": note}, capture=capture)
        found = opened.show(name)
    say(found, f"{found['identifier']}: {found['title']}", as_json=as_json)


@archive.command()
@ARCHIVE
@OBJECT
@click.option("--reason", default="", help="Why it may be published although checks are missing")
@WHO
@AS_JSON
def clear(archive: Path, name: str, reason: str, who: str, *, as_json: bool) -> None:
    """Show what stops OBJECT at publication; with --reason, let it pass: who and why stands in the log."""
    from vestige.archive import Archive
    from vestige.archive.clearance import clear as let_pass
    from vestige.archive.clearance import missing

    with Archive(archive, who=who) as opened:
        stopping = let_pass(opened, name, reason) if reason else missing(opened, name)
    if as_json:
        show_json({"cleared": bool(reason), "missing": [item.__dict__ for item in stopping]})
        return
    for item in stopping:
        state = "failed" if item.failed else "has not had"
        click.echo(f"capture {item.capture[:12]} {state} the check '{item.check}'")
    click.echo(f"{name}: let pass" if reason else f"{name}: {'stopped' if stopping else 'nothing stops it'}")


@archive.command()
@ARCHIVE
@click.argument("name", required=False)
@click.option("--title", default="", help="What the project is called")
@click.option("--target", default="", metavar="YYYY-MM-DD", help="The day it should be done")
@click.option(
    "--quota", "quotas", multiple=True, metavar="INSTITUTION=OBJECTS", help="How many objects it may bring"
)
@click.option("--check", "checks", multiple=True, help="A check that each object must pass")
@click.option("--stop", "stops", multiple=True, help="A check without which no capture is published")
@WHO
@AS_JSON
def project(
    archive: Path,
    name: str | None,
    title: str,
    target: str,
    quotas: tuple[str, ...],
    checks: tuple[str, ...],
    stops: tuple[str, ...],
    who: str,
    *,
    as_json: bool,
) -> None:
    """Set project NAME, or show all projects and what their institutions have brought."""
    from vestige.archive import Archive, project_list

    with Archive(archive, who=who) as opened:
        if name:
            listed = [{"institution": key, "objects": value} for key, value in _values(quotas).items()]
            opened.describe_project(
                {
                    "name": name,
                    "title": title,
                    "target": target,
                    "quotas": listed,
                    "checks": list(checks),
                    "stops": list(stops),
                }
            )
        found = project_list(opened.engine)
    if as_json:
        show_json(found)
        return
    for item in found:
        click.secho(f"{item['name']}: {item['title']}", bold=True)
        for quota in item["quotas"]:
            brought = item["brought"].get(quota["institution"], 0)
            click.echo(f"  {quota['institution']}: {brought} of {quota['objects']}")


@archive.command()
@ARCHIVE
@click.argument("name", metavar="[OBJECT|CAPTURE]", required=False)
@click.option("--out", type=ON_DISK, required=True, help="Folder for bags, or a .csv file")
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
@click.argument("path", type=ON_DISK)
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


def _page(
    archive: Path, words: str, where: tuple[str, ...], limit: int, after: int | None, *, as_json: bool
) -> None:
    from vestige.archive import Archive

    with Archive(archive) as opened:
        page = opened.search(words, fields=_values(where), after=after, limit=limit)
    if as_json:
        show_json({"objects": page.objects, "after": page.after})
        return
    for row in page.objects:
        click.echo(f"{row['identifier']}  {row['title']}")
    if page.after is not None:
        tell(f"more: --after {page.after}")


def _values(texts: tuple[str, ...]) -> dict[str, Any]:
    """FIELD=VALUE pairs; ``other.shelf=3`` sets a field of the institution's own."""
    values: dict[str, Any] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator:
            raise UsageError(f"'{text}' is not of the form NAME=VALUE")
        if name.startswith("other."):
            values.setdefault("other", {})[name.removeprefix("other.")] = value
        else:
            values[name] = value
    return values


for command in (verify, rebuild, reproduce):
    archive.add_command(command)
