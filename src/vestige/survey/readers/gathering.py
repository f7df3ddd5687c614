"""All data files of the captures, read and laid out on one map."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vestige.capture import Capture, Frame
from vestige.contract import Context
from vestige.errors import InputError
from vestige.survey.readers.coordinates import check_place, one_system
from vestige.survey.readers.reading import data_frames, read_survey
from vestige.survey.traverses import Survey

__all__ = ["Reading", "gather"]

#: Between files that say nothing of their place (m).
APART = 10.0


@dataclass(frozen=True)
class Reading:
    """How files are read: the column of the gradient, the reference system, and a dummy of their own.

    >>> Reading().crs
    ''
    """

    column: str = ""
    crs: str = ""
    dummy: float | None = None


def gather(
    captures: list[Capture], how: Reading, context: Context
) -> tuple[list[Survey], list[dict[str, Any]]]:
    """The surveys of all data files that can be read, and a row of the report for each.

    A file that cannot be read is named in a warning and left out; what is odd about a file is a warning too.

    Raises
    ------
    InputError : no file can be read, or they are in different reference systems.
    """
    surveys: list[Survey] = []
    rows: list[dict[str, Any]] = []
    problem: InputError | None = None
    files = [(capture, frame) for capture in captures for frame in data_frames(capture)]
    for capture, frame in context.track(files, "reading"):
        path = capture.path(frame)
        try:
            survey = _placed(read_survey(path, column=how.column, dummy=how.dummy), capture, frame, how.crs)
        except InputError as error:
            problem = problem or error
            context.warn(str(error))
            continue
        for note in survey.notes:
            context.warn(note)
        surveys.append(replace(survey, source=survey.source or path.stem))
        rows.append(_row(frame, survey))
    if problem is not None and not surveys:
        raise problem
    surveys = _laid_out(surveys, context)
    _warn_of_same_ground(surveys, [row["frame"] for row in rows], context)
    return surveys, rows


def _row(frame: Frame, survey: Survey) -> dict[str, Any]:
    """What the report tells of a file."""
    told = {
        "frame": frame.file,
        "instrument": survey.instrument,
        "traverses": survey.values.shape[0],
        "readings_a_traverse": survey.values.shape[1],
        "traverse_m": survey.traverse_m,
        "reading_m": survey.reading_m,
        "surveyed_share": round(float(np.isfinite(survey.values).mean()), 4),
        "crs": survey.crs,
        "pattern": survey.pattern,
    }
    if survey.sensors is not None:
        told["probes"] = int(np.unique(survey.sensors).size)
    return told


def _placed(survey: Survey, capture: Capture, frame: Frame, asked: str) -> Survey:
    """The survey at the place and in the reference system that the capture or the recipe name."""
    path = capture.path(frame)
    if "easting" in frame.coordinates and "northing" in frame.coordinates:
        survey = survey.placed(frame.number("easting"), frame.number("northing"))
    told = survey.crs or ("" if asked else str(capture.settings.get("crs", "")))
    survey = replace(survey, crs=one_system(path, told, asked))
    if survey.crs and not _lost(survey):
        height, width = survey.extent
        check_place(path, survey.west + width / 2, survey.north - height / 2, survey.crs)
    return survey


def _lost(survey: Survey) -> bool:
    """Whether the file said nothing of its place: it lies with a corner at the origin."""
    return survey.west == 0 and survey.north in (0.0, survey.extent[0])


def _warn_of_same_ground(surveys: list[Survey], names: list[str], context: Context) -> None:
    """Say it where two files cover just the same ground: grids in local coordinates of their own do."""
    seen: dict[tuple[float, ...], str] = {}
    for survey, name in zip(surveys, names, strict=True):
        ground = tuple(round(side, 1) for side in (survey.west, survey.north, *survey.extent))
        if ground in seen:
            context.warn(
                f"{name} covers just the ground of {seen[ground]}, and only the later one is seen: "
                "give each an easting and northing (of its north-west corner) in coordinates.csv"
            )
            return
        seen[ground] = name


def _laid_out(surveys: list[Survey], context: Context) -> list[Survey]:
    """Surveys without a place, side by side: several composites of one folder would else cover one
    another.
    """
    lost = [survey for survey in surveys if not survey.crs and _lost(survey)]
    if len(lost) < 2:
        return surveys
    context.warn(
        f"{len(lost)} files say nothing of their place and are laid side by side: "
        "give each an easting and northing (of its north-west corner) in coordinates.csv"
    )
    east, placed = 0.0, []
    for survey in surveys:
        if any(survey is one for one in lost):
            placed.append(survey.placed(east, survey.north))
            east += survey.extent[1] + APART
        else:
            placed.append(survey)
    return placed
