"""The audit log: who came in, who was refused, who changed what; chained by hashes, only ever added to."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from vestige.archive.disk import Disk
from vestige.archive.log import Entry, Log, Record, moment
from vestige.errors import OutputError

#: Beside the archive's own log: it tells of people, so it is not part of what is kept for good.
AUDIT, LOCK = "audit", ".lock"


class Audit:
    """A log like the archive's, in a folder of its own.

    >>> import tempfile
    >>> audit = Audit(tempfile.mkdtemp())
    >>> audit.note("sign-in", who="eva", address="192.0.2.7", outcome="refused")
    >>> [(record.kind, record.who, record.body["outcome"]) for record in audit.records()]
    [('sign-in', 'eva', 'refused')]
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder) / AUDIT
        self._log = Log(self.folder, Disk())
        self._lock = threading.Lock()

    def note(self, action: str, *, who: str = "", address: str = "", **told: str | int) -> None:
        """Add a record; on disk when this returns, whichever process adds one at the same time.

        The clock of the machine is taken as it stands: a wrong one must not keep anybody from working.

        Raises
        ------
        OutputError
            where the disk refuses: what cannot be noted must not happen unseen.
        """
        entry = Entry(action, {"address": address, **told})
        try:
            with self._lock:
                self.folder.mkdir(mode=0o700, exist_ok=True)
                handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX)
                    self._log.append([entry], who=who, time=moment(datetime.now(UTC)))
                finally:
                    os.close(handle)
        except OSError as error:
            raise OutputError(f"{AUDIT} cannot be written ({error.strerror}): check its disk") from None

    def records(self) -> Iterator[Record]:
        """All records in order, each checked against the one before.

        Raises
        ------
        InputError
            naming the segment and the line that was changed, dropped or slipped in.
        """
        return self._log.records()
