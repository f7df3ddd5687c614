"""Cards: what the first page shows of each result, each piece of work, each capture."""

from __future__ import annotations

from dataclasses import dataclass

from vestige.contract.kinds import Kind
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.web.progress import Task
from vestige.web.shelf import Shelf

#: Kinds that make a telling picture on a card, the most telling first.
TELLING = (
    Kind.RELIGHTABLE,
    Kind.MESH,
    Kind.PAGE,
    Kind.FEATURES,
    Kind.IMAGE,
    Kind.BANDS,
    Kind.GRID,
    Kind.NORMALS,
    Kind.DEPTH,
    Kind.CLASSES,
)


@dataclass(frozen=True)
class Card:
    """One result, or the work on it: one of the two, or both once it is done."""

    result: ResultEntry | None = None
    task: Task | None = None
    capture: CaptureEntry | None = None

    @property
    def title(self) -> str:
        """The largest words on the card."""
        if self.result is not None:
            return self.result.title
        return (self.task and (self.task.title or self.task.name)) or ""

    @property
    def working(self) -> bool:
        """Whether the work on it is still to be done or has failed."""
        return self.task is not None and (self.task.state != "done" or self.result is None)

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of its products, each once."""
        report = self.result.report if self.result else None
        return list(dict.fromkeys(record.kind for record in report.products)) if report else []


def cards(shelf: Shelf, work: list[Task]) -> list[Card]:
    """Work in its own order, each beside the folder of its name, then all other results."""
    results = dict(shelf.results)
    made = []
    for task in work:
        result = next((item for item in results.values() if item.folder.name == task.name), None)
        if result is not None and task.state == "done":
            del results[result.key]
        capture = next((item for item in shelf.captures.values() if item.folder.name == task.name), None)
        made.append(Card(result if task.state == "done" else None, task, capture))
    return made + [Card(result) for result in results.values()]


def telling(result: ResultEntry) -> int | None:
    """The place of the product whose picture says most of a result; None where none has a picture."""
    records = result.report.products if result.report else []
    ranked = [
        (TELLING.index(record.kind), place) for place, record in enumerate(records) if record.kind in TELLING
    ]
    return min(ranked)[1] if ranked else None
