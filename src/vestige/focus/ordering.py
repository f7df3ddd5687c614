"""The order of focus, found from the pictures where nobody tells it.

As the focal plane passes, each place grows sharp and soft again; so neighbours in focus are sharp in the same
places. Frames are laid on a line by the second eigenvector of their likeness (Atkins, Boman & Hendrickson
1998, 'A spectral algorithm for seriation', SIAM J. Comput. 28, 297-310), and the line is then shortened by
turning parts of it round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["longest_run", "order_of", "sharp_places"]

FLOAT = NDArray[np.float32]
#: Places along the longer side of a frame whose sharpness is compared.
PLACES: Final = 32
#: The given order stands unless another is shorter by this share.
WORTH: Final = 0.03
#: Frames that may be left out in a row.
GAP: Final = 4
#: Passes over the line at most.
PASSES: Final = 30


def sharp_places(grey: FLOAT) -> FLOAT:
    """Logarithm of sharpness on a coarse grid, of a frame (height, width) float32 of linear light.

    >>> sharp_places(np.zeros((48, 64), np.float32)).shape
    (24, 32)
    """
    root = np.sqrt(np.maximum(grey, 0), dtype=np.float32)
    detail = np.square(cv2.GaussianBlur(root, (0, 0), 0.8) - cv2.GaussianBlur(root, (0, 0), 2.0))
    shrink = min(1.0, PLACES / max(grey.shape))
    size = max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink))
    return np.asarray(np.log(cv2.resize(detail, size, interpolation=cv2.INTER_AREA) + 1e-7), np.float32)


def order_of(places: Sequence[FLOAT]) -> list[int]:
    """The numbers of frames in the order of their focus, from what `sharp_places` tells of each.

    Which end comes first cannot be seen: it is the one that was given first. An order that is as good as any
    other stands.

    >>> hills = [np.exp(-((np.arange(9.0) - peak) ** 2) / 4).astype(np.float32) for peak in (1, 5, 3, 7)]
    >>> order_of(hills)
    [0, 2, 1, 3]
    """
    count = len(places)
    given = list(range(count))
    if count < 3:
        return given
    profiles = np.stack([place.ravel() for place in places]).astype(np.float64)
    profiles -= profiles.mean(axis=0)
    distance = np.sqrt(np.square(profiles[:, None] - profiles[None]).mean(axis=2))
    near = np.median(np.sort(distance, axis=1)[:, 1:3]) + 1e-12
    likeness = np.exp(-np.square(distance / (1.5 * near)))
    np.fill_diagonal(likeness, 0)
    laplacian = np.diag(likeness.sum(axis=1)) - likeness
    line = np.argsort(np.linalg.eigh(laplacian)[1][:, 1], kind="stable").tolist()
    best = min(
        (_shortened(start, distance) for start in (line, given)), key=lambda one: _length(one, distance)
    )
    if best[0] > best[-1]:
        best = best[::-1]
    return best if _length(best, distance) < (1 - WORTH) * _length(given, distance) else given


def _length(order: list[int], distance: NDArray[np.float64]) -> float:
    return float(distance[order[:-1], order[1:]].sum())


def _shortened(order: list[int], distance: NDArray[np.float64]) -> list[int]:
    """The line with parts turned round or moved as long as that makes it shorter."""
    count = len(order)
    for _ in range(PASSES):
        length = _length(order, distance)
        changed = order
        for first in range(count):
            for last in range(first + 1, count):
                part = order[first : last + 1]
                rest = order[:first] + order[last + 1 :]
                turned = order[:first] + part[::-1] + order[last + 1 :]
                moved = [rest + part, part + rest] if last - first < 3 else []
                for trial in (turned, *moved):
                    if (found := _length(trial, distance)) < length - 1e-9:
                        length, changed = found, trial
        if changed is order:
            return order
        order = changed
    return order


def longest_run(count: int, fits: Callable[[int, int], bool]) -> list[int]:
    """The longest run of frames of which each fits the one before it, with gaps of a few that do not.

    Where most frames fit nothing, none of them can be said to be wrong, and all are kept.

    >>> longest_run(5, lambda one, other: 2 not in (one, other))
    [0, 1, 3, 4]
    """
    best: list[list[int]] = []
    for last in range(count):
        runs = [[last]]
        for before in range(last - 1, max(-1, last - 2 - GAP), -1):
            if len(best[before]) + 1 > max(len(run) for run in runs) and fits(before, last):
                runs.append([*best[before], last])
            if len(runs) > 1 and before == last - 1:
                break
        best.append(max(runs, key=len))
    longest = max(best, key=len)
    return longest if 2 * len(longest) > count else list(range(count))
