"""What a technician should do better next time, read from the stack itself.

Around its peak the logarithm of sharpness over focus is a parabola; its width is the depth of field of this
lens on this object, as the pixels see it. Steps wider than it leave gaps in which nothing is sharp, and a
peak that lies beyond the first or the last frame says that the stack ends too soon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.focus.assembly import Stacked

__all__ = ["Reach", "advice", "reach_of_focus"]

FLOAT = NDArray[np.float64]
#: Peaks that are looked at: so sure, and so many of them at least.
SURE, FEWEST = 0.4, 200
#: Sharpness midway between two frames beside that in a frame: below it, there is a gap.
GAP_LOSS = 0.7
#: Steps that leave just that much, in standard deviations of the parabola: the depth of field.
FIELD_DEVIATIONS = float(np.sqrt(-8 * np.log(GAP_LOSS)))
#: Share of the sure peaks that must lie in a gap, or beyond an end, to be worth a word.
GAP_SHARE, END_SHARE = 0.01, 0.05
#: Beyond an end counts what lies farther out than this part of the depth of field.
BEYOND = 0.4
#: A gap is told by its place where it is this many times as wide as the usual step.
WIDE = 1.4
#: A frame that moved by this share of the longer side, and this many times the usual step, was knocked.
KNOCK, UNUSUAL = 0.02, 8.0
#: Change of exposure that is worth a word.
DRIFT = 0.05


@dataclass(frozen=True)
class Reach:
    """How far the planes of focus of a stack reach, on the axis of `focus` (mm, or frames).

    Attributes
    ----------
    field : depth of field, as sharpness shows it.
    gaps : numbers of the frames after which there is a gap with something in it.
    beyond : share of the object that lies before the first and behind the last frame.
    """

    field: float
    gaps: tuple[int, ...]
    beyond: tuple[float, float]


def reach_of_focus(peaks: NDArray[np.float32], focus: Sequence[float]) -> Reach | None:
    """What the peaks of sharpness tell of the steps; None where too few are sure.

    `peaks` as `vestige.focus.depth.FocusSweep.peaks` gives them, `focus` one rising position a frame.

    >>> focus = np.arange(7.0)
    >>> sharp = np.exp(-((focus[None] - np.linspace(1.4, 4.6, 500)[:, None]) ** 2) / 2)
    >>> at = sharp.argmax(1)
    >>> rows = [[n, s[n - 1], s[n], s[n + 1], 1.0] for n, s in zip(at, sharp)]
    >>> found = reach_of_focus(np.array(rows, np.float32), focus)
    >>> round(found.field, 2), found.gaps, found.beyond
    (1.69, (), (0.0, 0.0))
    """
    sure = peaks[peaks[:, 4] > SURE].astype(np.float64)
    place = np.asarray(focus, np.float64)
    steps = np.diff(place)
    if len(sure) < FEWEST or len(place) < 3 or (steps <= 0).any():
        return None
    number = sure[:, 0].astype(int)
    inner = (number > 0) & (number < len(place) - 1) & (sure[:, 1] > 0) & (sure[:, 3] > 0)
    if inner.sum() < FEWEST:
        return None
    middle, deviation = _parabolas(sure[inner], place)
    width = float(np.median(deviation))
    lost = np.exp(-(steps**2) / (8 * width**2)) < GAP_LOSS
    within = [
        float(((middle > low + 0.2 * step) & (middle < low + 0.8 * step)).sum() / len(sure))
        for low, step in zip(place[:-1], steps, strict=True)
    ]
    gaps = tuple(int(n) for n in np.flatnonzero(lost & (np.array(within) > GAP_SHARE)))
    field = FIELD_DEVIATIONS * width
    ends = ((0, 3, steps[0]), (len(place) - 1, 1, steps[-1]))
    beyond = []
    for frame, side, step in ends:
        # What lies at an end may be finer than the rest, and then falls faster: judge it by its neighbours.
        near = deviation[np.abs(number[inner] - frame) <= 2]
        own = float(np.median(near)) if near.size >= FEWEST else width
        far = _outward(sure, number == frame, side, step, own) > BEYOND * field
        beyond.append(float(far.sum() / len(sure)))
    return Reach(field, gaps, (beyond[0], beyond[1]))


def advice(done: Stacked) -> list[str]:
    """Sentences for the technician, the gravest first; none where all is well."""
    focus = done.frames.focus
    told = []
    if reach := reach_of_focus(done.peaks, focus or range(len(done.warps))):
        told += _of_steps(reach, focus) + _of_ends(reach, done)
    return told + _of_motion(done) + _of_exposure(done)


def _parabolas(rows: FLOAT, place: FLOAT) -> tuple[FLOAT, FLOAT]:
    """Where the parabolas through the logarithms of three neighbours peak, and their standard deviations."""
    number = rows[:, 0].astype(int)
    before, after = place[number] - place[number - 1], place[number + 1] - place[number]
    logs = np.log(rows[:, 1:4])
    rise, fall = (logs[:, 1] - logs[:, 0]) / before, (logs[:, 2] - logs[:, 1]) / after
    bend = np.minimum(2 * (fall - rise) / (before + after), -1e-9)
    slope = rise + (fall - rise) * before / (before + after)
    return place[number] - slope / bend, np.sqrt(-1 / bend)


def _outward(rows: FLOAT, at_end: NDArray[np.bool_], neighbour: int, step: float, width: float) -> FLOAT:
    """How far beyond an end frame the peaks lie, from the fall of sharpness to its neighbour."""
    chosen = rows[at_end & (rows[:, neighbour] > 0)]
    fall = np.log(chosen[:, 2] / chosen[:, neighbour])
    return np.asarray(fall * width**2 / step - step / 2, np.float64)


def _of_steps(reach: Reach, focus: Sequence[float] | None) -> list[str]:
    if not reach.gaps:
        return []
    if focus is None:
        return [
            "Neighbouring frames are focused too far apart, so that between them nothing is quite sharp: "
            "take smaller steps"
        ]
    steps = np.diff(focus)
    usual = float(np.median(steps))
    wide = [n for n in reach.gaps if steps[n] > WIDE * usual]
    if len(wide) < len(reach.gaps):
        return [
            f"The step of {usual:.3g} mm is larger than the depth of field, about {reach.field:.2g} mm: "
            "take smaller steps"
        ]
    return [
        f"Nothing is sharp between {focus[n]:.4g} and {focus[n + 1]:.4g} mm: take smaller steps there"
        for n in wide
    ]


def _of_ends(reach: Reach, done: Stacked) -> list[str]:
    in_mm = done.frames.focus is not None
    near = (
        ("nearer than the nearest frame", "start nearer") if in_mm else ("before the first", "start earlier")
    )
    far = (
        ("farther than the farthest frame", "go on farther") if in_mm else ("beyond the last", "go on longer")
    )
    ends = ((near, done.frames.items[0].name), (far, done.frames.items[-1].name))
    return [
        f"Part of the object lies {where}, {name}: {mend}"
        for ((where, mend), name), share in zip(ends, reach.beyond, strict=True)
        if share > END_SHARE
    ]


def _of_motion(done: Stacked) -> list[str]:
    """Frames before which the camera or the object was moved: their steps stand out from all others."""
    height, width = done.shape[:2]
    centre = np.array([(width - 1) / 2, (height - 1) / 2, 1.0])
    places = np.array([warp.matrix @ centre for warp in done.warps])
    steps = np.diff(places[:, :2] / places[:, 2:], axis=0)
    if len(steps) < 3:
        return []
    far = np.linalg.norm(steps - np.median(steps, axis=0), axis=1)
    least = max(KNOCK * max(height, width), UNUSUAL * float(np.median(far)))
    names = [frame.name for frame in done.frames.items]
    return [
        f"Camera or object moved by {far[n]:.0f} px between {names[n]} and {names[n + 1]}: the frames were "
        "laid on one another, but the picture lacks a strip; stop and begin again when that happens"
        for n in np.flatnonzero(far > least)
    ]


def _of_exposure(done: Stacked) -> list[str]:
    gains = [float(np.mean(warp.gain)) for warp in done.warps]
    drift = max(gains) / min(gains) - 1
    if drift <= DRIFT:
        return []
    names = [frame.name for frame in done.frames.items]
    return [
        f"Exposure drifted by {drift:.0%} from {names[int(np.argmax(gains))]}, the darkest frame, to "
        f"{names[int(np.argmin(gains))]}: it was evened out; set camera and light by hand"
    ]
