"""Which part of a frame is paper: paper is what ink stands on.

The table, the book's boards and the stack of leaves are told from the page by their colour. What the page's
colour is, the writing says: where strokes are dense, what lies between them is paper. From there the page
grows as far as brightness and colour change slowly, so that shading towards the gutter and curved pages
belong to it.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging import srgb_from_linear

__all__ = ["ink_mask", "paper_mask"]

FLOAT = NDArray[np.float32]
SIDE = 512
INK = 0.25
STEPS = 8
EDGE = 2.0


def paper_mask(image: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a frame shows paper.

    Parameters
    ----------
    image : linear light 0..1, (height, width) or (height, width, 3).

    Returns
    -------
    (height, width) bool. All True where no paper can be told from its surroundings (an empty frame).

    >>> frame = np.full((200, 300, 3), 0.02, np.float32)
    >>> frame[20:180, 30:270] = 0.7
    >>> frame[40:160:8, 60:240] = 0.05
    >>> paper = paper_mask(frame)
    >>> bool(paper[100, 150]), bool(paper[5, 5])
    (True, False)
    """
    height, width = image.shape[:2]
    small = _small(image)
    tone = _without_ink(small)
    lab = np.asarray(cv2.cvtColor(tone, cv2.COLOR_RGB2LAB), np.float32)
    seed = _seed(small, tone, lab)
    mask = _whole(_grown(lab, seed) | seed, _strokes(small, tone, INK), _reach(tone))
    if not mask.any():
        return np.ones((height, width), bool)
    large = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    found: NDArray[np.bool_] = large > 0.5
    return found


def ink_mask(image: NDArray[Any], share: float = INK) -> NDArray[np.bool_]:
    """Where a frame is darker than the paper around it by `share`, in encoded brightness: ink, and edges.

    `image` is linear light, (height, width[, 3]); the result (height, width) bool.

    >>> frame = np.ones((50, 50), np.float32)
    >>> frame[25, 10:40] = 0.1
    >>> int(ink_mask(frame).sum())
    30
    """
    encoded = _encoded(image)
    return _strokes(encoded, _without_ink(encoded), share)


def _small(image: NDArray[Any]) -> FLOAT:
    height, width = image.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return _encoded(cv2.resize(np.asarray(image, np.float32), size, interpolation=cv2.INTER_AREA))


def _encoded(image: NDArray[Any]) -> FLOAT:
    """Three channels as people see them, 0..1."""
    encoded = srgb_from_linear(np.clip(np.asarray(image, np.float32), 0, 1)).astype(np.float32)
    return np.repeat(encoded[..., None], 3, axis=2) if encoded.ndim == 2 else encoded


def _reach(image: FLOAT) -> int:
    """Wider than a stroke, narrower than a margin; odd."""
    longest: int = max(image.shape[:2])
    return max(5, round(longest / 70)) | 1


def _without_ink(encoded: FLOAT) -> FLOAT:
    """The tone of the paper, strokes closed."""
    side = _reach(encoded)
    closed = cv2.morphologyEx(encoded, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.asarray(cv2.medianBlur(np.asarray(closed, np.float32), 5), np.float32)


def _strokes(encoded: FLOAT, tone: FLOAT, share: float) -> NDArray[np.bool_]:
    bright = tone.max(axis=2)
    found: NDArray[np.bool_] = (bright - encoded.max(axis=2)) / (bright + 0.05) > share
    return found


def _seed(small: FLOAT, tone: FLOAT, lab: FLOAT) -> NDArray[np.bool_]:
    """Pixels that look as the paper does where strokes are dense."""
    strokes = _strokes(small, tone, INK)
    window = max(3, small.shape[1] // 15), max(3, small.shape[0] // 15)
    density = cv2.blur(strokes.astype(np.float32), window)
    light = lab[..., 0]
    # Between strokes, and bright rather than dark: the grain of a wooden table has strokes as well.
    weight = np.where(strokes | (density > 0.6), 0, density) * (light > np.percentile(light, 30))
    dense = (weight >= np.quantile(weight, 0.75)) & (weight > 0.02)
    if not dense.any():
        dense = light >= np.quantile(light, 0.75)
    paper = np.median(lab[dense], axis=0)
    found: NDArray[np.bool_] = (light > 0.72 * paper[0]) & (_distance(lab, paper) < 14)
    return found


def _grown(lab: FLOAT, seed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The seed, grown to where tone changes slowly: each pixel is held against the paper around it."""
    light, spread = lab[..., 0], 0.05 * max(lab.shape[:2])
    darkest = 0.35 * np.median(light[seed]) if seed.any() else 0.0
    mask = seed
    for _ in range(STEPS):
        weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), spread)
        around = cv2.GaussianBlur(lab * mask[..., None], (0, 0), spread) / (weight[..., None] + 1e-4)
        near = np.abs(light - around[..., 0]) < 0.13 * around[..., 0]
        mask = near & (_distance(lab, around) < 7) & (weight > 0.08) & (light > darkest)
    return _rooted(mask & (_gradient(light) < EDGE), seed)


def _rooted(mask: NDArray[np.bool_], seed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pieces of the mask that are largely seed: between paper and a table as grey as its shade is an edge."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    sizes = np.bincount(labels.ravel(), minlength=count)
    seeded = np.bincount(labels[seed], minlength=count)
    kept = seeded > 0.3 * sizes
    kept[0] = False
    return np.asarray(kept[labels], bool)


def _gradient(light: FLOAT) -> FLOAT:
    """Change of lightness from pixel to pixel."""
    smooth = cv2.GaussianBlur(light, (0, 0), 1.0)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, dx, dy, scale=1 / 8) for dx, dy in ((1, 0), (0, 1)))
    return np.asarray(np.hypot(across, down), np.float32)


def _distance(lab: FLOAT, paper: Any) -> FLOAT:
    """How far the hue lies from that of paper, in CIELAB units."""
    return np.asarray(np.hypot(lab[..., 1] - paper[..., 1], lab[..., 2] - paper[..., 2]), np.float32)


def _whole(mask: NDArray[np.bool_], strokes: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """The piece with most writing and large ones written on nearly as densely, without holes or frays."""
    found = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((side + 4, side + 4), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(found)
    if count < 2:
        return np.zeros(mask.shape, bool)
    areas = stats[:, cv2.CC_STAT_AREA].astype(float)
    # Strokes at the rim of a piece are its outline, not writing.
    within = cv2.erode(found, np.ones((side, side), np.uint8)) > 0
    ink = np.bincount(labels[strokes & within], minlength=count) + 1e-3 * areas
    areas[0] = ink[0] = 0
    main = int(ink.argmax())
    kept = (areas > 0.12 * areas[main]) & (ink * areas[main] > 0.3 * ink[main] * areas)
    kept[main] = True
    pieces = np.asarray(kept)[labels].astype(np.uint8)
    outlines, _ = cv2.findContours(pieces, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return np.asarray(cv2.drawContours(np.zeros_like(pieces), outlines, -1, 1, -1), bool)
