"""One or two raking frames: too few for a relightable picture, enough to read a worn surface better."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError
from vestige.imaging import ImageWriter, linear_from_srgb
from vestige.imaging import strips as cut
from vestige.relight.frames import FrameStack

__all__ = ["difference_view", "enhanced_view", "write_few"]

HALO = 16
PROXY_SIDE = 512


def enhanced_view(
    frame: ArrayLike, background: ArrayLike | None = None, *, gain: float = 1.0
) -> NDArray[np.float32]:
    """A raking frame with the fall-off of the lamp taken out and fine relief brought out.

    Each pixel is divided by the light around it, then local contrast is raised (unsharp mask).

    Parameters
    ----------
    frame : (height, width, 3) linear light.
    background : (height, width) brightness of the surroundings; blurred from the frame where not given.
    gain : how much of the fine relief is added.

    Returns
    -------
    (height, width, 3) float32 linear light 0..1.

    >>> flat = np.linspace(0.1, 0.6, 64, dtype=np.float32)[None, :, None] * np.ones((64, 1, 3), np.float32)
    >>> float(np.ptp(enhanced_view(flat)[16:48, 16:48])) < 0.5 * float(np.ptp(flat[16:48, 16:48]))
    True
    """
    values = np.asarray(frame, np.float32)
    if values.ndim != 3 or values.shape[2] != 3:
        raise UsageError(f"a frame must have shape (height, width, 3), not {values.shape}")
    grey = values.mean(axis=2)
    around = _surroundings(grey) if background is None else np.asarray(background, np.float32)
    even = 0.25 * values / np.maximum(around, 1e-3)[..., None]
    # Square roots of light, in which a step looks alike in shade and in light.
    seen = np.sqrt(np.maximum(0.25 * grey / np.maximum(around, 1e-3), 0))
    fine = seen - cv2.GaussianBlur(seen, (0, 0), 4.0)
    factor = np.clip(1 + gain * fine / np.maximum(seen, 0.15), 0.6, 1.7) ** 2
    return np.asarray(np.clip(even * factor[..., None], 0, 1), np.float32)


def difference_view(first: ArrayLike, second: ArrayLike) -> NDArray[np.float32]:
    """What two lights show differently: (a - b) / (a + b), grey where alike; colour and stains fall out.

    Parameters
    ----------
    first, second : (height, width, 3) linear light, same object and camera, lamps on different sides.

    Returns
    -------
    (height, width, 3) float32, sRGB-encoded: 0.5 where both are alike, brighter where the first is.

    >>> difference_view(np.full((1, 1, 3), 0.2), np.full((1, 1, 3), 0.2)).round(2).ravel().tolist()
    [0.5, 0.5, 0.5]
    """
    a, b = (np.asarray(frame, np.float32).mean(axis=2) for frame in (first, second))
    if a.shape != b.shape:
        raise UsageError(f"both frames must have one shape, not {a.shape} and {b.shape}")
    share = 0.5 + 0.5 * (a - b) / np.maximum(a + b, 2e-3)
    return np.repeat(share[..., None], 3, axis=2)


def write_few(path: Path, stack: FrameStack, budget_bytes: int) -> Path:
    """The enhanced view of one frame, or the difference of two, strip by strip."""
    small = _surroundings(stack.proxies(PROXY_SIDE)[0].mean(axis=2))
    row_bytes = stack.width * 4 * 24 * len(stack.images)
    with ImageWriter(path, stack.height, stack.width, 3, depth=16) as writer:
        for strip in cut(stack.height, row_bytes=row_bytes, budget_bytes=budget_bytes // 2, halo=HALO):
            frames = stack.read(strip.outer)
            if len(frames) == 1:
                shown = enhanced_view(frames[0], _rows_of(small, strip.outer, stack.height, stack.width))
            else:
                shown = linear_from_srgb(difference_view(frames[0], frames[1])).astype(np.float32)
            writer.write(strip.first, shown[strip.inner])
    return path


def _surroundings(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    radius = 0.08 * max(grey.shape)
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), radius, borderType=cv2.BORDER_REFLECT), np.float32)


def _rows_of(small: NDArray[np.float32], rows: slice, height: int, width: int) -> NDArray[np.float32]:
    """Rows of a small picture as if it were enlarged to (height, width)."""
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * small.shape[0] / height - 0.5
    narrow = cv2.remap(
        small,
        np.broadcast_to(np.arange(small.shape[1], dtype=np.float32), (len(y), small.shape[1])).copy(),
        np.broadcast_to(y[:, None], (len(y), small.shape[1])).copy(),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cv2.resize(narrow, (width, len(y)), interpolation=cv2.INTER_LINEAR), np.float32)
