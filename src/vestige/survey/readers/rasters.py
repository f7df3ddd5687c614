"""Grids that were made elsewhere: GeoTIFF and SAGA."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vestige.errors import InputError
from vestige.survey.traverses import Survey, Values

__all__ = ["MOST_CELLS", "gridded", "projection", "read_geotiff", "read_saga", "stored_cells"]

#: More cells than this in one grid are refused before anything is allocated.
MOST_CELLS = 400_000_000
#: Cells turned to float32 at a time.
CELLS_AT_ONCE = 4_000_000
_SAGA_TYPES = {
    "BYTE_UNSIGNED": "u1",
    "BYTE": "i1",
    "SHORTINT_UNSIGNED": "u2",
    "SHORTINT": "i2",
    "INTEGER_UNSIGNED": "u4",
    "INTEGER": "i4",
    "FLOAT": "f4",
    "DOUBLE": "f8",
}


def read_geotiff(path: str | Path) -> Survey:
    """Read the one band of a GeoTIFF as nT; masked cells and nodata become NaN.

    Raises
    ------
    InputError : no GeoTIFF, cut off, turned against north, several bands, or no cell with a value.

    >>> read_geotiff("none.tif")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.tif cannot be read as GeoTIFF (No such file or directory)
    """
    import rasterio
    from rasterio.errors import RasterioError

    path = Path(path)
    _openable(path, "GeoTIFF")
    try:
        with _unreferenced_is_fine(), rasterio.open(path, driver="GTiff") as raster:
            _check_raster(path, raster)
            transform, crs = raster.transform, raster.crs
            values = _band(raster)
    except (RasterioError, ValueError, MemoryError, OverflowError) as error:
        raise InputError(path, f"cannot be read as GeoTIFF ({_first_line(error)})") from None
    return gridded(
        path, values, transform.a, -transform.e, transform.c, transform.f, crs.to_string() if crs else ""
    )


def _band(raster: Any) -> Values:
    """The cells, float32, some rows at a time; NaN where masked."""
    values = np.empty((raster.height, raster.width), np.float32)
    rows = max(1, CELLS_AT_ONCE // raster.width)
    for first in range(0, raster.height, rows):
        window = ((first, min(first + rows, raster.height)), (0, raster.width))
        part = raster.read(1, window=window, masked=True)
        with np.errstate(over="ignore"):
            values[slice(*window[0])] = part.astype(np.float32).filled(np.nan)
    return values


@contextmanager
def _unreferenced_is_fine() -> Iterator[None]:
    """A grid without coordinates is laid on a local grid of 1 m; rasterio warns of it."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _check_raster(path: Path, raster: Any) -> None:
    if raster.count != 1:
        raise InputError(
            path, f"holds {raster.count} bands", "one band of nT", "export the values, not a picture"
        )
    if raster.width * raster.height > MOST_CELLS:
        raise InputError(
            path, f"says {raster.width} x {raster.height} cells", f"at most {MOST_CELLS} in one grid"
        )
    if np.dtype(raster.dtypes[0]).kind not in "uif":
        raise InputError(path, f"holds values of type {raster.dtypes[0]}", "real numbers")
    if raster.crs is not None and raster.crs.is_geographic:
        raise InputError(path, "has its cells in degrees", "a grid in metres", "project it first")
    step = raster.transform
    upright = step.a > 0 > step.e and not step.b and not step.d
    if not (upright or step.is_identity):
        raise InputError(
            path, "is turned or mirrored against north", "rows from north to south", "warp it first"
        )


def read_saga(path: str | Path) -> Survey:
    """Read a SAGA grid: the header ``.sgrd`` and the values ``.sdat`` beside it (`path` names either).

    A ``.prj`` beside them gives the coordinate reference system.

    Raises
    ------
    InputError : a file is missing, the header lacks a line, or the values are not as many as it says.

    >>> read_saga("none.sgrd")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.sgrd cannot be read as SAGA grid (No such file or directory)
    """
    header, data = _saga_pair(Path(path))
    entries = _saga_entries(header)
    columns, rows = int(_number(header, entries, "CELLCOUNT_X")), int(_number(header, entries, "CELLCOUNT_Y"))
    cell = _number(header, entries, "CELLSIZE")
    kind = _SAGA_TYPES.get(entries.get("DATAFORMAT", "").upper())
    if min(columns, rows) < 1 or columns * rows > MOST_CELLS or not cell > 0 or kind is None:
        raise InputError(
            header,
            f"says {columns} x {rows} cells of {cell:g} m in {entries.get('DATAFORMAT')!r}",
            "a SAGA grid",
        )
    order = ">" if entries.get("BYTEORDER_BIG", "FALSE").upper() == "TRUE" else "<"
    values = _saga_values(
        data, np.dtype(order + kind), rows, columns, int(_number(header, entries, "DATAFILE_OFFSET", 0))
    )
    values = _without_nodata(values, entries.get("NODATA_VALUE", ""))
    with np.errstate(over="ignore"):
        values = values * np.float32(_number(header, entries, "Z_FACTOR", 1))
    if entries.get("TOPTOBOTTOM", "FALSE").upper() != "TRUE":
        values = values[::-1]
    west = _number(header, entries, "POSITION_XMIN") - cell / 2
    south = _number(header, entries, "POSITION_YMIN") - cell / 2
    return gridded(
        header, np.ascontiguousarray(values), cell, cell, west, south + rows * cell, projection(header)
    )


def _saga_pair(path: Path) -> tuple[Path, Path]:
    pair = [path.with_suffix(suffix) for suffix in (".sgrd", ".sdat")]
    for file in pair:
        _openable(file, "SAGA grid")
    return pair[0], pair[1]


def _saga_entries(path: Path) -> dict[str, str]:
    text = path.read_bytes()[:65536].decode("latin-1")
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name.strip().upper(): value.strip() for name, _, value in pairs}


def _number(path: Path, entries: dict[str, str], name: str, default: float | None = None) -> float:
    if name not in entries and default is not None:
        return default
    try:
        value = float(entries[name])
    except (KeyError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise InputError(path, f"has {entries.get(name)!r} for {name}", "a number", "export the grid again")
    return value


def _saga_values(path: Path, kind: np.dtype[Any], rows: int, columns: int, offset: int) -> Values:
    expected, found = offset + rows * columns * kind.itemsize, path.stat().st_size
    if found != expected or offset < 0:
        raise InputError(
            path, f"holds {found} bytes", f"{expected} bytes for {rows} rows of {columns}", "copy it again"
        )
    return stored_cells(path, kind, offset, (rows, columns))


def stored_cells(path: Path, kind: np.dtype[Any], offset: int, shape: tuple[int, int]) -> Values:
    """Cells that lie in a file as they are, float32, read some rows at a time; NaN where not finite.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.sdat")
    >>> _ = path.write_bytes(np.array([1, 2, np.inf, 4], ">f8").tobytes())
    >>> stored_cells(path, np.dtype(">f8"), 0, (2, 2)).tolist()
    [[1.0, 2.0], [nan, 4.0]]
    """
    stored = np.memmap(path, kind, mode="r", offset=offset, shape=shape)
    values = np.empty(shape, np.float32)
    rows = max(1, CELLS_AT_ONCE // shape[1])
    with np.errstate(all="ignore"):
        for first in range(0, shape[0], rows):
            part = stored[first : first + rows].astype(np.float32)
            part[~np.isfinite(part)] = np.nan
            values[first : first + rows] = part
    return values


def _without_nodata(values: Values, text: str) -> Values:
    """NaN in place of the value, or the range 'low;high', that stands for no data."""
    try:
        bounds = [np.float32(part) for part in text.split(";") if part.strip()]
    except ValueError:
        bounds = []
    if bounds:
        values[(values >= min(bounds)) & (values <= max(bounds))] = np.nan
    return values


def projection(path: Path) -> str:
    """The coordinate reference system of a ``.prj`` beside the grid; empty where there is none that is
    understood.

    >>> projection(Path("none.sgrd"))
    ''
    """
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    sidecar = path.with_suffix(".prj")
    try:
        crs = (
            CRS.from_user_input(sidecar.read_text(encoding="latin-1")[:16384]) if sidecar.is_file() else None
        )
    except (CRSError, ValueError, OSError):
        return ""
    if crs is None:
        return ""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def gridded(path: Path, values: Values, dx: float, dy: float, west: float, north: float, crs: str) -> Survey:
    """A survey of cells made elsewhere: rows from north to south, the north-west corner and the steps in m.

    Raises
    ------
    InputError : no cell has a value.

    >>> gridded(Path("a.tif"), np.ones((2, 2), np.float32), 0.5, 0.5, 10.0, 20.0, "").easting
    10.25
    """
    values[~np.isfinite(values) | (np.abs(values) > 1e6)] = np.nan
    if not np.isfinite(values).any():
        raise InputError(path, "holds no cell with a value")
    if dy < 0:
        dx, dy, west, north = 1.0, 1.0, 0.0, float(values.shape[0])
    return Survey(
        values,
        traverse_m=dy,
        reading_m=dx,
        easting=west + dx / 2,
        northing=north - dy / 2,
        crs=crs,
        walked=False,
        source=path.stem,
    )


def _openable(path: Path, what: str) -> None:
    try:
        with path.open("rb") as stream:
            if not stream.read(1):
                raise InputError(path, "is empty", f"a {what}", "copy it again")
    except OSError as error:
        raise InputError(path, f"cannot be read as {what} ({error.strerror})") from None


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
