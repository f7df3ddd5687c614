"""All silhouettes of a capture, kept on disk as bits; without a clean plate, made to agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture
from vestige.contract import Context
from vestige.errors import InputError
from vestige.imaging import srgb_from_linear
from vestige.turntable.hull import visual_hull
from vestige.turntable.recipe import TurntableRecipe
from vestige.turntable.rendering import rasterise
from vestige.turntable.silhouettes import background_spread, silhouette
from vestige.turntable.surfaces import Surface, smooth, surface
from vestige.turntable.views import FEWEST, View, pixels
from vestige.turntable.volume import working_volume

__all__ = ["Outline", "Outlines", "find_outlines"]

Mask = NDArray[np.bool_]
Method = Literal["plate", "uniform", "grabcut"]

_COARSE = 96
#: Above this spread of the border the background counts as busy.
_BUSY = 0.13
#: Share of the frame below which a silhouette counts as empty.
_LEAST_SHARE = 2e-4


@dataclass(frozen=True)
class Outline:
    """The silhouette of one view: its view, its bits on disk, what was noticed."""

    view: View
    bits: Path
    method: str
    share: float
    cut_off: float
    contrast: float

    def mask(self) -> Mask:
        """bool (height, width)."""
        width = self.view.camera.width
        return np.unpackbits(np.load(self.bits), axis=1, count=width).astype(bool)


@dataclass(frozen=True)
class Outlines:
    """The silhouettes of all views in use, and how many of them may miss a point."""

    items: tuple[Outline, ...]
    method: Method
    misses: int

    def mask(self, number: int) -> Mask:
        """The silhouette of a view by number."""
        return self.items[number].mask()


def find_outlines(
    capture: Capture, views: Sequence[View], recipe: TurntableRecipe, context: Context
) -> Outlines:
    """The silhouettes of all views; views in which nothing was found are left out with a warning.

    Raises
    ------
    InputError
        where fewer than three views show the object.
    """
    method = _method(capture, views, recipe, context)
    finder = _Finder(capture, recipe, method, context)
    found = _shown(finder.all(views, 0, None), context)
    if method != "plate":
        for number in range(1, recipe.rounds + 1):
            loose = -(-len(found) // 10)
            body = _coarse_body(found, loose, recipe, context, number)
            found = _shown(finder.all([outline.view for outline in found], number, body), context)
    misses = recipe.misses
    if misses is None:
        misses = 0 if method == "plate" else -(-len(found) // 20)
    return Outlines(tuple(found), method, min(misses, len(found) - 2))


def _method(capture: Capture, views: Sequence[View], recipe: TurntableRecipe, context: Context) -> Method:
    if recipe.background != "auto":
        return recipe.background
    if all(view.plate is not None for view in views):
        return "plate"
    some = views[:: max(1, len(views) // 6)]
    spread = context.part("background", _typical_spread, capture, some)
    if spread <= _BUSY:
        return "uniform"
    context.warn(
        f"the background is busy (its colour varies by {spread:.2f}), so silhouettes are guessed by GrabCut: "
        "record a clean plate, or use a dark cloth"
    )
    return "grabcut"


def _typical_spread(capture: Capture, views: Sequence[View]) -> float:
    spreads = [
        background_spread(np.clip(srgb_from_linear(pixels(capture, view.frame, view)), 0, 1))
        for view in views
    ]
    return float(np.median(spreads))


@dataclass(frozen=True)
class _Finder:
    capture: Capture
    recipe: TurntableRecipe
    method: Method
    context: Context

    def all(self, views: Sequence[View], number: int, body: Surface | None) -> list[Outline]:
        """The silhouettes of one round."""
        label = "silhouettes" if number == 0 else f"silhouettes, round {number}"
        folder = self.context.workspace / f"silhouettes_{number}"
        folder.mkdir(exist_ok=True)
        rows = self.context.map(
            f"silhouettes/{number}", lambda view: self._one(view, folder, body), list(views), label=label
        )
        return [Outline(view, **row) for view, row in zip(views, rows, strict=True)]

    def _one(self, view: View, folder: Path, body: Surface | None) -> dict[str, Any]:
        image = pixels(self.capture, view.frame, view)
        empty = None
        if self.method == "plate" and view.plate is not None:
            empty = pixels(self.capture, view.plate, view)
        recipe = self.recipe.for_frame(view.frame.file)
        prior = None if body is None else rasterise(body, view.camera)[1] >= 0
        found = silhouette(
            image, empty, method=self.method, sensitivity=recipe.sensitivity,
            prior=prior if prior is not None and prior.any() else None,
        )  # fmt: skip
        bits = folder / f"{Path(view.frame.file).name}.npy"
        np.save(bits, np.packbits(found.mask, axis=1))
        return {
            "bits": bits,
            "method": found.method,
            "share": found.share,
            "cut_off": found.cut_off,
            "contrast": found.contrast,
        }


def _shown(outlines: list[Outline], context: Context) -> list[Outline]:
    """The outlines of views that show the object."""
    shown = [outline for outline in outlines if _LEAST_SHARE < outline.share < 0.98]
    lost = [outline.view.frame.file for outline in outlines if outline not in shown]
    if len(shown) < FEWEST:
        raise InputError(
            lost[0],
            f"and {len(lost) - 1} other frames show no object that stands out from its background",
            f"silhouettes in {FEWEST} frames or more",
            "record a clean plate (role 'background'), or use a dark, even cloth",
        )
    if lost:
        context.warn(f"no object was found in {len(lost)} frames, which were left out: {', '.join(lost[:5])}")
    return shown


def _coarse_body(
    outlines: Sequence[Outline], misses: int, recipe: TurntableRecipe, context: Context, number: int
) -> Surface:
    """A coarse hull that forgives one silhouette in ten: what most of the views agree on."""
    vertices, faces = context.part(
        f"agreement/{number}", _carved, outlines, misses, recipe.seen, context, f"agreement/{number}"
    )
    return Surface(vertices, faces)


def _carved(
    outlines: Sequence[Outline], misses: int, seen: float, context: Context, key: str
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    # A quarter of the pixels is enough for a coarse hull.
    cameras = [
        outline.view.camera.scaled(-(-outline.view.camera.width // 2), -(-outline.view.camera.height // 2))
        for outline in outlines
    ]

    def mask(number: int) -> Mask:
        camera = cameras[number]
        share = cv2.resize(
            outlines[number].mask().astype(np.float32),
            (camera.width, camera.height),
            interpolation=cv2.INTER_AREA,
        )
        return np.asarray(share >= 0.5)

    volume = working_volume(cameras, mask, misses=misses, seen=seen)
    hull = visual_hull(
        cameras,
        mask,
        volume,
        resolution=_COARSE,
        misses=misses,
        seen=seen,
        context=context,
        key=f"{key}/carve",
    )
    body = smooth(surface(hull), 6)
    return body.vertices, body.faces
