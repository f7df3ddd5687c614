"""Cutting an image that does not fit into memory: row strips and square tiles, with a halo for filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vestige.errors import UsageError

__all__ = ["Strip", "Tile", "strips", "tiles"]


@dataclass(frozen=True)
class Strip:
    """Rows `first` to `last` are wanted; rows `outer_first` to `outer_last` must be read to compute them.

    >>> strip = Strip(10, 20, 8, 22)
    >>> strip.outer, strip.inner
    (slice(8, 22, None), slice(2, 12, None))
    """

    first: int
    last: int
    outer_first: int
    outer_last: int

    @property
    def rows(self) -> slice:
        """The wanted rows, in the whole image."""
        return slice(self.first, self.last)

    @property
    def outer(self) -> slice:
        """The rows to read, in the whole image."""
        return slice(self.outer_first, self.outer_last)

    @property
    def inner(self) -> slice:
        """The wanted rows, within the rows read."""
        return slice(self.first - self.outer_first, self.last - self.outer_first)


@dataclass(frozen=True)
class Tile:
    """A rectangle of the image: a strip of rows crossed with a strip of columns.

    >>> tile = next(tiles(100, 100, 50, 4))
    >>> tile.outer
    (slice(0, 54, None), slice(0, 54, None))
    >>> tile.inner
    (slice(0, 50, None), slice(0, 50, None))
    """

    vertical: Strip
    horizontal: Strip

    @property
    def region(self) -> tuple[slice, slice]:
        """Wanted rows and columns, in the whole image."""
        return self.vertical.rows, self.horizontal.rows

    @property
    def outer(self) -> tuple[slice, slice]:
        """Rows and columns to read, in the whole image."""
        return self.vertical.outer, self.horizontal.outer

    @property
    def inner(self) -> tuple[slice, slice]:
        """Wanted rows and columns, within those read."""
        return self.vertical.inner, self.horizontal.inner


def strips(height: int, *, row_bytes: int, budget_bytes: int, halo: int = 0) -> Iterator[Strip]:
    """Cut `height` rows into strips whose rows, halo included, take at most `budget_bytes`.

    `row_bytes` counts everything that is held for one row: all frames, all intermediate arrays.
    One row a strip is the least, even where the budget is smaller.

    >>> [(strip.first, strip.last) for strip in strips(10, row_bytes=100, budget_bytes=600, halo=1)]
    [(0, 4), (4, 8), (8, 10)]
    """
    if height < 1 or row_bytes < 1 or halo < 0:
        raise UsageError(
            f"strips need height >= 1, row_bytes >= 1 and halo >= 0, not {height}, {row_bytes}, {halo}"
        )
    yield from _cut(height, max(1, budget_bytes // row_bytes - 2 * halo), halo)


def tiles(height: int, width: int, size: int, halo: int = 0) -> Iterator[Tile]:
    """Cut an image into tiles of at most `size` x `size` wanted pixels, row by row.

    >>> len(list(tiles(100, 250, 100)))
    3
    """
    if min(height, width, size) < 1 or halo < 0:
        raise UsageError(
            f"tiles need height, width and size >= 1 and halo >= 0, not {height}, {width}, {size}, {halo}"
        )
    for vertical in _cut(height, size, halo):
        for horizontal in _cut(width, size, halo):
            yield Tile(vertical, horizontal)


def _cut(length: int, step: int, halo: int) -> Iterator[Strip]:
    for first in range(0, length, step):
        last = min(length, first + step)
        yield Strip(first, last, max(0, first - halo), min(length, last + halo))
