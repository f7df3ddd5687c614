"""A survey in memory: readings along traverses, with the place of each, and the raster they are laid on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["Survey", "Values"]

Values = NDArray[np.float32]


@dataclass(frozen=True)
class Survey:
    """Readings of one data file.

    Parameters
    ----------
    values : float32 (traverse, reading) in nT; NaN where nothing was read. Each next traverse lies to the
        right of the direction of walking; readings of traverses walked back are in the order of the first
        traverse.
    traverse_m, reading_m : distance between traverses, and between readings on one, in m.
    easting, northing : centre of the first reading of the first traverse, in m.
    bearing : direction of the first traverse, in degrees clockwise from north: 0, 90, 180 or 270.
    crs : coordinate reference system (EPSG code or WKT); empty for a local grid.
    walked : whether the traverses are those that were walked (else: a grid that was processed elsewhere).
    grid : readings along and traverses across one survey grid, where the file says so.
    source, instrument, unit : what the file says of itself.

    >>> survey = Survey(np.zeros((2, 8), np.float32), 1.0, 0.25, easting=0.125, northing=1.5)
    >>> survey.west, survey.north, survey.extent
    (0.0, 2.0, (2.0, 2.0))
    """

    values: Values
    traverse_m: float
    reading_m: float
    easting: float = 0.0
    northing: float = 0.0
    bearing: int = 90
    crs: str = ""
    walked: bool = True
    grid: tuple[int, int] | None = None
    source: str = ""
    instrument: str = ""
    unit: str = "nT"

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.bearing not in (0, 90, 180, 270):
            raise UsageError(
                f"a survey has values (traverse, reading) and a bearing of 0, 90, 180 or 270, not "
                f"{self.values.ndim} dimensions and {self.bearing}"
            )
        if not (self.traverse_m > 0 and self.reading_m > 0):
            raise UsageError(f"intervals must be positive, not {self.traverse_m} and {self.reading_m} m")

    @property
    def extent(self) -> tuple[float, float]:
        """Height (south to north) and width (west to east) of the ground covered, in m."""
        across, along = self.values.shape[0] * self.traverse_m, self.values.shape[1] * self.reading_m
        return (across, along) if self.bearing in (90, 270) else (along, across)

    @property
    def west(self) -> float:
        """Easting of the western edge (half an interval beyond the outermost readings)."""
        before = {0: self.traverse_m, 90: self.reading_m, 180: 0.0, 270: 0.0}[self.bearing] / 2
        after = {180: self.traverse_m, 270: self.reading_m}.get(self.bearing)
        return self.easting - before if after is None else self.easting + after / 2 - self.extent[1]

    @property
    def north(self) -> float:
        """Northing of the northern edge."""
        first = {90: self.traverse_m, 180: self.reading_m}.get(self.bearing)
        if first is not None:
            return self.northing + first / 2
        return self.northing - {0: self.reading_m, 270: self.traverse_m}[self.bearing] / 2 + self.extent[0]

    def with_values(self, values: Values) -> Self:
        """The same survey with other readings of the same shape."""
        return replace(self, values=values)

    def placed(self, west: float, north: float) -> Self:
        """The same survey with its north-west corner moved to a place (m).

        >>> Survey(np.zeros((2, 2), np.float32), 1.0, 1.0, bearing=0).placed(100, 200).west
        100.0
        """
        return replace(
            self, easting=self.easting + west - self.west, northing=self.northing + north - self.north
        )

    def north_up(self) -> tuple[Values, float, float]:
        """Readings as rows from north to south and columns from west to east, with the row and column
        interval.

        >>> Survey(np.array([[1, 2], [3, 4]], np.float32), 1.0, 0.5, bearing=0).north_up()
        (array([[2., 4.], [1., 3.]], dtype=float32), 0.5, 1.0)
        """
        turned = np.rot90(self.values, {90: 0, 0: 1, 270: 2, 180: 3}[self.bearing])
        if self.bearing in (90, 270):
            return turned, self.traverse_m, self.reading_m
        return turned, self.reading_m, self.traverse_m
