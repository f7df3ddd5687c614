"""The readings of captures, and the same cleaned: as `run` does both, for all who must see what it sees."""

from __future__ import annotations

from typing import Any

from vestige.capture import Capture
from vestige.contract import Context
from vestige.survey.pipeline import _clean
from vestige.survey.readers.carts import on_cells
from vestige.survey.readers.composites import composites
from vestige.survey.readers.gathering import Reading, gather
from vestige.survey.recipe import CleaningRecipe, ReadingRecipe
from vestige.survey.traverses import Survey

__all__ = ["as_cleaned", "as_recorded"]


def as_recorded(
    captures: list[Capture], recipe: ReadingRecipe, context: Context
) -> tuple[list[Survey], list[dict[str, Any]]]:
    """The surveys of all data files, placed, and a row of the report for each.

    Raises
    ------
    InputError : no file can be read.
    """
    return gather(captures, Reading(recipe.column, recipe.crs, recipe.dummy_value), context)


def as_cleaned(surveys: list[Survey], frames: list[dict[str, Any]], recipe: CleaningRecipe) -> list[Survey]:
    """The surveys as the recipe cleans them, each with the settings of its own frame."""
    cleaned = [
        _clean(survey, recipe.for_frame(row["frame"]), dict(row))
        for survey, row in zip(surveys, frames, strict=True)
    ]
    return composites([on_cells(survey) for survey in cleaned])
