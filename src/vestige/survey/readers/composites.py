"""Survey grids that lie on one lattice, made one survey: no seam between them, and edges can be matched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.survey.traverses import Survey

__all__ = ["composites", "joined_grids"]

#: How far from the lattice of the first grid another may lie, in intervals.
OFF = 0.05
#: The composite may be this many times larger than its grids together.
MOST_EMPTY = 4.0
#: Turns that bring the first traverse to the top; the same as `Survey.north_up`.
_TURNS = {90: 0, 0: 1, 270: 2, 180: 3}


def composites(surveys: Sequence[Survey]) -> list[Survey]:
    """Grids of the same intervals, direction and reference system on one lattice as one survey; others stay.

    Where grids overlap, the later one shows. The survey takes the place of its first grid in the list.

    >>> one = Survey(np.zeros((4, 8), np.float32), 1.0, 0.5, northing=3.5, easting=0.25, crs="EPSG:27700")
    >>> whole, = composites([one, one.placed(4.0, 4.0)])
    >>> whole.values.shape, whole.grid, whole.west
    ((4, 16), (8, 4), 0.0)
    """
    made: dict[int, Survey] = {}
    for numbers in _alike(surveys):
        together = [surveys[number] for number in numbers]
        whole = _joined(together) if len(together) > 1 else None
        if whole is None:
            made.update(zip(numbers, together, strict=True))
        else:
            made[numbers[0]] = whole
    return [made[number] for number in sorted(made)]


def joined_grids(surveys: Sequence[Survey]) -> list[tuple[Survey, tuple[int, ...]]]:
    """Single grids of one size that stand in rows and columns as one survey, as `composites` joins them, with
    the numbers of those that went into it; whatever else there is stays by itself.

    >>> one = Survey(np.zeros((4, 8), np.float32), 1.0, 0.5, northing=3.5, easting=0.25)
    >>> [numbers for _, numbers in joined_grids([one, one.placed(4.0, 4.0)])]
    [(0, 1)]
    """
    single = [n for n, one in enumerate(surveys) if one.walked and one.places is None and _one_grid(one)]
    found: dict[int, tuple[Survey, tuple[int, ...]]] = {}
    for numbers in _alike([surveys[number] for number in single]):
        members = tuple(single[number] for number in numbers)
        whole = _joined([surveys[number] for number in members]) if len(members) > 1 else None
        if whole is not None and whole.grid is not None:
            found[members[0]] = whole, members
        else:
            found |= {number: (surveys[number], (number,)) for number in members}
    found |= {n: (one, (n,)) for n, one in enumerate(surveys) if n not in single}
    return [found[number] for number in sorted(found)]


def _one_grid(survey: Survey) -> bool:
    """Whether a file holds one survey grid."""
    return survey.grid is None or survey.grid == survey.values.shape[::-1]


def _alike(surveys: Sequence[Survey]) -> list[list[int]]:
    """Numbers of the surveys that could share a lattice; one of a cart stands alone."""
    alike: dict[Any, list[int]] = defaultdict(list)
    for number, survey in enumerate(surveys):
        key = (
            (survey.bearing, survey.traverse_m, survey.reading_m, survey.crs, survey.walked, survey.unit)
            if survey.places is None
            else number
        )
        alike[key].append(number)
    return list(alike.values())


@dataclass(frozen=True)
class _Spot:
    """Where a grid lies on the lattice, rows from north to south, and its cells."""

    row: int
    column: int
    values: NDArray[np.float32]
    ways: NDArray[np.int8]


def _joined(surveys: list[Survey]) -> Survey | None:
    """One survey of all; None where they share no lattice or lie far apart."""
    first = surveys[0]
    spots = [_spot(first, survey) for survey in surveys]
    if any(spot is None for spot in spots):
        return None
    known = [spot for spot in spots if spot is not None]
    top, left = min(spot.row for spot in known), min(spot.column for spot in known)
    rows = max(spot.row + spot.values.shape[0] for spot in known) - top
    columns = max(spot.column + spot.values.shape[1] for spot in known) - left
    if rows * columns > MOST_EMPTY * sum(spot.values.size for spot in known):
        return None
    values = np.full((rows, columns), np.nan, np.float32)
    ways = np.zeros((rows, columns), np.int8)
    for spot in known:
        here = np.s_[
            spot.row - top : spot.row - top + spot.values.shape[0],
            spot.column - left : spot.column - left + spot.values.shape[1],
        ]
        read = np.isfinite(spot.values)
        values[here] = np.where(read, spot.values, values[here])
        ways[here] = np.where(spot.ways != 0, spot.ways, ways[here])
    back = -_TURNS[first.bearing]
    directions = _of_traverses(np.rot90(ways, back))
    whole = replace(
        first,
        values=np.ascontiguousarray(np.rot90(values, back)),
        grid=_grid(known, top, left, first),
        directions=directions if directions.any() else None,
        sensors=None,
        tracks=None,
        seconds=None,
        notes=tuple(note for survey in surveys for note in survey.notes),
    )
    _, row_m, column_m = first.north_up()
    return whole.placed(
        first.west + (left - known[0].column) * column_m, first.north - (top - known[0].row) * row_m
    )


def _spot(first: Survey, survey: Survey) -> _Spot | None:
    """The grid on the lattice of the first one; None where it lies beside the lattice."""
    values, row_m, column_m = survey.north_up()
    row, column = (first.north - survey.north) / row_m, (survey.west - first.west) / column_m
    if abs(row - round(row)) > OFF or abs(column - round(column)) > OFF:
        return None
    ways = np.zeros(survey.values.shape, np.int8)
    if survey.directions is not None:
        ways[:] = survey.directions[:, np.newaxis]
    return _Spot(round(row), round(column), values, np.rot90(ways, _TURNS[survey.bearing]))


def _of_traverses(ways: NDArray[np.int8]) -> NDArray[np.int8]:
    """The direction of each traverse; 0 where its grids were walked differently."""
    forth, back = (ways > 0).any(axis=1), (ways < 0).any(axis=1)
    found = np.zeros(len(ways), np.int8)
    found[forth & ~back], found[back & ~forth] = 1, -1
    return found


def _grid(spots: list[_Spot], top: int, left: int, first: Survey) -> tuple[int, int] | None:
    """Readings and traverses of one grid, where all are of one size and stand in rows and columns of it."""
    height, width = spots[0].values.shape
    regular = all(
        spot.values.shape == (height, width)
        and (spot.row - top) % height == 0
        and (spot.column - left) % width == 0
        for spot in spots
    )
    if not regular:
        return None
    return (width, height) if first.bearing in (90, 270) else (height, width)
