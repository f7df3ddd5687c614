"""Aligning two images by matched details: SIFT (Lowe 2004) and random sample consensus (MAGSAC++, Barath
2020).
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging.transforms import Matrix, Model, fitted, matrix_of

__all__ = ["match"]

MOST_FEATURES: Final = 4000
RATIO: Final = 0.85
FEWEST_INLIERS: Final = 8
TOLERANCE_PIXELS: Final = 3.0


def match(
    fixed: NDArray[np.float32], moving: NDArray[np.float32], model: Model, *, inverted: bool = False
) -> tuple[Matrix, int] | None:
    """Transform from fixed to moving pixels by matched details, and how many agree; None where too few do.

    `inverted` turns the moving image into its negative first: infrared often shows dark what light shows
    bright.

    >>> random = np.random.default_rng(0)
    >>> scene = cv2.GaussianBlur(random.normal(size=(120, 150)).astype(np.float32), (0, 0), 2)
    >>> found = match(scene[:, :-10], scene[:, 10:], "translation")
    >>> found is not None and bool(abs(found[0][0, 2] + 10) < 0.2)
    True
    """
    here, there = _described(_bytes(fixed)), _described(_bytes(-moving if inverted else moving))
    if here is None or there is None:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(here[1], there[1], k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < RATIO * pair[1].distance]
    if len(good) < FEWEST_INLIERS:
        return None
    source = np.array([here[0][one.queryIdx] for one in good], np.float32)
    target = np.array([there[0][one.trainIdx] for one in good], np.float32)
    return _consensus(source, target, model, fixed.shape)


def _consensus(
    source: NDArray[np.float32], target: NDArray[np.float32], model: Model, shape: tuple[int, ...]
) -> tuple[Matrix, int] | None:
    cv2.setRNGSeed(0)
    if model == "homography":
        matrix, agreeing = cv2.findHomography(source, target, cv2.USAC_MAGSAC, TOLERANCE_PIXELS)
    else:
        estimate: Any = cv2.estimateAffine2D if model == "affine" else cv2.estimateAffinePartial2D
        matrix, agreeing = estimate(
            source, target, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE_PIXELS, maxIters=5000
        )
    if matrix is None or agreeing is None or int(agreeing.sum()) < FEWEST_INLIERS:
        return None
    inliers = agreeing.reshape(-1).astype(bool)
    if model == "translation":
        return matrix_of(np.median(target[inliers] - source[inliers], axis=0).astype(float), model), int(
            inliers.sum()
        )
    whole = np.eye(3)
    whole[: len(matrix)] = matrix
    return fitted(whole, model, shape), int(inliers.sum())


def _bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(image, [1, 99])
    return np.asarray(np.clip((image - low) / (high - low + 1e-12) * 255, 0, 255), np.uint8)


def _described(image: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    detector: Any = cv2.SIFT_create(MOST_FEATURES, contrastThreshold=0.02)  # type: ignore[attr-defined]
    points, descriptors = detector.detectAndCompute(image, None)
    if descriptors is None or len(points) < FEWEST_INLIERS:
        return None
    # RootSIFT (Arandjelovic & Zisserman 2012): the Hellinger distance matches better than the Euclidean.
    root = np.sqrt(descriptors / (descriptors.sum(axis=1, keepdims=True) + 1e-12))
    return np.array([point.pt for point in points], np.float32), root.astype(np.float32)
