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
from vestige.turntable.cameras import Camera
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
#: From this agreement on silhouettes need no correction by one another.
_AGREED = 0.96
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
    rounds = 0 if method == "plate" else recipe.rounds
    corrected = 0
    for number in range(1, rounds + 1):
        sketch = _Sketch(found, recipe.seen, context, f"agreement/{number}")
        if sketch.agreement() >= _AGREED:
            break
        found = _shown(finder.all([outline.view for outline in found], number, sketch.body()), context)
        corrected = number
    misses = recipe.misses
    if misses is None:
        misses = -(-len(found) // 20) if corrected else 0
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


@dataclass(frozen=True)
class _Sketch:
    """A coarse body at half the size of the frames: quick to carve, enough to compare silhouettes."""

    outlines: Sequence[Outline]
    seen: float
    context: Context
    key: str

    def agreement(self) -> float:
        """How much of a typical silhouette the strict hull fills, 0..1: low where one misses a part."""
        return self.context.part(f"{self.key}/strict", self._filled)

    def body(self) -> Surface:
        """A hull that forgives one silhouette in ten: what most of the views agree on."""
        vertices, faces = self.context.part(f"{self.key}/loose", self._carved, -(-len(self.outlines) // 10))
        return Surface(vertices, faces)

    def _filled(self) -> float:
        try:
            strict = Surface(*self._carved(0))
        except InputError:
            return 0.0
        overlaps = []
        for number, camera in enumerate(self._cameras()):
            covered, mask = rasterise(strict, camera)[1] >= 0, self._mask(number)
            overlaps.append(float((covered & mask).sum() / max(int((covered | mask).sum()), 1)))
        return float(np.median(overlaps))

    def _carved(self, misses: int) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        cameras = self._cameras()
        volume = working_volume(cameras, self._mask, misses=misses, seen=self.seen)
        hull = visual_hull(
            cameras, self._mask, volume,
            resolution=_COARSE, misses=misses, seen=self.seen,
            context=self.context, key=f"{self.key}/carve/{misses}",
        )  # fmt: skip
        body = smooth(surface(hull), 6)
        return body.vertices, body.faces

    def _cameras(self) -> list[Camera]:
        whole = [outline.view.camera for outline in self.outlines]
        return [camera.scaled(-(-camera.width // 2), -(-camera.height // 2)) for camera in whole]

    def _mask(self, number: int) -> Mask:
        whole = self.outlines[number].mask().astype(np.float32)
        size = (-(-whole.shape[1] // 2), -(-whole.shape[0] // 2))
        return np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA) >= 0.5)
