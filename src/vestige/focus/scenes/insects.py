"""Dragonfly wings over a label, and spangles of gilt wire over velvet that no frame reaches."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.focus.scenes.canvas import Canvas, Layer, Painting, Point, Strand, clipped

__all__ = ["paint_spangles", "paint_wings"]

FLOAT = NDArray[np.float32]


def paint_wings(canvas: Canvas, random: np.random.Generator) -> Painting:
    """A dragonfly: four clear wings, one pair over the other, over a printed card.

    >>> len(paint_wings(Canvas(60, 80, 2.5), np.random.default_rng(0)).layers)
    5
    """
    hind = _wings(canvas, random, ((1.0, 0.2), (11.6, 1.9)), 4.6, (1.6, 2.3))
    fore = _wings(canvas, random, ((1.0, -0.7), (11.8, -1.9)), 3.7, (2.0, 3.9))
    body = _body(canvas, random)
    card = _card(canvas, random)
    for layer, reach, strength in ((hind, 0.9, 0.25), (fore, 1.4, 0.25), (body, 0.8, 0.6)):
        card.colour[:] *= canvas.shadow(layer.alpha, reach, strength)[..., None]
    hairs = [
        Strand(np.array([[x, y, 3.1], [1.25 * x + 0.1, y + dy, 3.5]]), (0.03, 0.02), (0.30, 0.22, 0.10))
        for x, y, dy in random.uniform((-0.9, -4.4, -0.3), (0.9, -1.0, 0.3), (90, 3))
    ]
    return Painting([card, hind, body, canvas.strands(hairs), fore])


def _card(canvas: Canvas, random: np.random.Generator) -> Layer:
    light = 0.80 + 0.025 * canvas.noise(random, 0.08) + 0.015 * canvas.noise(random, 0.5)
    ink = canvas.sheet()
    for number, text in enumerate(("Libellula", "quadrimaculata", "Linnaeus 1758", "Lago di Massaciuccoli")):
        canvas.text(ink, text, 1.6, 4.9 + 1.05 * number, 0.62 if number < 2 else 0.48)
    for number, text in enumerate(("MUSEO CIVICO", "Inv. 1907/318")):
        canvas.text(ink, text, -10.9, 6.2 + 0.9 * number, 0.5)
    for line in range(-11, 12):
        canvas.stroke(ink, [(line, -8.7), (line, -8.1 if line % 5 else -7.8)], [0.05, 0.05])
    mark = canvas.cover(ink)[..., None]
    colour = light[..., None] * np.array([0.86, 0.83, 0.74], np.float32) * (1 - mark) + 0.03 * mark
    return Layer(clipped(colour), np.ones_like(canvas.x), (0.1 + 0.02 * canvas.x).astype(np.float32))


def _wings(
    canvas: Canvas,
    random: np.random.Generator,
    spine: tuple[tuple[float, float], tuple[float, float]],
    width: float,
    rise: tuple[float, float],
) -> Layer:
    """A pair of wings: a membrane that shimmers, cells of veins finer towards the hind edge."""
    outline, veins = canvas.sheet(), canvas.sheet()
    (x0, y0), (x1, y1) = spine
    part = np.linspace(0, np.pi, 60)
    along, across = (1 - np.cos(part)) / 2, np.sin(part) ** 0.7
    for side in (-1, 1):
        lead = np.column_stack([side * (x0 + (x1 - x0) * along), y0 + (y1 - y0) * along - 0.18 * across])
        trail = lead + np.column_stack([np.zeros_like(along), width * across * (0.75 - 0.25 * along)])
        canvas.polygon(outline, np.concatenate([lead, trail[::-1]]))
        for share, thick in ((0.0, 0.13), (0.10, 0.09), (0.28, 0.07), (0.5, 0.05), (1.0, 0.05)):
            path = lead + (trail - lead) * share
            canvas.stroke(veins, [tuple(p) for p in path[1:-1:3].tolist()], [thick] * 20)
        stigma = lead[-14:-9]
        canvas.polygon(veins, np.concatenate([stigma, stigma[::-1] + np.array([0, 0.35])]))
    inside = canvas.cover(outline)
    net = np.maximum(canvas.cover(veins), _cells(canvas, random)) * inside
    span = np.clip((np.abs(canvas.x) - x0) / (x1 - x0), 0, 1)
    pleat = 0.06 * np.sin(canvas.y * 9 + 2 * span)
    height = rise[0] + (rise[1] - rise[0]) * span**1.2 + pleat
    shimmer = canvas.noise(random, 1.6)[..., None] * np.array([0.05, -0.02, 0.06], np.float32)
    film = np.array([0.62, 0.60, 0.50], np.float32) + shimmer
    vein = np.array([0.07, 0.045, 0.02], np.float32)
    veined = net[..., None]
    alpha = inside * (0.13 + 0.84 * net)
    colour = (film * 0.13 * (1 - veined) + vein * veined) / (0.13 * (1 - veined) + veined)
    return Layer(clipped(colour), alpha.astype(np.float32), height.astype(np.float32))


def _cells(canvas: Canvas, random: np.random.Generator) -> FLOAT:
    """Borders of the cells around scattered points."""
    seeds = np.full((canvas.height, canvas.width), 1, np.uint8)
    for x, y in random.uniform((-12, -9), (12, 9), (1500, 2)):
        column, row = canvas.point(x, y)
        if 0 <= row // 2 < canvas.height and 0 <= column // 2 < canvas.width:
            seeds[row // 2, column // 2] = 0
    _, labels = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    names = labels.astype(np.float32)
    border = cv2.morphologyEx(names, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)) > 0
    thick = max(1, round(0.035 * canvas.scale))
    veins = cv2.dilate(border.astype(np.uint8), np.ones((thick, thick), np.uint8)).astype(np.float32)
    return np.asarray(np.clip(cv2.GaussianBlur(veins, (0, 0), 0.6), 0, 1), np.float32)


def _body(canvas: Canvas, random: np.random.Generator) -> Layer:
    """Head with its eyes, thorax, ringed abdomen: round in section."""
    x, y = canvas.x, canvas.y
    waist = np.interp(
        y,
        [-5.6, -5.2, -4.6, -4.0, -3.0, -1.6, -0.6, 3, 6.6, 7.6],
        [0, 1, 1.2, 0.7, 1.25, 1.3, 0.8, 0.7, 0.42, 0],
    )
    half = np.maximum(waist, 1e-3).astype(np.float32)
    across = np.clip(1 - (x / half) ** 2, 0, 1)
    alpha = np.clip((half - np.abs(x)) * canvas.scale + 0.5, 0, 1) * (waist > 0.02)
    height = 1.5 + 1.5 * half * across**0.6
    height = canvas.blurred(np.asarray(height, np.float32), 0.05)
    rings = 0.5 + 0.5 * np.cos(2 * np.pi * y / 0.95)
    amber = np.array([0.34, 0.19, 0.05], np.float32)
    tone = (0.5 + 0.6 * rings * (y > -0.8) + 0.5 * (y <= -0.8)) * (1 + 0.16 * canvas.noise(random, 0.07))
    albedo = tone[..., None] * amber
    albedo[(y > 1.5)] *= np.array([0.4, 0.45, 0.6], np.float32)
    eyes = (np.hypot((np.abs(x) - 0.62) / 0.62, (y + 4.75) / 0.62) < 1)[..., None]
    facets = 0.8 + 0.35 * np.cos(x * 60) * np.cos(y * 60)
    albedo = np.where(eyes, facets[..., None] * np.array([0.12, 0.09, 0.05], np.float32), albedo)
    return Layer(canvas.lit(height, albedo, 0.35, 50), alpha.astype(np.float32), height)


def paint_spangles(canvas: Canvas, random: np.random.Generator) -> Painting:
    """Gilt wire and knots of a liturgical embroidery, glinting, high over dark velvet.

    >>> painting = paint_spangles(Canvas(60, 80, 6.6), np.random.default_rng(0))
    >>> len(painting.layers), len(painting.points)
    (4, 170)
    """
    pile = 0.055 + 0.022 * canvas.noise(random, 0.12) + 0.02 * canvas.noise(random, 0.9)
    velvet = clipped(pile[..., None] * np.array([1.0, 0.16, 0.22], np.float32))
    ground = Layer(velvet, np.ones_like(canvas.x), np.full_like(canvas.x, -4.0))
    leaves = []
    for turn in np.linspace(0, 2 * np.pi, 6, endpoint=False):
        leaves += _leaf(random, turn)
    rings = [_ring(random, *place) for place in random.uniform((-5, -3.7, 0.4), (5, 3.7, 2.6), (16, 3))]
    couching = []
    for _ in range(34):
        x, y, z, angle = random.uniform((-5.5, -4, 0.3, 0), (5.5, 4, 1.2, np.pi))
        step = np.array([np.cos(angle), np.sin(angle), 0.15]) * random.uniform(1, 2.5)
        foot = np.array([x, y, z])
        bend = foot + step / 2 + np.array([0, 0.25, 0.3])
        couching.append(Strand(np.array([foot, bend, foot + step]), (0.07,) * 3, (0.50, 0.33, 0.08)))
    points = [_glint(random, random.choice(strand.path)) for strand in (*leaves, *rings, *couching)]
    while len(points) < 170:
        points.append(_glint(random, random.uniform((-5.6, -4.2, 0.2), (5.6, 4.2, 2.8))))
    high = [strand for strand in (*leaves, *rings) if strand.path[:, 2].mean() > 1.5]
    low = [strand for strand in (*leaves, *rings) if strand.path[:, 2].mean() <= 1.5]
    return Painting(
        [ground, canvas.strands(couching), canvas.strands(low), canvas.strands(high)], points[:170]
    )


def _glint(random: np.random.Generator, place: NDArray[np.float64]) -> Point:
    strength = float(random.uniform(6, 40))
    x, y, z = (float(value) for value in place)
    return Point(x, y, z, (strength, 0.86 * strength, 0.6 * strength))


def _leaf(random: np.random.Generator, turn: float) -> list[Strand]:
    """A leaf of the embroidered rosette: wires side by side, rising to its tip."""
    strands = []
    for side in np.linspace(-1, 1, 9):
        part = np.linspace(0, 1, 9)
        along = 0.9 + 3.1 * part
        across = side * 0.75 * np.sin(np.pi * np.clip(part * 0.92 + 0.06, 0, 1))
        x = along * np.cos(turn) - across * np.sin(turn)
        y = along * np.sin(turn) + across * np.cos(turn)
        z = 0.6 + 2.0 * part * (1 - 0.35 * abs(side)) + random.normal(0, 0.03)
        tone = random.uniform(0.7, 1.15)
        strands.append(
            Strand(np.column_stack([x, y, z]), (0.14,) * 9, (0.60 * tone, 0.40 * tone, 0.10 * tone))
        )
    return strands


def _ring(random: np.random.Generator, x: float, y: float, z: float) -> Strand:
    """A ring of wire, tilted."""
    turn = np.linspace(0, 2 * np.pi, 17)
    radius, tilt = random.uniform(0.28, 0.45), random.normal(0, 0.4, 2)
    dx, dy = radius * np.cos(turn), radius * np.sin(turn)
    path = np.column_stack([x + dx, y + dy, np.clip(z + tilt[0] * dx + tilt[1] * dy, 0.2, 2.9)])
    return Strand(path, (0.10,) * 17, (0.66, 0.47, 0.15))
