"""What a list of objects shows of each: how many frames, which kinds of product, and when that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select

from vestige.archive.database import reading
from vestige.archive.search import kinds_of
from vestige.archive.tables import captures, products


@dataclass(frozen=True)
class Holding:
    """The captures of one object: how many, how many frames, the kinds of their products.

    `version` changes whenever a capture or a product is added.
    """

    captures: int = 0
    frames: int = 0
    version: int = 0
    kinds: list[str] = field(default_factory=list)


def holdings_of(engine: Engine, numbers: Sequence[int]) -> dict[int, Holding]:
    """What each of a page of objects holds; objects without a capture are left out.

    >>> import tempfile
    >>> from vestige.archive import open_database
    >>> holdings_of(open_database(tempfile.mkdtemp()), [1])
    {}
    """
    query = (
        select(
            captures.c.object_id,
            func.count().label("captures"),
            func.sum(captures.c.frames).label("frames"),
            func.sum(captures.c.version).label("version"),
        )
        .where(captures.c.object_id.in_(numbers))
        .group_by(captures.c.object_id)
    )
    with reading(engine) as connection:
        kinds = kinds_of(connection, numbers)
        return {
            row.object_id: Holding(
                int(row.captures), int(row.frames), int(row.version), kinds.get(row.object_id, [])
            )
            for row in connection.execute(query)
        }


@dataclass(frozen=True)
class Shown:
    """A product of an object: its capture, its run, its name and kind."""

    capture: str
    run: str
    name: str
    kind: str


def products_of(engine: Engine, number: int, *, most: int = 60) -> list[Shown]:
    """The products of an object, the newest first.

    >>> import tempfile
    >>> from vestige.archive import open_database
    >>> products_of(open_database(tempfile.mkdtemp()), 1)
    []
    """
    query = (
        select(products.c.capture, products.c.run, products.c.name, products.c.kind)
        .join(captures, captures.c.key == products.c.capture)
        .where(captures.c.object_id == number)
        .order_by(products.c.sequence.desc(), products.c.name)
        .limit(most)
    )
    with reading(engine) as connection:
        return [Shown(*row) for row in connection.execute(query)]


def newest_capture(engine: Engine, number: int) -> str:
    """The key of the newest capture of an object; empty where it has none."""
    query = select(captures.c.key).where(captures.c.object_id == number)
    with reading(engine) as connection:
        return str(connection.execute(query.order_by(captures.c.sequence.desc()).limit(1)).scalar() or "")
