"""Delimited readings: easting, northing and value on each line, with or without a line of headings."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.readers.lines import survey_of_points
from vestige.survey.readers.rasters import projection
from vestige.survey.traverses import Survey

__all__ = ["Columns", "read_delimited", "read_points"]

_EAST = ("x", "easting", "east", "e", "utm_e", "x_utm", "lon_m")
_NORTH = ("y", "northing", "north", "n", "utm_n", "y_utm", "lat_m")
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


def read_delimited(path: str | Path, *, column: str = "") -> Survey:
    """Read scattered or line-wise readings and lay them along traverses.

    Columns may be parted by commas, semicolons, tabs or blanks; a byte-order mark, comments (``#``, ``/``,
    ``!``) and blank values are understood. `column` names the heading (or the number, from 1) of the
    gradient; by default it is the one whose name says so, or the third column.

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
    points, columns = read_points(path, column=column)
    unit = columns.headings[columns.value] if columns.headings else "nT"
    return survey_of_points(path, points, crs=projection(path), source=path.stem, unit=unit)


def read_points(path: Path, *, column: str = "") -> tuple[NDArray[np.float64], Columns]:
    """The readings of a delimited file as float64 (n, 3): easting, northing, value (NaN where blank)."""
    text = _text(path)
    columns = _columns(path, text, column)
    wanted = (columns.east, columns.north, columns.value)
    body = text if columns.first_line == 0 else text.split("\n", columns.first_line)[-1]
    if not body.strip():
        raise InputError(path, "holds no reading, only headings", "easting, northing and value on each line")
    try:
        points = np.loadtxt(
            io.StringIO(body), delimiter=columns.delimiter, usecols=wanted, ndmin=2, comments="#"
        )
    except (ValueError, IndexError):
        points = _line_by_line(path, text, columns)
    finite = np.isfinite(points[:, :2]).all(axis=1)
    points = points[finite]
    points[~np.isfinite(points[:, 2]) | (np.abs(points[:, 2]) > 1e6), 2] = np.nan
    if len(points) < 4 or not np.isfinite(points[:, 2]).any():
        raise InputError(path, f"holds {len(points)} readings with a place", "four or more, with values")
    return points, columns


def _text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    if not data.strip():
        raise InputError(path, "is empty", "easting, northing and value on each line")
    if b"\0" in data[:4096]:
        raise InputError(path, "is no text", "easting, northing and value on each line")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _columns(path: Path, text: str, column: str) -> Columns:
    """What the first lines say of the columns."""
    lines = text.split("\n", 200)[:200]
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
        return _named(path, fields, column, delimiter, number + 1, decimal_comma=comma)
    raise InputError(
        path, "holds no reading in its first 200 lines", "easting, northing and value on each line"
    )


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


def _named(
    path: Path, headings: list[str], column: str, delimiter: str | None, first: int, *, decimal_comma: bool
) -> Columns:
    """Columns found by their headings."""
    plain = [re.sub(r"[\s\[(].*", "", heading.lower()) for heading in headings]
    east = next((number for name in _EAST for number, found in enumerate(plain) if found == name), None)
    north = next((number for name in _NORTH for number, found in enumerate(plain) if found == name), None)
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
        ranked = [number for part in _VALUE for number in rest if part in headings[number].lower()]
        value = (ranked or rest)[0]
    return Columns(east, north, value, tuple(headings), delimiter, first, decimal_comma)


def _numbered(path: Path, column: str, count: int, headings: list[str] | None = None) -> int:
    number = int(column) if column.isdecimal() and len(column) < 6 else 0
    if not 1 <= number <= count:
        known = f"one of {', '.join(headings)[:120]}" if headings else f"a number from 1 to {count}"
        raise InputError(path, f"has no column {column!r}", known)
    return number - 1


def _line_by_line(path: Path, text: str, columns: Columns) -> NDArray[np.float64]:
    """As NumPy reads, but understanding blanks and naming the line that is wrong."""
    wanted = (columns.east, columns.north, columns.value)
    rows: list[list[float]] = []
    for number, line in enumerate(text.split("\n")):
        if number < columns.first_line or not line.strip() or line.lstrip().startswith(_COMMENT):
            continue
        fields = _fields(line, columns.delimiter)
        try:
            rows.append([_value(fields[place], decimal_comma=columns.decimal_comma) for place in wanted])
        except (IndexError, ValueError):
            raise InputError(
                path,
                f"has {line.strip()[:60]!r} on line {number + 1}",
                "easting, northing and value",
                "mend it",
            ) from None
    return np.asarray(rows, np.float64).reshape(-1, 3)


def _value(field: str, *, decimal_comma: bool) -> float:
    if field.lower() in _BLANK:
        return float("nan")
    return float(field.replace(",", ".") if decimal_comma else field)
