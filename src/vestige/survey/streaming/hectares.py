"""The map that grows, in squares of about a hectare, each a small GeoTIFF that is made anew as lines come."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from vestige.survey.geotiff import raster_writer, read_window
from vestige.survey.gridding import Raster
from vestige.survey.traverses import Values

__all__ = ["Bounds", "Hectares", "Square", "grown"]

#: West, south, east, north; m.
Bounds = tuple[float, float, float, float]
#: The side of a square, nearly (m); squares held in memory.
SIDE, HELD = 100.0, 24

#: Column and row of a square, counted from the origin of the coordinates to the east and north.
Square = tuple[int, int]


def grown(bounds: Bounds, by: float) -> Bounds:
    """Bounds with `by` m more on each side.

    >>> grown((0, 0, 10, 10), 2)
    (-2, -2, 12, 12)
    """
    west, south, east, north = bounds
    return west - by, south - by, east + by, north + by


class Hectares:
    """Cells of `cell` m, kept in files beneath `folder`; NaN where nothing was surveyed.

    >>> import tempfile
    >>> map_ = Hectares(Path(tempfile.mkdtemp()), 0.5)
    >>> corner = map_.raster_over((95.0, 10.0, 105.0, 12.0))
    >>> corner.bounds, map_.write(corner, np.ones((corner.height, corner.width), np.float32))
    ((95.0, 10.0, 105.0, 12.0), [(0, 0), (1, 0)])
    >>> float(np.nansum(map_.read((99.0, 10.0, 101.0, 11.0))[1]))
    8.0
    """

    def __init__(self, folder: Path, cell: float, crs: str = "") -> None:
        self.folder, self.cell, self.crs = folder, cell, crs
        self.cells = round(SIDE / cell)
        self._held: OrderedDict[Square, Values] = OrderedDict()
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.tif"):
            old.unlink()

    @property
    def side(self) -> float:
        """The side of a square, m."""
        return self.cells * self.cell

    def name(self, square: Square) -> str:
        """How a square is called: the hundreds of metres of its south-west corner."""
        return f"E{math.floor(square[0] * self.side / SIDE)}_N{math.floor(square[1] * self.side / SIDE)}"

    def path(self, square: Square) -> Path:
        """The file of a square."""
        return self.folder / f"{self.name(square)}.tif"

    def bounds(self, square: Square) -> Bounds:
        """The ground that a square covers."""
        west, south = square[0] * self.side, square[1] * self.side
        return west, south, west + self.side, south + self.side

    def over(self, bounds: Bounds) -> list[Square]:
        """The squares that bounds touch, from west to east, then from south to north."""
        west, south, east, north = (part / self.side for part in bounds)
        columns = range(math.floor(west + 1e-9), max(math.ceil(east - 1e-9), math.floor(west + 1e-9) + 1))
        rows = range(math.floor(south + 1e-9), max(math.ceil(north - 1e-9), math.floor(south + 1e-9) + 1))
        return [(column, row) for row in rows for column in columns]

    def raster_over(self, bounds: Bounds) -> Raster:
        """The cells of the map that cover bounds."""
        west, south, east, north = (part / self.cell for part in bounds)
        left, right = math.floor(west + 1e-6), math.ceil(east - 1e-6)
        bottom, top = math.floor(south + 1e-6), math.ceil(north - 1e-6)
        return Raster(left * self.cell, top * self.cell, self.cell, top - bottom, right - left, self.crs)

    def write(self, raster: Raster, values: Values) -> list[Square]:
        """Lay values over the cells of `raster` (from `raster_over`); the squares that changed."""
        changed = []
        for square, inside, outside in self._windows(raster):
            held = self._square(square)
            part = values[outside]
            if np.array_equal(held[inside], part, equal_nan=True):
                continue
            held[inside] = part
            self._save(square, held)
            changed.append(square)
        return changed

    def read(self, bounds: Bounds) -> tuple[Raster, Values]:
        """The cells over bounds, NaN where there are none."""
        raster = self.raster_over(bounds)
        values = np.full((raster.height, raster.width), np.nan, np.float32)
        for square, inside, outside in self._windows(raster):
            if square in self._held or self.path(square).exists():
                values[outside] = self._square(square)[inside]
        return raster, values

    def surveyed(self, square: Square) -> float:
        """The share of a square's cells that were surveyed."""
        return float(np.isfinite(self._square(square)).mean())

    def _windows(self, raster: Raster) -> Iterator[tuple[Square, tuple[slice, slice], tuple[slice, slice]]]:
        """For each square under `raster`: the part of the square, and the part of the raster."""
        left, top = round(raster.west / self.cell), round(raster.north / self.cell)
        for square in self.over(raster.bounds):
            west, north = square[0] * self.cells, (square[1] + 1) * self.cells
            first = max(left, west), min(top, north)
            last = min(left + raster.width, west + self.cells), max(top - raster.height, north - self.cells)
            if last[0] > first[0] and first[1] > last[1]:
                yield (
                    square,
                    (slice(north - first[1], north - last[1]), slice(first[0] - west, last[0] - west)),
                    (slice(top - first[1], top - last[1]), slice(first[0] - left, last[0] - left)),
                )

    def _square(self, square: Square) -> Values:
        found = self._held.pop(square, None)
        if found is None:
            path = self.path(square)
            whole = slice(0, self.cells)
            found = (
                read_window(path, whole, whole)
                if path.exists()
                else np.full((self.cells, self.cells), np.nan, np.float32)
            )
        self._held[square] = found
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return found

    def _save(self, square: Square, values: Values) -> None:
        """The file in one step: who looks at the same moment sees the old one or the new one."""
        path = self.path(square)
        west, _, _, north = self.bounds(square)
        raster = Raster(west, north, self.cell, self.cells, self.cells, self.crs)
        new = path.with_name(f".{path.name}")
        with raster_writer(
            new,
            raster,
            np.float32,
            nodata=float("nan"),
            unit="nT",
            description="magnetic gradient, provisional",
        ) as writer:
            writer.write(0, values)
        new.replace(path)
