"""From a processed grid to depths: a table of Euler solutions, and the spectrum."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import InputError, UsageError
from vestige.survey.geotiff import read_window
from vestige.survey.gridding import Raster
from vestige.survey.processing.euler import Source, euler_deconvolution
from vestige.survey.processing.spectral_depth import spectral_depth
from vestige.survey.recipe import DepthRecipe

__all__ = ["depth"]

#: Cells read at a time, and metres read around them.
CELLS_AT_ONCE, AROUND = 2_000_000, 40.0


def depth(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """A processed grid to ``depths/euler.csv`` and ``depths/spectrum.csv``; depths are below the ground."""
    chosen = DepthRecipe.model_validate(recipe.model_dump())
    grid = inputs.product("grid")
    if grid is None:
        raise UsageError("depth needs a grid: name one")
    raster = _raster(grid.path)
    folder = context.output / "depths"
    folder.mkdir(parents=True, exist_ok=True)
    sources = [
        source for part in _strips(raster, context) for source in _sources(grid.path, raster, part, chosen)
    ]
    _write(
        folder / "euler.csv",
        ("easting_m", "northing_m", "depth_m", "deviation_m", "analytic_signal_nt_m"),
        ((s.easting, s.northing, s.depth - chosen.sensor_height, s.deviation, s.strength) for s in sources),
    )
    spectrum = spectral_depth(_middle(grid.path, raster), raster.cell, separation=chosen.separation)
    pairs = zip(spectrum.wavenumber, spectrum.log_power, strict=True) if spectrum else ()
    _write(folder / "spectrum.csv", ("wavenumber_rad_m", "ln_power"), pairs)
    if spectrum is None:
        context.warn(f"{grid.path.name} holds no square of 40 m that is surveyed: no spectral depth")
    found = np.array([source.depth - chosen.sensor_height for source in sources])
    measured = {
        "sources": len(sources),
        "median_depth_m": round(float(np.median(found)), 2) if found.size else None,
        "spectral_depth_deep_m": round(spectrum.deep - chosen.sensor_height, 2) if spectrum else None,
        "spectral_depth_shallow_m": round(spectrum.shallow - chosen.sensor_height, 2) if spectrum else None,
    }
    return Outcome([Product("depths", Kind.TABLE, folder, {"crs": raster.crs})], measured)


def _raster(path: Path) -> Raster:
    import rasterio
    from rasterio.errors import RasterioError

    try:
        opened = rasterio.open(path)
    except RasterioError as error:
        raise InputError(path, f"cannot be read as a raster ({error})", "a GeoTIFF in nT") from None
    with opened as file:
        transform = file.transform
        if abs(transform.a + transform.e) > 1e-6 * abs(transform.a):
            raise InputError(path, f"has cells of {transform.a} by {-transform.e} m", "square cells")
        crs = file.crs.to_string() if file.crs else ""
        return Raster(transform.c, transform.f, transform.a, file.height, file.width, crs)


def _strips(raster: Raster, context: Context) -> Iterable[slice]:
    rows = max(256, CELLS_AT_ONCE // raster.width)
    for first in context.track(range(0, raster.height, rows), "depths"):
        yield slice(first, min(first + rows, raster.height))


def _sources(path: Path, raster: Raster, rows: slice, recipe: DepthRecipe) -> list[Source]:
    """Those that lie in some rows, computed with the ground around them."""
    around = round(AROUND / raster.cell)
    top, bottom = max(0, rows.start - around), min(raster.height, rows.stop + around)
    values = read_window(path, slice(top, bottom), slice(0, raster.width)).astype(np.float32)
    part = Raster(raster.west, raster.north - top * raster.cell, raster.cell, bottom - top, raster.width)
    found = euler_deconvolution(
        values, part, index=recipe.index, window=recipe.window, tolerance=recipe.tolerance
    )
    north, south = raster.north - rows.start * raster.cell, raster.north - rows.stop * raster.cell
    return [source for source in found if south < source.northing <= north]


def _middle(path: Path, raster: Raster) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """The grid, or so much of its middle as is read at a time: enough for a spectrum."""
    side = int(CELLS_AT_ONCE**0.5)
    rows, columns = (
        slice(max(0, (count - side) // 2), min(count, (count + side) // 2))
        for count in (raster.height, raster.width)
    )
    values: np.ndarray[tuple[int, int], np.dtype[np.float32]] = read_window(path, rows, columns).astype(
        np.float32
    )
    return values


def _write(path: Path, heads: Sequence[str], rows: Iterable[Sequence[float]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        writer.writerows([f"{float(value):.4f}" for value in row] for row in rows)
