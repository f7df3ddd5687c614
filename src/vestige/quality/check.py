"""Checking a frame: which targets are in it, what they show, and what is amiss, in plain words."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.quality.frame import Frame
from vestige.quality.measures.accuracy import accuracy
from vestige.quality.measures.field import field_figures, read_edges
from vestige.quality.measures.patches import Reading, read_patches
from vestige.quality.measures.report import Measured
from vestige.quality.targets.finding import find_targets, geometry_of
from vestige.quality.targets.found import FoundTarget
from vestige.quality.targets.layout import kinds, layout
from vestige.quality.targets.seen import seen

__all__ = ["Checked", "check"]

UPSIDE_DOWN: Final = 135.0
GLARE_DE: Final = 25.0


@dataclass(frozen=True, eq=False)
class Checked:
    """A checked frame: its targets, what was measured, readings by target and patch, and sentences on what is
    amiss, and a small picture (height, width, 3) uint8 with what was seen outlined.

    >>> Checked("a.tif", (100, 50)).value("ppi") is None
    True
    """

    name: str
    size: tuple[int, int]
    targets: list[FoundTarget] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    readings: dict[str, dict[str, Reading]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    seen: NDArray[np.uint8] | None = None

    def value(self, name: str, where: str | None = None) -> float | None:
        """The first value of a measure, over all targets or at one place."""
        for one in self.measured:
            if one.name == name and where in (None, one.where):
                return one.value
        return None

    def summary(self) -> list[Measured]:
        """The figures of whole targets, those of single edges left out."""
        return [one for one in self.measured if one.where in {target.kind for target in self.targets}]

    def plain(self) -> dict[str, Any]:
        """JSON's types only."""
        return {
            "frame": self.name,
            "width": self.size[0],
            "height": self.size[1],
            "targets": [target.plain() for target in self.targets],
            "measured": [one.plain() for one in self.measured],
            "remarks": self.remarks,
        }


def check(
    source: str | os.PathLike[str] | NDArray[np.float32],
    *,
    expected: str | None = None,
    claimed_ppi: float | None = None,
) -> Checked:
    """Find the targets of a frame and measure what they allow.

    Parameters
    ----------
    source : a file, or linear light (height, width, 3) float32.
    expected : the target that should be there; a remark tells where another is.
    claimed_ppi : resolution that is promised; what the file states unless given.

    Raises
    ------
    InputError : the file is no image.
    UsageError : there is no target of the name `expected`.

    >>> check(np.zeros((60, 80, 3), np.float32)).remarks
    ['no target was found: is one in the frame, in focus, and at least 150 pixels wide?']
    """
    if expected is not None and expected not in kinds():
        raise UsageError(f"there is no target {expected!r}; known are {', '.join(kinds())}")
    with Frame(source) as frame:
        name = frame.path.name if frame.path else "array"
        checked = Checked(name, frame.size, find_targets(frame))
        for target in checked.targets:
            _measure(frame, target, checked, claimed_ppi or frame.stated_ppi)
        checked = replace(checked, seen=seen(frame.small, checked.targets, frame.scale))
    _remark(checked, expected)
    return checked


def _measure(frame: Frame, found: FoundTarget, checked: Checked, claimed: float | None) -> None:
    printed, geometry = layout(found.kind), geometry_of(found, frame)
    readings = read_patches(frame, found.patches)
    checked.readings[found.kind] = readings
    checked.measured.append(Measured("ppi", found.ppi, "pixels/inch", found.kind, "ISO 19264-1:2021"))
    checked.measured.extend(accuracy(readings, printed))
    checked.measured.extend(field_figures(read_edges(frame, printed, geometry), found.kind, found.ppi, claimed))
    if geometry.sure:
        distortion = 100 * geometry.distortion
        checked.measured.append(Measured("distortion_percent", distortion, "%", found.kind, "ISO 17850:2015"))


def _remark(checked: Checked, expected: str | None) -> None:
    kinds_seen = [target.kind for target in checked.targets]
    say = checked.remarks.append
    if not kinds_seen:
        say("no target was found: is one in the frame, in focus, and at least 150 pixels wide?")
    if expected and kinds_seen and expected not in kinds_seen:
        say(f"{expected} was named, but {' and '.join(kinds_seen)} is in the frame: name that, or lay the right one in")
    for target in checked.targets:
        printed, readings = layout(target.kind), checked.readings[target.kind]
        low, high = target.corners.min(axis=0), target.corners.max(axis=0)
        missing = len(target.patches) - len(readings)
        if (low < -0.5).any() or (high > np.array(checked.size) - 0.5).any():
            say(f"{target.kind} is cut off by the edge of the frame: {missing} of its {len(target.patches)} patches "
                "are missing or too small")  # fmt: skip
        if abs(target.angle) > UPSIDE_DOWN:
            say(f"{target.kind} lies upside down ({target.angle:.0f} degrees); it was read all the same")
        if not printed.verified:
            say(f"{target.kind}: size and colours are those of the maker or of an average chart; this chart itself "
                "was not measured")  # fmt: skip
        spoilt = [name for name, one in readings.items() if _glare(one, printed.lab[name])]
        if spoilt:
            say(f"{target.kind}: glare or dirt on {', '.join(spoilt)}: much lighter than printed")


def _glare(reading: Reading, printed: NDArray[np.float64]) -> bool:
    return bool(reading.lab[0] - printed[0] > GLARE_DE)
