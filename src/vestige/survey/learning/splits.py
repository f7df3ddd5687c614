"""Which tile belongs to which split, and whether ground is seen in two of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["SPLITS", "groups_of", "leaks_of", "splits_of"]

SPLITS = ("train", "validation", "test")
#: Multiples of the golden ratio fall evenly, however many there are.
GOLDEN = 0.6180339887498949

Box = tuple[float, float, float, float]


def splits_of(count: int, validation: float, test: float) -> list[str]:
    """The split of each of `count` sites or tiles: the shares are exact to one, and lie evenly among them.

    >>> [splits_of(50, 0.3, 0.1).count(split) for split in SPLITS]
    [30, 15, 5]
    """
    order = np.argsort((np.arange(count) * GOLDEN) % 1.0, kind="stable")
    tested, validated = round(test * count), round(validation * count)
    names = np.full(count, "train", object)
    names[order[:tested]] = "test"
    names[order[tested : tested + validated]] = "validation"
    return [str(name) for name in names]


def groups_of(places: Sequence[tuple[str, Box]]) -> list[int]:
    """A number for each tile or site, the same for all that share ground, also by way of others.

    `places` are a name of the map (tiles of different maps share nothing) and west, south, east, north.

    >>> groups_of([("a", (0, 0, 2, 2)), ("a", (5, 0, 7, 2)), ("a", (1, 1, 6, 3)), ("b", (0, 0, 2, 2))])
    [0, 0, 0, 3]
    """
    parent = list(range(len(places)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in _touching(places):
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return [root(number) for number in range(len(places))]


def leaks_of(places: Sequence[tuple[str, Box]], splits: Sequence[str]) -> int:
    """How many pairs of tiles share ground though they are in different splits.

    >>> leaks_of([("a", (0, 0, 2, 2)), ("a", (1, 1, 3, 3))], ["train", "test"])
    1
    """
    return sum(splits[one] != splits[other] for one, other in _touching(places))


def _touching(places: Sequence[tuple[str, Box]]) -> list[tuple[int, int]]:
    """Pairs that share ground."""
    import shapely

    pairs = []
    for name in dict.fromkeys(name for name, _ in places):
        numbers = [number for number, (other, _) in enumerate(places) if other == name]
        boxes: NDArray[np.object_] = np.array([shapely.box(*places[number][1]) for number in numbers])
        ones, others = shapely.STRtree(boxes).query(boxes)
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            if one < other and shapely.intersection(boxes[one], boxes[other]).area > 0:
                pairs.append((numbers[one], numbers[other]))
    return pairs
