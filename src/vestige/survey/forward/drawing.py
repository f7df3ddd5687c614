"""Drawing what else lies in the ground of a site, after the rates of its kind of ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from vestige.survey.forward.kinds import GroundKind, log_uniform
from vestige.survey.forward.shapes import Ditch, Enclosure, Iron, Pit, Ring

__all__ = ["Plot", "draw_enclosures", "draw_iron", "draw_kilns", "draw_lines", "draw_pits"]


@dataclass(frozen=True)
class Plot:
    """Where and on what is drawn: extent (m), the kind of ground, the contrast of this site, the bearing
    that its fields keep.

    >>> Plot(100, 50, GroundKind("arable"), 1.0, 30.0).hectares
    0.5
    """

    width: float
    height: float
    kind: GroundKind
    contrast: float
    bearing: float

    @property
    def hectares(self) -> float:
        """Area in hectares."""
        return self.width * self.height / 1e4

    def place(self, random: Generator) -> tuple[float, float]:
        """A place on the site, east and north (m)."""
        return float(random.uniform(0, self.width)), float(random.uniform(0, self.height))

    def aligned(self, random: Generator, spread: float = 6.0) -> float:
        """A bearing along or square to the fields, as boundaries lie."""
        return float(self.bearing + random.choice([0, 90]) + random.normal(0, spread))

    def count(self, rate: float, random: Generator) -> int:
        """How many of something with `rate` a hectare."""
        return int(random.poisson(rate * self.hectares))


def draw_lines(plot: Plot, random: Generator) -> tuple[Ditch, ...]:
    """Ditches, boundaries, walls, streams, dykes, drains and pipes; later ones lie over earlier ones."""
    kind = plot.kind
    lines = [_stream(plot, random) for _ in range(plot.count(kind.channels, random))]
    lines += [_dyke(plot, random) for _ in range(plot.count(kind.dykes, random))]
    lines += _drains(plot, random) if random.random() < kind.drains else []
    lines += [_ditch(plot, random) for _ in range(plot.count(kind.ditches, random))]
    for _ in range(plot.count(kind.boundaries, random)):
        lines += _boundary(plot, random)
    lines += [_wall(plot, random) for _ in range(plot.count(kind.walls, random))]
    lines += [_pipe(plot, random)] if random.random() < kind.pipes else []
    return tuple(lines)


def _ditch(plot: Plot, random: Generator) -> Ditch:
    return Ditch(
        *plot.place(random),
        bearing=plot.aligned(random),
        width=float(random.uniform(0.6, 2.0)),
        depth=float(random.uniform(0.2, 0.7)),
        susceptibility=plot.contrast * log_uniform(random, (1.5e-4, 1.2e-3)),
        swing=float(random.uniform(0, 4)),
        wave=float(random.uniform(60, 200)),
        length=float(random.uniform(15, 80)) if random.random() < 0.35 else float("inf"),
    )


def _stream(plot: Plot, random: Generator) -> Ditch:
    """An old stream bed: wide, winding, weak."""
    return Ditch(
        *plot.place(random),
        bearing=float(random.uniform(0, 180)),
        width=float(random.uniform(3, 12)),
        depth=float(random.uniform(0.2, 0.9)),
        susceptibility=float(random.choice([-1, 1, 1])) * log_uniform(random, (5e-5, 5e-4)),
        swing=float(random.uniform(3, 14)),
        wave=float(random.uniform(25, 90)),
        kind="natural",
    )


def _dyke(plot: Plot, random: Generator) -> Ditch:
    """A dyke or vein of strongly magnetic rock."""
    return Ditch(
        *plot.place(random),
        bearing=float(random.uniform(0, 180)),
        width=float(random.uniform(1.5, 7)),
        depth=0.8,
        susceptibility=float(random.choice([-1, 1, 1])) * log_uniform(random, (1e-3, 2e-2)),
        swing=float(random.uniform(0, 2)),
        wave=float(random.uniform(40, 150)),
        kind="natural",
        top=0.5,
    )


def _drains(plot: Plot, random: Generator) -> list[Ditch]:
    """Parallel land drains, some with a main that they meet slantwise."""
    bearing, spacing = plot.aligned(random, 25.0), float(random.uniform(7, 22))
    strength = float(random.choice([-1, 1, 1])) * log_uniform(random, (3e-4, 4e-3))
    side = np.radians(bearing + 90)
    span = np.hypot(plot.width, plot.height) / 2
    drain = Ditch(
        *plot.place(random),
        bearing=bearing + float(random.uniform(35, 90)),
        width=float(random.uniform(0.12, 0.3)),
        depth=0.3,
        susceptibility=strength,
        kind="drain",
        top=float(random.uniform(0.45, 0.8)),
        alternating=float(random.choice([0.0, 0.0, 1.5, 4.0])),
    )
    offsets = np.arange(-span + random.uniform(0, spacing), span, spacing)
    drains = [
        replace(
            drain,
            east=float(plot.width / 2 + offset * np.sin(side)),
            north=float(plot.height / 2 + offset * np.cos(side)),
            bearing=bearing,
        )
        for offset in offsets
    ]
    return [*drains, drain] if random.random() < 0.4 else drains


def _boundary(plot: Plot, random: Generator) -> list[Ditch]:
    """A former field boundary: a bank of topsoil with a ditch on one side or on both."""
    (east, north), bearing = plot.place(random), plot.aligned(random, 3.0)
    side, apart = np.radians(bearing + 90), float(random.uniform(1.2, 3.0))
    strength = plot.contrast * log_uniform(random, (1e-4, 9e-4))
    lines = [
        Ditch(
            float(east + sign * apart * np.sin(side)),
            float(north + sign * apart * np.cos(side)),
            bearing=bearing,
            width=float(random.uniform(0.6, 1.4)),
            depth=0.35,
            susceptibility=strength,
            kind="boundary",
        )
        for sign in ((-1, 1) if random.random() < 0.5 else (1,))
    ]
    bank = float(random.uniform(-0.5, 0.3)) * strength
    return [*lines, Ditch(east, north, bearing, apart, 0.3, bank, kind="boundary", top=0.0)]


def _wall(plot: Plot, random: Generator) -> Ditch:
    """A buried wall: stone is mostly less magnetic than the soil about it."""
    return Ditch(
        *plot.place(random),
        bearing=plot.aligned(random),
        width=float(random.uniform(0.5, 1.4)),
        depth=float(random.uniform(0.3, 0.7)),
        susceptibility=float(random.choice([-1, -1, -1, 1.5])) * log_uniform(random, (1e-4, 8e-4)),
        kind="wall",
        top=0.15,
        length=float(random.uniform(8, 60)),
    )


def _pipe(plot: Plot, random: Generator) -> Ditch:
    """A steel pipe, up to about plus and minus 100 nT, magnetised to and fro length by length."""
    return Ditch(
        *plot.place(random),
        bearing=float(random.uniform(0, 180)),
        width=0.3,
        depth=0.3,
        susceptibility=log_uniform(random, (0.05, 0.4)),
        kind="pipe",
        top=0.9,
        alternating=float(random.uniform(4, 12)),
    )


def draw_enclosures(plot: Plot, random: Generator) -> tuple[Enclosure, ...]:
    """Ditched enclosures, from a building's to a farmstead's size."""
    enclosures = []
    for _ in range(plot.count(plot.kind.enclosures, random)):
        length = log_uniform(random, (8, 60))
        enclosures.append(
            Enclosure(
                *plot.place(random),
                length=length,
                breadth=length * float(random.uniform(0.5, 1.0)),
                bearing=plot.aligned(random, 15.0),
                width=float(random.uniform(0.7, 2.0)),
                depth=float(random.uniform(0.2, 0.7)),
                susceptibility=plot.contrast * log_uniform(random, (2e-4, 1.2e-3)),
            )
        )
    return tuple(enclosures)


def draw_pits(plot: Plot, rings: Sequence[Ring], random: Generator) -> tuple[Pit, ...]:
    """Natural hollows, pits strewn over the site (some in clusters), a grave in the middle of some rings."""
    hollows = [
        Pit(
            *plot.place(random),
            diameter=float(random.uniform(1.5, 6)),
            depth=float(random.uniform(0.15, 0.8)),
            susceptibility=plot.contrast * log_uniform(random, (5e-5, 6e-4)),
            kind="natural",
        )
        for _ in range(plot.count(plot.kind.hollows, random))
    ]
    places = [plot.place(random) for _ in range(plot.count(plot.kind.pits, random))]
    for _ in range(plot.count(0.4 * plot.kind.pits / 25, random)):
        east, north = plot.place(random)
        spread = float(random.uniform(2, 8))
        places += [
            (float(east + random.normal(0, spread)), float(north + random.normal(0, spread)))
            for _ in range(int(random.integers(4, 15)))
        ]
    places += [(ring.east, ring.north) for ring in rings if random.random() < 0.5]
    pits = [
        Pit(
            east,
            north,
            diameter=float(random.uniform(0.6, 2.4)),
            depth=float(random.uniform(0.2, 0.8)),
            susceptibility=plot.contrast * log_uniform(random, (3e-4, 2.5e-3)),
        )
        for east, north in places
    ]
    return (*hollows, *pits)


def draw_kilns(plot: Plot, random: Generator) -> tuple[Pit, ...]:
    """Kilns, hearths and burnt patches."""
    return tuple(
        Pit(
            *plot.place(random),
            diameter=float(random.uniform(0.6, 3.0)),
            susceptibility=log_uniform(random, (3e-3, 5e-2)),
            kind="kiln",
        )
        for _ in range(plot.count(plot.kind.kilns, random))
    )


def draw_iron(plot: Plot, count: int, random: Generator) -> tuple[Iron, ...]:
    """Litter in the topsoil, a patch of rubble, a wire fence on posts."""
    litter = [_object(*plot.place(random), random) for _ in range(count)]
    if random.random() < plot.kind.rubble:
        east, north = plot.place(random)
        spread = float(random.uniform(3, 12))
        litter += [
            _object(
                float(east + random.normal(0, spread)), float(north + random.normal(0, 0.6 * spread)), random
            )
            for _ in range(int(random.integers(30, 160)))
        ]
    if random.random() < plot.kind.fences:
        litter += _fence(plot, random)
    return tuple(litter)


def _object(east: float, north: float, random: Generator, size: tuple[float, float] = (0.004, 0.25)) -> Iron:
    axis = random.standard_normal(3)
    moment = log_uniform(random, size) * axis / np.linalg.norm(axis)
    depth = float(random.uniform(0.05, 0.3))
    return Iron(east, north, depth, (float(moment[0]), float(moment[1]), float(moment[2])))


def _fence(plot: Plot, random: Generator) -> list[Iron]:
    """Posts of a fence across the site; they stand up, so they are as near to the sensor as the ground."""
    (east, north), bearing = plot.place(random), np.radians(plot.aligned(random, 3.0))
    apart, strength = float(random.uniform(2, 4)), log_uniform(random, (0.05, 1.0))
    span = np.hypot(plot.width, plot.height)
    posts = []
    for along in np.arange(-span, span, apart):
        x, y = float(east + along * np.sin(bearing)), float(north + along * np.cos(bearing))
        if not (0 <= x <= plot.width and 0 <= y <= plot.height):
            continue
        tilt = random.normal(0, 0.3, 2)
        down = strength * float(random.uniform(0.5, 1.5))
        posts.append(Iron(x, y, 0.1, (float(tilt[0] * down), float(tilt[1] * down), down), "fence"))
    return posts
