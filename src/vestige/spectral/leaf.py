"""The simulated leaf: a psalter page over an erased text, with a painted initial and a water stain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.spectral.initial import draw_initial
from vestige.spectral.lettering import write_line
from vestige.spectral.materials import absorptivity, parchment, pigment, transparency

__all__ = ["Leaf", "draw_leaf"]

Plane = NDArray[np.float32]

PSALM: Final = (
    "eatus vir qui non abiit in consilio impiorum et in via peccatorum non stetit et in cathedra "
    "pestilentiae non sedit sed in lege domini voluntas eius et in lege eius meditabitur die ac nocte. "
    "et erit tamquam lignum quod plantatum est secus decursus aquarum quod fructum suum dabit in tempore "
    "suo et folium eius non defluet et omnia quaecumque faciet prosperabuntur. non sic impii non sic sed "
    "tamquam pulvis quem proicit ventus a facie terrae. ideo non resurgunt impii in iudicio."
)
ERASED: Final = (
    "de rerum natura liber primus. aeneadum genetrix hominum divumque voluptas alma venus caeli subter "
    "labentia signa quae mare navigerum quae terras frugiferentis concelebras per te quoniam genus omne "
    "animantum concipitur visitque exortum lumina solis te dea te fugiunt venti te nubila caeli."
)
INK: Final = 2.3


@dataclass(frozen=True)
class Leaf:
    """Where each material lies, one plane (height, width) 0..1 each, a margin included on all sides."""

    texture: Plane
    stain: Plane
    undertext: Plane
    text: Plane
    underdrawing: Plane
    paint: dict[str, Plane]
    undertext_absorbance: float

    def reflectance(self, wavelength: float) -> Plane:
        """Diffuse reflectance (height, width) at one wavelength.

        >>> leaf = draw_leaf(96, 72, 4, 0.1, np.random.default_rng(0))
        >>> leaf.reflectance(940).shape
        (104, 80)
        """
        absorbed = (
            0.55 * absorptivity("tannin", wavelength) * self.stain
            + self.undertext_absorbance * absorptivity("iron gall, erased", wavelength) * self.undertext
        )
        page = parchment(wavelength) * self.texture * np.exp(-absorbed)
        through = 1 - transparency(wavelength) * absorptivity("carbon", wavelength) * self.underdrawing
        for name, coverage in self.paint.items():
            page += coverage * (pigment(name, wavelength) * (0.96 + 0.04 * self.texture) * through - page)
        page *= np.exp(-INK * absorptivity("iron gall", wavelength) * self.text)
        return np.asarray(page, np.float32)


def draw_leaf(height: int, width: int, margin: int, undertext: float, random: np.random.Generator) -> Leaf:
    """Draw the leaf `height` x `width` with `margin` pixels more on each side.

    >>> draw_leaf(96, 72, 4, 0.1, np.random.default_rng(0)).text.max() > 0.5
    np.True_
    """
    shape = (height + 2 * margin, width + 2 * margin)
    unit, corner = float(height), np.array([margin, margin], float)
    initial = draw_initial(shape, (margin + 0.085 * unit, margin + 0.085 * unit), 0.225 * unit)
    text = _text(shape, unit, corner, width, initial.foot, random)
    density = 0.86 + 0.2 * _clouds(shape, unit / 40, random)
    erased = _erased(shape, unit, corner, random) * (0.8 + 0.25 * _clouds(shape, unit / 12, random))
    patchy = 0.93 + 0.05 * _clouds(shape, unit / 60, random)
    return Leaf(
        texture=_skin(shape, unit, random),
        stain=_stain(shape, unit, corner + np.array([0.70 * width, 0.86 * height]), random),
        undertext=_soft(erased, unit, 1.5),
        text=_soft(text * density, unit, 1.0),
        underdrawing=_soft(initial.underdrawing, unit, 1.0),
        paint={name: _soft(plane * patchy, unit, 1.0) for name, plane in initial.paint.items()},
        undertext_absorbance=undertext,
    )


def _soft(plane: NDArray[np.floating], unit: float, amount: float) -> Plane:
    """Ink and paint have soft borders, of a size that belongs to the page; the lens adds its own."""
    sigma = max(0.6, amount * unit / 700)
    return np.asarray(
        np.clip(cv2.GaussianBlur(np.asarray(plane, np.float32), (0, 0), sigma), 0, 1), np.float32
    )


def _clouds(shape: tuple[int, int], size: float, random: np.random.Generator) -> Plane:
    """Smooth noise of about `size` pixels, mean 0, deviation about 1/2."""
    step = max(1.0, size)
    small = random.normal(size=(int(shape[0] / step) + 4, int(shape[1] / step) + 4)).astype(np.float32)
    large = cv2.resize(small, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
    return np.asarray(0.6 * large[: shape[0], : shape[1]], np.float32)


def _skin(shape: tuple[int, int], unit: float, random: np.random.Generator) -> Plane:
    """Parchment: clouds of thickness, fine fibre, and the follicles of the hair side."""
    texture = 1 + 0.018 * _clouds(shape, unit / 5, random) + 0.012 * _clouds(shape, unit / 22, random)
    texture += 0.014 * _clouds(shape, unit / 150, random) + 0.012 * _clouds(shape, 1.3, random)
    follicles = np.zeros(shape, np.float32)
    for x, y in random.uniform(0, 1, (900, 2)) * shape[::-1]:
        cv2.circle(follicles, (int(x * 8), int(y * 8)), max(6, int(unit / 70)), 1.0, -1, cv2.LINE_AA, 3)
    return np.asarray(texture - 0.05 * follicles * (_clouds(shape, unit / 3, random) > 0.15), np.float32)


def _stain(
    shape: tuple[int, int], unit: float, centre: NDArray[np.float64], random: np.random.Generator
) -> Plane:
    """A water stain: a pale inside and a dark tide line."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    distance = np.hypot(x - centre[0], (y - centre[1]) * 1.3) / unit + 0.035 * _clouds(
        shape, unit / 8, random
    )
    inside = 1 / (1 + np.exp((distance - 0.2) / 0.006))
    rim = np.exp(-0.5 * ((distance - 0.2) / 0.008) ** 2)
    return np.asarray(0.45 * inside + 0.4 * rim, np.float32)


def _lines(words: list[str], room: float, x_height: float) -> tuple[str, list[str]]:
    """The words that fill `room` pixels, and the words left over."""
    scratch, line = np.zeros((1, 1), np.uint8), ""
    while words and write_line(scratch, f"{line} {words[0]}".strip(), (0, 0), x_height) < room:
        line, words = f"{line} {words[0]}".strip(), words[1:]
    return line, words


def _text(
    shape: tuple[int, int],
    unit: float,
    corner: NDArray[np.float64],
    width: int,
    block: tuple[float, float],
    random: np.random.Generator,
) -> Plane:
    page, x_height, step = np.zeros(shape, np.uint8), 0.0245 * unit, 0.0565 * unit
    words, left, right = PSALM.split(), corner[0] + 0.085 * unit, corner[0] + width - 0.06 * unit
    base = corner[1] + 0.085 * unit + 1.6 * x_height
    while base < corner[1] + 0.93 * unit and words:
        start = block[0] + 0.02 * unit if base - 1.0 * x_height < block[1] else left
        line, words = _lines(words, right - start, x_height)
        write_line(page, line, (start, base), x_height, width=right - start if words else None, random=random)
        base += step
    return np.asarray(page / 255, np.float32)


def _erased(
    shape: tuple[int, int], unit: float, corner: NDArray[np.float64], random: np.random.Generator
) -> Plane:
    """The older text, a quarter turn against the newer one, as when a book was cut up and written anew."""
    turned = np.zeros(shape[::-1], np.uint8)
    x_height, words = 0.036 * unit, (ERASED + " " + ERASED).split()
    base, left, right = corner[0] + 0.09 * unit, corner[1] + 0.07 * unit, corner[1] + 0.93 * unit
    while base < shape[1] - corner[0] - 0.04 * unit:
        line, words = _lines(words, right - left, x_height)
        write_line(turned, line, (left, base), x_height, width=right - left, random=random)
        base += 0.082 * unit
    return np.asarray(np.rot90(turned) / 255, np.float32)
