"""The painted initial of the simulated leaf, and the drawing that the painter covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.spectral.lettering import write_line

__all__ = ["Initial", "draw_initial"]

Plane = NDArray[np.float32]
Page = NDArray[np.uint8]

#: OpenCV draws to an eighth of a pixel.
SUBPIXEL: Final = 8
BIRD: Final = (
    *(
        (-0.30, 0.10),
        (-0.12, -0.04),
        (-0.02, -0.20),
        (0.10, -0.27),
        (0.20, -0.22),
        (0.30, -0.18),
        (0.19, -0.13),
    ),
    *((0.20, 0.02), (0.12, 0.16), (-0.04, 0.20), (-0.18, 0.15), (-0.34, 0.24), (-0.30, 0.10)),
)
#: Places of the four curls of the vine, and the angle at which each begins.
CURLS: Final = ((0.2, 0.24, 0), (0.8, 0.2, 90), (0.2, 0.78, 200), (0.8, 0.8, 300))


@dataclass(frozen=True)
class Initial:
    """Coverage of each paint and of the drawing beneath, (height, width) 0..1; right and lower end, px."""

    paint: dict[str, Plane]
    underdrawing: Plane
    foot: tuple[float, float]


def draw_initial(shape: tuple[int, int], corner: tuple[float, float], side: float) -> Initial:
    """A framed letter `side` pixels wide, with its left upper `corner` (x, y), on pages of `shape`.

    >>> initial = draw_initial((60, 60), (10, 10), 40)
    >>> sorted(initial.paint), initial.foot
    (['gold ochre', 'lead white', 'malachite', 'ultramarine', 'vermilion'], (50, 50))
    """
    frame, ground, vine, letter, pearls, drawing = (np.zeros(shape, np.uint8) for _ in range(6))
    start = np.array(corner)
    middle = start + side / 2
    _square(frame, middle, side)
    _square(ground, middle, 0.9 * side)
    for x, y, begin in CURLS:
        for ring in (0.13, 0.075):
            _arc(vine, start + np.array([x, y]) * side, ring * side, begin, begin + 290, side / 42)
    write_line(letter, "b", (corner[0] + 0.22 * side, corner[1] + 0.82 * side), 0.5 * side)
    for along in np.linspace(0.06, 0.94, 15):
        for place in ((along, 0.025), (along, 0.975), (0.025, along), (0.975, along)):
            _dot(pearls, start + np.array(place) * side, side * 0.0094)
    _sketch(drawing, middle, side)
    paint = {
        "vermilion": frame,
        "ultramarine": ground,
        "malachite": vine,
        "gold ochre": letter,
        "lead white": pearls,
    }
    planes = {name: _coverage(page) for name, page in paint.items()}
    return Initial(planes, _coverage(drawing), (corner[0] + side, corner[1] + side))


def _sketch(page: Page, middle: NDArray[np.float64], side: float) -> None:
    """Compass circle, diagonals, and the bird that the painter first had in mind."""
    _arc(page, middle, 0.40 * side, 0, 360, side / 70)
    for slope in (1, -1):
        end = 0.42 * side * np.array([1, slope])
        _line(page, [middle - end, middle + end], side / 90)
    _line(page, middle + side * np.array(BIRD), side / 45)
    _dot(page, middle + side * np.array([0.13, -0.2]), side / 64)


def _coverage(page: Page) -> Plane:
    return np.asarray(page / 255, np.float32)


def _fixed(points: ArrayLike) -> NDArray[np.int32]:
    return np.round(np.asarray(points) * SUBPIXEL).astype(np.int32)


def _line(page: Page, points: ArrayLike, thick: float) -> None:
    cv2.polylines(page, [_fixed(points)], False, 255, max(1, round(thick)), cv2.LINE_AA, 3)


def _arc(
    page: Page, centre: NDArray[np.float64], radius: float, begin: float, end: float, thick: float
) -> None:
    angles = np.deg2rad(np.linspace(begin, end, 60))
    _line(page, centre + radius * np.stack([np.cos(angles), np.sin(angles)], 1), thick)


def _square(page: Page, middle: NDArray[np.float64], side: float) -> None:
    corners = middle + side / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    cv2.fillPoly(page, [_fixed(corners)], 255, cv2.LINE_AA, 3)


def _dot(page: Page, centre: NDArray[np.float64], radius: float) -> None:
    x, y = _fixed(centre).tolist()
    cv2.circle(page, (x, y), max(SUBPIXEL // 2, round(radius * SUBPIXEL)), 255, -1, cv2.LINE_AA, 3)
