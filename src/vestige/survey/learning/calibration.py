"""How far a confidence is to be believed: expected calibration error, and setting it right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Reliability", "near_features", "temperature_of"]

#: Bins of confidence between 0 and 1.
BINS = 20
#: Pixels near a feature that a temperature is fitted to, of each batch.
SAMPLE = 20_000


@dataclass(frozen=True)
class Reliability:
    """Confidence against truth: for each bin of confidence (columns) how many pixels, the sum of their
    confidence, and how many of them were right (rows).

    >>> found = Reliability()
    >>> found.add(np.full(10, 0.9), np.arange(10) < 7)
    >>> round(found.error(), 3)
    0.2
    """

    bins: NDArray[np.float64] = field(default_factory=lambda: np.zeros((3, BINS)))

    def add(self, confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> None:
        """Count pixels: the confidence of the class shown (0..1), and whether it is the true one."""
        numbers = np.minimum((np.asarray(confidence, np.float64) * BINS).astype(int), BINS - 1)
        for row, weights in enumerate((np.ones(numbers.shape), confidence, right)):
            self.bins[row] += np.bincount(numbers.ravel(), np.ravel(weights), minlength=BINS)

    def shares(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean confidence and share that is right, of the bins that are not empty."""
        count, confidence, right = self.bins[:, self.bins[0] > 0]
        return confidence / count, right / count

    def error(self) -> float:
        """Expected calibration error (Guo et al. 2017): mean gap of confidence and truth; NaN of nothing."""
        count, confidence, right = self.bins
        return float(np.abs(confidence - right).sum() / count.sum()) if count.any() else float("nan")


def near_features(
    truth: NDArray[np.uint8], predicted: NDArray[np.uint8], out_of_bounds: int, reach: float
) -> NDArray[np.bool_]:
    """Pixels within `reach` pixels of a feature, true or found, that were surveyed.

    >>> ring = np.zeros((9, 9), np.uint8)
    >>> ring[4, 4] = 1
    >>> int(near_features(ring, np.zeros_like(ring), 2, 1.0).sum())
    5
    """
    feature = ((truth > 0) & (truth < out_of_bounds)) | ((predicted > 0) & (predicted < out_of_bounds))
    if not feature.any():
        return np.zeros(truth.shape, np.bool_)
    distance = cv2.distanceTransform((~feature).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near: NDArray[np.bool_] = (distance <= reach) & (truth != out_of_bounds)
    return near


def temperature_of(batches: Iterable[tuple[Tensor, NDArray[np.uint8]]]) -> float:
    """The number that logits are to be divided by so that confidence near features is right.

    The one that makes the cross-entropy of watched tiles least (Guo et al. 2017), over pixels within 16
    pixels of a true or found feature, since all else is easy and would hide them. 1 where there are none.

    `batches` are logits float32 (n, classes, height, width) and true classes (n, height, width).
    """
    import torch
    from scipy.optimize import minimize_scalar

    chosen, wanted = [], []
    for logits, truth in batches:
        outside = logits.shape[1] - 1
        predicted = logits[:, :outside].argmax(dim=1).numpy().astype(np.uint8)
        near = np.stack([near_features(t, p, outside, 16.0) for t, p in zip(truth, predicted, strict=True)])
        places = torch.from_numpy(np.flatnonzero(near))
        places = places[:: max(1, len(places) // SAMPLE)]
        chosen.append(logits[:, :outside].movedim(1, -1).reshape(-1, outside)[places].double())
        wanted.append(torch.from_numpy(truth.ravel())[places].long())
    known, classes = torch.cat(chosen), torch.cat(wanted)
    if not len(classes):
        return 1.0

    def loss(logarithm: float) -> float:
        return float(torch.nn.functional.cross_entropy(known / np.exp(logarithm), classes))

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))
