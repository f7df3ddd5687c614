"""The readings of captures, and the same cleaned: as `run` does both, for all who must see what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vestige.capture import Capture
from vestige.contract import Context
from vestige.survey.processing.layout import spread
from vestige.survey.processing.removed import Removals
from vestige.survey.processing.steps import process
from vestige.survey.readers.carts import on_cells
from vestige.survey.readers.composites import composites, joined_grids
from vestige.survey.readers.gathering import Reading, gather
from vestige.survey.recipe import CleaningRecipe, ReadingRecipe
from vestige.survey.streaming.gathering import gathered
from vestige.survey.traverses import Survey

__all__ = ["Piece", "as_cleaned", "as_recorded", "pieces_of"]

#: What is done along the tracks of a cart before its readings are laid on cells, and by which step: probes on
#: a track that bends have no neighbour reading by reading.
ALONG_TRACKS = {
    name: name for name in ("despike", "interpolate", "drift", "zero-mean-traverse", "zero-median-traverse")
} | {"destripe": "zero-median-traverse"}
#: What needs neighbours on a lattice and has no meaning for a cart.
ON_LATTICE_ONLY = frozenset({"destagger", "edge-match"})


@dataclass(frozen=True)
class Piece:
    """A survey that is cleaned by itself, its recipe, and the rows of the report that tell of it."""

    survey: Survey
    recipe: CleaningRecipe
    rows: list[dict[str, Any]]


def as_recorded(
    captures: list[Capture], recipe: ReadingRecipe, context: Context
) -> tuple[list[Survey], list[dict[str, Any]]]:
    """The surveys of all data files, placed, and a row of the report for each.

    Raises
    ------
    InputError : no file can be read.
    """
    captures = [gathered(one, context.workspace / f"lines-{n}") for n, one in enumerate(captures)]
    return gather(captures, Reading(recipe.column, recipe.crs, recipe.dummy_value), context)


def pieces_of(
    surveys: Sequence[Survey], frames: Sequence[dict[str, Any]], recipe: CleaningRecipe
) -> list[Piece]:
    """What is cleaned together: files of single grids that stand in rows and columns are one survey, so that
    their edges can be matched; a file with settings of its own is cleaned by itself.
    """
    recipes = [recipe.for_frame(row["frame"]) for row in frames]
    alike: dict[str, list[int]] = {}
    for number, one in enumerate(recipes):
        alike.setdefault(one.model_dump_json(), []).append(number)
    found: dict[int, Piece] = {}
    for numbers in alike.values():
        for survey, members in joined_grids([surveys[number] for number in numbers]):
            first = numbers[members[0]]
            found[first] = Piece(survey, recipes[first], [frames[numbers[member]] for member in members])
    return [found[number] for number in sorted(found)]


def as_cleaned(pieces: Sequence[Piece], removals: Removals | None = None) -> list[Survey]:
    """The surveys as their recipes clean them, on cells; what each step removed goes into their rows."""
    cleaned = [
        _of_a_cart(piece) if piece.survey.places is not None else _on_a_lattice(number, piece, removals)
        for number, piece in enumerate(pieces)
    ]
    return composites(cleaned)


def _on_a_lattice(number: int, piece: Piece, removals: Removals | None) -> Survey:
    look = removals.of(number, piece.survey) if removals else None
    survey, removed = process(piece.survey, piece.recipe, look=look)
    _tell(piece, survey, {one.step: one.rms_nt for one in removed})
    return survey


def _of_a_cart(piece: Piece) -> Survey:
    """Levels and spikes along each probe's track, then cells, then what filters a field."""
    wanted = [name for name in piece.recipe.steps if name not in ON_LATTICE_ONLY]
    along = [ALONG_TRACKS[name] for name in wanted if name in ALONG_TRACKS]
    after = [name for name in wanted if name not in ALONG_TRACKS]
    survey, first = process(piece.survey, piece.recipe.model_copy(update={"steps": along}))
    survey, second = process(on_cells(survey), piece.recipe.model_copy(update={"steps": after}))
    _tell(piece, survey, {one.step: one.rms_nt for one in (*first, *second)})
    return survey


def _tell(piece: Piece, cleaned: Survey, removed: dict[str, float]) -> None:
    for row in piece.rows:
        row["steps"] = ", ".join(removed)
        row.update({f"{step.replace('-', '_')}_nt": round(rms, 4) for step, rms in removed.items()})
        row["noise_nt"] = round(spread(cleaned.values), 4)
