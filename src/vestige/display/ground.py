"""Ground: where a grid lies, and outlines over it, in the metres of the site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestige.display.absence import reason
from vestige.errors import InputError

#: A page draws this many outlines smoothly; beyond, the largest are drawn.
MOST_FEATURES = 5000


@dataclass(frozen=True)
class Extent:
    """West, south, east and north of a grid, in the units of its reference system."""

    bounds: tuple[float, float, float, float]
    width: int
    height: int
    reference: str


def extent(path: Path) -> Extent:
    """Where a GeoTIFF lies.

    Raises
    ------
    InputError
        where it cannot be read.
    """
    import warnings

    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as raster:
                place, width, height = raster.transform, raster.width, raster.height
                corners = [(x, y) for x in (0, width) for y in (0, height)]
                across = [place.a * x + place.b * y + place.c for x, y in corners]
                up = [place.d * x + place.e * y + place.f for x, y in corners]
                reference = raster.crs.to_string() if raster.crs else ""
                return Extent((min(across), min(up), max(across), max(up)), width, height, reference)
    except (RasterioError, OSError, ValueError) as error:
        raise InputError(path.name, f"cannot be shown as a map ({reason(error, path)})") from None


@contextmanager
def read_outlines(path: Path, reference: str = "") -> Iterator[Any]:
    """The outlines of a GeoPackage as a frame, in `reference` where both are known; what is wrong with them
    inside the block is told too.

    Raises
    ------
    InputError
        where it cannot be read.
    """
    import geopandas
    import pyogrio
    from shapely.errors import ShapelyError

    try:
        frame = geopandas.read_file(path, layer="features", engine="pyogrio")
        if reference and frame.crs is not None and frame.crs != reference:
            frame = frame.to_crs(reference)
        yield frame
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ShapelyError, OSError) as error:
        raise InputError(path.name, f"cannot be shown as outlines ({reason(error, path)})") from None
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(path.name, f"holds no outlines ({reason(error, path)})") from None


def features(path: Path, reference: str = "") -> dict[str, Any]:
    """The outlines of a GeoPackage as GeoJSON, in `reference` where both are known.

    Raises
    ------
    InputError
        where it cannot be read.
    """
    with read_outlines(path, reference) as frame:
        total = len(frame)
        if total > MOST_FEATURES:
            frame = frame.loc[frame.geometry.area.nlargest(MOST_FEATURES).index]
        plain = frame.set_crs(None, allow_override=True)
        collection: dict[str, Any] = json.loads(plain.to_json(default=str))
    collection["total"] = total
    return collection
