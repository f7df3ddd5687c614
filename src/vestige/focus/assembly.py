"""Assembling the fused picture and the depth from registered frames, strip by strip, into files of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.focus.alignment import Warp
from vestige.focus.depth import Depth, FocusSweep, along, block_sums, fill, gathered, reach_of, spread
from vestige.focus.frames import FileFrame, Frames
from vestige.focus.pyramid import Fusion, levels_of, light_of
from vestige.focus.recipe import StackRecipe
from vestige.focus.retouch import Retouching
from vestige.focus.spool import HALO, SPLIT, Spooled, blocks_of_rows, spool
from vestige.focus.work import Place, Work
from vestige.imaging import Strip

__all__ = ["Stacked", "assemble"]

FLOAT = NDArray[np.float32]
#: Bytes that fusing and sweeping hold for each pixel of a strip.
FUSING_BYTES = 150
#: Pixels of a strip that is fused at once, where memory allows.
STRIP_PIXELS = 1_600_000
FINISHING_BYTES = 200
#: About how many pixels are looked at to tell how well the steps of focus fit the object.
PEAKS = 60_000


@dataclass(frozen=True)
class Stacked:
    """A finished stack whose pictures lie in files of rows.

    Attributes
    ----------
    frames, warps, reference : the frames used, how each lies on the reference, and which that is.
    shares : for each frame, the share of the picture that is sharpest in it.
    work, files : rows of the fused light, of the position in frames, of the confidence.
    around : depth of every block, for where none was measured; None where it is left as it is.
    peaks : a sample of what depth was found from; see `FocusSweep.peaks`.
    retouching : what is laid over the fused picture; None where nothing is.
    """

    frames: Frames
    warps: list[Warp]
    reference: int
    shares: list[float]
    work: Work
    files: tuple[Place, Place, Place]
    around: FLOAT | None
    peaks: FLOAT
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
        rows: FLOAT = self.work.get(self.files[0], strip.rows, self.shape)
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

    def _read(self, place: Place, rows: slice) -> FLOAT:
        values: FLOAT = self.work.get(place, rows, self.shape[:2])
        return values


def assemble(
    frames: Frames, warps: list[Warp], reference: int, recipe: StackRecipe, context: Context
) -> Stacked:
    """Register the frames, then fuse them and find their depth; on disk, each frame and strip is a part."""
    levels = levels_of(frames.shape, recipe.levels)
    split = min(SPLIT, levels)
    working = context.budget.working()
    each = working // (2 * max(1, context.budget.cores))
    exact = any(isinstance(frame, FileFrame) and frame.info.dtype == "float32" for frame in frames.items)
    numbers = range(len(warps))
    work = Work.of(context, len(warps), frames.shape, 4 if exact else 2)

    def registered(number: int) -> dict[str, Any]:
        done = spool(
            frames.items[number], warps[number], work, f"registered_{number:04d}",
            split=split, working_bytes=each, exact=exact,
        )  # fmt: skip
        return {"rows": done.place, "coarse": done.coarse_place, "noise": done.noise(recipe.depth_window)}

    places = work.map("register", registered, numbers, label="registering frames")
    spooled = [
        Spooled(work, place["rows"], place["coarse"], warps[number], frames.shape, exact, number == reference)
        for number, place in zip(numbers, places, strict=True)
    ]
    noise = float(np.median([place["noise"] for place in places]))
    base = work.part("fuse/coarse", _fuse_coarse, spooled, levels - split, recipe.sharpness)
    return _fuse_strips(frames, _Plan(spooled, base, split, noise), reference, recipe, work)


def _fuse_coarse(spooled: list[Spooled], levels: int, sharpness: float) -> FLOAT:
    """The coarse levels of all frames, fused for the whole picture at once."""
    fusion: Fusion | None = None
    for frame in spooled:
        coarse = frame.coarse()
        fusion = fusion or Fusion(coarse.shape, levels=levels, sharpness=sharpness)
        fusion.add(coarse, frame.coarse_coverage(), consume=True)
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
    frames: Frames, plan: _Plan, reference: int, recipe: StackRecipe, work: Work
) -> Stacked:
    """The fine levels and the depth, strip by strip, into rows of pictures."""
    shape, budget = frames.shape, work.context.budget
    image = work.place("image", shape, np.float32)
    position, confidence = (work.place(name, shape[:2], np.float32) for name in ("position", "confidence"))
    halo = max(HALO, reach_of(recipe.depth_window))
    # The cut depends on the memory, never on the number of cores: so neither does the picture.
    usual = max(STRIP_PIXELS, 4 * halo * shape[1]) * FUSING_BYTES
    each = min(budget.working() // 2, usual)
    cut = list(blocks_of_rows(shape, FUSING_BYTES, each, halo=halo))

    step = max(1, round(np.sqrt(shape[0] * shape[1] / PEAKS)))

    def fused(strip: Strip) -> dict[str, Any]:
        rows, depth, peaks = _strip(plan, strip, recipe, step)
        work.put(image, strip.rows, rows, shape[0])
        work.put(position, strip.rows, depth.position, shape[0])
        work.put(confidence, strip.rows, depth.confidence, shape[0])
        weighted, belief = block_sums(depth)
        nearest = np.bincount(np.rint(depth.position).astype(int).ravel(), minlength=len(frames.items))
        return {"weighted": weighted, "belief": belief, "nearest": nearest, "peaks": peaks}

    parts = work.map(f"fuse/{len(cut)}", fused, cut, label="fusing", cores=budget.working() // each)
    around = spread(*(np.concatenate([part[name] for part in parts]) for name in ("weighted", "belief")))
    nearest = np.sum([part["nearest"] for part in parts], axis=0) / (shape[0] * shape[1])
    return Stacked(
        work=work,
        frames=frames,
        warps=[frame.warp for frame in plan.spooled],
        reference=reference,
        shares=nearest.tolist(),
        files=(image, position, confidence),
        around=around if recipe.depth_fill else None,
        peaks=np.concatenate([part["peaks"] for part in parts]),
    )


def _strip(plan: _Plan, strip: Strip, recipe: StackRecipe, step: int) -> tuple[FLOAT, Depth, FLOAT]:
    """Fused light, depth and peaks of one strip, from the rows that it depends on."""
    shape = plan.spooled[0].shape
    outer = (strip.outer_last - strip.outer_first, *shape[1:])
    fusion = Fusion(outer, levels=plan.split, sharpness=recipe.sharpness, base=False)
    sweep = FocusSweep(outer[:2])
    for frame in plan.spooled:
        rows, covered = frame.rows(strip.outer), frame.coverage(strip.outer)
        energies = fusion.add(rows, covered, consume=True)
        sweep.add(gathered(energies, recipe.depth_window, covered))
    first, last = strip.outer_first >> plan.split, -(-strip.outer_last >> plan.split)
    light = light_of(fusion.result(plan.base[first:last])[strip.inner])
    inner = sweep.cropped(strip.inner)
    depth = inner.result(plan.noise)
    return light, depth, inner.peaks(depth, step, strip.first)
