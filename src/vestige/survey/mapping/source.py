"""A grid that was made elsewhere, laid on the model's cells strip by strip."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.geotiff import BLOCK, raster_writer
from vestige.survey.gridding import Raster

__all__ = ["grid_raster", "lay_grid"]

#: Cells read at a time.
CELLS_AT_ONCE = 8_000_000
#: A grid whose cells are so near to the model's is taken as it is.
SAME_CELL = 1e-6


def grid_raster(path: Path, cell: float) -> Raster:
    """The raster of `cell` m over a grid in a GeoTIFF: the grid's own where its cells are of that size.

    Raises
    ------
    InputError : no GeoTIFF, several bands, in degrees, turned, not of square cells, or without extent.

    >>> grid_raster(Path("none.tif"), 0.25)
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.tif cannot be read as GeoTIFF (No such file or directory)
    """
    with _opened(path) as grid:
        step = _upright(grid)
        height, width = grid.height * -step.e / cell, grid.width * step.a / cell
        crs = grid.crs.to_string() if grid.crs else ""
        return Raster(step.c, step.f, cell, max(1, round(height)), max(1, round(width)), crs)


def lay_grid(path: Path, raster: Raster, target: Path) -> Path:
    """Write a grid's values (nT) on a raster: finer cells are averaged, coarser ones interpolated.

    Raises
    ------
    InputError : no cell holds a value, or the file is cut off.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> fine = Raster(0.0, 4.0, 0.5, 8, 8)
    >>> with raster_writer(folder / "fine.tif", fine, np.float32, nodata=np.nan) as writer:
    ...     writer.write(0, np.tile(np.float32([1, 3]), (8, 4)))
    >>> from vestige.survey.geotiff import read_window
    >>> laid = lay_grid(folder / "fine.tif", grid_raster(folder / "fine.tif", 1.0), folder / "laid.tif")
    >>> read_window(laid, slice(0, 1), slice(0, 4)).tolist()
    [[2.0, 2.0, 2.0, 2.0]]
    """
    rows = max(BLOCK, CELLS_AT_ONCE // raster.width // BLOCK * BLOCK)
    known = False
    with (
        _opened(path) as grid,
        _on(grid, raster) as laid,
        raster_writer(
            target, raster, np.float32, nodata=float("nan"), unit="nT", description="magnetic gradient"
        ) as writer,
    ):
        for first in range(0, raster.height, rows):
            strip = _strip(path, laid, slice(first, min(first + rows, raster.height)))
            known = known or bool(np.isfinite(strip).any())
            writer.write(first, strip)
    if not known:
        raise InputError(path, "holds no cell with a value", "a grid of nT")
    return target


def _opened(path: Path) -> Any:
    """The open raster, checked; a grid without a place lies on a local one."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        if not path.stat().st_size:
            raise InputError(path, "is empty", "a GeoTIFF of nT")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            grid = rasterio.open(path)
    except OSError as error:
        reason = error.strerror or _line(error)
        raise InputError(path, f"cannot be read as GeoTIFF ({reason})") from None
    except RasterioError as error:
        raise InputError(path, f"cannot be read as GeoTIFF ({_line(error)})") from None
    try:
        _check(path, grid)
    except InputError:
        grid.close()
        raise
    return grid


def _check(path: Path, grid: Any) -> None:
    if grid.count != 1:
        raise InputError(
            path, f"holds {grid.count} bands", "one band of nT", "export the values, not a picture"
        )
    if np.dtype(grid.dtypes[0]).kind not in "uif":
        raise InputError(path, f"holds values of type {grid.dtypes[0]}", "real numbers")
    if grid.crs is not None and grid.crs.is_geographic:
        raise InputError(path, "has its cells in degrees", "a grid in metres", "project it first")
    step = grid.transform
    if step.b or step.d or not step.a > 0 or not (step.e < 0 or step.is_identity):
        raise InputError(
            path, "is turned or mirrored against north", "rows from north to south", "warp it first"
        )
    if abs(step.a - abs(step.e)) > 1e-3 * step.a or not 0.01 < step.a < 10:
        raise InputError(path, f"has cells of {step.a:g} x {abs(step.e):g} m", "square cells of a survey")


def _upright(grid: Any) -> Any:
    """Where the grid lies; one without a place has cells of 1 m, north up."""
    from affine import Affine

    step = grid.transform
    return Affine(1.0, 0.0, 0.0, 0.0, -1.0, float(grid.height)) if step.is_identity else step


def _on(grid: Any, raster: Raster) -> Any:
    """The grid seen on the raster's cells, warped only where its own are of another size."""
    from affine import Affine
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    step = _upright(grid)
    if abs(step.a - raster.cell) <= SAME_CELL * raster.cell:
        return grid
    averaged = step.a < 0.75 * raster.cell
    # The warper wants a system on both sides; where the survey names none, any in metres will do.
    system = grid.crs or "EPSG:3857"
    return WarpedVRT(
        grid,
        src_crs=system,
        src_transform=step,
        crs=system,
        transform=Affine(raster.cell, 0.0, raster.west, 0.0, -raster.cell, raster.north),
        width=raster.width,
        height=raster.height,
        resampling=Resampling.average if averaged else Resampling.cubic,
        nodata=float("nan"),
        dtype="float32",
        warp_mem_limit=64,
    )


def _strip(path: Path, laid: Any, rows: slice) -> NDArray[np.float32]:
    """Rows of the open grid; NaN where it holds no value."""
    from rasterio.errors import RasterioError

    try:
        band = laid.read(1, window=((rows.start, rows.stop), (0, laid.width)), masked=True)
    except RasterioError as error:
        raise InputError(path, f"cannot be read as GeoTIFF ({_line(error)})") from None
    strip: NDArray[np.float32] = band.astype(np.float32).filled(np.nan)
    strip[~np.isfinite(strip)] = np.nan
    return strip


def _line(error: Exception) -> str:
    return str(error).splitlines()[0][:160]
