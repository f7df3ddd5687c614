"""Alignment: where each of several sights lies, so that they can be laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vestige.web.looking.sight import Sight


@dataclass(frozen=True)
class Place:
    """Where a sight lies, in widths of the first one; `how` is ``pixels``, ``size``, ``scale`` or
    ``width``.
    """

    x: float
    y: float
    width: float
    how: str


def aligned(sights: Sequence[Sight]) -> list[Place]:
    """Each sight over the first: pixel on pixel, at a common scale about the middle, or at the same width."""
    first = sights[0]
    return [Place(0.0, 0.0, 1.0, "pixels"), *(_over(first, other) for other in sights[1:])]


def _over(first: Sight, other: Sight) -> Place:
    a, b = first.pyramid, other.pyramid
    if (a.width, a.height) == (b.width, b.height):
        return Place(0.0, 0.0, 1.0, "pixels" if first.group == other.group else "size")
    if first.group != other.group and first.pixel_mm and other.pixel_mm:
        width = b.width * other.pixel_mm / (a.width * first.pixel_mm)
        height = width * b.height / b.width
        return Place((1 - width) / 2, (a.height / a.width - height) / 2, width, "scale")
    return Place(0.0, 0.0, 1.0, "width")
