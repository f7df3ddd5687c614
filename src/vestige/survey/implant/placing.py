"""Laying simulated rings into a survey: where there is room, with the strength that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from vestige.survey.forward.gradiometer import Gradiometer
from vestige.survey.forward.rings import random_ring
from vestige.survey.forward.shapes import Ring
from vestige.survey.forward.strength import ring_field, ring_line, ring_strength
from vestige.survey.gridding import Raster
from vestige.survey.traverses import Survey

__all__ = ["Implant", "implanted", "place_rings", "ring_of"]

#: Cell (m) on which the field of a ring is computed.
CELL = 0.125
#: Clear ground (m) between two rings, and the share of a ring's ditch that must lie on ground that was read.
APART, SURVEYED = 4.0, 0.9
#: Places tried for one ring before it waits for the next round.
TRIES = 200


@dataclass(frozen=True)
class Implant:
    """A ring of known `strength` (nT, peak of its mean ridge) at a place on the map."""

    ring: Ring
    strength: float

    def cells(self, raster: Raster, share: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rows and columns (fractions) of the raster along the middle of its ditch, or along the circle whose
        diameter is that `share` of it.
        """
        east, north = ring_line(self.ring)
        return (
            (raster.north - self.ring.north - share * north) / raster.cell - 0.5,
            (self.ring.east + share * east - raster.west) / raster.cell - 0.5,
        )


def ring_of(
    diameter: float, strength: float, instrument: Gradiometer, random: np.random.Generator
) -> Implant:
    """A ring ditch as they are preserved, its fill made as strong as gives `strength` nT.

    >>> made = ring_of(20, 1.5, Gradiometer(), np.random.default_rng(0))
    >>> round(ring_strength(made.ring, Gradiometer(), CELL), 3)
    1.5
    """
    ring = replace(random_ring(0.0, 0.0, diameter, random, 1.0), susceptibility=1e-3)
    factor = strength / ring_strength(ring, instrument, CELL)
    return Implant(replace(ring, susceptibility=1e-3 * factor), strength)


def place_rings(
    waiting: Sequence[Implant], free: NDArray[np.bool_], raster: Raster, random: np.random.Generator
) -> tuple[list[Implant], list[Implant]]:
    """Give places to as many rings as fit: those placed, and those that wait for another round.

    `free` says which cells of the raster were surveyed and hold nothing that was found before.

    >>> raster = Raster(0, 100, 0.5, 200, 200)
    >>> ring = ring_of(20, 1.0, Gradiometer(), np.random.default_rng(0))
    >>> placed, left = place_rings([ring], np.ones((200, 200), bool), raster, np.random.default_rng(1))
    >>> len(placed), len(left)
    (1, 0)
    """
    placed: list[Implant] = []
    left: list[Implant] = []
    rows, columns = np.nonzero(free)
    for one in waiting:
        for _ in range(TRIES if rows.size else 0):
            pick = int(random.integers(rows.size))
            east = raster.west + (columns[pick] + 0.5) * raster.cell
            north = raster.north - (rows[pick] + 0.5) * raster.cell
            moved = replace(one, ring=replace(one.ring, east=float(east), north=float(north)))
            if _clear(moved, placed) and _on(moved, free, raster) >= SURVEYED:
                placed.append(moved)
                break
        else:
            left.append(one)
    return placed, left


def _clear(one: Implant, placed: Sequence[Implant]) -> bool:
    return all(
        np.hypot(one.ring.east - other.ring.east, one.ring.north - other.ring.north)
        > (one.ring.diameter + other.ring.diameter) / 2 + APART
        for other in placed
    )


def _on(one: Implant, free: NDArray[np.bool_], raster: Raster) -> float:
    """The share of a ring's ditch that lies on free cells."""
    down, across = (np.floor(part + 0.5).astype(int) for part in one.cells(raster))
    inside = (down >= 0) & (down < raster.height) & (across >= 0) & (across < raster.width)
    return float(free[down[inside], across[inside]].sum()) / max(down.size, 1)


def implanted(survey: Survey, rings: Sequence[Implant], instrument: Gradiometer) -> Survey:
    """The survey with the field (nT) of the rings added to its readings, where each was taken.

    >>> survey = Survey(np.zeros((40, 160), np.float32), 1.0, 0.25).placed(0, 40)
    >>> one = ring_of(20, 2.0, Gradiometer(), np.random.default_rng(0))
    >>> laid = implanted(survey, [replace(one, ring=replace(one.ring, east=20.0, north=20.0))], Gradiometer())
    >>> bool(2 < laid.values.max() < 6)
    True
    """
    values = survey.values.copy()
    for one in rings:
        field = ring_field(one.ring, CELL, instrument)
        middle, reach = field.shape[0] // 2, field.shape[0] * CELL / 2
        east, north = _places(survey)
        used = (np.abs(east - one.ring.east) < reach) & (np.abs(north - one.ring.north) < reach)
        rows, columns = np.nonzero(used.any(axis=1))[0], np.nonzero(used.any(axis=0))[0]
        if not rows.size:
            continue
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        places = (
            middle - (north[part] - one.ring.north) / CELL,
            middle + (east[part] - one.ring.east) / CELL,
        )
        values[part] += scipy.ndimage.map_coordinates(field, places, order=1, cval=0.0, output=np.float32)
    return survey.with_values(values)


def _places(survey: Survey) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Easting and northing of every reading, as arrays that broadcast to (traverse, reading)."""
    along = np.radians(survey.bearing)
    traverse = np.arange(survey.values.shape[0])[:, np.newaxis] * survey.traverse_m
    reading = np.arange(survey.values.shape[1])[np.newaxis] * survey.reading_m
    east = survey.easting + reading * np.sin(along) + traverse * np.cos(along)
    north = survey.northing + reading * np.cos(along) - traverse * np.sin(along)
    return np.broadcast_arrays(east, north)  # type: ignore[return-value]
