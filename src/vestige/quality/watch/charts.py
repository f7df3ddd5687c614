"""Charts: what was measured on the target of a device on one day, and where such charts are kept."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    StringConstraints,
    ValidationError,
)

from vestige.capture.durable import append_line, drop_cut_line, locked, sync_folder
from vestige.errors import InputError, OutputError, UsageError
from vestige.quality.measures.report import Measured

__all__ = ["Chart", "Figure", "FileHistory", "History", "record"]

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Figure(BaseModel):
    """One figure of a chart. Of a light, `where` names the bank and the channel: ``left/blue``.

    >>> Figure(name="ppi", value=400.2).where
    ''
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    value: FiniteFloat
    where: Annotated[str, StringConstraints(max_length=200)] = ""


class Chart(BaseModel):
    """What was measured on a device at a moment, which must carry its time zone.

    `anew` says why what was learned before no longer counts (a lamp was changed); such a chart may be
    without figures. `frame` is the name of the file that was measured.

    >>> Chart(device="repro 1", when="2026-11-23T08:00:00+01:00").day.isoformat()
    '2026-11-23'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: Name
    when: AwareDatetime
    figures: tuple[Figure, ...] = Field(default=(), max_length=2000)
    frame: Annotated[str, StringConstraints(max_length=500)] = ""
    anew: Annotated[str, StringConstraints(max_length=2000)] = ""

    @property
    def day(self) -> date:
        """The day on which it was taken, where it was taken."""
        return self.when.date()


class History(Protocol):
    """Where charts are kept: only ever added to."""

    def add(self, chart: Chart) -> None:
        """Keep a chart; durable when this returns. One that is there already is not added twice."""

    def charts(self, device: str = "") -> list[Chart]:
        """The charts of a device, or of all, the oldest first."""


class FileHistory:
    """Charts in a file, a line of JSON each, for a lab without an archive.

    >>> import tempfile
    >>> history = FileHistory(Path(tempfile.mkdtemp()) / "charts.jsonl")
    >>> history.add(Chart(device="repro 1", when="2026-11-23T08:00:00+01:00"))
    >>> [chart.device for chart in history.charts()]
    ['repro 1']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def add(self, chart: Chart) -> None:
        """Keep a chart; durable when this returns.

        Raises
        ------
        InputError
            where the file holds something else.
        OutputError
            where the disk refuses; the file is as it was.
        """
        try:
            with locked(self.path) as stream:
                drop_cut_line(stream)
                if chart not in self.charts(chart.device):
                    append_line(stream, chart.model_dump_json().encode() + b"\n")
            sync_folder(self.path.parent)
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror}): free some space or check the disk"
            ) from None

    def charts(self, device: str = "") -> list[Chart]:
        """The charts of a device, or of all, the oldest first; a line cut by a power cut is left out.

        Raises
        ------
        InputError
            naming the line that is damaged.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(self.path, f"cannot be read ({error.strerror})") from None
        found = []
        for number, line in enumerate(lines, start=1):
            try:
                chart = Chart.model_validate_json(line)
            except ValidationError:
                raise InputError(
                    self.path, f"has a damaged line {number}", action="restore it from a copy"
                ) from None
            if not device or chart.device == device:
                found.append(chart)
        return in_order(found)


def in_order(charts: Sequence[Chart]) -> list[Chart]:
    """The charts by the moment they were taken, whenever they were recorded."""
    return sorted(charts, key=lambda chart: chart.when)


def record(
    history: History,
    device: str,
    measures: Iterable[Measured],
    when: datetime,
    *,
    frame: str = "",
    anew: str = "",
) -> Chart:
    """Keep what was measured on a device at a moment, with time zone, in its history.

    Raises
    ------
    UsageError
        where a figure is no finite number, the moment has no time zone, or the device no name.

    >>> import tempfile
    >>> from datetime import UTC
    >>> history = FileHistory(Path(tempfile.mkdtemp()) / "charts.jsonl")
    >>> measured = [Measured("light_level", 0.71, "ratio", "left/blue", "")]
    >>> record(history, "repro 1", measured, datetime(2026, 11, 23, tzinfo=UTC)).figures[0].where
    'left/blue'
    """
    try:
        figures = tuple(Figure(name=item.name, value=item.value, where=item.where) for item in measures)
        chart = Chart(device=device, when=when, figures=figures, frame=frame, anew=anew)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"chart of {device or 'a device'}: {field}: {first['msg']}") from None
    history.add(chart)
    return chart
