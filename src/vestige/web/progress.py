"""Work that is going on while the page is open, as its runner writes it down."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROGRESS = "progress.json"


class Task(BaseModel):
    """One piece of work and how far it is. `name` is also the name of its folder.

    >>> Task(name="coin", done=1, total=4).share
    0.25
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    name: str
    title: str = ""
    state: Literal["waiting", "simulating", "running", "done", "failed"] = "waiting"
    done: float = Field(default=0, ge=0)
    total: float = Field(default=0, ge=0)
    label: str = ""
    seconds_left: float | None = None
    error: str | None = None

    @property
    def share(self) -> float:
        """How much is done, 0..1."""
        return min(self.done / self.total, 1.0) if self.total else 0.0


_TASKS = TypeAdapter(list[Task])


def tasks(folder: Path) -> list[Task]:
    """What is going on in a folder; nothing where no one has written it, or while it is being written.

    >>> tasks(Path("nowhere"))
    []
    """
    try:
        return _TASKS.validate_json((folder / PROGRESS).read_bytes())
    except (OSError, ValidationError):
        return []
