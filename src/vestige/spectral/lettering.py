"""Writing with a broad nib: the letters of a textura hand, for the simulated leaf.

A broad-nib pen is a short line held at one angle; a stroke is the area that line sweeps. The whole
look of a Gothic book hand (diamond heads, hairlines, heavy minims) follows from that.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["alphabet", "write_line"]

NIB_ANGLE: Final = np.deg2rad(40)
NIB_WIDTH: Final = 0.23
SUBPIXEL: Final = 8

Stroke = list[tuple[float, float]]


#: Each letter: its width, and the points of its strokes, in hundredths of the x-height from the left end
#: of the base line; a bar begins a new stroke.
_PATHS: Final[dict[str, tuple[int, str]]] = {
    "a": (95, "25,85 45,97 60,82 | 50,83 60,91 60,6 72,14 | 60,52 20,36 20,10 40,2"),
    "b": (100, "15,148 25,156 25,6 37,14 | 25,78 55,90 72,78 72,20 50,0 32,12"),
    "c": (80, "62,84 45,97 20,80 20,20 42,2 62,14"),
    "d": (92, "15,150 62,85 62,20 42,2 20,18 20,70 45,95"),
    "e": (84, "62,60 62,84 45,97 20,80 20,20 42,2 64,15 | 20,46 62,60"),
    "f": (62, "62,140 45,155 25,135 25,0 | 5,92 58,96"),
    "g": (95, "25,90 20,20 42,2 | 20,85 62,95 62,-30 40,-48 15,-38"),
    "h": (98, "15,148 25,156 25,6 37,14 | 25,78 50,95 68,80 68,10 52,-20"),
    "i": (50, "15,88 25,96 25,6 37,14 | 22,132 32,136"),
    "l": (50, "15,148 25,156 25,6 37,14"),
    "m": (
        138,
        "15,88 25,96 25,6 37,14 | 58,88 68,96 68,6 80,14 | 101,88 111,96 111,6 123,14 | "
        "25,80 58,92 | 68,80 101,92",
    ),
    "n": (95, "15,88 25,96 25,6 37,14 | 58,88 68,96 68,6 80,14 | 25,80 58,92"),
    "o": (88, "42,97 20,80 20,20 42,2 66,20 66,80 42,97"),
    "p": (100, "15,88 25,96 25,-49 37,-41 | 25,80 55,90 72,78 72,20 50,0 32,12"),
    "q": (95, "62,86 42,97 20,80 20,20 42,2 62,20 | 54,88 64,96 64,-44 76,-36"),
    "r": (66, "15,88 25,96 25,6 37,14 | 25,78 48,96 58,86"),
    "s": (80, "60,86 42,97 22,76 60,30 40,2 18,14"),
    "t": (60, "27,118 27,15 44,2 56,12 | 8,92 54,96"),
    "u": (98, "15,88 25,96 25,6 37,14 | 58,88 68,96 68,6 80,14 | 25,4 58,20"),
    "v": (95, "15,125 25,90 25,20 50,0 70,25 70,75 50,95"),
    ".": (40, "20,6 26,10"),
    " ": (55, ""),
}


def _strokes(path: str) -> list[Stroke]:
    """The strokes of a letter, in x-heights."""
    points = [[point.split(",") for point in stroke.split()] for stroke in path.split("|") if stroke]
    return [[(int(x) / 100, int(y) / 100) for x, y in stroke] for stroke in points]


_LETTERS: Final = {sign: (_strokes(path), width / 100) for sign, (width, path) in _PATHS.items()}


def alphabet() -> str:
    """The signs that can be written.

    >>> "in principio" == "".join(sign for sign in "in principio" if sign in alphabet())
    True
    """
    return "".join(_LETTERS)


def write_line(
    page: NDArray[np.uint8],
    text: str,
    start: tuple[float, float],
    x_height: float,
    *,
    width: float | None = None,
    random: np.random.Generator | None = None,
) -> float:
    """Write `text` on `page` ((height, width) uint8, ink 255) from `start` (x, y) on; returns where it ends.

    With a `width` the spaces are stretched to fill it, as a scribe justifies; signs not in the
    alphabet are left out. `random` gives the unsteadiness of a hand.

    >>> page = np.zeros((40, 200), np.uint8)
    >>> 40 < write_line(page, "verbum", (5, 30), 14) < 100 and int(page.max())
    255
    """
    signs = [sign for sign in text if sign in _LETTERS]
    natural = sum(_LETTERS[sign][1] for sign in signs) * x_height
    spaces = signs.count(" ")
    extra = 0.0
    if width is not None and spaces:
        extra = float(np.clip((width - natural) / spaces, -0.2 * x_height, 1.5 * x_height))
    x, y = start
    for sign in signs:
        strokes, advance = _LETTERS[sign]
        wobble = random.normal(0, 0.018, 2) if random is not None else np.zeros(2)
        for stroke in strokes:
            points = np.array(stroke) + wobble
            _sweep(page, np.stack([x + points[:, 0] * x_height, y - points[:, 1] * x_height], 1), x_height)
        x += advance * x_height + (extra if sign == " " else 0.0)
    return x


def _sweep(page: NDArray[np.uint8], path: NDArray[np.float64], x_height: float) -> None:
    nib = np.array([np.cos(NIB_ANGLE), -np.sin(NIB_ANGLE)]) * NIB_WIDTH * x_height / 2
    thin = np.array([-nib[1], nib[0]]) * 0.12
    for begin, end in pairwise(path):
        corners = [
            point + side * nib + flat * thin for point in (begin, end) for side in (-1, 1) for flat in (-1, 1)
        ]
        hull = cv2.convexHull(np.array(corners, np.float32))
        cv2.fillConvexPoly(
            page, np.round(hull * SUBPIXEL).astype(np.int32), 255, lineType=cv2.LINE_AA, shift=3
        )
