"""TerraSurveyor grids (.xgd): XML with one element for each reading."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from vestige.errors import InputError
from vestige.survey.traverses import Survey

__all__ = ["read_terrasurveyor"]

EXPECTED = "a TerraSurveyor grid: XML with a line of intervals and readings <XYV X= Y= V=>"
#: Dummies: of the program, of a Grad601 at both ranges.
DUMMIES = (2047.5, 204.75, 204.7, -204.75, -204.7, 32702.0)
MOST_READINGS = 4_000_000


def read_terrasurveyor(path: str | Path) -> Survey:
    """Read one grid; readings that the file leaves out are NaN.

    The X of a reading counts along the traverse, its Y the traverses, both from 0. The grid has no place: it
    goes where its frame's easting and northing say. The first traverse is taken to run east.

    Raises
    ------
    InputError : no XML, no intervals, a reading outside the grid, or none at all.

    References
    ----------
    DW Consulting publishes no description of the format; the names are those of files and of public readers
    of them. Composites (.xcp) are not read: export them as XYZ.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "01.xgd")
    >>> grid = '<Grid TraverseLength="2" IntervalLength="1" TraverseSeparation="1" IntervalSeparation="0.5"/>'
    >>> lines = [f'<XYV X="{x}" Y="{y}" V="{x - y}"/>' for y in range(2) for x in range(2)]
    >>> _ = path.write_text(f"<Survey>{grid}{''.join(lines)}</Survey>")
    >>> read_terrasurveyor(path).values
    array([[ 0.,  1.], [-1.,  0.]], dtype=float32)
    """
    path = Path(path)
    grid = _Grid(path)
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = grid.begin
    parser.EntityDeclHandler = grid.refuse
    try:
        with path.open("rb") as stream:
            parser.ParseFile(stream)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except (expat.ExpatError, ValueError) as error:
        raise InputError(path, f"is no whole XML ({error})", EXPECTED, "export it again") from None
    return grid.survey()


class _Grid:
    """What the elements tell, one after another."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sides: list[float] | None = None
        self.pattern = ""
        self.instrument = ""
        self.readings = array("d")

    def refuse(self, *_: Any) -> None:
        """A grid needs no entities; one that declares them is an attack on its reader."""
        raise InputError(self.path, "declares XML entities", EXPECTED)

    def begin(self, name: str, attributes: list[str]) -> None:
        """One element: a reading, the intervals, or what is said of the logger."""
        told = list(zip(attributes[::2], attributes[1::2], strict=True))
        if name.upper() == "XYV":
            self._reading([text for _, text in told[:3]])
            return
        numbers = [(key.lower(), _number(text)) for key, text in told]
        sides = [value for _, value in numbers if value is not None]
        if self.sides is None and len(sides) >= 4 and "grid" in name.lower():
            self.sides = sides[:4]
        for key, text in told:
            if key.lower() == "mode":
                self.pattern = "zig-zag" if "zig" in text.lower() else "parallel"
            if key.lower() in ("instrument", "instrumenttype"):
                self.instrument = text

    def _reading(self, fields: list[str]) -> None:
        numbers = [_number(field) for field in fields]
        if len(numbers) < 3 or numbers[0] is None or numbers[1] is None:
            raise InputError(
                self.path, f"has a reading {' '.join(fields)[:60]!r}", "X, Y and V", "export it again"
            )
        self.readings.extend(np.nan if number is None else number for number in numbers)
        if len(self.readings) > 3 * MOST_READINGS:
            raise InputError(self.path, f"holds more than {MOST_READINGS} readings", "one survey grid")

    def survey(self) -> Survey:
        """The grid, when all has been read."""
        if self.sides is None or not all(side > 0 for side in self.sides):
            raise InputError(self.path, "has no element with the lengths and intervals of its grid", EXPECTED)
        across, along, traverse_m, reading_m = self.sides
        shape = round(across / traverse_m), round(along / reading_m)
        if min(shape) < 1 or shape[0] * shape[1] > MOST_READINGS:
            raise InputError(
                self.path, f"says {shape[0]} traverses of {shape[1]} readings", "one survey grid"
            )
        table = np.frombuffer(self.readings, np.float64).reshape(-1, 3)
        column, row, values = table.T
        outside = (column < 0) | (column > shape[1] - 0.5) | (row < 0) | (row > shape[0] - 0.5)
        if not len(table) or outside.any():
            raise InputError(
                self.path,
                f"holds {int(outside.sum())} of {len(table)} readings outside its grid",
                f"{shape[0]} traverses of {shape[1]} readings",
                "export it again",
            )
        laid = np.full(shape, np.nan, np.float32)
        laid[np.round(row).astype(np.intp), np.round(column).astype(np.intp)] = np.clip(values, -1e9, 1e9)
        for dummy in DUMMIES:
            laid[np.isclose(laid, dummy, rtol=0, atol=1e-3)] = np.nan
        laid[np.abs(laid) > 1e6] = np.nan
        if not np.isfinite(laid).any():
            raise InputError(self.path, "holds no reading, only dummy values")
        survey = Survey(
            laid,
            traverse_m=traverse_m,
            reading_m=reading_m,
            grid=(shape[1], shape[0]),
            source=self.path.stem,
            instrument=self.instrument,
            pattern=self.pattern,
            directions=_ways(self.pattern, shape[0]),
        )
        return survey.placed(0.0, survey.extent[0])


def _ways(pattern: str, traverses: int) -> Any:
    if not pattern:
        return None
    ways = np.ones(traverses, np.int8)
    if pattern == "zig-zag":
        ways[1::2] = -1
    return ways


def _number(text: str) -> float | None:
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if np.isfinite(value) else None
