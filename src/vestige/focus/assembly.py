"""Assembling the fused picture and the depth from registered frames, strip by strip, into files of rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.focus.alignment import Warp
from vestige.focus.depth import Depth, FocusSweep, along, block_sums, fill, reach_of, sharpness_of, spread
from vestige.focus.frames import FileFrame, Frames
from vestige.focus.pyramid import Fusion, levels_of, light_of
from vestige.focus.recipe import StackRecipe
from vestige.focus.retouch import Retouching
from vestige.focus.spool import HALO, SPLIT, Spooled, blocks_of_rows, spool, store_of
from vestige.imaging import Strip

__all__ = ["Stacked", "assemble"]

FLOAT = NDArray[np.float32]
#: Bytes that fusing and sweeping hold for each pixel of a strip.
FUSING_BYTES = 190
FINISHING_BYTES = 200


@dataclass(frozen=True)
class Stacked:
    """A finished stack whose pictures lie in files of rows.

    Attributes
    ----------
    frames, warps, reference : the frames used, how each lies on the reference, and which that is.
    shares : for each frame, the share of the picture that is sharpest in it.
    files : rows of the fused light, of the position in frames, of the confidence.
    around : depth of every block, for where none was measured; None where it is left as it is.
    retouching : what is laid over the fused picture; None where nothing is.
    """

    frames: Frames
    warps: list[Warp]
    reference: int
    shares: list[float]
    files: tuple[Path, Path, Path]
    around: FLOAT | None
    retouching: Retouching | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width[, 3])."""
        return self.frames.shape

    @property
    def unit(self) -> str:
        """Unit of the depth."""
        return "mm" if self.frames.focus else "frame"

    def strips(self, working_bytes: int) -> list[Strip]:
        """Strips in which to read the result; the halo is what cleaning depth looks at."""
        return list(blocks_of_rows(self.shape, FINISHING_BYTES, working_bytes, halo=8))

    def image(self, strip: Strip) -> FLOAT:
        """The fused picture, retouched, linear light."""
        with store_of(self.files[0], self.shape, np.float32) as store:
            rows: FLOAT = store[strip.rows]
        return self.retouching.over(rows, strip) if self.retouching else rows

    def depth(self, strip: Strip) -> FLOAT:
        """Depth, filled where nothing showed texture and cleaned by a median of 5 x 5."""
        position = self._read(self.files[1], strip.outer)
        if self.around is not None:
            position = fill(position, self._read(self.files[2], strip.outer), self.around, strip.outer_first)
        cleaned = np.asarray(cv2.medianBlur(position, 5), np.float32)[strip.inner]
        return along(cleaned, self.frames.focus) if self.frames.focus else cleaned

    def confidence(self, strip: Strip) -> FLOAT:
        """How clear the peak of sharpness is, 0..1."""
        return self._read(self.files[2], strip.rows)

    def _read(self, path: Path, rows: slice) -> FLOAT:
        with store_of(path, self.shape[:2], np.float32) as store:
            values: FLOAT = store[rows]
        return values


def assemble(
    frames: Frames, warps: list[Warp], reference: int, recipe: StackRecipe, context: Context
) -> Stacked:
    """Register the frames on disk, then fuse them and find their depth; each frame and strip is a part."""
    levels = levels_of(frames.shape, recipe.levels)
    split = min(SPLIT, levels)
    each = context.budget.working() // (2 * max(1, context.budget.cores))
    exact = any(isinstance(frame, FileFrame) and frame.info.dtype == "float32" for frame in frames.items)
    numbers = range(len(warps))

    def registered(number: int) -> dict[str, Any]:
        path = context.workspace / f"registered_{number:04d}.rows"
        done = spool(frames.items[number], warps[number], path, split=split, working_bytes=each, exact=exact)
        return {"rows": done.path, "coarse": done.coarse_path, "noise": done.noise(recipe.depth_window)}

    places = context.map("register", registered, numbers, label="registering frames")
    spooled = [
        Spooled(place["rows"], place["coarse"], warps[number], frames.shape, exact)
        for number, place in zip(numbers, places, strict=True)
    ]
    noise = float(np.median([place["noise"] for place in places]))
    base = context.part("fuse/coarse", _fuse_coarse, spooled, levels - split, recipe.sharpness)
    return _fuse_strips(frames, _Plan(spooled, base, split, noise), reference, recipe, context)


def _fuse_coarse(spooled: list[Spooled], levels: int, sharpness: float) -> FLOAT:
    """The coarse levels of all frames, fused for the whole picture at once."""
    fusion: Fusion | None = None
    for frame in spooled:
        coarse = frame.coarse()
        fusion = fusion or Fusion(coarse.shape, levels=levels, sharpness=sharpness)
        fusion.add(coarse, frame.coarse_coverage())
    assert fusion is not None
    return fusion.result()


@dataclass(frozen=True)
class _Plan:
    """What every strip is fused from: frames, the coarse picture, its level, and the noise."""

    spooled: list[Spooled]
    base: FLOAT
    split: int
    noise: float


def _fuse_strips(
    frames: Frames, plan: _Plan, reference: int, recipe: StackRecipe, context: Context
) -> Stacked:
    """The fine levels and the depth, strip by strip, into files of rows."""
    shape = frames.shape
    image, position, confidence = (
        context.workspace / f"{name}.rows" for name in ("image", "position", "confidence")
    )
    halo = max(HALO, reach_of(recipe.depth_window))
    each = context.budget.working() // max(1, context.budget.cores)
    cut = list(blocks_of_rows(shape, FUSING_BYTES, each, halo=halo))

    def fused(strip: Strip) -> dict[str, Any]:
        rows, depth = _strip(plan, strip, recipe)
        _store_rows(image, shape, strip, rows)
        _store_rows(position, shape[:2], strip, depth.position)
        _store_rows(confidence, shape[:2], strip, depth.confidence)
        weighted, belief = block_sums(depth)
        nearest = np.bincount(np.rint(depth.position).astype(int).ravel(), minlength=len(frames.items))
        return {"weighted": weighted, "belief": belief, "nearest": nearest}

    parts = context.map(f"fuse/{len(cut)}", fused, cut, label="fusing")
    around = spread(*(np.concatenate([part[name] for part in parts]) for name in ("weighted", "belief")))
    nearest = np.sum([part["nearest"] for part in parts], axis=0) / (shape[0] * shape[1])
    return Stacked(
        frames=frames,
        warps=[frame.warp for frame in plan.spooled],
        reference=reference,
        shares=nearest.tolist(),
        files=(image, position, confidence),
        around=around if recipe.depth_fill else None,
    )


def _store_rows(path: Path, shape: tuple[int, ...], strip: Strip, rows: FLOAT) -> None:
    with store_of(path, shape, np.float32) as store:
        store[strip.rows] = rows
        store.sync()


def _strip(plan: _Plan, strip: Strip, recipe: StackRecipe) -> tuple[FLOAT, Depth]:
    """Fused light and depth of one strip, from the rows that it depends on."""
    shape = plan.spooled[0].shape
    outer = (strip.outer_last - strip.outer_first, *shape[1:])
    fusion, sweep = Fusion(outer, levels=plan.split, sharpness=recipe.sharpness), FocusSweep(outer[:2])
    for frame in plan.spooled:
        rows, covered = frame.rows(strip.outer), frame.coverage(strip.outer)
        fusion.add(rows, covered)
        sweep.add(sharpness_of(rows, recipe.depth_window, covered))
    first, last = strip.outer_first >> plan.split, -(-strip.outer_last >> plan.split)
    light = light_of(fusion.result(plan.base[first:last])[strip.inner])
    return light, sweep.cropped(strip.inner).result(plan.noise)
