"""Objects of the forward model as implicit surfaces: signed distance in mm, reflectance at a point.

The world is right-handed in millimetres: z up, the glass plate at z = 0, the axis of the turntable at x = y =
0.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

__all__ = ["Sculpture", "distance_at", "field", "figurine", "jug"]

Floats = NDArray[np.float64]

_CELL = 0.5  # mm, of the tables below
_TERRACOTTA = np.array([0.56, 0.23, 0.10])
_GLAZE = np.array([0.022, 0.018, 0.017])
_CLAY = np.array([0.68, 0.50, 0.32])
_MARBLE = np.array([0.70, 0.66, 0.58])


@dataclass(frozen=True)
class Sculpture:
    """An implicit surface: a solid of revolution joined to a bent strap, or blended ellipsoids and rods.

    `profile` is a table of signed distances over (z, radius), `strap` of distances over (z, x) to the
    middle line of the handle; both start at `corner` (mm) in steps of half a millimetre. `rods` are rows
    (x, y, z, x', y', z', radius, radius', flatness) of tapering rods; an ellipsoid is a rod whose ends meet,
    with half axes x', y', z' and radius 0.
    """

    name: str
    profile: NDArray[np.float32]
    strap: NDArray[np.float32]
    corner: tuple[float, float]
    rods: Floats
    height: float
    radius: float

    def arrays(self) -> tuple[Any, ...]:
        """What the compiled kernels take."""
        return self.profile, self.strap, self.corner[0], self.corner[1], self.rods

    def reflectance(self, points: Floats) -> Floats:
        """Linear RGB at points (n, 3) of the surface."""
        return _painted(points) if self.name == "jug" else _marble(points)


def jug() -> Sculpture:
    """A jug of painted clay, 118 mm high, with a strap handle."""
    outer = np.array(
        [(0, 1.5), (14, 1.5), (17, 0), (22, 0), (24, 3), (20, 8), (26, 16), (36, 30), (42, 46), (42.5, 58),
        (37, 72),
         (26, 84), (17, 92), (14.5, 100), (16, 108), (21, 115), (22.5, 117), (20, 118)], float,
    )  # fmt: skip
    inner = np.array([(16, 113), (12, 106), (11, 98), (8, 93), (0, 92)], float)
    polygon = np.vstack([_curve(outer[4:], 60), inner, outer[:4]])
    handle = np.array([(13, 109), (26, 118), (44, 112), (54, 94), (52, 76), (44, 66), (36, 62)], float)
    z, r = _axes(-14.0, 132.0, -4.0, 76.0)
    profile = _polygon_distance(polygon, np.abs(r), z)
    strap = _line_distance(_curve(handle, 60), r, z)
    return Sculpture("jug", profile, strap, (-14.0, -4.0), np.zeros((0, 9)), 118.0, 62.0)


def figurine() -> Sculpture:
    """A Cycladic figurine with folded arms, 160 mm high, of marble."""
    rods = [
        (0, 1, 139, 15.5, 8.5, 20, 0, 0, 1),  # head
        (0, -6, 141, 0, -9.5, 133, 1.6, 3.0, 1),  # nose
        (0, 1, 122, 0, 1, 108, 8.0, 9.0, 1),  # neck
        (0, 0, 92, 27, 10.5, 20, 0, 0, 1),  # chest
        (-24, 0, 99, -27, 0, 78, 6.0, 5.5, 1),
        (24, 0, 99, 27, 0, 78, 6.0, 5.5, 1),  # upper arms
        (-27, -1, 77, 12, -9, 77, 5.5, 4.0, 1),
        (27, -1, 84, -12, -10, 86, 5.0, 4.0, 1),  # folded forearms
        (0, 0, 66, 19, 9.5, 18, 0, 0, 1),  # belly
        (-10, 0, 60, -9, -2, 33, 10.0, 7.5, 1),
        (10, 0, 60, 9, -2, 33, 10.0, 7.5, 1),  # thighs
        (-9, -2, 33, -8.5, 3, 9, 7.0, 5.5, 1),
        (9, -2, 33, 8.5, 3, 9, 7.0, 5.5, 1),  # calves
        (-8.5, 3, 7, -9.5, -9, 4, 5.5, 3.8, 1),
        (8.5, 3, 7, 9.5, -9, 4, 5.5, 3.8, 1),  # feet
        (-9, -10, 88, 4.5, 3.0, 4.5, 0, 0, 1),
        (9, -10, 96, 4.5, 3.0, 4.5, 0, 0, 1),
    ]
    nothing = np.full((2, 2), 1e3, np.float32)
    return Sculpture("figurine", nothing, nothing, (0.0, 0.0), np.array(rods, float), 160.0, 42.0)


def field(sculpture: Sculpture, axes: tuple[Floats, Floats, Floats]) -> NDArray[np.float32]:
    """Signed distance in mm (negative inside) on the grid of three axes, indexed [x, y, z]."""
    values: NDArray[np.float32] = _field(*axes, *sculpture.arrays())
    return values


@numba.njit(cache=True, nogil=True, fastmath=True)
def _lookup(table: Any, row: float, column: float) -> float:
    rows, columns = table.shape
    row = min(max(row, 0.0), rows - 1.001)
    column = min(max(column, 0.0), columns - 1.001)
    i, j = int(row), int(column)
    a, b = row - i, column - j
    top = table[i, j] * (1 - b) + table[i, j + 1] * b
    bottom = table[i + 1, j] * (1 - b) + table[i + 1, j + 1] * b
    return float(top * (1 - a) + bottom * a)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _blend(first: float, second: float, width: float) -> float:
    """The smaller of two distances, rounded over `width` where they meet."""
    share = max(width - abs(first - second), 0.0) / width
    return min(first, second) - share * share * width * 0.25


@numba.njit(cache=True, nogil=True, fastmath=True)
def distance_at(
    x: float, y: float, z: float, profile: Any, strap: Any, low_z: float, low_r: float, rods: Any
) -> float:
    """Signed distance in mm from (x, y, z) to the surface; never more than the true one by much."""
    nearest: float = 1e9
    if rods.shape[0] == 0:
        row = (z - low_z) / 0.5
        body = _lookup(profile, row, (np.sqrt(x * x + y * y) - low_r) / 0.5)
        line = _lookup(strap, row, (x - low_r) / 0.5)
        handle = np.sqrt(line * line * 1.7 + y * y * 0.55) * 0.74 - 3.0
        joined: float = _blend(body, handle, 4.0)
        return joined
    for k in range(rods.shape[0]):
        dx, dy, dz = x - rods[k, 0], y - rods[k, 1], z - rods[k, 2]
        if rods[k, 6] == 0.0:
            ax, ay, az = rods[k, 3], rods[k, 4], rods[k, 5]
            inner = np.sqrt((dx / ax) ** 2 + (dy / ay) ** 2 + (dz / az) ** 2)
            slope = np.sqrt((dx / ax**2) ** 2 + (dy / ay**2) ** 2 + (dz / az**2) ** 2)
            away = inner * (inner - 1.0) / max(slope, 1e-9)
        else:
            ex, ey, ez = rods[k, 3] - rods[k, 0], rods[k, 4] - rods[k, 1], rods[k, 5] - rods[k, 2]
            along = (dx * ex + dy * ey + dz * ez) / (ex * ex + ey * ey + ez * ez)
            along = min(max(along, 0.0), 1.0)
            dx, dy, dz = dx - along * ex, dy - along * ey, dz - along * ez
            thick = rods[k, 6] * (1 - along) + rods[k, 7] * along
            away = np.sqrt(dx * dx + dy * dy + dz * dz) - thick
        nearest = _blend(nearest, away, 2.5) if k else away
    return nearest


@numba.njit(cache=True, nogil=True)
def _field(xs: Any, ys: Any, zs: Any, profile: Any, strap: Any, low_z: float, low_r: float, rods: Any) -> Any:
    values = np.empty((xs.size, ys.size, zs.size), np.float32)
    for i in range(xs.size):
        for j in range(ys.size):
            for k in range(zs.size):
                values[i, j, k] = distance_at(xs[i], ys[j], zs[k], profile, strap, low_z, low_r, rods)
    return values


def _axes(low_z: float, high_z: float, low_r: float, high_r: float) -> tuple[Floats, Floats]:
    z, r = np.meshgrid(np.arange(low_z, high_z, _CELL), np.arange(low_r, high_r, _CELL), indexing="ij")
    return z, r


def _curve(points: Floats, count: int) -> Floats:
    """A smooth curve through points (n, 2), by a Catmull-Rom spline."""
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    place = np.linspace(0, len(points) - 1 - 1e-9, count)
    k, t = place.astype(int), (place % 1)[:, None]
    p0, p1, p2, p3 = (padded[k + shift] for shift in range(4))
    return np.asarray(
        0.5
        * (
            2 * p1
            + (p2 - p0) * t
            + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
            + (3 * p1 - p0 - 3 * p2 + p3) * t**3
        )
    )


def _line_distance(line: Floats, r: Floats, z: Floats) -> NDArray[np.float32]:
    nearest = np.full(r.shape, np.inf)
    for (r0, z0), (r1, z1) in pairwise(line):
        length = (r1 - r0) ** 2 + (z1 - z0) ** 2
        along = np.clip(((r - r0) * (r1 - r0) + (z - z0) * (z1 - z0)) / max(length, 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.hypot(r - r0 - along * (r1 - r0), z - z0 - along * (z1 - z0)))
    return nearest.astype(np.float32)


def _polygon_distance(polygon: Floats, r: Floats, z: Floats) -> NDArray[np.float32]:
    """Signed distance to the outline; the axis itself (radius 0) is no boundary."""
    inside = np.zeros(r.shape, bool)
    for (r0, z0), (r1, z1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if z0 != z1:
            inside ^= ((z0 > z) != (z1 > z)) & (r < (r1 - r0) * (z - z0) / (z1 - z0) + r0)
    start = int(np.argmin(polygon[:, 0] + (polygon[:, 1] > 50) * 1e3))
    line = np.roll(polygon, -start, axis=0)
    return np.where(inside, -1, 1).astype(np.float32) * _line_distance(line, r, z)


_BIRD = """
................
.....##.........
....####........
.....#.#........
.....##.........
....##....#.....
...######.##....
...##########...
....########....
.....######.....
......#.#.......
......#.#.......
.....##.##......
................
"""
_MEANDER = """
########
#......#
#.####.#
#.#..#.#
#.#.##.#
#.#....#
#.######
........
"""


def _tile(drawing: str, size: int) -> NDArray[np.float32]:
    """A drawing of # and . as a smooth tile of `size` rows."""
    rows = [[float(mark == "#") for mark in line] for line in drawing.split()]
    tile = np.array(rows, np.float32)
    scale = size / tile.shape[0]
    return np.asarray(cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.float32)


def _stamp(drawing: str, angle: Floats, z: Floats, low: float, high: float, repeats: int) -> Floats:
    """How dark a frieze between two heights is, `repeats` times round the vessel."""
    tile = _tile(drawing, 64)
    rows, columns = tile.shape
    u = (angle / (2 * np.pi) * repeats % 1.0) * (columns - 1)
    v = np.clip((high - z) / (high - low), 0, 1) * (rows - 1)
    shade = np.clip((tile[v.astype(int), u.astype(int)] - 0.5) * 4 + 0.5, 0, 1)
    return np.where((z > low) & (z < high), shade, 0.0)


def _painted(points: Floats) -> Floats:
    x, y, z = points.T
    angle, radius = np.arctan2(y, x) + np.pi, np.hypot(x, y)
    dark = _stamp(_BIRD, angle, z, 44, 62, 9) + _stamp(_MEANDER, angle, z, 66, 74, 22)
    tongues = (np.sin(angle * 26) > 0.1) & (z > 77) & (z < 87)
    rays = (np.abs((angle * 20 / (2 * np.pi)) % 1.0 - 0.5) < 0.5 * (26 - z) / 16) & (z > 10) & (z < 26)
    bands = np.zeros(z.shape, bool)
    for low, high in ((0, 8), (29, 31), (33, 40), (42, 43), (63, 64.2), (75, 76.2), (88.5, 90), (97, 119)):
        bands |= (z >= low) & (z < high)
    handle = (x > 20) & (radius > 24) & (z > 60) & (np.abs(y) < 9) & (radius > _body_radius(z) + 1.0)
    dark = np.clip(dark + tongues + rays + bands + handle, 0, 1)[:, None]
    fire = 0.5 + 0.5 * np.sin(0.06 * x + 1.0) * np.cos(0.05 * y - 0.04 * z)
    ground = _TERRACOTTA + (_CLAY - _TERRACOTTA) * (0.25 * fire)[:, None]
    return np.asarray(ground * (1 - dark) + _GLAZE * dark)


def _body_radius(z: Floats) -> Floats:
    heights = [0, 8, 16, 30, 46, 58, 72, 84, 92, 100, 108, 118]
    return np.interp(z, heights, [22, 20, 26, 36, 42, 42.5, 37, 26, 17, 14.5, 16, 22])


def _marble(points: Floats) -> Floats:
    x, y, z = points.T
    vein = np.sin(0.21 * x + 0.13 * z + 1.7 * np.sin(0.09 * z + 0.2 * y) + 0.15 * y)
    grain = 1 - 0.22 * np.exp(-((vein / 0.12) ** 2)) - 0.06 * (1 + np.sin(0.05 * z + 0.3 * x))
    earth = np.clip(np.sin(0.11 * z - 0.7) * np.sin(0.13 * x + 2) - 0.45, 0, 1)[:, None]
    stained = _MARBLE * grain[:, None]
    return np.asarray(stained * (1 - 0.8 * earth) + np.array([0.42, 0.29, 0.16]) * 0.8 * earth)
