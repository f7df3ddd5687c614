"""Focus stacking from end to end: align, register on disk, fuse and find depth strip by strip."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.focus.advice import advice
from vestige.focus.alignment import Warp
from vestige.focus.assembly import Stacked, assemble
from vestige.focus.frames import Frames, frames_of_items
from vestige.focus.laying import Aligned, align_frames
from vestige.focus.recipe import StackRecipe
from vestige.focus.retouch import Retouching
from vestige.focus.reuse import Recorded, recorded_of
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
    focus : position of each used frame in mm, None where none were given.
    left_out : name, and position or None, of each frame that could not be used.
    """

    image: FLOAT
    depth: FLOAT
    confidence: FLOAT
    warps: tuple[Warp, ...]
    names: tuple[str, ...]
    unit: str
    warnings: tuple[str, ...] = ()
    focus: tuple[float, ...] | None = None
    left_out: tuple[tuple[str, float | None], ...] = ()


def stack(
    frames: Sequence[str | os.PathLike[str] | FLOAT],
    *,
    focus: Sequence[float] | None = None,
    recipe: StackRecipe | None = None,
    context: Context | None = None,
    reuse_alignment: Stack | None = None,
    depth: bool = True,
) -> Stack:
    """One sharp picture and its depth from frames of different focus.

    Parameters
    ----------
    frames : image files, or (height, width[, 3]) float32 arrays of linear light; in the order of their focus
        unless `focus` is given.
    focus : focus position of each frame in mm.
    recipe : settings; the defaults where None.
    context : workspace, budget and progress; a temporary one where None.
    reuse_alignment : a stack of the same object under another light, whose warps these frames take. Their
        matrices are taken over to the last bit; brightness is measured anew.
    depth : find the depth as well; without, the picture alone is made in less time, and `depth` and
        `confidence` of the result are of shape (0, 0).

    Raises
    ------
    InputError : fewer than two frames can be used, or `reuse_alignment` is of other frames.
    UsageError : another number of focus positions than frames.

    >>> near, far = np.full((2, 64, 64), 0.25, np.float32)
    >>> near[:, :32:3], far[:, 32::3] = 0.5, 0.5
    >>> result = stack([near, far], focus=[10.0, 20.0], recipe=StackRecipe(align=False))
    >>> result.depth[32, [8, 56]].round().tolist(), result.unit
    ([10.0, 20.0], 'mm')
    """
    with context or Context() as given:
        usable = frames_of_items(frames, focus, given.warn)
        other = reuse_alignment
        recorded = None
        if other is not None:
            recorded = recorded_of(other.warps, other.names, other.image.shape, other.focus, other.left_out)
        done = stack_frames(usable, recipe or StackRecipe(), given, recorded, depth=depth)
        whole = Strip(0, done.shape[0], 0, done.shape[0])
        none = np.empty((0, 0), np.float32)
        return Stack(
            done.picture(),
            done.depth(whole) if depth else none,
            done.confidence(whole) if depth else none,
            tuple(done.warps),
            tuple(frame.name for frame in done.frames.items),
            done.unit,
            tuple(given.warnings),
            done.frames.focus,
            done.frames.left_out,
        )


def stack_frames(
    frames: Frames,
    recipe: StackRecipe,
    context: Context,
    recorded: Recorded | None = None,
    *,
    depth: bool = True,
) -> Stacked:
    """Stack frames within the memory of the context; every frame and strip done survives a kill.

    Raises
    ------
    InputError : fewer than two frames can be read, or `recorded` is the alignment of other frames.
    UsageError : the recipe names a reference that is not among them.
    """
    try:
        lie = align_frames(frames, recipe, context, recorded, hold=True)
        retouching = Retouching(lie.frames, lie.warps, recipe.retouch) if recipe.retouch else None
        done = assemble(lie.frames, lie.warps, lie.reference, recipe, context, depth=depth)
    finally:
        frames.release()
    for sentence in advice(done) if depth else ():
        context.warn(sentence)
    return replace(done, retouching=retouching)
