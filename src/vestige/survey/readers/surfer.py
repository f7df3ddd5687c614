"""Surfer grids (.grd): ASCII (DSAA), Surfer 6 binary (DSBB), Surfer 7 binary (DSRB)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestige.errors import InputError
from vestige.survey.readers.rasters import MOST_CELLS, gridded, projection, stored_cells
from vestige.survey.readers.text import opened
from vestige.survey.traverses import Survey, Values

__all__ = ["read_surfer"]

EXPECTED = "a Surfer grid: DSAA, DSBB or DSRB"
#: What Surfer writes where nothing is known; versions differ in the last digits.
BLANK = 1.7e38
_HEADER, _GRID, _DATA = 0x42525344, 0x44495247, 0x41544144


@dataclass(frozen=True)
class _Frame:
    """Columns and rows, the middle of the south-western cell, and the steps to the next; m."""

    columns: int
    rows: int
    west: float
    south: float
    step_east: float
    step_north: float
    blank: float = BLANK


def read_surfer(path: str | Path) -> Survey:
    """Read a Surfer grid; its nodes are the middles of cells, its rows run from south to north.

    Raises
    ------
    InputError : no Surfer grid, cut off, turned, of impossible size, or without a value.

    References
    ----------
    Golden Software, Surfer help: ASCII, Surfer 6 and Surfer 7 grid file format.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.grd")
    >>> _ = path.write_text("DSAA 2 2 10 11 20 21 0 3 0 1 2 1.70141e38")
    >>> survey = read_surfer(path)
    >>> survey.values.tolist(), survey.west, survey.north
    ([[2.0, nan], [0.0, 1.0]], 9.5, 21.5)
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    readers = {b"DSAA": _ascii, b"DSBB": _surfer_6, b"DSRB": _surfer_7}
    if magic not in readers:
        raise InputError(path, f"begins with {magic!r}", EXPECTED, _otherwise(path))
    frame, values = readers[magic](path)
    values[~np.isfinite(values) | (np.abs(values) >= min(frame.blank, BLANK))] = np.nan
    north = frame.south + (frame.rows - 0.5) * frame.step_north
    return gridded(
        path,
        np.ascontiguousarray(values[::-1]),
        frame.step_east,
        frame.step_north,
        frame.west - frame.step_east / 2,
        north,
        projection(path),
    )


def _otherwise(path: Path) -> str:
    """What to do with another grid that has the suffix."""
    beside = any(path.with_suffix(suffix).is_file() for suffix in (".dat", ".DAT"))
    return "a Geoplot grid: make a composite of the grids in Geoplot" if beside else "export it as GeoTIFF"


def _frame(path: Path, columns: int, rows: int, bounds: tuple[float, ...], blank: float = BLANK) -> _Frame:
    """The frame from the middles of the outermost cells: west, east, south, north."""
    west, east, south, north = bounds
    if not (min(columns, rows) >= 2 and columns * rows <= MOST_CELLS):
        raise InputError(path, f"says {columns} x {rows} cells", f"2 x 2 to {MOST_CELLS} in one grid")
    steps = (east - west) / (columns - 1), (north - south) / (rows - 1)
    if not all(math.isfinite(step) and 1e-6 < step < 1e6 for step in steps):
        raise InputError(
            path,
            f"reaches from {west:g} to {east:g} and from {south:g} to {north:g}",
            "least before greatest, in metres",
        )
    return _Frame(columns, rows, west, south, *steps, blank)


def _ascii(path: Path) -> tuple[_Frame, Values]:
    """DSAA: counts, bounds, then rows of numbers, on as many lines as they like."""
    with opened(path) as stream:
        words = (word for line in stream for word in line.split())
        try:
            head = [next(words) for _ in range(9)]
            columns, rows = int(head[1]), int(head[2])
            bounds = tuple(float(word) for word in head[3:7])
        except (StopIteration, ValueError):
            raise InputError(path, "has a damaged header", EXPECTED, "export it again") from None
        frame = _frame(path, columns, rows, bounds)
        try:
            values = np.fromiter((float(word) for word in words), np.float64)
        except ValueError as error:
            raise InputError(path, f"holds a word among its numbers ({error})", EXPECTED) from None
    if values.size != columns * rows:
        raise InputError(
            path,
            f"holds {values.size} values",
            f"{columns * rows} for {rows} rows of {columns}",
            "copy it again",
        )
    with np.errstate(over="ignore"):
        return frame, values.reshape(rows, columns).astype(np.float32)


def _surfer_6(path: Path) -> tuple[_Frame, Values]:
    """DSBB: 56 bytes of header, float32."""
    head = _bytes(path, 0, 56)
    columns, rows = struct.unpack_from("<2h", head, 4)
    frame = _frame(path, columns, rows, struct.unpack_from("<4d", head, 8))
    return frame, _values(path, frame, np.dtype("<f4"), 56)


def _surfer_7(path: Path) -> tuple[_Frame, Values]:
    """DSRB: tagged sections: header, grid, data (float64); others are passed over."""
    size, at, frame = path.stat().st_size, 0, None
    while at + 8 <= size:
        tag, length = struct.unpack("<2i", _bytes(path, at, 8))
        at += 8
        if length < 0:
            break
        if tag == _GRID and length >= 72:
            head = _bytes(path, at, 72)
            rows, columns = struct.unpack_from("<2i", head)
            west, south, step_east, step_north, _, _, turned, blank = struct.unpack_from("<8d", head, 8)
            if turned != 0:
                raise InputError(
                    path, f"is turned by {turned:g} degrees", "a grid along north", "warp it first"
                )
            bounds = (west, west + step_east * (columns - 1), south, south + step_north * (rows - 1))
            frame = _frame(
                path, columns, rows, bounds, abs(blank) if math.isfinite(blank) and blank else BLANK
            )
        elif tag == _DATA and frame is not None:
            return frame, _values(path, frame, np.dtype("<f8"), at, length)
        at += length
    raise InputError(path, "ends before its values", EXPECTED, "copy it again")


def _bytes(path: Path, offset: int, count: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(offset)
        data = stream.read(count)
    if len(data) < count:
        raise InputError(path, "is cut off in its header", EXPECTED, "copy it again")
    return data


def _values(path: Path, frame: _Frame, kind: np.dtype[Any], offset: int, length: int | None = None) -> Values:
    """The cells, float32, row by row from the disk."""
    wanted = frame.rows * frame.columns * kind.itemsize
    found = path.stat().st_size - offset if length is None else min(length, path.stat().st_size - offset)
    if found != wanted:
        raise InputError(
            path,
            f"holds {found} bytes of values",
            f"{wanted} bytes for {frame.rows} rows of {frame.columns}",
            "copy it again",
        )
    return stored_cells(path, kind, offset, (frame.rows, frame.columns))
