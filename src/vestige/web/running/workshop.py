"""The workshop: works through the queue while the page is served, in a thread of its own."""

from __future__ import annotations

import threading
from pathlib import Path

from vestige.errors import VestigeError
from vestige.jobs import Dispatcher, Ledger, LocalExecutor, Resources, machine
from vestige.web.running.news import News

#: Seconds to wait before the queue is taken up again after it could not be.
_PAUSE = 5.0


class Workshop:
    """Works through the queue of a ledger until it is closed; work in hand then goes back to the queue.

    What ran before a kill is taken up again: the ledger sees that the process is gone. Others
    (``vestige jobs run``) may work on the same ledger.

    Parameters
    ----------
    database : where the ledger lies, a folder or URL, for the workers.
    resources : what may be used in all; the whole machine by default.
    """

    def __init__(
        self,
        ledger: Ledger,
        database: str | Path,
        *,
        news: News | None = None,
        resources: Resources | None = None,
    ) -> None:
        self.ledger, self.database = ledger, str(database)
        self.news, self.resources = news or News(), resources or machine()
        self.problem = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def working(self) -> bool:
        """Whether somebody is here to do the work."""
        return self._thread is not None and self._thread.is_alive()

    def granted(self) -> Resources:
        """What a job is granted unless a person says otherwise: all cores, half of the memory."""
        return Resources(self.resources.cores, min(self.resources.bytes // 2, 8 * 2**30))

    def open(self) -> None:
        """Begin to work; nothing where work is going on already."""
        if not self.working:
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, name="workshop", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ask work in hand to stop, give it back to the queue, and wait for that."""
        self._stop.set()
        self.news.tell()
        if self._thread is not None:
            self._thread.join(self.ledger.patience.grace + 5)

    def _work(self) -> None:
        """Work; where the ledger or a worker cannot be had, say why and try again."""
        while not self._stop.is_set():
            executor = LocalExecutor(self.database, self.resources)
            try:
                dispatcher = Dispatcher(self.ledger, executor, machine=self.resources, hear=self.news.tell)
                self.problem = ""
                dispatcher.run(until_empty=False, stop=self._stop.is_set)
            except VestigeError as error:
                self.problem = str(error)
            finally:
                executor.close()
                self.news.tell()
            self._stop.wait(_PAUSE)
