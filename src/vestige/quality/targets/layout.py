"""How a target is printed: millimetres and colours, read from a data file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["Edge", "Layout", "Mark", "kinds", "layout", "rectangle"]

Points = NDArray[np.float64]
#: A lattice of patches may touch the border of the target; an edge is used between these parts of its length.
EDGE_ENDS = 0.18, 0.82


@dataclass(frozen=True, eq=False)
class Edge:
    """A straight edge between two flat areas, from `start` to `end` in mm, dark on its right hand.

    >>> Edge("left 1", np.zeros(2), np.array([3.0, 4.0])).length
    5.0
    """

    name: str
    start: Points
    end: Points

    @property
    def length(self) -> float:
        """Millimetres."""
        return float(np.linalg.norm(self.end - self.start))


@dataclass(frozen=True, eq=False)
class Mark:
    """An ArUco marker: number in its dictionary, and its corners in mm, clockwise from the top left."""

    number: int
    corners: Points


@dataclass(frozen=True, eq=False)
class Layout:
    """A target as printed; x to the right and y down, in mm from its top left corner.

    Attributes
    ----------
    kind, title : its name in reports and its name for people.
    size : (width, height) in mm.
    ground : CIE L*a*b* (D50, 2 degrees) of what is not printed on.
    lab : the same of every ink, by name.
    shapes : ink and polygon (n, 2), in the order in which they are printed.
    patches : name to polygon (4, 2) of the areas whose colour is known.
    neutrals : names of the grey patches.
    edges : slanted edges for the sharpness.
    marks, dictionary : ArUco markers.
    points : (n, 2) crossings of a chessboard, for geometry.
    grid : (columns, rows) where the patches stand in a lattice, else None.
    source, verified : where the values are from; False where no print was measured.
    """

    kind: str
    title: str
    size: tuple[float, float]
    ground: Points
    lab: Mapping[str, Points]
    shapes: tuple[tuple[str, Points], ...]
    patches: Mapping[str, Points]
    neutrals: tuple[str, ...]
    edges: tuple[Edge, ...]
    marks: tuple[Mark, ...]
    dictionary: str | None
    points: Points
    grid: tuple[int, int] | None
    source: str
    verified: bool

    @property
    def corners(self) -> Points:
        """(4, 2), clockwise from the top left."""
        return rectangle(0, 0, *self.size)


def rectangle(left: float, top: float, right: float, bottom: float) -> Points:
    """Corners (4, 2), clockwise from the top left.

    >>> rectangle(0, 0, 2, 1).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]
    """
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


@lru_cache(maxsize=1)
def kinds() -> tuple[str, ...]:
    """Names of all targets.

    >>> "colorchecker-classic" in kinds()
    True
    """
    folder = files("vestige.quality.targets") / "layouts"
    return tuple(sorted(file.name.removesuffix(".json") for file in folder.iterdir()))


@lru_cache(maxsize=32)
def layout(kind: str) -> Layout:
    """A target by its name.

    Raises
    ------
    UsageError : there is no such target.

    >>> len(layout("colorchecker-classic").patches)
    24
    """
    if kind not in kinds():
        raise UsageError(f"there is no target {kind!r}; known are {', '.join(kinds())}")
    text = (files("vestige.quality.targets") / "layouts" / f"{kind}.json").read_text("utf-8")
    return _parsed(json.loads(text))


def _parsed(stated: dict[str, Any]) -> Layout:
    patches = {name: rectangle(*sides) for name, sides in stated.get("patches", {}).items()}
    grid = stated.get("grid")
    if grid:
        patches = _lattice(grid)
    squares = [(one, _square(one)) for one in stated.get("squares", [])]
    marks = tuple(
        Mark(number, rectangle(x, y, x + side, y + side)) for number, x, y, side in stated.get("marks", [])
    )
    shapes = [(ink, rectangle(*sides)) for ink, *sides in stated.get("rectangles", [])]
    shapes += list(patches.items()) + [("edge dark", corners) for _, corners in squares]
    for mark in marks:
        shapes += _cells(mark, stated["dictionary"], stated.get("quiet", 0.0))
    return Layout(
        kind=stated["kind"],
        title=stated["title"],
        size=(float(stated["size"][0]), float(stated["size"][1])),
        ground=np.array(stated["ground"], np.float64),
        lab={name: np.array(value, np.float64) for name, value in stated["lab"].items()},
        shapes=tuple(shapes),
        patches=patches,
        neutrals=tuple(stated["neutrals"]),
        edges=tuple(edge for one, corners in squares for edge in _edges(one["name"], corners)),
        marks=marks,
        dictionary=stated.get("dictionary"),
        points=np.array(stated.get("corners", []), np.float64).reshape(-1, 2),
        grid=(grid["columns"], grid["rows"]) if grid else None,
        source=stated["source"],
        verified=stated["verified"],
    )


def _lattice(grid: dict[str, Any]) -> dict[str, Points]:
    (x, y), (across, down), (width, height) = grid["origin"], grid["pitch"], grid["patch"]
    return {
        name: rectangle(left := x + across * (index % grid["columns"]),
                        top := y + down * (index // grid["columns"]), left + width, top + height)
        for index, name in enumerate(grid["names"])
    }  # fmt: skip


def _square(stated: dict[str, Any]) -> Points:
    half, angle = stated["half"], np.radians(stated["angle"])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray(rectangle(-half, -half, half, half) @ turn.T + stated["centre"], np.float64)


def _edges(name: str, corners: Points) -> list[Edge]:
    found = []
    for index in range(4):
        start, end = corners[index], corners[(index + 1) % 4]
        first, last = (start + part * (end - start) for part in EDGE_ENDS)
        found.append(Edge(f"{name} {index + 1}", first, last))
    return found


def _cells(mark: Mark, dictionary: str, quiet: float) -> list[tuple[str, Points]]:
    """A marker as black ground and white cells, on a white border where the target is not white."""
    import cv2

    words = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    cells = words.markerSize + 2
    picture = cv2.aruco.generateImageMarker(words, mark.number, cells)
    (x, y), side = mark.corners[0], (mark.corners[1, 0] - mark.corners[0, 0]) / cells
    shapes = [("black", mark.corners)]
    if quiet:
        (right, bottom) = mark.corners[2]
        shapes.insert(0, ("white", rectangle(x - quiet, y - quiet, right + quiet, bottom + quiet)))
    for row, column in np.argwhere(picture > 127):
        left, top = x + column * side, y + row * side
        shapes.append(("white", rectangle(left, top, left + side, top + side)))
    return shapes
