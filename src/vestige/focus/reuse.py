"""One alignment for many lights: what a run found is kept, and applied to the frames of another light.

Raking light shows a surface by its shadows, which move with the light and would drag an alignment along.
The camera does not know of the light; so the warps of one light hold for all, to the last bit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from vestige.capture import first_fault
from vestige.capture.durable import write_atomically
from vestige.capture.infer import natural_order
from vestige.errors import FrameError, InputError
from vestige.focus.alignment import Warp
from vestige.focus.frames import Frames

__all__ = ["Recorded", "read_alignment", "recorded_of", "write_alignment"]

MATRIX = NDArray[np.float64]
EXPECTED = "report.json or alignment.json of focus run or focus align"
LARGEST_BYTES = 64 << 20
#: Two positions of focus are the same when they differ by less than this share of the smallest step.
SAME_STEP = 0.05


@dataclass(frozen=True)
class Recorded:
    """How the frames of one light lay on one another.

    Attributes
    ----------
    source : what messages call it.
    size : (width, height) of the frames, in pixels.
    names : file name of each frame, in the order of focus.
    focus : position of each frame (mm), None where the capture told none.
    matrices : 3 x 3 float64 for each frame, from reference pixels to its pixels.
    reference : number of the frame that stays as it is.
    left_out : name, and position or None, of each frame that could not be used.
    """

    source: str
    size: tuple[int, int]
    names: tuple[str, ...]
    focus: tuple[float, ...] | None
    matrices: tuple[MATRIX, ...]
    reference: int
    left_out: tuple[tuple[str, float | None], ...] = ()

    def fitting(self, frames: Frames) -> tuple[list[int], list[MATRIX], int]:
        """Which of `frames` in the recorded order, the matrix of each, and which of these is the reference.

        Frames are matched by their focus where both tell it, else by their number: by the natural order of
        their names. What could not be used there has no place, and is not among those chosen here.

        Raises
        ------
        InputError : the frames differ from the recorded ones in size, number or focus.
        """
        size = (frames.shape[1], frames.shape[0])
        if size != self.size:
            raise InputError(
                self.source,
                f"is the alignment of frames of {self.size[0]} x {self.size[1]} pixels",
                f"one of frames of {size[0]} x {size[1]}",
                "align frames of this size",
            )
        known = self.focus is not None and frames.focus is not None
        numbers = self._by_focus(frames) if known else self._by_number(frames)
        chosen = sorted(
            (place for place in range(len(numbers)) if numbers[place] >= 0), key=numbers.__getitem__
        )
        if len(chosen) < 2:
            raise InputError(
                self.source, f"is the alignment of {len(chosen)} of these frames", "that of two or more"
            )
        reference = min(range(len(chosen)), key=lambda place: abs(numbers[chosen[place]] - self.reference))
        return chosen, [self.matrices[numbers[place]] for place in chosen], reference

    def _by_number(self, frames: Frames) -> list[int]:
        """For each frame the number of the recorded one whose name has the same rank; -1: left out there."""
        count, known = len(frames.items), len(self.matrices)
        ours = [frame.name for frame in frames.items]
        if count + len(frames.left_out) == known + len(self.left_out):
            theirs = _ranked([*self.names, *(name for name, _ in self.left_out)])
            places = _ranked([*ours, *(name for name, _ in frames.left_out)])
            same = dict(zip(places, theirs, strict=True))
            return [same[place] if same[place] < known else -1 for place in range(count)]
        if count != known:
            raise InputError(
                self.source,
                f"is the alignment of {len(self.matrices)} frames",
                f"one of {len(frames.items)} frames",
                "give every light the same frames, or name the focus of each frame in capture.json",
            )
        numbers = dict(zip(_ranked(ours), _ranked(self.names), strict=True))
        return [numbers[place] for place in range(count)]

    def _by_focus(self, frames: Frames) -> list[int]:
        """For each frame the number of the recorded one with the same focus; -1 where that was left out."""
        assert self.focus is not None
        assert frames.focus is not None
        if len(frames.items) > len(self.matrices) + len(self.left_out):
            return self._by_number(frames)
        known = np.array(self.focus)
        steps = np.diff(known)
        close = SAME_STEP * float(steps[steps > 0].min(initial=1.0))
        lacking = np.array([place for _, place in self.left_out if place is not None])
        numbers = []
        for frame, focus in zip(frames.items, frames.focus, strict=True):
            number = int(np.abs(known - focus).argmin())
            if np.abs(lacking - focus).min(initial=np.inf) <= close < abs(known[number] - focus):
                numbers.append(-1)
                continue
            if abs(known[number] - focus) > close:
                raise FrameError(
                    frame.name,
                    f"is focused at {focus:g} mm, and {self.source} has no frame there",
                    f"one of the {len(known)} positions from {known[0]:g} to {known[-1]:g} mm",
                )
            numbers.append(number)
        return numbers


def _ranked(names: Sequence[str]) -> list[int]:
    return sorted(range(len(names)), key=lambda number: natural_order(names[number]))


def recorded_of(
    warps: Sequence[Warp],
    names: Sequence[str],
    shape: tuple[int, ...],
    focus: tuple[float, ...] | None,
    left_out: Sequence[tuple[str, float | None]] = (),
) -> Recorded:
    """The alignment of another stack: its warps, the names of its frames, (height, width[, 3]), its focus.

    `left_out` holds names and positions of the frames that it could not use.

    >>> recorded_of([Warp(np.eye(3)), Warp(np.diag([1.01, 1.01, 1]))], ["a", "b"], (30, 40), None).size
    (40, 30)
    """
    still = [number for number, found in enumerate(warps) if np.array_equal(found.matrix, np.eye(3))]
    matrices = tuple(np.asarray(found.matrix, np.float64) for found in warps)
    reference = still[len(still) // 2] if still else len(warps) // 2
    size = (shape[1], shape[0])
    return Recorded("the stack", size, tuple(names), focus, matrices, reference, tuple(left_out))


def write_alignment(
    path: Path,
    size: tuple[int, int],
    rows: Sequence[dict[str, Any]],
    left_out: Sequence[tuple[str, float | None]] = (),
) -> None:
    """Keep an alignment as JSON: the size (width, height) and for each frame file, focus, matrix and gain.

    `left_out` holds name and position of each frame that could not be used.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "alignment.json")
    >>> row = {"file": "a.tif", "focus": 0, "unit": "frame", "matrix": np.eye(3).tolist(), "gain": 1.0}
    >>> write_alignment(path, (40, 30), [{**row, "reference": True}, {**row, "reference": False}])
    >>> read_alignment(path).size
    (40, 30)
    """
    kept = ("file", "focus", "unit", "reference", "matrix", "gain")
    record = {
        "version": "vestige-alignment-1",
        "size_px": list(size),
        "frames": [{name: row[name] for name in kept} for row in rows if row.get("matrix") is not None],
    }
    if left_out:
        record["left_out"] = [{"file": name, "focus": place} for name, place in left_out]
    write_atomically(path, (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())


def read_alignment(path: Path) -> Recorded:
    """The alignment in the ``report.json`` or ``alignment.json`` of another run.

    Raises
    ------
    InputError : the file cannot be read or holds no alignment.

    >>> read_alignment(Path("none.json"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.json cannot be read (No such file or directory); expected report.json ...
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(path, f"is larger than {LARGEST_BYTES >> 20} MiB", EXPECTED)
        record = _Record.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", EXPECTED) from None
    except ValidationError as error:
        raise InputError(path, f"holds no alignment: {first_fault(error)}", EXPECTED) from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"is no JSON ({str(error)[:80]})", EXPECTED) from None
    size = record.size_px or record.measurements.size_px
    rows = [row for row in record.frames if row.matrix is not None]
    if size is None or len(rows) < 2:
        raise InputError(path, f"holds no alignment: {len(rows)} frames have a matrix", EXPECTED)
    in_mm = all(row.unit == "mm" for row in rows)
    return Recorded(
        path.name,
        size,
        tuple(row.file for row in rows),
        tuple(row.focus for row in rows) if in_mm else None,
        tuple(np.array(row.matrix, np.float64) for row in rows),
        next((number for number, row in enumerate(rows) if row.reference), len(rows) // 2),
        tuple((left.file, left.focus) for left in record.left_out),
    )


def _invertible(matrix: list[list[float]]) -> list[list[float]]:
    if not 1e-6 < abs(np.linalg.det(np.array(matrix))) < 1e6:
        raise ValueError("the matrix cannot be inverted")
    return matrix


_Number = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
_Line = Annotated[list[_Number], Field(min_length=3, max_length=3)]
_Side = Annotated[int, Field(gt=0)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore")

    file: str = ""
    focus: _Number = 0.0
    unit: str = ""
    reference: bool = False
    matrix: Annotated[list[_Line], Field(min_length=3, max_length=3), AfterValidator(_invertible)] | None = (
        None
    )


class _Left(BaseModel):
    model_config = ConfigDict(extra="ignore")

    file: str = ""
    focus: _Number | None = None


class _Measured(BaseModel):
    model_config = ConfigDict(extra="ignore")

    size_px: tuple[_Side, _Side] | None = None


class _Record(BaseModel):
    model_config = ConfigDict(extra="ignore")

    size_px: tuple[_Side, _Side] | None = None
    measurements: _Measured = _Measured()
    frames: list[_Row]
    left_out: list[_Left] = []
