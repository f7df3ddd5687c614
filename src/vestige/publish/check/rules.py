"""The rules a volume is held to: each looks at the volume and says in words what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from vestige.imaging import ImageInfo
from vestige.imaging.profiles import is_srgb
from vestige.publish.check.volume import Volume
from vestige.quality.colour.icc import profile_name
from vestige.quality.grading.grades import graded, standard
from vestige.quality.measures.report import Measured

__all__ = ["RULES", "Finding", "Rule"]

State = Literal["passed", "failed", "unknown"]
#: What a rule says: how it stands, and a sentence.
Finding = tuple[State, str]
#: The name of a page: what all share, its number, what may follow, and the suffix.
NAME: Final = re.compile(r"(?P<before>[A-Za-z0-9._-]*?)(?P<number>\d+)(?P<suffix>\.[A-Za-z0-9]+)")
#: Share by which the resolution that a file states may be off what the target shows.
RESOLUTION_OFF: Final = 0.02
NAMED: Final = 3


class Rule(BaseModel):
    """One rule of a profile, with where it was read; which of the limits it has depends on `rule`.

    One that is not `required` is advice: a volume passes without it.
    """

    model_config = ConfigDict(extra="forbid")
    rule: Literal["resolution", "depth", "format", "profile", "target", "grade", "names", "fixity"]
    source: str
    verified: bool
    required: bool = True
    least: float = 0.0
    formats: list[str] = []
    compressions: list[str] = []
    names: list[str] = []
    standard: str = ""
    grade: str = ""


def _resolution(volume: Volume, rule: Rule, measures: Sequence[Measured]) -> Finding:
    seen = [one.value for one in measures if one.name == "ppi"]
    if seen and min(seen) < rule.least:
        return (
            "failed",
            f"the target shows {min(seen):.0f} pixels an inch; at least {rule.least:g} are asked for",
        )
    low, silent, untrue = [], [], []
    for name, info in _headers(volume):
        if info.ppi is None:
            silent.append(name)
        elif info.ppi < rule.least:
            low.append(f"{name} ({info.ppi:.0f})")
        elif seen and abs(info.ppi / min(seen) - 1) > RESOLUTION_OFF:
            untrue.append(f"{name} ({info.ppi:.0f})")
    if low:
        return "failed", f"fewer than {rule.least:g} pixels an inch: {_some(low)}"
    if untrue:
        return (
            "failed",
            f"the target shows {min(seen):.0f} pixels an inch, but the files say: {_some(untrue)}",
        )
    if silent:
        return "unknown", f"the file does not say its pixels an inch: {_some(silent)}"
    checked = "and the target agrees" if seen else "as the files state it; no target was measured"
    return "passed", f"at least {rule.least:g} pixels an inch, {checked}"


def _depth(volume: Volume, rule: Rule, _measures: Sequence[Measured]) -> Finding:
    bits = {"uint8": 8, "uint16": 16, "float32": 32}
    low = [name for name, info in _headers(volume) if bits[info.dtype] < rule.least]
    if low:
        return "failed", f"fewer than {rule.least:g} bits a channel: {_some(low)}"
    return "passed", f"{rule.least:g} bits a channel or more"


def _format(volume: Volume, rule: Rule, _measures: Sequence[Measured]) -> Finding:
    other = [name for name, info in _headers(volume) if info.format not in rule.formats]
    asked = " or ".join(one.upper() for one in rule.formats)
    if other:
        return "failed", f"not {asked}: {_some(other)}"
    lossy = [page.name for page in volume.pages if page.compression not in (*rule.compressions, "unknown")]
    if lossy:
        return "failed", f"compressed with loss: {_some(lossy)}"
    if unknown := [page.name for page in volume.pages if page.info and page.compression == "unknown"]:
        return "unknown", f"how the pixels are compressed cannot be told: {_some(unknown)}"
    return "passed", f"{asked}, nothing lost in compression"


def _profile(volume: Volume, rule: Rule, _measures: Sequence[Measured]) -> Finding:
    without = [name for name, info in _headers(volume) if not info.icc]
    if without:
        return "failed", f"no colour profile embedded: {_some(without)}"
    if not rule.names:
        return "passed", "a colour profile is embedded in every page"
    wanted = [_plain(name) for name in rule.names]
    other = []
    for name, info in _headers(volume):
        called = "sRGB" if is_srgb(info.icc or b"") else profile_name(info.icc or b"")
        if info.channels == 3 and not any(one in _plain(called) for one in wanted):
            other.append(f"{name} ({called or 'without a name'})")
    if other:
        return "failed", f"the colour space is none of {', '.join(rule.names)}: {_some(other)}"
    return "passed", "every page is in a colour space that is asked for"


def _target(volume: Volume, _rule: Rule, measures: Sequence[Measured]) -> Finding:
    if not volume.targets:
        return "failed", "no frame of the volume shows a target (a frame with the role 'target')"
    if not measures:
        return "unknown", "a frame should show a target, but nothing was measured on it"
    return "passed", f"a target was measured ({measures[0].where})"


def _grade(_volume: Volume, rule: Rule, measures: Sequence[Measured]) -> Finding:
    asked = standard(rule.standard)
    if not measures:
        return "unknown", f"nothing was measured, so {asked.title} {rule.grade} is not shown"
    found = graded(measures, rule.standard)
    reached = asked.grades[: asked.grades.index(rule.grade) + 1]
    low = [f"{one.title}: {one.value:.3g}" for one in found.criteria if one.grade not in reached]
    if low:
        return "failed", f"not good enough for {rule.grade}: {'; '.join(low)}"
    if found.missing:
        return "unknown", f"not measured, so {rule.grade} is not shown: {'; '.join(found.missing)}"
    return "passed", f"every figure is good enough for {rule.grade}"


def _names(volume: Volume, _rule: Rule, _measures: Sequence[Measured]) -> Finding:
    names = [page.name.rsplit("/", 1)[-1] for page in volume.pages]
    parts = [NAME.fullmatch(name) for name in names]
    odd = [name for name, match in zip(names, parts, strict=True) if match is None]
    if odd:
        return "failed", f"not letters, digits, . _ - with a number at the end: {_some(odd)}"
    matched = [match for match in parts if match is not None]
    shared = {(match["before"], len(match["number"]), match["suffix"].lower()) for match in matched}
    if len(shared) > 1:
        return "failed", f"the names follow several patterns: {_some([match[0] for match in matched])}"
    numbers = sorted(int(match["number"]) for match in matched)
    if len(set(numbers)) < len(numbers):
        return "failed", "a number stands twice"
    gaps = sorted(set(range(numbers[0], numbers[-1] + 1)) - set(numbers))[: NAMED + 1]
    if gaps:
        return "failed", f"a number is left out: {_some([str(number) for number in gaps])}"
    return "passed", f"{len(names)} names of one pattern, none left out"


def _fixity(volume: Volume, _rule: Rule, _measures: Sequence[Measured]) -> Finding:
    if volume.damaged:
        return "failed", f"not as it was recorded: {_some(volume.damaged)}"
    if volume.unrecorded:
        return "unknown", f"no digest was recorded (seal the capture): {_some(volume.unrecorded)}"
    return "passed", "every file is, bit by bit, what was recorded"


RULES: Final[Mapping[str, Callable[[Volume, Rule, Sequence[Measured]], Finding]]] = {
    "resolution": _resolution,
    "depth": _depth,
    "format": _format,
    "profile": _profile,
    "target": _target,
    "grade": _grade,
    "names": _names,
    "fixity": _fixity,
}


def _headers(volume: Volume) -> list[tuple[str, ImageInfo]]:
    return [(page.name, page.info) for page in volume.pages if page.info]


def _plain(name: str) -> str:
    """A name without spaces and marks: 'Adobe RGB (1998)' and 'AdobeRGB1998' are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _some(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
