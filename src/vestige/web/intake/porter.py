"""The porter: carries trays into the archive, one after another, and goes on with what a kill interrupted."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from vestige.archive import Archive
from vestige.archive.ingest import add_capture
from vestige.archive.staging import Source
from vestige.capture import MANIFEST
from vestige.errors import VestigeError
from vestige.web.faults import fault
from vestige.web.intake import clearing
from vestige.web.intake.proposal import Proposal, described, propose
from vestige.web.intake.tray import FRAMES, Taken, Tray
from vestige.web.running.news import News

#: Seconds between two looks at what lies on the desk for too long.
TIDY = 3600.0


class Porter:
    """Carries trays into the archive in a thread of its own.

    A tray says durably that it is to be taken in before anything is done; the archive knows a capture
    by its digest. So it is taken in exactly once, whatever is killed in between.
    """

    def __init__(self, place: Path, acting: Callable[[str], Archive], news: News) -> None:
        self.place, self._acting, self.news = place, acting, news
        self._orders: queue.Queue[str | None] = queue.Queue()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin; first with the trays that were being taken in before."""
        for tray in Tray.all(self.place):
            tray.mend_quietly()
            if tray.state().state == "taking":
                self._orders.put(tray.key)
        self._thread = threading.Thread(target=self._work, name="porter", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the tray in hand, and go."""
        self._orders.put(None)
        if self._thread is not None:
            self._thread.join(30)

    def take(self, tray: Tray) -> None:
        """Order a tray to be taken in."""
        tray.change(state="taking", fault="")
        self._orders.put(tray.key)
        self.news.tell()

    def _work(self) -> None:
        self.tidy()
        while (key := self._next()) is not None:
            try:
                tray = Tray.of(self.place, key)
                if tray.state().state == "taking":
                    self.carry(tray)
            except (VestigeError, LookupError, OSError):
                continue
            finally:
                self.news.tell()

    def _next(self) -> str | None:
        """The next order; while there is none, the desk is tidied once in a while."""
        while True:
            try:
                return self._orders.get(timeout=TIDY)
            except queue.Empty:
                self.tidy()

    def tidy(self) -> None:
        """Clear what was thrown away or finished long ago."""
        with contextlib.suppress(VestigeError, OSError):
            clearing.empty(self.place.parent, older_than=clearing.DAYS)
            clearing.forget_done(self._acting(""), self.place)

    def carry(self, tray: Tray) -> None:
        """Take a tray in now; where it cannot be, it is open again and says why."""
        state = tray.state()
        try:
            found = propose(tray)
            beside = list(_beside(tray, found))
            added = add_capture(self._acting(state.who), found.capture, described(state), beside)
        except VestigeError as error:
            tray.change(state="open", fault=fault(error))
            return
        taken = Taken(
            identifier=added.identifier,
            capture=added.capture,
            frames=len(found.capture.frames),
            bytes=added.bytes,
            new=added.new,
        )
        tray.change(state="done", fault="", taken=taken, technique=found.technique)
        tray.clear_files()


def _beside(tray: Tray, found: Proposal) -> Iterator[Source]:
    """Files that came with the frames and are neither frames nor calibration: kept beside the capture."""
    known = {row.frame.file for row in found.rows} | {item.file for item in found.capture.calibration}
    for file in tray.files():
        name = Path(file.file).name
        if name not in known and name != MANIFEST:
            yield Source(f"beside/{name}", tray.folder / FRAMES / name, file.blake3)
