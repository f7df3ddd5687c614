"""A pinned rose chafer on its card, its pin nearest to the camera."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.focus.scenes.canvas import OVERSAMPLE, Canvas, Layer, Painting, clipped

__all__ = ["paint"]

FLOAT = NDArray[np.float32]


def paint(canvas: Canvas, random: np.random.Generator) -> Painting:
    """Card, legs, antennae, body, hairs and pin.

    >>> painting = paint(Canvas(60, 80, 5.0), np.random.default_rng(0))
    >>> len(painting.layers), painting.layers[0].colour.shape, float(painting.layers[0].alpha.min())
    (6, (60, 80, 3), 1.0)
    """
    body = _body(canvas, random)
    return Painting(
        [
            _card(canvas, random, body.alpha),
            _legs(canvas, random),
            _antennae(canvas),
            body,
            _hairs(canvas, random),
            _pin(canvas),
        ]
    )


def _card(canvas: Canvas, random: np.random.Generator, body: FLOAT) -> Layer:
    """Cream card, a little tilted, with grain, fibres, a printed label, a scale, and the beetle's shadow."""
    grain = 0.020 * canvas.noise(random, 0.06) + 0.012 * canvas.noise(random, 0.3)
    fibres = canvas.sheet()
    for x, y, angle, length in random.uniform((-9, -7, 0, 0.1), (9, 7, np.pi, 0.5), (1500, 4)):
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        canvas.stroke(fibres, [(x, y), end], [0.015, 0.015])
    shade = cv2.GaussianBlur(
        np.roll(body, (round(0.35 * canvas.scale),) * 2, (0, 1)), (0, 0), 0.35 * canvas.scale
    )
    light = (1 + grain - 0.10 * canvas.cover(fibres)) * (1 - 0.65 * shade)
    paper = light[..., None] * np.array([0.72, 0.66, 0.54], np.float32)
    ink = canvas.cover(_print(canvas))[..., None]
    colour = paper * (1 - ink) + 0.03 * ink
    tilt = 0.55 + 0.045 * canvas.x + 0.02 * canvas.y
    return Layer(clipped(colour), np.ones_like(tilt), tilt)


def _print(canvas: Canvas) -> NDArray[np.uint8]:
    """Ink of the label and of the millimetre scale."""
    sheet = canvas.sheet()
    fine = canvas.scale * OVERSAMPLE
    lines = (
        (-7.7, -4.9, 0.020, "Cetonia"),
        (-7.7, -4.3, 0.020, "aurata L."),
        (-7.7, -3.7, 0.013, "Orto botanico"),
        (-7.7, -3.3, 0.013, "Pisa, 12.VI.1891"),
        (5.0, -4.9, 0.011, "COLL. VESTIGE"),
        (5.0, -4.4, 0.017, "No. 0042"),
    )
    for x, y, size, text in lines:
        thickness = max(1, round(0.055 * fine * size / 0.03))
        place, face = canvas.point(x, y), cv2.FONT_HERSHEY_COMPLEX
        cv2.putText(sheet, text, place, face, size * fine, 255, thickness, cv2.LINE_AA)
    for tick in range(51):
        length = 0.55 if tick % 10 == 0 else 0.4 if tick % 5 == 0 else 0.25
        x = 2.5 + tick / 10
        canvas.stroke(sheet, [(x, 5.5), (x, 5.5 - length)], [0.03, 0.03])
    canvas.stroke(sheet, [(2.5, 5.5), (7.5, 5.5)], [0.03, 0.03])
    return sheet


def _legs(canvas: Canvas, random: np.random.Generator) -> Layer:
    """Six jointed, spined legs, from the body's side down to the card."""
    sheet = canvas.sheet()
    joints = (
        [(1.5, -1.9), (3.2, -3.0), (4.2, -4.4), (4.6, -5.3)],
        [(2.0, 0.2), (4.2, -0.3), (5.4, 0.9), (6.3, 1.1)],
        [(1.8, 1.9), (3.6, 2.6), (4.3, 4.3), (5.1, 5.0)],
    )
    for side in (-1, 1):
        for leg in joints:
            points = [(side * x, y) for x, y in leg]
            canvas.stroke(sheet, points, [0.62, 0.42, 0.24, 0.10])
            for start, end in pairwise(points[1:]):
                for part in np.linspace(0.1, 0.95, 9):
                    x, y = (a + (b - a) * part for a, b in zip(start, end, strict=True))
                    dx, dy = random.normal(0, 0.22, 2)
                    canvas.stroke(sheet, [(x, y), (x + dx, y + dy)], [0.05, 0.015])
    grain = 1 + 0.25 * canvas.noise(random, 0.08)
    alpha = canvas.cover(sheet)
    sheen = cv2.GaussianBlur(alpha, (0, 0), 0.12 * canvas.scale) ** 4
    colour = grain[..., None] * np.array([0.045, 0.035, 0.018], np.float32) + 0.10 * sheen[..., None]
    reach = np.clip((np.abs(canvas.x) - 1.5) / 4.5, 0, 1)
    return Layer(clipped(colour), alpha, (1.5 - 0.9 * reach).astype(np.float32))


def _antennae(canvas: Canvas) -> Layer:
    """Two antennae that end in fans, rising from the head towards the camera."""
    sheet = canvas.sheet()
    for side in (-1, 1):
        canvas.stroke(sheet, [(side * 0.6, -3.9), (side * 1.3, -4.6), (side * 1.9, -4.9)], [0.14, 0.10, 0.10])
        for spread in (-0.35, 0.0, 0.35):
            tip = (side * (2.5 + 0.2 * spread), -5.25 + spread)
            canvas.stroke(sheet, [(side * 1.9, -4.9), tip], [0.08, 0.20])
    colour = np.empty((canvas.height, canvas.width, 3), np.float32)
    colour[:] = (0.16, 0.085, 0.03)
    rise = 1.7 + 0.9 * np.clip((np.abs(canvas.x) - 0.6) / 2, 0, 1)
    return Layer(colour, canvas.cover(sheet), rise.astype(np.float32))


def _body(canvas: Canvas, random: np.random.Generator) -> Layer:
    """Wing cases, shield and head: a green metallic dome with rows of punctures and white flecks."""
    x, y = canvas.x, canvas.y
    parts = ((0.0, 0.9, 2.75, 3.45), (0.0, -2.35, 2.05, 1.35), (0.0, -3.75, 0.95, 0.75))
    radii = [np.hypot((x - cx) / rx, (y - cy) / ry) for cx, cy, rx, ry in parts]
    inside = [
        np.clip((1 - r) * min(rx, ry) * canvas.scale + 0.5, 0, 1)
        for r, (*_, rx, ry) in zip(radii, parts, strict=True)
    ]
    tops = (2.3, 1.9, 1.1)
    domes = [1.1 + top * np.clip(1 - r**2, 0, 1) ** 0.75 for r, top in zip(radii, tops, strict=True)]
    height = np.maximum.reduce(domes).astype(np.float32)
    height = cv2.GaussianBlur(height, (0, 0), 0.08 * canvas.scale)
    alpha = np.maximum.reduce(inside).astype(np.float32)
    return Layer(_shell(canvas, random, height, radii[0] < 1), alpha, height)


def _shell(canvas: Canvas, random: np.random.Generator, height: FLOAT, wings: NDArray[np.bool_]) -> FLOAT:
    """Colour of the wing cases: metallic green, lit from the upper left."""
    slope_y, slope_x = (axis * np.float32(canvas.scale) for axis in np.gradient(height))
    length = np.sqrt(1 + slope_x**2 + slope_y**2)
    lit = np.clip((0.45 * slope_x + 0.55 * slope_y + 0.7) / length, 0, 1)
    shine = np.clip((0.22 * slope_x + 0.28 * slope_y + 0.95) / length / np.hypot(1, 0.36), 0, 1) ** 60
    dots = canvas.sheet()
    for px, py in random.uniform((-2.8, -4.4), (2.8, 4.4), (2600, 2)):
        cv2.circle(
            dots, canvas.point(px, py), max(1, round(0.035 * canvas.scale * OVERSAMPLE)), 255, -1, cv2.LINE_AA
        )
    stripes = np.where(wings & (canvas.y > -1.2), np.cos(canvas.x * 2 * np.pi / 0.42), 0.0)
    suture = np.exp(-((canvas.x / 0.05) ** 2)) * wings * (canvas.y > -0.9)
    tone = (0.35 + 0.9 * lit) * (1 - 0.55 * canvas.cover(dots)) * (1 + 0.10 * stripes) * (1 - 0.8 * suture)
    tone *= 1 + 0.07 * canvas.noise(random, 0.07)
    colour = tone[..., None] * np.array([0.05, 0.20, 0.055], np.float32)
    colour += tone[..., None] * (lit**3)[..., None] * np.array([0.10, 0.07, 0.01], np.float32)
    flecks = canvas.sheet()
    for fx, fy in random.normal((0, 1.8), (1.5, 1.3), (26, 2)):
        canvas.stroke(flecks, [(fx - 0.14, fy), (fx + 0.14, fy + random.normal(0, 0.04))], [0.07, 0.03])
    white = (canvas.cover(flecks) * wings)[..., None]
    colour = colour * (1 - white) + 0.62 * white
    return clipped(colour + 0.5 * shine[..., None])


def _hairs(canvas: Canvas, random: np.random.Generator) -> Layer:
    """Fine hairs that stand out from the body's rim and cross what lies below."""
    sheet = canvas.sheet()
    for angle in random.uniform(-0.2 * np.pi, 1.2 * np.pi, 130):
        x, y = 2.6 * np.cos(angle), 0.9 + 3.3 * np.sin(angle)
        turn = angle + random.normal(0, 0.5)
        reach = random.uniform(0.4, 1.1)
        middle = (x + 0.5 * reach * np.cos(turn), y + 0.5 * reach * np.sin(turn))
        tip = (x + reach * np.cos(turn + 0.3), y + reach * np.sin(turn + 0.3))
        canvas.stroke(sheet, [(x, y), middle, tip], [0.04, 0.03, 0.02])
    colour = np.empty((canvas.height, canvas.width, 3), np.float32)
    colour[:] = (0.50, 0.36, 0.16)
    away = np.hypot(canvas.x / 2.6, (canvas.y - 0.9) / 3.3)
    return Layer(colour, canvas.cover(sheet), (1.5 + 1.2 * np.clip(away - 0.9, 0, 0.6)).astype(np.float32))


def _pin(canvas: Canvas) -> Layer:
    """The insect pin through the right wing case: a shaft that leans, a brass head nearest to the camera."""
    foot, head = (1.05, 0.1), (1.75, -0.75)
    sheet = canvas.sheet()
    canvas.stroke(sheet, [foot, head], [0.13, 0.13])
    radius = 0.36
    cv2.circle(sheet, canvas.point(*head), round(radius * canvas.scale * OVERSAMPLE), 255, -1, cv2.LINE_AA)
    along = np.array(head) - foot
    part = ((canvas.x - foot[0]) * along[0] + (canvas.y - foot[1]) * along[1]) / (along @ along)
    across = ((canvas.x - foot[0]) * along[1] - (canvas.y - foot[1]) * along[0]) / np.hypot(*along)
    inside = np.clip(1 - ((canvas.x - head[0]) ** 2 + (canvas.y - head[1]) ** 2) / radius**2, 0, 1)
    glint = np.exp(-((canvas.x - head[0] + 0.11) ** 2 + (canvas.y - head[1] + 0.12) ** 2) / 0.07**2)
    steel = 0.12 + 0.45 * np.exp(-(((across + 0.02) / 0.03) ** 2))
    ball = 0.25 + 0.55 * np.sqrt(inside)
    brass = ball[..., None] * np.array([0.62, 0.40, 0.12], np.float32) + 0.8 * glint[..., None]
    colour = np.where((inside > 0)[..., None], brass, steel[..., None])
    height = 3.3 + 1.0 * np.clip(part, 0, 1.0)
    return Layer(clipped(colour), canvas.cover(sheet), height.astype(np.float32))
