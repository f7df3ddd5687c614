"""What the making of tiles hands over to the dataset: lines of the index, sources, what to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Made"]


@dataclass(frozen=True)
class Made:
    """Lines of the index, digests of the sources by file name, notes for the card, further measurements.

    >>> Made([]).sources
    {}
    """

    rows: list[dict[str, Any]]
    sources: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)
