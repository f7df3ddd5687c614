"""Is a frame well exposed: how bright, how much lost in black and in white?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["Exposure", "exposure"]


@dataclass(frozen=True)
class Exposure:
    """Brightness of a frame in linear light 0..1; the darkest and brightest channel of a pixel count.

    Attributes
    ----------
    mean, p01, p99 : mean, 1st and 99th percentile over all values.
    clipped_low, clipped_high : share of pixels with a channel at or below 0, at or above 1.

    >>> Exposure(0.2, 0.0, 0.9, 0.0, 0.0).mean
    0.2
    """

    mean: float
    p01: float
    p99: float
    clipped_low: float
    clipped_high: float


def exposure(image: NDArray[Any], *, black: float = 0.0, white: float = 1.0) -> Exposure:
    """Measure the exposure of linear light, (height, width) or (height, width, 3); NaN is left out.

    Raises
    ------
    UsageError : no known pixel.

    >>> measured = exposure(np.array([[0.0, 0.5], [0.5, 1.0]]))
    >>> measured.mean, measured.clipped_low, measured.clipped_high
    (0.5, 0.25, 0.25)
    """
    values = np.asarray(image, np.float32)
    known = values[np.isfinite(values)]
    if not known.size:
        raise UsageError("exposure needs an image with at least one known pixel")
    pixels = values.reshape(-1, 1) if values.ndim == 2 else values.reshape(-1, values.shape[2])
    p01, p99 = np.percentile(known, [1, 99])
    return Exposure(
        mean=float(known.mean(dtype=np.float64)),
        p01=float(p01),
        p99=float(p99),
        clipped_low=float((pixels <= black).any(axis=1).mean()),
        clipped_high=float((pixels >= white).any(axis=1).mean()),
    )
