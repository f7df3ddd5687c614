"""Drawing ring ditches as they are preserved: whole, with causeways, in arcs, double, ploughed thin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vestige.survey.forward.kinds import log_uniform
from vestige.survey.forward.shapes import Ring

__all__ = ["draw_rings", "random_ring"]


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
        diameter = log_uniform(random, diameters)
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
    """A ring ditch of given place and size, with the preservation that such monuments show.

    Two in five are whole, one in eight survives in arcs only, one in twelve has a second ditch within, one
    in four has been ploughed down to the base of its ditch.
    """
    width = float(np.clip(random.normal(0.075 * diameter + 0.5, 0.35), 0.8, 2.8))
    ploughed = random.random() < 0.25
    roomy = diameter > 14 and random.random() < 0.12
    return Ring(
        east=east,
        north=north,
        diameter=diameter,
        width=width,
        depth=float(random.uniform(0.12, 0.35) if ploughed else random.uniform(0.3, 0.95)),
        susceptibility=contrast * log_uniform(random, (3e-4, 2e-3)),
        gaps=_gaps(random),
        wobble=float(random.uniform(0, 0.06)),
        turn=float(random.uniform(0, 180)),
        variation=float(random.uniform(0, 0.35)),
        inner=float(random.uniform(0.55, 0.75)) if roomy else 0.0,
        smear=float(random.uniform(0.5, 2.0)) if ploughed else 0.0,
    )


def _gaps(random: np.random.Generator) -> tuple[tuple[float, float], ...]:
    """Causeways (none to three), or many gaps of a ring of which arcs are left."""
    start = float(random.uniform(0, 360))
    broken = random.random() < 0.125
    count = int(random.integers(3, 7)) if broken else int(random.choice([0, 0, 0, 1, 1, 2, 3]))
    gaps: list[tuple[float, float]] = []
    end = start + 360
    for _ in range(count):
        length = float(random.uniform(20, 45) if broken else random.uniform(12, 60))
        if start + length > end - 20:
            break
        gaps.append((start, start + length))
        start += length + float(random.uniform(18, 40) if broken else random.uniform(25, 60))
    return tuple(gaps)
