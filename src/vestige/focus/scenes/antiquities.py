"""A silver coin, a painted sherd, a woven fragment: relief that goes up and down without a break."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vestige.focus.scenes.canvas import Canvas, Layer, Painting, Strand, clipped

__all__ = ["paint_coin", "paint_sherd", "paint_textile"]

FLOAT = NDArray[np.float32]
PROFILE = (
    (-0.2, -5.2), (1.2, -5.0), (2.4, -4.2), (2.9, -3.1), (3.0, -2.2), (3.35, -1.6), (3.95, -0.3), (3.9, 0.0),
    (3.2, 0.25), (3.25, 0.7), (3.55, 0.95), (3.25, 1.3), (3.45, 1.65), (3.1, 1.95), (3.15, 2.7), (2.6, 3.1),
    (1.5, 2.9), (0.9, 3.4), (1.0, 4.3), (1.9, 5.4), (-1.9, 5.9), (-1.5, 4.4), (-1.9, 3.0), (-2.7, 1.8),
    (-3.3, 0.0), (-3.3, -2.0), (-2.4, -4.1), (-1.3, -4.9),
)  # fmt: skip


def paint_coin(canvas: Canvas, random: np.random.Generator) -> Painting:
    """A denarius: laurelled head, legend around it, beaded rim, wear, toning in the recesses.

    >>> len(paint_coin(Canvas(60, 80, 3.0), np.random.default_rng(0)).layers)
    2
    """
    away = np.hypot(canvas.x * 0.985, canvas.y) + 0.10 * canvas.noise(random, 6.0)
    disc = np.clip((8.6 - away) * canvas.scale + 0.5, 0, 1).astype(np.float32)
    relief = 0.75 * _head(canvas, random) + 0.34 * _legend(canvas)
    relief += 0.35 * np.exp(-(((away - 8.2) / 0.35) ** 2))
    relief = canvas.blurred(relief.astype(np.float32), 0.05)
    relief += (
        0.03 * canvas.noise(random, 0.9)
        + 0.010 * canvas.noise(random, 0.12)
        - 0.03 * _scratches(canvas, random)
    )
    height = (0.85 - 0.35 * np.clip(away - 8.3, 0, 1) + relief + 0.012 * canvas.x).astype(np.float32)
    hollow = np.clip(canvas.blurred(relief, 0.5) - relief, 0, 0.3) / 0.3
    toned = np.clip(
        0.9 - 0.65 * hollow + 0.07 * canvas.noise(random, 0.10) + 0.06 * canvas.noise(random, 2.5), 0.1, 1.3
    )
    albedo = toned[..., None] * np.array([0.46, 0.44, 0.41], np.float32)
    coin = Layer(canvas.lit(height, albedo, 0.32, 18), disc, height)
    return Painting([_card(canvas, random, canvas.shadow(disc, 0.8)), coin])


def _head(canvas: Canvas, random: np.random.Generator) -> FLOAT:
    """A profile to the right, swelling from its outline, with eye, ear, locks and wreath."""
    sheet = canvas.sheet()
    canvas.polygon(sheet, np.array(PROFILE))
    inside = canvas.inside_mm(canvas.cover(sheet))
    head = 1 - np.exp(-inside / 0.9)
    x, y = canvas.x, canvas.y
    skull = np.hypot((x + 0.2) / 3.2, (y + 2.2) / 2.9) < 1
    hair = skull & (x < 2.0 - 0.45 * (y + 1.0)) & (inside > 0.05)
    waves = np.sin(3.6 * np.hypot(x - 0.6, y + 2.6) + 2.2 * np.sin(1.7 * np.arctan2(y + 2.6, x - 0.6) * 3))
    head = head + 0.16 * waves * hair + 0.02 * canvas.noise(random, 0.3) * hair
    for cx, cy, rx, ry, high in (
        (2.35, -1.15, 0.42, 0.20, 0.30),
        (-0.25, 0.0, 0.38, 0.66, 0.32),
        (2.35, -1.62, 0.75, 0.13, 0.22),
    ):
        ring = np.hypot((x - cx) / rx, (y - cy) / ry)
        head = head + high * np.exp(-(ring**4)) - 0.5 * high * np.exp(-((ring - 1.5) ** 2) * 6)
    leaves = canvas.sheet()
    for part in np.linspace(0.05, 0.95, 9):
        cx, cy = 2.3 - 4.8 * part, -3.0 + 2.3 * part**1.5
        for side in (-0.55, 0.35):
            tip = (cx + 0.95, cy - 0.35 + side)
            canvas.stroke(leaves, [(cx, cy), ((cx + tip[0]) / 2, (cy + tip[1]) / 2), tip], [0.08, 0.36, 0.05])
    wreath = canvas.cover(leaves) * (inside > 0)
    return np.asarray(head + 0.22 * canvas.blurred(wreath.astype(np.float32), 0.07), np.float32)


def _legend(canvas: Canvas) -> FLOAT:
    """Letters that run around the head, and the beads of the rim."""
    sheet = canvas.sheet()
    text = "CAESAR AVGVSTVS DIVI F PATER PATRIAE"
    for number, letter in enumerate(text):
        angle = np.radians(140 + 262 * number / (len(text) - 1))
        x, y = 6.25 * np.cos(angle), 6.25 * np.sin(angle)
        canvas.text(sheet, letter, x, y, 0.85, float(np.degrees(angle)) + 90)
    beads = canvas.sheet()
    for angle in np.linspace(0, 2 * np.pi, 96, endpoint=False):
        x, y = 7.7 * np.cos(angle), 7.7 * np.sin(angle)
        canvas.stroke(beads, [(x, y), (x + 0.01, y)], [0.30, 0.30])
    raised = np.maximum(canvas.cover(sheet), canvas.cover(beads))
    return canvas.blurred(raised, 0.05)


def _scratches(canvas: Canvas, random: np.random.Generator) -> FLOAT:
    sheet = canvas.sheet()
    for x, y, angle, length in random.uniform((-8, -8, 0, 0.4), (8, 8, np.pi, 3.0), (120, 4)):
        canvas.stroke(
            sheet, [(x, y), (x + length * np.cos(angle), y + length * np.sin(angle))], [0.03, 0.015]
        )
    return canvas.cover(sheet)


def _card(canvas: Canvas, random: np.random.Generator, shade: FLOAT) -> Layer:
    """Blue-grey board with a scale."""
    tone = (1 + 0.05 * canvas.noise(random, 0.10) + 0.04 * canvas.noise(random, 0.6)) * shade
    marks = canvas.sheet()
    for tick in range(11):
        canvas.stroke(marks, [(1.2 + tick, 8.6), (1.2 + tick, 8.0 if tick % 5 else 7.7)], [0.07, 0.07])
    canvas.text(marks, "10 mm", 4.6, 7.5, 0.5)
    ink = canvas.cover(marks)[..., None]
    colour = tone[..., None] * np.array([0.20, 0.23, 0.26], np.float32) * (1 - ink) + 0.75 * ink
    return Layer(clipped(colour), np.ones_like(tone), (0.05 + 0.01 * canvas.x).astype(np.float32))


def paint_sherd(canvas: Canvas, random: np.random.Generator) -> Painting:
    """A sherd of a black-figure cup: curved wall, broken edge, glaze with crackle and scratches.

    >>> len(paint_sherd(Canvas(60, 80, 1.3), np.random.default_rng(0)).layers)
    3
    """
    turn = np.linspace(0, 2 * np.pi, 25)[:-1]
    reach = 1 + 0.11 * random.standard_normal(24)
    outline = np.column_stack([23.5 * np.cos(turn) * reach, 16.5 * np.sin(turn) * reach])
    outer = outline * (1 + 0.05 * random.random((24, 1))) + (0.3, 0.5)
    face, edge = canvas.sheet(), canvas.sheet()
    canvas.polygon(face, outline)
    canvas.polygon(edge, np.concatenate([outer]))
    cover, rim = canvas.cover(face), canvas.cover(edge)
    rim = np.maximum(rim, cover)
    vault = 2.0 + 5.2 * np.clip(1 - (canvas.x / 30) ** 2 - (canvas.y / 40) ** 2, 0, 1) + 0.02 * canvas.x
    wheel = 0.05 * np.sin(canvas.y * 4.1) + 0.05 * canvas.noise(random, 0.5) + 0.10 * canvas.noise(random, 5)
    crackle = _crackle(canvas, random)
    height = (vault + wheel - 0.08 * crackle).astype(np.float32)
    albedo = _figures(canvas, random) * (1 - 0.5 * crackle)[..., None]
    top = Layer(canvas.lit(height, albedo, 0.16, 35), cover, height)
    clay_height = (0.62 * vault + 0.35 * canvas.noise(random, 1.2) + 0.1 * canvas.noise(random, 0.4)).astype(
        np.float32
    )
    clay = (1 + 0.14 * canvas.noise(random, 0.3))[..., None] * np.array([0.50, 0.25, 0.12], np.float32)
    side = Layer(canvas.lit(clay_height, clay, 0.0), rim, clay_height)
    return Painting([_board(canvas, random, canvas.shadow(rim, 3.5)), side, top])


def _crackle(canvas: Canvas, random: np.random.Generator) -> FLOAT:
    noise = canvas.noise(random, 4.0) + 0.35 * canvas.noise(random, 1.2)
    return np.asarray(np.exp(-((noise / 0.035) ** 2)), np.float32)


def _figures(canvas: Canvas, random: np.random.Generator) -> FLOAT:
    """Black glaze on orange clay: two bands, a running meander, a deer between palmettes, incised lines."""
    glaze, cut = canvas.sheet(), canvas.sheet()
    for y in (-12.4, -11.4, 9.0, 10.2):
        canvas.stroke(glaze, [(-32, y), (32, y)], [0.7, 0.7])
    for left in np.arange(-30, 30, 4.0):
        key = [(0, 2.6), (0, 0), (3, 0), (3, 1.9), (1.4, 1.9), (1.4, 1.1)]
        canvas.stroke(glaze, [(left + x, y - 15.9) for x, y in key], [0.55] * 6)
    body = [
        (-9, -3),
        (-5, -4.6),
        (3, -4.2),
        (7, -5),
        (9.5, -8.6),
        (11.5, -9.2),
        (14.5, -7.4),
        (11.6, -6.4),
        (10, -3.4),
        (8.6, 0.4),
        (3, 1.2),
        (-4, 0.9),
        (-8.5, 1.0),
    ]
    canvas.polygon(glaze, np.array(body, float))
    for x, bend in ((-8, -1.4), (-6, 1.2), (6, -1.6), (8, 1.0)):
        canvas.stroke(
            glaze,
            [(x, -0.5), (x + bend, 3.6), (x + 0.4 * bend, 7.2), (x + 0.4 * bend + 0.9, 7.5)],
            [1.9, 0.95, 0.6, 0.5],
        )
    for tip in ((9.0, -13.0), (11.4, -13.4), (7.6, -11.6)):
        canvas.stroke(glaze, [(11.0, -8.9), ((11 + tip[0]) / 2 + 0.8, -11), tip], [0.45, 0.38, 0.22])
    canvas.stroke(glaze, [(-9, -2.6), (-11.2, -0.8)], [0.8, 0.3])
    for centre in (-18, 18):
        for angle in np.linspace(np.pi * 1.05, np.pi * 1.95, 9):
            tip = (centre + 5.4 * np.cos(angle), 4.6 + 7.4 * np.sin(angle))
            canvas.stroke(
                glaze, [(centre, 4.8), ((centre + tip[0]) / 2, (4.8 + tip[1]) / 2), tip], [0.3, 1.15, 0.7]
            )
    for path in (
        [(-4, -4), (-2.4, -1.5), (-3.6, 0.8)],
        [(4, -4), (5.2, -1.6), (4.4, 0.9)],
        [(9.4, -6.5), (10.8, -5.2)],
        [(-2, -2), (3.5, -2.6)],
    ):
        canvas.stroke(cut, path, [0.22] * 3)
    for x, y in random.uniform((-7, -3.4), (7, 0.2), (26, 2)):
        canvas.stroke(cut, [(x, y), (x + 0.5, y + 0.1)], [0.28, 0.20])
    black = canvas.cover(glaze) * (1 - canvas.cover(cut)) * (canvas.noise(random, 0.5) < 2.3)
    clay = (1 + 0.09 * canvas.noise(random, 0.25) + 0.06 * canvas.noise(random, 3))[..., None]
    ground = clay * np.array([0.52, 0.235, 0.09], np.float32)
    paint = (1 + 0.20 * canvas.noise(random, 0.2))[..., None] * np.array([0.035, 0.03, 0.028], np.float32)
    return np.asarray(ground * (1 - black[..., None]) + paint * black[..., None], np.float32)


def _board(canvas: Canvas, random: np.random.Generator, shade: FLOAT) -> Layer:
    """Grey felt and a scale of centimetres."""
    tone = 0.30 * (1 + 0.10 * canvas.noise(random, 0.25) + 0.05 * canvas.noise(random, 1.5)) * shade
    colour = np.repeat(tone[..., None], 3, axis=2)
    bar = (np.abs(canvas.y - 20.4) < 0.7) & (canvas.x > -6) & (canvas.x < 24)
    dark = np.floor((canvas.x + 6) / 5).astype(int) % 2 == 0
    colour[bar & dark], colour[bar & ~dark] = 0.02, 0.85
    return Layer(
        clipped(colour), np.ones_like(tone), (0.2 + 0.04 * canvas.noise(random, 0.3)).astype(np.float32)
    )


def paint_textile(canvas: Canvas, random: np.random.Generator) -> Painting:
    """A late antique weave in plain binding: yarns over and under, a moth hole, loose ends above.

    >>> len(paint_textile(Canvas(60, 80, 7.0), np.random.default_rng(0)).layers)
    4
    """
    lining = (0.16 * (1 + 0.15 * canvas.noise(random, 0.05)))[..., None] * np.array(
        [1, 0.95, 0.85], np.float32
    )
    ground = Layer(clipped(lining), np.ones_like(canvas.x), np.full_like(canvas.x, 0.1))
    buckle = 0.75 + 0.16 * canvas.noise(random, 2.6)
    drift_x, drift_y = 0.03 * canvas.noise(random, 1.2), 0.03 * canvas.noise(random, 1.2)
    hole = np.hypot(canvas.x - 2.2, 1.25 * (canvas.y + 1.3)) + 0.22 * canvas.noise(random, 0.6) < 0.85
    warp = _yarns(canvas, random, canvas.x + drift_x, canvas.y + drift_y, buckle, 0, hole)
    weft = _yarns(canvas, random, canvas.y + drift_y, canvas.x + drift_x, buckle, 1, hole)
    return Painting([ground, *_woven(warp, weft), canvas.strands(_loose(random))])


def _yarns(
    canvas: Canvas,
    random: np.random.Generator,
    across: FLOAT,
    along: FLOAT,
    buckle: FLOAT,
    phase: int,
    hole: NDArray[np.bool_],
) -> Layer:
    """Yarns side by side, each round, twisted, going over and under every other."""
    pitch = 0.34
    number = np.floor(across / pitch)
    place = across / pitch - number - 0.5
    wave = np.cos(np.pi * (along / pitch - 0.5)) * np.where(number % 2 == phase, 1, -1)
    round_ = np.sqrt(np.clip(1 - (place / 0.47) ** 2, 0, 1))
    height = buckle + 0.10 * wave + 0.10 * round_
    height = canvas.blurred(height.astype(np.float32), 0.012)
    twist = 0.5 + 0.5 * np.sin(2 * np.pi * (along / 0.13 + 1.1 * place))
    tone = (0.55 + 0.5 * twist) * (0.55 + 0.45 * round_) * (0.8 + 0.2 * wave)
    tone = tone * (1 + 0.15 * canvas.noise(random, 0.025))
    colour = tone[..., None] * _dyes(canvas, number, phase)
    torn = hole & (canvas.noise(random, 0.25) < (0.6 if phase else 1.1))
    alpha = np.clip((0.47 - np.abs(place)) * pitch * canvas.scale + 0.5, 0, 1) * ~torn
    return Layer(clipped(colour * 1.35), canvas.blurred(alpha.astype(np.float32), 0.008), height)


def _dyes(canvas: Canvas, number: FLOAT, phase: int) -> FLOAT:
    """Undyed warp; weft in bands of madder and indigo, with a row of tapestry lozenges."""
    linen, madder = np.array([0.58, 0.46, 0.28]), np.array([0.42, 0.06, 0.045])
    indigo, weld = np.array([0.05, 0.09, 0.24]), np.array([0.55, 0.38, 0.07])
    result = np.broadcast_to(linen, (*number.shape, 3)).copy()
    if phase:
        result[(np.abs(number + 7) < 2.5) | (np.abs(number - 8) < 1.5)] = madder
        result[np.abs(number + 4) < 1] = indigo
        lozenge = np.abs(((canvas.x / 0.34 + 4) % 8) - 4) + np.abs(number - 2)
        result[(lozenge < 3.2) & (np.abs(number - 2) < 4)] = indigo
        result[(lozenge < 1.6) & (np.abs(number - 2) < 4)] = weld
    return np.asarray(result, np.float32)


def _woven(warp: Layer, weft: Layer) -> list[Layer]:
    """At each crossing the higher yarn in front: below, the lower of both; above, the higher."""
    over = warp.height_mm * (warp.alpha > 0.5) >= weft.height_mm * (weft.alpha > 0.5)
    pick = over[..., None]
    lower = Layer(
        np.where(pick, weft.colour, warp.colour),
        np.where(over, weft.alpha, warp.alpha),
        np.where(over, weft.height_mm, warp.height_mm),
    )
    upper = Layer(
        np.where(pick, warp.colour, weft.colour),
        np.where(over, warp.alpha, weft.alpha),
        np.where(over, warp.height_mm, weft.height_mm),
    )
    return [lower, upper]


def _loose(random: np.random.Generator) -> list[Strand]:
    """Ends of torn yarn and stray fibres."""
    strands = []
    for index in range(46):
        x, y = random.uniform((-5, -3.7), (5, 3.7)) if index > 14 else random.normal((2.2, -1.3), 0.6)
        thick = 0.10 if index < 6 else random.uniform(0.016, 0.035)
        part = np.linspace(0, 1, 7)
        turn, curl, length = random.uniform(0, 2 * np.pi), random.normal(0, 2.2), random.uniform(0.5, 2.0)
        angle = turn + curl * part
        path = np.column_stack(
            [
                x + length * part * np.cos(angle),
                y + length * part * np.sin(angle),
                0.95 + random.uniform(0.1, 0.9) * np.sin(np.pi * part * 0.7),
            ]
        )
        tone = random.uniform(0.6, 1.1)
        colour = (0.62 * tone, 0.50 * tone, 0.32 * tone) if index % 3 else (0.40 * tone, 0.07, 0.05)
        strands.append(Strand(path, (thick,) * 7, colour))
    return strands
