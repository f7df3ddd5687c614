"""Features of one square of a map that grows, by the same steps as those of a whole survey."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.survey.geotiff import raster_writer
from vestige.survey.gridding import Raster
from vestige.survey.mapping.features import Feature, features_of
from vestige.survey.mapping.model import FeatureModel
from vestige.survey.mapping.prediction import Tiling, predict_rows
from vestige.survey.mapping.vectors import attributes
from vestige.survey.recipe import RunRecipe
from vestige.survey.traverses import Values

__all__ = ["outlines"]


def outlines(
    model: FeatureModel, raster: Raster, values: Values, recipe: RunRecipe, workspace: Path
) -> list[tuple[dict[str, Any], tuple[float, float]]]:
    """The features of a small raster in nT as GeoJSON, each with its middle (easting, northing).

    The raster holds the ground around what is asked for: the network is given no halo of its own.
    """
    shape = raster.height, raster.width
    if not np.isfinite(values).any():
        return []
    tiling = Tiling(-(-max(shape) // model.stride) * model.stride, 0)
    found = predict_rows(
        model, lambda rows, columns: values[rows, columns], shape, slice(0, shape[0]), tiling
    )
    with tempfile.TemporaryDirectory(dir=workspace) as folder:
        classes, confidence, nanotesla = (Path(folder, name) for name in ("classes", "confidence", "values"))
        _write(classes, raster, found.classes)
        _write(confidence, raster, found.confidence)
        _write(nanotesla, raster, values)
        features = features_of(
            classes,
            confidence,
            nanotesla,
            raster,
            model,
            minimum_area=recipe.minimum_area,
            minimum_confidence=recipe.minimum_confidence,
        )
    return [
        (told, one.polygon.centroid.coords[0]) for told, one in zip(_told(features), features, strict=True)
    ]


def _write(path: Path, raster: Raster, values: NDArray[Any]) -> None:
    with raster_writer(path, raster, values.dtype, nodata=None) as writer:
        writer.write(0, values)


def _told(features: list[Feature]) -> list[dict[str, Any]]:
    """Features as GeoJSON with the attributes that every format has."""
    import shapely

    columns = {name: values.tolist() for name, values in attributes(features).items()}
    return [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(feature.polygon)),
            "properties": {
                name: None if value != value else value
                for name, value in ((name, values[row]) for name, values in columns.items())
            }
            | {"provisional": True},
        }
        for row, feature in enumerate(features)
    ]
