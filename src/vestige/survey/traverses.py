"""A survey in memory: readings along traverses, with the place of each, and the raster they are laid on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

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
    pattern : 'zig-zag' (every second traverse walked back) or 'parallel'; empty where nothing says so.
    directions : int8 (traverse,): 1 walked along `bearing`, -1 against it, 0 not known.
    sensors, tracks : int32 (traverse,): the probe of a cart that read it (from 1), and the pass of the cart.
    seconds : float64 (traverse, reading): time of each reading, where the file tells; s from its first.
    places : float64 (traverse, reading, 2): easting and northing of each reading in m, where a cart was not
        bound to a lattice; `traverse_m` then is the usual distance between traverses. See `on_cells`.
    history : what was done to the readings before, one step a line, as the file tells it.
    notes : what is odd about the file, one sentence each; nothing that makes it useless.

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
    pattern: str = ""
    directions: NDArray[np.int8] | None = None
    sensors: NDArray[np.int32] | None = None
    tracks: NDArray[np.int32] | None = None
    seconds: NDArray[np.float64] | None = None
    places: NDArray[np.float64] | None = None
    history: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

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
        if self.places is not None:
            low, high = self._reach(self.places)
            return float(high[1] - low[1]) + self.reading_m, float(high[0] - low[0]) + self.reading_m
        across, along = self.values.shape[0] * self.traverse_m, self.values.shape[1] * self.reading_m
        return (across, along) if self.bearing in (90, 270) else (along, across)

    @property
    def west(self) -> float:
        """Easting of the western edge (half an interval beyond the outermost readings)."""
        if self.places is not None:
            return float(self._reach(self.places)[0][0]) - self.reading_m / 2
        before = {0: self.traverse_m, 90: self.reading_m, 180: 0.0, 270: 0.0}[self.bearing] / 2
        after = {180: self.traverse_m, 270: self.reading_m}.get(self.bearing)
        return self.easting - before if after is None else self.easting + after / 2 - self.extent[1]

    @property
    def north(self) -> float:
        """Northing of the northern edge."""
        if self.places is not None:
            return float(self._reach(self.places)[1][1]) + self.reading_m / 2
        first = {90: self.traverse_m, 180: self.reading_m}.get(self.bearing)
        if first is not None:
            return self.northing + first / 2
        return self.northing - {0: self.reading_m, 270: self.traverse_m}[self.bearing] / 2 + self.extent[0]

    @staticmethod
    def _reach(places: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The least and the greatest easting and northing."""
        known = places[np.isfinite(places).all(axis=-1)]
        return known.min(axis=0), known.max(axis=0)

    @property
    def alternates(self) -> bool:
        """Whether traverses were walked both ways, so that a stagger between them is possible.

        >>> both = np.array([1, -1], np.int8)
        >>> Survey(np.zeros((2, 8), np.float32), 1.0, 0.25, directions=both).alternates
        True
        """
        if self.directions is None:
            return self.pattern == "zig-zag"
        return bool((self.directions > 0).any() and (self.directions < 0).any())

    def part(self, traverses: slice) -> Self:
        """Some of the traverses, with all that is told of them; the place is that of the whole.

        >>> Survey(np.zeros((4, 8), np.float32), 1.0, 0.25).part(slice(1, 3)).values.shape
        (2, 8)
        """

        def cut(array: NDArray[Any] | None) -> Any:
            return None if array is None else array[traverses]

        return replace(
            self,
            values=self.values[traverses],
            directions=cut(self.directions),
            sensors=cut(self.sensors),
            tracks=cut(self.tracks),
            seconds=cut(self.seconds),
            places=cut(self.places),
        )

    def noted(self, *sentences: str) -> Self:
        """The same survey with more notes."""
        return replace(self, notes=(*self.notes, *sentences))

    def with_values(self, values: Values) -> Self:
        """The same survey with other readings of the same shape."""
        return replace(self, values=values)

    def placed(self, west: float, north: float) -> Self:
        """The same survey with its north-west corner moved to a place (m).

        >>> Survey(np.zeros((2, 2), np.float32), 1.0, 1.0, bearing=0).placed(100, 200).west
        100.0
        """
        east, up = west - self.west, north - self.north
        places = None if self.places is None else self.places + np.array([east, up])
        return replace(self, easting=self.easting + east, northing=self.northing + up, places=places)

    def north_up(self) -> tuple[Values, float, float]:
        """Readings as rows from north to south and columns from west to east, with the row and column
        interval.

        Raises
        ------
        UsageError : readings keep places of their own.

        >>> Survey(np.array([[1, 2], [3, 4]], np.float32), 1.0, 0.5, bearing=0).north_up()
        (array([[2., 4.], [1., 3.]], dtype=float32), 0.5, 1.0)
        """
        if self.places is not None:
            raise UsageError("this survey stands on no lattice: lay it out with on_cells first")
        turned = np.rot90(self.values, {90: 0, 0: 1, 270: 2, 180: 3}[self.bearing])
        if self.bearing in (90, 270):
            return turned, self.traverse_m, self.reading_m
        return turned, self.reading_m, self.traverse_m
