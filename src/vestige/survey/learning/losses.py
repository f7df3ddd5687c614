"""What training makes smaller: cross-entropy, and losses of the overlap that converge beside it.

An overlap alone (1 - IoU) gives almost no slope where a network finds nothing yet, which is how it starts:
the Mag-Net paper saw it fail. Beside the cross-entropy, which slopes everywhere, it converges.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

__all__ = ["RegionLoss", "class_weights", "loss_of"]

RegionLoss = Literal["none", "dice", "jaccard", "lovasz"]


def class_weights(counts: Tensor) -> Tensor:
    """Weights of the classes by the inverse root of their share, mean 1 over all pixels: float32 (classes,).

    The inverse itself lets a few pixels of a rare class outshout all others; its root does not.

    >>> [round(weight, 2) for weight in class_weights(torch.tensor([90, 10, 0])).tolist()]
    [0.83, 2.5, 0.0]
    """
    share = counts.double() / counts.sum()
    weights = torch.where(share > 0, share.clamp(min=1e-6).rsqrt(), torch.zeros_like(share))
    return (weights / (weights * share).sum()).float()


def loss_of(
    logits: Tensor,
    classes: Tensor,
    *,
    region: RegionLoss = "none",
    region_weight: float = 1.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Cross-entropy (weighted by class where `weights` are given) plus an overlap loss of the features.

    `logits` float32 (n, classes, height, width), `classes` int64 (n, height, width). The last class is out
    of bounds; every one between it and the first is a kind of feature, and their losses are averaged.

    >>> ring = torch.ones(1, 4, 4, dtype=torch.long)
    >>> sure = 20.0 * torch.nn.functional.one_hot(ring, 3).movedim(3, 1)
    >>> [round(float(loss_of(sure, ring, region=r)), 4)
    ...     for r in ("none", "dice", "jaccard", "lovasz")]
    [0.0, 0.0, 0.0, 0.0]
    """
    loss = torch.nn.functional.cross_entropy(logits, classes, weight=weights)
    if region == "none":
        return loss
    probabilities = torch.softmax(logits, dim=1)
    features = range(1, logits.shape[1] - 1)
    parts = [_REGION[region](probabilities[:, number], classes == number) for number in features]
    return loss + region_weight * torch.stack(parts).mean()


def _dice(share: Tensor, wanted: Tensor) -> Tensor:
    """1 - F1 of soft masks over the whole batch (Milletari et al. 2016)."""
    truth = wanted.to(share.dtype)
    return 1 - (2 * (share * truth).sum() + 1) / (share.sum() + truth.sum() + 1)


def _jaccard(share: Tensor, wanted: Tensor) -> Tensor:
    """1 - IoU of soft masks over the whole batch (Rahman & Wang 2016)."""
    truth = wanted.to(share.dtype)
    both = (share * truth).sum()
    return 1 - (both + 1) / (share.sum() + truth.sum() - both + 1)


def _lovasz(share: Tensor, wanted: Tensor) -> Tensor:
    """The Lovász extension of 1 - IoU (Berman, Triki & Blaschko 2018)."""
    truth = wanted.to(share.dtype).flatten()
    errors, order = torch.sort((truth - share.flatten()).abs(), descending=True, stable=True)
    ordered = truth[order]
    total = ordered.sum()
    both = total - ordered.cumsum(0)
    either = total + (1 - ordered).cumsum(0)
    jaccard = 1 - both / either.clamp(min=1)
    slopes = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    return (errors * slopes).sum()


_REGION = {"dice": _dice, "jaccard": _jaccard, "lovasz": _lovasz}
