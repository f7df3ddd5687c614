"""Stinging hairs that cross over a nettle leaf, seeds in a dish, a tilted dry leaf on its sheet."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.focus.scenes.canvas import Canvas, Layer, Painting, Strand, clipped, extended

__all__ = ["paint_leaf", "paint_nettle", "paint_seeds"]

FLOAT = NDArray[np.float32]


def paint_nettle(canvas: Canvas, random: np.random.Generator) -> Painting:
    """The lower side of a nettle leaf: a net of veins, and hairs of every height that cross one another.

    >>> len(paint_nettle(Canvas(60, 80, 10.0), np.random.default_rng(0)).layers)
    5
    """
    ribs = canvas.sheet()
    canvas.stroke(ribs, [(-4.6, 2.2), (0, 0.3), (4.6, -1.2)], [0.34, 0.28, 0.20])
    for foot, side in ((-3.2, 1), (-1.8, -1), (-0.6, 1), (0.8, -1), (1.9, 1), (3.0, -1)):
        start = (foot, 0.3 - 0.37 * foot)
        canvas.stroke(
            ribs,
            [start, (foot + 1.1, start[1] + side * 1.6), (foot + 1.9, start[1] + side * 3.6)],
            [0.20, 0.13, 0.06],
        )
    net = _ridges(canvas, random, 0.42, 4)
    rib = canvas.blurred(canvas.cover(ribs), 0.05)
    relief = 0.35 * canvas.blurred(rib, 0.06) + 0.08 * net + 0.10 * canvas.noise(random, 1.1)
    relief += 0.012 * canvas.noise(random, 0.07) + 0.05 * canvas.x + 0.03 * canvas.y
    green = np.array([0.10, 0.20, 0.045], np.float32) * (1 + 0.18 * canvas.noise(random, 0.09))[..., None]
    pale = np.array([0.32, 0.36, 0.17], np.float32)
    share = np.clip(rib + 0.35 * net, 0, 1)[..., None]
    leaf = canvas.lit(relief.astype(np.float32), green * (1 - share) + pale * share, 0.10, 20)
    hairs = [_hair(random) for _ in range(150)]
    order = sorted(hairs, key=lambda hair: float(hair.path[:, 2].mean()))
    bands = [order[index::1][: len(order) // 4] for index in range(0, 148, 37)]
    ground = Layer(leaf, np.ones_like(canvas.x), relief.astype(np.float32))
    return Painting([ground, *(canvas.strands(band, 0.92) for band in bands)])


def _hair(random: np.random.Generator) -> Strand:
    """A hair that stands slanting on the leaf: a stout foot, a fine tip."""
    x, y = random.uniform((-4.3, -3.3), (4.3, 3.3))
    length, turn, rise = random.uniform(0.7, 2.6), random.uniform(0, 2 * np.pi), random.uniform(0.25, 1.0)
    part = np.linspace(0, 1, 5)
    bend = random.normal(0, 0.35)
    flat = length * np.sqrt(max(0.0, 1 - min(rise, 0.95) ** 2)) * part
    path = np.column_stack(
        [
            x + flat * np.cos(turn + bend * part),
            y + flat * np.sin(turn + bend * part),
            0.15 + min(2.4, length * rise) * part,
        ]
    )
    tone = random.uniform(0.7, 1.1)
    stout = random.uniform(0.05, 0.10)
    return Strand(path, tuple(stout * (1.1 - 0.85 * part)), (0.66 * tone, 0.70 * tone, 0.48 * tone))


def _ridges(canvas: Canvas, random: np.random.Generator, size_mm: float, octaves: int) -> FLOAT:
    """A net of fine ridges: where smooth noise passes through zero."""
    result = np.zeros_like(canvas.x)
    for octave in range(octaves):
        noise = canvas.noise(random, size_mm / 1.6**octave)
        result += np.exp(-((noise / 0.16) ** 2)) / 1.5**octave
    return np.asarray(np.clip(result / 1.3, 0, 1), np.float32)


def paint_seeds(canvas: Canvas, random: np.random.Generator) -> Painting:
    """Seeds from a herbarium packet, heaped in two tiers on blotting paper: round bodies all over.

    >>> len(paint_seeds(Canvas(60, 80, 5.0), np.random.default_rng(0)).layers)
    3
    """
    lower = _tier(canvas, random, 46, 0.15)
    upper = _tier(canvas, random, 17, 1.35)
    lower.colour[:] *= canvas.shadow(upper.alpha, 0.7, 0.5)[..., None]
    tone = 0.62 + 0.03 * canvas.noise(random, 0.07) + 0.025 * canvas.noise(random, 0.4)
    fibres = canvas.sheet()
    for x, y, angle, length in random.uniform((-8.5, -6.5, 0, 0.2), (8.5, 6.5, np.pi, 0.9), (700, 4)):
        canvas.stroke(
            fibres, [(x, y), (x + length * np.cos(angle), y + length * np.sin(angle))], [0.03, 0.03]
        )
    tone = tone * (1 - 0.18 * canvas.cover(fibres)) * canvas.shadow(lower.alpha, 0.6, 0.7)
    paper = clipped(tone[..., None] * np.array([1.0, 0.93, 0.80], np.float32))
    height = (0.04 * canvas.noise(random, 2.5)).astype(np.float32)
    return Painting([Layer(paper, np.ones_like(tone), height), lower, upper])


def _tier(canvas: Canvas, random: np.random.Generator, count: int, base_mm: float) -> Layer:
    """Seeds that do not touch, each an ellipsoid cut at its base, with its own coat."""
    height = np.zeros_like(canvas.x)
    alpha, known = np.zeros_like(canvas.x), np.zeros(canvas.x.shape, np.uint8)
    albedo = canvas.even(0.2, 0.12, 0.06)
    placed: list[tuple[float, float, float]] = []
    grain, speckle = canvas.noise(random, 0.06), canvas.noise(random, 0.22)
    coats = (
        (0.40, 0.26, 0.12),
        (0.16, 0.09, 0.05),
        (0.55, 0.45, 0.27),
        (0.30, 0.10, 0.06),
        (0.08, 0.08, 0.09),
    )
    for _ in range(4000):
        x, y, long = random.uniform((-7.6, -5.6, 0.65), (7.6, 5.6, 1.25))
        wide, turn = long * random.uniform(0.6, 0.85), random.uniform(0, np.pi)
        if len(placed) == count or any(np.hypot(x - a, y - b) < 0.9 * (long + r) for a, b, r in placed):
            continue
        placed.append((x, y, long))
        along = (canvas.x - x) * np.cos(turn) + (canvas.y - y) * np.sin(turn)
        across = (canvas.y - y) * np.cos(turn) - (canvas.x - x) * np.sin(turn)
        ring = np.hypot(along / long, across / wide)
        inside = np.clip((1 - ring) * wide * canvas.scale + 0.5, 0, 1)
        body = ring < 1.0 + 1.5 / (wide * canvas.scale)
        height[body] = (base_mm + 1.45 * wide * np.clip(1 - ring**2, 0, 1) ** 0.6)[body]
        coat = np.array(coats[int(random.integers(len(coats)))], np.float32)
        pale = (speckle > 0.4) if random.random() < 0.5 else (np.sin(along * 14) > 0.55)
        tone = (1 + 0.16 * grain) * np.where(pale, 1.7, 1.0) * np.where(np.abs(across) < 0.045, 0.4, 1.0)
        albedo[body] = (tone[..., None] * coat)[body]
        alpha, known[body] = np.maximum(alpha, inside), 1
    height = canvas.blurred(extended(height.astype(np.float32), known), 0.04)
    return Layer(canvas.lit(height, extended(albedo, known), 0.30, 70), alpha.astype(np.float32), height)


def paint_leaf(canvas: Canvas, random: np.random.Generator) -> Painting:
    """A dry oak leaf that has come loose from its herbarium sheet and stands up from it, slanting.

    >>> len(paint_leaf(Canvas(60, 80, 2.0), np.random.default_rng(0)).layers)
    3
    """
    turn = np.linspace(0, 2 * np.pi, 721)[:-1]
    lobes = 1 + 0.17 * np.cos(9 * turn) * (np.abs(np.cos(turn)) < 0.93)
    outline = np.column_stack([13.5 * np.cos(turn), 7.6 * np.sin(turn) * lobes * (1 - 0.22 * np.cos(turn))])
    sheet = canvas.sheet()
    canvas.polygon(sheet, _turned(outline))
    veins = canvas.sheet()
    canvas.stroke(
        veins,
        [tuple(p) for p in _turned(np.array([(-18.5, 0.6), (-13, 0), (0, 0.3), (13, 0)])).tolist()],
        [0.9, 0.8, 0.5, 0.2],
    )
    for foot in np.arange(-10.5, 10, 2.6):
        for side in (-1, 1):
            tip = (foot + 3.2, side * 7.4 * np.sqrt(max(0.05, 1 - ((foot + 3.2) / 13.5) ** 2)))
            path = _turned(np.array([(foot, 0.1), (foot + 1.3, tip[1] * 0.45), tip]))
            canvas.stroke(veins, [tuple(p) for p in path.tolist()], [0.34, 0.22, 0.10])
    cover = canvas.cover(sheet)
    rib = canvas.cover(veins)
    cover = np.maximum(cover, rib * (canvas.x < -8)).astype(np.float32)
    net = _ridges(canvas, random, 2.1, 4)
    along = canvas.x * 0.951 + canvas.y * 0.309
    height = 3.2 + 0.20 * along + 0.9 * np.sin(along / 3.1 + 0.5) * 0.5 + 0.35 * canvas.noise(random, 4.0)
    height += 0.35 * canvas.blurred(rib, 0.15) + 0.06 * net + 0.012 * canvas.noise(random, 0.25)
    height = np.clip(height, 0.25, None).astype(np.float32)
    spots = np.clip(canvas.noise(random, 0.5) - 1.6, 0, 1)
    brown = (
        np.array([0.25, 0.135, 0.045], np.float32)
        * (1 + 0.16 * canvas.noise(random, 0.3) + 0.10 * canvas.noise(random, 5.0))[..., None]
    )
    pale = np.array([0.46, 0.32, 0.14], np.float32)
    share = np.clip(0.85 * rib + 0.25 * net, 0, 1)[..., None]
    albedo = (brown * (1 - share) + pale * share) * (1 - 0.6 * spots[..., None])
    leaf = Layer(canvas.lit(height, albedo, 0.06, 15), cover, height)
    mount = _mount(canvas, random)
    mount.colour[:] *= canvas.shadow(cover, 2.0, 0.5)[..., None]
    return Painting([mount, leaf, _strap(canvas, random, height)])


def _turned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    cos, sin = 0.951, 0.309
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + (0.6, -1.0))


def _mount(canvas: Canvas, random: np.random.Generator) -> Layer:
    """Rag paper with a collector's label and a stamp."""
    tone = 0.74 + 0.022 * canvas.noise(random, 0.15) + 0.016 * canvas.noise(random, 1.0)
    ink, stamp = canvas.sheet(), canvas.sheet()
    for number, text in enumerate(("Quercus robur L.", "Herb. Horti Pisani", "leg. G. Savi 1811")):
        canvas.text(ink, text, 4.6, 10.2 + 1.6 * number, 0.95 if number == 0 else 0.75)
    canvas.stroke(ink, [(3.8, 8.5), (19.4, 8.5), (19.4, 14.4), (3.8, 14.4), (3.8, 8.5)], [0.12] * 5)
    for radius in (2.3, 2.0):
        cv2.circle(
            stamp,
            canvas.point(-15, 10.5),
            round(radius * canvas.scale * 2),
            255,
            max(1, round(0.1 * canvas.scale * 2)),
            cv2.LINE_AA,
        )
    canvas.text(stamp, "PISA", -16.5, 11.0, 1.0)
    dark, violet = canvas.cover(ink)[..., None], 0.7 * canvas.cover(stamp)[..., None]
    colour = tone[..., None] * np.array([1.0, 0.95, 0.82], np.float32) * (1 - dark) + 0.03 * dark
    colour = colour * (1 - violet) + np.array([0.12, 0.07, 0.30], np.float32) * violet
    return Layer(clipped(colour), np.ones_like(tone), (0.05 * canvas.noise(random, 6)).astype(np.float32))


def _strap(canvas: Canvas, random: np.random.Generator, below: FLOAT) -> Layer:
    """A strip of gummed linen over the stalk."""
    sheet = canvas.sheet()
    canvas.stroke(sheet, [(-14.6, -9.5), (-12.6, -1.2)], [1.5, 1.5])
    weave = (
        0.75 + 0.10 * np.sin(canvas.x * 16) + 0.10 * np.sin(canvas.y * 16) + 0.03 * canvas.noise(random, 0.2)
    )
    across = np.abs(canvas.y + 4.4) / 4
    height = 0.15 + (canvas.blurred(below, 0.8) + 0.25) * np.exp(-(across**4))
    colour = weave[..., None] * np.array([0.80, 0.74, 0.60], np.float32)
    return Layer(clipped(colour), canvas.cover(sheet), np.asarray(height, np.float32))
