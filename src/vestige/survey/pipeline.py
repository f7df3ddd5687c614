"""From survey data files to products: read, clean, grid, predict, draw polygons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import InputError, UsageError
from vestige.survey.geotiff import BLOCK, raster_writer, read_window
from vestige.survey.gridding import Raster, interpolate, raster_of
from vestige.survey.mapping.model import CLASSES, FeatureModel, load_model, shipped_model
from vestige.survey.mapping.polygons import Feature, features_of, write_features
from vestige.survey.mapping.prediction import predict_rows, tiling_for
from vestige.survey.processing.cleaning import clip, despike, zero_median_traverse
from vestige.survey.readers.reading import data_frames, read_survey
from vestige.survey.recipe import CleaningRecipe, PredictRecipe, RunRecipe
from vestige.survey.streaming.gathering import gathered
from vestige.survey.traverses import Survey

__all__ = ["predict", "run"]

#: Colours of the classes in classes.tif.
COLOURS = {0: (40, 40, 44, 255), 1: (240, 140, 40, 255), 2: (208, 208, 208, 255)}
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
    path = context.output / "processed.tif"
    context.part("processed", _write_grid, cleaned, raster, path, context)
    products = [
        Product("processed", Kind.GRID, path, {"unit": "nT", "pixel_m": raster.cell, "crs": raster.crs})
    ]
    return _mapped(products, path, raster, model, chosen, context, frames)


def predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """A clean grid (product or data files) to classes, confidence and polygons; nothing is cleaned."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=GDAL_CACHE):
        return _predict(inputs, recipe, context)


def _predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    chosen = PredictRecipe.model_validate(recipe.model_dump())
    model = _model(inputs, context)
    grid = inputs.product("grid")
    if grid is not None:
        surveys, frames = [read_survey(grid.path)], [{"frame": grid.path.name}]
    elif inputs.captures():
        surveys, frames = _read(inputs.captures(), chosen.column, context)
    else:
        raise UsageError("predict needs a capture or a grid: name one")
    raster = raster_of(surveys, model.pixel_m)
    path = context.workspace / "grid.tif"
    context.part("grid", _write_grid, surveys, raster, path, context)
    return _mapped([], path, raster, model, chosen, context, frames)


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
    captures = [gathered(one, context.workspace / f"lines-{n}") for n, one in enumerate(captures)]
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


def _mapped(
    products: list[Product],
    grid: Path,
    raster: Raster,
    model: FeatureModel,
    recipe: RunRecipe | PredictRecipe,
    context: Context,
    frames: list[dict[str, Any]],
) -> Outcome:
    """Classes, confidence and features of a grid on disk."""
    counts = _predict_raster(grid, raster, model, context)
    output = context.output
    features = features_of(
        output / "classes.tif",
        output / "confidence.tif",
        grid,
        raster,
        minimum_area=recipe.minimum_area,
        minimum_confidence=recipe.minimum_confidence,
    )
    context.part("features", write_features, output / "features.gpkg", features, raster.crs)
    about = {"pixel_m": raster.cell, "crs": raster.crs}
    named = {**about, "classes": list(CLASSES), "model": model.card}
    products = [
        *products,
        Product("classes", Kind.CLASSES, output / "classes.tif", named),
        Product(
            "confidence",
            Kind.GRID,
            output / "confidence.tif",
            {**about, "unit": "probability of the class shown"},
        ),
        Product("features", Kind.FEATURES, output / "features.gpkg", {**about, "layer": "features"}),
    ]
    hectares = raster.cell**2 / 1e4
    measured = {
        "surveyed_ha": round(float(counts[:2].sum()) * hectares, 4),
        "feature_m2": round(float(counts[1]) * raster.cell**2, 1),
        "features": len(features),
        "pixel_m": raster.cell,
    }
    return Outcome(products, measured, _pictures(grid, output / "classes.tif", raster, features), frames)


def _predict_raster(grid: Path, raster: Raster, model: FeatureModel, context: Context) -> NDArray[np.int64]:
    """Write classes.tif and confidence.tif, one row of tiles a part; returns how many pixels each class
    has.
    """
    shape = raster.height, raster.width
    tiling = tiling_for(model, context.budget.working() // 2, *shape)

    def rows_of(first: int) -> dict[str, Any]:
        wanted = slice(first, min(first + tiling.side, raster.height))
        found = predict_rows(
            model, lambda rows, columns: read_window(grid, rows, columns), shape, wanted, tiling
        )
        return {"classes": found.classes, "confidence": found.confidence}

    tags = {f"CLASS_{number}": name for number, name in enumerate(CLASSES)}
    counts = np.zeros(len(CLASSES), np.int64)
    classes_path, confidence_path = context.output / "classes.tif", context.output / "confidence.tif"
    with (
        raster_writer(
            classes_path, raster, np.uint8, nodata=None, description="class", colours=COLOURS, tags=tags
        ) as classes,
        raster_writer(
            confidence_path, raster, np.float32, nodata=None, description="probability of the class shown"
        ) as confidence,
    ):
        for first in context.track(range(0, raster.height, tiling.side), "predicting"):
            found = context.part(f"predict/{tiling.side}/{first:07d}", rows_of, first)
            classes.write(first, found["classes"])
            confidence.write(first, found["confidence"])
            counts += np.bincount(found["classes"].ravel(), minlength=len(CLASSES))
    return counts


def _pictures(grid: Path, classes: Path, raster: Raster, features: list[Feature]) -> list[Picture]:
    """The grid as it is printed, the same with its own contrast, and what was found."""
    from vestige.survey.pictures import class_picture, greyscale

    factor = max(1, -(-max(raster.height, raster.width) // 1200))
    values = _overview(raster, factor, lambda rows: read_window(grid, rows, slice(0, raster.width)))
    found = _overview(
        raster,
        factor,
        lambda rows: (read_window(classes, rows, slice(0, raster.width)) == 1).astype(np.float32),
    )
    known = values[np.isfinite(values)]
    spread = float(np.percentile(np.abs(known), 95)) if known.size else 1.0
    spread = max(round(spread, 1), 0.1)
    return [
        Picture(
            "What was found",
            class_picture(values, found),
            f"{len(features)} features on the grid, -1 to 2 nT",
        ),
        Picture(
            "The grid, -1 to 2 nT", greyscale(values), "Positive anomalies dark, as printed by convention"
        ),
        Picture(
            f"The grid, -{spread:g} to {spread:g} nT", greyscale(values, -spread, spread), "Its own contrast"
        ),
    ]


def _overview(raster: Raster, factor: int, read: Callable[[slice], NDArray[Any]]) -> NDArray[np.float32]:
    """A raster shrunk for a picture, read strip by strip."""
    from vestige.survey.pictures import shrunk

    step = max(factor, BLOCK // factor * factor)
    return np.vstack(
        [
            shrunk(read(slice(top, min(top + step, raster.height))), factor)
            for top in range(0, raster.height, step)
        ]
    )
