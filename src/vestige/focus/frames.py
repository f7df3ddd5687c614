"""The frames of a stack: which can be used, in which order, and their pixels by rows."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from vestige.capture import MANIFEST, Capture
from vestige.errors import InputError, UsageError
from vestige.imaging import ImageInfo, open_image, probe

__all__ = ["ArrayFrame", "FileFrame", "Frames", "StackFrame", "frames_of_capture", "frames_of_items"]

FLOAT = NDArray[np.float32]
AXIS = "focus"
#: Headers that are read at the same time.
PROBES = 4


class Opened(Protocol):
    """An opened frame: rows in linear light, and a small version of it."""

    def read(self, rows: slice | None = None) -> FLOAT:
        """Rows in linear light."""

    def proxy(self, max_side: int) -> FLOAT:
        """A small version, each pixel the average of its area."""

    def close(self) -> None:
        """Give back what opening took."""


class StackFrame(Protocol):
    """One frame of a stack, in a file or in memory."""

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width[, 3])."""

    def open(self) -> Opened:
        """The pixels, by rows."""

    def hold(self) -> None:
        """Keep the pixels at hand once they are decoded, until `release`."""

    def release(self) -> None:
        """Give back what `hold` kept."""


class _Lent:
    """An opened frame that its holder closes."""

    def __init__(self, opened: Opened) -> None:
        self.read = opened.read
        self.proxy = opened.proxy

    def close(self) -> None:
        """The holder closes it."""


@dataclass(frozen=True)
class FileFrame:
    """A frame in a file; `encoding` and `white_level` say how its numbers become light."""

    path: Path
    info: ImageInfo
    encoding: Literal["auto", "srgb", "linear"] = "auto"
    white_level: float | None = None
    _held: list[Opened] = field(default_factory=list, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the file."""
        return self.path.name

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width[, 3])."""
        return self.info.shape

    def open(self) -> Opened:
        """The pixels, by rows."""
        if self._held:
            return _Lent(self._held[0])
        return open_image(self.path, encoding=self.encoding, white_level=self.white_level)

    def hold(self) -> None:
        """Keep the file open: it is decoded once."""
        if not self._held:
            self._held.append(self.open())

    def release(self) -> None:
        """Close the file. Releasing twice is fine."""
        while self._held:
            self._held.pop().close()


@dataclass(frozen=True)
class ArrayFrame:
    """A frame in memory: (height, width[, 3]) float32, linear light."""

    name: str
    pixels: FLOAT

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width[, 3])."""
        return self.pixels.shape

    def open(self) -> Opened:
        """The pixels, by rows."""
        return self

    def read(self, rows: slice | None = None) -> FLOAT:
        """Rows in linear light."""
        return self.pixels[rows or slice(None)]

    def proxy(self, max_side: int) -> FLOAT:
        """A small version, each pixel the average of its area."""
        import cv2

        scale = max(self.shape[:2]) / max_side
        if scale <= 1:
            return self.pixels
        size = round(self.shape[1] / scale), round(self.shape[0] / scale)
        return np.asarray(cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), np.float32)

    def close(self) -> None:
        """Nothing to give back."""

    def hold(self) -> None:
        """The pixels are at hand."""

    def release(self) -> None:
        """Nothing to give back."""


@dataclass(frozen=True)
class Frames:
    """The frames of one stack in the order of their focus, all of one size.

    `focus` holds the position of each (mm) or None where the capture does not tell; `left_out` the names and
    positions of those that cannot be used.
    """

    items: tuple[StackFrame, ...]
    focus: tuple[float, ...] | None
    left_out: tuple[tuple[str, float | None], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width[, 3])."""
        return self.items[0].shape

    def release(self) -> None:
        """Give back what frames hold."""
        for frame in self.items:
            frame.release()

    def only(self, chosen: Sequence[int]) -> Frames:
        """Some of the frames; the others are left out.

        Raises
        ------
        InputError : fewer than two are left.
        """
        if len(chosen) < 2:
            name = self.items[chosen[0]].name if chosen else "the stack"
            found = "is the only frame that can be used" if chosen else "holds no frame that can be used"
            raise InputError(name, found, "two frames or more of different focus")
        focus = None if self.focus is None else tuple(self.focus[number] for number in chosen)
        others = sorted(set(range(len(self.items))) - set(chosen))
        left = ((self.items[number].name, self.focus[number] if self.focus else None) for number in others)
        return Frames(tuple(self.items[number] for number in chosen), focus, (*self.left_out, *left))


def frames_of_capture(capture: Capture, warn: Callable[[str], None]) -> Frames:
    """The usable frames of a capture, by focus where every frame has one, else as listed.

    A frame that is no image, or of another size than most, names itself in a warning and is left out.

    Raises
    ------
    InputError : fewer than two frames can be used.
    """
    listed = capture.select()
    positions = {frame.file: frame.coordinates[AXIS] for frame in listed if AXIS in frame.coordinates}
    if positions and len(positions) < len(listed):
        lacking = next(frame.file for frame in listed if frame.file not in positions)
        warn(f"{lacking} has no focus position, so depth is given in frames instead of mm")
    ordered = capture.sorted_by(AXIS) if len(positions) == len(listed) > 0 else listed
    settings = _reading(capture)
    found: list[StackFrame] = []
    focus: list[float] = []
    faults: list[InputError] = []
    left_out: list[tuple[str, float | None]] = []
    paths = [capture.path(frame) for frame in ordered]
    for frame, path, info in zip(ordered, paths, _probed(paths), strict=True):
        if isinstance(info, ImageInfo):
            found.append(FileFrame(path, info, **settings))
        else:
            faults.append(info)
            left_out.append((path.name, frame.number(AXIS) if len(positions) == len(listed) else None))
            continue
        if len(positions) == len(listed):
            focus.append(frame.number(AXIS))
    return _usable(found, focus if focus else None, faults, left_out, warn)


def frames_of_items(
    items: Sequence[str | os.PathLike[str] | FLOAT],
    focus: Sequence[float] | None,
    warn: Callable[[str], None],
) -> Frames:
    """The usable frames among paths or arrays, by focus where it is given.

    Raises
    ------
    UsageError : another number of focus positions than frames.
    InputError : fewer than two frames can be used.
    """
    if focus is not None and len(focus) != len(items):
        raise UsageError(f"{len(items)} frames need as many focus positions, not {len(focus)}")
    order = (
        range(len(items)) if focus is None else sorted(range(len(items)), key=lambda number: focus[number])
    )
    found: list[StackFrame] = []
    kept: list[float] = []
    faults: list[InputError] = []
    left_out: list[tuple[str, float | None]] = []
    paths = {number: Path(item) for number, item in enumerate(items) if not isinstance(item, np.ndarray)}
    headers = dict(zip(paths, _probed(list(paths.values())), strict=True))
    for number in order:
        item = items[number]
        if isinstance(item, np.ndarray):
            found.append(ArrayFrame(f"frame {number}", np.asarray(item, np.float32)))
        elif isinstance(info := headers[number], ImageInfo):
            found.append(FileFrame(paths[number], info))
        else:
            faults.append(info)
            left_out.append((paths[number].name, None if focus is None else float(focus[number])))
            continue
        if focus is not None:
            kept.append(float(focus[number]))
    return _usable(found, kept if focus is not None else None, faults, left_out, warn)


def _probed(paths: Sequence[Path]) -> list[ImageInfo | InputError]:
    """The header of each file, or why it cannot be read; what is waited for is another process."""

    def header(path: Path) -> ImageInfo | InputError:
        try:
            return probe(path)
        except InputError as error:
            return error

    with ThreadPoolExecutor(PROBES) as pool:
        return list(pool.map(header, paths))


def _reading(capture: Capture) -> dict[str, Any]:
    """How the capture says that its numbers become light."""
    encoding, white_level = capture.settings.get("encoding", "auto"), capture.settings.get("white_level")
    if encoding not in ("auto", "srgb", "linear"):
        raise InputError(
            capture.root / MANIFEST, f"has the setting encoding {encoding!r}", "auto, srgb or linear"
        )
    if white_level is not None and not (isinstance(white_level, int | float) and 0 < white_level < np.inf):
        raise InputError(
            capture.root / MANIFEST, f"has the setting white_level {white_level!r}", "a number above 0"
        )
    return {"encoding": encoding, "white_level": white_level}


def _usable(
    found: list[StackFrame],
    focus: list[float] | None,
    faults: list[InputError],
    left_out: list[tuple[str, float | None]],
    warn: Callable[[str], None],
) -> Frames:
    """Those of the commonest size; the others are named."""
    usual = Counter(frame.shape for frame in found).most_common(1)[0][0] if found else ()
    chosen = []
    for number, frame in enumerate(found):
        if frame.shape == usual:
            chosen.append(number)
        else:
            faults.append(
                InputError(frame.name, f"is {_size(frame.shape)}", f"{_size(usual)} as the other frames")
            )
    if len(chosen) < 2 and faults:
        raise faults[0]
    for fault in faults:
        warn(f"{fault}; the stack goes on without it")
    return Frames(tuple(found), tuple(focus) if focus is not None else None, tuple(left_out)).only(chosen)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}, {'grey' if len(shape) == 2 else 'colour'}"
