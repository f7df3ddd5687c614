"""The operation ``run``: from a capture to image, depth and confidence on disk, with figures and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.focus.assembly import Stacked
from vestige.focus.frames import FileFrame, Frames, frames_of_capture
from vestige.focus.recipe import StackRecipe
from vestige.focus.stacking import stack_frames
from vestige.imaging import ImageWriter, picture

__all__ = ["run"]

FLOAT = NDArray[np.float32]
DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}
PICTURE_SIDE = 1000


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Stack the frames of a capture; see `vestige.focus.stack` for the same on files and arrays.

    Raises
    ------
    InputError : fewer than two frames can be used.

    >>> import tempfile, pathlib
    >>> from vestige.focus.recipe import SceneRecipe
    >>> from vestige.focus.simulate import make
    >>> capture = make(SceneRecipe(height=64, frames=3), pathlib.Path(tempfile.mkdtemp()), 0)
    >>> with Context() as context:
    ...     outcome = run(Inputs({"capture": [capture]}), StackRecipe(), context)
    >>> [product.name for product in outcome.products]
    ['image', 'depth', 'confidence']
    """
    assert isinstance(recipe, StackRecipe)
    capture = inputs.capture()
    done = stack_frames(frames_of_capture(capture, context.warn), recipe, context)
    small = _write(done, context)
    return Outcome(
        products=_products(done, capture.settings.get("pixel_mm")),
        measurements=_measurements(done, small["confidence"]),
        pictures=_pictures(done, small),
        frames=_rows(done),
    )


def _write(done: Stacked, context: Context) -> dict[str, FLOAT]:
    """Write the three products strip by strip; what comes back is a small version of each, for the report."""
    info = _info(done.frames, done.reference)
    channels = done.shape[2] if len(done.shape) == 3 else 1
    height, width = done.shape[:2]
    plain: dict[str, Any] = {"profile": None, "ppi": info.get("ppi")}
    small: dict[str, list[FLOAT]] = {"image": [], "depth": [], "confidence": []}
    every = -(-max(height, width) // PICTURE_SIDE)
    about = f"position of sharpest focus, {done.unit}"
    with (
        ImageWriter(context.output / "image.tif", height, width, channels, **info) as image,
        ImageWriter(
            context.output / "depth.tif", height, width, 1, depth=32, description=about, **plain
        ) as depth,
        ImageWriter(
            context.output / "confidence.tif", height, width, 1, depth=8, encoded=True, **plain
        ) as confidence,
    ):
        for strip in context.track(done.strips(context.budget.working()), "writing"):
            rows = {
                "image": done.image(strip),
                "depth": done.depth(strip),
                "confidence": done.confidence(strip),
            }
            image.write(strip.first, rows["image"])
            depth.write(strip.first, rows["depth"])
            confidence.write(strip.first, np.rint(rows["confidence"] * 255).astype(np.uint8))
            for name, values in rows.items():
                small[name].append(values[-strip.first % every :: every, ::every].copy())
    return {name: np.concatenate(parts) for name, parts in small.items()}


def _info(frames: Frames, reference: int) -> dict[str, Any]:
    """How the fused image is stored: as the reference frame is."""
    frame = frames.items[reference]
    if not isinstance(frame, FileFrame):
        return {}
    info = frame.info
    return {
        "depth": DEPTHS[info.dtype],
        "profile": info.icc if info.icc and frame.encoding == "auto" else "srgb",
        "ppi": info.ppi,
        "exif": info.exif_bytes,
    }


def _products(done: Stacked, pixel_mm: Any) -> list[Product]:
    scale = {"pixel_mm": pixel_mm} if pixel_mm else {}
    focus = done.frames.focus
    axis = {
        "unit": done.unit,
        "low": min(focus) if focus else 0,
        "high": max(focus) if focus else len(done.warps) - 1,
    }
    return [
        Product("image", Kind.IMAGE, Path("image.tif"), scale),
        Product("depth", Kind.DEPTH, Path("depth.tif"), {**scale, **axis, "confidence": "confidence.tif"}),
        Product("confidence", Kind.IMAGE, Path("confidence.tif"), {"unit": "1/255"}),
    ]


def _measurements(done: Stacked, confidence: FLOAT) -> dict[str, Any]:
    scales = [warp.scale for warp in done.warps]
    return {
        "frames": len(done.warps),
        "megapixels": round(done.shape[0] * done.shape[1] / 1e6, 2),
        "breathing_percent": round(100 * (max(scales) - min(scales)), 3),
        "largest_shift_px": round(max(float(np.hypot(*warp.shift(done.shape))) for warp in done.warps), 2),
        "largest_gain": round(max(max(warp.gain, 1 / warp.gain) for warp in done.warps), 4),
        "lowest_correlation": round(min(warp.score for warp in done.warps), 3),
        "confident_share": round(float((confidence > 0.5).mean()), 3),
    }


def _rows(done: Stacked) -> list[dict[str, Any]]:
    """What became of each frame."""
    rows = []
    for number, (frame, warp) in enumerate(zip(done.frames.items, done.warps, strict=True)):
        x, y = warp.shift(done.shape)
        rows.append(
            {
                "file": frame.name,
                "focus": done.frames.focus[number] if done.frames.focus else number,
                "unit": done.unit,
                "reference": number == done.reference,
                "scale": round(warp.scale, 5),
                "shift_x_px": round(x, 2),
                "shift_y_px": round(y, 2),
                "turn_deg": round(warp.turn, 3),
                "gain": round(warp.gain, 4),
                "correlation": round(warp.score, 3),
                "sharpest_share": round(done.shares[number], 4),
                "matrix": warp.matrix.tolist(),
            }
        )
    return rows


def _pictures(done: Stacked, small: dict[str, FLOAT]) -> list[Picture]:
    frame = done.frames.items[done.reference]
    opened = frame.open()
    try:
        before = picture(opened.proxy(PICTURE_SIDE))
    finally:
        opened.close()
    return [
        Picture("All in focus", picture(small["image"]), f"{len(done.warps)} frames fused"),
        Picture("One frame", before, f"{frame.name}, the reference"),
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
