"""From survey data files to products: read, clean, grid, predict, draw polygons."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import InputError, UsageError
from vestige.survey.geotiff import BLOCK, cloud_optimised, raster_writer
from vestige.survey.gridding import Raster, interpolate, raster_of
from vestige.survey.mapping.deposit import Deposit, write_deposit
from vestige.survey.mapping.model import FeatureModel, load_model, shipped_model
from vestige.survey.mapping.products import map_grid
from vestige.survey.mapping.source import grid_raster, lay_grid
from vestige.survey.processing.cleaning import clip, despike, zero_median_traverse
from vestige.survey.readers.reading import data_frames, read_survey
from vestige.survey.recipe import ArchiveRecipe, CleaningRecipe, PredictRecipe, RunRecipe
from vestige.survey.traverses import Survey

__all__ = ["predict", "run"]

#: Readings cleaned at a time, and megabytes that GDAL may keep of files that it reads and writes.
READINGS_AT_ONCE, GDAL_CACHE = 500_000, 48
#: Between files that say nothing of their place (m).
APART = 10.0


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Readings to a cleaned grid, classes, confidence and polygons."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        return _run(inputs, recipe, context)


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    chosen = RunRecipe.model_validate(recipe.model_dump())
    model = _model(inputs, context)
    surveys, frames = _read(inputs.captures(), chosen.column, context)
    cleaned = [
        _clean(survey, chosen.for_frame(row["frame"]), row)
        for survey, row in zip(surveys, frames, strict=True)
    ]
    raster = raster_of(cleaned, model.pixel_m)
    grid = context.part(
        "processed", _write_grid, cleaned, raster, context.workspace / "processed.tif", context
    )
    mapped = map_grid(grid, raster, model, chosen, context)
    path = cloud_optimised(grid, context.output / "processed.tif")
    about = {"unit": "nT", "pixel_m": raster.cell, "crs": raster.crs}
    products = [Product("processed", Kind.GRID, path, about), *mapped.products]
    return replace(mapped, products=products, frames=frames)


def predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """A clean grid (product or data files) to classes, confidence and polygons; nothing is cleaned."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        return _predict(inputs, recipe, context)


def _predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    chosen = PredictRecipe.model_validate(recipe.model_dump())
    model = _model(inputs, context)
    given, path = inputs.product("grid"), context.workspace / "grid.tif"
    if given is not None:
        frames: list[dict[str, Any]] = [{"frame": given.path.name}]
        raster = grid_raster(given.path, model.pixel_m)
        grid = context.part("grid", lay_grid, given.path, raster, path)
    elif inputs.captures():
        surveys, frames = _read(inputs.captures(), chosen.column, context)
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
    surveys, rows = _read(captures, chosen.column, context)
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


def _model(inputs: Inputs, context: Context) -> FeatureModel:
    given = inputs.product("model")
    return load_model(given.path if given else shipped_model(), cores=context.budget.cores)


def _read(
    captures: list[Capture], column: str, context: Context
) -> tuple[list[Survey], list[dict[str, Any]]]:
    """The surveys of all data files that can be read; a bad one is named and left out."""
    surveys: list[Survey] = []
    rows: list[dict[str, Any]] = []
    problem: InputError | None = None
    files = [(capture, frame) for capture in captures for frame in data_frames(capture)]
    for capture, frame in context.track(files, "reading"):
        try:
            survey = _placed(read_survey(capture.path(frame), column=column), capture, frame)
        except InputError as error:
            problem = problem or error
            context.warn(str(error))
            continue
        surveys.append(survey)
        rows.append(
            {
                "frame": frame.file,
                "instrument": survey.instrument,
                "traverses": survey.values.shape[0],
                "readings_a_traverse": survey.values.shape[1],
                "traverse_m": survey.traverse_m,
                "reading_m": survey.reading_m,
                "surveyed_share": round(float(np.isfinite(survey.values).mean()), 4),
            }
        )
    if problem is not None and not surveys:
        raise problem
    return _laid_out(surveys, files, context), rows


def _placed(survey: Survey, capture: Capture, frame: Frame) -> Survey:
    """The survey at the place and in the reference system that the capture names."""
    if "easting" in frame.coordinates and "northing" in frame.coordinates:
        survey = survey.placed(frame.number("easting"), frame.number("northing"))
    crs = survey.crs or str(capture.settings.get("crs", ""))
    if not crs:
        return survey
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        CRS.from_user_input(crs)
    except (CRSError, ValueError):
        raise InputError(
            capture.path(frame), f"is said to be in {crs!r}", "a reference system such as EPSG:27700"
        ) from None
    return replace(survey, crs=crs)


def _laid_out(surveys: list[Survey], files: list[tuple[Capture, Frame]], context: Context) -> list[Survey]:
    """Surveys without a place, side by side: several composites of one folder would else cover one
    another.
    """
    lost = [
        survey
        for survey in surveys
        if not survey.crs and survey.west == 0 and survey.north == survey.extent[0]
    ]
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


def _clean(survey: Survey, recipe: CleaningRecipe, row: dict[str, Any]) -> Survey:
    """Destripe, despike, clip, some traverses at a time; what was done goes into the frame's row."""
    destripe = recipe.destripe == "always" or (recipe.destripe == "auto" and survey.walked)
    cleaned = np.empty_like(survey.values)
    spikes, taken = 0, 0.0
    step = max(1, READINGS_AT_ONCE // survey.values.shape[1])
    for first in range(0, len(cleaned), step):
        part = survey.with_values(survey.values[first : first + step])
        values = zero_median_traverse(part, threshold=recipe.destripe_threshold) if destripe else part.values
        taken += float(np.nansum((part.values - values) ** 2))
        values, found = despike(values, threshold=recipe.despike_threshold)
        cleaned[first : first + step] = clip(values, recipe.clip)
        spikes += found
    known = max(int(np.isfinite(survey.values).sum()), 1)
    row.update(
        destriped=destripe,
        stripes_removed_nt=round(float(np.sqrt(taken / known)), 4),
        spikes_removed=spikes,
        noise_nt=round(_noise(cleaned), 4),
    )
    return survey.with_values(cleaned)


def _noise(values: NDArray[np.float32]) -> float:
    """The spread of readings, robustly: 1.4826 times the median absolute deviation, nT."""
    known = values[np.isfinite(values)]
    return 1.4826 * float(np.median(np.abs(known - np.median(known)))) if known.size else 0.0


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
