"""The operation ``run``: from a capture to image, depth and confidence on disk, with figures and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.focus.assembly import Stacked
from vestige.focus.frames import FileFrame, Frames, frames_of_capture
from vestige.focus.recipe import AlignRecipe, StackRecipe
from vestige.focus.reuse import read_alignment, write_alignment
from vestige.focus.stacking import Aligned, align_frames, stack_frames
from vestige.imaging import ImageWriter, picture

__all__ = ["run", "run_align"]

FLOAT = NDArray[np.float32]
Lying = Aligned | Stacked
DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}
PICTURE_SIDE = 1000
ALIGNMENT = Product("alignment", Kind.TABLE, Path("alignment.json"))


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
    ['image', 'depth', 'confidence', 'alignment']
    """
    assert isinstance(recipe, StackRecipe)
    capture, given = inputs.capture(), inputs.product("reuse_alignment")
    recorded = read_alignment(given.path) if given else None
    done = stack_frames(frames_of_capture(capture, context.warn), recipe, context, recorded)
    small, rows = _write(done, context), _rows(done)
    write_alignment(context.output / "alignment.json", (done.shape[1], done.shape[0]), rows)
    return Outcome(
        products=[*_products(done, capture.settings.get("pixel_mm")), ALIGNMENT],
        measurements=_measurements(done) | _confidence(small["confidence"]),
        pictures=_pictures(done, small),
        frames=rows,
    )


def run_align(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Find how the frames of a capture lie on one another, and keep it for those of other lights.

    Raises
    ------
    InputError : fewer than two frames can be used.

    >>> import tempfile, pathlib
    >>> from vestige.focus.recipe import SceneRecipe
    >>> from vestige.focus.simulate import make
    >>> capture = make(SceneRecipe(height=64, frames=3), pathlib.Path(tempfile.mkdtemp()), 0)
    >>> with Context() as context:
    ...     outcome = run_align(Inputs({"capture": [capture]}), AlignRecipe(), context)
    >>> len(outcome.frames)
    3
    """
    assert isinstance(recipe, AlignRecipe)
    found = align_frames(frames_of_capture(inputs.capture(), context.warn), recipe, context)
    rows, shape = _rows(found), found.frames.shape
    write_alignment(context.output / "alignment.json", (shape[1], shape[0]), rows)
    return Outcome(
        products=[ALIGNMENT],
        measurements=_measurements(found),
        pictures=[_reference_picture(found)],
        frames=rows,
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


def _measurements(found: Lying) -> dict[str, Any]:
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


def _confidence(small: FLOAT) -> dict[str, Any]:
    return {"confident_share": round(float((small > 0.5).mean()), 3)}


def _rows(found: Lying) -> list[dict[str, Any]]:
    """What became of each frame."""
    rows = []
    frames = found.frames
    shares = found.shares if isinstance(found, Stacked) else ()
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
        rows.append(row | ({"sharpest_share": round(shares[number], 4)} if shares else {}))
    return rows


def _pictures(done: Stacked, small: dict[str, FLOAT]) -> list[Picture]:
    return [
        Picture("All in focus", picture(small["image"]), f"{len(done.warps)} frames fused"),
        _reference_picture(done),
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


def _reference_picture(found: Lying) -> Picture:
    frame = found.frames.items[found.reference]
    opened = frame.open()
    try:
        before = picture(opened.proxy(PICTURE_SIDE))
    finally:
        opened.close()
    return Picture("One frame", before, f"{frame.name}, the reference")
