"""Training tiles from the forward model: each site with its own ground, instrument, walker and noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.survey.forward.acquisition import Walk, walk
from vestige.survey.forward.gradiometer import Gradiometer
from vestige.survey.forward.ground import random_ring
from vestige.survey.forward.site import anomaly, draw_site
from vestige.survey.gridding import Raster, interpolate
from vestige.survey.processing.steps import process
from vestige.survey.recipe import DatasetRecipe
from vestige.survey.traverses import Survey

__all__ = ["SitePriors", "Tile", "draw_priors", "simulate_tile"]

#: Ground (m) around a tile, so that its edge lies anywhere within the survey.
APRON = 8.0


@dataclass(frozen=True)
class SitePriors:
    """What the tiles of one site share."""

    instrument: Gradiometer
    plan: Walk
    contrast: float
    iron_per_hectare: float
    furrows: bool


@dataclass(frozen=True)
class Tile:
    """A tile as a survey would show it: `values` in nT, float32, NaN where not surveyed; `classes`, uint8."""

    values: NDArray[np.float32]
    classes: NDArray[np.uint8]
    rings: int


def draw_priors(random: np.random.Generator) -> SitePriors:
    """Draw instrument, walking and ground of a site, as British and north-west European surveys have them.

    >>> draw_priors(np.random.default_rng(0)).plan.grid in (20.0, 30.0, 40.0)
    True
    """
    sensor: Literal["fluxgate", "total-field"] = "total-field" if random.random() < 0.12 else "fluxgate"
    separation = float(random.choice([0.5, 1.0, 1.0, 0.65]))
    intervals = [(1.0, 0.25), (1.0, 0.25), (0.5, 0.25), (0.5, 0.125), (1.0, 0.125)][int(random.integers(5))]
    stripes = float(np.exp(random.uniform(np.log(0.08), np.log(0.6))))
    return SitePriors(
        instrument=Gradiometer(
            field=float(random.uniform(48000, 51000)),
            inclination=float(random.uniform(63, 72)),
            declination=float(random.uniform(-4, 4)),
            height=float(random.uniform(0.15, 0.5)),
            separation=0.65 if sensor == "total-field" else separation,
            sensor=sensor,
        ),
        plan=Walk(
            traverse_interval=intervals[0],
            reading_interval=intervals[1],
            grid=float(random.choice([20.0, 30.0, 40.0])),
            noise=float(np.exp(random.uniform(np.log(0.08), np.log(0.8)))),
            stripes=stripes,
            grid_bias=0.5 * stripes,
            stagger=float(np.clip(random.normal(0, 0.12), -0.4, 0.4)),
            missing=float(random.choice([0.0, 0.0, 0.0, 0.15])),
        ),
        contrast=float(np.clip(np.exp(random.normal(0.1, 0.45)), 0.55, 3.0)),
        iron_per_hectare=float(np.exp(random.uniform(np.log(3), np.log(300)))),
        furrows=bool(random.random() < 0.6),
    )


def simulate_tile(recipe: DatasetRecipe, seed: int, site: int, number: int) -> Tile:
    """One tile: ground, field, walk, then cleaned and gridded as `run` does it.

    >>> tile = simulate_tile(DatasetRecipe(pixels=64), 0, 0, 0)
    >>> tile.values.shape, tile.classes.dtype.name
    ((64, 64), 'uint8')
    """
    priors = draw_priors(np.random.default_rng([seed, recipe.seed, site]))
    random = np.random.default_rng([seed, recipe.seed, site, number])
    extent = recipe.pixels * recipe.cell + 2 * APRON
    with_rings = recipe.centred or random.random() < recipe.ring_share
    ground = draw_site(
        extent,
        extent,
        recipe.cell,
        priors.instrument,
        random,
        rings=_ring_count(recipe, extent, random) if with_rings else 0,
        contrast=priors.contrast,
        iron=int(random.poisson(priors.iron_per_hectare * extent**2 / 1e4)),
        furrows=priors.furrows,
        texture=(1.5e-5, 2.5e-4),
    )
    corner = np.array([APRON, APRON]) if recipe.centred else random.uniform(0, 2 * APRON, 2)
    if recipe.centred:
        diameter = float(random.uniform(10, 26))
        ring = random_ring(extent / 2, extent / 2, diameter, random, priors.contrast)
        ground = replace(ground, rings=(ring,))
    field, feature = anomaly(ground, random)
    walked = walk(field, recipe.cell, priors.plan, random)
    survey = _cleaned(walked.recorded, priors.plan, recipe)
    return _cut(survey, feature, corner, recipe, len(ground.rings))


def _ring_count(recipe: DatasetRecipe, extent: float, random: np.random.Generator) -> int:
    return 0 if recipe.centred else 1 + int(random.poisson((extent / 60) ** 2))


def _cleaned(recorded: NDArray[np.float32], plan: Walk, recipe: DatasetRecipe) -> Survey:
    """The survey as `run` cleans it."""
    survey = Survey(
        recorded,
        plan.traverse_interval,
        plan.reading_interval,
        grid=(round(plan.grid / plan.reading_interval), round(plan.grid / plan.traverse_interval)),
    ).placed(0.0, 0.0)
    return process(survey, recipe)[0]


def _cut(
    survey: Survey,
    feature: NDArray[np.bool_],
    corner: NDArray[np.floating[Any]],
    recipe: DatasetRecipe,
    rings: int,
) -> Tile:
    """The tile's cells out of the survey and out of the truth."""
    row, column = (int(place / recipe.cell) for place in corner)
    raster = Raster(column * recipe.cell, -row * recipe.cell, recipe.cell, recipe.pixels, recipe.pixels)
    values = interpolate(survey, raster, slice(0, recipe.pixels))
    classes = feature[row : row + recipe.pixels, column : column + recipe.pixels].astype(np.uint8)
    classes[~np.isfinite(values)] = 2
    return Tile(values, classes, rings)
