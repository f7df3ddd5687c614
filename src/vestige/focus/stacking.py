"""Focus stacking from end to end: align, register on disk, fuse and find depth strip by strip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.errors import FrameError, InputError, UsageError
from vestige.focus.alignment import Warp, chained, grey, pair
from vestige.focus.depth import FocusSweep, along, block_sums, fill, reach_of, sharpness_of, spread
from vestige.focus.frames import FileFrame, Frames, frames_of_items
from vestige.focus.pyramid import Fusion, levels_of, light_of
from vestige.focus.recipe import StackRecipe
from vestige.focus.spool import HALO, SPLIT, Spooled, blocks_of_rows, spool, store_of
from vestige.imaging import Strip

__all__ = ["Stack", "Stacked", "stack", "stack_frames"]

FLOAT = NDArray[np.float32]
#: Bytes that fusing and sweeping hold for each pixel of a strip.
FUSING_BYTES = 190
FINISHING_BYTES = 80


@dataclass(frozen=True)
class Stack:
    """One sharp picture and its depth.

    Attributes
    ----------
    image : (height, width[, 3]) float32, linear light.
    depth : (height, width) float32, position of the sharpest focus, in `unit`.
    confidence : (height, width) float32, 0..1.
    warps : how each used frame lies on the reference frame.
    names : the used frames, in the order of their focus.
    unit : 'mm' where focus positions were given, else 'frame'.
    warnings : what was noticed, such as frames left out.
    """

    image: FLOAT
    depth: FLOAT
    confidence: FLOAT
    warps: tuple[Warp, ...]
    names: tuple[str, ...]
    unit: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stacked:
    """A finished stack whose pictures lie in files of rows; read them with `image`, `depth_rows`."""

    frames: Frames
    warps: list[Warp]
    reference: int
    shares: list[float]
    _image: Path
    _position: Path
    _confidence: Path
    _around: FLOAT
    _filled: bool

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
        """The fused picture, linear light."""
        with store_of(self._image, self.shape, np.float32) as store:
            rows: FLOAT = store[strip.rows]
        return rows

    def depth(self, strip: Strip) -> FLOAT:
        """Depth, filled where nothing showed texture and cleaned by a median of 5 x 5."""
        position = self._read(self._position, strip.outer)
        if self._filled:
            position = fill(
                position, self._read(self._confidence, strip.outer), self._around, strip.outer_first
            )
        position = cv2.medianBlur(position, 5)[strip.inner]
        return along(position, self.frames.focus) if self.frames.focus else position

    def confidence(self, strip: Strip) -> FLOAT:
        """How clear the peak of sharpness is, 0..1."""
        return self._read(self._confidence, strip.rows)

    def _read(self, path: Path, rows: slice) -> FLOAT:
        with store_of(path, self.shape[:2], np.float32) as store:
            values: FLOAT = store[rows]
        return values


def stack(
    frames: Sequence[str | os.PathLike[str] | FLOAT],
    *,
    focus: Sequence[float] | None = None,
    recipe: StackRecipe | None = None,
    context: Context | None = None,
) -> Stack:
    """One sharp picture and its depth from frames of different focus.

    Parameters
    ----------
    frames : image files, or (height, width[, 3]) float32 arrays of linear light; in the order of their focus
        unless `focus` is given.
    focus : focus position of each frame in mm.
    recipe : settings; the defaults where None.
    context : workspace, budget and progress; a temporary one where None.

    Raises
    ------
    InputError : fewer than two frames can be used.
    UsageError : another number of focus positions than frames.

    >>> near, far = np.full((2, 64, 64), 0.25, np.float32)
    >>> near[:, :32:3], far[:, 32::3] = 0.5, 0.5
    >>> result = stack([near, far], focus=[10.0, 20.0], recipe=StackRecipe(align=False))
    >>> result.depth[32, [8, 56]].round().tolist(), result.unit
    ([10.0, 20.0], 'mm')
    """
    with context or Context() as given:
        done = stack_frames(frames_of_items(frames, focus, given.warn), recipe or StackRecipe(), given)
        whole = Strip(0, done.shape[0], 0, done.shape[0])
        return Stack(
            done.image(whole),
            done.depth(whole),
            done.confidence(whole),
            tuple(done.warps),
            tuple(frame.name for frame in done.frames.items),
            done.unit,
            tuple(given.warnings),
        )


def stack_frames(frames: Frames, recipe: StackRecipe, context: Context) -> Stacked:
    """Stack frames within the memory of the context; every frame and strip done survives a kill.

    Raises
    ------
    InputError : fewer than two frames can be read.
    UsageError : the recipe names a reference that is not among them.
    """
    frames, proxies = _readable(frames, recipe, context)
    reference = _reference(frames, recipe)
    warps = _aligned(frames, proxies, reference, recipe, context)
    levels = levels_of(frames.shape, recipe.levels)
    split = min(SPLIT, levels)
    each = context.budget.working() // (2 * max(1, context.budget.cores))
    exact = any(isinstance(frame, FileFrame) and frame.info.dtype == "float32" for frame in frames.items)
    numbers = range(len(warps))

    def registered(number: int) -> dict[str, Any]:
        path = context.workspace / f"registered_{number:04d}.rows"
        done = spool(frames.items[number], warps[number], path, split=split, working_bytes=each, exact=exact)
        return {"rows": done.path, "coarse": done.coarse_path}

    places = context.map("register", registered, numbers, label="registering frames")
    spooled = [
        Spooled(place["rows"], place["coarse"], warps[number], frames.shape, exact)
        for number, place in zip(numbers, places, strict=True)
    ]
    base = context.part("fuse/coarse", _fuse_coarse, spooled, levels - split, recipe.sharpness)
    return _fuse_strips(frames, spooled, base, split, reference, recipe, context)


def _readable(frames: Frames, recipe: StackRecipe, context: Context) -> tuple[Frames, list[Path]]:
    """The frames whose pixels can be read, and a small grey version of each; the others are named."""

    def small(number: int) -> dict[str, Any]:
        frame, path = frames.items[number], context.workspace / f"small_{number:04d}.npy"
        try:
            opened = frame.open()
            try:
                np.save(path, grey(opened.proxy(recipe.proxy)))
            finally:
                opened.close()
        except InputError as error:
            return {"fault": str(error)}
        return {"path": path}

    looked = context.map("look", small, range(len(frames.items)), label="reading frames")
    good = [number for number, found in enumerate(looked) if "path" in found]
    faults = [found["fault"] for found in looked if "fault" in found]
    if len(good) < 2 and faults:
        first = next(frame for frame, found in zip(frames.items, looked, strict=True) if "fault" in found)
        raise FrameError(first.name, "cannot be read, and a stack needs two frames or more", action=faults[0])
    for fault in faults:
        context.warn(f"{fault}; the stack goes on without it")
    return frames.only(good), [looked[number]["path"] for number in good]


def _reference(frames: Frames, recipe: StackRecipe) -> int:
    names = [frame.name for frame in frames.items]
    if not recipe.reference:
        return len(names) // 2
    if recipe.reference not in names:
        raise UsageError(
            f"reference '{recipe.reference}' is not among the frames; name one such as '{names[len(names) // 2]}'"
        )
    return names.index(recipe.reference)


def _aligned(
    frames: Frames, proxies: list[Path], reference: int, recipe: StackRecipe, context: Context
) -> list[Warp]:
    """Warps at full size, from neighbours compared at the size of their proxies."""

    def neighbours(nearer: int, farther: int) -> Warp:
        def compare() -> dict[str, Any]:
            found = pair(
                np.load(proxies[nearer]),
                np.load(proxies[farther]),
                motion=recipe.align,
                exposure=recipe.exposure,
            )
            return {"matrix": found.matrix, "gain": found.gain, "score": found.score}

        context.progress(len(seen), len(proxies), "aligning frames")
        seen.append(farther)
        return Warp(**context.part(f"align/{farther}", compare))

    seen: list[int] = [reference]
    small = np.load(proxies[0], mmap_mode="r").shape
    size = np.diag([small[1] / frames.shape[1], small[0] / frames.shape[0], 1.0])
    # The centre of the first pixel is (0, 0): sizes scale about the corner half a pixel before it.
    corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    shrink = np.linalg.inv(corner) @ size @ corner
    warps = chained(len(proxies), reference, neighbours)
    for frame, found in zip(frames.items, warps, strict=True):
        if recipe.align and found.score < 0.3:
            context.warn(
                f"{frame.name} fits its neighbour poorly (correlation {found.score:.2f}): check its alignment"
            )
    return [
        found
        if number == reference
        else Warp(np.linalg.inv(shrink) @ found.matrix @ shrink, found.gain, found.score)
        for number, found in enumerate(warps)
    ]


def _fuse_coarse(spooled: list[Spooled], levels: int, sharpness: float) -> FLOAT:
    """The coarse levels of all frames, fused for the whole picture at once."""
    fusion: Fusion | None = None
    for frame in spooled:
        coarse = frame.coarse()
        fusion = fusion or Fusion(coarse.shape, levels=levels, sharpness=sharpness)
        fusion.add(coarse, frame.coarse_coverage())
    assert fusion is not None
    return fusion.result()


def _fuse_strips(
    frames: Frames,
    spooled: list[Spooled],
    base: FLOAT,
    split: int,
    reference: int,
    recipe: StackRecipe,
    context: Context,
) -> Stacked:
    """The fine levels and the depth, strip by strip, into files of rows."""
    shape = frames.shape
    paths = [context.workspace / f"{name}.rows" for name in ("image", "position", "confidence")]
    halo = max(HALO, reach_of(recipe.depth_window))
    each = context.budget.working() // max(1, context.budget.cores)
    cut = list(blocks_of_rows(shape, FUSING_BYTES, each, halo=halo))

    def fused(strip: Strip) -> dict[str, FLOAT]:
        image, depth_sweep = _strip(spooled, strip, base, split, recipe)
        depth = depth_sweep.cropped(strip.inner).result()
        values = (image, depth.position, depth.confidence)
        for path, rows, of in zip(paths, values, (shape, shape[:2], shape[:2]), strict=True):
            with store_of(path, of, np.float32) as store:
                store[strip.rows] = rows
                store.sync()
        weighted, belief = block_sums(depth)
        nearest = np.bincount(np.rint(depth.position).astype(int).ravel(), minlength=len(spooled))
        return {"weighted": weighted, "belief": belief, "nearest": nearest}

    parts = context.map(f"fuse/{len(cut)}", fused, cut, label="fusing")
    around = spread(*(np.concatenate([part[name] for part in parts]) for name in ("weighted", "belief")))
    shares = sum(part["nearest"] for part in parts) / (shape[0] * shape[1])
    return Stacked(
        frames,
        [frame.warp for frame in spooled],
        reference,
        [float(share) for share in shares],
        *paths,
        around,
        recipe.depth_fill,
    )


def _strip(
    spooled: list[Spooled], strip: Strip, base: FLOAT, split: int, recipe: StackRecipe
) -> tuple[FLOAT, FocusSweep]:
    fusion: Fusion | None = None
    sweep = FocusSweep((strip.outer_last - strip.outer_first, spooled[0].shape[1]))
    for frame in spooled:
        rows, covered = frame.rows(strip.outer), frame.coverage(strip.outer)
        fusion = fusion or Fusion(rows.shape, levels=split, sharpness=recipe.sharpness)
        fusion.add(rows, covered)
        sweep.add(sharpness_of(rows, recipe.depth_window, covered))
    assert fusion is not None
    first, last = strip.outer_first >> split, -(-strip.outer_last >> split)
    return light_of(fusion.result(base[first:last])[strip.inner]), sweep
