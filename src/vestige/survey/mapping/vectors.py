"""Features as files: GeoPackage, GeoJSON, DXF and Shapefile."""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.errors import OutputError
from vestige.survey.mapping.features import Feature
from vestige.survey.mapping.style import embed_style

__all__ = [
    "LAYER",
    "attributes",
    "write_drawing",
    "write_dxf",
    "write_features",
    "write_geojson",
    "write_shapefile",
    "write_table",
]

LAYER = "features"


def attributes(features: Sequence[Feature]) -> dict[str, NDArray[Any]]:
    """The attributes of features by the names that every format has; ten letters for a Shapefile.

    >>> list(attributes([]))[:4]
    ['id', 'class', 'term', 'confidence']
    """

    def text(values: Iterator[str]) -> NDArray[Any]:
        return np.array(list(values), object)

    def real(values: Iterator[float]) -> NDArray[Any]:
        return np.array(list(values), np.float64)

    return {
        "id": np.array([f.number for f in features], np.int32),
        "class": text(f.class_name for f in features),
        "term": text(f.term for f in features),
        "confidence": real(f.confidence for f in features),
        "conf_least": real(f.confidence_least for f in features),
        "area_m2": real(f.area for f in features),
        "diameter_m": real(f.diameter for f in features),
        "complete": real(f.complete for f in features),
        "centre_e": real(f.centre[0] for f in features),
        "centre_n": real(f.centre[1] for f in features),
        "peak_nt": real(f.peak for f in features),
        "review": text(f.review for f in features),
        "reviewer": text(f.reviewer for f in features),
        "model": text(f.model for f in features),
    }


def write_features(path: Path, features: Sequence[Feature], crs: str, classes: Sequence[str]) -> Path:
    """Write features as layer ``features`` of a GeoPackage with a QGIS style for `classes`.

    The same features give the same bytes.

    Raises
    ------
    OutputError : the disk refuses.

    >>> import shapely, tempfile
    >>> ring = Feature(shapely.Point(0, 0).buffer(5), "feature", "ring ditch", 0.9, 0.6, 78.0, 10.0, 1.0,
    ...     (0.0, 0.0), 3.2)
    >>> write_features(Path(tempfile.mkdtemp(), "features.gpkg"), [ring], "EPSG:27700", ["feature"]).name
    'features.gpkg'
    """
    _write(path, features, crs, "GPKG", layer=LAYER, SPATIAL_INDEX="YES")
    with _refusals(path):
        embed_style(path, LAYER, classes)
    return path


def write_shapefile(folder: Path, features: Sequence[Feature], crs: str) -> Path:
    """Write features as ``features.shp`` and its companions in a folder.

    >>> import tempfile
    >>> folder = write_shapefile(Path(tempfile.mkdtemp(), "shp"), [], "EPSG:27700")
    >>> sorted(path.suffix for path in folder.iterdir())
    ['.cpg', '.dbf', '.prj', '.shp', '.shx']
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{LAYER}.shp", features, crs, "ESRI Shapefile", encoding="UTF-8")
    return folder


def write_dxf(path: Path, features: Sequence[Feature]) -> Path:
    """Write the outlines as closed lines of a DXF drawing, a layer a class.

    >>> import tempfile
    >>> write_dxf(Path(tempfile.mkdtemp(), "features.dxf"), []).name
    'features.dxf'
    """
    return write_drawing(path, [one.polygon for one in features], [one.class_name for one in features])


def write_drawing(path: Path, shapes: Iterable[Any], names: Iterable[str]) -> Path:
    """Write polygons as closed lines of a DXF drawing, each on the layer of its name.

    >>> import shapely, tempfile
    >>> write_drawing(Path(tempfile.mkdtemp(), "a.dxf"), [shapely.box(0, 0, 1, 1)], ["pit"]).name
    'a.dxf'
    """
    import pyogrio
    import shapely

    lines, layers = [], []
    for shape, name in zip(shapes, names, strict=True):
        for polygon in shapely.get_parts(shape):
            for ring in (polygon.exterior, *polygon.interiors):
                lines.append(shapely.LineString(ring.coords))
                layers.append(name)
    with _refusals(path), _without_time():
        path.unlink(missing_ok=True)
        pyogrio.raw.write(
            path,
            np.asarray(shapely.to_wkb(lines), object),
            [np.array(layers, object)],
            ["Layer"],
            driver="DXF",
            geometry_type="LineString",
            crs=None,
        )
    return path


def write_geojson(path: Path, features: Sequence[Feature], crs: str) -> Path:
    """Write features as GeoJSON: in degrees of WGS 84 (RFC 7946 [1]_), or in the metres of the local grid
    with a note that says so where no reference system is known.

    References
    ----------
    .. [1] Butler, H. et al. (2016). The GeoJSON format. RFC 7946.

    >>> import tempfile
    >>> path = write_geojson(Path(tempfile.mkdtemp(), "features.geojson"), [], "")
    >>> json.loads(path.read_text())["note"]
    'Coordinates are metres of a local grid, not degrees: the survey names no coordinate reference system.'
    """
    import shapely

    shapes: list[Any] = [feature.polygon for feature in features]
    collection: dict[str, Any] = {"type": "FeatureCollection", "name": LAYER}
    if crs:
        shapes, places = _in_degrees(shapes, crs), 8
        collection["note"] = f"Coordinates are degrees of WGS 84; centre_e and centre_n are metres in {crs}."
    else:
        places = 3
        collection["note"] = (
            "Coordinates are metres of a local grid, not degrees: the survey names no coordinate "
            "reference system."
        )
    columns = attributes(features)
    collection["features"] = [
        {
            "type": "Feature",
            "id": feature.number,
            "properties": {name: _plain(values[row]) for name, values in columns.items()},
            "geometry": json.loads(shapely.to_geojson(_rounded(shape, places))),
        }
        for row, (feature, shape) in enumerate(zip(features, shapes, strict=True))
    ]
    write_atomically(path, json.dumps(collection, ensure_ascii=False, allow_nan=False).encode())
    return path


def write_table(path: Path, table: Any) -> Path:
    """Write a table of features (geopandas) as Shapefile."""
    import pyogrio

    with _refusals(path), _without_time():
        pyogrio.write_dataframe(table, path, driver="ESRI Shapefile", encoding="UTF-8")
    return path


def _in_degrees(shapes: list[Any], crs: str) -> list[Any]:
    import pyproj
    import shapely

    change = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    return [shapely.transform(shape, change.transform, interleaved=False) for shape in shapes]


def _rounded(shape: Any, places: int) -> Any:
    import shapely

    rounded = shapely.transform(shape, lambda xy: np.round(xy, places))
    return rounded if rounded.is_valid else shape


def _plain(value: Any) -> Any:
    """A value as JSON has it: null for what is no number."""
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain


def _write(path: Path, features: Sequence[Feature], crs: str, driver: str, **options: Any) -> None:
    import pyogrio
    import shapely

    columns = attributes(features)
    shapes = shapely.to_wkb(
        [shapely.multipolygons(shapely.get_parts(feature.polygon)) for feature in features]
    )
    with _refusals(path), _without_time():
        path.unlink(missing_ok=True)
        pyogrio.raw.write(
            path,
            np.asarray(shapes, object),
            list(columns.values()),
            list(columns),
            field_mask=[_missing(values) for values in columns.values()],
            driver=driver,
            geometry_type="MultiPolygon" if driver == "GPKG" else "Polygon",
            crs=crs or None,
            **options,
        )


def _missing(values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where a column holds no number; None where it always does."""
    if values.dtype.kind != "f" or np.isfinite(values).all():
        return None
    missing: NDArray[np.bool_] = ~np.isfinite(values)
    return missing


@contextmanager
def _without_time() -> Iterator[None]:
    """GDAL stamps files with the time; the same run must give the same bytes. A local grid is no fault."""
    import pyogrio

    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00Z"})
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """What the disk says, in one sentence."""
    import pyogrio

    try:
        yield
    except (pyogrio.errors.DataSourceError, OSError, sqlite3.Error) as error:
        raise OutputError(f"{path} cannot be written ({error}): make room on the disk") from None
