"""A capture inferred from a folder without a manifest: shown to the person, and correctable."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from vestige.capture.coordinates import AXES, Coordinate
from vestige.capture.journal import read_open
from vestige.capture.manifest import (
    JOURNAL,
    MANIFEST,
    Calibration,
    Capture,
    Frame,
    capture_beneath,
    capture_of,
)
from vestige.errors import InputError

#: Suffixes of pictures; the same as ``vestige.imaging`` reads, which stands above this package.
IMAGES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".jp2", ".j2k", ".jpx", ".jpf", ".j2c"}
    | {".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef", ".mos"}
    | {".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)
DATA = frozenset([".cmp", ".dat", ".xyz", ".csv", ".asc", ".sgrd", ".grd", ".xgd", ".prm", ".hdr", ".mgr"])
COORDINATE_TABLE = "coordinates.csv"

_ROLES = re.compile(r"(?:^|[_\-. ])(dark|flat|white|target|background)(?:[_\-. ]|\d|$)", re.IGNORECASE)
_WAVELENGTH = re.compile(r"(?<![\d.])(\d{3,4}(?:\.\d+)?)[ _-]?nm(?![a-z])", re.IGNORECASE)
_DISTANCE = re.compile(r"(?<![\d.])([+-]?\d+(?:\.\d+)?)[ _-]?mm(?![a-z])", re.IGNORECASE)
_SIDE = re.compile(r"(?:^|[_\-. ])(left|right|links|rechts)(?:[_\-. ]|$)", re.IGNORECASE)


def open_capture(path: str | os.PathLike[str]) -> Capture:
    """The capture at `path`: a manifest, a folder with or without one, or a single frame.

    Raises
    ------
    InputError
        where nothing there can be a capture.

    >>> open_capture("no such folder")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: no such folder does not exist; expected a folder of frames, ...
    """
    path = Path(path)
    try:
        if not path.exists():
            raise InputError(path, "does not exist", "a folder of frames, a capture.json or a frame")
        if path.is_file():
            return read_open(path.parent) if path.name == MANIFEST else open_frames([path])
        if (path / MANIFEST).exists() or (path / JOURNAL).exists():
            return read_open(path)
        return infer_capture(path)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None


def open_frames(files: Sequence[str | os.PathLike[str]]) -> Capture:
    """A capture of single frames: as their folder's manifest tells of them, else inferred.

    Raises
    ------
    InputError
        where one of them is no file.

    >>> open_frames(["none.tif"])
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: ...none.tif does not exist
    """
    capture = capture_of(files)
    if (capture.root / MANIFEST).is_file():
        whole = read_open(capture.root)
        told = {frame.file: frame for frame in whole.frames}
        if all(frame.file in told for frame in capture.frames):
            frames = [told[frame.file] for frame in capture.frames]
            return whole.model_copy(update={"frames": frames}).at(whole.root)
    return _told_by_names(capture)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A key that sorts frame_2 before frame_10.

    >>> sorted(["f10.tif", "f2.tif"], key=natural_order)
    ['f2.tif', 'f10.tif']
    """
    pieces = re.split(r"(\d+)", name.lower())
    return [(0, int(piece), "") if piece.isdecimal() else (1, 0, piece) for piece in pieces if piece]


def infer_capture(folder: str | os.PathLike[str]) -> Capture:
    """A capture of the frames in a folder, with what names and sidecar files tell of them.

    Frames are image files, or survey data files where there is no image. Names give roles (dark,
    flat, white, target, background), wavelengths (``_550nm``), focus positions (``12.5mm``) and sides
    (left, right). Sidecars: ``coordinates.csv`` (file, axis…), one light file ``*.lp``,
    ``cameras.json``. The order of names gives the page.

    Raises
    ------
    InputError
        where the folder holds no frame, or a sidecar cannot be read.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "leaf_550nm.tif").write_bytes(b"pixels")
    ...     infer_capture(folder).frames[0].coordinates["wavelength"]
    Coordinate(value=550.0, unit='nm')
    """
    folder = Path(folder)
    try:
        files = [item for item in folder.iterdir() if item.is_file() and not item.name.startswith(".")]
    except OSError as error:
        raise InputError(folder, f"cannot be read ({error.strerror})") from None
    files.sort(key=lambda item: natural_order(item.name))
    images = [item for item in files if item.suffix.lower() in IMAGES]
    frames = images or [
        item for item in files if item.suffix.lower() in DATA and item.name != COORDINATE_TABLE
    ]
    if not frames:
        raise InputError(
            folder, "holds no frame", "image files or survey data", "name the folder of the frames"
        )
    return _told_by_names(capture_beneath(folder, frames))


def _told_by_names(capture: Capture) -> Capture:
    """The capture with what the names of its frames and the sidecars of its folder tell."""
    capture.frames = [_from_name(frame) for frame in capture.frames]
    _from_table(capture)
    _from_lights(capture)
    _from_cameras(capture)
    _from_order(capture)
    capture.notes.append("inferred from file names and sidecar files; correct it in capture.json")
    return capture


def _from_name(frame: Frame) -> Frame:
    stem = Path(frame.file).stem
    found: dict[str, Coordinate] = {}
    for axis, pattern in (("wavelength", _WAVELENGTH), ("focus", _DISTANCE)):
        if match := pattern.search(stem):
            found[axis] = Coordinate(value=float(match[1]), unit=AXES[axis])
    if match := _SIDE.search(stem):
        side = {"links": "left", "rechts": "right"}.get(match[1].lower(), match[1].lower())
        found["side"] = Coordinate(value=side)
    role = match[1].lower() if (match := _ROLES.search(stem)) else "object"
    return frame.model_copy(update={"role": role, "coordinates": found})


def _from_order(capture: Capture) -> None:
    for number, frame in enumerate((f for f in capture.frames if f.role == "object"), start=1):
        frame.coordinates.setdefault("page", Coordinate(value=float(number), unit="1"))


def _from_table(capture: Capture) -> None:
    """Coordinates from ``coordinates.csv``: a column ``file``, then one column an axis."""
    path = capture.root / COORDINATE_TABLE
    if not path.is_file():
        return
    try:
        lines = list(csv.DictReader(_text(path).splitlines()))
    except csv.Error as error:
        raise InputError(path, f"cannot be read ({error})", "a table with a column 'file'") from None
    if not lines or "file" not in lines[0]:
        raise InputError(path, "has no column 'file'", "a line of headings: file, then one axis a column")
    frames = {frame.file: frame for frame in capture.frames}
    for number, line in enumerate(lines, start=2):
        name = line["file"] or ""
        frame = frames.get(name)
        if frame is None:
            if "\0" not in name and (capture.root / name).is_file():
                continue
            raise InputError(path, f"names {name!r} on line {number}", "a frame of this folder")
        for axis, text in line.items():
            if axis not in ("file", "", None) and text:
                frame.coordinates[axis] = _coordinate(path, number, axis, text)


def _text(path: Path) -> str:
    """A sidecar as text; a byte order mark at its head is left out."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(
            path, f"holds bytes at {error.start} that are no UTF-8 text", action="save it as UTF-8"
        ) from None


def _coordinate(path: Path, line: int, axis: str, text: str) -> Coordinate:
    unit = AXES.get(axis, "")
    try:
        return Coordinate(value=float(text), unit=unit)
    except ValidationError:
        raise InputError(path, f"has {text!r} for {axis} on line {line}", "a finite number") from None
    except ValueError:
        return Coordinate(value=text, unit=unit)


def _from_lights(capture: Capture) -> None:
    """Light directions from one ``.lp`` file: a count, then a line 'name x y z' a frame."""
    found = sorted(capture.root.glob("*.lp"))
    if len(found) > 1:
        listed = ", ".join(file.name for file in found)
        capture.notes.append(f"there are {len(found)} light files ({listed}), and none was used")
    if len(found) != 1:
        return
    lights = read_light_file(found[0])
    by_name = {Path(name).name: light for name, light in lights}
    named = [frame for frame in capture.frames if Path(frame.file).name in by_name]
    for frame in named:
        frame.coordinates["light"] = Coordinate(value=by_name[Path(frame.file).name], unit="1")
    capture.calibration.append(Calibration(kind="lights", file=found[0].name))


def read_light_file(path: str | os.PathLike[str]) -> list[tuple[str, tuple[float, float, float]]]:
    r"""The lights of a ``.lp`` file, in order: file name and direction (x right, y up, z to the viewer).

    Raises
    ------
    InputError
        naming the line that is wrong.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "dome.lp").write_text("1\nleaf.tif 0 0.6 0.8\n")
    ...     read_light_file(Path(folder, "dome.lp"))
    [('leaf.tif', (0.0, 0.6, 0.8))]
    """
    path = Path(path)
    lines = [line.split() for line in _text(path).splitlines() if line.strip()]
    if not lines or not lines[0][0].isdecimal() or len(lines[0][0]) > 9:
        raise InputError(
            path, "does not begin with the number of lights", "a light file: count, then name x y z"
        )
    lights = []
    for number, words in enumerate(lines[1:], start=2):
        try:
            x, y, z = (float(word) for word in words[-3:])
        except ValueError:
            raise InputError(path, f"has no three numbers on line {number}", "name x y z") from None
        if len(words) < 4 or not all(map(math.isfinite, (x, y, z))) or not math.hypot(x, y, z):
            raise InputError(
                path, f"has no name and direction on line {number}", "name x y z, finite and not zero"
            )
        lights.append((" ".join(words[:-3]).replace("\\", "/"), (x, y, z)))
    if int(lines[0][0]) != len(lights):
        raise InputError(
            path, f"says {lines[0][0]} lights and lists {len(lights)}", action="mend the first line"
        )
    return lights


def _from_cameras(capture: Capture) -> None:
    if (capture.root / "cameras.json").is_file():
        capture.calibration.append(Calibration(kind="cameras", file="cameras.json"))
