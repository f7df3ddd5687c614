"""How strong a ring ditch is in nanotesla, and against the noise of a survey."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from vestige.survey.forward.gradiometer import Gradiometer, gradient
from vestige.survey.forward.ground import Ground
from vestige.survey.forward.shapes import Ring

__all__ = ["noise_of", "ring_field", "ring_line", "ring_strength"]

#: Ground (m) about a ring beyond which its field is not computed.
APRON = 6.0


def ring_field(ring: Ring, cell: float, instrument: Gradiometer) -> NDArray[np.float32]:
    """The field (nT, float32, square) of one ring ditch alone, its centre in the middle of the array.

    >>> ring_field(Ring(0, 0, 10), 0.25, Gradiometer()).shape
    (109, 109)
    """
    reach = ring.diameter * 0.6 + ring.width + APRON
    side = (2 * round(reach / cell) + 1) * cell
    ground = Ground(side, side, cell)
    ground.dig_ring(replace(ring, east=side / 2, north=side / 2))
    return np.ascontiguousarray(gradient(ground.layers(), cell, instrument, padding=0.0)[ground.inner])


def ring_line(ring: Ring, step: float = 3.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """East and north (m) from its centre of points along the middle of the ditch, every `step` degrees, where
    it is not a gap.

    >>> ring_line(Ring(0, 0, 10, gaps=((0, 180),)))[0].size
    60
    """
    angle = np.arange(0, 360, step) + step / 2
    kept = np.ones(angle.shape, bool)
    for start, end in ring.gaps:
        kept &= ~((angle - start) % 360 < (end - start) % 360)
    angle = angle[kept]
    radius = ring.diameter / 2 * (1 + ring.wobble * np.cos(np.radians(2 * (angle - ring.turn))))
    return radius * np.sin(np.radians(angle)), radius * np.cos(np.radians(angle))


def ring_strength(ring: Ring, instrument: Gradiometer, cell: float = 0.25) -> float:
    """The peak of a ring's mean ridge, in nT: its field averaged along the ditch that is left, at that
    distance from the ditch's middle where the average is greatest.

    >>> weak, strong = (ring_strength(Ring(0, 0, 20, susceptibility=k), Gradiometer()) for k in (1e-4, 1e-3))
    >>> 0.2 < weak < 1, round(strong / weak, 3)
    (True, 10.0)
    """
    field = ring_field(ring, cell, instrument)
    east, north = ring_line(ring)
    if not east.size:
        return 0.0
    middle, length = field.shape[0] // 2, np.hypot(east, north)
    means = []
    for offset in np.arange(-ring.width, ring.width + cell / 2, cell / 2):
        stretch = 1 + offset / length
        places = middle - north * stretch / cell, middle + east * stretch / cell
        means.append(float(scipy.ndimage.map_coordinates(field, places, order=1).mean()))
    return max(means)


def noise_of(values: NDArray[np.floating[Any]]) -> float:
    """The spread of a grid (nT), robustly: 1.4826 times the median absolute deviation; 0 where nothing was
    read.

    >>> noise_of(np.array([-1.0, 0.0, 1.0, np.nan]))
    1.4826
    """
    known = values[np.isfinite(values)]
    return 1.4826 * float(np.median(np.abs(known - np.median(known)))) if known.size else 0.0
