"""The list of named steps: what each does, how far it looks, and the chain over a survey of any length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from vestige.survey.processing import destagger as _destagger
from vestige.survey.processing import edge_match as _edge_match
from vestige.survey.processing import gaussian, wavenumber
from vestige.survey.processing.clip import clip
from vestige.survey.processing.despike import despike
from vestige.survey.processing.destripe import destripe
from vestige.survey.processing.drift import remove_drift
from vestige.survey.processing.interpolation import close_gaps
from vestige.survey.processing.layout import grid_rows
from vestige.survey.processing.potential_field import (
    analytic_signal,
    reduction_to_pole,
    upward_continuation,
)
from vestige.survey.processing.zero_traverse import zero_mean_traverse, zero_median_traverse
from vestige.survey.recipe import CleaningRecipe
from vestige.survey.traverses import Survey, Values

__all__ = ["STEPS", "Look", "Removed", "Step", "process", "process_rows", "reach"]

#: Readings worked at a time.
READINGS_AT_ONCE = 500_000

Look = Callable[[str, Values], None]


@dataclass(frozen=True)
class Step:
    """One step: readings to readings, with the traverses that it must see around those it works on.

    Parameters
    ----------
    run : the step itself.
    walked : whether it is about traverses as they were walked; a grid made elsewhere is passed over.
    reach : traverses before and after that have a say.
    align : traverses that are worked together; parts begin at multiples of them, and `reach` counts them.
    """

    run: Callable[[Survey, CleaningRecipe], Values]
    walked: bool = False
    reach: Callable[[Survey, CleaningRecipe], int] = lambda survey, recipe: 0
    align: Callable[[Survey], int] = lambda survey: 1


@dataclass(frozen=True)
class Removed:
    """What one step took away: its name, the rms of before less after (nT), and the readings changed."""

    step: str
    rms_nt: float
    readings: int


def _grids(count: int) -> Callable[[Survey, CleaningRecipe], int]:
    return lambda survey, recipe: count * grid_rows(survey)


def _tiles(survey: Survey, recipe: CleaningRecipe) -> int:
    return wavenumber.reach_rows(survey) + wavenumber.core_rows(survey)


#: Every step by its name, in the order in which they are commonly done.
STEPS: Mapping[str, Step] = {
    "despike": Step(lambda survey, recipe: despike(survey.values, threshold=recipe.despike_threshold)),
    "interpolate": Step(lambda survey, recipe: close_gaps(survey, longest=recipe.gap)),
    "drift": Step(lambda survey, recipe: remove_drift(survey), walked=True),
    "zero-mean-traverse": Step(
        lambda survey, recipe: zero_mean_traverse(survey, threshold=recipe.traverse_threshold), walked=True
    ),
    "zero-median-traverse": Step(
        lambda survey, recipe: zero_median_traverse(survey, threshold=recipe.traverse_threshold), walked=True
    ),
    "destagger": Step(
        lambda survey, recipe: _destagger.destagger(survey, stagger=recipe.stagger),
        walked=True,
        reach=_grids(_destagger.AROUND + 1),
        align=grid_rows,
    ),
    "edge-match": Step(
        lambda survey, recipe: _edge_match.edge_match(survey),
        walked=True,
        reach=_grids(_edge_match.REACH + 1),
        align=grid_rows,
    ),
    "destripe": Step(lambda survey, recipe: destripe(survey), walked=True, reach=_grids(2), align=grid_rows),
    "clip": Step(lambda survey, recipe: clip(survey.values, recipe.clip)),
    "low-pass": Step(
        lambda survey, recipe: gaussian.low_pass(survey, radius=recipe.low_pass),
        reach=lambda survey, recipe: math.ceil(gaussian.REACH * recipe.low_pass / survey.traverse_m),
    ),
    "high-pass": Step(
        lambda survey, recipe: gaussian.high_pass(survey, radius=recipe.high_pass),
        reach=lambda survey, recipe: math.ceil(gaussian.REACH * recipe.high_pass / survey.traverse_m),
    ),
    "reduction-to-pole": Step(
        lambda survey, recipe: reduction_to_pole(
            survey,
            inclination=recipe.inclination,
            declination=recipe.declination,
            sensor=recipe.sensor,
        ),
        reach=_tiles,
        align=wavenumber.core_rows,
    ),
    "upward-continuation": Step(
        lambda survey, recipe: upward_continuation(survey, height=recipe.continuation),
        reach=_tiles,
        align=wavenumber.core_rows,
    ),
    "analytic-signal": Step(
        lambda survey, recipe: analytic_signal(survey), reach=_tiles, align=wavenumber.core_rows
    ),
}


def process(
    survey: Survey, recipe: CleaningRecipe, *, look: Look | None = None
) -> tuple[Survey, list[Removed]]:
    """The survey after every step of `recipe.steps`, and what each removed.

    Steps about traverses pass over a survey that was not read as it was walked, unless the recipe says
    `as_walked`. `look` is given each step's name and what it removed (before less after, nT, as `values`).

    >>> from vestige.survey.recipe import RunRecipe
    >>> striped = np.zeros((4, 80), np.float32) + np.float32([[0], [2], [0], [2]])
    >>> cleaned, removed = process(Survey(striped, 1.0, 0.25), RunRecipe(steps=["zero-median-traverse"]))
    >>> float(abs(cleaned.values).max()), removed[0].step, round(removed[0].rms_nt, 2)
    (0.0, 'zero-median-traverse', 1.41)
    """
    told = []
    for name in recipe.steps:
        if not _applies(STEPS[name], survey, recipe):
            continue
        after = _in_strips(STEPS[name], survey, recipe)
        removed = survey.values - after
        changed = int((np.nan_to_num(removed) != 0).sum())
        power = float(np.nansum(np.square(removed, dtype=np.float64)))
        told.append(Removed(name, math.sqrt(power / max(int(np.isfinite(removed).sum()), 1)), changed))
        if look is not None:
            look(name, removed)
        survey = survey.with_values(after)
    return survey, told


def process_rows(survey: Survey, recipe: CleaningRecipe, rows: slice) -> Values:
    """Some traverses of what `process` gives, bit for bit, from these and the traverses within `reach`.

    For a survey that is still being walked: traverses that have `reach` others after them are final.

    >>> from vestige.survey.recipe import RunRecipe
    >>> values = np.random.default_rng(0).normal(size=(400, 80)).astype(np.float32)
    >>> survey, recipe = Survey(values, 1.0, 0.25), RunRecipe()
    >>> some = process_rows(survey, recipe, slice(100, 120))
    >>> bool(np.array_equal(some, process(survey, recipe)[0].values[100:120]))
    True
    """
    used = [STEPS[name] for name in recipe.steps if _applies(STEPS[name], survey, recipe)]
    align = math.lcm(*(step.align(survey) for step in used))
    far = reach(survey, recipe)
    first = max(0, rows.start - far) // align * align
    part = survey.with_values(survey.values[first : -(-rows.stop // align) * align + far])
    return process(part, recipe)[0].values[rows.start - first : rows.stop - first]


def reach(survey: Survey, recipe: CleaningRecipe) -> int:
    """Traverses before and after one that have a say in how it is processed.

    >>> from vestige.survey.recipe import RunRecipe
    >>> reach(Survey(np.zeros((4, 8), np.float32), 1.0, 0.25), RunRecipe(steps=["despike", "clip"]))
    0
    """
    used = [STEPS[name] for name in recipe.steps if _applies(STEPS[name], survey, recipe)]
    return sum(step.reach(survey, recipe) for step in used)


def _applies(step: Step, survey: Survey, recipe: CleaningRecipe) -> bool:
    return not step.walked or survey.walked or recipe.as_walked


def _in_strips(step: Step, survey: Survey, recipe: CleaningRecipe) -> Values:
    """The step over the survey, strip by strip with what it must see around each."""
    rows, readings = survey.values.shape
    align, far = step.align(survey), step.reach(survey, recipe)
    height = max(align, READINGS_AT_ONCE // max(readings, 1) // align * align, far // align * align)
    after = np.empty_like(survey.values)
    for first in range(0, rows, height):
        begin = max(0, first - far) // align * align
        last = min(first + height, rows)
        strip = replace(survey, values=survey.values[begin : last + far])
        after[first:last] = step.run(strip, recipe)[first - begin : last - begin]
    return after
