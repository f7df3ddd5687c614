"""The ground of a simulated site as layers of susceptibility, and what each cell of it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vestige.survey.forward.gradiometer import Layer
from vestige.survey.forward.shapes import (
    GROUND_CLASSES,
    TOPSOIL,
    Cracks,
    Ditch,
    Enclosure,
    Furrows,
    Geology,
    Pit,
    Ring,
)
from vestige.survey.forward.texture import topsoil_texture, winding_lines

__all__ = ["Ground"]

Array = NDArray[np.float32]
Window = tuple[slice, slice]

#: Depths (m) between which a fill is drawn as one slice: topsoil first, then what was dug below it.
DEPTHS = (0.0, TOPSOIL, 0.45, 0.65, 0.9, 1.3)
#: Depths (m) of fired clay.
FIRED = (TOPSOIL, 0.8)
#: How much narrower a ditch is at its base than at its top.
TAPER = 0.65
#: How much of a ditch's contrast the plough brings into the topsoil above it.
DRAGGED = 0.12


@dataclass
class Ground:
    """Susceptibility layers over a site of `width` x `height` m, with a margin all round, and what is what
    in it.

    >>> ground = Ground(20, 20, cell=0.25, margin=2)
    >>> ground.dig_ring(Ring(10, 10, diameter=12))
    >>> ground.feature.shape, bool(ground.feature[40, 40]), len(ground.layers())
    ((80, 80), False, 5)
    """

    width: float
    height: float
    cell: float
    margin: float = 10.0
    slices: list[Array] = field(init=False)
    ring_cover: Array = field(init=False)
    kind: NDArray[np.uint8] = field(init=False)
    others: list[Layer] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        shape = tuple(round((length + 2 * self.margin) / self.cell) for length in (self.height, self.width))
        self.slices = [np.zeros(shape, np.float32) for _ in DEPTHS[1:]]
        self.ring_cover = np.zeros(shape, np.float32)
        self.kind = np.zeros(shape, np.uint8)

    @property
    def inner(self) -> Window:
        """Rows and columns of the site without its margin."""
        edge = round(self.margin / self.cell)
        rows, columns = self.ring_cover.shape
        return slice(edge, rows - edge), slice(edge, columns - edge)

    @property
    def feature(self) -> NDArray[np.bool_]:
        """Whether a cell of the site is ring ditch at the base of the topsoil."""
        inside: NDArray[np.bool_] = self.ring_cover[self.inner] >= 0.5
        return inside

    @property
    def classes(self) -> NDArray[np.uint8]:
        """What each cell of the site is, as its place in `GROUND_CLASSES`; rings lie over all else."""
        return np.where(self.feature, np.uint8(1), self.kind[self.inner])

    def layers(self) -> list[Layer]:
        """The ground as layers for `vestige.survey.gradient`."""
        dug = [
            Layer(values, top, bottom)
            for values, top, bottom in zip(self.slices, DEPTHS, DEPTHS[1:], strict=False)
        ]
        return [*dug, *self.others]

    def window(self, east: float, north: float, reach: float) -> tuple[Window, Array, Array]:
        """The cells within `reach` m of a point: their slices, and their offsets east and north from it
        (m).
        """
        rows, columns = self.ring_cover.shape
        centre_row = (self.height + self.margin - north) / self.cell
        centre_column = (east + self.margin) / self.cell
        span = reach / self.cell + 2
        down = slice(max(0, int(centre_row - span)), max(0, min(rows, int(centre_row + span) + 1)))
        across = slice(max(0, int(centre_column - span)), max(0, min(columns, int(centre_column + span) + 1)))
        rows_at, columns_at = np.arange(down.start, down.stop), np.arange(across.start, across.stop)
        offset_north: Array = ((centre_row - rows_at - 0.5) * self.cell).astype(np.float32)
        offset_east: Array = ((columns_at + 0.5 - centre_column) * self.cell).astype(np.float32)
        return (down, across), offset_east[np.newaxis], offset_north[:, np.newaxis]

    def _turned(self, east: float, north: float, bearing: float, reach: float) -> tuple[Window, Array, Array]:
        """The window of a point, with offsets along and across a bearing."""
        where, to_east, to_north = self.window(east, north, reach)
        sine, cosine = np.float32(np.sin(np.radians(bearing))), np.float32(np.cos(np.radians(bearing)))
        return where, to_east * sine + to_north * cosine, to_east * cosine - to_north * sine

    def dig_ring(self, ring: Ring) -> None:
        """Dig a ring ditch; it counts as feature."""
        reach = ring.diameter * 0.6 + ring.width + 3 * ring.smear
        where, east, north = self.window(ring.east, ring.north, reach)
        angle = np.degrees(np.arctan2(east, north)) % 360
        wobble = 1 + np.float32(ring.wobble) * np.cos(np.radians(2 * (angle - ring.turn)), dtype=np.float32)
        kept = np.ones_like(angle)
        for start, end in ring.gaps:
            kept[(angle - start) % 360 < (end - start) % 360] = 0
        around = np.cos(np.radians(angle - 2 * ring.turn)) + 0.5 * np.cos(np.radians(3 * angle + ring.turn))
        strength = np.maximum(1 + ring.variation * around, 0.1).astype(np.float32)
        contrast: Array = np.asarray(ring.susceptibility * kept * strength, np.float32)
        for share in (1.0, ring.inner)[: 2 if ring.inner else 1]:
            distance = np.abs(np.hypot(east, north) - np.float32(share * ring.diameter / 2) * wobble)
            self._fill(where, distance, ring.width, TOPSOIL, ring.depth, contrast)
            self.ring_cover[where] = np.maximum(
                self.ring_cover[where], kept * self._cover(distance, ring.width)
            )
            if ring.smear:
                spread = np.exp(-((distance / (ring.width / 2 + ring.smear)) ** 2))
                self.slices[0][where] += (DRAGGED * contrast * spread).astype(np.float32)

    def dig_ditch(self, ditch: Ditch) -> None:
        """Dig, build or lay something long."""
        reach = min(2 * (self.width + self.height), ditch.length / 2 + abs(ditch.swing) + ditch.width)
        where, along, across = self._turned(ditch.east, ditch.north, ditch.bearing, reach)
        if ditch.swing:
            across = across - np.float32(ditch.swing) * np.sin(along * np.float32(2 * np.pi / ditch.wave))
        distance = np.abs(across)
        if np.isfinite(ditch.length):
            distance = np.hypot(distance, np.maximum(np.abs(along) - ditch.length / 2, 0))
        contrast: float | Array = ditch.susceptibility
        if ditch.alternating:
            waves = np.sin(along * np.float32(np.pi / ditch.alternating))
            contrast = np.asarray(ditch.susceptibility * np.tanh(3 * waves), np.float32)
        self._fill(where, distance, ditch.width, ditch.top, ditch.depth, contrast)
        self._mark(where, distance, ditch.width, ditch.kind)

    def dig_enclosure(self, enclosure: Enclosure) -> None:
        """Dig the ditch of an enclosure with rounded corners."""
        reach = enclosure.length + enclosure.width
        where, along, across = self._turned(enclosure.east, enclosure.north, enclosure.bearing, reach)
        corner = enclosure.breadth / 4
        along = np.abs(along) - np.float32(enclosure.length / 2 - corner)
        across = np.abs(across) - np.float32(enclosure.breadth / 2 - corner)
        within = np.minimum(np.maximum(along, across), 0)
        distance = np.abs(np.hypot(np.maximum(along, 0), np.maximum(across, 0)) + within - corner)
        self._fill(where, distance, enclosure.width, TOPSOIL, enclosure.depth, enclosure.susceptibility)
        self._mark(where, distance, enclosure.width, "enclosure")

    def dig_pit(self, pit: Pit) -> None:
        """Dig a pit."""
        where, east, north = self.window(pit.east, pit.north, pit.diameter)
        distance = np.hypot(east, north)
        self._fill(where, distance, pit.diameter, TOPSOIL, pit.depth, pit.susceptibility)
        self._mark(where, distance, pit.diameter, pit.kind)

    def fire(self, kilns: tuple[Pit, ...], direction: tuple[float, float]) -> None:
        """Lay fired structures that keep the field they cooled in: inclination, declination in degrees."""
        fired = np.zeros_like(self.slices[0])
        for kiln in kilns:
            where, east, north = self.window(kiln.east, kiln.north, kiln.diameter)
            distance = np.hypot(east, north)
            fired[where] += np.float32(kiln.susceptibility) * self._cover(distance, kiln.diameter)
            self._mark(where, distance, kiln.diameter, "kiln")
        self.others.append(Layer(fired, *FIRED, direction))

    def crack(self, cracks: Cracks, random: np.random.Generator) -> None:
        """Lay the winding lines of a patterned subsoil beneath the topsoil."""
        rows, columns = self.kind.shape
        lines = winding_lines((rows, columns), self.cell, cracks.spacing, cracks.width, random)
        for values in self.slices[1:4]:
            values += np.float32(cracks.susceptibility) * lines
        self.kind[lines >= 0.5] = GROUND_CLASSES.index("natural")

    def intrude(self, geology: Geology, random: np.random.Generator) -> None:
        """Lay magnetic rock beneath everything."""
        rows, columns = self.kind.shape
        rock = topsoil_texture((rows, columns), self.cell, geology.exponent, random)
        self.others.append(Layer(np.float32(geology.strength) * rock, geology.top, geology.bottom))

    def plough(self, furrows: Furrows) -> None:
        """Lay ridge and furrow over the topsoil."""
        reach = 2 * (self.width + self.height)
        where, along, across = self._turned(self.width / 2, self.height / 2, furrows.bearing, reach)
        bend = np.float32(furrows.bend) * np.sin(along * np.float32(4 * np.pi / (1.1 * reach)))
        wave = np.cos((across + bend) * np.float32(2 * np.pi / furrows.spacing))
        self.slices[0][where] += np.float32(furrows.strength) * wave
        self.kind[where][wave > 0.5] = GROUND_CLASSES.index("furrow")

    def mark(self, east: float, north: float, diameter: float, kind: str) -> None:
        """Say what lies at a place, without laying anything there."""
        where, to_east, to_north = self.window(east, north, diameter)
        self._mark(where, np.hypot(to_east, to_north), diameter, kind)

    def _mark(self, where: Window, distance: Array, width: float, kind: str) -> None:
        self.kind[where][distance <= max(width, self.cell) / 2] = GROUND_CLASSES.index(kind)

    def _cover(self, distance: Array, width: float) -> Array:
        """How much of each cell lies within half a `width` of the line: 0..1."""
        drawn = max(width, self.cell)
        cover: Array = np.clip(0.5 + (drawn / 2 - distance) / self.cell, 0, 1).astype(np.float32)
        return cover * np.float32(width / drawn)

    def _fill(
        self,
        where: Window,
        distance: Array,
        width: float,
        from_depth: float,
        depth: float,
        contrast: float | Array,
    ) -> None:
        """Add a fill that narrows downwards to the slices that it reaches."""
        for values, top, bottom in zip(self.slices, DEPTHS, DEPTHS[1:], strict=False):
            upper, lower = max(top, from_depth), min(bottom, from_depth + depth)
            if lower <= upper:
                continue
            reached = ((upper + lower) / 2 - from_depth) / depth
            cover = self._cover(distance, width * (1 - TAPER * reached))
            values[where] += (contrast * ((lower - upper) / (bottom - top)) * cover).astype(np.float32)
