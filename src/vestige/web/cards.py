"""Which picture says most of a result, or of an object."""

from __future__ import annotations

from vestige.contract.kinds import Kind
from vestige.display.entries import ResultEntry

#: Kinds that make a telling picture, the most telling first.
TELLING = (
    Kind.RELIGHTABLE,
    Kind.PAGE,
    Kind.IMAGE,
    Kind.BANDS,
    Kind.MESH,
    Kind.GRID,
    Kind.FEATURES,
    Kind.NORMALS,
    Kind.DEPTH,
    Kind.CLASSES,
)


def telling(result: ResultEntry) -> int | None:
    """The place of the product whose picture says most of a result; None where none has a picture."""
    records = result.report.products if result.report else []
    ranked = [
        (TELLING.index(record.kind), place) for place, record in enumerate(records) if record.kind in TELLING
    ]
    return min(ranked)[1] if ranked else None
