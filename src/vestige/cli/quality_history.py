"""``vestige quality history``: the daily charts of the lab's devices, what drifts, and since when."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vestige.cli.archive_checks import AS_JSON
from vestige.cli.console import ON_DISK, show_json
from vestige.errors import InputError, UsageError

if TYPE_CHECKING:
    from vestige.quality.watch import Device, History


@click.command()
@click.argument("place", type=ON_DISK)
@click.option("--device", default="", help="Only this device")
@click.option(
    "--language", type=click.Choice(["en", "de"]), default="en", show_default=True, help="Of the sentences"
)
@click.option("--picture", type=ON_DISK, metavar="FILE.svg", help="Draw the series into this file")
@click.option("--anew", default="", metavar="REASON", help="Learn --device anew from now on: why")
@click.option("--who", default="", help="Who says so; the user of this machine by default")
@AS_JSON
def history(
    place: Path, device: str, language: str, picture: Path | None, anew: str, who: str, *, as_json: bool
) -> None:
    """Show how the devices of the lab stand: PLACE is an archive, or a file of charts (.jsonl)."""
    from vestige.quality.watch import devices, record, sentence
    from vestige.quality.watch.picture import drawing
    from vestige.quality.watch.words import words

    if anew and not device:
        raise UsageError("--anew needs --device: one device learns anew")
    now = datetime.now().astimezone()
    with history_at(place, who=who) as kept:
        if anew:
            if not kept.charts(device):
                raise UsageError(f"{place} knows no device '{device}': check its name")
            record(kept, device, [], now, anew=anew)
        found = devices(kept.charts(device))
    if not found:
        raise InputError(place, f"holds no chart{f' of {device}' if device else ''}", action="record one")
    if picture:
        from vestige.capture.durable import write_atomically

        write_atomically(picture, drawing(found, language).encode())
    if as_json:
        show_json([{**item.plain(), "told": [sentence(a, language, now.date()) for a in item.alarms]}
                   for item in found])  # fmt: skip
        return
    for item in found:
        told = words(language)
        last = told["last"].format(when=f"{item.last:%Y-%m-%d %H:%M}")
        click.secho(f"{item.name}: {told[f'state_{item.state}']}, {last}", bold=True)
        for alarm in item.alarms:
            click.secho(f"  {sentence(alarm, language, now.date())}", fg="red")
        _table(item, language)


def _table(device: Device, language: str) -> None:
    from vestige.quality.watch.words import figure_name, number, unit_name, words

    told = words(language)
    for series in device.series:
        drift = series.drift
        unit = unit_name(series.unit, language)
        now = f"{number(drift.now, language)} {unit}"
        away = f"{drift.change:+.2f} {'%' if series.shift.relative else unit}"
        click.echo(
            f"  {figure_name(series.name, series.where, language):44} {now:>24}  "
            f"{'' if drift.state == 'learning' else away:>16}  {told[f'state_{drift.state}']}, "
            f"{told['charts'].format(n=series.values.size)}"
        )


@contextlib.contextmanager
def history_at(place: Path, *, who: str = "") -> Iterator[History]:
    """The history that an archive keeps, or that of a file of charts (made with its first chart).

    Raises
    ------
    UsageError
        where `place` is neither.
    """
    from vestige.quality.watch import FileHistory

    if place.is_dir():
        from vestige.archive import Archive, ArchiveHistory

        with Archive(place, who=who) as opened:
            yield ArchiveHistory(opened)
    elif place.suffix == ".jsonl":
        yield FileHistory(place)
    else:
        raise UsageError(f"{place} is no history: name an archive, or a file of charts that ends in .jsonl")
