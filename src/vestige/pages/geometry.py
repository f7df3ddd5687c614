"""Where pages lie in a frame: the fold, the box of a page, and the mapping from page to frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Box", "Fold", "Placement", "Side", "upright_matrix"]

Side = Literal["single", "left", "right"]


@dataclass(frozen=True)
class Fold:
    """The line in which two pages meet: `top` and `bottom` are its x at the upper and lower edge of the
    frame (px).

    `score` says how clearly the two sides differ there (log of brightness); 1 for a line set by hand.

    >>> Fold(100.0, 120.0, 0.1).at(0.5, 1)
    110.0
    """

    top: float
    bottom: float
    score: float = 1.0

    def at(self, y: Any, height: float) -> Any:
        """The x of the fold at row `y` of a frame `height` rows high."""
        return self.top + (self.bottom - self.top) * y / height

    def scaled(self, factor: float) -> Fold:
        """The same fold in a frame `factor` times as large."""
        return Fold(self.top * factor, self.bottom * factor, self.score)

    def side(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Pixels left of the fold, (height, width) bool."""
        rows = np.arange(shape[0]) + 0.5
        found: NDArray[np.bool_] = np.arange(shape[1])[None, :] + 0.5 < self.at(rows, shape[0])[:, None]
        return found


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels: from (left, top) up to, not including, (right, bottom).

    >>> Box(10, 20, 110, 220).width
    100
    """

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels down."""
        return self.bottom - self.top

    def scaled(self, x: float, y: float | None = None) -> Box:
        """The same box in a frame larger by a factor, or by one across and one down."""
        y = x if y is None else y
        return Box(self.left * x, self.top * y, self.right * x, self.bottom * y)


@dataclass(frozen=True)
class Placement:
    """Where one page lies in its frame.

    `angle` is the slope of its lines in degrees, positive where they sink to the right. `box` is the page
    in the frame turned upright about its centre. `clarity` tells how clearly
    (see `Skew`; 0 where the angle was set by hand).
    """

    side: Side
    angle: float
    box: Box
    clarity: float = 1.0

    def matrix(self, shape: tuple[int, ...]) -> NDArray[np.float64]:
        """3 x 3, from pixels of the page to pixels of the frame of that shape (height, width)."""
        move = np.array([[1, 0, round(self.box.left)], [0, 1, round(self.box.top)], [0, 0, 1.0]])
        return np.asarray(upright_matrix(self.angle, shape) @ move, np.float64)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the page, px."""
        return (
            max(1, round(self.box.bottom) - round(self.box.top)),
            max(1, round(self.box.right) - round(self.box.left)),
        )


def upright_matrix(angle: float, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """3 x 3, from a frame turned upright about its centre to the frame itself, whose lines slope by `angle`
    degrees.

    Both have the shape (height, width); (0, 0) is the centre of the first pixel.

    >>> upright_matrix(90.0, (3, 3)).round(6) @ [2, 1, 1]
    array([1., 2., 1.])
    """
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    x, y = (shape[1] - 1) / 2, (shape[0] - 1) / 2
    return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])
