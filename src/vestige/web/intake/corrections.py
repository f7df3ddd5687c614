"""Corrections: what a person changed in the table of frames, and series filled in at once."""

from __future__ import annotations

import re

from vestige.errors import UsageError
from vestige.web.bodies import Answers
from vestige.web.intake.proposal import ROLES, Proposal, Row, coordinate
from vestige.web.intake.tray import Said, TrayState

_AXIS = re.compile(r"[a-z][a-z0-9_]{0,39}")


def corrected(found: Proposal, state: TrayState, answers: Answers) -> dict[str, Said]:
    """What is said of each frame, with what a form says of the frames that it shows.

    Raises
    ------
    UsageError, InputError
        where an axis or a value cannot be.
    """
    said = dict(state.said)
    for row in found.rows:
        if f"role.{row.number}" in answers:
            said[row.frame.file] = _of_row(row, said.get(row.frame.file, Said()), answers)
    if answers.one("series.axis"):
        said = _series(found, said, answers)
    return {file: one for file, one in said.items() if one != Said()}


def _of_row(row: Row, before: Said, answers: Answers) -> Said:
    told = dict(before.coordinates)
    for name in answers:
        axis, _, number = name.partition("@")
        if number != str(row.number) or not _AXIS.fullmatch(axis):
            continue
        text = answers.one(name)[:100]
        if text != row.values.get(axis, ""):
            coordinate(axis, text)
            told[axis] = text
    role = answers.one(f"role.{row.number}")
    return Said(
        role=role if role in ROLES and (role != row.frame.role or before.role) else before.role,
        coordinates=told,
        left_out=answers.one(f"out.{row.number}") == "yes",
    )


def _series(found: Proposal, said: dict[str, Said], answers: Answers) -> dict[str, Said]:
    """Fill an axis with evenly spaced values, in the order of the frames of the object."""
    axis = answers.one("series.axis").lower()
    if not _AXIS.fullmatch(axis):
        raise UsageError(f"'{axis[:40]}' is no name of an axis: letters, digits and _")
    try:
        start, step = (float(answers.one(f"series.{name}").replace(",", ".")) for name in ("start", "step"))
    except ValueError:
        raise UsageError("a series needs two numbers: where it begins, and its step") from None
    frames = [row for row in found.rows if row.frame.role == "object" and not row.left_out]
    for number, row in enumerate(frames):
        text = f"{start + number * step:.10g}"
        coordinate(axis, text)
        before = said.get(row.frame.file, Said())
        said[row.frame.file] = before.model_copy(update={"coordinates": {**before.coordinates, axis: text}})
    return said
