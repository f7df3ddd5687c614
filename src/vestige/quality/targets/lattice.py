"""Targets that are a lattice of flat patches: found by flat squares, told apart and turned by their colours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.quality.measures.colour import XYZ_FROM_SRGB, xyz_from_lab
from vestige.quality.targets.layout import Layout, kinds, layout

__all__ = ["lattice_targets"]

Points = NDArray[np.float64]
Picture = NDArray[np.uint8]
#: Steps between neighbouring pixels that still count as flat, codes of 255.
FLAT: Final = (6, 12, 24)
SMALLEST: Final = 40
#: Share of the colours' variance that the layout must explain.
LIKELY: Final = 0.8
LEAST_PATCHES: Final = 8
#: Share of the patches that may be hidden or spoilt by glare without losing the match.
SPOILT: Final = 0.15


def lattice_targets(picture: Picture) -> list[tuple[Layout, Points, Points, float]]:
    """Targets in a picture (height, width, 3) uint8 sRGB: layout, centres of the patches in mm and in pixels,
    and the share of the colours' variance that the layout explains.

    Flat squares are joined to lattices by their own sides; each layout is then tried at every place and turn
    of the lattice.

    >>> lattice_targets(np.zeros((60, 60, 3), np.uint8))
    []
    """
    best: dict[str, tuple[Layout, Points, Points, float]] = {}
    for flat in FLAT:
        squares = _squares(picture, flat)
        for lattice, px in _lattices(squares):
            for kind in kinds():
                candidate = layout(kind)
                match = _match(picture, candidate, lattice, px) if candidate.grid else None
                if match and (kind not in best or match[3] > best[kind][3]):
                    best[kind] = match
        if best:
            break
    return list(best.values())


def _squares(picture: Picture, flat: int) -> Points:
    """Centre and two sides (n, 6) of areas that are flat and nearly square."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    kernel = np.ones((3, 3), np.uint8)
    steps = (cv2.dilate(smooth, kernel).astype(np.int16) - cv2.erode(smooth, kernel)).max(axis=2)
    count, labels, about, _ = cv2.connectedComponentsWithStats((steps < flat).astype(np.uint8), connectivity=4)
    limit = picture.shape[0] * picture.shape[1] / 16
    found = []
    for number in range(1, count):
        x, y, width, height, area = about[number]
        if not SMALLEST <= area <= limit or not 0.35 < area / (width * height) or max(width, height) > 4 * min(width, height):
            continue
        inside = (labels[y : y + height, x : x + width] == number).astype(np.uint8)
        outline, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        centre, (one, two), _ = box = cv2.minAreaRect(outline[0])
        if min(one, two) < 5 or max(one, two) > 1.7 * min(one, two) or area < 0.75 * one * two:
            continue
        corners = cv2.boxPoints(box)
        found.append([centre[0] + x, centre[1] + y, *(corners[1] - corners[0]), *(corners[2] - corners[1])])
    return np.array(found, np.float64).reshape(-1, 6)


def _lattices(squares: Points) -> Iterator[tuple[Points, Points]]:
    """Lattice numbers (n, 2) and centres (n, 2) of squares that stand in rows and columns."""
    left = set(range(len(squares)))
    while left:
        seed = left.pop()
        members = _grown(squares, seed)
        left -= set(members.values())
        if len(members) >= LEAST_PATCHES:
            chosen = list(members.values())
            yield np.array(list(members), np.float64), squares[chosen, :2]


def _grown(squares: Points, seed: int) -> dict[tuple[int, int], int]:
    centres = squares[:, :2]
    across, down = squares[seed, 2:4], squares[seed, 4:6]
    members, used = {(0, 0): seed}, {seed}
    steps = {(0, 0): (across * 1.15, down * 1.15)}
    queue = [(0, 0)]
    while queue:
        place = queue.pop(0)
        here, (u, v) = centres[members[place]], steps[place]
        for move in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            there = (place[0] + move[0], place[1] + move[1])
            step = move[0] * u + move[1] * v
            distance = np.linalg.norm(centres - here - step, axis=1)
            nearest = int(distance.argmin())
            if there in members or nearest in used or distance[nearest] > 0.25 * np.linalg.norm(step):
                continue
            members[there] = nearest
            used.add(nearest)
            moved = (centres[nearest] - here) * (move[0] + move[1])
            steps[there] = (moved, v) if move[0] else (u, moved)
            queue.append(there)
    return members


def _match(
    picture: Picture, candidate: Layout, lattice: Points, px: Points
) -> tuple[Layout, Points, Points, float] | None:
    assert candidate.grid
    columns, rows = candidate.grid
    if len(lattice) < 0.4 * columns * rows:
        return None
    homography, _ = cv2.findHomography(lattice, px, cv2.RANSAC, 4.0)
    if homography is None:
        return None
    wanted = _codes(np.stack([candidate.lab[name] for name in candidate.patches]))
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    best: tuple[float, Points] = (LIKELY, grid)
    turn = np.array([[0, -1], [1, 0]])
    handed = np.eye(2) if _handed(homography, lattice) else np.array([[1, 0], [0, -1]])
    for quarter in range(4):
        turned = grid @ (handed @ np.linalg.matrix_power(turn, quarter)).T
        low, high = lattice.min(axis=0) - turned.max(axis=0), lattice.max(axis=0) - turned.min(axis=0)
        for offset in np.stack(np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)), -1).reshape(-1, 2):
            places = turned + offset
            covered = ((lattice >= places.min(axis=0)) & (lattice <= places.max(axis=0))).all(axis=1)
            if covered.sum() < 0.4 * columns * rows:
                continue
            score = _likeness(picture, homography, places, wanted)
            if score > best[0]:
                best = score, places
    if best[0] <= LIKELY:
        return None
    mm = np.stack([area.mean(axis=0) for area in candidate.patches.values()])
    return candidate, mm, _mapped(homography, best[1]), best[0]


def _handed(homography: Points, lattice: Points) -> bool:
    """True where the lattice is not mirrored: down lies clockwise of across."""
    middle = lattice.mean(axis=0)
    origin, across, down = _mapped(homography, middle + np.array([[0, 0], [1, 0], [0, 1]]))
    first, second = across - origin, down - origin
    return bool(first[0] * second[1] - first[1] * second[0] > 0)


def _mapped(homography: Points, points: Points) -> Points:
    return np.asarray(cv2.perspectiveTransform(points.reshape(-1, 1, 2).astype(np.float64), homography)).reshape(-1, 2)


def _codes(lab: Points) -> Points:
    """sRGB values without the clipping, for a comparison of likeness only."""
    light = xyz_from_lab(lab) @ np.linalg.inv(XYZ_FROM_SRGB).T
    return np.asarray(np.clip(light, 0, 1) ** (1 / 2.2))


def _likeness(picture: Picture, homography: Points, places: Points, wanted: Points) -> float:
    """Share of the variance of the colours in the picture that the layout explains, each channel scaled."""
    at = np.round(_mapped(homography, places)).astype(int)
    inside = ((at >= 0) & (at < (picture.shape[1], picture.shape[0]))).all(axis=1)
    if inside.mean() < 0.6:
        return 0.0
    seen = picture[at[inside, 1], at[inside, 0]] / 255.0
    known = wanted[inside]
    keep = np.ones(len(seen), bool)
    for _ in range(2):
        centred = known[keep] - known[keep].mean(axis=0)
        about = seen[keep] - seen[keep].mean(axis=0)
        slope = (centred * about).sum(axis=0) / np.maximum((centred**2).sum(axis=0), 1e-9)
        error = ((seen - seen[keep].mean(axis=0) - slope * (known - known[keep].mean(axis=0))) ** 2).sum(axis=1)
        spread = (about**2).sum()
        if spread < 1e-6 or (slope <= 0).any():
            return 0.0
        share = 1 - error[keep].sum() / spread
        keep = error <= np.quantile(error, 1 - SPOILT)
    return float(share)
