"""From points to traverses: which readings were walked in one line, and where along it they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.readers.scattered import cells_of_points, refuse_strewn, usual_step
from vestige.survey.traverses import Survey, Values

__all__ = ["Points", "along_line", "pattern_of", "survey_of_points"]

#: A gap longer than this many readings stays a gap.
LONGEST_GAP = 3.0
#: Share of places that may be read twice; more means that several grids are mixed in one file.
MOST_TWICE = 0.2
#: Places looked at for those read twice: the same ones wherever they are read again.
SAMPLE = 200_000
#: Coordinates nearer than this are one (m).
SAME = 1e-4


@dataclass(frozen=True)
class Points:
    """Readings in the order recorded.

    Parameters
    ----------
    table : float64 (n, 3): easting and northing in m, value in nT (NaN where nothing was read).
    tracks, sensors : int32 (n,): the pass of a cart and its probe, where the file tells.
    seconds : float64 (n,): time of each reading, where the file tells.
    """

    table: NDArray[np.float64]
    tracks: NDArray[np.int32] | None = None
    sensors: NDArray[np.int32] | None = None
    seconds: NDArray[np.float64] | None = None


def survey_of_points(
    path: Path, points: Points, *, crs: str = "", source: str = "", unit: str = "nT"
) -> Survey:
    """Lay readings along traverses.

    Readings that share one coordinate in the order recorded were walked in a line along the other; they are
    interpolated linearly to equal intervals along it, and a gap stays a gap. Where there are no such lines
    but tracks or probes are told (a cart that steers by satellite), each probe on each track is a traverse
    and every reading keeps its place. Else readings are interpolated linearly to square cells.

    Raises
    ------
    InputError : the coordinates are no survey: all in one place, strewn too far apart, or read twice.

    >>> east, north = np.meshgrid(np.arange(6.0), np.arange(3.0))
    >>> points = Points(np.column_stack([east.ravel(), north.ravel(), east.ravel()]))
    >>> survey_of_points(Path("a.xyz"), points).values.shape
    (3, 6)
    """
    table = points.table
    _refuse_mixed(path, points)
    changes = [int(np.count_nonzero(np.abs(np.diff(table[:, axis])) > SAME)) for axis in (0, 1)]
    steady = int(np.argmin(changes))
    if changes[steady] + 1 <= len(table) / 3:
        return _walked(path, points, steady, crs=crs, source=source, unit=unit)
    if points.tracks is not None or points.sensors is not None:
        from vestige.survey.readers.carts import survey_of_tracks

        return survey_of_tracks(path, points, crs=crs, source=source, unit=unit)
    return cells_of_points(path, table, crs=crs, source=source, unit=unit)


def _refuse_mixed(path: Path, points: Points) -> None:
    """A place read twice is a mistake of the operator; many are grids that lie on one another."""
    if points.sensors is not None or points.tracks is not None:
        return
    looked_at = _some_places(points.table)
    twice = looked_at.size - np.unique(looked_at).size
    if twice > MOST_TWICE * looked_at.size:
        raise InputError(
            path,
            f"reads {twice} of {looked_at.size} places twice",
            "one survey grid in local coordinates, or grids beside one another",
            "split the grids into files of their own",
        )


def _some_places(table: NDArray[np.float64]) -> NDArray[np.int64]:
    """A number for each place (to the mm) that the instrument came to; of a long file some places only, the
    same ones wherever they come again.
    """
    keep, found = max(1, len(table) // SAMPLE), []
    for first in range(0, len(table), SAMPLE):
        east, north = np.rint(np.clip(table[first : first + SAMPLE, :2], -1e9, 1e9) * 1000).T.astype(np.int64)
        places = east * 1_000_003 + north
        moved = places[np.flatnonzero(np.diff(places, prepend=places[0] - 1))]
        found.append(moved[moved % keep == 0])
    return np.concatenate(found)


def _walked(path: Path, points: Points, steady: int, *, crs: str, source: str, unit: str) -> Survey:
    """Lines of one easting run north, lines of one northing run east."""
    table, along = points.table, 1 - steady
    places = np.unique(np.round(table[:, steady], 2))
    between = _interval(places, 1.0)
    steps = np.abs(np.diff(table[:, along]))[np.abs(np.diff(table[:, steady])) <= SAME]
    spacing = usual_step(steps[steps > SAME])
    if spacing is None:
        raise InputError(path, "holds readings that do not move along their lines", "coordinates in metres")
    spacing = round(spacing, 3)
    low, high = table[:, along].min(), table[:, along].max()
    count = (np.ptp(table[:, steady]) / between + 1, (high - low) / spacing + 1)
    refuse_strewn(path, count[0] * count[1], len(table), count[1] * spacing, count[0] * between)
    wanted = low + spacing * np.arange(round(count[1]))
    line = np.round((table[:, steady] - places[0]) / between).astype(np.intp)
    lines = _Lines(int(line.max()) + 1, len(wanted), points.seconds is not None)
    order = np.argsort(line, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(line[order])) + 1):
        lines.take(int(line[mine[0]]), points, mine, along, wanted, spacing)
    if not np.isfinite(lines.values).any():
        raise InputError(path, "holds no two readings beside each other on a line", "a survey in traverses")
    first = {0: (places[0], low), 1: (low, places[-1])}[steady]
    turn = slice(None) if steady == 0 else slice(None, None, -1)
    return Survey(
        np.ascontiguousarray(lines.values[turn]),
        traverse_m=between,
        reading_m=spacing,
        easting=float(first[0]),
        northing=float(first[1]),
        bearing=0 if steady == 0 else 90,
        crs=crs,
        source=source,
        unit=unit,
        pattern=pattern_of(lines.directions[turn]),
        directions=lines.directions[turn].copy(),
        sensors=None if points.sensors is None else lines.sensors[turn].copy(),
        seconds=None if lines.seconds is None else np.ascontiguousarray(lines.seconds[turn]),
    )


class _Lines:
    """The lattice being filled, line by line."""

    def __init__(self, lines: int, readings: int, timed: bool) -> None:
        self.values = np.full((lines, readings), np.nan, np.float32)
        self.directions = np.zeros(lines, np.int8)
        self.sensors = np.zeros(lines, np.int32)
        self.seconds = np.full((lines, readings), np.nan) if timed else None

    def take(
        self,
        number: int,
        points: Points,
        mine: NDArray[np.intp],
        along: int,
        wanted: NDArray[np.float64],
        spacing: float,
    ) -> None:
        """Lay the readings `mine` on the line of that number."""
        at, values = points.table[mine, along], points.table[mine, 2]
        self.values[number] = along_line(at, values, wanted, spacing)
        self.directions[number] = np.sign(np.median(np.diff(at))) if len(at) > 1 else 0
        if points.sensors is not None:
            self.sensors[number] = points.sensors[mine[0]]
        if self.seconds is not None and points.seconds is not None:
            self.seconds[number] = along_line(at, points.seconds[mine], wanted, spacing, np.float64)


def pattern_of(directions: NDArray[np.int8]) -> str:
    """What directions of neighbouring traverses make: 'zig-zag', 'parallel', or empty.

    >>> pattern_of(np.array([1, -1, 1, -1], np.int8)), pattern_of(np.ones(4, np.int8))
    ('zig-zag', 'parallel')
    """
    told = directions[directions != 0]
    if told.size < 2:
        return ""
    turns = np.count_nonzero(np.diff(told)) / (told.size - 1)
    return "zig-zag" if turns > 0.4 else "parallel" if turns == 0 else ""


def _interval(places: NDArray[np.float64], default: float) -> float:
    found = usual_step(np.diff(places))
    return default if found is None else round(found, 3)


def along_line(
    at: NDArray[np.float64],
    values: NDArray[np.float64],
    wanted: NDArray[np.float64],
    spacing: float,
    kind: Any = np.float32,
) -> Values:
    """Linear interpolation along one line; NaN farther from a reading than a gap allows.

    >>> at, values = np.array([0.0, 1.0, 9.0, 10.0]), np.array([0.0, 1.0, 9.0, 10.0])
    >>> along_line(at, values, np.array([0.5, 5.0, 9.5]), 1.0).tolist()
    [0.5, nan, 9.5]
    """
    known = np.isfinite(values)
    if np.count_nonzero(known) < 2:
        return np.full(len(wanted), np.nan, kind)
    order = np.argsort(at[known], kind="stable")
    at, values = at[known][order], values[known][order]
    after = np.clip(np.searchsorted(at, wanted), 1, len(at) - 1)
    gap = at[after] - at[after - 1]
    found = np.interp(wanted, at, values)
    outside = (wanted < at[0] - 0.75 * spacing) | (wanted > at[-1] + 0.75 * spacing)
    laid: Values = np.where(outside | (gap > LONGEST_GAP * spacing), np.nan, found).astype(kind)
    return laid
