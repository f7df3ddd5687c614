"""Bringing one frame on to another: several methods, one judge.

No single method holds on every pair (measured: intensity correlation diverges between distant bands, gradient
correlation lost a painted page by 9 px, SIFT has 1 px of noise). So each proposes, all are judged by one score, and the
winner must come back to where it started when the two frames change places.
"""

from __future__ import annotations

from collections.abc import Iterator
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
CLOSED_LOOP_PIXELS: Final = 0.5
SURE_SCORE: Final = 0.6
SCALES: Final = (1.0, 0.5, 2.0, 0.71, 1.41)


@dataclass(frozen=True)
class Registration:
    """How a moving frame lies on a fixed one.

    Attributes
    ----------
    matrix : 3 x 3 float64, from FIXED pixels (x, y, 1) to MOVING pixels; `warp(moving, matrix, fixed.shape)` brings
        the moving frame on to the fixed one.
    score : correlation of the locally normalised gradient strengths of both, -1..1.
    residual : closed loop, fixed to moving and back by separate alignments: root-mean-square distance in fixed pixels.
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


@dataclass(frozen=True)
class _Proposal:
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
    shrink = min(1.0, working_side / max(fixed.shape[0], fixed.shape[1], moving.shape[0], moving.shape[1]))
    here, there = _frame(fixed, mask, shrink), _frame(moving, None, shrink)
    begin = None if initial is None else scaled(np.asarray(initial, np.float64), shrink, shrink)
    proposals = sorted(_proposals(here, there, model, begin), key=lambda one: -one.score)
    best, residual = _closing(proposals, here, there, model)
    matrix = scaled(best.matrix, 1 / shrink, 1 / shrink)
    return Registration(matrix, best.score, residual / shrink, best.method)


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
        size = max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink))
        grey, weight = (
            np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
            for part in (grey, weight)
        )
    # Roots even out what deep shadows and lights contribute.
    grey = np.sqrt(np.clip(grey - min(0.0, float(grey.min())), 0, None)).astype(np.float32)
    return _Frame(grey, Pyramid.of(gradient_strength(grey), weight), Pyramid.of(local_contrast(grey), weight))


def _proposals(here: _Frame, there: _Frame, model: Model, begin: Matrix | None) -> Iterator[_Proposal]:
    """Every method's answer from the best start."""

    def judged(matrix: Matrix, method: Method) -> _Proposal:
        return _Proposal(matrix, similarity_of(here.gradient, there.gradient, matrix, level=1), method)

    start = np.eye(3) if begin is None else begin
    yield judged(start, "initial")
    matched = _matched(here, there, model)
    if matched is not None:
        yield judged(matched, "features")
    starts = [fitted(start, model, here.grey.shape), *([] if matched is None else [matched])]
    if begin is None and matched is None:
        starts += _blind_starts(here, there, model)
    kinds: tuple[tuple[Method, Pyramid, Pyramid], ...] = (
        ("gradient", here.gradient, there.gradient),
        ("intensity", here.intensity, there.intensity),
    )
    for method, one, other in kinds:
        coarse = [align(one, other, each, model) for each in starts]
        yield from (judged(each, method) for each in coarse)


def _matched(here: _Frame, there: _Frame, model: Model) -> Matrix | None:
    """The transform on which most details agree, in the picture, its negative, or its edges."""
    found = [
        features.match(here.grey, there.grey, model),
        features.match(here.grey, there.grey, model, inverted=True),
    ]
    if max((one[1] for one in found if one), default=0) < 40:
        found.append(features.match(here.gradient.levels[0][0], there.gradient.levels[0][0], model))
    return max((one for one in found if one), key=lambda one: one[1], default=(None, 0))[0]


def _blind_starts(here: _Frame, there: _Frame, model: Model) -> list[Matrix]:
    """Centre on centre at several scales, the best two by a coarse look."""
    ratio = np.sqrt(there.grey.size / here.grey.size)
    middle = [np.array([(side - 1) / 2 for side in frame.grey.shape[::-1]]) for frame in (here, there)]
    starts = []
    for scale in SCALES if model != "translation" else (1.0,):
        matrix = np.eye(3)
        matrix[:2, :2] *= scale * (ratio if model != "translation" else 1.0)
        matrix[:2, 2] = middle[1] - matrix[:2, :2] @ middle[0]
        coarse = align(
            here.gradient, there.gradient, matrix, "translation" if model == "translation" else "similarity"
        )
        starts.append(
            (
                similarity_of(here.gradient, there.gradient, coarse, level=1),
                fitted(coarse, model, here.grey.shape),
            )
        )
    return [matrix for _, matrix in sorted(starts, key=lambda one: -one[0])[:2]]


def _closing(
    proposals: list[_Proposal], here: _Frame, there: _Frame, model: Model
) -> tuple[_Proposal, float]:
    """The best proposal that comes back to where it started, else the one that comes nearest."""
    loops: list[tuple[_Proposal, float]] = []
    for proposal in proposals:
        if abs(np.linalg.det(proposal.matrix)) < 1e-6:
            continue
        if loops and proposal.score < 0.8 * proposals[0].score:
            break
        loops.append((proposal, _loop(proposal, here, there, model)))
        if loops[-1][1] < CLOSED_LOOP_PIXELS:
            return loops[-1]
    return min(loops, key=lambda one: one[1], default=(proposals[0], float("inf")))


def _loop(proposal: _Proposal, here: _Frame, there: _Frame, model: Model) -> float:
    """Align the other way round from a shifted start, and measure how far off the way back ends."""
    pair = (
        (there.intensity, here.intensity)
        if proposal.method == "intensity"
        else (there.gradient, here.gradient)
    )
    nudge = matrix_of(np.array([2.0, -1.5]), "translation")
    back = align(
        *pair, fitted(nudge @ np.linalg.inv(proposal.matrix), model, there.grey.shape), model, coarsest=2
    )
    return displacement(back @ proposal.matrix, np.eye(3), here.grey.shape)
