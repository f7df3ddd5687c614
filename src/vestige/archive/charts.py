"""Daily charts of the lab's devices, kept in the archive's log: chained, never changed, never lost."""

from __future__ import annotations

import json

from sqlalchemy import select

from vestige.archive.archive import Archive
from vestige.archive.database import reading
from vestige.archive.log import Entry
from vestige.archive.tables import edits
from vestige.quality.watch import Chart
from vestige.quality.watch.charts import in_order

KIND = "chart.measured"


class ArchiveHistory:
    """The history of all devices of an archive. It is part of the log: the catalogue finds it again there.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     history = ArchiveHistory(archive)
    ...     history.add(Chart(device="repro 1", when="2026-11-23T08:00:00+01:00"))
    ...     [chart.device for chart in history.charts()]
    ['repro 1']
    """

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def add(self, chart: Chart) -> None:
        """Keep a chart; durable when this returns. One that is there already is not added twice.

        Raises
        ------
        OutputError
            where the archive is read-only, the disk refuses, or the chart is too long for a record.
        """
        archive = self.archive
        archive.writable()
        archive.catch_up()
        if chart not in self.charts(chart.device):
            entry = Entry(KIND, chart.model_dump(mode="json"))
            archive.taken_in(archive.store.append([entry], who=archive.who))

    def charts(self, device: str = "") -> list[Chart]:
        """The charts of a device, or of all, by the moment they were taken."""
        query = (
            select(edits.c.line)
            .where(edits.c.object == "", edits.c.kind == KIND)  # the index knows records on no object
            .order_by(edits.c.sequence)
        )
        with reading(self.archive.engine) as connection:
            found = [Chart.model_validate(json.loads(line)["body"]) for (line,) in connection.execute(query)]
        return in_order([chart for chart in found if not device or chart.device == device])

    def devices(self) -> list[str]:
        """The names of all devices."""
        return sorted({chart.device for chart in self.charts()})
