"""Assembling the fused picture and the depth from registered frames, strip by strip, into files of rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.focus.alignment import Warp
from vestige.focus.depth import (
    TRUST_REACH,
    FocusSweep,
    along,
    block_sums,
    fill,
    gathered,
    reach_of,
    spread,
    trusted,
)
from vestige.focus.frames import FileFrame, Frames
from vestige.focus.pyramid import Fusion, enlarged_rows, levels_of, light_of
from vestige.focus.recipe import StackRecipe
from vestige.focus.retouch import Retouching
from vestige.focus.spool import HALO, SPLIT, Spooled, blocks_of_rows, spool
from vestige.focus.work import Place, Work
from vestige.imaging import Strip

__all__ = ["Stacked", "assemble", "assemble_some"]

FLOAT = NDArray[np.float32]
#: Bytes that fusing and sweeping hold for each pixel of a strip.
FUSING_BYTES = 150
#: Pixels of a strip that is fused at once, where memory allows.
STRIP_PIXELS = 2_000_000
FINISHING_BYTES = 200
PICTURE_BYTES = 64 << 20
#: About how many pixels are looked at to tell how well the steps of focus fit the object.
PEAKS = 60_000


@dataclass(frozen=True)
class Stacked:
    """A finished stack whose pictures lie in files of rows.

    Attributes
    ----------
    frames, warps, reference : the frames used, how each lies on the reference, and which that is.
    shares : for each frame, the share of the picture that is sharpest in it.
    work, files : rows of the fused detail, of the position in frames, of the confidence.
    base, split : the fused coarse picture, and by how many levels it is smaller.
    around : depth of every block, for where none was measured; None where it is left as it is.
    peaks : a sample of what depth was found from; see `FocusSweep.peaks`.
    registered : the frames as they were registered, where slabs are to be fused of them; else empty.
    retouching : what is laid over the fused picture; None where nothing is.
    """

    frames: Frames
    warps: list[Warp]
    reference: int
    shares: list[float]
    work: Work
    files: tuple[Place, Place, Place]
    base: FLOAT
    split: int
    around: FLOAT | None
    peaks: FLOAT
    registered: list[Spooled] = field(default_factory=list)
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
        """Strips in which to read the result; the halo is what trust in depth looks at."""
        return list(blocks_of_rows(self.shape, FINISHING_BYTES, working_bytes, halo=TRUST_REACH))

    def image(self, strip: Strip) -> FLOAT:
        """The fused picture, retouched, linear light."""
        rows = light_of(self._root(strip.rows))
        return self.retouching.over(rows, strip) if self.retouching else rows

    def picture(self) -> FLOAT:
        """The whole of `image`."""
        whole = np.empty(self.shape, np.float32)
        cut = list(blocks_of_rows(self.shape, FINISHING_BYTES, PICTURE_BYTES, halo=0))

        def rows(strip: Strip) -> None:
            whole[strip.rows] = self.image(strip)

        with ThreadPoolExecutor(max(1, self.work.context.budget.cores)) as pool:
            list(pool.map(rows, cut))
        return whole

    def depth(self, strip: Strip) -> FLOAT:
        """Depth, filled where nothing showed texture and cleaned by a median of 5 x 5."""
        position = self._position(strip)[strip.inner]
        return along(position, self.frames.focus) if self.frames.focus else position

    def confidence(self, strip: Strip) -> FLOAT:
        """How far the depth can be trusted, 0..1."""
        clear = self._read(self.files[2], strip.outer)
        return trusted(self._position(strip), clear, self._root(strip.outer))[strip.inner]

    def _root(self, rows: slice) -> FLOAT:
        """Roots of light of some rows of the fused picture, before it is retouched."""
        detail = self.work.get(self.files[0], rows, self.shape)
        return np.asarray(detail + enlarged_rows(self.base, self.shape, self.split, rows), np.float32)

    def _position(self, strip: Strip) -> FLOAT:
        """Depth in frames, of the strip and its halo."""
        position = self._read(self.files[1], strip.outer)
        if self.around is not None:
            position = fill(position, self._read(self.files[2], strip.outer), self.around, strip.outer_first)
        return np.asarray(cv2.medianBlur(np.ascontiguousarray(position), 5), np.float32)

    def _read(self, place: Place, rows: slice) -> FLOAT:
        values: FLOAT = self.work.get(place, rows, self.shape[:2])
        return values


def assemble(
    frames: Frames,
    warps: list[Warp],
    reference: int,
    recipe: StackRecipe,
    context: Context,
    *,
    depth: bool = True,
) -> Stacked:
    """Register the frames, then fuse them and find their depth; on disk, each frame and strip is a part.

    Without `depth` the picture alone is made, in less time; shares and peaks are empty then.
    """
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
            working_bytes=each, exact=exact,
        )  # fmt: skip
        frames.items[number].release()
        return {"rows": done.place, "noise": done.noise(recipe.depth_window) if depth else 0.0}

    places = work.map("register", registered, numbers, label="registering frames")
    spooled = [
        Spooled(work, place["rows"], warps[number], frames.shape, exact, number == reference)
        for number, place in zip(numbers, places, strict=True)
    ]
    noise = float(np.median([place["noise"] for place in places]))
    return _fuse(frames, _Plan(spooled, levels, split, noise, depth), reference, recipe, work)


def assemble_some(done: Stacked, chosen: Sequence[int], recipe: StackRecipe, context: Context) -> Stacked:
    """Fuse some of the `registered` frames of a finished stack: the picture alone."""
    nearest = min(range(len(chosen)), key=lambda place: abs(chosen[place] - done.reference))
    spooled = [
        replace(done.registered[number], whole=place == nearest) for place, number in enumerate(chosen)
    ]
    levels = levels_of(done.shape, recipe.levels)
    plan = _Plan(spooled, levels, min(SPLIT, levels), noise=0.0, depth=False)
    work = Work.of(context, len(chosen), done.shape, 4 if spooled[0].exact else 2)
    return _fuse(done.frames.only(chosen), plan, nearest, recipe, work)


@dataclass(frozen=True)
class _Plan:
    """What is fused: frames, levels in all, those that are fused strip by strip, and the noise."""

    spooled: list[Spooled]
    levels: int
    split: int
    noise: float
    depth: bool


@dataclass(frozen=True)
class _Rows:
    """Where what comes of the strips lies: fused detail, depth, and each frame's coarse version and guide."""

    image: Place
    position: Place
    confidence: Place
    coarse: list[Place]
    guides: list[Place]

    @classmethod
    def of(cls, work: Work, frames: int, shape: tuple[int, ...], split: int) -> _Rows:
        small = tuple(-(-side // 2**split) for side in shape[:2])
        return cls(
            work.place("image", shape, np.float32),
            work.place("position", shape[:2], np.float32),
            work.place("confidence", shape[:2], np.float32),
            [work.place(f"coarse_{n:04d}", (*small, *shape[2:]), np.float32) for n in range(frames)],
            [work.place(f"guide_{n:04d}", small, np.float32) for n in range(frames)],
        )


def _fuse(frames: Frames, plan: _Plan, reference: int, recipe: StackRecipe, work: Work) -> Stacked:
    """The fine levels and the depth, strip by strip, then the coarse levels for the whole picture at once."""
    shape, budget = frames.shape, work.context.budget
    rows = _Rows.of(work, len(plan.spooled), shape, plan.split)
    halo = max(HALO, reach_of(recipe.depth_window))
    # The cut depends on the memory, never on the number of cores: so neither does the picture.
    usual = max(STRIP_PIXELS, 4 * halo * shape[1]) * FUSING_BYTES
    each = min(budget.working() // 2, usual)
    cut = list(blocks_of_rows(shape, FUSING_BYTES, each, halo=halo))

    step = max(1, round(np.sqrt(shape[0] * shape[1] / PEAKS)))

    def fused(strip: Strip) -> dict[str, Any]:
        sweep = _strip(plan, strip, recipe, rows)
        if sweep is None:
            return {}
        depth = sweep.result(plan.noise)
        work.put(rows.position, strip.rows, depth.position, shape[0])
        work.put(rows.confidence, strip.rows, depth.confidence, shape[0])
        peaks = sweep.peaks(depth, step, strip.first)
        weighted, belief = block_sums(depth)
        nearest = np.bincount(np.rint(depth.position).astype(int).ravel(), minlength=len(frames.items))
        return {"weighted": weighted, "belief": belief, "nearest": nearest, "peaks": peaks}

    parts = work.map(f"fuse/{len(cut)}", fused, cut, label="fusing", cores=budget.working() // each)
    base = work.part("fuse/coarse", _fuse_coarse, plan, rows, recipe.sharpness, work)
    around, shares, peaks = None, [], np.empty((0, 5), np.float32)
    if plan.depth:
        around = spread(*(np.concatenate([part[name] for part in parts]) for name in ("weighted", "belief")))
        nearest = np.sum([part["nearest"] for part in parts], axis=0) / (shape[0] * shape[1])
        shares = nearest.tolist()
        peaks = np.concatenate([part["peaks"] for part in parts])
    return Stacked(
        work=work,
        frames=frames,
        warps=[frame.warp for frame in plan.spooled],
        reference=reference,
        shares=shares,
        files=(rows.image, rows.position, rows.confidence),
        base=base,
        split=plan.split,
        around=around if recipe.depth_fill else None,
        peaks=peaks,
        registered=plan.spooled if recipe.slabs else [],
    )


def _fuse_coarse(plan: _Plan, rows: _Rows, sharpness: float, work: Work) -> FLOAT:
    """The coarse levels of all frames, fused for the whole picture at once."""
    shape = plan.spooled[0].shape
    small = (*(-(-side // 2**plan.split) for side in shape[:2]), *shape[2:])
    whole = slice(0, small[0])
    fusion = Fusion(small, levels=plan.levels - plan.split, sharpness=sharpness)
    for frame, coarse, guide in zip(plan.spooled, rows.coarse, rows.guides, strict=True):
        fusion.add(
            work.get(coarse, whole, small),
            frame.coarse_coverage(plan.split),
            guide=work.get(guide, whole, small[:2]) if plan.split else None,
        )
    return fusion.result()


def _strip(plan: _Plan, strip: Strip, recipe: StackRecipe, rows: _Rows) -> FocusSweep | None:
    """Fuse the detail of one strip, from the rows that it depends on; its sharpness in all frames."""
    work = plan.spooled[0].work
    shape = plan.spooled[0].shape
    outer = (strip.outer_last - strip.outer_first, *shape[1:])
    fusion = Fusion(outer, levels=plan.split, sharpness=recipe.sharpness, base=False)
    sweep = FocusSweep(outer[:2]) if plan.depth else None
    block = 2**plan.split
    small = slice(strip.first // block, -(-strip.last // block))
    inner = slice(*(edge - strip.outer_first // block for edge in (small.start, small.stop)))
    height = -(-shape[0] // block)
    for number, frame in enumerate(plan.spooled):
        covered = frame.coverage(strip.outer)
        layers = fusion.add(frame.rows(strip.outer), covered, consume=True)
        work.put(rows.coarse[number], small, layers.base[inner], height)
        if layers.guide is not None:
            work.put(rows.guides[number], small, layers.guide[inner], height)
        if sweep is not None:
            energy = layers.energies[0] if layers.energies else np.zeros(outer[:2], np.float32)
            sweep.add(gathered(energy, recipe.depth_window, covered))
    work.put(rows.image, strip.rows, fusion.result()[strip.inner], shape[0])
    return sweep and sweep.cropped(strip.inner)
