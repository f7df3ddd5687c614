"""How well a class map agrees with the truth: intersection over union, and what it is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.survey.mapping.model import CLASSES

__all__ = ["confusion", "scores"]

Counts = NDArray[np.int64]


def confusion(
    truth: NDArray[np.integer[Any]], predicted: NDArray[np.integer[Any]], classes: int = 3
) -> Counts:
    """Counts of pixels, (true class, predicted class), int64.

    >>> confusion(np.array([0, 1, 1, 2]), np.array([0, 1, 0, 2]))
    array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    """
    pairs = truth.astype(np.int64).ravel() * classes + predicted.astype(np.int64).ravel()
    counts: Counts = np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
    return counts


def scores(counts: Counts, names: Sequence[str] = CLASSES) -> dict[str, float]:
    """Scores of a confusion matrix of classes that `names` names, the last one out of bounds.

    `miou` is the mean over all classes, three in the Mag-Net paper; `miou_two_class` the mean without out of
    bounds, over pixels that were surveyed; `ring_iou` that of class 1; `trivial_miou` what
    "nothing but background, and the mask of what was surveyed" scores on the same pixels: `miou` alone
    flatters.

    >>> found = scores(np.array([[90, 0, 0], [5, 5, 0], [0, 0, 100]]))
    >>> round(found["miou"], 3), round(found["iou_feature"], 3), round(found["trivial_miou"], 3)
    (0.816, 0.5, 0.633)
    """
    surveyed = counts[:-1, :-1]
    per_class = _iou(counts)
    trivial = np.zeros_like(counts)
    trivial[:-1, 0] = counts[:-1].sum(axis=1)
    trivial[-1, -1] = counts[-1].sum()
    found, wanted = counts[1, 1], counts[1].sum()
    return {
        "miou": _mean(per_class),
        **{
            f"iou_{name.replace('-', '_')}": float(value)
            for name, value in zip(names, per_class, strict=True)
        },
        "ring_iou": float(per_class[1]),
        "miou_two_class": _mean(_iou(surveyed)),
        "trivial_miou": _mean(_iou(trivial)),
        "precision": float(found / max(counts[:, 1].sum(), 1)),
        "recall": float(found / max(wanted, 1)),
    }


def _mean(values: NDArray[np.float64]) -> float:
    """The mean over the classes that occur; NaN where none does (a tile that was not surveyed)."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _iou(counts: Counts) -> NDArray[np.float64]:
    """Intersection over union of each class; NaN for a class that occurs in neither."""
    both = np.diag(counts).astype(np.float64)
    either = counts.sum(axis=0) + counts.sum(axis=1) - both
    shares: NDArray[np.float64] = np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)
    return shares
