"""Sensys ASC: X, Y, nT, track and probe on each line, the UTM zone before X."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np

from vestige.errors import InputError
from vestige.survey.readers.coordinates import in_metres
from vestige.survey.readers.lines import Points, survey_of_points
from vestige.survey.readers.rasters import projection
from vestige.survey.readers.text import first_lines, opened
from vestige.survey.traverses import Survey

__all__ = ["is_sensys", "read_sensys_asc"]

EXPECTED = "X, Y, nT, track and probe on each line"


def is_sensys(path: Path) -> bool:
    """Whether the first line with numbers holds X, Y, nT, a track and a whole probe number, in five columns.

    >>> is_sensys(Path("none.asc"))
    False
    """
    try:
        lines = first_lines(path, 10)
    except InputError:
        return False
    return any(_row(line) is not None for line in lines)


def read_sensys_asc(path: str | Path) -> Survey:
    """Read the ASC export of a Sensys cart: each probe on each track becomes a traverse.

    The track may be a number or the name of the file it was recorded in. A zone prefixed to X gives the
    reference system (WGS 84 / UTM, northern); the recipe's `crs` names another of that zone.

    Raises
    ------
    InputError : a line holds no reading, coordinates are no survey, or the axes are swapped.

    References
    ----------
    Sensys MAGNETO and MonSX exports, as read by the Archaeological Geophysics Toolbox for QGIS and by
    MagSurveyPy 1.0.4.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.asc")
    >>> rows = [(32500000 + i / 10, 5600000 + i / 7 + p / 2, i, 1, p) for i in range(30) for p in (1, 2)]
    >>> _ = path.write_text(chr(10).join(" ".join(map(str, row)) for row in rows))
    >>> survey = read_sensys_asc(path)
    >>> survey.values.shape[0], survey.sensors.tolist(), survey.crs
    (2, [1, 2], 'EPSG:32632')
    """
    path = Path(path)
    table, tracks, probes = array("d"), array("i"), array("i")
    names: dict[str, int] = {}
    with opened(path) as stream:
        for number, line in enumerate(stream, 1):
            row = _row(line)
            if row is None:
                if not line.strip() or (number <= 2 and not table):
                    continue
                raise InputError(path, f"has {line.strip()[:60]!r} on line {number}", EXPECTED, "mend it")
            table.extend(row[:3])
            tracks.append(names.setdefault(row[3], len(names) + 1))
            probes.append(row[4])
    readings = np.frombuffer(table, np.float64).reshape(-1, 3).copy()
    if len(readings) < 4:
        raise InputError(path, f"holds {len(readings)} readings with a place", "four or more, with values")
    readings[:, 0], readings[:, 1], crs = in_metres(path, readings[:, 0], readings[:, 1], False)
    points = Points(readings, np.array(tracks, np.int32), np.array(probes, np.int32))
    survey = survey_of_points(path, points, crs=projection(path) or crs, source=path.stem)
    if crs:
        survey = survey.noted(
            f"{path.name} names the zone of its coordinates only: WGS 84 is taken unless crs names another"
        )
    return survey


def _row(line: str) -> tuple[float, float, float, str, int] | None:
    """A line in its five columns; None where it is none."""
    fields = line.replace(",", ".").replace(";", " ").split() if ";" in line else line.split()
    if len(fields) != 5 or not fields[4].lstrip("+").isdecimal() or len(fields[4]) > 5:
        return None
    try:
        east, north, value = (float(field.replace(",", ".")) for field in fields[:3])
    except ValueError:
        return None
    if not (np.isfinite(east) and np.isfinite(north)):
        return None
    return east, north, value if abs(value) < 1e6 else float("nan"), fields[3], int(fields[4])
