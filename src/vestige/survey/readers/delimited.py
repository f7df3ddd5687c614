"""Delimited readings: easting, northing and value on each line, with or without a line of headings."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.readers.coordinates import in_metres
from vestige.survey.readers.lines import Points, survey_of_points
from vestige.survey.readers.rasters import projection
from vestige.survey.readers.text import first_lines, opened
from vestige.survey.traverses import Survey

__all__ = ["Columns", "read_delimited", "read_points"]

EXPECTED = "easting, northing and value on each line"
_EAST = ("x", "easting", "east", "e", "utm_e", "x_utm", "rechtswert", "longitude", "lon", "long")
_NORTH = ("y", "northing", "north", "n", "utm_n", "y_utm", "hochwert", "latitude", "lat")
_DEGREES = ("longitude", "lon", "long", "latitude", "lat")
_TRACK = ("track", "line", "profile", "traverse", "trace", "source")
_SENSOR = ("probe", "sensor", "channel")
_TIME = ("time", "seconds", "utc", "t_s")
#: Parts of a heading that name the value, the most telling first.
_VALUE = ("grad", "vrt", "nt", "value", "reading", "mag", "data", "z", "bottom", "total")
_BLANK = {"", "*", "-", "nan", "na", "null", "dummy", "none", "2047.5", "-99999", "-9999"}
_COMMENT = ("#", "/", "!", "%")


@dataclass(frozen=True)
class Columns:
    """Which columns hold what (counted from 0), what they are called, and how they are parted."""

    east: int
    north: int
    value: int
    headings: tuple[str, ...]
    delimiter: str | None
    first_line: int
    decimal_comma: bool = False
    degrees: bool = False
    track: int | None = None
    sensor: int | None = None
    time: int | None = None

    @property
    def wanted(self) -> tuple[int, ...]:
        """The columns that are read, the place and value first."""
        more = (self.track, self.sensor, self.time)
        return (self.east, self.north, self.value, *(place for place in more if place is not None))


def read_delimited(path: str | Path, *, column: str = "") -> Survey:
    """Read scattered or line-wise readings and lay them along traverses.

    Columns may be parted by commas, semicolons, tabs or blanks; a byte-order mark, comments (``#``, ``/``,
    ``!``) and blank values are understood. `column` names the heading (or the number, from 1) of the
    gradient; by default it is the one whose name says so, or the third column. Columns named track or line,
    probe or sensor, and time are used; longitude and latitude are projected to UTM.

    Raises
    ------
    InputError : the file is empty, a line is no list of numbers, the column is not there, or the
        coordinates are no survey.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "site.csv")
    >>> points = [(x, y, x) for y in (0, 1, 2) for x in (0, 0.5, 1.0, 1.5, 2.0)]
    >>> _ = path.write_text("X,Y,GRAD" + "".join(f"{chr(10)}{x},{y},{v}" for x, y, v in points))
    >>> read_delimited(path).values[0]
    array([0. , 0.5, 1. , 1.5, 2. ], dtype=float32)
    """
    path = Path(path)
    points, columns, crs = read_points(path, column=column)
    unit = columns.headings[columns.value] if columns.headings else "nT"
    return survey_of_points(path, points, crs=projection(path) or crs, source=path.stem, unit=unit)


def read_points(path: Path, *, column: str = "") -> tuple[Points, Columns, str]:
    """The readings of a delimited file in the order recorded, in metres, and the reference system that the
    coordinates tell of themselves.
    """
    columns = _columns(path, first_lines(path), column)
    table = _table(path, columns)
    finite = np.isfinite(table[:, :2]).all(axis=1)
    if not finite.all():
        table = table[finite]
    table[~np.isfinite(table[:, 2]) | (np.abs(table[:, 2]) > 1e6), 2] = np.nan
    if len(table) < 4 or not np.isfinite(table[:, 2]).any():
        read = int(np.isfinite(table[:, 2]).sum())
        raise InputError(
            path,
            f"holds {len(table)} readings with a place, {read} of them with a value",
            "four or more, with values",
            "choose the column of nT with column",
        )
    table[:, 0], table[:, 1], crs = in_metres(path, table[:, 0], table[:, 1], columns.degrees)
    more = iter(table[:, 3:].T)
    tracks = _numbers(next(more)) if columns.track is not None else None
    sensors = _numbers(next(more)) if columns.sensor is not None else None
    seconds = next(more) if columns.time is not None else None
    return Points(table[:, :3], tracks, sensors, _elapsed(seconds)), columns, crs


def _numbers(column: NDArray[np.float64]) -> NDArray[np.int32]:
    """Tracks or sensors, whatever their numbers, as integers."""
    return np.clip(np.nan_to_num(column), -(2**30), 2**30).astype(np.int32)


def _elapsed(seconds: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Time since the first reading; a jump of a day at midnight is undone."""
    if seconds is None or not np.isfinite(seconds).any():
        return None
    days = np.cumsum(np.concatenate([[0], np.diff(seconds) < -43_200]))
    told: NDArray[np.float64] = seconds + 86_400.0 * days
    return told - float(np.nanmin(told))


def _table(path: Path, columns: Columns) -> NDArray[np.float64]:
    """The columns that are wanted, float64 (n, 3 or more), read line by line."""
    converters: dict[int | str, Callable[[str], Any]] | None = None
    if columns.time is not None:
        converters = {columns.time: _clock}
    try:
        with opened(path) as stream:
            for _ in range(columns.first_line):
                stream.readline()
            if not _more(stream):
                raise InputError(path, "holds no reading, only headings", EXPECTED)
        if columns.decimal_comma:
            return _line_by_line(path, columns)
        with opened(path) as stream:
            table: NDArray[np.float64] = np.loadtxt(
                stream,
                delimiter=columns.delimiter,
                usecols=columns.wanted,
                ndmin=2,
                comments="#",
                skiprows=columns.first_line,
                converters=converters,
            )
            return table
    except (ValueError, IndexError):
        return _line_by_line(path, columns)


def _more(stream: TextIO) -> bool:
    """Whether a line with anything on it follows."""
    return any(line.strip() for line in stream)


def _clock(text: str) -> float:
    """Seconds of a time such as 10:51:07.25, or of a number.

    >>> _clock("01:00:02.5")
    3602.5
    """
    parts = [float(part) for part in text.strip().strip('"').split(":")]
    if len(parts) > 3:
        raise ValueError(text)
    return sum(part * 60.0**power for power, part in enumerate(reversed(parts)))


def _columns(path: Path, lines: list[str], column: str) -> Columns:
    """What the first lines say of the columns."""
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith(_COMMENT):
            continue
        delimiter = _delimiter(line)
        fields = _fields(line, delimiter)
        if len(fields) < 3:
            raise InputError(
                path, f"holds {len(fields)} columns on line {number + 1}", "easting, northing and value"
            )
        comma = delimiter != "," and any(re.fullmatch(r"-?\d+,\d+", field) for field in fields)
        if all(_is_number(field, decimal_comma=comma) for field in fields):
            value = _numbered(path, column, len(fields)) if column else 2
            return Columns(0, 1, value, (), delimiter, number, comma)
        following = next((text for text in lines[number + 1 :] if text.strip()), "")
        comma = delimiter != "," and bool(re.search(r"\d,\d", following))
        found = Columns(0, 0, 0, tuple(fields), delimiter, number + 1, comma)
        return _with_more(_named(path, found, column), _fields(following, delimiter))
    raise InputError(path, "holds no reading in its first 200 lines", EXPECTED)


def _delimiter(line: str) -> str | None:
    """What parts the columns; None for any run of blanks."""
    if all(re.fullmatch(r"-?\d+(,\d+)?", word) for word in line.split()) and len(line.split()) >= 3:
        return None
    counts = {sign: line.count(sign) for sign in ("\t", ";", ",")}
    for sign in ("\t", ";", ","):
        if counts[sign] >= 2:
            return sign
    return None


def _fields(line: str, delimiter: str | None) -> list[str]:
    return [field.strip().strip('"') for field in line.strip("\n").split(delimiter)]


def _is_number(field: str, *, decimal_comma: bool) -> bool:
    if field.lower() in _BLANK:
        return True
    try:
        float(field.replace(",", ".") if decimal_comma else field)
    except ValueError:
        return False
    return True


def _named(path: Path, found: Columns, column: str) -> Columns:
    """Columns found by their headings."""
    headings = found.headings
    plain = [_plain(heading) for heading in headings]
    east = next((number for name in _EAST for number, told in enumerate(plain) if told == name), None)
    north = next((number for name in _NORTH for number, told in enumerate(plain) if told == name), None)
    if east is None or north is None:
        raise InputError(
            path,
            f"has columns {', '.join(headings)[:120]}",
            "one named x or easting and one named y or northing",
            "rename them",
        )
    rest = [number for number in range(len(headings)) if number not in (east, north)]
    if column:
        value = next((number for number in rest if headings[number].lower() == column.lower()), None)
        value = _numbered(path, column, len(headings), headings) if value is None else value
    else:
        told = (*_TRACK, *_SENSOR, *_TIME)
        others = [number for number in rest if plain[number] not in told] or rest
        ranked = [number for part in _VALUE for number in others if part in headings[number].lower()]
        value = (ranked or others)[0]
    degrees = plain[east] in _DEGREES and plain[north] in _DEGREES
    return replace(found, east=east, north=north, value=value, degrees=degrees)


def _plain(heading: str) -> str:
    """A heading in small letters, without its unit."""
    return re.sub(r"[\s\[(].*", "", heading.lower())


def _with_more(found: Columns, following: list[str]) -> Columns:
    """With the columns of track, sensor and time, where the first line of readings holds numbers there."""
    plain = [_plain(heading) for heading in found.headings]

    def place(names: tuple[str, ...]) -> int | None:
        here = (at for at, told in enumerate(plain) if told in names and at < len(following))
        return next((at for at in here if at not in found.wanted[:3] and _is_time(following[at])), None)

    return replace(found, track=place(_TRACK), sensor=place(_SENSOR), time=place(_TIME))


def _is_time(field: str) -> bool:
    try:
        _clock(field)
    except ValueError:
        return False
    return True


def _numbered(path: Path, column: str, count: int, headings: tuple[str, ...] | None = None) -> int:
    number = int(column) if column.isdecimal() and len(column) < 6 else 0
    if not 1 <= number <= count:
        known = f"one of {', '.join(headings)[:120]}" if headings else f"a number from 1 to {count}"
        raise InputError(path, f"has no column {column!r}", known)
    return number - 1


def _line_by_line(path: Path, columns: Columns) -> NDArray[np.float64]:
    """As NumPy reads, but understanding blanks and naming the line that is wrong."""
    table = array("d")
    with opened(path) as stream:
        for number, line in enumerate(stream):
            if number < columns.first_line or not line.strip() or line.lstrip().startswith(_COMMENT):
                continue
            fields = _fields(line, columns.delimiter)
            try:
                table.extend([_value(fields[place], columns, place) for place in columns.wanted])
            except (IndexError, ValueError):
                raise InputError(
                    path,
                    f"has {line.strip()[:60]!r} on line {number + 1}",
                    "easting, northing and value",
                    "mend it",
                ) from None
    return np.frombuffer(table, np.float64).reshape(-1, len(columns.wanted)).copy()


def _value(field: str, columns: Columns, place: int) -> float:
    if field.lower() in _BLANK:
        return float("nan")
    if place == columns.time:
        return _clock(field)
    return float(field.replace(",", ".") if columns.decimal_comma else field)
