"""The bench: all that the workbench holds open for one archive while it serves."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from vestige.archive import Archive
from vestige.archive.settings import SETTINGS
from vestige.jobs import Ledger
from vestige.publish.iiif import ImageService
from vestige.web.archive_shelf import CAPTURES, RESULTS, ArchiveShelf
from vestige.web.faults import Absent
from vestige.web.ground.interpretations import Interpretations
from vestige.web.intake.porter import Porter
from vestige.web.intake.watch import Watcher
from vestige.web.running.previews import Previews
from vestige.web.running.workshop import Workshop


class Bench:
    """An archive with its ledger of jobs and the desk on which work lies that is not archived yet."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder).resolve()
        self.archive = Archive(self.folder)
        self.ledger = Ledger(self.archive.engine)
        self.shelf = ArchiveShelf(self.archive)
        self.desk = self.shelf.desk
        self.interpretations = Interpretations(self.archive)
        self.workshop = Workshop(self.ledger, self.archive.settings.catalogue or self.folder / "catalogue")
        self.previews = Previews()
        self.images = ImageService(self.archive)
        self.porter = Porter(self.open_captures, self.acting, self.workshop.news)
        self.watcher = Watcher(self.desk, self.open_captures, self.workshop.news)

    def open(self) -> None:
        """Begin to work through the queue, and take up what a kill interrupted."""
        self.images.prepare()
        if not self.archive.read_only:
            self.porter.open()
            self.watcher.open()
            self.workshop.open()

    @property
    def open_captures(self) -> Path:
        """Where captures lie while they are taken in: a folder each, its name chosen by us."""
        return self.desk / CAPTURES

    @property
    def results(self) -> Path:
        """Where results lie until somebody keeps them: a folder each, its name chosen by us."""
        return self.desk / RESULTS

    def acting(self, who: str) -> Archive:
        """The archive as `who` writes in it; what they say is recorded under their name."""
        archive = copy.copy(self.archive)
        archive.who = who or self.archive.who
        return archive

    def close(self) -> None:
        """Give work in hand back to the queue, and let go of the catalogue."""
        self.previews.close()
        self.images.close()
        self.watcher.close()
        self.porter.close()
        self.workshop.close()
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
