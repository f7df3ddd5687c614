"""Embargo on pages: who may not see what is not public yet, and what they see instead: nothing."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Request

from vestige.archive.embargo import capture_is_public, object_is_public, today
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.web.archive_shelf import ArchiveShelf
from vestige.web.faults import Absent
from vestige.web.shelf import Shelf


def public_on(request: Request) -> date | None:
    """The day by which what this person sees must be public; None for those who see all."""
    return today() if getattr(request.state, "role", "") == "visitor" else None


PublicOn = Annotated[date | None, Depends(public_on)]


def seen(request: Request, number: int) -> None:
    """Refuse an object that this person may not see, as one that is not there: for ``Depends(seen)``."""
    day, bench = public_on(request), request.app.state.bench
    if day is not None and not object_is_public(bench.archive.engine, number, day):
        raise Absent(number)


class PublicShelf(ArchiveShelf):
    """The shelf of an archive as a visitor sees it: what is kept and public, and nothing of the desk."""

    def capture(self, key: str) -> CaptureEntry:
        """The capture of an opaque name, where it is public; else an Absent."""
        self._check(key)
        return super().capture(key)

    def result(self, key: str) -> ResultEntry:
        """The product folder of an opaque name, where it is public; else an Absent."""
        self._check(key)
        return super().result(key)

    def scan(self) -> Shelf:
        """The desk: a visitor sees nothing of it."""
        return self.recent()

    def _check(self, key: str) -> None:
        if not capture_is_public(self.archive.engine, key.partition("-")[0], today()):
            raise Absent(key)
