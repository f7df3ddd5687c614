"""From a class map to polygons in a GeoPackage, one for each connected feature."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestige.errors import OutputError
from vestige.survey.gridding import Raster

__all__ = ["Feature", "features_of", "write_features"]

LAYER = "features"


@dataclass(frozen=True)
class Feature:
    """A connected feature: polygon in the raster's coordinates, area in m², diameter of its least circle in
    m.
    """

    polygon: Any
    class_name: str
    confidence: float
    confidence_least: float
    area: float
    diameter: float
    peak: float


def features_of(
    classes: Path,
    confidence: Path,
    values: Path,
    raster: Raster,
    *,
    minimum_area: float = 0.0,
    minimum_confidence: float = 0.0,
) -> list[Feature]:
    """The features of a class map on disk, largest first; `values` (nT) give the peak of each.

    Pixels that touch by a side belong together. Only the window of one feature is in memory at a time.

    >>> import tempfile
    >>> from vestige.survey.geotiff import raster_writer
    >>> folder, raster = Path(tempfile.mkdtemp()), Raster(0.0, 8.0, 1.0, 8, 8)
    >>> square = np.zeros((8, 8), np.float32)
    >>> square[2:5, 2:5] = 1
    >>> for name, dtype in (("classes", np.uint8), ("confidence", np.float32), ("values", np.float32)):
    ...     with raster_writer(folder / name, raster, dtype, nodata=None) as writer:
    ...         writer.write(0, square.astype(dtype))
    >>> names = folder / "classes", folder / "confidence", folder / "values"
    >>> [found.area for found in features_of(*names, raster)]
    [9.0]
    """
    found = []
    for polygon in _polygons(classes, minimum_area, raster):
        feature = _measured(polygon, classes, confidence, values, raster)
        if feature.confidence >= minimum_confidence:
            found.append(feature)
    return sorted(found, key=lambda feature: (-feature.area, feature.polygon.wkb))


def _polygons(classes: Path, minimum_area: float, raster: Raster) -> Iterator[Any]:
    """Polygons in pixels (column, row) of the connected pixels of class 1."""
    import rasterio
    import rasterio.features
    import shapely

    with rasterio.open(classes) as dataset:
        band, mask = rasterio.band(dataset, 1), None
        for geometry, value in rasterio.features.shapes(band, mask=mask, connectivity=4):
            if value != 1:
                continue
            rings = [_in_pixels(ring, dataset.transform) for ring in geometry["coordinates"]]
            polygon = shapely.Polygon(rings[0], rings[1:])
            polygon = polygon if polygon.is_valid else shapely.make_valid(polygon)
            if polygon.area * raster.cell**2 >= minimum_area:
                yield polygon


def _in_pixels(ring: Any, transform: Any) -> np.ndarray[Any, Any]:
    points = np.asarray(ring, np.float64)
    pixels: np.ndarray[Any, Any] = np.round(
        (points - (transform.c, transform.f)) / (transform.a, transform.e)
    )
    return pixels


def _measured(polygon: Any, classes: Path, confidence: Path, values: Path, raster: Raster) -> Feature:
    import shapely

    from vestige.survey.geotiff import read_window

    left, top, right, bottom = (int(bound) for bound in polygon.bounds)
    rows, columns = slice(top, bottom), slice(left, right)
    down, across = np.mgrid[top:bottom, left:right]
    inside = shapely.contains_xy(polygon, across + 0.5, down + 0.5) & (
        read_window(classes, rows, columns) == 1
    )
    sure, strength = (
        read_window(confidence, rows, columns)[inside],
        read_window(values, rows, columns)[inside],
    )
    placed = shapely.transform(
        polygon, lambda xy: xy * (raster.cell, -raster.cell) + (raster.west, raster.north)
    )
    return Feature(
        polygon=placed,
        class_name="feature",
        confidence=round(float(sure.mean()), 4),
        confidence_least=round(float(sure.min()), 4),
        area=round(float(placed.area), 3),
        diameter=round(2 * float(shapely.minimum_bounding_radius(placed)), 2),
        peak=round(float(np.percentile(strength, 95)), 2),
    )


def write_features(path: Path, features: list[Feature], crs: str) -> Path:
    """Write features as layer ``features`` of a GeoPackage; the same features give the same bytes.

    Raises
    ------
    OutputError : the disk refuses.

    >>> import shapely, tempfile
    >>> ring = Feature(shapely.Point(0, 0).buffer(5), "feature", 0.9, 0.6, 78.0, 10.0, 3.2)
    >>> write_features(Path(tempfile.mkdtemp(), "features.gpkg"), [ring], "EPSG:27700").name
    'features.gpkg'
    """
    import pyogrio
    import shapely

    columns: dict[str, np.ndarray[Any, Any]] = {
        "class": np.array([f.class_name for f in features], object),
        "confidence": np.array([f.confidence for f in features], np.float64),
        "confidence_least": np.array([f.confidence_least for f in features], np.float64),
        "area_m2": np.array([f.area for f in features], np.float64),
        "diameter_m": np.array([f.diameter for f in features], np.float64),
        "peak_nt": np.array([f.peak for f in features], np.float64),
    }
    geometry = shapely.to_wkb([shapely.multipolygons(_parts(f.polygon)) for f in features]).astype(object)
    path.unlink(missing_ok=True)
    # GDAL stamps a GeoPackage with the time; the same run must give the same bytes.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00Z"})
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            pyogrio.raw.write(
                path,
                np.asarray(geometry, object),
                list(columns.values()),
                list(columns),
                layer=LAYER,
                driver="GPKG",
                geometry_type="MultiPolygon",
                crs=crs or None,
            )
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise OutputError(f"{path} cannot be written ({error}): make room on the disk") from None
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return path


def _parts(geometry: Any) -> list[Any]:
    """The polygons of a geometry that was made valid."""
    import shapely

    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
