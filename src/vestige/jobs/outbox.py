"""What is still to be told to somebody: written with the change it tells of, sent at least once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from vestige.archive.database import reading, writing
from vestige.jobs.tables import notices

#: Tries before a notice is given up, and seconds before the second one; each wait doubles.
TRIES, PAUSE = 8, 30.0


class Event(StrEnum):
    """What can be told of a job.

    >>> Event.STUCK.value
    'stuck'
    """

    DONE = "done"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    STUCK = "stuck"
    BATCH = "batch"


@dataclass(frozen=True)
class Notice:
    """One thing to be told to one address."""

    id: int
    job: int
    event: Event
    address: str
    body: dict[str, Any]
    tries: int


def tell(connection: Connection, row: Mapping[Any, Any], event: Event, sentence: str, now: float) -> None:
    """Put a notice for each address of a job into the outbox."""
    body = {
        "event": event.value,
        "job": row["id"],
        "batch": row["batch"],
        "title": row["title"],
        "operation": f"{row['technique']} {row['operation']}",
        "out": row["out"],
        "sentence": sentence,
        "at": now,
    }
    for address in row["tell"]:
        connection.execute(
            insert(notices).values(
                job=row["id"], event=event.value, address=address, body=body, tries=0, due=now
            )
        )


class Outbox:
    """Takes notices that are due; several processes may, and none is lost if one of them dies.

    >>> import tempfile
    >>> from vestige.archive.database import open_database
    >>> Outbox(open_database(tempfile.mkdtemp())).take()
    []
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self.engine, self.clock = engine, clock

    def take(self, most: int = 20) -> list[Notice]:
        """Notices that are due; each comes again later unless it is `sent` before."""
        now = self.clock()
        due = select(notices).where(notices.c.due <= now).order_by(notices.c.due).limit(most)
        with reading(self.engine) as connection:
            if connection.execute(due).first() is None:
                return []
        taken = []
        with writing(self.engine) as connection:
            for row in connection.execute(due).mappings().all():
                tries = row["tries"] + 1
                later = update(notices).where(notices.c.id == row["id"])
                connection.execute(later.values(tries=tries, due=now + PAUSE * 2 ** (tries - 1)))
                taken.append(
                    Notice(row["id"], row["job"], Event(row["event"]), row["address"], row["body"], tries)
                )
        return taken

    def sent(self, notice: Notice) -> None:
        """Strike out a notice that was sent, or that will never be."""
        with writing(self.engine) as connection:
            connection.execute(delete(notices).where(notices.c.id == notice.id))
