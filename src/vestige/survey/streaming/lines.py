"""Lines of readings as a logger sends them: rows of text in, whole lines out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce

import numpy as np

from vestige.capture import Coordinate
from vestige.contract import Piece, Refused
from vestige.errors import InputError

__all__ = ["HEADINGS", "LineSplitter"]

#: Columns of a row where no headings were sent; further ones are kept as they are.
HEADINGS = ("line", "easting", "northing", "nt", "probe", "time", "track")
_OTHER_NAMES = {"x": "easting", "y": "northing", "gradient": "nt", "gradient_nt": "nt", "value": "nt"}
_BLANK = frozenset({"", "*", "-", "nan", "na"})
_END = "end"
#: A row of four columns without blanks: number of the line, two coordinates, a value.
_PLAIN = re.compile(rb"(\d{1,8}),(-?\d{1,7}(?:\.\d+)?),(-?\d{1,7}(?:\.\d+)?),(-?\d+(?:\.\d+)?)\r?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
#: Characters of the longest row, readings of the longest line, probes on one cart, m between two readings.
LONGEST_ROW, LONGEST_LINE, MOST_PROBES, LONGEST_STEP = 500, 200_000, 64, 100.0


@dataclass
class _Line:
    """A line that is arriving."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    places: list[tuple[float, float]] = field(default_factory=list)
    fault: str = ""


class LineSplitter:
    r"""Cuts rows of text into lines; a `vestige.contract.Splitter`.

    A row is ``line,easting,northing,nT`` and, where there are, ``probe,time,track``; parted by commas,
    semicolons, tabs or blanks, or named by a row of headings; blank or ``*`` where nothing was read. It may
    stand in a sentence after NMEA 0183, ``$NAME,…*hh``, whose checksum is proved. Rows of the probes of a
    cart may be mixed. A line is whole when a row of another begins, at ``end`` (or ``end 12``), or where the
    sender ends. One row that makes no sense spoils its line and no other.

    >>> splitter = LineSplitter()
    >>> splitter.feed(b"7,100,50,1.5\n7,100,50.25,2\n8,101,50,1\n8,101")[0].name
    'lines/000007-00.csv'
    >>> splitter.close(whole=False)
    []
    """

    def __init__(self) -> None:
        self._rest = b""
        self._columns = {name: place for place, name in enumerate(HEADINGS)}
        self._number: int | None = None
        self._open: dict[int, _Line] = {}
        self._spoilt = ""
        self._as_usual = True

    def feed(self, data: bytes) -> list[Piece | Refused]:
        """Take bytes as they come; the lines that they make whole."""
        *rows, self._rest = (self._rest + data).split(b"\n")
        found: list[Piece | Refused] = []
        for row in rows:
            if not self._plain(row):
                found += self._row(row)
        if len(self._rest) > LONGEST_ROW:
            found.append(self._spoil("holds a row without an end; expected a line of text for each reading"))
            self._rest = b""
        return found

    def close(self, *, whole: bool) -> list[Piece | Refused]:
        """Nothing more comes: the last line is whole, or dropped."""
        rest, self._rest = self._rest, b""
        found = self._row(rest) if whole and rest.strip() else []
        if whole:
            found += self._ended()
        self._open, self._number = {}, None
        return found

    def _plain(self, row: bytes) -> bool:
        """Take one more reading of the open line, written as nearly all are; others take the long way.

        A cart sends thousands of rows a second: this way costs a fifth.
        """
        plain = _PLAIN.fullmatch(row) if self._as_usual else None
        line = self._open.get(0)
        if plain is None or line is None or len(self._open) > 1 or len(line.rows) >= LONGEST_LINE:
            return False
        number, east, north, value = plain.groups()
        if int(number) != self._number:
            return False
        line.rows.append((east.decode(), north.decode(), value.decode(), "", ""))
        line.places.append((float(east), float(north)))
        return True

    def _row(self, row: bytes) -> list[Piece | Refused]:
        try:
            text = _unframed(row.decode("ascii").strip().strip("\ufeff"))
        except UnicodeDecodeError:
            return [self._spoil("holds a row that is no text; expected line,easting,northing,nT")]
        except ValueError as error:
            return [self._spoil(str(error))]
        if not text or text.startswith("#"):
            return []
        fields = _fields(text)
        if fields[0].lower() == _END:
            return self._ended()
        if "line" in (names := [name.lower() for name in fields]):
            self._as_usual = False
            self._columns = {_OTHER_NAMES.get(name, name): place for place, name in enumerate(names)}
            return []
        return self._reading(fields, text)

    def _reading(self, fields: list[str], text: str) -> list[Piece | Refused]:
        try:
            number = _whole(self._field(fields, "line"), 10**8)
        except (ValueError, IndexError, KeyError):
            sentence = f"holds the row {text[:60]!r}; expected line,easting,northing,nT"
            return [self._spoil(sentence, reading=text[0] in "0123456789.+-")]
        found: list[Piece | Refused] = []
        if number != self._number:
            found = self._ended()
            self._number = number
        try:
            probe = _whole(self._field(fields, "probe", "0") or "0", MOST_PROBES)
            line = self._open.setdefault(probe, _Line(fault=self._spoilt))
            self._add(line, fields)
        except (ValueError, IndexError, KeyError):
            self._open.setdefault(
                0, _Line()
            ).fault = f"holds the row {text[:60]!r}; expected line,easting,northing,nT"
        return found

    def _add(self, line: _Line, fields: list[str]) -> None:
        place = tuple(_number(self._field(fields, name)) for name in ("easting", "northing"))
        if not all(abs(part) < 1e8 for part in place):
            raise ValueError
        value = self._field(fields, "nt")
        if value.lower() in _BLANK:
            value = "nan"
        else:
            _number(value)
        others = [self._field(fields, name, "") for name in ("time", "track")]
        if len(line.rows) < LONGEST_LINE:
            line.rows.append(
                (self._field(fields, "easting"), self._field(fields, "northing"), value, *others)
            )
            line.places.append((place[0], place[1]))
        else:
            line.fault = f"holds more than {LONGEST_LINE} readings; expected the readings of one line"

    def _field(self, fields: list[str], name: str, default: str | None = None) -> str:
        place = self._columns.get(name, len(fields))
        if place >= len(fields):
            if default is None:
                raise KeyError(name)
            return default
        return fields[place]

    def _spoil(self, sentence: str, *, reading: bool = True) -> Refused:
        """Refuse a row; the line that it stands in is refused at its end, before the first one that which
        follows, unless the row is what loggers write above their readings.
        """
        if not self._open and reading:
            self._spoilt = sentence
        for line in self._open.values():
            line.fault = line.fault or sentence
        return Refused("a row" if self._number is None else f"a row in line {self._number}", sentence)

    def _ended(self) -> list[Piece | Refused]:
        """The lines that are open, whole or refused."""
        number, lines = self._number, self._open
        self._number, self._open = None, {}
        self._spoilt = "" if number is not None else self._spoilt
        if number is None:
            return []
        several = len(lines) > 1 or any(lines)
        found: list[Piece | Refused] = []
        for probe, line in sorted(lines.items()):
            label = f"line {number}" + (f" probe {probe}" if several else "")
            try:
                found.append(_piece(label, number, probe, line))
            except InputError as error:
                found.append(Refused(label, str(error).removeprefix(f"{label} ")))
        return found


def _piece(label: str, number: int, probe: int, line: _Line) -> Piece:
    """A line as a file: one that the readers of delimited files understand."""
    if line.fault:
        raise InputError(label, line.fault)
    places = np.array(line.places, np.float64).reshape(-1, 2)
    steps = np.hypot(*np.diff(places, axis=0).T)
    if not steps.any():
        raise InputError(label, "holds 1 place", "two readings or more that move")
    step = float(steps.max())
    if step > LONGEST_STEP:
        raise InputError(
            label, f"jumps {step:.0f} m between two readings", f"steps of at most {LONGEST_STEP:.0f} m"
        )
    low, high = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    width = 5 if any(row[4] for row in line.rows) else 4 if any(row[3] for row in line.rows) else 3
    names = ("easting", "northing", "nT", "time", "track")[:width]
    rows = [",".join(names), *(",".join(row[:width]) for row in line.rows)]
    coordinates: Mapping[str, Coordinate] = {
        "line": Coordinate(value=number, unit="1"),
        "probe": Coordinate(value=probe, unit="1"),
    }
    return Piece(
        label,
        f"lines/{number:06d}-{probe:02d}.csv",
        ("\n".join(rows) + "\n").encode("ascii"),
        coordinates,
        {"bounds": [*low, *high], "readings": len(line.rows)},
    )


def _unframed(text: str) -> str:
    """What a sentence after NMEA 0183 holds; other text as it is."""
    if not text.startswith("$"):
        return text
    body, star, told = text[1:].rpartition("*")
    if not star:
        return text[1:].partition(",")[2]
    if f"{reduce(lambda total, sign: total ^ ord(sign), body, 0):02X}" != told.strip().upper():
        raise ValueError(
            f"holds a row whose checksum is not {told.strip()[:4]!r}; expected it as it was sent"
        )
    return body.partition(",")[2]


def _fields(text: str) -> list[str]:
    sign = next((sign for sign in (";", "\t", ",") if sign in text), None)
    return [part.strip() for part in text.split(sign)]


def _number(text: str) -> float:
    """A number as every reader of delimited files understands it."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return float(text)


def _whole(text: str, most: int) -> int:
    number = _number(text)
    if number != int(number) or not 0 <= number < most:
        raise ValueError(text)
    return int(number)
