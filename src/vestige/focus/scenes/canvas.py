"""What scenes are painted with: layers, bright points, strokes and strands in millimetres, lit relief."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["OVERSAMPLE", "Canvas", "Layer", "Painting", "Point", "Strand", "clipped", "extended"]

OVERSAMPLE = 2
FLOAT = NDArray[np.float32]
MASK = NDArray[np.uint8]
#: Light falls from the upper left, 45 degrees high, and a quarter as much from everywhere.
LIGHT = np.array([-0.5, -0.5, 0.7071], np.float32)
AMBIENT = 0.25


@dataclass(frozen=True)
class Layer:
    """One sheet of the scene: what it looks like, what it covers, how high it stands.

    Attributes
    ----------
    colour : (height, width, 3) float32, linear light; defined also where other layers hide it.
    alpha : (height, width) float32, the share of the light from below that it stops.
    height_mm : (height, width) float32, above the table; smooth, and defined beyond the layer's outline.
    """

    colour: FLOAT
    alpha: FLOAT
    height_mm: FLOAT


@dataclass(frozen=True)
class Point:
    """A glint too small to have an area: `light` is what it adds to one pixel of a sharp picture."""

    x_mm: float
    y_mm: float
    height_mm: float
    light: tuple[float, float, float]


@dataclass(frozen=True)
class Painting:
    """Layers, farthest first, and the bright points above them."""

    layers: list[Layer]
    points: list[Point] = field(default_factory=list)


@dataclass(frozen=True)
class Strand:
    """A hair or thread: (x, y, height) in mm at each bend, width in mm at each bend, colour."""

    path: NDArray[np.float64]
    widths_mm: Sequence[float]
    colour: tuple[float, float, float]


class Canvas:
    """Millimetres from the centre of the field to pixels, and strokes with soft edges.

    `light` points from the scene to its lamp (x right, y down, z up); `ambient` comes from everywhere.
    """

    def __init__(
        self, height: int, width: int, pixels_per_mm: float, light: FLOAT = LIGHT, ambient: float = AMBIENT
    ) -> None:
        self.height, self.width, self.scale = height, width, pixels_per_mm
        self.light, self.ambient = light, np.float32(ambient)
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        self.x: FLOAT = (columns - np.float32((width - 1) / 2)) / np.float32(pixels_per_mm)
        self.y: FLOAT = (rows - np.float32((height - 1) / 2)) / np.float32(pixels_per_mm)

    def point(self, x: float, y: float) -> tuple[int, int]:
        """Column and row on the finer grid that strokes are drawn on."""
        fine = self.scale * OVERSAMPLE
        return round(x * fine + self.width * OVERSAMPLE / 2), round(y * fine + self.height * OVERSAMPLE / 2)

    def sheet(self) -> MASK:
        """An empty mask on the finer grid."""
        return np.zeros((self.height * OVERSAMPLE, self.width * OVERSAMPLE), np.uint8)

    def stroke(self, sheet: MASK, points: Sequence[tuple[float, float]], widths_mm: Sequence[float]) -> None:
        """Draw a line through `points` whose width runs through `widths_mm`."""
        for start, end, first, last in zip(points, points[1:], widths_mm, widths_mm[1:], strict=False):
            for part in np.linspace(0, 1, 12)[:-1]:
                here, there = (
                    [a + (b - a) * t for a, b in zip(start, end, strict=True)] for t in (part, part + 1 / 11)
                )
                wide = (first + (last - first) * part) * self.scale * OVERSAMPLE
                cv2.line(
                    sheet, self.point(*here), self.point(*there), 255, max(1, round(wide)), cv2.LINE_AA
                )  # fmt: skip

    def polygon(self, sheet: MASK, points: NDArray[np.floating]) -> None:
        """Fill the outline through `points` (count, 2) in mm."""
        corners = np.array([self.point(float(x), float(y)) for x, y in points], np.int32)
        cv2.fillPoly(sheet, [corners], 255, cv2.LINE_AA)

    def text(self, sheet: MASK, text: str, x: float, y: float, size_mm: float, angle: float = 0.0) -> None:
        """Write `text` with capitals `size_mm` high from (x, y), turned by `angle` degrees clockwise."""
        fine = self.scale * OVERSAMPLE
        face, size = cv2.FONT_HERSHEY_COMPLEX, size_mm * fine / 22
        thickness = max(1, round(size_mm * fine / 11))
        if angle == 0:
            cv2.putText(sheet, text, self.point(x, y), face, size, 255, thickness, cv2.LINE_AA)
            return
        (wide, high), low = cv2.getTextSize(text, face, size, thickness)
        small = np.zeros((high + 2 * low + 8, wide + 16), np.uint8)
        cv2.putText(small, text, (8, high + low), face, size, 255, thickness, cv2.LINE_AA)
        turn = np.asarray(cv2.getRotationMatrix2D((8, high + low), -angle, 1.0), np.float64)
        turn[:, 2] += np.subtract(self.point(x, y), (8, high + low)).astype(np.float64)
        np.maximum(sheet, cv2.warpAffine(small, turn, sheet.shape[::-1]), out=sheet)

    def cover(self, sheet: MASK) -> FLOAT:
        """The share of each pixel that a mask on the finer grid covers."""
        small = cv2.resize(sheet, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(small / 255, np.float32)

    def noise(self, random: np.random.Generator, size_mm: float) -> FLOAT:
        """Even noise of standard deviation 1 whose grains are about `size_mm`."""
        sigma = max(0.4, size_mm * self.scale / 2)
        coarse = max(1, int(sigma / 2))
        shape = (self.height // coarse + 2, self.width // coarse + 2)
        smooth = cv2.GaussianBlur(random.standard_normal(shape, np.float32), (0, 0), sigma / coarse)
        smooth = cv2.resize(smooth, (self.width, self.height), interpolation=cv2.INTER_CUBIC)
        return np.asarray(smooth / smooth.std(), np.float32)

    def inside_mm(self, mask: FLOAT) -> FLOAT:
        """How far within a mask each pixel lies; 0 outside."""
        distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
        return np.asarray(distance / self.scale, np.float32)

    def blurred(self, values: FLOAT, size_mm: float) -> FLOAT:
        """`values` through a Gaussian of standard deviation `size_mm`."""
        sigma = max(0.3, size_mm * self.scale)
        return np.asarray(cv2.GaussianBlur(values, (0, 0), sigma), np.float32)

    def shadow(self, alpha: FLOAT, reach_mm: float, strength: float = 0.6) -> FLOAT:
        """The factor that a thing standing `reach_mm` above leaves of the light."""
        away = -self.light[:2] / self.light[2] * np.float32(reach_mm * self.scale)
        moved = np.roll(alpha, (round(float(away[1])), round(float(away[0]))), (0, 1))
        return np.asarray(1 - np.float32(strength) * self.blurred(moved, 0.35 * reach_mm), np.float32)

    def lit(self, height_mm: FLOAT, albedo: FLOAT, gloss: float = 0.0, sharpness: float = 40.0) -> FLOAT:
        """Relief of `albedo` (height, width, 3) under the canvas's light, with a sheen."""
        slope_y, slope_x = (axis * np.float32(self.scale) for axis in np.gradient(height_mm))
        length = np.sqrt(1 + slope_x**2 + slope_y**2)
        light = self.light
        shade = np.clip((-slope_x * light[0] - slope_y * light[1] + light[2]) / length, 0, None)
        half = light + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        shine = np.clip((-slope_x * half[0] - slope_y * half[1] + half[2]) / length, 0, None) ** sharpness
        colour = albedo * (self.ambient + 1.05 * shade)[..., None] + (gloss * shine)[..., None]
        return clipped(colour)

    def strands(self, strands: Sequence[Strand], alpha: float = 1.0) -> Layer:
        """One layer of strands, the higher over the lower; each has its own height along its length."""
        sheet = self.sheet()
        height = np.zeros((self.height, self.width), np.float32)
        colour = np.zeros((self.height, self.width, 3), np.float32)
        drawn = np.zeros((self.height, self.width), np.uint8)
        for strand in sorted(strands, key=lambda strand: float(strand.path[:, 2].mean())):
            self.stroke(sheet, [(x, y) for x, y, _ in strand.path.tolist()], strand.widths_mm)
            for a, b, wide in zip(strand.path, strand.path[1:], strand.widths_mm, strict=False):
                for part in np.linspace(0, 1, 9)[:-1]:
                    h = float(a[2] + (b[2] - a[2]) * (part + 1 / 16))
                    here, there = (self._pixel(a + (b - a) * at) for at in (part, part + 1 / 8))
                    thick = max(1, round(wide * self.scale)) + 2
                    cv2.line(height, here, there, h, thick)
                    cv2.line(drawn, here, there, 1, thick)
                    cv2.line(colour, here, there, strand.colour, thick)
        rounded = self.blurred(self.cover(sheet), 0.6 / self.scale)[..., None]
        return Layer(
            clipped(extended(colour, drawn) * (0.45 + 0.75 * rounded)),
            self.cover(sheet) * np.float32(alpha),
            extended(height, drawn),
        )

    def _pixel(self, place: NDArray[np.float64]) -> tuple[int, int]:
        x, y = self.point(float(place[0]), float(place[1]))
        return x // OVERSAMPLE, y // OVERSAMPLE

    def even(self, red: float, green: float, blue: float) -> FLOAT:
        """One colour everywhere."""
        return np.broadcast_to(np.array([red, green, blue], np.float32), (self.height, self.width, 3)).copy()


def extended(values: FLOAT, known: MASK) -> FLOAT:
    """`values` carried beyond where they are `known`: each pixel takes the nearest known one's."""
    if not known.any():
        return values
    _, labels = cv2.distanceTransformWithLabels(
        (known == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, *values.shape[2:]), np.float32)
    table[labels[known > 0]] = values[known > 0]
    return np.asarray(table[labels], np.float32)


def clipped(colour: NDArray[np.floating]) -> FLOAT:
    """Linear light that neither black velvet nor white paper leaves."""
    return np.asarray(np.clip(colour, 0.002, 0.95), np.float32)
