"""Ring ditches: the circle that a ditch runs along, how much of it is there, and which arcs are one ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Circle", "fit_circle", "join_arcs", "ridge"]

Points = NDArray[np.float64]

#: Sectors of a circle that are looked at, one by one, for whether the ditch is there.
SECTORS = 72
#: Points that a first circle is laid through.
MOST_POINTS = 1000
#: Radii of ring ditches (m), and how far a ridge may lie from its circle, as a share of the radius.
LEAST_RADIUS, MOST_RADIUS, SPREAD = 2.0, 30.0, 0.15
#: Less of a circle than this is no ring.
LEAST_SHARE = 0.4
#: So much of an arc's ridge must lie on the circle of the ring that it is taken into.
MEMBER_SHARE = 0.8
#: Arcs looked at around one arc: the nearest. A ring of which so much is there needs no other arc.
NEIGHBOURS, WHOLE_SHARE = 8, 0.96


@dataclass(frozen=True)
class Circle:
    """A circle (m), the share of it along which the ditch is there (0..1), and the ridge's distance from it
    (rms, m).
    """

    east: float
    north: float
    radius: float
    complete: float
    spread: float

    @property
    def is_ring(self) -> bool:
        """Whether this can be a ring ditch."""
        return (
            LEAST_RADIUS <= self.radius <= MOST_RADIUS
            and self.complete >= LEAST_SHARE
            and self.spread <= SPREAD * self.radius
        )


def ridge(points: Points, strength: NDArray[np.floating], circle: Circle) -> Points:
    """The middle of the ditch in each sector around a circle: points (n, 2), weighted by `strength`.

    >>> angles = np.linspace(0, 6, 60)
    >>> ring = np.column_stack([np.cos(angles), np.sin(angles)])
    >>> both = np.vstack([9 * ring, 11 * ring])
    >>> line = ridge(both, np.ones(len(both)), Circle(0, 0, 10, 1, 0))
    >>> bool(np.allclose(np.hypot(*line.T), 10))
    True
    """
    offset = points - (circle.east, circle.north)
    angle, distance = np.arctan2(offset[:, 1], offset[:, 0]), np.hypot(offset[:, 0], offset[:, 1])
    sector = _sector(angle)
    weight = np.maximum(strength, 0.0) + 1e-3
    total = np.bincount(sector, weight, SECTORS)
    there = total > 0
    radius = np.bincount(sector, weight * distance, SECTORS)[there] / total[there]
    turn = (np.flatnonzero(there) + 0.5) * 2 * np.pi / SECTORS - np.pi
    return np.column_stack([circle.east + radius * np.cos(turn), circle.north + radius * np.sin(turn)])


def fit_circle(points: Points, strength: NDArray[np.floating] | None = None) -> Circle | None:
    """The circle along the ridge of points (n, 2), m, found robustly; None where there is none.

    Least squares in closed form (Pratt 1987 [1]_ gives the idea; here Kåsa's form, repeated with Tukey's
    weights on the geometric distance), first on all points, then on the middle of the ditch in each sector,
    so that neither a ditch of uneven width nor a spur draws the circle to itself.

    References
    ----------
    .. [1] Pratt, V. (1987). Direct least-squares fitting of algebraic surfaces. SIGGRAPH 21(4).

    >>> angles = np.linspace(0, 4, 50)
    >>> arc = np.column_stack([100 + 8 * np.cos(angles), 200 + 8 * np.sin(angles)])
    >>> circle = fit_circle(arc)
    >>> round(circle.east, 3), round(circle.north, 3), round(2 * circle.radius, 3)
    (100.0, 200.0, 16.0)
    """
    if len(points) < 6:
        return None
    weights = np.ones(len(points)) if strength is None else np.asarray(strength, np.float64)
    found = _robust(points[:: max(1, len(points) // MOST_POINTS)])
    for _ in range(3):
        if found is None:
            return None
        line = ridge(points, weights, Circle(*found, 0.0, 0.0))
        if len(line) < 6:
            return None
        found = _robust(line)
    if found is None:
        return None
    east, north, radius = found
    distance = np.hypot(points[:, 0] - east, points[:, 1] - north)
    near = np.abs(distance - radius) <= max(2 * SPREAD * radius, 0.5)
    angle = np.arctan2(points[near, 1] - north, points[near, 0] - east)
    complete = len(np.unique(_sector(angle))) / SECTORS
    off = np.hypot(line[:, 0] - east, line[:, 1] - north) - radius
    spread = float(np.sqrt(np.mean(off**2)))
    width = float(np.sqrt(np.mean((distance - radius) ** 2)))
    return Circle(east, north, radius, complete, max(spread, 0.7 * width))


def join_arcs(arcs: Sequence[Points], circles: Sequence[Circle | None]) -> list[list[int]]:
    """Which arcs are one broken ring: lists of their numbers, each with two or more.

    Circles through one arc or through two near ones are tried, the one of which most is there first; an arc
    belongs to it where `MEMBER_SHARE` of its points lie on the circle.

    >>> turn = np.linspace(0.2, 2.9, 40)
    >>> arcs = [9 * np.column_stack([np.cos(a), np.sin(a)]) for a in (turn, turn + np.pi)]
    >>> join_arcs(arcs, [fit_circle(arc) for arc in arcs])
    [[0, 1]]
    """
    whole = {number for number, c in enumerate(circles) if c and c.is_ring and c.complete >= WHOLE_SHARE}
    near = _neighbours(arcs, [number for number in range(len(arcs)) if number not in whole])
    tried: list[tuple[float, list[int]]] = []
    for number, others in near.items():
        for guess in [
            circles[number],
            *(fit_circle(np.vstack([arcs[number], arcs[one]])) for one in others if one > number),
        ]:
            members = _members(guess, arcs, [number, *others])
            if guess is None or len(members) < 2:
                continue
            joined = fit_circle(np.vstack([arcs[one] for one in members]))
            alone = max((c.complete for one in members if (c := circles[one]) and c.is_ring), default=0.0)
            if joined is not None and joined.is_ring and joined.complete >= max(0.5, alone + 0.04):
                tried.append((joined.complete - joined.spread / joined.radius, members))
    groups: list[list[int]] = []
    taken: set[int] = set()
    for _, members in sorted(tried, key=lambda one: (-one[0], one[1])):
        if not taken.intersection(members):
            groups.append(members)
            taken.update(members)
    return sorted(groups)


def _neighbours(arcs: Sequence[Points], open_: Sequence[int]) -> dict[int, list[int]]:
    """For each arc of `open_` the nearest others of them that can lie on one circle with it."""
    import shapely

    outlines = np.array([shapely.MultiPoint(arcs[number]).convex_hull for number in open_], object)
    tree = shapely.STRtree(outlines)
    found: dict[int, list[int]] = {}
    for place, outline in enumerate(outlines):
        others = [int(one) for one in tree.query(outline, "dwithin", MOST_RADIUS) if one != place]
        others.sort(key=lambda one: (shapely.distance(outline, outlines[one]), one))
        found[open_[place]] = [open_[one] for one in others[:NEIGHBOURS]]
    return found


def _members(circle: Circle | None, arcs: Sequence[Points], numbers: Sequence[int]) -> list[int]:
    """The arcs among `numbers` that run along a circle."""
    if circle is None or not LEAST_RADIUS <= circle.radius <= MOST_RADIUS:
        return []
    room = max(SPREAD * circle.radius, 0.75)
    return sorted(
        number
        for number in numbers
        if np.mean(
            np.abs(
                np.hypot(arcs[number][:, 0] - circle.east, arcs[number][:, 1] - circle.north) - circle.radius
            )
            <= room
        )
        >= MEMBER_SHARE
    )


def _robust(points: Points) -> tuple[float, float, float] | None:
    """Centre and radius by repeated weighted least squares (Tukey's biweight)."""
    weights = np.ones(len(points))
    found: tuple[float, float, float] | None = None
    for _ in range(5):
        middle = np.average(points, axis=0, weights=weights)
        local = points - middle
        system = np.column_stack([2 * local, np.ones(len(local))]) * np.sqrt(weights)[:, np.newaxis]
        answer, _, rank, _ = np.linalg.lstsq(system, (local**2).sum(axis=1) * np.sqrt(weights), rcond=1e-9)
        if rank < 3:
            return None
        radius = float(np.sqrt(max(answer[2] + answer[0] ** 2 + answer[1] ** 2, 0.0)))
        if not 0.1 < radius < 1e4:
            return None
        found = float(answer[0] + middle[0]), float(answer[1] + middle[1]), radius
        off = np.hypot(points[:, 0] - found[0], points[:, 1] - found[1]) - radius
        scale = max(1.4826 * float(np.median(np.abs(off))), 0.02 * radius)
        weights = np.clip(1 - (off / (4.685 * scale)) ** 2, 0, None) ** 2 + 1e-9
    return found


def _sector(angle: Points) -> NDArray[np.intp]:
    """The sector of an angle in radians."""
    return np.clip(((angle + np.pi) / (2 * np.pi) * SECTORS).astype(np.intp), 0, SECTORS - 1)
