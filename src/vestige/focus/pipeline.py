"""The operation ``run``: from a capture to image, depth and confidence on disk, with figures and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.focus.assembly import Stacked
from vestige.focus.figures import PICTURE_SIDE, measurements, pictures, reference_picture, rows
from vestige.focus.frames import FileFrame, Frames, frames_of_capture
from vestige.focus.recipe import AlignRecipe, StackRecipe
from vestige.focus.reuse import read_alignment, write_alignment
from vestige.focus.slabs import write_slabs
from vestige.focus.stacking import align_frames, stack_frames
from vestige.focus.surface import TEXTURE_SIDE, AreaMeans, grid_of, write_surface
from vestige.imaging import ImageWriter

__all__ = ["run", "run_align"]

FLOAT = NDArray[np.float32]
DEPTHS = {"uint8": 8, "uint16": 16, "float32": 32}
#: Pixels a side below which there is no relief worth a file.
SMALLEST_RELIEF = 8
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
    ['image', 'depth', 'confidence', 'alignment', 'surface']
    """
    assert isinstance(recipe, StackRecipe)
    capture, given = inputs.capture(), inputs.product("reuse_alignment")
    recorded = read_alignment(given.path) if given else None
    done = stack_frames(frames_of_capture(capture, context.warn), recipe, context, recorded)
    info = _info(done.frames, done.reference)
    small, surface = _write(done, recipe, context, info)
    found = rows(done)
    write_alignment(
        context.output / "alignment.json", (done.shape[1], done.shape[0]), found, done.frames.left_out
    )
    pixel_mm = capture.settings.get("pixel_mm")
    products = [*_products(done, pixel_mm), ALIGNMENT]
    if surface is not None:
        products.append(_surface(done, surface, small["image"], pixel_mm, context))
    if recipe.slabs:
        slabs = write_slabs(done, recipe, context, info)
        products.append(Product("slabs", Kind.IMAGE, Path("slabs"), {**_scale(pixel_mm), "slabs": slabs}))
    return Outcome(
        products=products,
        measurements=measurements(done)
        | {"confident_share": round(float((small["confidence"] > 0.5).mean()), 3)},
        pictures=pictures(done, small),
        frames=found,
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
    told, shape = rows(found), found.frames.shape
    size = (shape[1], shape[0])
    write_alignment(context.output / "alignment.json", size, told, found.frames.left_out)
    return Outcome(
        products=[ALIGNMENT],
        measurements=measurements(found),
        pictures=[reference_picture(found)],
        frames=told,
    )


def _write(
    done: Stacked, recipe: StackRecipe, context: Context, info: dict[str, Any]
) -> tuple[dict[str, FLOAT], FLOAT | None]:
    """Write the pictures strip by strip; gives a small version of each for the report, and the relief."""
    channels = done.shape[2] if len(done.shape) == 3 else 1
    height, width = done.shape[:2]
    plain: dict[str, Any] = {"profile": None, "ppi": info.get("ppi")}
    small = {
        name: AreaMeans(shape, grid_of(shape, side))
        for name, shape, side in (
            ("image", done.shape, TEXTURE_SIDE),
            ("depth", done.shape[:2], PICTURE_SIDE),
            ("confidence", done.shape[:2], PICTURE_SIDE),
        )
    }
    wanted = recipe.surface > 0 and min(height, width) >= SMALLEST_RELIEF
    surface = AreaMeans(done.shape[:2], grid_of(done.shape, recipe.surface, 2)) if wanted else None
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
            strips = {
                "image": done.image(strip),
                "depth": done.depth(strip),
                "confidence": done.confidence(strip),
            }
            image.write(strip.first, strips["image"])
            depth.write(strip.first, strips["depth"])
            confidence.write(strip.first, np.rint(strips["confidence"] * 255).astype(np.uint8))
            for name, values in strips.items():
                small[name].add(strip.first, values)
            if surface:
                surface.add(strip.first, strips["depth"])
    return {name: means.result() for name, means in small.items()}, surface.result() if surface else None


def _surface(done: Stacked, depth: FLOAT, texture: FLOAT, pixel_mm: Any, context: Context) -> Product:
    """The relief with the picture over it."""
    about = write_surface(
        context.output / "surface.glb",
        depth,
        texture,
        done.shape,
        in_mm=done.unit == "mm",
        pixel_mm=_scale(pixel_mm).get("pixel_mm"),
    )
    return Product("surface", Kind.MESH, Path("surface.glb"), about)


def _scale(pixel_mm: Any) -> dict[str, float]:
    """The size of a pixel on the object, where the capture tells it."""
    known = isinstance(pixel_mm, int | float) and 0 < pixel_mm < np.inf
    return {"pixel_mm": float(pixel_mm)} if known else {}


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
    scale = _scale(pixel_mm)
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
