"""What lies in the ground of a simulated site, one shape at a time; lengths in m, susceptibilities in SI."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = [
    "GROUND_CLASSES",
    "Cracks",
    "Ditch",
    "Enclosure",
    "Furrows",
    "Geology",
    "Iron",
    "Pit",
    "Ring",
]

#: What a cell of the truth can be, by its number.
GROUND_CLASSES = (
    "background", "ring", "ditch", "enclosure", "pit", "furrow", "boundary", "drain", "pipe", "kiln",
    "iron", "fence", "wall", "natural",
)  # fmt: skip

#: Depth of the topsoil: what was dug begins beneath it.
TOPSOIL = 0.3


@dataclass(frozen=True)
class Ring:
    """A ring ditch: centre (m east and north of the south-west corner), ditch `width`, `depth` below the
    topsoil.

    `gaps` are causeways or ploughed-out stretches: (start, end) in degrees clockwise from north. `wobble`
    is the relative departure from a circle, `variation` how far the fill's strength goes up and down
    around it. `inner` is the diameter of a second, inner ditch as a share of the outer (0: none); the plough
    has dragged fill into the topsoil over `smear` m to each side.
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
    inner: float = 0.0
    smear: float = 0.0

    @property
    def circumference_kept(self) -> float:
        """The share of the ditch that is not a gap (gaps do not overlap)."""
        return 1 - sum(end - start for start, end in self.gaps) / 360


@dataclass(frozen=True)
class Ditch:
    """Anything long through a point, running at `bearing` (degrees), with a meander of `swing` m every
    `wave` m: a field ditch, a drain, a wall (negative contrast), a pipe, a dyke, an old stream.

    It goes from `top` to `top` + `depth` below the surface and `length` m along; the polarity of a pipe
    turns round every `alternating` m (0: never). `kind` is one of `GROUND_CLASSES`.
    """

    east: float
    north: float
    bearing: float
    width: float = 1.0
    depth: float = 0.4
    susceptibility: float = 5e-4
    swing: float = 0.0
    wave: float = 80.0
    kind: str = "ditch"
    top: float = TOPSOIL
    length: float = math.inf
    alternating: float = 0.0


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
    """A round pit, a natural hollow, or (kind ``kiln``) a fired structure, whose strength is that of its
    remanence, as the susceptibility that would give the same.
    """

    east: float
    north: float
    diameter: float
    depth: float = 0.5
    susceptibility: float = 1e-3
    kind: str = "pit"


@dataclass(frozen=True)
class Furrows:
    """Ridge and furrow: the topsoil's susceptibility goes up and down across the bearing every `spacing`
    m; `bend` (m) makes the reversed S of medieval ploughing.
    """

    bearing: float
    spacing: float = 7.0
    strength: float = 5e-5
    bend: float = 1.5


@dataclass(frozen=True)
class Cracks:
    """Patterned subsoil (frost cracks, solution channels): curved lines about `spacing` m apart."""

    spacing: float
    width: float
    susceptibility: float


@dataclass(frozen=True)
class Geology:
    """Magnetic rock: susceptibility of deviation `strength` and power-law `exponent` between two depths."""

    strength: float
    exponent: float
    top: float
    bottom: float


@dataclass(frozen=True)
class Iron:
    """An iron object: place (m), depth (m) and moment (A m²; east, north, down); kind ``iron`` or
    ``fence``.
    """

    east: float
    north: float
    depth: float
    moment: tuple[float, float, float]
    kind: str = "iron"
