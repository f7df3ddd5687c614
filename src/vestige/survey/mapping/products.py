"""From a grid on disk to the products of a map: class map, confidence, features, files for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Kind, Outcome, Product
from vestige.survey.geotiff import cloud_optimised, raster_writer, read_window
from vestige.survey.gridding import Raster
from vestige.survey.mapping.features import Feature, features_of
from vestige.survey.mapping.maps import map_pictures
from vestige.survey.mapping.model import FeatureModel
from vestige.survey.mapping.prediction import predict_rows, tiling_for
from vestige.survey.mapping.style import COLOURS
from vestige.survey.mapping.vectors import (
    LAYER,
    attributes,
    write_dxf,
    write_features,
    write_geojson,
    write_shapefile,
)

__all__ = ["Wanted", "map_grid"]

#: Colours in classes.tif of cells without a feature, and of cells that were not surveyed.
NOTHING, UNSURVEYED = (40, 40, 44, 255), (208, 208, 208, 255)
#: Features in the table of the report: the largest.
MOST_ROWS = 60


class Wanted(Protocol):
    """Which features are wanted: fields of the recipes that draw maps."""

    minimum_area: float
    minimum_confidence: float


@dataclass(frozen=True)
class _Mapped:
    """What lies on disk while a map is made."""

    classes: Path
    confidence: Path
    counts: NDArray[np.int64]


def map_grid(grid: Path, raster: Raster, model: FeatureModel, wanted: Wanted, context: Context) -> Outcome:
    """Classes, confidence and features of a grid (nT) on disk, with maps and tables for the report."""
    mapped = _predicted(grid, raster, model, context)
    output = context.output
    features = features_of(
        mapped.classes,
        mapped.confidence,
        grid,
        raster,
        model,
        minimum_area=wanted.minimum_area,
        minimum_confidence=wanted.minimum_confidence,
    )
    kinds = list(model.features.values())
    cloud_optimised(mapped.classes, output / "classes.tif", overviews="mode")
    cloud_optimised(mapped.confidence, output / "confidence.tif")
    write_features(output / "features.gpkg", features, raster.crs, kinds)
    _exchange(output / "exchange", features, raster.crs)
    about = {"pixel_m": raster.cell, "crs": raster.crs}
    products = [
        Product(
            "classes",
            Kind.CLASSES,
            output / "classes.tif",
            {**about, "classes": list(model.classes), "model": model.card},
        ),
        Product(
            "confidence",
            Kind.GRID,
            output / "confidence.tif",
            {**about, "unit": "probability of the class shown"},
        ),
        Product("features", Kind.FEATURES, output / "features.gpkg", {**about, "layer": LAYER}),
        Product("exchange", Kind.TABLE, output / "exchange", about),
    ]
    return Outcome(
        products,
        _measured(mapped.counts, raster, features, model),
        map_pictures(grid, raster, features, kinds),
        tables={"Features": _rows(features[:MOST_ROWS])},
    )


def _measured(
    counts: NDArray[np.int64], raster: Raster, features: Sequence[Feature], model: FeatureModel
) -> dict[str, Any]:
    hectares = raster.cell**2 / 1e4
    told = ("trained_on", "limits", "licence", "parameters")
    return {
        "surveyed_ha": round(float(counts[:-1].sum()) * hectares, 4),
        "feature_m2": round(float(counts[1:-1].sum()) * raster.cell**2, 1),
        "features": len(features),
        "rings": sum(1 for feature in features if np.isfinite(feature.complete)),
        "pixel_m": raster.cell,
        "model": {"name": model.identity, **{key: model.card[key] for key in told if key in model.card}},
    }


def _rows(features: Sequence[Feature]) -> list[dict[str, Any]]:
    """A row for each feature; what does not differ is left out."""
    columns = attributes(features)
    hidden = ("review", "reviewer", "model")
    rows = [
        {name: values[row] for name, values in columns.items() if name not in hidden}
        for row in range(len(features))
    ]
    return [
        {**row, "centre_e": f"{row['centre_e']:.2f}", "centre_n": f"{row['centre_n']:.2f}"} for row in rows
    ]


def _exchange(folder: Path, features: Sequence[Feature], crs: str) -> None:
    """The features for programs that read no GeoPackage, and their attributes as a table."""
    write_shapefile(folder, features, crs)
    write_dxf(folder / f"{LAYER}.dxf", features)
    write_geojson(folder / f"{LAYER}.geojson", features, crs)
    columns = attributes(features)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in range(len(features)):
        values = [column[row] for column in columns.values()]
        writer.writerow(
            "" if isinstance(value, float) and not np.isfinite(value) else value for value in values
        )
    write_atomically(folder / "index.csv", text.getvalue().encode())


def _predicted(grid: Path, raster: Raster, model: FeatureModel, context: Context) -> _Mapped:
    """Predict a raster, one row of tiles a part, so that a run that was killed goes on from there."""
    shape = raster.height, raster.width
    tiling = tiling_for(model, context.budget.working() // 2, *shape)

    def rows_of(first: int) -> dict[str, Any]:
        wanted = slice(first, min(first + tiling.side, raster.height))
        found = predict_rows(
            model, lambda rows, columns: read_window(grid, rows, columns), shape, wanted, tiling
        )
        return {"classes": found.classes, "confidence": found.confidence}

    last = model.out_of_bounds
    colours = {
        0: NOTHING,
        last: UNSURVEYED,
        **{number: (*COLOURS[(number - 1) % len(COLOURS)], 255) for number in model.features},
    }
    tags = {f"CLASS_{number}": name for number, name in enumerate(model.classes)}
    counts = np.zeros(len(model.classes), np.int64)
    paths = context.workspace / "classes.tif", context.workspace / "confidence.tif"
    with (
        raster_writer(
            paths[0], raster, np.uint8, nodata=None, description="class", colours=colours, tags=tags
        ) as classes,
        raster_writer(
            paths[1], raster, np.float32, nodata=None, description="probability of the class shown"
        ) as confidence,
    ):
        for first in context.track(range(0, raster.height, tiling.side), "predicting"):
            found = context.part(f"predict/{tiling.side}/{first:07d}", rows_of, first)
            classes.write(first, found["classes"])
            confidence.write(first, found["confidence"])
            counts += np.bincount(found["classes"].ravel(), minlength=len(counts))
    return _Mapped(*paths, counts)
