"""Focus stacking from end to end: align, register on disk, fuse and find depth strip by strip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.errors import FrameError, InputError, UsageError
from vestige.focus.advice import advice
from vestige.focus.alignment import Warp, chained, gain_of, grey, pair
from vestige.focus.assembly import Stacked, assemble
from vestige.focus.frames import Frames, frames_of_items
from vestige.focus.recipe import AlignRecipe, StackRecipe
from vestige.focus.retouch import Retouching
from vestige.focus.reuse import Recorded, recorded_of
from vestige.focus.spool import keep
from vestige.imaging import Strip

__all__ = ["Aligned", "Stack", "align_frames", "stack", "stack_frames"]

FLOAT = NDArray[np.float32]


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


def stack(
    frames: Sequence[str | os.PathLike[str] | FLOAT],
    *,
    focus: Sequence[float] | None = None,
    recipe: StackRecipe | None = None,
    context: Context | None = None,
    warps: Sequence[Warp] | None = None,
) -> Stack:
    """One sharp picture and its depth from frames of different focus.

    Parameters
    ----------
    frames : image files, or (height, width[, 3]) float32 arrays of linear light; in the order of their focus
        unless `focus` is given.
    focus : focus position of each frame in mm.
    recipe : settings; the defaults where None.
    context : workspace, budget and progress; a temporary one where None.
    warps : how each frame lies on the reference, as another stack's `warps` tell: for the same object under
        another light. Their matrices are taken over to the last bit; brightness is measured anew.

    Raises
    ------
    InputError : fewer than two frames can be used.
    UsageError : another number of focus positions or `warps` than frames.

    >>> near, far = np.full((2, 64, 64), 0.25, np.float32)
    >>> near[:, :32:3], far[:, 32::3] = 0.5, 0.5
    >>> result = stack([near, far], focus=[10.0, 20.0], recipe=StackRecipe(align=False))
    >>> result.depth[32, [8, 56]].round().tolist(), result.unit
    ([10.0, 20.0], 'mm')
    """
    with context or Context() as given:
        usable = frames_of_items(frames, focus, given.warn)
        if warps is not None and len(warps) != len(usable.items):
            raise UsageError(f"{len(usable.items)} frames need as many warps, not {len(warps)}")
        recorded = None if warps is None else recorded_of(warps, usable.shape, usable.focus)
        done = stack_frames(usable, recipe or StackRecipe(), given, recorded)
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


@dataclass(frozen=True)
class Aligned:
    """Frames that can be read and how each lies on the one whose number is `reference`."""

    frames: Frames
    warps: list[Warp]
    reference: int


def stack_frames(
    frames: Frames, recipe: StackRecipe, context: Context, recorded: Recorded | None = None
) -> Stacked:
    """Stack frames within the memory of the context; every frame and strip done survives a kill.

    Raises
    ------
    InputError : fewer than two frames can be read, or `recorded` is the alignment of other frames.
    UsageError : the recipe names a reference that is not among them.
    """
    lie = align_frames(frames, recipe, context, recorded)
    retouching = Retouching(lie.frames, lie.warps, recipe.retouch) if recipe.retouch else None
    done = assemble(lie.frames, lie.warps, lie.reference, recipe, context)
    for sentence in advice(done):
        context.warn(sentence)
    return replace(done, retouching=retouching)


def align_frames(
    frames: Frames, recipe: AlignRecipe, context: Context, recorded: Recorded | None = None
) -> Aligned:
    """How the frames that can be read lie on the reference: found, or as `recorded` for another light.

    Raises
    ------
    InputError, UsageError : as `stack_frames`.
    """
    frames, proxies = _readable(frames, recipe, context)
    if recorded is None:
        reference = _reference(frames, recipe)
        return Aligned(frames, _aligned(frames, proxies, reference, recipe, context), reference)
    matrices, reference = recorded.fitting(frames)
    gains = (
        _gains(frames, proxies, matrices, reference, context) if recipe.exposure else [1.0] * len(matrices)
    )
    warps = [Warp(matrix, gain) for matrix, gain in zip(matrices, gains, strict=True)]
    return Aligned(frames, warps, reference)


def _gains(
    frames: Frames,
    proxies: list[Path],
    matrices: list[NDArray[np.float64]],
    reference: int,
    context: Context,
) -> list[float]:
    """Brightness of frames whose places are known, from neighbours: each light has exposures of its own."""
    shrink = _shrink(frames, proxies)

    def neighbours(nearer: int, farther: int) -> Warp:
        def compare() -> float:
            step = shrink @ matrices[farther] @ np.linalg.inv(matrices[nearer]) @ np.linalg.inv(shrink)
            return gain_of(np.load(proxies[nearer]), np.load(proxies[farther]), step)

        return Warp(np.eye(3), context.part(f"gain/{farther}", compare))

    return [found.gain for found in chained(len(proxies), reference, neighbours)]


def _readable(frames: Frames, recipe: AlignRecipe, context: Context) -> tuple[Frames, list[Path]]:
    """The frames whose pixels can be read, and a small grey version of each; the others are named."""

    def small(number: int) -> dict[str, Any]:
        frame, path = frames.items[number], context.workspace / f"small_{number:04d}.npy"
        try:
            opened = frame.open()
            try:
                keep(path, grey(opened.proxy(recipe.proxy)))
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


def _reference(frames: Frames, recipe: AlignRecipe) -> int:
    names = [frame.name for frame in frames.items]
    if not recipe.reference:
        return len(names) // 2
    if recipe.reference not in names:
        raise UsageError(
            f"reference: there is no frame '{recipe.reference}'; name one such as '{names[len(names) // 2]}'"
        )
    return names.index(recipe.reference)


def _aligned(
    frames: Frames, proxies: list[Path], reference: int, recipe: AlignRecipe, context: Context
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
    shrink = _shrink(frames, proxies)
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


def _shrink(frames: Frames, proxies: list[Path]) -> NDArray[np.float64]:
    """From pixels of a frame to pixels of its small version."""
    small = np.load(proxies[0], mmap_mode="r").shape
    size = np.diag([small[1] / frames.shape[1], small[0] / frames.shape[0], 1.0])
    # The centre of the first pixel is (0, 0): sizes scale about the corner half a pixel before it.
    corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    return np.asarray(np.linalg.inv(corner) @ size @ corner, np.float64)
