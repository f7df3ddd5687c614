"""A whole simulated site: its ground, its instrument, and the magnetic field above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.survey.forward.drawing import (
    Plot,
    draw_enclosures,
    draw_iron,
    draw_kilns,
    draw_lines,
    draw_pits,
)
from vestige.survey.forward.gradiometer import Gradiometer, dipole_gradient, gradient
from vestige.survey.forward.ground import Ground
from vestige.survey.forward.kinds import GROUND_KINDS, GroundKind, log_uniform
from vestige.survey.forward.rings import draw_rings
from vestige.survey.forward.shapes import Cracks, Ditch, Enclosure, Furrows, Geology, Iron, Pit, Ring
from vestige.survey.forward.texture import topsoil_texture

__all__ = ["Anomaly", "Site", "anomaly", "draw_site", "field_of"]

#: Beyond this distance (m) the field of a horseshoe nail is lost in the noise.
IRON_REACH = 8.0


@dataclass(frozen=True)
class Site:
    """Everything that a simulated site holds; `field_of` computes the field over it.

    >>> Site(20, 20, 0.25, Gradiometer()).rings
    ()
    """

    width: float
    height: float
    cell: float
    instrument: Gradiometer
    rings: tuple[Ring, ...] = ()
    ditches: tuple[Ditch, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    pits: tuple[Pit, ...] = ()
    furrows: Furrows | None = None
    iron: tuple[Iron, ...] = ()
    texture: float = 3e-5
    texture_exponent: float = -1.8
    kilns: tuple[Pit, ...] = ()
    fired: tuple[float, float] = (65.0, 0.0)
    cracks: Cracks | None = None
    geology: Geology | None = None
    kind: str = "arable"


@dataclass(frozen=True)
class Anomaly:
    """The true reading over each cell (nT, float32) and what each cell is: its place in `GROUND_CLASSES`."""

    field: NDArray[np.float32]
    classes: NDArray[np.uint8]


def draw_site(
    width: float,
    height: float,
    cell: float,
    instrument: Gradiometer,
    random: np.random.Generator,
    *,
    rings: int,
    kind: GroundKind = GROUND_KINDS["arable"],
    contrast: float = 1.0,
    iron: int | None = None,
    furrows: bool | None = None,
    texture: tuple[float, float] | None = None,
) -> Site:
    """Draw the ground of a site of `width` x `height` m after its kind.

    `contrast` multiplies what was dug; `iron` objects, `furrows` and `texture` (bounds of the topsoil's
    deviation, SI) are those of the kind where they are not given.

    >>> site = draw_site(60, 60, 0.25, Gradiometer(), np.random.default_rng(3), rings=2, iron=10)
    >>> len(site.rings), len(site.iron) >= 10
    (2, True)
    """
    plot = Plot(width, height, kind, contrast, float(random.uniform(0, 180)))
    found = tuple(draw_rings(rings, width, height, random, contrast=contrast, diameters=kind.diameters))
    litter = plot.count(log_uniform(random, kind.iron), random) if iron is None else iron
    ridged = bool(random.random() < kind.furrows) if furrows is None else furrows
    return Site(
        width=width,
        height=height,
        cell=cell,
        instrument=instrument,
        rings=found,
        ditches=draw_lines(plot, random),
        enclosures=draw_enclosures(plot, random),
        pits=draw_pits(plot, found, random),
        furrows=_furrows(plot, random) if ridged else None,
        iron=draw_iron(plot, litter, random),
        texture=log_uniform(random, texture or kind.texture),
        texture_exponent=float(random.uniform(*kind.exponent)),
        kilns=draw_kilns(plot, random),
        fired=(float(random.uniform(58, 72)), float(random.uniform(-25, 25))),
        cracks=_cracks(kind, random) if random.random() < kind.cracks else None,
        geology=_geology(kind, random) if kind.rock[1] > 0 else None,
        kind=kind.name,
    )


def _furrows(plot: Plot, random: np.random.Generator) -> Furrows:
    return Furrows(
        bearing=plot.aligned(random),
        spacing=float(random.uniform(*plot.kind.spacing)),
        strength=log_uniform(random, plot.kind.furrow),
        bend=float(random.uniform(0, 4)),
    )


def _cracks(kind: GroundKind, random: np.random.Generator) -> Cracks:
    return Cracks(
        spacing=log_uniform(random, (3, 20)),
        width=float(random.uniform(0.3, 1.5)),
        susceptibility=log_uniform(random, kind.crack),
    )


def _geology(kind: GroundKind, random: np.random.Generator) -> Geology:
    top = log_uniform(random, kind.rock_top)
    return Geology(
        strength=log_uniform(random, kind.rock),
        exponent=float(random.uniform(-3, -1.5)),
        top=top,
        bottom=top + float(random.uniform(1, 6)),
    )


def field_of(site: Site, random: np.random.Generator) -> Anomaly:
    """The gradiometer's true reading over each cell of the site, and what each cell is.

    The random part of the ground (topsoil, cracks, rock) comes from `random`.

    >>> site = Site(30, 20, 0.25, Gradiometer(), rings=(Ring(15, 10, 12),))
    >>> made = field_of(site, np.random.default_rng(0))
    >>> made.field.shape, bool(made.field[made.classes == 1].mean() > made.field[made.classes == 0].mean())
    ((80, 120), True)
    """
    ground = _dug(site, random)
    field = gradient(ground.layers(), site.cell, site.instrument, padding=0.0)
    for item in site.iron:
        where, east, north = ground.window(item.east, item.north, IRON_REACH)
        field[where] += dipole_gradient(east, north, item.depth, item.moment, site.instrument)
    return Anomaly(np.ascontiguousarray(field[ground.inner]), ground.classes)


def anomaly(site: Site, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The gradiometer's true reading over each cell of the site (nT, float32), and where ring ditch is.

    >>> site = Site(30, 20, 0.25, Gradiometer(), rings=(Ring(15, 10, 12),))
    >>> anomaly(site, np.random.default_rng(0))[1].dtype.name
    'bool'
    """
    made = field_of(site, random)
    return made.field, made.classes == 1


def _dug(site: Site, random: np.random.Generator) -> Ground:
    """The ground with all that the site holds; what is dug later lies over what was there."""
    ground = Ground(site.width, site.height, site.cell)
    shape = ground.kind.shape
    ground.slices[0] += np.float32(site.texture) * topsoil_texture(
        (shape[0], shape[1]), site.cell, site.texture_exponent, random
    )
    if site.geology:
        ground.intrude(site.geology, random)
    if site.furrows:
        ground.plough(site.furrows)
    if site.cracks:
        ground.crack(site.cracks, random)
    for ditch in site.ditches:
        ground.dig_ditch(ditch)
    for enclosure in site.enclosures:
        ground.dig_enclosure(enclosure)
    for pit in site.pits:
        ground.dig_pit(pit)
    if site.kilns:
        ground.fire(site.kilns, site.fired)
    for item in site.iron:
        ground.mark(item.east, item.north, 0.8, item.kind)
    for ring in site.rings:
        ground.dig_ring(ring)
    return ground
