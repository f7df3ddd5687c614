"""A target that was seen in a frame: which, where, and where its patches lie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FoundTarget"]


@dataclass(frozen=True, eq=False)
class FoundTarget:
    """A target in a frame. Pixel coordinates are (x, y), (0, 0) being the centre of the first pixel.

    Attributes
    ----------
    kind : name of the layout: 'colorchecker-classic', 'colorchecker-sg', 'object-strip', …
    corners : (4, 2) float64, the corners of the target: top left, top right, bottom right, bottom left as the
        target is printed, wherever they lie in the frame.
    patches : name to the (4, 2) float64 corners of the patch, in the same order.
    ppi : pixels an inch of the target, mean over it.
    confidence : 0..1, the likeness of what is in the frame and what the layout says.
    points_mm, points_px : (n, 2) float64, what was located on the target and in the frame, for geometry.

    >>> square = np.array([[0, 0], [9, 0], [9, 9], [0, 9]], np.float64)
    >>> FoundTarget("scale-bar", square, {}, 254.0, 1.0).angle
    0.0
    """

    kind: str
    corners: NDArray[np.float64]
    patches: Mapping[str, NDArray[np.float64]]
    ppi: float
    confidence: float
    points_mm: NDArray[np.float64] | None = None
    points_px: NDArray[np.float64] | None = None

    @property
    def angle(self) -> float:
        """Degrees by which the target is turned clockwise in the frame, -180..180."""
        along = self.corners[1] - self.corners[0]
        return float(np.degrees(np.arctan2(along[1], along[0])))

    def plain(self) -> dict[str, Any]:
        """What a JSON report tells of it."""
        return {
            "kind": self.kind,
            "corners": self.corners.round(2).tolist(),
            "patches": {name: quad.round(2).tolist() for name, quad in self.patches.items()},
            "ppi": round(self.ppi, 3),
            "angle": round(self.angle, 2),
            "confidence": round(self.confidence, 3),
        }
