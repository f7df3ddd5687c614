"""Laying the frames of a stack on one another: their order, those that do not belong, and their warps."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.errors import FrameError, InputError, UsageError
from vestige.focus.alignment import Warp, chained, gains_of, pair
from vestige.focus.frames import Frames, Opened
from vestige.focus.matching import Details, match
from vestige.focus.ordering import longest_run, order_of, sharp_places
from vestige.focus.recipe import AlignRecipe
from vestige.focus.reuse import Recorded
from vestige.focus.work import Work

__all__ = ["Aligned", "align_frames", "align_small"]

FLOAT = NDArray[np.float32]
MATRIX = NDArray[np.float64]
#: Correlation with its neighbour below which a frame may show something else. Neighbours of one stack reach
#: 0.8 and more, its two ends 0.6, frames of two objects 0.15.
BELONGS: Final = 0.35
#: Root of light below which a frame counts as black, and its spread below which it counts as empty.
BLACK: Final = 0.01
#: Side of the colour pictures in which brightness is compared.
COLOUR_SIDE: Final = 200
STRIP_BYTES: Final = 24 << 20


@dataclass(frozen=True)
class Aligned:
    """Frames that can be used and how each lies on the one whose number is `reference`."""

    frames: Frames
    warps: list[Warp]
    reference: int


def align_frames(
    frames: Frames,
    recipe: AlignRecipe,
    context: Context,
    recorded: Recorded | None = None,
    *,
    hold: bool = False,
) -> Aligned:
    """How the frames that can be used lie on the reference: found, or as `recorded` for another light.

    Frames without a focus position are put in the order of their focus; those that cannot be read, are black
    or show something else are named in a warning and left out. With `hold`, frames of a small stack stay
    decoded until they are released.

    Raises
    ------
    InputError : fewer than two frames can be used, or `recorded` is the alignment of other frames.
    UsageError : the recipe names a reference that is not among them.
    """
    return _aligned(*_looked_at(frames, recipe, context, hold=hold), recipe, context, recorded)


def align_small(
    frames: Frames,
    small: Sequence[FLOAT],
    recipe: AlignRecipe,
    context: Context,
    recorded: Recorded | None = None,
) -> Aligned:
    """As `align_frames`, from small versions (height, width[, 3]) of the frames that are at hand.

    Raises
    ------
    InputError : fewer than two frames can be used, or `recorded` is the alignment of other frames.
    """
    looks = [_look_of(image) for image in small]
    good = [number for number, seen in enumerate(looks) if not seen.empty]
    for number in sorted(set(range(len(looks))) - set(good)):
        context.warn(f"{_black(frames.items[number].name)}; the stack goes on without it")
    factor = frames.shape[1] / small[0].shape[1]
    seen = _Looks([looks[number] for number in good], factor, len(good))
    return _aligned(frames.only(good), seen, recipe, context, recorded)


def _aligned(
    frames: Frames, looks: _Looks, recipe: AlignRecipe, context: Context, recorded: Recorded | None
) -> Aligned:
    """How frames lie on the reference, from small versions of them."""
    if recorded is not None:
        chosen, matrices, reference = recorded.fitting(frames)
        for number in sorted(set(range(len(frames.items))) - set(chosen)):
            context.warn(
                f"{frames.items[number].name} was left out of the alignment that is taken over from "
                f"{recorded.source}; the stack goes on without it"
            )
        frames, looks = frames.only(chosen), looks.only(chosen)
        fitting = _fitting(looks, matrices, context)
        for number in sorted(set(range(len(matrices))) - set(fitting)):
            context.warn(
                f"{frames.items[number].name} does not fit its neighbours where the alignment of "
                f"{recorded.source} puts it: it shows something else or has moved; the stack goes on without "
                "it"
            )
        frames, looks = frames.only(fitting), looks.only(fitting)
        matrices = [matrices[number] for number in fitting]
        reference = min(range(len(fitting)), key=lambda place: abs(fitting[place] - reference))
        gains = (
            _gains(looks, matrices, reference, context)
            if recipe.exposure
            else [Warp(np.eye(3))] * len(matrices)
        )
        warps = [
            Warp(matrix, found.gain, tint=found.tint) for matrix, found in zip(matrices, gains, strict=True)
        ]
        return Aligned(frames, warps, reference)
    if frames.focus is None and recipe.align:
        frames, looks = _ordered(frames, looks, context)
    return _laid(frames, looks, recipe, context)


@dataclass(frozen=True)
class _Look:
    """A small grey version of a frame, a smaller one in colour, and where it is sharp."""

    grey: FLOAT
    colour: FLOAT
    sharp: FLOAT

    @property
    def empty(self) -> bool:
        root = np.sqrt(np.maximum(self.grey, 0))
        return float(root.mean()) < BLACK or float(root.std()) < BLACK / 4


class _Looks:
    """The small versions of all frames, and the details of those in hand."""

    def __init__(self, looks: Sequence[_Look], factor: float, room: int) -> None:
        self.looks = looks
        self.factor = factor
        self._room = room
        self._details: dict[int, Details] = {}
        self._lock = threading.Lock()

    def only(self, chosen: Sequence[int]) -> _Looks:
        """Those of some frames."""
        return _Looks([self.looks[number] for number in chosen], self.factor, self._room)

    @property
    def roomy(self) -> bool:
        """Whether the details of all frames may be in hand at once."""
        return self._room >= len(self.looks)

    def pair(self, one: int, other: int, recipe: AlignRecipe) -> Warp:
        """How frame `other` lies on frame `one`, in pixels of the small versions."""
        here, there = self.looks[one], self.looks[other]
        details = (self._of(one), self._of(other)) if recipe.align else (None, None)
        found = pair(here.grey, there.grey, details, exposure=False, model=recipe.model)
        return self.lit(one, other, found) if recipe.exposure else found

    def score(self, one: int, other: int, start: MATRIX) -> float:
        """Correlation of frame `other` with frame `one`, on which it lies about by `start`."""
        return match(self._of(one), self._of(other), start, levels=1)[1]

    def lit(self, one: int, other: int, found: Warp) -> Warp:
        """The same with what makes frame `other` as bright and as white as frame `one`."""
        here, there = self.looks[one], self.looks[other]
        ratio = np.diag([here.colour.shape[1] / here.grey.shape[1]] * 2 + [1.0])
        gains = gains_of(here.colour, there.colour, ratio @ found.matrix @ np.linalg.inv(ratio))
        gain = float(gains.mean())
        tint = tuple((gains / gain).tolist()) if gains.size == 3 else (1.0, 1.0, 1.0)
        return Warp(found.matrix, gain, found.score, tint)

    def full(self, found: Warp) -> Warp:
        """A warp between small versions as one between frames."""
        # The centre of the first pixel is (0, 0): sizes scale about the corner half a pixel before it.
        shrink = np.diag([1 / self.factor, 1 / self.factor, 1.0])
        shrink[:2, 2] = (1 / self.factor - 1) / 2
        matrix = np.linalg.inv(shrink) @ found.matrix @ shrink
        return Warp(matrix / matrix[2, 2], found.gain, found.score, found.tint)

    def small(self, matrix: MATRIX) -> MATRIX:
        """A matrix between frames as one between their small versions."""
        shrink = np.diag([1 / self.factor, 1 / self.factor, 1.0])
        shrink[:2, 2] = (1 / self.factor - 1) / 2
        return np.asarray(shrink @ matrix @ np.linalg.inv(shrink), np.float64)

    def prepare(self, context: Context) -> None:
        """Find the details of all frames where there is room for them: neighbours share them."""
        if self.roomy:
            context.spread(self._of, range(len(self.looks)), label="aligning frames")

    def _of(self, number: int) -> Details:
        with self._lock:
            if number in self._details:
                return self._details[number]
        made = Details.of(self.looks[number].grey)
        with self._lock:
            self._details[number] = made
            while len(self._details) > self._room:
                del self._details[min(self._details, key=lambda other: -abs(other - number))]
        return made


def _looked_at(frames: Frames, recipe: AlignRecipe, context: Context, *, hold: bool) -> tuple[Frames, _Looks]:
    """The frames that can be read and show something, and small versions of them; the others are named."""
    factor = max(1, -(-max(frames.shape[:2]) // recipe.proxy))
    factor = min(factor, *frames.shape[:2])
    work = Work.of(context, len(frames.items), frames.shape, 2)

    def look(number: int) -> dict[str, Any]:
        frame = frames.items[number]
        try:
            if hold and work.held:
                frame.hold()
            opened = frame.open()
            try:
                seen = _small(opened, frame.shape, factor)
            finally:
                opened.close()
        except InputError as error:
            return {"fault": str(error)}
        if seen.empty and recipe.align:
            return {"fault": _black(frame.name)}
        return {"grey": seen.grey, "colour": seen.colour, "sharp": seen.sharp}

    looked = work.map("look", look, range(len(frames.items)), label="reading frames")
    good = [number for number, found in enumerate(looked) if "grey" in found]
    faults = [found["fault"] for found in looked if "fault" in found]
    if len(good) < 2 and faults:
        first = next(frame for frame, found in zip(frames.items, looked, strict=True) if "fault" in found)
        raise FrameError(first.name, "cannot be used, and a stack needs two frames or more", action=faults[0])
    for fault in faults:
        context.warn(f"{fault}; the stack goes on without it")
    room = len(good) if work.held else 2 * context.budget.cores + 2
    looks = [_Look(**looked[number]) for number in good]
    return frames.only(good), _Looks(looks, factor, room)


def _black(name: str) -> str:
    return f"{name} is black or empty; expected a picture of the object"


def _look_of(image: FLOAT) -> _Look:
    """What alignment sees of a frame that is small already."""
    grey = _mean(image)
    shrink = min(1.0, COLOUR_SIDE / max(grey.shape))
    size = max(1, round(grey.shape[1] * shrink)), max(1, round(grey.shape[0] * shrink))
    colour = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
    return _Look(grey, colour, sharp_places(grey))


def _small(opened: Opened, shape: tuple[int, ...], factor: int) -> _Look:
    """Small versions of a frame, each pixel the mean of `factor` x `factor`; the rest is cut off."""
    height, width = (side // factor for side in shape[:2])
    colour_factor = max(1, -(-max(height, width) // COLOUR_SIDE))
    step = factor * colour_factor
    rows = max(1, STRIP_BYTES // (12 * shape[1] * step)) * step
    greys: list[FLOAT] = []
    colours: list[FLOAT] = []
    for first in range(0, height * factor, rows):
        last = min(height * factor, first + rows)
        strip = opened.read(slice(first, last))[:, : width * factor]
        greys.append(_shrunk(_mean(strip), factor))
        whole = (last - first) // step * step
        if whole or not colours:
            colours.append(_shrunk(strip[: whole or None, : width // colour_factor * step], step))
    grey = np.concatenate(greys)
    return _Look(grey, np.concatenate(colours), sharp_places(grey))


def _mean(image: FLOAT) -> FLOAT:
    if image.ndim == 2:
        return image
    return np.asarray(cv2.transform(image, np.full((1, image.shape[2]), 1 / image.shape[2], np.float32)))


def _shrunk(image: FLOAT, factor: int) -> FLOAT:
    if factor == 1:
        return np.array(image, np.float32)
    size = max(1, image.shape[1] // factor), max(1, image.shape[0] // factor)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)


def _ordered(frames: Frames, looks: _Looks, context: Context) -> tuple[Frames, _Looks]:
    """Frames and looks in the order of focus that the pictures tell."""
    order = order_of([look.sharp for look in looks.looks])
    if order == list(range(len(order))):
        return frames, looks
    context.warn("the frames were not in the order of their focus; it was found from the pictures")
    return frames.only(order), looks.only(order)


def _laid(frames: Frames, looks: _Looks, recipe: AlignRecipe, context: Context) -> Aligned:
    """Warps from neighbours; frames that fit neither neighbour are named and left out."""
    count = len(frames.items)
    pairs = [(number, number + 1) for number in range(count - 1)]

    def compare(ends: tuple[int, int]) -> dict[str, Any]:
        found = looks.pair(*ends, recipe)
        return {"matrix": found.matrix, "gain": found.gain, "score": found.score, "tint": found.tint}

    if recipe.align:
        looks.prepare(context)
    steps = dict(zip(pairs, context.map("align", compare, pairs, label="aligning frames"), strict=True))

    def step(one: int, other: int) -> Warp:
        if (one, other) not in steps:
            steps[one, other] = context.part(f"align/{one}-{other}", compare, (one, other))
        return Warp(**steps[one, other])

    reference = _reference(frames, recipe)
    chosen = list(range(count))
    if recipe.align:
        chosen = longest_run(count, lambda one, other: step(one, other).score >= BELONGS)
        if recipe.reference and reference not in chosen:
            chosen = sorted([*chosen, reference])
    for number in sorted(set(range(count)) - set(chosen)):
        context.warn(
            f"{frames.items[number].name} does not fit its neighbours: it shows something else or has moved; "
            "the stack goes on without it"
        )
    middle = chosen.index(reference) if recipe.reference else len(chosen) // 2

    def neighbours(nearer: int, farther: int) -> Warp:
        one, other = chosen[nearer], chosen[farther]
        return step(one, other) if one < other else _inverse(step(other, one))

    warps = [looks.full(found) for found in chained(len(chosen), middle, neighbours)]
    warps[middle] = Warp(np.eye(3))
    kept = frames.only(chosen)
    for frame, found in zip(kept.items, warps, strict=True):
        if recipe.align and found.score < BELONGS:
            context.warn(
                f"{frame.name} fits its neighbour poorly (correlation {found.score:.2f}): check its alignment"
            )
    return Aligned(kept, warps, middle)


def _fitting(looks: _Looks, matrices: Sequence[MATRIX], context: Context) -> list[int]:
    """The frames that fit their neighbours where a recorded alignment puts them."""
    looks.prepare(context)

    def fits(one: int, other: int) -> bool:
        start = looks.small(matrices[other] @ np.linalg.inv(matrices[one]))
        return looks.score(one, other, start) >= BELONGS

    return longest_run(len(matrices), fits)


def _inverse(found: Warp) -> Warp:
    tint = tuple(1 / value for value in found.tint)
    return Warp(np.asarray(np.linalg.inv(found.matrix), np.float64), 1 / found.gain, found.score, tint)


def _reference(frames: Frames, recipe: AlignRecipe) -> int:
    names = [frame.name for frame in frames.items]
    if not recipe.reference:
        return len(names) // 2
    if recipe.reference not in names:
        raise UsageError(
            f"reference: there is no frame '{recipe.reference}'; name one such as '{names[len(names) // 2]}'"
        )
    return names.index(recipe.reference)


def _gains(looks: _Looks, matrices: Sequence[MATRIX], reference: int, context: Context) -> list[Warp]:
    """Brightness of frames whose places are known, from neighbours: each light has exposures of its own."""

    def neighbours(nearer: int, farther: int) -> Warp:
        def compare() -> dict[str, Any]:
            step = looks.small(matrices[farther] @ np.linalg.inv(matrices[nearer]))
            found = looks.lit(nearer, farther, Warp(step))
            return {"gain": found.gain, "tint": found.tint}

        return Warp(np.eye(3), **context.part(f"gain/{farther}", compare))

    return chained(len(matrices), reference, neighbours)
