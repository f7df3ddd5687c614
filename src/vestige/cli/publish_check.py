"""``vestige publish check``: one verdict for a volume by the rules of a profile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vestige.cli.archive_checks import AS_JSON, say
from vestige.cli.console import ON_DISK, fail_in_part
from vestige.errors import InputError

if TYPE_CHECKING:
    from vestige.publish.check.verdict import Verdict
    from vestige.publish.check.volume import Volume
    from vestige.quality.measures.report import Measured

_WORDS = {"passed": "met       ", "failed": "NOT MET   ", "unknown": "not proven"}


@click.command()
@click.argument("volume", metavar="VOLUME")
@click.option(
    "--profile",
    type=click.Choice(["dfg", "fadgi-4", "metamorfoze", "iso-19264-a"]),
    required=True,
    help="Whose rules",
)
@click.option(
    "--archive", "place", type=ON_DISK, help="The archive that keeps VOLUME; without one, VOLUME is a folder"
)
@click.option(
    "--measures", type=ON_DISK, help="What vestige quality check --json said of the target, as a file"
)
@click.option("--report", type=ON_DISK, help="Write the verdict as a page too: verdict.html")
@AS_JSON
def check(
    volume: str,
    profile: str,
    place: Path | None,
    measures: Path | None,
    report: Path | None,
    *,
    as_json: bool,
) -> None:
    """Is VOLUME good enough to be published? Exit code 1 where a rule is not met or not proven.

    VOLUME is the folder of a capture or of image files, or with --archive the name of an object.
    """
    from vestige.capture.durable import write_atomically
    from vestige.publish.check.verdict import check as held_to

    found = held_to(_opened(volume, place), profile, _measured(measures) if measures else ())
    if report:
        write_atomically(report, found.page().encode())
    if not found.passed:
        if not as_json:
            click.echo(_told(found))
        fail_in_part(found.summary, found.plain(), as_json=as_json)
    say(found.plain(), f"{_told(found)}\n{found.summary}", as_json=as_json)


def _opened(volume: str, place: Path | None) -> Volume:
    from vestige.publish.check.volume import kept_volume, read_volume

    if place is None:
        return read_volume(volume)
    from vestige.archive import Archive

    with Archive(place) as archive:
        return kept_volume(archive, volume)


def _measured(path: Path) -> list[Measured]:
    """The figures in the answer of ``vestige quality check --json``, wherever they stand in it."""
    from vestige.quality.measures.report import Measured

    try:
        answer = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except ValueError:
        answer = None
    found: list[Measured] = []
    waiting: list[Any] = [answer]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict) and {"name", "value", "unit", "where", "standard"} <= value.keys():
            found.append(Measured(**{name: value[name] for name in Measured.__dataclass_fields__}))
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    if not found:
        raise InputError(
            path, "holds no measured figures", "the answer of vestige quality check --json", "write it again"
        )
    return found


def _told(found: Verdict) -> str:
    lines = []
    for one in found.rules:
        unverified = "" if one.verified else " [the rule was read in a secondary source only]"
        advice = "" if one.required else " (advice)"
        lines.append(f"{_WORDS[one.state]}  {one.rule}{advice}: {one.sentence}{unverified}")
    return "\n".join(lines)
