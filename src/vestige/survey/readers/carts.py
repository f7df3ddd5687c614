"""Carts that steer by satellite: each probe on each track is a traverse, each reading keeps its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.readers.lines import Points, along_line, pattern_of
from vestige.survey.readers.scattered import cells_of_points, refuse_strewn, usual_step
from vestige.survey.traverses import Survey

__all__ = ["on_cells", "survey_of_tracks"]

Array = NDArray[np.float64]
#: Steps shorter than this (m) are a cart that stands: its readings are all of one place.
STANDING = 0.002
#: Readings of a track that lie this many times farther apart than all readings do are in no order.
OUT_OF_ORDER = 5.0


def survey_of_tracks(
    path: Path, points: Points, *, crs: str = "", source: str = "", unit: str = "nT"
) -> Survey:
    """Traverses of equal steps along the path of each probe on each track.

    Readings are interpolated linearly along the path, so that what works along traverses (destripe, despike,
    drift, destagger) works here too. Readings of a cart that stands are left out but one. Tracks whose
    readings are in no order go to square cells at once.

    Raises
    ------
    InputError : no track moves, or the readings are strewn too far apart.

    >>> along = np.arange(0, 8, 0.25)
    >>> table = np.vstack([np.column_stack([along, along + d, along]) for d in (0, 1)])
    >>> sensors = np.repeat(np.array([1, 2], np.int32), len(along))
    >>> survey = survey_of_tracks(Path("a.asc"), Points(table, sensors=sensors))
    >>> survey.values.shape[0], survey.sensors.tolist(), round(survey.traverse_m, 3)
    (2, [1, 2], 0.707)
    """
    table = points.table
    nothing = np.zeros(len(table), np.int32)
    tracks = nothing if points.tracks is None else points.tracks
    sensors = nothing if points.sensors is None else points.sensors
    order = np.lexsort((sensors, tracks))
    ends = np.flatnonzero((np.diff(tracks[order]) != 0) | (np.diff(sensors[order]) != 0)) + 1
    paths = [mine for mine in (_moving(table, mine) for mine in np.split(order, ends)) if len(mine) > 1]
    steps = [np.hypot(*np.diff(table[mine, :2], axis=0).T) for mine in paths]
    step = usual_step(np.concatenate(steps)) if steps else None
    if step is None:
        raise InputError(path, "holds no track on which the cart moves", "readings along tracks, in metres")
    width, height = np.ptp(table[:, :2], axis=0)
    if step > OUT_OF_ORDER * np.sqrt(width * height / len(table)) > 0:
        return cells_of_points(path, table, crs=crs, source=source, unit=unit)
    step = round(step, 3)
    longest = max(float(one.sum()) for one in steps)
    refuse_strewn(path, len(paths) * (longest / step + 1), len(table), longest, longest)
    laid = _Laid(len(paths), _count(longest, step), points.seconds is not None)
    for number, (mine, moves) in enumerate(zip(paths, steps, strict=True)):
        laid.take(number, points, mine, np.concatenate([[0.0], np.cumsum(moves)]), step)
    if not np.isfinite(laid.values).any():
        raise InputError(path, "holds no two readings beside each other on a track", "a survey in tracks")
    firsts = [mine[0] for mine in paths]
    bearing, directions = _directions(laid.places)
    return Survey(
        laid.values,
        traverse_m=_between(laid.places, directions, step),
        reading_m=step,
        bearing=bearing,
        crs=crs,
        source=source,
        unit=unit,
        pattern=pattern_of(directions),
        directions=directions,
        sensors=None if points.sensors is None else sensors[firsts].astype(np.int32),
        tracks=tracks[firsts].astype(np.int32),
        seconds=laid.seconds,
        places=laid.places,
    )


class _Laid:
    """Traverses of unlike length, filled one by one."""

    def __init__(self, traverses: int, readings: int, timed: bool) -> None:
        self.values = np.full((traverses, readings), np.nan, np.float32)
        self.places = np.full((traverses, readings, 2), np.nan)
        self.seconds = np.full((traverses, readings), np.nan) if timed else None

    def take(self, number: int, points: Points, mine: NDArray[np.intp], at: Array, step: float) -> None:
        """Lay the readings `mine`, which stand `at` metres along their path."""
        wanted: Array = np.arange(_count(float(at[-1]), step), dtype=np.float64) * step
        here = slice(len(wanted))
        self.values[number, here] = along_line(at, points.table[mine, 2], wanted, step)
        for axis in (0, 1):
            self.places[number, here, axis] = np.interp(wanted, at, points.table[mine, axis])
        if self.seconds is not None and points.seconds is not None:
            self.seconds[number, here] = np.interp(wanted, at, points.seconds[mine])


def _count(length: float, step: float) -> int:
    """Readings on a path: from its start to its last whole step."""
    return int(length / step + 1e-6) + 1


def _moving(table: Array, mine: NDArray[np.intp]) -> NDArray[np.intp]:
    """The readings of a path without those of a cart that stands."""
    moves = np.hypot(*np.diff(table[mine, :2], axis=0).T)
    kept: NDArray[np.intp] = mine[np.concatenate([[True], moves > STANDING])]
    return kept


def _directions(places: Array) -> tuple[int, NDArray[np.int8]]:
    """The bearing of the first track, of four, and which tracks run along it."""
    ends = np.array([track[np.isfinite(track[:, 0])][[0, -1]] for track in places])
    moves = ends[:, 1] - ends[:, 0]
    first = moves[0]
    bearing = int(round(float(np.degrees(np.arctan2(first[0], first[1]))) / 90) * 90 % 360)
    return bearing, np.sign(moves @ first).astype(np.int8)


def _between(places: Array, directions: NDArray[np.int8], step: float) -> float:
    """The usual distance between neighbouring traverses: of the middles, across the first track."""
    middles = np.array([np.nanmean(track, axis=0) for track in places])
    track = places[0][np.isfinite(places[0, :, 0])]
    along = track[-1] - track[0]
    across = (middles @ np.array([-along[1], along[0]])) / max(float(np.hypot(*along)), 1e-9)
    gaps = np.diff(np.sort(across))
    found = usual_step(gaps[gaps > STANDING])
    return round(found, 3) if found is not None and directions.size > 1 else step


def on_cells(survey: Survey) -> Survey:
    """A survey whose readings keep their own places, on square cells; others as they are.

    Do along traverses what is done along traverses first: cells have none.

    >>> survey = Survey(np.zeros((2, 8), np.float32), 1.0, 0.25)
    >>> on_cells(survey) is survey
    True
    """
    if survey.places is None:
        return survey
    table = np.column_stack([survey.places.reshape(-1, 2), survey.values.reshape(-1)])
    made = cells_of_points(
        Path(survey.source or "survey"), table, farthest=3 * max(survey.traverse_m, survey.reading_m)
    )
    return replace(
        made,
        crs=survey.crs,
        source=survey.source,
        instrument=survey.instrument,
        unit=survey.unit,
        history=survey.history,
        notes=survey.notes,
    )
