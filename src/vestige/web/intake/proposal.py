"""The proposal: what a tray looks like as a capture, what is still missing, and what people corrected."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from pydantic import ValidationError

from vestige.archive.descriptions import FIELDS
from vestige.capture import MANIFEST, Capture, Coordinate, Frame, Thing, infer_capture, load_manifest
from vestige.capture.coordinates import AXES
from vestige.contract.registry import technique
from vestige.errors import InputError, VestigeError
from vestige.web.faults import fault
from vestige.web.intake.tray import FRAMES, Said, Tray, TrayState
from vestige.web.running.choice import guess

ROLES = ("object", "dark", "flat", "white", "target", "background")
#: What a person says of the object while it is taken in; all but the last few are shown at once.
OBJECT = ("identifier", "title", "collection", "project", "institution", "person", "place", "date", "rights")


@dataclass(frozen=True)
class Lack:
    """Something that is missing or odd: what, the words it is told with; `stops` taking in or not."""

    what: str
    told: Mapping[str, str] = field(default_factory=dict)
    stops: bool = False


@dataclass(frozen=True)
class Row:
    """A frame as the table shows it."""

    number: int
    frame: Frame
    place: int
    left_out: bool
    values: Mapping[str, str]
    corrected: bool


@dataclass(frozen=True)
class Proposal:
    """A tray as a capture."""

    capture: Capture
    rows: list[Row]
    axes: list[str]
    guessed: str
    technique: str
    lacks: list[Lack]
    fault: str = ""

    @property
    def ready(self) -> bool:
        """Whether nothing stands against taking it in."""
        return not self.fault and not any(lack.stops for lack in self.lacks)


def propose(tray: Tray) -> Proposal:
    """The capture that lies in a tray, as names and sidecar files tell and people corrected it."""
    state, files = tray.state(), tray.files()
    root = tray.folder / FRAMES
    places = {Path(frame.file).name: number for number, frame in enumerate(files)}
    digests = {Path(frame.file).name: frame.blake3 for frame in files}
    problem = ""
    try:
        found = _found(root, bool(files))
    except VestigeError as error:
        found, problem = Capture().at(root), fault(error)
    guessed = guess(found)
    chosen = state.technique or guessed
    rows = _rows(found, state, places, digests)
    capture = _capture(found, rows, state)
    axes = _axes(rows, chosen)
    lacks = _lacks(capture, rows, tray, state, chosen)
    return Proposal(capture, rows, axes, guessed, chosen, lacks, problem)


def coordinate(axis: str, text: str) -> Coordinate | None:
    """A coordinate as people write it: a number, a word, or three numbers for a direction; None where empty.

    Raises
    ------
    InputError
        where it is none of these.

    >>> coordinate("wavelength", "550,5"), coordinate("light", "0 0.6 0.8").vector
    (Coordinate(value=550.5, unit='nm'), (0.0, 0.6, 0.8))
    """
    text = text.strip().strip("()")
    if not text:
        return None
    unit = AXES.get(axis, "")
    numbers = re.split(r"[;\s]+|,\s+", text) if re.search(r"[;\s]", text) else text.split(",")
    try:
        if len(numbers) == 3:
            x, y, z = (float(part.replace(",", ".")) for part in numbers if part)
            length = math.hypot(x, y, z)
            return Coordinate(value=(x, y, z) if length else (0.0, 0.0, 0.0), unit=unit)
        return Coordinate(value=float(text.replace(",", ".")), unit=unit)
    except ValidationError:
        raise InputError(axis, f"cannot be '{text[:40]}'", "a finite number, a word or a direction") from None
    except ValueError:
        return Coordinate(value=text[:100], unit=unit)


def written(value: Coordinate | None) -> str:
    """A coordinate as a person writes it; `coordinate` reads it back.

    >>> written(Coordinate(value=550, unit="nm")), written(None)
    ('550', '')
    """
    if value is None:
        return ""
    if isinstance(value.value, tuple):
        return " ".join(f"{part:.6g}" for part in value.value)
    return value.value if isinstance(value.value, str) else f"{value.value:.12g}"


def described(state: TrayState) -> dict[str, str]:
    """What is said of the object, for the archive."""
    return {name: value for name, value in state.object.items() if value and name in ("identifier", *FIELDS)}


def _found(root: Path, some: bool) -> Capture:
    if (root / MANIFEST).is_file():
        return load_manifest(root / MANIFEST)
    return infer_capture(root) if some else Capture().at(root)


def _rows(
    found: Capture, state: TrayState, places: Mapping[str, int], digests: Mapping[str, str]
) -> list[Row]:
    rows = []
    for number, frame in enumerate(found.frames):
        said = state.said.get(frame.file, Said())
        told = dict(frame.coordinates)
        for axis, text in said.coordinates.items():
            value = coordinate(axis, text)
            if value is None:
                told.pop(axis, None)
            else:
                told[axis] = value
        update = {
            "coordinates": told,
            "role": said.role or frame.role,
            "blake3": frame.blake3 or digests.get(frame.file, ""),
        }
        values = {axis: written(value) for axis, value in told.items()}
        rows.append(
            Row(
                number,
                frame.model_copy(update=update),
                places.get(frame.file, -1),
                said.left_out,
                values,
                said != Said(),
            )
        )
    return rows


def _capture(found: Capture, rows: list[Row], state: TrayState) -> Capture:
    thing = Thing(
        identifier=state.object.get("identifier", "") or found.thing.identifier,
        title=state.object.get("title", "") or found.thing.title,
    )
    frames = [row.frame for row in rows if not row.left_out]
    return found.model_copy(update={"thing": thing, "frames": frames}).at(found.root)


def _axes(rows: list[Row], chosen: str) -> list[str]:
    """The columns of the table: axes that some frame has, and those that the technique needs."""
    found: dict[str, None] = {}
    for row in rows:
        found.update(dict.fromkeys(row.frame.coordinates))
    needed = [
        axis for axis in _varies(chosen) if axis in AXES and any(r.frame.role == "object" for r in rows)
    ]
    return list(dict.fromkeys([*(axis for axis in found), *needed[:1]]))


def _varies(name: str) -> tuple[str, ...]:
    try:
        return technique(name).varies if name else ()
    except VestigeError:
        return ()


def _lacks(capture: Capture, rows: list[Row], tray: Tray, state: TrayState, chosen: str) -> list[Lack]:
    lacks = []
    if not capture.thing.identifier:
        lacks.append(Lack("identifier", stops=True))
    if not capture.select():
        lacks.append(Lack("frames", stops=True))
    if cut := [part.name for part in tray.parts()]:
        lacks.append(Lack("parts", {"n": str(len(cut)), "names": _named(cut)}, stops=True))
    if gone := [row.frame.file for row in rows if row.place < 0 and not row.left_out]:
        lacks.append(Lack("files", {"names": _named(gone)}, stops=True))
    lacks += _lacking_axes(capture, chosen)
    lacks += _gaps([frame.file for frame in capture.select()])
    lacks += _doubles(capture)
    return lacks


def _lacking_axes(capture: Capture, chosen: str) -> list[Lack]:
    frames, axes = capture.select(), _varies(chosen)
    if not frames or not axes:
        return []
    if len(frames) == 1 and axes[0] != "page" and Path(frames[0].file).suffix.lower() not in (".dat", ".csv"):
        return [Lack("single")]
    without = [frame.file for frame in frames if axes[0] not in frame.coordinates]
    if without and axes[0] in AXES and axes[0] not in ("easting", "northing"):
        return [Lack("axis", {"axis": axes[0], "n": str(len(without)), "names": _named(without)})]
    return []


def _gaps(files: list[str]) -> list[Lack]:
    """Numbers that are left out in a series of names: a frame that was not copied, perhaps."""
    series: dict[str, list[int]] = defaultdict(list)
    for file in files:
        if match := re.search(r"(\d{1,9})(?!.*\d)", Path(file).stem):
            stem = Path(file).stem
            series[stem[: match.start()] + "#" + stem[match.end() :]].append(int(match[1]))
    found = []
    for name, numbers in series.items():
        ordered = sorted(set(numbers))
        steps = [after - before for before, after in pairwise(ordered)]
        if len(ordered) < 4 or not steps or max(steps) == 1 or steps.count(1) < 0.6 * len(steps):
            continue
        missing = [
            str(number)
            for before, after in pairwise(ordered)
            for number in range(before + 1, min(after, before + 20))
        ]
        found.append(Lack("gap", {"names": _named(missing), "series": name.replace("#", "…")}))
    return found


def _doubles(capture: Capture) -> list[Lack]:
    same: dict[str, list[str]] = defaultdict(list)
    for frame in capture.frames:
        if frame.blake3:
            same[frame.blake3].append(frame.file)
    return [Lack("double", {"names": _named(files)}) for files in same.values() if len(files) > 1]


def _named(names: list[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" … (+{len(names) - most})" if len(names) > most else "")
