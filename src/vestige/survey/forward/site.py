"""A whole simulated site: its ground, its instrument, and the magnetic field above it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.survey.forward.gradiometer import Gradiometer, dipole_gradient, gradient
from vestige.survey.forward.ground import (
    Ditch,
    Enclosure,
    Furrows,
    Ground,
    Pit,
    Ring,
    draw_rings,
    topsoil_texture,
)

__all__ = ["Iron", "Site", "anomaly", "draw_site"]

#: Beyond this distance (m) the field of a horseshoe nail is lost in the noise.
IRON_REACH = 8.0


@dataclass(frozen=True)
class Iron:
    """An iron object in the topsoil: place (m), depth (m) and moment (A m²; east, north, down)."""

    east: float
    north: float
    depth: float
    moment: tuple[float, float, float]


@dataclass(frozen=True)
class Site:
    """Everything that a simulated site holds; `anomaly` computes the field over it.

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


def draw_site(
    width: float,
    height: float,
    cell: float,
    instrument: Gradiometer,
    random: np.random.Generator,
    *,
    rings: int,
    contrast: float = 1.0,
    iron: int = 10,
    furrows: bool = True,
    texture: tuple[float, float] = (1.5e-5, 8e-5),
) -> Site:
    """Draw the ground of a site of `width` x `height` m; `texture` bounds the topsoil's deviation (SI).

    >>> site = draw_site(60, 60, 0.25, Gradiometer(), np.random.default_rng(3), rings=2)
    >>> len(site.rings), len(site.iron)
    (2, 10)
    """
    found = tuple(draw_rings(rings, width, height, random, contrast=contrast))
    hectares = width * height / 1e4
    strength = float(np.exp(random.uniform(*np.log(texture))))
    plough = Furrows(
        bearing=float(random.uniform(0, 180)),
        spacing=float(random.uniform(5, 11)),
        strength=float(random.uniform(0.2e-4, 1.0e-4)),
        bend=float(random.uniform(0, 4)),
    )
    return Site(
        width=width,
        height=height,
        cell=cell,
        instrument=instrument,
        rings=found,
        ditches=_ditches(1 + int(random.poisson(1.0 + hectares)), width, height, contrast, random),
        enclosures=_enclosures(int(random.poisson(0.5 * hectares)), width, height, contrast, random),
        pits=_pits(int(random.poisson(25 * hectares + 2)), width, height, contrast, found, random),
        furrows=plough if furrows else None,
        iron=_iron(iron, width, height, random),
        texture=strength,
        texture_exponent=float(random.uniform(-2.5, -1.0)),
    )


def _ditches(
    count: int, width: float, height: float, contrast: float, random: np.random.Generator
) -> tuple[Ditch, ...]:
    """Field ditches; many lie square to one another, as boundaries do."""
    main = random.uniform(0, 180)
    return tuple(
        Ditch(
            east=float(random.uniform(0, width)),
            north=float(random.uniform(0, height)),
            bearing=float(main + random.choice([0, 90]) + random.normal(0, 6)),
            width=float(random.uniform(0.6, 2.0)),
            depth=float(random.uniform(0.2, 0.7)),
            susceptibility=float(contrast * np.exp(random.uniform(np.log(1.5e-4), np.log(1.2e-3)))),
            swing=float(random.uniform(0, 4)),
            wave=float(random.uniform(60, 200)),
        )
        for _ in range(count)
    )


def _enclosures(
    count: int, width: float, height: float, contrast: float, random: np.random.Generator
) -> tuple[Enclosure, ...]:
    return tuple(
        Enclosure(
            east=float(random.uniform(0, width)),
            north=float(random.uniform(0, height)),
            length=float(random.uniform(20, 60)),
            breadth=float(random.uniform(12, 35)),
            bearing=float(random.uniform(0, 180)),
            width=float(random.uniform(0.7, 2.0)),
            depth=float(random.uniform(0.2, 0.7)),
            susceptibility=float(contrast * np.exp(random.uniform(np.log(2e-4), np.log(1.2e-3)))),
        )
        for _ in range(count)
    )


def _pits(
    count: int,
    width: float,
    height: float,
    contrast: float,
    rings: tuple[Ring, ...],
    random: np.random.Generator,
) -> tuple[Pit, ...]:
    """Pits strewn over the site, and a grave in the middle of some ring ditches."""
    places = [tuple(random.uniform(0, 1, 2) * (width, height)) for _ in range(count)]
    places += [(ring.east, ring.north) for ring in rings if random.random() < 0.5]
    return tuple(
        Pit(
            east=float(east),
            north=float(north),
            diameter=float(random.uniform(0.6, 2.4)),
            depth=float(random.uniform(0.2, 0.8)),
            susceptibility=float(contrast * np.exp(random.uniform(np.log(3e-4), np.log(2.5e-3)))),
        )
        for east, north in places
    )


def _iron(count: int, width: float, height: float, random: np.random.Generator) -> tuple[Iron, ...]:
    objects = []
    for _ in range(count):
        axis = random.standard_normal(3)
        strength = np.exp(random.uniform(np.log(0.004), np.log(0.25)))
        moment = strength * axis / np.linalg.norm(axis)
        east, north = random.uniform(0, 1, 2) * (width, height)
        depth = random.uniform(0.05, 0.3)
        objects.append(
            Iron(
                float(east),
                float(north),
                float(depth),
                (float(moment[0]), float(moment[1]), float(moment[2])),
            )
        )
    return tuple(objects)


def anomaly(site: Site, random: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The gradiometer's true reading over each cell of the site (nT, float32), and where ring ditch is.

    The random part of the ground (texture of the topsoil) comes from `random`.

    >>> site = Site(30, 20, 0.25, Gradiometer(), rings=(Ring(15, 10, 12),))
    >>> field, feature = anomaly(site, np.random.default_rng(0))
    >>> field.shape, bool(field[feature].mean() > field[~feature].mean())
    ((80, 120), True)
    """
    ground = Ground(site.width, site.height, site.cell)
    shape = ground.ring_cover.shape
    ground.slices[0] += np.float32(site.texture) * topsoil_texture(
        (shape[0], shape[1]), site.cell, site.texture_exponent, random
    )
    if site.furrows:
        ground.plough(site.furrows)
    for ring in site.rings:
        ground.dig_ring(ring)
    for ditch in site.ditches:
        ground.dig_ditch(ditch)
    for enclosure in site.enclosures:
        ground.dig_enclosure(enclosure)
    for pit in site.pits:
        ground.dig_pit(pit)
    field = gradient(ground.layers(), site.cell, site.instrument, padding=0.0)
    for item in site.iron:
        where, east, north = ground.window(item.east, item.north, IRON_REACH)
        field[where] += dipole_gradient(east, north, item.depth, item.moment, site.instrument)
    return np.ascontiguousarray(field[ground.inner]), ground.feature
