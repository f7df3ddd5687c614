"""Things to light: a silver coin with an owl, and a clay tablet; height and albedo from plain geometry."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["DARK_LINEN", "PALE_LINEN", "Relief", "coin", "tablet"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Relief:
    """A surface seen from above.

    Attributes
    ----------
    height : (size, size) towards the viewer, in units of the picture's side.
    albedo : (size, size, 3), linear light.
    gloss : (size, size), how much of the highlight the material shows, 0 to 1.
    """

    height: Array
    albedo: Array
    gloss: Array


DARK_LINEN, PALE_LINEN = (0.035, 0.05, 0.085), (0.42, 0.39, 0.33)


def coin(size: int, random: np.random.Generator, linen_colour: tuple[float, ...] = DARK_LINEN) -> Relief:
    """A worn silver coin after the owls of Athens, on linen."""
    x, y = _grid(size)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    edge = 0.43 + 0.006 * np.cos(3 * angle + 1) + 0.004 * np.cos(5 * angle)
    face = _step((edge - radius) / 0.035)
    design = _owl(x, y) + _sprig(x, y) + _letters(size) + 0.6 * _border(radius, angle)
    wear = cv2.GaussianBlur(random.standard_normal((size, size)), (0, 0), 0.02 * size) * 0.02 * size
    relief = face * (0.034 + 0.012 * np.tanh(design) + 0.0012 * wear)
    linen = 0.0012 * (np.sin(x * 520) * np.sin(y * 260) + np.sin(y * 520 + 1) * np.sin(x * 260))
    height = _soft(relief + (1 - face) * linen, 0.0022 * size)
    hollow = np.clip((_soft(relief, 0.022 * size) - relief + 0.0004) / 0.0035, 0, 1)
    toning = _soft(random.standard_normal((size, size)), 0.06 * size) * 0.06 * size
    silver = np.array([0.56, 0.53, 0.48])
    patina = np.array([0.11, 0.10, 0.11])
    mixed = np.clip(0.95 * hollow + 0.14 * toning, 0, 0.95)[..., None]
    gold = np.clip(0.25 * toning, 0, 1)[..., None] * np.array([0.05, -0.03, -0.16])
    metal = silver * (1 - mixed) + patina * mixed + gold
    cloth = np.array(linen_colour) * (1 + 0.25 * linen[..., None] / 0.0012)
    share = face[..., None]
    albedo = np.clip(metal * share + cloth * (1 - share), 0.01, 1)
    return Relief(height, albedo, face * (1 - 0.7 * mixed[..., 0]))


def tablet(size: int, random: np.random.Generator) -> Relief:
    """A clay tablet with rows of wedges, on a pale board."""
    x, y = _grid(size)
    inside = np.minimum(0.40 - np.abs(x), 0.44 - np.abs(y)) + 0.02 * np.cos(5 * x) * np.cos(4 * y)
    body = _step(inside / 0.10)
    pressed = np.zeros_like(x)
    for row in np.linspace(-0.34, 0.34, 7):
        position = -0.33
        while position < 0.31:
            turn = random.choice([0.0, np.pi / 2, np.pi / 2, np.pi / 4])
            length = random.uniform(0.045, 0.075)
            pressed = np.maximum(
                pressed, _wedge(x - position, y - row - 0.008 * random.standard_normal(), turn, length)
            )
            position += random.uniform(0.035, 0.06)
        pressed = np.maximum(pressed, 0.25 * _ridge(y - row - 0.05, 0.002))
    rough = sum(_noise(random, size, scale) * weight for scale, weight in ((0.03, 0.004), (0.008, 0.0008)))
    height = _soft(body * (0.05 + rough - 0.016 * pressed * (inside > 0.03)), 0.0022 * size)
    clay, board = np.array([0.46, 0.31, 0.20]), np.array([0.55, 0.54, 0.50])
    stain = 1 + 0.18 * _noise(random, size, 0.05)[..., None] - 0.25 * pressed[..., None]
    share = _step(inside / 0.02)[..., None]
    albedo = np.clip(clay * stain * share + board * (1 - share), 0.01, 1)
    return Relief(height, albedo, 0.15 * share[..., 0])


def _owl(x: Array, y: Array) -> Array:
    """An owl, three quarters to the right, its head to the viewer."""
    body = 1.5 * _dome(
        (x + 0.02) * 0.87 + (y + 0.04) * 0.5, (y + 0.04) * 0.87 - (x + 0.02) * 0.5, 0.115, 0.185
    )
    head = 1.3 * _dome(x + 0.035, y - 0.155, 0.105, 0.088)
    eyes = sum(
        0.9 * _ring(x - at, y - 0.165, 0.036) + 0.9 * _dome(x - at, y - 0.165, 0.018, 0.018)
        for at in (-0.083, 0.012)
    )
    beak = 0.9 * _dome(x + 0.035, y - 0.118, 0.014, 0.032)
    feathers = np.zeros_like(x)
    for row in range(7):
        for column in range(4):
            at = (-0.075 + 0.036 * column + 0.012 * (row % 2), 0.075 - 0.033 * row - 0.018 * column)
            feathers += 0.5 * _dome(x - at[0], y - at[1], 0.013, 0.015)
    tail = 0.9 * _dome(
        (x - 0.095) * 0.8 + (y + 0.245) * 0.6, (y + 0.245) * 0.8 - (x - 0.095) * 0.6, 0.03, 0.07
    )
    legs = sum(0.8 * _dome(x - at, y + 0.245, 0.016, 0.045) for at in (-0.045, 0.01))
    claws = sum(
        0.7 * _dome(x - at, y + 0.292, 0.011, 0.014) for at in (-0.066, -0.045, -0.024, -0.01, 0.011, 0.032)
    )
    return np.maximum(body, head) + eyes + beak + feathers + tail + legs + claws


def _sprig(x: Array, y: Array) -> Array:
    """A twig of olive with a berry, and a small moon."""
    leaves = [(-0.245, 0.20, 0.9), (-0.205, 0.245, 0.2), (-0.27, 0.14, 1.5)]
    sprig = 0.9 * _dome(x + 0.19, y - 0.185, 0.017, 0.017)
    for at_x, at_y, turn in leaves:
        c, s = np.cos(turn), np.sin(turn)
        u, v = (x - at_x) * c + (y - at_y) * s, (y - at_y) * c - (x - at_x) * s
        sprig = sprig + 0.9 * _dome(u, v, 0.042, 0.014)
    moon = _dome(x + 0.19, y - 0.09, 0.03, 0.03) - 1.2 * _dome(x + 0.178, y - 0.098, 0.026, 0.026)
    return sprig + 0.8 * np.maximum(moon, 0)


def _letters(size: int) -> Array:
    """The letters Α Θ Ε down the right side, as raised strokes."""
    strokes: list[tuple[tuple[float, float], ...]] = [
        ((0.165, 0.135), (0.205, 0.245), (0.245, 0.135)),
        ((0.182, 0.175), (0.228, 0.175)),
        ((0.245, -0.105), (0.245, -0.225)),
        *[((0.245, at), (0.31 - 0.02 * (at > -0.2) * (at < -0.12), at)) for at in (-0.11, -0.165, -0.22)],
    ]
    lines = np.full((size, size), 255, np.uint8)
    for stroke in strokes:
        points = np.array([((u + 0.5) * size * 16, (0.5 - v) * size * 16) for u, v in stroke], np.int32)
        cv2.polylines(lines, [points], isClosed=False, color=0, thickness=1, shift=4)
    centre = (round(0.775 * size * 16), round((0.5 - 0.02) * size * 16))
    cv2.ellipse(
        lines, centre, (round(0.045 * size * 16), round(0.058 * size * 16)), 0, 0, 360, 0, 1, cv2.LINE_8, 4
    )
    distance = cv2.distanceTransform(lines, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) / size
    x, y = _grid(size)
    return 1.1 * _ridge(distance.astype(np.float64), 0.011) + 0.9 * _dome(x - 0.275, y - 0.02, 0.012, 0.012)


def _border(radius: Array, angle: Array) -> Array:
    """A circle of beads inside the rim."""
    beads = 64
    along = (np.mod(angle * beads / (2 * np.pi), 1) - 0.5) * 2 * np.pi * 0.375 / beads
    return _dome(along, radius - 0.375, 0.013, 0.013)


def _wedge(x: Array, y: Array, turn: float, length: float) -> Array:
    """The mark of a reed pressed into clay: a head that narrows into a tail, 0 to 1 deep."""
    c, s = np.cos(turn), np.sin(turn)
    u, v = (x * c - y * s) / length, (y * c + x * s) / length
    width = 0.42 * np.clip(1 - u, 0, 1) ** 1.6
    depth = np.clip(1 - np.abs(v) / np.maximum(width, 1e-3), 0, 1) * np.clip(1 - u, 0, 1) ** 0.7
    return np.where((u > 0) & (u < 1), depth * _step(u / 0.12), 0.0)


def _dome(u: Array, v: Array, a: float, b: float) -> Array:
    """A smooth rounded bump over an ellipse, 1 at its centre."""
    return np.sqrt(np.clip(1 - (u / a) ** 2 - (v / b) ** 2, 0, 1))


def _ring(u: Array, v: Array, radius: float) -> Array:
    return _ridge(np.hypot(u, v) - radius, 0.010)


def _ridge(distance: Array, width: float) -> Array:
    return np.sqrt(np.clip(1 - (distance / width) ** 2, 0, 1))


def _step(value: Array) -> Array:
    """0 below 0, 1 above 1, round between."""
    share = np.clip(value, 0, 1)
    return np.sqrt(share * (2 - share)) * share * (2 - share)


def _grid(size: int) -> tuple[Array, Array]:
    """x to the right and y up, -0.5 to 0.5 over the picture."""
    axis = (np.arange(size) + 0.5) / size - 0.5
    return np.broadcast_to(axis, (size, size)), np.broadcast_to(-axis[:, None], (size, size))


def _soft(values: Array, radius: float) -> Array:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), radius), np.float64)


def _noise(random: np.random.Generator, size: int, scale: float) -> Array:
    """Smooth noise of unit variance; `scale` is its grain in units of the side."""
    noise = _soft(random.standard_normal((size, size)), scale * size)
    return np.asarray(noise / noise.std(), np.float64)
