"""Bartington Grad601: header lines and readings in one file, or a header (.hdr) beside them (.dat)."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.readers.text import first_lines, number, opened, sibling
from vestige.survey.traverses import Survey

__all__ = ["is_bartington", "read_bartington"]

EXPECTED = "the header and readings that the Grad601's download program writes"
#: Dummies of the logger and of its download program.
DUMMIES = (2047.5, 32702.0, 3270.2, 327.02)
_BEARINGS = {"N": 0, "E": 90, "S": 180, "W": 270}
#: Longest header, and the greatest grid: 40 m of 8 readings and 4 traverses a metre, twice over.
HEADER_LINES, MOST_READINGS = 60, 200_000


def is_bartington(path: Path) -> bool:
    """Whether a text file begins with header lines ``Name = value`` as the download program writes them.

    >>> is_bartington(Path("none.xyz"))
    False
    """
    try:
        lines = first_lines(path, HEADER_LINES)
    except InputError:
        return False
    names = {line.partition("=")[0].strip().lower() for line in lines if "=" in line}
    return len(names & {"grid size", "line spacing", "sampling", "number of sensors", "data range"}) >= 2


def read_bartington(path: str | Path) -> Survey:
    """Read one survey grid of a Grad601; `path` names the readings, or the header beside them.

    Readings are XYZ (X along the traverse, commas or blanks) or one value a line ("Z string"). The download
    program has turned them to a single sensor walked in parallel already; how they were walked stands in
    the header and is kept as `pattern` and `directions`. X and Y are local: the grid goes where its frame's
    easting and northing say.

    Raises
    ------
    InputError : the header is missing or lacks a line, readings are not as many as it says, or a line holds
        none.

    References
    ----------
    Bartington Instruments, Operation manual for Grad601, OM1800/26, sections 19.4 and 20.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.xyz")
    >>> header = ["Grid Size = 10x10", "Line Spacing = 1", "Sampling = 1", "Starting Direction = N"]
    >>> lines = [f"{x}, {y}, {x - y}" for y in range(10) for x in range(10)]
    >>> _ = path.write_text(chr(10).join([*header, *lines]))
    >>> survey = read_bartington(path)
    >>> survey.values.shape, survey.bearing, survey.grid
    ((10, 10), 0, (10, 10))
    """
    data, header = _pair(Path(path))
    told = _header(header)
    traverse_m, reading_m = _intervals(header, told)
    table = _readings(data)
    if table.shape[1] == 1:
        values = _from_values(data, table[:, 0], header, told, traverse_m, reading_m)
    else:
        values = _from_places(data, table, traverse_m, reading_m)
    for dummy in DUMMIES:
        values[np.isclose(values, dummy, rtol=0, atol=1e-3)] = np.nan
    if not np.isfinite(values).any():
        raise InputError(data, "holds no reading, only dummy values")
    pattern = _pattern(told.get("method of collection", ""))
    ways = np.ones(len(values), np.int8)
    if pattern == "zig-zag":
        ways[_back(len(values), told)] = -1
    direction = told.get("starting direction", "").strip().upper()
    survey = Survey(
        values,
        traverse_m=traverse_m,
        reading_m=reading_m,
        bearing=_BEARINGS.get(direction, 90),
        grid=(values.shape[1], values.shape[0]),
        source=f"{data.stem} grid {told['grid number']}" if told.get("grid number") else data.stem,
        instrument="Grad601",
        pattern=pattern,
        directions=ways if pattern else None,
    )
    if direction and direction not in _BEARINGS:
        survey = survey.noted(
            f"{data.name} starts to the {direction}: it is laid out to the east, turn it in a GIS"
        )
    return survey.placed(0.0, survey.extent[0])


def _pair(path: Path) -> tuple[Path, Path]:
    """The file with readings and the one with the header: the same one, or two beside each other."""
    if path.suffix.lower() != ".hdr":
        return path, sibling(path, ".hdr") or path
    for suffix in (".dat", ".xyz", ".txt"):
        if (data := sibling(path, suffix)) is not None:
            return data, path
    raise InputError(path, "has no .dat file beside it", EXPECTED, "copy both")


def _header(path: Path) -> dict[str, str]:
    """What the lines ``Name = value`` say."""
    told: dict[str, str] = {}
    for line in first_lines(path, HEADER_LINES):
        name, sign, value = line.partition("=")
        if sign:
            told[re.sub(r"\s+", " ", name.strip().lower())] = value.strip()
    missing = [name for name in ("grid size", "line spacing", "sampling") if name not in told]
    if missing:
        raise InputError(
            path, f"lacks the header line {missing[0]!r}", EXPECTED, "download the grid again with its header"
        )
    return told


def _intervals(path: Path, told: dict[str, str]) -> tuple[float, float]:
    """Metres between traverses, and between readings."""
    between, sampling = number(told["line spacing"]), number(told["sampling"])
    if "/m" in told["line spacing"] or "line" in told["line spacing"].lower():
        between = 1 / between if between > 0 else 0.0
    if not (0.1 <= between <= 4 and 0.5 <= sampling <= 16):
        raise InputError(
            path,
            f"says a line spacing of {told['line spacing']!r} and a sampling of {told['sampling']!r}",
            "metres between lines and readings a metre",
        )
    return between, 1 / sampling


def _readings(path: Path) -> NDArray[np.float64]:
    """The numbers of the lines after the header, (n, 1) or (n, 3)."""
    table, columns = array("d"), 0
    for line_number, line in _numbered(path):
        fields = line.replace(",", " ").split()
        try:
            numbers = [float(field) for field in fields[:3]]
        except ValueError:
            numbers = []
        if len(numbers) not in (1, 3) or columns not in (0, len(numbers)):
            raise InputError(
                path, f"has {line.strip()[:60]!r} on line {line_number}", "X, Y and reading", "mend it"
            )
        columns = len(numbers)
        table.extend(numbers)
        if len(table) > 3 * MOST_READINGS:
            raise InputError(path, f"holds more than {MOST_READINGS} readings", "one survey grid")
    if not columns:
        raise InputError(path, "holds no reading, only a header", EXPECTED)
    return np.frombuffer(table, np.float64).reshape(-1, columns)


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    with opened(path) as stream:
        for line_number, line in enumerate(stream, 1):
            if line.strip() and "=" not in line:
                yield line_number, line


def _from_values(
    path: Path,
    readings: NDArray[np.float64],
    header: Path,
    told: dict[str, str],
    traverse_m: float,
    reading_m: float,
) -> NDArray[np.float32]:
    """A stream of readings, traverse after traverse, on the grid that the header names."""
    sides = [float(side) for side in re.findall(r"\d+(?:\.\d+)?", told["grid size"])[:2]]
    along, across = (sides * 2)[:2] if sides else (0.0, 0.0)
    shape = round(across / traverse_m), round(along / reading_m)
    if min(shape) < 1 or shape[0] * shape[1] != readings.size:
        raise InputError(
            path,
            f"holds {readings.size} readings",
            f"{shape[0] * shape[1]} for {shape[0]} traverses of {shape[1]} as {header.name} says",
            "download the grid again",
        )
    return readings.reshape(shape).astype(np.float32)


def _from_places(
    path: Path, table: NDArray[np.float64], traverse_m: float, reading_m: float
) -> NDArray[np.float32]:
    """Readings with their places: the coordinate that changes from line to line runs along the traverse."""
    moves = [np.count_nonzero(np.diff(table[:, axis])) for axis in (0, 1)]
    along = int(np.argmax(moves))
    places = [
        np.round((table[:, axis] - table[:, axis].min()) / step)
        for axis, step in ((1 - along, traverse_m), (along, reading_m))
    ]
    line, reading = (np.nan_to_num(place, nan=-1.0, posinf=-1, neginf=-1) for place in places)
    if min(line.min(), reading.min()) < 0 or (line.max() + 1) * (reading.max() + 1) > 4 * len(table) + 100:
        raise InputError(
            path,
            f"strews {len(table)} readings over {line.max() + 1:.0f} lines of {reading.max() + 1:.0f}",
            "readings at the intervals of its header",
            "check the line spacing and sampling",
        )
    cells = line.astype(np.intp) * int(reading.max() + 1) + reading.astype(np.intp)
    if np.unique(cells).size < 0.98 * len(cells):
        raise InputError(
            path,
            f"reads {len(cells) - np.unique(cells).size} of {len(cells)} places twice",
            "one survey grid at the intervals of its header",
            "split the grids into files of their own",
        )
    first = line[0]
    values = np.full((int(line.max()) + 1, int(reading.max()) + 1), np.nan, np.float32)
    values.reshape(-1)[cells] = table[:, 2]
    return values if first < line.max() / 2 else np.ascontiguousarray(values[::-1])


def _pattern(text: str) -> str:
    plain = text.lower()
    return "zig-zag" if "zig" in plain else "parallel" if "par" in plain else ""


def _back(traverses: int, told: dict[str, str]) -> NDArray[np.bool_]:
    """The traverses walked back: with two sensors, both of a pass go the same way."""
    sensors = number(told.get("number of sensors", "1"))
    width = 2 if sensors == 2 else 1
    back: NDArray[np.bool_] = (np.arange(traverses) // width) % 2 == 1
    return back
