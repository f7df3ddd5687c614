"""What a run tells of itself: figures, a row for each frame, pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Picture
from vestige.focus.assembly import Stacked
from vestige.focus.stacking import Aligned
from vestige.imaging import picture

__all__ = ["PICTURE_SIDE", "measurements", "pictures", "reference_picture", "rows"]

FLOAT = NDArray[np.float32]
PICTURE_SIDE = 1000


def measurements(found: Aligned | Stacked) -> dict[str, Any]:
    """How many frames, how large, and how far they were from lying on one another."""
    scales, shape = [warp.scale for warp in found.warps], found.frames.shape
    return {
        "frames": len(found.warps),
        "size_px": [shape[1], shape[0]],
        "megapixels": round(shape[0] * shape[1] / 1e6, 2),
        "breathing_percent": round(100 * (max(scales) - min(scales)), 3),
        "largest_shift_px": round(max(float(np.hypot(*warp.shift(shape))) for warp in found.warps), 2),
        "largest_gain": round(max(max(warp.gain, 1 / warp.gain) for warp in found.warps), 4),
        "lowest_correlation": round(min(warp.score for warp in found.warps), 3),
    }


def rows(found: Aligned | Stacked) -> list[dict[str, Any]]:
    """What became of each frame; matrix and gain to the last bit, so that another light can take them."""
    frames, told = found.frames, []
    shares = found.shares if isinstance(found, Stacked) else []
    for number, (frame, warp) in enumerate(zip(frames.items, found.warps, strict=True)):
        x, y = warp.shift(frames.shape)
        row = {
            "file": frame.name,
            "focus": frames.focus[number] if frames.focus else number,
            "unit": "mm" if frames.focus else "frame",
            "reference": number == found.reference,
            "scale": round(warp.scale, 5),
            "shift_x_px": round(x, 2),
            "shift_y_px": round(y, 2),
            "turn_deg": round(warp.turn, 3),
            "gain": warp.gain,
            "correlation": round(warp.score, 3),
            "matrix": warp.matrix.tolist(),
        }
        told.append(row | ({"sharpest_share": round(shares[number], 4)} if shares else {}))
    return told


def pictures(done: Stacked, small: dict[str, FLOAT]) -> list[Picture]:
    """The fused picture beside the reference frame, depth and confidence; `small` are those for reports."""
    return [
        Picture("All in focus", picture(small["image"]), f"{len(done.warps)} frames fused"),
        reference_picture(done),
        Picture(
            "Depth",
            picture(small["depth"], colour_map="viridis"),
            f"From near or first (dark), in {done.unit}",
        ),
        Picture(
            "Confidence",
            picture(small["confidence"], colour_map="grey", low=0, high=1),
            "White: a clear peak",
        ),
    ]


def reference_picture(found: Aligned | Stacked) -> Picture:
    """The frame whose view is kept."""
    frame = found.frames.items[found.reference]
    opened = frame.open()
    try:
        before = picture(opened.proxy(PICTURE_SIDE))
    finally:
        opened.close()
    return Picture("One frame", before, f"{frame.name}, the reference")
