"""The features of a map as they were found: read once, looked up by place and by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from vestige.display.ground import read_outlines

#: What a feature is called where its file does not say a class.
NAMELESS = "feature"


@dataclass(frozen=True)
class Found:
    """The features of a file, in its order: names, outlines in the reference system of the map, and columns.

    `names` are the whole numbers of column ``id`` as text, else the place in the file.
    """

    names: list[str]
    outlines: NDArray[np.object_]
    columns: dict[str, list[Any]]
    reference: str
    place: dict[str, int] = field(repr=False)
    tree: STRtree = field(repr=False)

    def column(self, name: str, default: Any = None) -> list[Any]:
        """A column; `default` for every feature where there is none."""
        return self.columns.get(name) or [default] * len(self.names)

    def class_of(self, name: str) -> str:
        """The class of a feature as it was found."""
        return str(self.columns["class"][self.place[name]]) if "class" in self.columns else NAMELESS

    def within(self, bounds: tuple[float, float, float, float]) -> NDArray[np.int64]:
        """Places of the features whose bounds meet a box (west, south, east, north)."""
        found: NDArray[np.int64] = np.sort(self.tree.query(shapely.box(*bounds)))
        return found


def read_found(path: Path, reference: str = "") -> Found:
    """The features of a GeoPackage, in `reference` where both are known.

    Raises
    ------
    InputError
        where it cannot be read.
    """
    with read_outlines(path, reference) as read:
        frame = read
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]
    outlines = np.asarray(frame.geometry.array, object)
    columns = {name: _plain(frame[name].tolist()) for name in frame.columns if name != frame.geometry.name}
    names = _names(columns.get("id"), len(outlines))
    crs = frame.crs.to_string() if frame.crs is not None else reference
    place = {name: number for number, name in enumerate(names)}
    return Found(names, outlines, columns, crs, place, STRtree(outlines))


def _names(given: list[Any] | None, count: int) -> list[str]:
    """The names of the features: their ids where those are whole numbers, each once."""
    if given is not None and all(isinstance(value, int) and value >= 0 for value in given):
        names = [str(value) for value in given]
        if len(set(names)) == count:
            return names
    return [str(number + 1) for number in range(count)]


def _plain(values: list[Any]) -> list[Any]:
    """Values as JSON can say them."""
    return [
        None
        if value is None or (isinstance(value, float) and not np.isfinite(value))
        else value
        if isinstance(value, (str, int, float, bool))
        else str(value)
        for value in values
    ]


def geometry(outline: list[list[list[tuple[float, float]]]]) -> BaseGeometry:
    """The coordinates of a MultiPolygon as a valid geometry.

    >>> geometry([[[(0, 0), (2, 0), (2, 1), (0, 1), (0, 0)]]]).area
    2.0
    """
    made = shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in outline])
    return made if made.is_valid else shapely.make_valid(made)


def coordinates(shape: BaseGeometry, digits: int = 3) -> list[list[list[list[float]]]]:
    """The polygons of a geometry as coordinates of a MultiPolygon, rounded to `digits` behind the point.

    >>> coordinates(shapely.box(0, 0, 1, 1))[0][0][0]
    [1.0, 0.0]
    """
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return [
        [
            np.round(np.asarray(ring.coords)[:, :2], digits).tolist()
            for ring in (part.exterior, *part.interiors)
        ]
        for part in parts
    ]
