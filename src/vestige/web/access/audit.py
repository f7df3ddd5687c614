"""The audit log: who came in, who was refused, who changed what; JSON lines that are only added to."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from vestige.errors import OutputError

#: Beside the archive's own log: it tells of people, so it is not part of what is kept for good.
AUDIT = "audit.jsonl"


class Audit:
    """A file that grows by a line.

    >>> import tempfile
    >>> audit = Audit(tempfile.mkdtemp())
    >>> audit.note("sign-in", who="eva", address="192.0.2.7", outcome="refused")
    >>> audit.path.read_text().count("refused")
    1
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.path = Path(folder) / AUDIT
        self._lock = threading.Lock()

    def note(self, action: str, *, who: str = "", address: str = "", **told: str | int) -> None:
        """Add a line; on disk when this returns.

        Raises
        ------
        OutputError
            where the disk refuses: what cannot be noted must not happen unseen.
        """
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": now, "action": action, "who": who, "address": address, **told}) + "\n"
        try:
            with self._lock:
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    os.write(handle, line.encode())
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except OSError as error:
            raise OutputError(f"{AUDIT} cannot be written ({error.strerror}): check its disk") from None
