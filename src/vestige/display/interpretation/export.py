"""An interpretation as a file: a GeoPackage or GeoJSON, as a GIS opens it and training takes it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from vestige.errors import OutputError

LAYER = "features"
#: The columns that every file has, in this order; what else was found with the features comes after.
COLUMNS = (
    "id",
    "class",
    "term",
    "confidence",
    "conf_least",
    "area_m2",
    "diameter_m",
    "complete",
    "centre_e",
    "centre_n",
    "peak_nt",
    "review",
    "reviewer",
    "model",
)
_TEXT = frozenset({"class", "term", "review", "reviewer", "model"})


def write_interpretation(path: Path, rows: list[dict[str, Any]], reference: str) -> Path:
    """Write the rows of an interpretation (see `Reviewed.rows`) into `path`: ``.gpkg`` or ``.geojson``.

    One layer ``features`` of MultiPolygons in the system `reference`. The same rows give the same bytes.

    Raises
    ------
    OutputError
        where the disk refuses.
    """
    write = _geojson if path.suffix == ".geojson" else _geopackage
    return write(path, rows, reference)


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    further = sorted({name for row in rows for name in row} - {*COLUMNS, "geometry"})
    return [*COLUMNS, *further]


def _geopackage(path: Path, rows: list[dict[str, Any]], reference: str) -> Path:
    import numpy as np
    import pyogrio
    import shapely

    names = _columns(rows)
    columns = [_values(name, [row.get(name) for row in rows]) for name in names]
    shapes = [shapely.multipolygons(_parts(row["geometry"])) for row in rows]
    geometry = np.asarray(shapely.to_wkb(shapes), object).reshape(len(rows))
    path.unlink(missing_ok=True)
    # GDAL stamps a GeoPackage with the time; the same interpretation must give the same bytes.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2000-01-01T00:00:00Z"})
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="'crs' was not provided")
            pyogrio.raw.write(
                path,
                geometry,
                columns,
                names,
                layer=LAYER,
                driver="GPKG",
                geometry_type="MultiPolygon",
                crs=reference or None,
            )
    except (pyogrio.errors.DataSourceError, OSError) as error:
        raise OutputError(f"{path} cannot be written ({error}): make room on the disk") from None
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
    return path


def _values(name: str, values: list[Any]) -> Any:
    """A column: whole numbers of `id`, texts, or numbers with NaN where there is none."""
    import numpy as np

    if name == "id":
        return np.array(values, np.int64)
    if name in _TEXT or any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values], object)
    return np.array([np.nan if value is None else float(value) for value in values], np.float64)


def _geojson(path: Path, rows: list[dict[str, Any]], reference: str) -> Path:
    """GeoJSON in the metres of the site, as GIS programs take it: the reference system named the old way."""
    from vestige.display.interpretation.found import coordinates

    names = _columns(rows)
    told: dict[str, Any] = {"type": "FeatureCollection", "name": LAYER}
    if reference.upper().startswith("EPSG:"):
        code = reference.partition(":")[2]
        told["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{code}"}}
    told["features"] = [
        {
            "type": "Feature",
            "id": row["id"],
            "properties": {name: row.get(name) for name in names},
            "geometry": {"type": "MultiPolygon", "coordinates": coordinates(row["geometry"], 4)},
        }
        for row in rows
    ]
    try:
        path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): make room on the disk") from None
    return path


def _parts(geometry: Any) -> list[Any]:
    import shapely

    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
