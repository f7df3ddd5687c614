"""Live work of a survey: each line that comes is cleaned and gridded with its neighbours alone."""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract import Context, Inputs, Kind, Patch, Recipe
from vestige.errors import InputError
from vestige.survey.cleaned import Piece, as_cleaned
from vestige.survey.gridding import interpolate
from vestige.survey.mapping.model import model_of
from vestige.survey.recipe import StreamRecipe
from vestige.survey.streaming.gathering import in_order, is_line, rows
from vestige.survey.streaming.hectares import Bounds, Hectares, Square, grown
from vestige.survey.traverses import Survey

__all__ = ["GrowingMap"]

Rows = NDArray[np.float64]
#: Lines read from disk that are held; lines taken together; a line farther off (m) is noted, not laid.
HELD, TOGETHER, FARTHEST = 600, 64, 20_000.0


@dataclass
class _State:
    """What is known of one square."""

    changed: float
    finished: bool = False
    looked: bool = False
    outlines: int = 0

    def touch(self, now: float) -> None:
        """It, or the ground around it, has changed."""
        self.changed, self.finished = now, False


class GrowingMap:
    """The map of a survey whose lines still arrive; a `vestige.contract.Live`.

    A line changes the map as far as `reach` traverses to each side; for these, the lines twice as far are
    read, cleaned by the recipe and gridded as `run` does it. So the work of a line depends on its length
    and on how close the traverses lie, not on the survey's size; and where the reach suffices, the map is
    already what `run` will make of it. Outlines of a square are looked for once it is finished, with the
    ground around it, and anew where that has changed since.
    """

    def __init__(
        self, inputs: Inputs, recipe: Recipe, context: Context, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.recipe = StreamRecipe.model_validate(recipe.model_dump())
        self.context, self._clock = context, clock
        self.model = model_of(inputs, context)
        crs = str(inputs.capture().settings.get("crs", ""))
        self.map = Hectares(context.output / "grid", self.model.pixel_m, crs)
        (context.output / "features").mkdir(exist_ok=True)
        for old in (context.output / "features").glob("*.json"):
            old.unlink()
        self._frames: list[Frame] = []
        self._bounds = np.empty((0, 4))
        self._gone: set[str] = set()
        self._points: OrderedDict[str, Rows] = OrderedDict()
        self._interval = 1.0
        self._states: dict[Square, _State] = {}

    def notes(self) -> list[str]:
        """What did not fit."""
        return self.context.warnings[-20:]

    def advance(self, capture: Capture, frames: Sequence[Frame]) -> list[Patch]:
        """Lay new lines on the map; the squares that they changed."""
        lines = [frame for frame in frames if is_line(frame)]
        changed: dict[Square, None] = {}
        while lines:
            together = self._together(lines)
            taken = {frame.file for frame in together}
            lines = [frame for frame in lines if frame.file not in taken]
            changed |= dict.fromkeys(self._laid(capture, together))
        now = self._clock()
        for square in changed:
            for near in self.map.over(grown(self.map.bounds(square), self._halo)):
                if near in self._states:
                    self._states[near].touch(now)
            self._states.setdefault(square, _State(now)).touch(now)
        return [self._patch(square) for square in changed]

    def settle(self, *, last: bool = False) -> list[Patch]:
        """Outlines of the square that has been finished for the longest."""
        now = self._clock()
        waiting = [
            (state.changed, square)
            for square, state in self._states.items()
            if not state.finished and self._due(square, state, now, last=last)
        ]
        if not waiting:
            return []
        square = min(waiting)[1]
        state = self._states[square]
        state.finished = state.looked = True
        found = self._outlines(square)
        path = self.context.output / "features" / f"{self.map.name(square)}.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps({"type": "FeatureCollection", "features": found}), encoding="utf-8")
        new.replace(path)
        state.outlines = len(found)
        outlines = Patch(
            self.map.name(square),
            Kind.FEATURES,
            f"features/{path.name}",
            self.map.bounds(square),
            count=len(found),
            finished=True,
        )
        return [self._patch(square), outlines]

    def _due(self, square: Square, state: _State, now: float, *, last: bool) -> bool:
        """Whether a square is finished: full, or left alone for a while; never twice within that while."""
        quiet = now - state.changed >= self.recipe.settled_after
        return last or quiet or (not state.looked and self.map.surveyed(square) >= self.recipe.finished_share)

    @property
    def _halo(self) -> float:
        return self.model.halo * self.model.pixel_m

    def _patch(self, square: Square) -> Patch:
        state = self._states[square]
        return Patch(
            self.map.name(square),
            Kind.GRID,
            f"grid/{self.map.path(square).name}",
            self.map.bounds(square),
            unit="nT",
            count=state.outlines,
            finished=state.finished,
        )

    def _together(self, lines: list[Frame]) -> list[Frame]:
        """Lines beside the first that came with it."""
        first = _bounds_of(lines[0])
        found, reached = [lines[0]], first
        for frame in lines[1:]:
            here = _bounds_of(frame)
            if len(found) < TOGETHER and _meet(grown(reached, self._reach), here):
                found.append(frame)
                reached = _union(reached, here)
        return found

    @property
    def _reach(self) -> float:
        """How far a line changes the map, m."""
        return self.recipe.reach * self._interval

    def _laid(self, capture: Capture, lines: list[Frame]) -> list[Square]:
        """Lay lines that lie beside one another; the squares that changed."""
        bounds = lines[0].settings["bounds"]
        for frame in lines:
            bounds = _union(bounds, _bounds_of(frame))
        if len(self._bounds) and not _meet(grown(_union_of(self._bounds), FARTHEST), bounds):
            self.context.warn(f"{lines[0].file} lies far from the other lines and is not on the map")
            return []
        self._know(lines)
        changed_region = grown(bounds, self._reach)
        near = self._near(grown(changed_region, self._reach))
        try:
            survey = self._cleaned(capture, near)
        except InputError as error:
            self.context.warn(str(error).split("; ")[0])
            return []
        self._interval = min(max(survey.traverse_m, 0.05), 2.0)
        covered = (survey.west, survey.north - survey.extent[0], survey.west + survey.extent[1], survey.north)
        region = _within(changed_region, covered)
        if region is None:
            return []
        raster = self.map.raster_over(region)
        return self.map.write(raster, interpolate(survey, raster, slice(0, raster.height)))

    def _know(self, lines: list[Frame]) -> None:
        self._frames += lines
        self._bounds = np.vstack([self._bounds, [_bounds_of(frame) for frame in lines]])
        self._gone |= {frame.supersedes for frame in lines if frame.supersedes}

    def _near(self, bounds: Bounds) -> list[Frame]:
        """The lines that touch bounds."""
        west, south, east, north = bounds
        meets = (
            (self._bounds[:, 0] <= east)
            & (self._bounds[:, 2] >= west)
            & (self._bounds[:, 1] <= north)
            & (self._bounds[:, 3] >= south)
        )
        return [self._frames[n] for n in np.flatnonzero(meets) if self._frames[n].file not in self._gone]

    def _cleaned(self, capture: Capture, lines: list[Frame]) -> Survey:
        """Lines as one cleaned survey, made as `run` makes it of a whole file."""
        from vestige.survey.readers.lines import Points, survey_of_points

        lines = in_order(lines)
        rows = [self._line(capture, frame) for frame in lines]
        counts = [len(one) for one in rows]
        whose = np.array([(frame.number("line"), frame.number("probe")) for frame in lines], np.int32)
        points = Points(np.concatenate(rows), *np.repeat(whose, counts, axis=0).T)
        survey = survey_of_points(Path(lines[-1].file), points, crs=self.map.crs)
        return as_cleaned([Piece(survey, self.recipe, [])])[0]

    def _line(self, capture: Capture, frame: Frame) -> Rows:
        """The readings of a line: easting, northing, value; float64 (n, 3)."""
        found = self._points.pop(frame.file, None)
        if found is None:
            data = rows(capture, frame).decode("ascii").replace("\n", ",").rstrip(",")
            found = np.array(data.split(","), np.float64).reshape(-1, 3)
            found[np.abs(found[:, 2]) > 1e6, 2] = np.nan
        self._points[frame.file] = found
        while len(self._points) > HELD:
            self._points.popitem(last=False)
        return found

    def _outlines(self, square: Square) -> list[dict[str, Any]]:
        """The features whose middle lies in a square, as GeoJSON."""
        from vestige.survey.streaming.outlines import outlines

        here = self.map.bounds(square)
        raster, values = self.map.read(grown(here, self._halo))
        found = outlines(self.model, raster, values, self.recipe, self.context.workspace)
        west, south, east, north = here
        return [feature for feature, (x, y) in found if west <= x < east and south <= y < north]


def _bounds_of(frame: Frame) -> Bounds:
    west, south, east, north = frame.settings["bounds"]
    return float(west), float(south), float(east), float(north)


def _union(one: Bounds, other: Bounds) -> Bounds:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _union_of(every: Rows) -> Bounds:
    low, high = every.min(axis=0), every.max(axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def _meet(one: Bounds, other: Bounds) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _within(one: Bounds, other: Bounds) -> Bounds | None:
    """What two bounds share."""
    found = max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])
    return found if found[0] < found[2] and found[1] < found[3] else None
