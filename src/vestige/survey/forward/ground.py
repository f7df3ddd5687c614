"""The ground of a simulated site: ring ditches, field ditches, pits, furrows and topsoil, as
susceptibility.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from vestige.survey.forward.gradiometer import Layer

__all__ = [
    "Ditch",
    "Enclosure",
    "Furrows",
    "Ground",
    "Pit",
    "Ring",
    "draw_rings",
    "random_ring",
    "topsoil_texture",
]

Array = NDArray[np.float32]

#: Depths (m) between which a fill is drawn as one slice: topsoil first, then what was dug below it.
DEPTHS = (0.0, 0.3, 0.45, 0.65, 0.9, 1.3)
#: How much narrower a ditch is at its base than at its top.
TAPER = 0.65


@dataclass(frozen=True)
class Ring:
    """A ring ditch: centre (m east and north of the south-west corner), ditch `width`, `depth` below the
    topsoil.

    `gaps` are causeways or ploughed-out stretches: (start, end) in degrees clockwise from north. `wobble`
    is the relative departure from a circle, `variation` how far the fill's strength goes up and down
    around it.
    Susceptibility contrast of the fill in SI.

    >>> Ring(10, 10, diameter=12).circumference_kept
    1.0
    """

    east: float
    north: float
    diameter: float
    width: float = 1.5
    depth: float = 0.6
    susceptibility: float = 8e-4
    gaps: tuple[tuple[float, float], ...] = ()
    wobble: float = 0.0
    turn: float = 0.0
    variation: float = 0.0

    @property
    def circumference_kept(self) -> float:
        """The share of the ditch that is not a gap (gaps do not overlap)."""
        return 1 - sum(end - start for start, end in self.gaps) / 360


@dataclass(frozen=True)
class Ditch:
    """A field ditch through a point, running at `bearing` (degrees), with a meander of `swing` m every
    `wave` m.
    """

    east: float
    north: float
    bearing: float
    width: float = 1.0
    depth: float = 0.4
    susceptibility: float = 5e-4
    swing: float = 0.0
    wave: float = 80.0


@dataclass(frozen=True)
class Enclosure:
    """A ditched enclosure, `length` along its `bearing` (degrees), `breadth` across, with rounded corners."""

    east: float
    north: float
    length: float
    breadth: float
    bearing: float
    width: float = 1.2
    depth: float = 0.4
    susceptibility: float = 5e-4


@dataclass(frozen=True)
class Pit:
    """A round pit."""

    east: float
    north: float
    diameter: float
    depth: float = 0.5
    susceptibility: float = 1e-3


@dataclass(frozen=True)
class Furrows:
    """Ridge and furrow: the topsoil's susceptibility goes up and down across the bearing every `spacing`
    m.
    """

    bearing: float
    spacing: float = 7.0
    strength: float = 5e-5
    bend: float = 1.5


@dataclass
class Ground:
    """Susceptibility layers over a site of `width` x `height` m, with a margin all round, and what is a
    ring in it.

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

    def __post_init__(self) -> None:
        shape = tuple(round((length + 2 * self.margin) / self.cell) for length in (self.height, self.width))
        self.slices = [np.zeros(shape, np.float32) for _ in DEPTHS[1:]]
        self.ring_cover = np.zeros(shape, np.float32)

    @property
    def inner(self) -> tuple[slice, slice]:
        """Rows and columns of the site without its margin."""
        edge = round(self.margin / self.cell)
        rows, columns = self.ring_cover.shape
        return slice(edge, rows - edge), slice(edge, columns - edge)

    @property
    def feature(self) -> NDArray[np.bool_]:
        """Whether a cell of the site is ring ditch at the base of the topsoil."""
        inside: NDArray[np.bool_] = self.ring_cover[self.inner] >= 0.5
        return inside

    def layers(self) -> list[Layer]:
        """The ground as layers for `vestige.survey.gradient`."""
        return [
            Layer(values, top, bottom)
            for values, top, bottom in zip(self.slices, DEPTHS, DEPTHS[1:], strict=False)
        ]

    def window(self, east: float, north: float, reach: float) -> tuple[tuple[slice, slice], Array, Array]:
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

    def dig_ring(self, ring: Ring) -> None:
        """Dig a ring ditch; it counts as feature."""
        where, east, north = self.window(ring.east, ring.north, ring.diameter * 0.6 + ring.width)
        angle = np.degrees(np.arctan2(east, north)) % 360
        radius = np.float32(ring.diameter / 2) * (
            1 + np.float32(ring.wobble) * np.cos(np.radians(2 * (angle - ring.turn)), dtype=np.float32)
        )
        distance = np.abs(np.hypot(east, north) - radius)
        kept = np.ones_like(distance)
        for start, end in ring.gaps:
            kept[(angle - start) % 360 < (end - start) % 360] = 0
        around = np.cos(np.radians(angle - 2 * ring.turn)) + 0.5 * np.cos(np.radians(3 * angle + ring.turn))
        strength = np.maximum(1 + ring.variation * around, 0.1).astype(np.float32)
        self._fill(where, distance, ring.width, ring.depth, ring.susceptibility * kept * strength)
        self.ring_cover[where] = np.maximum(self.ring_cover[where], kept * self._cover(distance, ring.width))

    def dig_ditch(self, ditch: Ditch) -> None:
        """Dig a field ditch across the whole site."""
        where, east, north = self.window(ditch.east, ditch.north, 2 * (self.width + self.height))
        sine, cosine = np.sin(np.radians(ditch.bearing)), np.cos(np.radians(ditch.bearing))
        along, across = east * sine + north * cosine, east * cosine - north * sine
        distance = np.abs(across - ditch.swing * np.sin(2 * np.pi * along / ditch.wave)).astype(np.float32)
        self._fill(where, distance, ditch.width, ditch.depth, ditch.susceptibility)

    def dig_enclosure(self, enclosure: Enclosure) -> None:
        """Dig the ditch of an enclosure with rounded corners."""
        where, east, north = self.window(enclosure.east, enclosure.north, enclosure.length + enclosure.width)
        sine, cosine = np.sin(np.radians(enclosure.bearing)), np.cos(np.radians(enclosure.bearing))
        along, across = np.abs(east * sine + north * cosine), np.abs(east * cosine - north * sine)
        corner = enclosure.breadth / 4
        beyond = (
            np.maximum(along - enclosure.length / 2 + corner, 0),
            np.maximum(across - enclosure.breadth / 2 + corner, 0),
        )
        within = np.minimum(
            np.maximum(along - enclosure.length / 2 + corner, across - enclosure.breadth / 2 + corner), 0
        )
        distance = np.abs(np.hypot(*beyond) + within - corner).astype(np.float32)
        self._fill(where, distance, enclosure.width, enclosure.depth, enclosure.susceptibility)

    def dig_pit(self, pit: Pit) -> None:
        """Dig a pit."""
        where, east, north = self.window(pit.east, pit.north, pit.diameter)
        self._fill(where, np.hypot(east, north), pit.diameter, pit.depth, pit.susceptibility)

    def plough(self, furrows: Furrows) -> None:
        """Lay ridge and furrow over the topsoil."""
        where, east, north = self.window(self.width / 2, self.height / 2, 2 * (self.width + self.height))
        sine, cosine = np.sin(np.radians(furrows.bearing)), np.cos(np.radians(furrows.bearing))
        along, across = east * sine + north * cosine, east * cosine - north * sine
        bend = furrows.bend * np.sin(2 * np.pi * along / (2.2 * (self.width + self.height) / 2))
        wave = np.cos(2 * np.pi * (across + bend) / furrows.spacing)
        self.slices[0][where] += (furrows.strength * wave).astype(np.float32)

    def _cover(self, distance: Array, width: float) -> Array:
        """How much of each cell lies within half a `width` of the line: 0..1."""
        cover: Array = np.clip(0.5 + (width / 2 - distance) / self.cell, 0, 1).astype(np.float32)
        return cover

    def _fill(
        self, where: tuple[slice, slice], distance: Array, width: float, depth: float, contrast: float | Array
    ) -> None:
        """Add a fill that narrows downwards to the slices below the topsoil."""
        base = DEPTHS[1]
        for values, top, bottom in zip(self.slices[1:], DEPTHS[1:], DEPTHS[2:], strict=False):
            share = min(max((base + depth - top) / (bottom - top), 0.0), 1.0)
            if share > 0:
                reached = (top + share * (bottom - top) / 2 - base) / depth
                cover = self._cover(distance, width * (1 - TAPER * reached))
                values[where] += (contrast * share * cover).astype(np.float32)


def topsoil_texture(
    shape: tuple[int, int], cell: float, exponent: float, random: np.random.Generator
) -> Array:
    """A random field whose power falls as wavenumber to the `exponent` (-1 .. -2.5): mean 0, deviation 1.

    >>> field = topsoil_texture((64, 64), 0.25, -2.0, np.random.default_rng(0))
    >>> round(float(field.std()), 3)
    1.0
    """
    spectrum = scipy.fft.rfft2(random.standard_normal(shape, dtype=np.float32))
    wavenumber = np.hypot(np.fft.fftfreq(shape[0], cell)[:, None], np.fft.rfftfreq(shape[1], cell)[None])
    wavenumber[0, 0] = np.inf
    scaled = spectrum * (wavenumber ** (exponent / 2)).astype(np.float32)
    texture = scipy.fft.irfft2(scaled, s=shape)
    return np.ascontiguousarray(texture / texture.std(), np.float32)


def draw_rings(
    count: int,
    width: float,
    height: float,
    random: np.random.Generator,
    *,
    contrast: float = 1.0,
    diameters: tuple[float, float] = (8.0, 30.0),
    avoid: Sequence[Ring] = (),
) -> list[Ring]:
    """Draw ring ditches that do not touch one another; fewer than `count` where there is no room.

    >>> rings = draw_rings(3, 100, 100, np.random.default_rng(0))
    >>> len(rings), all(8 <= ring.diameter <= 30 for ring in rings)
    (3, True)
    """
    rings: list[Ring] = []
    for _ in range(60 * count):
        if len(rings) == count:
            break
        diameter = float(np.exp(random.uniform(*np.log(diameters))))
        east, north = random.uniform(0.12, 0.88, 2) * (width, height)
        clear = all(
            np.hypot(east - other.east, north - other.north) > 0.5 * (diameter + other.diameter) + 4
            for other in [*rings, *avoid]
        )
        if clear:
            rings.append(random_ring(float(east), float(north), diameter, random, contrast))
    return rings


def random_ring(
    east: float, north: float, diameter: float, random: np.random.Generator, contrast: float
) -> Ring:
    """A ring ditch of given place and size, with the preservation that such monuments show."""
    width = float(np.clip(random.normal(0.075 * diameter + 0.5, 0.35), 0.8, 2.6))
    gaps = []
    start = random.uniform(0, 360)
    for _ in range(random.choice([0, 0, 0, 1, 1, 2, 3])):
        length = random.uniform(12, 60)
        gaps.append((float(start), float(start + length)))
        start += length + random.uniform(25, 60)
    return Ring(
        east=east,
        north=north,
        diameter=diameter,
        width=width,
        depth=float(random.uniform(0.3, 0.95)),
        susceptibility=float(contrast * np.exp(random.uniform(np.log(3e-4), np.log(2e-3)))),
        gaps=tuple(gaps),
        wobble=float(random.uniform(0, 0.06)),
        turn=float(random.uniform(0, 180)),
        variation=float(random.uniform(0, 0.35)),
    )
