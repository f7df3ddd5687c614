"""Where interpreters differ on a feature, how well they agree, and what stands where they do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from shapely.geometry.base import BaseGeometry

from vestige.display.interpretation.standing import POSITIVE, REJECTED

#: Outlines that share less than this of their union differ: the corners of one were moved.
SAME_OUTLINE = 0.99


@dataclass(frozen=True)
class View:
    """What one interpreter holds of one feature; `outline` in metres on the ground."""

    review: str
    class_name: str
    outline: BaseGeometry

    @property
    def decided(self) -> bool:
        """Whether they said that it is there, or that it is not."""
        return self.review == REJECTED or self.review in POSITIVE

    @property
    def category(self) -> str:
        """The class they gave it; `rejected` where they say there is nothing."""
        return REJECTED if self.review == REJECTED else self.class_name


@dataclass(frozen=True)
class Difference:
    """In what the interpreters of a feature differ: ``verdict``, ``class``, ``outline``; the least IoU."""

    kinds: tuple[str, ...] = ()
    overlap: float | None = None


def difference(views: Mapping[str, View]) -> Difference:
    """Where those who decided on a feature differ.

    >>> from shapely import Point
    >>> disc = Point(0, 0).buffer(5)
    >>> eva, otto = View("accepted", "ring", disc), View("rejected", "ring", disc)
    >>> difference({"eva": eva, "otto": otto}).kinds
    ('verdict',)
    """
    decided = [view for _, view in sorted(views.items()) if view.decided]
    yes = [view for view in decided if view.review != REJECTED]
    kinds = []
    if len({view.review == REJECTED for view in decided}) > 1:
        kinds.append("verdict")
    if len({view.class_name for view in yes}) > 1:
        kinds.append("class")
    least = min((overlap(a.outline, b.outline) for a, b in combinations(yes, 2)), default=None)
    if least is not None and least < SAME_OUTLINE:
        kinds.append("outline")
    return Difference(tuple(kinds), least)


def overlap(first: BaseGeometry, second: BaseGeometry) -> float:
    """Intersection over union of two outlines, 0..1.

    >>> from shapely import box
    >>> overlap(box(0, 0, 2, 1), box(1, 0, 3, 1))
    0.3333333333333333
    """
    if first.equals(second):
        return 1.0
    union = first.union(second).area
    return float(first.intersection(second).area / union) if union > 0 else 0.0


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two interpreters over the features on which both decided (category, category).

    1 is full agreement, 0 what chance would give; None where there is no pair, or chance alone explains all
    (both used one and the same category throughout). Source: Cohen, J. (1960), A coefficient of agreement for
    nominal scales, Educational and Psychological Measurement 20 (1), 37-46.

    >>> kappa([("ring", "ring"), ("ring", "rejected"), ("rejected", "rejected"), ("ring", "ring")])
    0.5
    """
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(first == second for first, second in pairs) / total
    left, right = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    expected = sum(left[name] * right[name] for name in left) / total**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


@dataclass(frozen=True)
class Agreement:
    """How two interpreters agree: the features on which both decided, how many alike, and Cohen's kappa."""

    first: str
    second: str
    both: int
    alike: int
    kappa: float | None


def agreements(features: Sequence[Mapping[str, View]]) -> list[Agreement]:
    """How each two interpreters agree over all features, by name."""
    names = sorted({who for views in features for who, view in views.items() if view.decided})
    found = []
    for first, second in combinations(names, 2):
        pairs = [
            (views[first].category, views[second].category)
            for views in features
            if first in views and second in views and views[first].decided and views[second].decided
        ]
        if pairs:
            alike = sum(a == b for a, b in pairs)
            found.append(Agreement(first, second, len(pairs), alike, kappa(pairs)))
    return found


def agreed(views: Mapping[str, View]) -> tuple[View, str] | None:
    """What all who decided on a feature hold alike, and their names; None where they differ, or nobody did.

    Of outlines that are the same but for a hundredth, the one of the first name is taken.
    """
    decided = {who: view for who, view in sorted(views.items()) if view.decided}
    if not decided or difference(decided).kinds:
        return None
    changed = [view for view in decided.values() if view.review in ("edited", "added")]
    return (changed or list(decided.values()))[0], ", ".join(decided)
