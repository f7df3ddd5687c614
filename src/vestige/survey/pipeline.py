"""From survey data files to products: read, clean, grid, predict, draw polygons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import UsageError
from vestige.survey.cleaned import as_cleaned, as_recorded, pieces_of
from vestige.survey.geotiff import BLOCK, cloud_optimised, raster_writer
from vestige.survey.gridding import Raster, interpolate, raster_of
from vestige.survey.mapping.deposit import Deposit, write_deposit
from vestige.survey.mapping.model import model_of
from vestige.survey.mapping.products import map_grid
from vestige.survey.mapping.source import grid_raster, lay_grid
from vestige.survey.processing.removed import Removals
from vestige.survey.readers.carts import on_cells
from vestige.survey.readers.composites import composites
from vestige.survey.recipe import ArchiveRecipe, PredictRecipe, RunRecipe
from vestige.survey.traverses import Survey

__all__ = ["predict", "run"]

#: Megabytes that GDAL may keep of files that it reads and writes.
GDAL_CACHE = 48


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Readings to a cleaned grid, classes, confidence and polygons."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        return _run(inputs, recipe, context)


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    chosen = RunRecipe.model_validate(recipe.model_dump())
    model = model_of(inputs, context)
    surveys, frames = as_recorded(inputs.captures(), chosen, context)
    pieces = pieces_of(surveys, frames, chosen)
    kept = context.workspace / "removed" if chosen.removed else None
    removals = Removals([piece.survey for piece in pieces], kept)
    surveys = as_cleaned(pieces, removals)
    raster = raster_of(surveys, model.pixel_m)
    grid = context.part(
        "processed", _write_grid, surveys, raster, context.workspace / "processed.tif", context
    )
    mapped = map_grid(grid, raster, model, chosen, context)
    path = cloud_optimised(grid, context.output / "processed.tif")
    about = {"unit": "nT", "pixel_m": raster.cell, "crs": raster.crs}
    products = [Product("processed", Kind.GRID, path, about), *mapped.products]
    if chosen.removed:
        removed = removals.write(raster, context.output / "removed.tif", context)
        products.append(Product("removed", Kind.GRID, removed, about))
    return replace(
        mapped, products=products, frames=frames, pictures=[*mapped.pictures, *removals.pictures()]
    )


def predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """A clean grid (product or data files) to classes, confidence and polygons; nothing is cleaned."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        return _predict(inputs, recipe, context)


def _predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    chosen = PredictRecipe.model_validate(recipe.model_dump())
    model = model_of(inputs, context)
    given, path = inputs.product("grid"), context.workspace / "grid.tif"
    if given is not None:
        frames: list[dict[str, Any]] = [{"frame": given.path.name}]
        raster = grid_raster(given.path, model.pixel_m)
        grid = context.part("grid", lay_grid, given.path, raster, path)
    elif inputs.captures():
        surveys, frames = as_recorded(inputs.captures(), chosen, context)
        surveys = composites([on_cells(survey) for survey in surveys])
        raster = raster_of(surveys, model.pixel_m)
        grid = context.part("grid", _write_grid, surveys, raster, path, context)
    else:
        raise UsageError("predict needs a capture or a grid: name one")
    return replace(map_grid(grid, raster, model, chosen, context), frames=frames)


def archive(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Readings, final grid and interpretation as a folder for an archaeological archive."""
    chosen = ArchiveRecipe.model_validate(recipe.model_dump())
    grid, features = inputs.product("grid"), inputs.product("features")
    if grid is None:
        raise UsageError("archive needs a grid: name the processed.tif that run made")
    captures = inputs.captures()
    surveys, rows = as_recorded(captures, chosen, context)
    missing = write_deposit(
        context.output / "deposit",
        Deposit(
            project=chosen.project,
            site=chosen.site,
            block=chosen.block,
            surveys=surveys,
            working=[capture.path(frame) for capture in captures for frame in capture.select()],
            grid=grid.path,
            features=features.path if features else None,
            metadata=chosen.metadata,
        ),
    )
    if missing:
        context.warn(f"the deposit says nothing of {', '.join(missing)}: give them as metadata")
    product = Product("deposit", Kind.TABLE, context.output / "deposit")
    return Outcome([product], {"fields_missing": len(missing), "files": len(surveys)}, frames=rows)


def _write_grid(surveys: list[Survey], raster: Raster, path: Path, context: Context) -> Path:
    """Write the surveys on the raster, strip by strip; where two overlap, the later one is seen."""
    rows = max(BLOCK, context.budget.working() // (40 * raster.width) // BLOCK * BLOCK)
    with raster_writer(
        path, raster, np.float32, nodata=float("nan"), unit="nT", description="magnetic gradient"
    ) as writer:
        for first in context.track(range(0, raster.height, rows), "gridding"):
            wanted = slice(first, min(first + rows, raster.height))
            strip = np.full((wanted.stop - wanted.start, raster.width), np.nan, np.float32)
            for survey in surveys:
                values = interpolate(survey, raster, wanted)
                strip = np.where(np.isfinite(values), values, strip)
            writer.write(first, strip)
    return path
