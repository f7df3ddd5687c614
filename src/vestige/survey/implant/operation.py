"""The operation `implant`: how strong must a ring be to be found in this survey?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import UsageError
from vestige.survey.cleaned import as_cleaned, as_recorded, pieces_of
from vestige.survey.forward.gradiometer import Gradiometer
from vestige.survey.forward.strength import noise_of
from vestige.survey.gridding import Raster, raster_of
from vestige.survey.implant.finding import Found, find, gridded, is_followed, match
from vestige.survey.implant.placing import Implant, implanted, place_rings, ring_of
from vestige.survey.implant.recall import Trial, recall_of, sentences, table_of, trials_of
from vestige.survey.mapping.features import Feature
from vestige.survey.mapping.model import FeatureModel, load_model, shipped_model
from vestige.survey.readers.reading import read_survey
from vestige.survey.recipe import ImplantRecipe
from vestige.survey.traverses import Survey, Values

__all__ = ["implant"]

#: Strengths tried where none are named, as multiples of the least.
LADDER = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
#: Rounds after which the rings that found no room are given up.
ROUNDS = 40
#: From this strength over the noise on a ring counts as strong (less a hair, for rounding).
STRONG = 2 - 1e-6
#: Cells about a feature found before where no ring is laid.
CLEARANCE_M = 3.0


@dataclass(frozen=True)
class _Ground:
    """The survey as it is: what was read, how it is cleaned, what is found before anything is laid in it."""

    surveys: list[Survey]
    recipe: ImplantRecipe
    frames: list[dict[str, Any]]
    clean: bool
    raster: Raster
    model: FeatureModel
    memory: int

    def grid(self, surveys: list[Survey]) -> Values:
        """The readings, cleaned as `run` does it unless the grid was clean already, on the raster."""
        surveys = as_cleaned(pieces_of(surveys, self.frames, self.recipe)) if self.clean else surveys
        return gridded(surveys, self.raster)

    def found(self, grid: Values) -> Found:
        """What the model finds on a grid."""
        return find(
            grid,
            self.raster,
            self.model,
            self.memory,
            minimum_area=self.recipe.minimum_area,
            minimum_confidence=self.recipe.minimum_confidence,
        )


def implant(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Lay simulated rings into a survey, round by round, and count how many the model finds."""
    chosen = ImplantRecipe.model_validate(recipe.model_dump())
    ground = _ground(inputs, chosen, context)
    before_grid = ground.grid(ground.surveys)
    before = ground.found(before_grid)
    noise = noise_of(before_grid)
    waiting = _rings(chosen, noise, context)
    free = np.isfinite(before_grid) & ~_widened(before.cells, ground.raster)
    trials: list[Trial] = []
    shown: tuple[Values, Found, list[Trial]] | None = None
    for number in range(ROUNDS):
        if not waiting:
            break
        placed, waiting = place_rings(waiting, free, ground.raster, context.random(2, number))
        if not placed:
            break
        context.check()
        context.progress(len(trials), len(trials) + len(waiting) + len(placed), "rings")
        grid, found, made = _round(ground, placed, number, noise)
        trials += made
        shown = shown or (grid, found, made)
    if waiting:
        context.warn(f"{len(waiting)} rings found no room on the ground that was surveyed and were left out")
    return _outcome(ground, before_grid, before, noise, trials, shown, context)


def _ground(inputs: Inputs, recipe: ImplantRecipe, context: Context) -> _Ground:
    model = inputs.product("model")
    loaded = load_model(model.path if model else shipped_model(), cores=context.budget.cores)
    grid = inputs.product("grid")
    if grid is not None:
        surveys, frames = [read_survey(grid.path)], [{"frame": grid.path.name}]
    elif inputs.captures():
        surveys, frames = as_recorded(inputs.captures(), recipe, context)
    else:
        raise UsageError("implant needs a capture or a grid: name one")
    raster = raster_of(surveys, loaded.pixel_m)
    return _Ground(surveys, recipe, frames, grid is None, raster, loaded, context.budget.working() // 2)


def _rings(recipe: ImplantRecipe, noise: float, context: Context) -> list[Implant]:
    """Rings of every size and strength in turn, until there are as many as asked for."""
    if not recipe.strengths and not noise:
        raise UsageError("this survey has no noise to measure strengths by: name the strengths")
    strengths = recipe.strengths or [step * recipe.least_snr * noise for step in LADDER]
    instrument = _instrument(recipe)
    pairs = [(size, strength) for strength in strengths for size in recipe.diameters]
    return [
        ring_of(*pairs[number % len(pairs)], instrument, context.random(1, number))
        for number in range(recipe.rings)
    ]


def _instrument(recipe: ImplantRecipe) -> Gradiometer:
    return Gradiometer(
        recipe.field,
        recipe.inclination,
        recipe.declination,
        recipe.sensor_height,
        recipe.separation,
        recipe.sensor,
    )


def _round(
    ground: _Ground, placed: list[Implant], number: int, noise: float
) -> tuple[Values, Found, list[Trial]]:
    instrument = _instrument(ground.recipe)
    grid = ground.grid([implanted(survey, placed, instrument) for survey in ground.surveys])
    found = ground.found(grid)
    trials = []
    for one in placed:
        snr = one.strength / noise if noise else float("inf")
        followed = is_followed(one, found.cells, ground.raster)
        trials.append(Trial(one, one.ring.diameter, snr, number, match(one.ring, found.rings), followed))
    return grid, found, trials


def _widened(cells: NDArray[np.bool_], raster: Raster) -> NDArray[np.bool_]:
    import cv2

    size = 2 * round(CLEARANCE_M / raster.cell) + 1
    return cv2.dilate(cells.astype(np.uint8), np.ones((size, size), np.uint8)) > 0


def _outcome(
    ground: _Ground,
    before_grid: Values,
    before: Found,
    noise: float,
    trials: list[Trial],
    shown: tuple[Values, Found, list[Trial]] | None,
    context: Context,
) -> Outcome:
    table, rings = context.output / "recall.csv", context.output / "implants.csv"
    write_atomically(table, table_of(trials, noise).encode())
    write_atomically(rings, trials_of(trials).encode())
    hectares = float(np.isfinite(before_grid).sum()) * ground.raster.cell**2 / 1e4
    strong = [trial for trial in trials if trial.snr >= STRONG]
    told = sentences(trials, noise)
    measured = {
        "answer": " ".join(told),
        "noise_nt": round(noise, 4),
        "surveyed_ha": round(hectares, 4),
        "features_before": len(before.features),
        "rings_before": len(before.rings),
        "rings_before_per_5_ha": round(5 * len(before.rings) / hectares, 3) if hectares else None,
        "rings": len(trials),
        "recall": round(recall_of(trials), 4) if trials else None,
        "rings_snr_2": len(strong),
        "recall_snr_2": round(recall_of(strong), 4) if strong else None,
        "followed_snr_2": round(sum(one.followed for one in strong) / len(strong), 4) if strong else None,
        "seed": context.seed,
    }
    pictures = [_picture(ground.raster, shown)] if shown else []
    return Outcome(
        [
            Product("recall", Kind.TABLE, table, {"noise_nt": noise}),
            Product("implants", Kind.TABLE, rings, {"crs": ground.raster.crs}),
        ],
        measured,
        pictures,
        ground.frames,
        tables={"Rings found before any was laid in": [_row(one) for one in before.rings]},
    )


def _row(ring: Feature) -> dict[str, Any]:
    """A ring that was found, for the report."""
    return {
        "centre_e": f"{ring.centre[0]:.2f}",
        "centre_n": f"{ring.centre[1]:.2f}",
        "diameter_m": ring.diameter,
        "complete": ring.complete,
        "confidence": ring.confidence,
        "peak_nt": ring.peak,
    }


def _picture(raster: Raster, shown: tuple[Values, Found, list[Trial]]) -> Picture:
    """The grid of the first round, with rings found in green and rings missed in red."""
    import cv2

    from vestige.survey.pictures import class_picture, shrunk

    grid, found, trials = shown
    factor = max(1, -(-max(grid.shape) // 1200))
    picture = class_picture(shrunk(grid, factor), shrunk(found.cells.astype(np.float32), factor))
    picture = np.ascontiguousarray(picture)
    for trial in trials:
        ring = trial.implant.ring
        centre = (
            round((ring.east - raster.west) / raster.cell / factor),
            round((raster.north - ring.north) / raster.cell / factor),
        )
        radius = round((ring.diameter / 2 + 2.5) / raster.cell / factor)
        cv2.circle(picture, centre, radius, (20, 140, 60) if trial.found else (200, 30, 40), 2, cv2.LINE_AA)
    caption = f"{sum(trial.found for trial in trials)} of {len(trials)} rings found (green); red: missed"
    return Picture("Rings laid into the survey, first round", picture, caption)
