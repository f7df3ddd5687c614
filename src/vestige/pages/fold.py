"""The fold of a spread: where the tone of the paper changes, from top to bottom, with paper on both sides.

The darkest column is no fold: ink, the table and the edge of the book are darker. So the ink is taken away
first (of a band of rows that spans two lines of text, the bright pixels of each column are paper), then the
tone left and right of each nearly vertical line is compared, band by band. Two pages of a book lie at
different slopes, so one is lit more than the other; a scanned book has a broad shadow instead. Text and
printed rules do neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging import srgb_from_linear
from vestige.pages.geometry import Fold
from vestige.pages.paper import paper_mask

__all__ = ["find_fold"]

FLOAT = NDArray[np.float32]
SIDE = 640
BANDS = 24
SLOPES = tuple(float(slope) for slope in range(-4, 5))
NARROWEST = 0.085
LARGEST_STEP = 0.6


def find_fold(
    image: NDArray[Any],
    paper: NDArray[np.bool_] | None = None,
    *,
    threshold: float = 0.03,
    upright_threshold: float = 0.15,
) -> Fold | None:
    """The fold of a spread, or None where the frame shows a single page.

    Parameters
    ----------
    image : linear light 0..1, (height, width) or (height, width, 3).
    paper : where the frame shows paper, (height, width) bool; found by `paper_mask` where not given.
    threshold : least score of a fold: log of the brightness of one page over the other, or depth of the
        shadow, times the share of the height on which it is seen.
    upright_threshold : the same for frames taller than wide, which seldom show two pages.

    Returns
    -------
    The line in pixels of `image`, or None.

    >>> frame = np.full((300, 400), 0.6, np.float32)
    >>> frame[:, 250:] = 0.45
    >>> frame[30:270:12, 20:230] = frame[36:270:12, 270:390] = 0.05
    >>> fold = find_fold(frame)
    >>> round(fold.top / 10), round(fold.bottom / 10)
    (25, 25)
    """
    height, width = image.shape[:2]
    paper = paper_mask(image) if paper is None else paper
    scale = min(1.0, SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = cv2.resize(np.asarray(image, np.float32), size, interpolation=cv2.INTER_AREA)
    light = _logarithm(np.asarray(small, np.float32))
    mask = np.asarray(cv2.resize(paper.astype(np.float32), size), np.float32)
    if not np.ptp(light):
        return None
    coarse = max((_best(light, mask, slope) for slope in SLOPES), key=lambda found: found.score)
    beside = (_best(light, mask, coarse.slope + turn) for turn in (-0.5, 0.5))
    best = max((coarse, *beside), key=lambda found: found.score)
    if best.score < (threshold if width >= height else upright_threshold):
        return None
    lean = math.tan(math.radians(best.slope)) * size[1] / 2
    factor = width / size[0]
    return Fold((best.x - lean) * factor, (best.x + lean) * factor, round(best.score, 4))


@dataclass(frozen=True)
class _Candidate:
    slope: float
    x: float
    score: float


def _logarithm(image: FLOAT) -> FLOAT:
    encoded = srgb_from_linear(np.clip(image, 0, 1)).astype(np.float32)
    bright = encoded if encoded.ndim == 2 else encoded.max(axis=2)
    return np.asarray(np.log(cv2.GaussianBlur(bright, (0, 0), 0.7) + 0.02), np.float32)


def _best(light: FLOAT, mask: FLOAT, slope: float) -> _Candidate:
    """The best line of one slope (degrees): the score of each column of the frame sheared upright."""
    tone = _tone(_sheared(light, slope))
    reach = max(3, round(0.012 * tone.shape[1]))
    # A printed rule is thin and closes; a step stays where it is, and a shadow is broad.
    plain = np.asarray(cv2.morphologyEx(tone, cv2.MORPH_CLOSE, np.ones((1, reach), np.uint8)), np.float32)
    paper = _bands(_sheared(mask, slope)).mean(axis=1) > 0.5
    width = tone.shape[1]
    near = np.asarray(cv2.blur(plain, (reach, 1)), np.float32)
    left, right = _aside(near, reach // 2 + 2)
    far_left, far_right = _aside(near, round(0.035 * width))
    valid = paper & np.logical_and(*_aside(paper, reach // 2 + 2))
    valid &= np.logical_and(*_aside(paper, round(0.04 * width)))
    step = np.where(valid, right - left, np.nan)
    valley = np.where(valid, np.minimum(far_left, far_right) - near, np.nan)
    line = np.where(valid, np.minimum(left, right) - cv2.blur(tone, (3, 1)), np.nan)
    score = _score(step, valley, line)
    margin = round(NARROWEST * width)
    score[:margin] = score[width - margin :] = 0
    x = int(score.argmax())
    return _Candidate(slope, x + 0.5, float(score[x]))


def _score(step: FLOAT, valley: FLOAT, line: FLOAT) -> FLOAT:
    """Columns where the tone steps, in all bands alike, or lies in a shadow; a thin line alone is a rule."""
    seen = np.isfinite(step).mean(axis=0)
    usable = seen > 0.3
    score = np.zeros(step.shape[1], np.float32)
    if not usable.any():
        return score
    steps = np.nanmedian(step[:, usable], axis=0)
    agreement = np.abs(np.nanmean(np.sign(step[:, usable]), axis=0))
    shadow = np.maximum(np.nanmedian(valley[:, usable], axis=0), 0)
    dark = np.nanpercentile(valley[:, usable], 25, axis=0) > 0
    depth = np.abs(steps) * agreement + np.where(dark, shadow, 0)
    crease = np.clip(np.nanmedian(line[:, usable], axis=0), 0, depth)
    score[usable] = np.where(np.abs(steps) < LARGEST_STEP, depth + crease, 0) * seen[usable]
    return score


def _bands(light: FLOAT) -> NDArray[Any]:
    """Overlapping bands of rows, (BANDS, rows a band, width)."""
    height = len(light)
    tall = max(1, min(height, 2 * height // BANDS))
    first = np.linspace(0, height - tall, BANDS).astype(int)
    found: NDArray[Any] = light[first[:, None] + np.arange(tall)]
    return found


def _tone(light: FLOAT) -> FLOAT:
    """The tone of the paper, (BANDS, width): in each band of rows, the bright pixels of each column."""
    bands = _bands(light)
    brighter = int(0.8 * (bands.shape[1] - 1))
    return np.asarray(np.partition(bands, brighter, axis=1)[:, brighter], np.float32)


def _sheared(image: FLOAT, slope: float) -> FLOAT:
    """The image with lines of that slope (degrees, x growing downwards) upright, about the middle row."""
    height, width = image.shape
    lean = math.tan(math.radians(slope))
    matrix = np.array([[1, lean, -lean * height / 2], [0, 1, 0]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sheared = cv2.warpAffine(image, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sheared, np.float32)


def _aside(values: NDArray[Any], distance: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """For each column, what stands `distance` to the left and to the right of it."""
    padded = np.pad(values, ((0, 0), (distance, distance)), mode="edge")
    return padded[:, : values.shape[1]], padded[:, 2 * distance :]
