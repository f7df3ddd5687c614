"""An image-sized array that lives in a plain file: read and written by rows, never mapped into memory."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vestige.errors import InputError, OutputError, UsageError

__all__ = ["StripStore", "read_rows", "row_range", "write_rows"]


def row_range(rows: slice | None, height: int) -> tuple[int, int]:
    """First and past-the-last row that a slice names.

    >>> row_range(slice(2, None), 10), row_range(None, 10)
    ((2, 10), (0, 10))
    """
    first, last, step = (rows or slice(None)).indices(height)
    if step != 1:
        raise UsageError(f"rows are read one after the other, not with a step of {step}")
    return first, max(first, last)


def read_rows(descriptor: int, out: NDArray[Any], offset: int) -> None:
    """Fill the contiguous array `out` from byte `offset` of a file.

    >>> import tempfile
    >>> with tempfile.TemporaryFile() as file:
    ...     write_rows(file.fileno(), np.arange(4, dtype=np.uint8), 0)
    ...     half = np.empty(2, np.uint8)
    ...     read_rows(file.fileno(), half, 2)
    >>> half
    array([2, 3], dtype=uint8)
    """
    view = out.reshape(-1).view(np.uint8).data
    while view.nbytes:
        count = os.preadv(descriptor, [view], offset)
        if count == 0:
            raise EOFError(f"the file ends {view.nbytes} bytes early")
        view, offset = view[count:], offset + count


def write_rows(descriptor: int, values: NDArray[Any], offset: int) -> None:
    """Write a contiguous array at byte `offset` of a file (see `read_rows`)."""
    view = values.reshape(-1).view(np.uint8).data
    while view.nbytes:
        count = os.pwrite(descriptor, view[: 2**30], offset)
        view, offset = view[count:], offset + count


class StripStore:
    """An array of `height` x `width` (x `channels`) in the file `path`; ``store[y0:y1]`` reads and writes
    rows.

    An existing file of the right size is opened as it is, so that a run that was stopped finds its rows
    again; rows never written are zero. Unlike a memory map, it never counts against a memory budget.

    Raises
    ------
    InputError : a file of another size is there.
    OutputError : the file cannot be made, or the disk is full.

    >>> import tempfile
    >>> with StripStore(Path(tempfile.mkdtemp(), "rows.bin"), 4, 3, 1, np.float32) as store:
    ...     store[1:3] = np.ones((2, 3), np.float32)
    ...     float(store[:].sum()), store.shape
    (6.0, (4, 3))
    """

    def __init__(
        self, path: str | os.PathLike[str], height: int, width: int, channels: int, dtype: DTypeLike
    ) -> None:
        self.path = Path(path)
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.shape: tuple[int, ...] = (height, width) if channels == 1 else (height, width, channels)
        self._row_bytes = width * channels * self.dtype.itemsize
        size = height * self._row_bytes
        try:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be made ({error.strerror}): choose another folder"
            ) from None
        found = os.fstat(self._descriptor).st_size
        if found not in (0, size):
            os.close(self._descriptor)
            raise InputError(self.path, f"holds {found} bytes", f"{size} bytes", "delete it and run again")
        os.ftruncate(self._descriptor, size)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        first, last = row_range(rows, self.shape[0])
        values = np.empty((last - first, *self.shape[1:]), self.dtype)
        read_rows(self._descriptor, values, first * self._row_bytes)
        return values

    def __setitem__(self, rows: slice, values: NDArray[Any]) -> None:
        first, last = row_range(rows, self.shape[0])
        expected = (last - first, *self.shape[1:])
        if values.shape != expected:
            raise UsageError(
                f"rows {first} to {last} of {self.path.name} have shape {expected}, not {values.shape}"
            )
        try:
            write_rows(self._descriptor, np.ascontiguousarray(values, self.dtype), first * self._row_bytes)
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror}): make room on the disk"
            ) from None

    def sync(self) -> None:
        """Force the rows written so far on to the disk."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Close the file; the rows stay on disk. Closing twice is fine."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> StripStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
