"""Training tiles from the forward model: each site with its own ground, instrument, walker and noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.forward.acquisition import Walk, walk
from vestige.survey.forward.gradiometer import Gradiometer
from vestige.survey.forward.kinds import GroundKind, draw_kind, log_uniform
from vestige.survey.forward.rings import random_ring
from vestige.survey.forward.shapes import GROUND_CLASSES
from vestige.survey.forward.site import Site, draw_site, field_of
from vestige.survey.gridding import Raster, interpolate
from vestige.survey.learning.augmentation import augment_ground
from vestige.survey.processing.steps import process
from vestige.survey.recipe import DatasetRecipe
from vestige.survey.traverses import Survey

__all__ = ["SitePriors", "Tile", "draw_priors", "simulate_tile"]

#: Ground (m) around a tile, so that its edge lies anywhere within the survey.
APRON = 8.0


@dataclass(frozen=True)
class SitePriors:
    """What the tiles of one site share. `bearing` is that of its first traverse: 90 or 0 degrees."""

    instrument: Gradiometer
    plan: Walk
    kind: GroundKind
    contrast: float
    iron_per_hectare: float
    furrows: bool
    bearing: int


@dataclass(frozen=True)
class Tile:
    """A tile as a survey would show it: `values` in nT, float32, NaN where not surveyed; `classes`, uint8:
    0 none of the labels, 1.. the recipe's labels in their order, then out of bounds.

    `ground` (uint8) is all that is known of each cell, as its place in ``GROUND_CLASSES``.
    """

    values: NDArray[np.float32]
    classes: NDArray[np.uint8]
    rings: int
    ground: NDArray[np.uint8]


def draw_priors(random: np.random.Generator, kinds: tuple[str, ...] = (), noise: float = 1.0) -> SitePriors:
    """Draw instrument, walking and ground of a site, as British and north-west European surveys have them.

    `kinds` are the kinds of ground to draw from (all where none is named); `noise` multiplies the
    instrument's noise, its stripes and the topsoil.

    >>> draw_priors(np.random.default_rng(0)).plan.grid in (20.0, 30.0, 40.0)
    True
    """
    sensor: Literal["fluxgate", "total-field"] = "total-field" if random.random() < 0.12 else "fluxgate"
    separation = float(random.choice([0.5, 1.0, 1.0, 0.65]))
    kind = draw_kind(random, kinds)
    low, high = kind.texture
    return SitePriors(
        instrument=Gradiometer(
            field=float(random.uniform(47500, 51000)),
            inclination=float(random.uniform(61, 73)),
            declination=float(random.uniform(-4, 6)),
            height=float(random.uniform(0.15, 0.6)),
            separation=0.65 if sensor == "total-field" else separation,
            sensor=sensor,
        ),
        plan=_plan(random, noise),
        kind=replace(kind, texture=(low * noise, high * noise)),
        contrast=log_uniform(random, kind.contrast),
        iron_per_hectare=log_uniform(random, kind.iron),
        furrows=bool(random.random() < kind.furrows),
        bearing=int(random.choice([90, 0])),
    )


def _plan(random: np.random.Generator, noise: float) -> Walk:
    """How a site is walked: some walk well, some badly, most in between."""
    intervals = [(1.0, 0.25), (1.0, 0.25), (0.5, 0.25), (0.5, 0.125), (1.0, 0.125), (0.5, 0.15)]
    traverse, reading = intervals[int(random.integers(len(intervals)))]
    stripes = noise * log_uniform(random, (0.04, 0.7))
    careless = float(random.random()) ** 2
    return Walk(
        traverse_interval=traverse,
        reading_interval=reading,
        grid=float(random.choice([20.0, 30.0, 40.0])),
        noise=noise * log_uniform(random, (0.05, 0.9)),
        stripes=stripes,
        grid_bias=0.5 * stripes,
        stagger=float(np.clip(random.normal(0, 0.05 + 0.25 * careless), -0.7, 0.7)),
        spikes=log_uniform(random, (2e-5, 6e-4)),
        missing=float(random.choice([0.0, 0.0, 0.0, 0.15])),
        colour=float(random.uniform(0.2, 0.9)),
        drift=noise * float(random.choice([0.0, 0.0, 0.4, 1.0])) * careless,
        sway=noise * float(random.choice([0.0, 0.0, 0.25, 0.6])) * careless,
        jitter=0.12 * careless,
        wander=0.1 * careless,
        holes=float(random.choice([0.0, 0.0, 0.0, 3.0, 15.0])),
    )


def simulate_tile(recipe: DatasetRecipe, seed: int, site: int, number: int, variant: int = 0) -> Tile:
    """One tile: ground, field, walk, then cleaned and gridded as `run` does it.

    Variant 0 is the tile of the dataset; any other is the same ground turned, mirrored and made stronger or
    weaker before its field is computed (`augment_ground`), and walked anew by the same walker.

    >>> tile = simulate_tile(DatasetRecipe(pixels=64), 0, 0, 0)
    >>> tile.values.shape, tile.classes.dtype.name
    ((64, 64), 'uint8')
    """
    kinds = tuple(recipe.kinds)
    priors = draw_priors(np.random.default_rng([seed, recipe.seed, site]), kinds, recipe.noise)
    random = np.random.default_rng([seed, recipe.seed, site, number])
    extent = recipe.pixels * recipe.cell + 2 * APRON
    ground = _ground(recipe, priors, extent, random)
    corner = np.array([APRON, APRON]) if recipe.centred else random.uniform(0, 2 * APRON, 2)
    if variant:
        random = np.random.default_rng([seed, recipe.seed, site, number, variant])
        ground = augment_ground(ground, random)
    made = field_of(ground, random)
    survey = _cleaned(made.field, ground.cell, priors, recipe, random)
    return _cut(survey, made.classes, corner, recipe, len(ground.rings), random)


def _ground(recipe: DatasetRecipe, priors: SitePriors, extent: float, random: np.random.Generator) -> Site:
    with_rings = recipe.centred or random.random() < recipe.ring_share
    count = 0 if recipe.centred or not with_rings else 1 + int(random.poisson((extent / 60) ** 2))
    drawn = draw_site(
        extent,
        extent,
        recipe.cell,
        priors.instrument,
        random,
        rings=count,
        kind=priors.kind,
        contrast=priors.contrast,
        iron=int(random.poisson(priors.iron_per_hectare * extent**2 / 1e4)),
        furrows=priors.furrows,
    )
    if not recipe.centred:
        return drawn
    ring = random_ring(extent / 2, extent / 2, float(random.uniform(10, 26)), random, priors.contrast)
    return replace(drawn, rings=(ring,))


def _cleaned(
    field: NDArray[np.float32],
    cell: float,
    priors: SitePriors,
    recipe: DatasetRecipe,
    random: np.random.Generator,
) -> Survey:
    """The field as it is walked, and as `run` cleans it."""
    plan = priors.plan
    turned = field if priors.bearing == 90 else np.ascontiguousarray(np.rot90(field, -1))
    recorded = walk(turned, cell, plan, random).recorded
    survey = Survey(
        recorded,
        plan.traverse_interval,
        plan.reading_interval,
        bearing=priors.bearing,
        grid=(round(plan.grid / plan.reading_interval), round(plan.grid / plan.traverse_interval)),
    ).placed(0.0, 0.0)
    return process(survey, recipe)[0]


def _cut(
    survey: Survey,
    ground: NDArray[np.uint8],
    corner: NDArray[np.floating[Any]],
    recipe: DatasetRecipe,
    rings: int,
    random: np.random.Generator,
) -> Tile:
    """The tile's cells out of the survey and out of the truth."""
    row, column = (int(place / recipe.cell) for place in corner)
    raster = Raster(column * recipe.cell, -row * recipe.cell, recipe.cell, recipe.pixels, recipe.pixels)
    values = interpolate(survey, raster, slice(0, recipe.pixels))
    names = ground[row : row + recipe.pixels, column : column + recipe.pixels]
    classes = np.zeros(names.shape, np.uint8)
    for number, label in enumerate(recipe.labels, 1):
        if label not in GROUND_CLASSES[1:]:
            raise UsageError(
                f"labels: {label!r} is nothing that simulated ground holds; expected some of "
                f"{', '.join(GROUND_CLASSES[1:])}"
            )
        classes[names == GROUND_CLASSES.index(label)] = number
    if recipe.label_error:
        classes = _sloppy(classes, recipe.label_error / recipe.cell, random)
    classes[~np.isfinite(values)] = len(recipe.labels) + 1
    return Tile(values, classes, rings, names)


def _sloppy(classes: NDArray[np.uint8], error: float, random: np.random.Generator) -> NDArray[np.uint8]:
    """Labels as a hurried hand draws them: `error` pixels too wide, and shifted by as much some way."""
    import cv2

    angle = random.uniform(0, 2 * np.pi)
    size = 2 * round(error) + 1
    wide = cv2.dilate(classes, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    move = np.array([[1, 0, error * np.cos(angle)], [0, 1, error * np.sin(angle)]], np.float32)
    height, width = classes.shape
    moved = cv2.warpAffine(wide, move, (width, height), flags=cv2.INTER_NEAREST)
    return np.asarray(moved, np.uint8)
