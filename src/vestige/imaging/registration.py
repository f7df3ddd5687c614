"""Bringing one frame on to another: several methods, one judge.

No single method holds on every pair (measured: intensity correlation diverges between distant bands, gradient
correlation lost a painted page by 9 px, SIFT has 1 px of noise). So each proposes, all are judged by one
score, and the winner must come back to where it started when the two frames change places.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError
from vestige.imaging import features
from vestige.imaging.correlation import (
    FloatImage,
    Pyramid,
    align,
    gradient_strength,
    local_contrast,
    similarity_of,
)
from vestige.imaging.transforms import MODELS, Matrix, Model, displacement, fitted, matrix_of, scaled

__all__ = ["Method", "Registration", "register"]

Method = Literal["gradient", "intensity", "features", "initial"]
WORKING_SIDE: Final = 1600
COARSE_SIDE: Final = 900
COARSE_LEVEL: Final = 1
SURE_MATCHES: Final = 40
CLOSED_LOOP_PIXELS: Final = 0.3
# Proposals within this share of the best score are as good as it: the closed loop decides between them.
NEARLY_BEST: Final = 0.97
SCALES: Final = (1.0, 0.5, 2.0, 0.71, 1.41)


@dataclass(frozen=True)
class Registration:
    """How a moving frame lies on a fixed one.

    Attributes
    ----------
    matrix : 3 x 3 float64, from FIXED pixels (x, y, 1) to MOVING pixels; `warp(moving, matrix,
        fixed.shape)` brings the moving frame on to the fixed one.
    score : correlation of the locally normalised gradient strengths of both, -1..1.
    residual : closed loop, fixed to moving and back by separate alignments: root-mean-square distance in
        fixed pixels.
    method : which proposal won: 'gradient', 'intensity', 'features', or 'initial' where nothing was better.

    >>> Registration(np.eye(3), 1.0, 0.0, "initial").method
    'initial'
    """

    matrix: NDArray[np.float64]
    score: float
    residual: float
    method: Method


@dataclass(frozen=True)
class _Frame:
    """What the methods see of one frame, at working size."""

    grey: FloatImage
    gradient: Pyramid
    intensity: Pyramid
    negative: Pyramid


@dataclass(frozen=True)
class _Pair:
    """Both frames at working size, and how much each was shrunk."""

    here: _Frame
    there: _Frame
    shrink_here: float
    shrink_there: float

    def working(self, matrix: Matrix) -> Matrix:
        return scaled(matrix, self.shrink_there, self.shrink_here)

    def full(self, matrix: Matrix) -> Matrix:
        return scaled(matrix, 1 / self.shrink_there, 1 / self.shrink_here)


@dataclass(frozen=True)
class _Proposal:
    """A transform between the frames of a pair, at working size."""

    matrix: Matrix
    score: float
    method: Method


def register(
    fixed: NDArray[Any],
    moving: NDArray[Any],
    *,
    model: Model = "similarity",
    initial: ArrayLike | None = None,
    mask: NDArray[Any] | None = None,
    working_side: int = WORKING_SIDE,
) -> Registration:
    """Find the transform that brings `moving` on to `fixed`; contrast may be reversed, sizes may differ.

    Parameters
    ----------
    fixed, moving : (height, width[, 3]) linear light; NaN where unknown.
    model : 'translation', 'similarity', 'affine' or 'homography'.
    initial : 3 x 3 start from fixed to moving pixels; without one, details of the frames are matched.
    mask : (height, width) of the fixed frame, true where it counts.
    working_side : both frames are shrunk to at most this many pixels a side.

    Returns
    -------
    Registration : judge it by `residual`; a large one (> 1) means that the frames do not fit by this model.

    >>> random = np.random.default_rng(1)
    >>> scene = cv2.GaussianBlur(random.normal(size=(140, 170)).astype(np.float32), (0, 0), 2)
    >>> found = register(scene[:, :-7], scene[:, 7:], model="translation")
    >>> found.matrix[:2, 2].round(1).tolist()
    [-7.0, 0.0]
    """
    if model not in MODELS:
        raise UsageError(f"model must be one of {', '.join(MODELS)}, not {model!r}")
    if mask is not None and mask.shape[:2] != fixed.shape[:2]:
        raise UsageError(f"mask has shape {mask.shape}, the fixed frame {fixed.shape}")
    start = _coarse_start(fixed, moving, mask, model, initial)
    pair = _matched_resolution(fixed, moving, mask, start, working_side)
    proposals = _proposals(pair, pair.working(start), model)
    best, residual = _closing(proposals, pair, model)
    if residual > CLOSED_LOOP_PIXELS:
        matched, agreeing = _matched(pair, model)
        if matched is not None and agreeing >= SURE_MATCHES:
            proposals.append(_Proposal(matched, _score(pair, matched), "features"))
            best, residual = _closing(sorted(proposals, key=lambda one: -one.score), pair, model)
    return Registration(pair.full(best.matrix), best.score, residual / pair.shrink_here, best.method)


def _coarse_start(
    fixed: NDArray[Any],
    moving: NDArray[Any],
    mask: NDArray[Any] | None,
    model: Model,
    initial: ArrayLike | None,
) -> Matrix:
    """A rough transform in full-size pixels: the given one, matched details, or blind trials, whichever
    fits best.
    """
    # Two views of one thing fill their frames alike: equal sizes even out different resolutions.
    shrink_here = min(1.0, COARSE_SIDE / max(fixed.shape[:2]))
    shrink_there = min(1.0, COARSE_SIDE / max(moving.shape[:2]))
    if model == "translation":
        shrink_here = shrink_there = min(shrink_here, shrink_there)
    elif initial is None and shrink_here == shrink_there == 1.0:
        size_here, size_there = max(fixed.shape[:2]), max(moving.shape[:2])
        shrink_here, shrink_there = min(1.0, size_there / size_here), min(1.0, size_here / size_there)
    pair = _pair(fixed, moving, mask, shrink_here, shrink_there)
    rough: Model = "translation" if model == "translation" else "similarity"
    matched, agreeing = _matched(pair, rough)
    starts = [np.eye(3) if initial is None else pair.working(np.asarray(initial, np.float64))]
    starts += [] if matched is None else [matched]
    if initial is None and agreeing < SURE_MATCHES:
        starts += _blind_starts(pair, rough)
    scored = []
    for each in starts:
        begin = fitted(each, rough, pair.here.grey.shape)
        coarse = align(pair.here.gradient, pair.there.gradient, begin, rough, finest=COARSE_LEVEL)
        scored += [(_score(pair, matrix), matrix) for matrix in (each, coarse)]
    return pair.full(max(scored, key=lambda one: one[0])[1])


def _matched_resolution(
    fixed: NDArray[Any], moving: NDArray[Any], mask: NDArray[Any] | None, start: Matrix, working_side: int
) -> _Pair:
    """Both frames at working size, the finer one shrunk to the pixels of the other, so that neither is
    aliased.
    """
    shrink_here = min(1.0, working_side / max(fixed.shape[:2]))
    shrink_there = min(1.0, working_side / max(moving.shape[:2]))
    enlarged = float(np.sqrt(abs(np.linalg.det(start[:2, :2])))) * shrink_there / shrink_here
    if enlarged > 1.15:
        shrink_there /= enlarged
    elif 0 < enlarged < 0.87:
        shrink_here *= enlarged
    return _pair(fixed, moving, mask, shrink_here, shrink_there)


def _pair(
    fixed: NDArray[Any],
    moving: NDArray[Any],
    mask: NDArray[Any] | None,
    shrink_here: float,
    shrink_there: float,
) -> _Pair:
    here, there = _frame(fixed, mask, shrink_here), _frame(moving, None, shrink_there)
    # Whole pixels round the sizes: the true ratios are those of the shrunk frames.
    true_here = here.grey.shape[1] / fixed.shape[1] if shrink_here < 1 else 1.0
    true_there = there.grey.shape[1] / moving.shape[1] if shrink_there < 1 else 1.0
    return _Pair(here, there, true_here, true_there)


def _frame(image: NDArray[Any], mask: NDArray[Any] | None, shrink: float) -> _Frame:
    grey = np.asarray(image, np.float32)
    grey = grey.mean(axis=2) if grey.ndim == 3 else grey
    known = np.isfinite(grey)
    weight = (known if mask is None else known & np.asarray(mask, bool).reshape(grey.shape)).astype(
        np.float32
    )
    if not known.all():
        grey = np.where(known, grey, np.float32(np.median(grey[known]) if known.any() else 0))
    if shrink < 1:
        grey, weight = _shrunk(grey, shrink), _shrunk(weight, shrink)
    # Roots even out what deep shadows and lights contribute.
    grey = np.sqrt(np.clip(grey - min(0.0, float(grey.min())), 0, None)).astype(np.float32)
    contrast = local_contrast(grey)
    gradient, intensity = Pyramid.of(gradient_strength(grey), weight), Pyramid.of(contrast, weight)
    return _Frame(grey, gradient, intensity, intensity.negative())


def _shrunk(image: FloatImage, shrink: float) -> FloatImage:
    """Shrunk by the same ratio both ways, to a hair: a last row or column that does not fill a pixel is
    cut off.
    """
    width = max(1, round(image.shape[1] * shrink))
    ratio = image.shape[1] / width
    height = max(1, int(image.shape[0] / ratio))
    used = image[: max(1, round(height * ratio))]
    return np.asarray(cv2.resize(used, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _score(pair: _Pair, matrix: Matrix) -> float:
    return similarity_of(pair.here.gradient, pair.there.gradient, matrix, level=1)


def _matched(pair: _Pair, model: Model) -> tuple[Matrix | None, int]:
    """The transform on which most details agree, in the picture, its negative, or its edges."""
    here, there = pair.here, pair.there
    found = [features.match(here.grey, there.grey, model)]
    if found[0] is None or found[0][1] < SURE_MATCHES:
        found.append(features.match(here.grey, there.grey, model, inverted=True))
        found.append(features.match(here.gradient.levels[0][0], there.gradient.levels[0][0], model))
    return max((one for one in found if one), key=lambda one: one[1], default=(None, 0))


def _blind_starts(pair: _Pair, model: Model) -> list[Matrix]:
    """Centre on centre, at several scales."""
    middle = [(np.array(frame.grey.shape[::-1]) - 1) / 2 for frame in (pair.here, pair.there)]
    starts = []
    for scale in SCALES if model != "translation" else (1.0,):
        matrix = np.diag([scale, scale, 1.0])
        matrix[:2, 2] = middle[1] - scale * middle[0]
        starts.append(matrix)
    return starts


def _proposals(pair: _Pair, start: Matrix, model: Model) -> list[_Proposal]:
    """What both correlations make of the start, the best first."""
    here, there = pair.here, pair.there
    begin = fitted(start, model, here.grey.shape)
    gradient = align(here.gradient, there.gradient, begin, model, coarsest=3)
    reversed_contrast = similarity_of(here.intensity, there.intensity, gradient, level=1) < 0
    second = there.negative if reversed_contrast else there.intensity
    intensity = align(here.intensity, second, begin, model, coarsest=3)
    found: list[tuple[Matrix, Method]] = [
        (begin, "initial"),
        (gradient, "gradient"),
        (intensity, "intensity"),
    ]
    proposals = [_Proposal(matrix, _score(pair, matrix), method) for matrix, method in found]
    return sorted(proposals, key=lambda one: -one.score)


def _closing(proposals: list[_Proposal], pair: _Pair, model: Model) -> tuple[_Proposal, float]:
    """Of the proposals that fit nearly as well as the best, the one that comes back nearest to where it
    started.
    """
    limit = proposals[0].score - (1 - NEARLY_BEST) * abs(proposals[0].score)
    near = [one for one in proposals if one.score >= limit and abs(np.linalg.det(one.matrix)) > 1e-6]
    # The start is the rough answer of the coarse stage: it stands only where refining it made it worse.
    near = [one for one in near if one.method != "initial"] or near
    loops = [(one, _loop(one, pair, model)) for one in near]
    return min(loops, key=lambda one: one[1], default=(proposals[0], float("inf")))


def _loop(proposal: _Proposal, pair: _Pair, model: Model) -> float:
    """Align the other way round from a shifted start, and measure how far off the way back ends."""
    here, there = pair.here, pair.there
    views = (there.gradient, here.gradient)
    if proposal.method == "intensity":
        reversed_contrast = similarity_of(here.intensity, there.intensity, proposal.matrix, level=1) < 0
        views = (there.intensity, here.negative if reversed_contrast else here.intensity)
    nudge = matrix_of(np.array([2.0, -1.5]), "translation")
    begin = fitted(nudge @ np.linalg.inv(proposal.matrix), model, there.grey.shape)
    # Half the size tells a closed loop from an open one at a quarter of the time; only doubt needs the rest.
    back = align(*views, begin, model, coarsest=2, finest=1)
    residual = displacement(back @ proposal.matrix, np.eye(3), here.grey.shape)
    if residual > CLOSED_LOOP_PIXELS / 3:
        back = align(*views, back, model, coarsest=0)
        residual = displacement(back @ proposal.matrix, np.eye(3), here.grey.shape)
    return residual
