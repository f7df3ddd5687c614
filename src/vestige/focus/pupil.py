"""Light gathered over the pupil: rays from each pixel through points of the lens to the painted layers.

Distribution ray tracing (Cook, Porter & Carpenter 1984). A ray meets the layers from the front; at each it
takes the layer's colour by its alpha and goes on with what is left. So a wide aperture sees past a near
edge, and a relief hides what lies behind its own slope.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from vestige.focus.scenes import Layer

__all__ = ["Stage", "View", "gather"]

FLOAT = NDArray[np.float32]
BLOCK = 8
#: How many points of the pupil a pixel may be gathered from; the more blurred, the more.
COUNTS = (8, 16, 24, 32, 48, 64, 96)
#: Area of the disk of confusion (square pixels) that one point of the pupil stands for.
AREA = 4.0


@dataclass(frozen=True)
class View:
    """One exposure's optics.

    Attributes
    ----------
    inverse : 3 x 3, takes a pixel of the frame (x, y, 1) to pixels of the layers, from their centre.
    focus_mm : height of the plane in focus.
    cone : pixels of the layers that the disk of confusion grows by in radius for each mm out of focus.
    closeness : 1 / distance of the pupil from the plane in focus, 1/mm; 0 for a parallel view.
    """

    inverse: NDArray[np.float64]
    focus_mm: float
    cone: float
    closeness: float = 0.0


class Stage:
    """The layers as the rays want them: premultiplied, front first, with a map of what is empty.

    They are as soft as diffraction makes a picture, a Gaussian of standard deviation `soft` in their pixels:
    softened after the pixels of a frame have sampled it, detail finer than they can carry would have come
    through as false detail, another in each frame that has moved.
    """

    def __init__(self, layers: Sequence[Layer], soft: float = 0.0) -> None:
        front = list(reversed(layers))
        self.colour: FLOAT = np.stack([_premultiplied(layer, soft) for layer in front])
        self.height: FLOAT = np.stack([layer.height_mm for layer in front]).astype(np.float32)
        seen = self.colour[..., 3] > 0.002
        where = [height[chosen] for height, chosen in zip(self.height, seen, strict=True)]
        self.span = np.array(
            [[h.min(), h.max(), h.mean()] if h.size else [0, 0, 0] for h in where], np.float32
        )
        rows, columns = (-(-side // BLOCK) for side in self.height.shape[1:])
        self._filled = np.zeros((len(front), rows, columns), np.uint8)
        padded = np.zeros((rows * BLOCK, columns * BLOCK), bool)
        for filled, chosen in zip(self._filled, seen, strict=True):
            padded[: chosen.shape[0], : chosen.shape[1]] = chosen
            filled[:] = padded.reshape(rows, BLOCK, columns, BLOCK).any(axis=(1, 3))

    def filled(self, cone: float) -> NDArray[np.uint8]:
        """Blocks of each layer that a ray aimed at its mean height may meet."""
        result = np.empty_like(self._filled)
        for out, filled, (low, high, _) in zip(result, self._filled, self.span, strict=True):
            reach = 1 + int(np.ceil((high - low) * cone / BLOCK))
            out[:] = cv2.dilate(filled, np.ones((2 * reach + 1,) * 2, np.uint8))
        return result

    def blur(self, view: View) -> NDArray[np.int64]:
        """For each block, the index into `COUNTS` that the blur there asks for."""
        worst = np.zeros(self._filled.shape[1:], np.float32)
        pixel = float(np.sqrt(abs(np.linalg.det(view.inverse[:2, :2]))))
        for filled, height in zip(self._filled, self.height, strict=True):
            coarse = cv2.resize(height, filled.shape[::-1], interpolation=cv2.INTER_AREA)
            radius = np.abs(coarse - np.float32(view.focus_mm)) * np.float32(view.cone) * filled
            reach = 1 + int(np.ceil(radius.max() / BLOCK))
            worst = np.maximum(worst, cv2.dilate(radius, np.ones((2 * reach + 1,) * 2, np.uint8)))
        wanted = np.pi * (worst / pixel) ** 2 / AREA
        return np.searchsorted(np.array(COUNTS[:-1]), wanted).astype(np.int64)


def gather(stage: Stage, view: View, shape: tuple[int, int], *, threads: int = 2) -> tuple[FLOAT, FLOAT]:
    """The optical image (height, width, 3) and the height of what each pixel shows, mm.

    A `view` whose cone is 0 is a pinhole's: sharp throughout.

    >>> flat = Layer(np.full((32, 32, 3), 0.5, np.float32), np.ones((32, 32), np.float32),
    ...              np.full((32, 32), 2, np.float32))
    >>> centred = np.array([[1, 0, -3.5], [0, 1, -3.5], [0, 0, 1]])
    >>> image, height = gather(Stage([flat]), View(centred, 1.0, 3.0), (8, 8))
    >>> float(image.min()), float(height.max())
    (0.5, 2.0)
    """
    image, height = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.float32)
    filled, counts = stage.filled(view.cone), stage.blur(view)
    points, first = _pupil_points()
    edges = np.linspace(0, shape[0], 4 * threads + 1).astype(int)

    def part(top: int, bottom: int) -> None:
        _gather(
            stage.colour, stage.height, stage.span, filled, counts, points, first,
            view.inverse, view.focus_mm, view.cone, view.closeness, top, bottom, image, height,
        )  # fmt: skip

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(part, edges[:-1], edges[1:]))
    return image, height


def _premultiplied(layer: Layer, soft: float) -> FLOAT:
    """Colour times alpha, and alpha, (height, width, 4)."""
    whole = np.dstack([layer.colour * layer.alpha[..., None], layer.alpha]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(whole, (0, 0), soft), np.float32) if soft > 0 else whole


def _pupil_points() -> tuple[FLOAT, NDArray[np.int64]]:
    """For each of `COUNTS` points spread over the unit disk (Vogel 1979) and, in turn, over the pixel.

    Each point has its opposite, with the same place in the pixel: else the few points of a small disk, being
    off its centre, would push what is out of focus aside.
    """
    turn = np.pi * (3 - np.sqrt(5)) / 2
    rows = []
    for count in COUNTS:
        number = np.arange(count // 2)
        radius, angle = np.sqrt((number + 0.5) / number.size), number * turn
        aim = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        within = np.array([[-0.25, -0.25], [0.25, 0.25], [0.25, -0.25], [-0.25, 0.25]])[number % 4]
        rows += [np.column_stack([side * aim, within]) for side in (1, -1)]
    first = np.concatenate([[0], np.cumsum(COUNTS)]).astype(np.int64)
    return np.concatenate(rows).astype(np.float32), first


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")
def _corner(value: float, size: int) -> tuple[int, float]:
    """The pixel before a place, and how far past it the place lies."""
    value = min(max(value, 0.0), size - 1.001)
    first = int(value)
    return first, value - first


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")
def _height(height: FLOAT, layer: int, x: float, y: float) -> float:
    left, u = _corner(x, height.shape[2])
    top, v = _corner(y, height.shape[1])
    upper: float = height[layer, top, left] * (1 - u) + height[layer, top, left + 1] * u
    lower: float = height[layer, top + 1, left] * (1 - u) + height[layer, top + 1, left + 1] * u
    return upper * (1 - v) + lower * v


@numba.njit(cache=True, nogil=True, fastmath=True, inline="always")
def _colour(colour: FLOAT, layer: int, x: float, y: float, left: float, light: FLOAT) -> float:
    """Add what the layer shows at a place to `light`, by what is `left` of the ray; the layer's alpha."""
    x0, u = _corner(x, colour.shape[2])
    y0, v = _corner(y, colour.shape[1])
    a, b, c, d = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
    alpha: float = a * colour[layer, y0, x0, 3] + b * colour[layer, y0, x0 + 1, 3]
    alpha += c * colour[layer, y0 + 1, x0, 3] + d * colour[layer, y0 + 1, x0 + 1, 3]
    if alpha > 0.0:
        for channel in range(3):
            upper = a * colour[layer, y0, x0, channel] + b * colour[layer, y0, x0 + 1, channel]
            lower = c * colour[layer, y0 + 1, x0, channel] + d * colour[layer, y0 + 1, x0 + 1, channel]
            light[channel] += left * (upper + lower)
    return alpha


@numba.njit(cache=True, nogil=True, fastmath=True)
def _gather(
    colour: FLOAT,
    height: FLOAT,
    span: FLOAT,
    filled: NDArray[np.uint8],
    counts: NDArray[np.int64],
    points: FLOAT,
    first: NDArray[np.int64],
    inverse: NDArray[np.float64],
    focus: float,
    cone: float,
    closeness: float,
    top: int,
    bottom: int,
    image: FLOAT,
    seen: FLOAT,
) -> None:
    layers, rows, columns, _ = colour.shape
    light = np.zeros(3, np.float32)
    middle_x, middle_y = (columns - 1) / 2, (rows - 1) / 2
    for row in range(top, bottom):
        for column in range(image.shape[1]):
            here_x = inverse[0, 0] * column + inverse[0, 1] * row + inverse[0, 2]
            here_y = inverse[1, 0] * column + inverse[1, 1] * row + inverse[1, 2]
            block_x = _corner(here_x + middle_x, columns)[0] // BLOCK
            block_y = _corner(here_y + middle_y, rows)[0] // BLOCK
            kind = counts[block_y, block_x]
            light[:] = 0
            surface = span[layers - 1, 2]
            for number in range(first[kind], first[kind + 1]):
                aim_x = points[number, 0] * cone
                aim_y = points[number, 1] * cone
                from_x = here_x + inverse[0, 0] * points[number, 2] + inverse[0, 1] * points[number, 3]
                from_y = here_y + inverse[1, 0] * points[number, 2] + inverse[1, 1] * points[number, 3]
                slant = abs(aim_x) + abs(aim_y) + closeness * (abs(from_x) + abs(from_y))
                left = 1.0
                for layer in range(layers):
                    met = span[layer, 2]
                    depth = focus - met
                    x = from_x * (1 + depth * closeness) + depth * aim_x + middle_x
                    y = from_y * (1 + depth * closeness) + depth * aim_y + middle_y
                    block_x, block_y = _corner(x, columns)[0] // BLOCK, _corner(y, rows)[0] // BLOCK
                    if filled[layer, block_y, block_x] == 0:
                        continue
                    for _ in range(5):
                        guess, met = met, _height(height, layer, x, y)
                        depth = focus - met
                        x = from_x * (1 + depth * closeness) + depth * aim_x + middle_x
                        y = from_y * (1 + depth * closeness) + depth * aim_y + middle_y
                        if abs(met - guess) * slant < 0.1:
                            break
                    alpha = _colour(colour, layer, x, y, left, light)
                    if number == first[kind] and left > 0.5 and left * (1 - alpha) <= 0.5:
                        surface = met
                    left *= 1 - alpha
                    if left < 0.003:
                        break
            for channel in range(3):
                image[row, column, channel] = light[channel] / (first[kind + 1] - first[kind])
            seen[row, column] = surface
