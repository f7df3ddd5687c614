"""From a class map on disk to polygons along the edges of its cells, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["cell_outlines"]

#: Rows polygonised at a time, and cells: fewer rows where the raster is wide.
ROWS, CELLS_AT_ONCE = 1024, 32_000_000


def cell_outlines(classes: Path, number: int, *, rows: int = ROWS, least: float = 0.0) -> list[Any]:
    """Polygons in cells (column, row) of the connected cells of class `number`, by place.

    Cells that touch by a side belong together, over the seams of the strips of `rows` too. Polygons of
    less than `least` cells are left out. Only one strip of the raster is in memory.

    >>> import tempfile
    >>> from vestige.survey.geotiff import raster_writer
    >>> from vestige.survey.gridding import Raster
    >>> path = Path(tempfile.mkdtemp(), "classes.tif")
    >>> column = np.zeros((8, 4), np.uint8)
    >>> column[1:7, 1] = 1
    >>> with raster_writer(path, Raster(0.0, 8.0, 1.0, 8, 4), np.uint8, nodata=None) as writer:
    ...     writer.write(0, column)
    >>> [polygon.area for polygon in cell_outlines(path, 1, rows=3)]
    [6.0]
    """
    import rasterio

    whole: list[Any] = []
    open_: list[Any] = []
    with rasterio.open(classes) as raster:
        rows = max(1, min(rows, CELLS_AT_ONCE // raster.width))
        for top in range(0, raster.height, rows):
            bottom = min(top + rows, raster.height)
            strip = raster.read(1, window=((top, bottom), (0, raster.width))) == number
            for polygon in _strip_polygons(strip, top):
                _, north, _, south = polygon.bounds
                at_seam = (north == top and top > 0) or (south == bottom and bottom < raster.height)
                if at_seam:
                    open_.append(polygon)
                elif polygon.area >= least:
                    whole.append(polygon)
            open_, closed = _stitched(open_, bottom)
            whole += [polygon for polygon in closed if polygon.area >= least]
    whole += [polygon for polygon in open_ if polygon.area >= least]
    return sorted(whole, key=lambda polygon: (polygon.bounds[1], polygon.bounds[0], polygon.wkb))


def _strip_polygons(strip: NDArray[np.bool_], top: int) -> Iterator[Any]:
    """Polygons of the cells that are true; corners are whole numbers."""
    import rasterio.features
    import shapely

    if not strip.any():
        return
    for geometry, _ in rasterio.features.shapes(strip.view(np.uint8), mask=strip, connectivity=4):
        rings = [np.add(ring, (0.0, top)) for ring in geometry["coordinates"]]
        polygon = shapely.Polygon(rings[0], rings[1:])
        yield from [polygon] if polygon.is_valid else _polygons(shapely.make_valid(polygon))


def _stitched(polygons: list[Any], seam: int) -> tuple[list[Any], list[Any]]:
    """Polygons that meet at seams as one: those that may go on below `seam`, and those that are whole."""
    import shapely

    going_on: list[Any] = []
    whole: list[Any] = []
    for polygon in _polygons(shapely.union_all(polygons)) if polygons else []:
        (going_on if polygon.bounds[3] == seam else whole).append(polygon)
    return going_on, whole


def _polygons(geometry: Any) -> list[Any]:
    """The polygons of a geometry."""
    import shapely

    return [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon"]
