"""Slabs: runs of neighbouring frames, each fused for itself in the view of the whole stack.

A slab holds what lies between two depths and nothing before or behind it: where one thing crosses another,
the right one can be taken from its slab by hand.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from vestige.contract import Context
from vestige.focus.assembly import Stacked, assemble_some
from vestige.focus.recipe import StackRecipe
from vestige.imaging import ImageWriter

__all__ = ["slab_ranges", "write_slabs"]


def slab_ranges(frames: int, size: int, overlap: int) -> list[range]:
    """The numbers of the frames of each slab; the last one ends with the last frame and is as large.

    >>> slab_ranges(10, 4, 1)
    [range(0, 4), range(3, 7), range(6, 10)]
    >>> slab_ranges(5, 3, 0), slab_ranges(3, 8, 1)
    ([range(0, 3), range(2, 5)], [range(0, 3)])
    """
    firsts = range(0, max(1, frames - overlap), size - overlap)
    lasts = [min(frames, first + size) for first in firsts]
    return [range(max(0, last - size), last) for last in lasts]


def write_slabs(
    done: Stacked, recipe: StackRecipe, context: Context, info: dict[str, Any]
) -> list[dict[str, Any]]:
    """Fuse each slab of a finished stack into ``slabs/slab_NN.tif``; tells the frames of each.

    `info` is how pictures are stored, as `ImageWriter` takes it. Each slab is a part.
    """
    folder = context.output / "slabs"
    folder.mkdir(exist_ok=True)
    told = []
    ranges = slab_ranges(len(done.warps), recipe.slabs, recipe.slab_overlap)
    for number, chosen in enumerate(context.track(ranges, "fusing slabs"), start=1):
        name = f"slab_{number:0{len(str(len(ranges)))}d}.tif"
        context.part(f"slab/{number}", _write, done, chosen, recipe, context, folder / name, info)
        ends = (done.frames.items[chosen[0]].name, done.frames.items[chosen[-1]].name)
        told.append({"file": name, "first": ends[0], "last": ends[1]})
    return told


def _write(
    done: Stacked, chosen: range, recipe: StackRecipe, context: Context, path: Path, info: dict[str, Any]
) -> Path:
    """One slab: fused in a workspace of its own, which goes when its picture stands."""
    home = context.workspace / path.stem
    height, width = done.shape[:2]
    inner = Context(
        home,
        context.output,
        budget=context.budget,
        seed=context.seed,
        cancelled=lambda: context.cancelled,
    )
    slab = assemble_some(done, chosen, recipe, inner)
    channels = done.shape[2] if len(done.shape) == 3 else 1
    with ImageWriter(path, height, width, channels, **info) as image:
        for strip in slab.strips(context.budget.working()):
            image.write(strip.first, slab.image(strip))
    shutil.rmtree(home, ignore_errors=True)
    return path
