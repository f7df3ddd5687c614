"""Where the work of one stack lies: small stacks in memory, large ones on disk, kept part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vestige.contract import Context
from vestige.imaging import StripStore

__all__ = ["Place", "Work"]

Item = TypeVar("Item")
T = TypeVar("T")
#: Rows of a picture: in a file, or in memory.
Place = Path | NDArray[Any]
#: Share of the working memory that a stack held in memory may take.
SHARE: Final = 0.25


class Work:
    """Rows of pictures and steps of work, in memory where all of a stack fits, else on disk.

    A stack so small is done again in seconds, so its steps are not kept one by one.

    >>> work = Work(Context(), held=True)
    >>> rows = work.place("image", (4, 3), np.float32)
    >>> work.put(rows, slice(1, 3), np.ones((2, 3), np.float32))
    >>> float(work.get(rows, slice(1, 2)).sum())
    3.0
    """

    def __init__(self, context: Context, *, held: bool) -> None:
        self.context = context
        self.held = held

    @classmethod
    def of(cls, context: Context, frames: int, shape: tuple[int, ...], value_bytes: int) -> Work:
        """In memory where `frames` of `shape` with so many bytes a value fit there.

        >>> Work.of(Context(), 4, (1000, 1000, 3), 2).held, Work.of(Context(), 8, (10000, 15000, 3), 2).held
        (True, False)
        """
        size = frames * int(np.prod(shape)) * value_bytes
        return cls(context, held=size <= SHARE * context.budget.working())

    def place(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Place:
        """Room for the rows of a picture."""
        if self.held:
            return np.empty(shape, dtype)
        return self.context.workspace / f"{name}.rows"

    def put(self, place: Place, rows: slice, values: NDArray[Any], height: int = 0) -> None:
        """Write some rows; `height` is that of the whole picture, which a file must be told."""
        if isinstance(place, np.ndarray):
            place[rows] = values
            return
        with _store(place, (height, *values.shape[1:]), values.dtype) as store:
            store[rows] = values
            store.sync()

    def get(
        self, place: Place, rows: slice, shape: tuple[int, ...] = (), dtype: DTypeLike = np.float32
    ) -> Any:
        """Read some rows; `shape` and `dtype` are those of the whole picture in a file."""
        if isinstance(place, np.ndarray):
            return place[rows]
        with _store(place, shape, dtype) as store:
            return store[rows]

    def map(
        self,
        key: str,
        function: Callable[[Item], T],
        items: Sequence[Item],
        *,
        label: str,
        cores: int | None = None,
    ) -> list[T]:
        """`function` of each item, in their order, over the cores granted; kept part by part on disk."""
        if self.held:
            return self.context.spread(function, items, label=label, cores=cores)
        return self.context.map(key, function, items, label=label, cores=cores)

    def part(self, key: str, function: Callable[..., T], *arguments: Any) -> T:
        """The result of `function`, kept on disk for a large stack."""
        return function(*arguments) if self.held else self.context.part(key, function, *arguments)


def _store(path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> StripStore:
    return StripStore(path, shape[0], shape[1], shape[2] if len(shape) == 3 else 1, dtype)
