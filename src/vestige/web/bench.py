"""The bench: all that the workbench holds open for one archive while it serves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from vestige.archive import Archive
from vestige.archive.settings import SETTINGS
from vestige.jobs import Ledger
from vestige.web.faults import Absent

#: Beneath the archive: captures that are being taken in, and results that nobody has kept yet.
DESK = "desk"


class Bench:
    """An archive with its ledger of jobs and the desk on which work lies that is not archived yet."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).resolve()
        self.archive = Archive(self.folder)
        self.ledger = Ledger(self.archive.engine)
        self.desk = self.folder / DESK

    def close(self) -> None:
        """Let go of the catalogue."""
        self.archive.close()


def is_archive(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder is an archive of Vestige's.

    >>> is_archive("nowhere")
    False
    """
    return (Path(folder) / SETTINGS).is_file()


def _bench(request: Request) -> Bench:
    found = request.app.state.bench
    if not isinstance(found, Bench):
        raise Absent("bench")
    return found


#: A route that works on the archive asks for it by ``bench: OfArchive``.
OfArchive = Annotated[Bench, Depends(_bench)]
