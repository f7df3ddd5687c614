"""A capture: a stack of frames of one thing, and the manifest that says what each frame is."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from blake3 import blake3
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from vestige.capture.coordinates import Coordinate
from vestige.errors import FrameError, InputError

MANIFEST = "capture.json"
JOURNAL = "capture.jsonl"


def _within(name: str) -> str:
    """Refuse paths that leave the capture's folder: a manifest may come from a stranger."""
    if not name.isprintable():
        raise ValueError(f"{name!r} holds characters that cannot be printed")
    if not name or name == "." or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"{name!r} lies outside its own folder")
    return name


#: A file of a capture: a path beneath the folder of the manifest.
File = Annotated[str, AfterValidator(_within)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Thing(_Model):
    """The object recorded. Kept small here; the archive holds the full description.

    >>> Thing(identifier="Ms. 17").title
    ''
    """

    identifier: str = ""
    title: str = ""


class Rights(_Model):
    """Who made the capture and what others may do with it.

    >>> Rights(licence="CC-BY-4.0").creator
    ''
    """

    creator: str = ""
    licence: str = ""
    statement: str = ""


class Frame(_Model):
    """One recorded file and where it stands on each axis.

    ``role`` tells what the frame shows: the object, or a reference for calibration
    (``dark``, ``flat``, ``white``, ``target``). ``supersedes`` names the file that this frame
    replaces (a page shot again); the older file stays where it is.

    >>> Frame(file="leaf_550nm.tif", role="flat").role
    'flat'
    """

    file: File
    blake3: str = ""
    role: str = "object"
    coordinates: dict[str, Coordinate] = Field(default_factory=dict)
    supersedes: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)

    def number(self, axis: str) -> float:
        """The value on `axis` as a number; an InputError naming the frame where it has none."""
        if axis not in self.coordinates:
            raise InputError(
                self.file,
                f"has no {axis}",
                f"a coordinate '{axis}' for each frame",
                "add it with vestige capture new",
            )
        try:
            return self.coordinates[axis].number
        except ValueError as error:
            raise InputError(self.file, f"has a bad {axis}: {error}") from None


class Calibration(_Model):
    """A file that describes the rig: light directions, cameras, a scale.

    >>> Calibration(kind="lights", file="dome.lp").file
    'dome.lp'
    """

    kind: str
    file: File
    blake3: str = ""


class Capture(_Model):
    """A stack of frames of one thing.

    Paths of frames are relative to the folder of the manifest. A capture is ``open`` while frames
    arrive and ``sealed`` once it is complete; a sealed capture never changes.

    >>> capture = Capture(frames=[Frame(file="a.tif"), Frame(file="b.tif", role="dark")])
    >>> [frame.file for frame in capture.select(role="object")]
    ['a.tif']
    """

    version: Literal["vestige-capture-1"] = "vestige-capture-1"
    thing: Thing = Field(default_factory=Thing)
    state: Literal["open", "sealed"] = "open"
    created: datetime | None = None
    frames: list[Frame] = Field(default_factory=list)
    settings: dict[str, Any] = Field(default_factory=dict)
    calibration: list[Calibration] = Field(default_factory=list)
    rights: Rights = Field(default_factory=Rights)
    notes: list[str] = Field(default_factory=list)

    _root: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _distinct_files(self) -> Self:
        name, times = next(iter(Counter(frame.file for frame in self.frames).most_common(1)), ("", 0))
        if times > 1:
            raise ValueError(f"frame {name} is listed twice")
        return self

    @property
    def root(self) -> Path:
        """The folder that frame paths are relative to."""
        return self._root

    @property
    def growing(self) -> bool:
        """Whether frames are still arriving: open, with a journal beside the frames."""
        return self.state == "open" and (self._root / JOURNAL).is_file()

    def at(self, root: str | os.PathLike[str]) -> Self:
        """The capture with its frames under `root`."""
        self._root = Path(root)
        return self

    def path(self, item: Frame | Calibration) -> Path:
        """The file of a frame or a calibration on disk."""
        return self._root / item.file

    def files(self) -> list[Frame | Calibration]:
        """Every file of the capture, frames first."""
        return [*self.frames, *self.calibration]

    def select(self, *, role: str = "object", **coordinate: float | str) -> list[Frame]:
        """Frames of a role, in order, without those superseded; optionally with exact coordinates.

        >>> frames = [Frame(file="1.tif"), Frame(file="1b.tif", supersedes="1.tif")]
        >>> [f.file for f in Capture(frames=frames).select()]
        ['1b.tif']
        """
        replaced = {frame.supersedes for frame in self.frames if frame.supersedes}
        return [
            frame
            for frame in self.frames
            if frame.role == role
            and frame.file not in replaced
            and all(
                axis in frame.coordinates and frame.coordinates[axis].value == value
                for axis, value in coordinate.items()
            )
        ]

    def sorted_by(self, axis: str, *, role: str = "object") -> list[Frame]:
        """Frames of a role ordered along an axis.

        Raises
        ------
        InputError
            where a frame has no number on that axis.
        """
        return sorted(self.select(role=role), key=lambda frame: frame.number(axis))

    def axes(self) -> list[str]:
        """The axes on which the object frames carry a coordinate."""
        found: dict[str, None] = {}
        for frame in self.select():
            found.update(dict.fromkeys(frame.coordinates))
        return list(found)

    def calibrations(self, kind: str) -> list[Path]:
        """Files of a kind of calibration (``lights``, ``cameras``)."""
        return [self.path(item) for item in self.calibration if item.kind == kind]

    def digest(self, *, recorded: bool = False) -> str:
        """A BLAKE3 over what the capture says and over the bytes of its files.

        Every file is read: a digest that was recorded earlier is checked, not trusted. With `recorded`
        nothing is read: for a capture whose digests were found just now, or to ask whether it is known.

        Raises
        ------
        FrameError
            where a file is no longer what was recorded.
        """
        record = self.model_dump(mode="json", exclude={"created", "state", "notes"})
        for item, listed in zip(self.files(), [*record["frames"], *record["calibration"]], strict=True):
            listed["blake3"] = item.blake3 if recorded else file_digest(self.path(item))
            if item.blake3 not in ("", listed["blake3"]):
                raise FrameError(
                    self.path(item),
                    "has changed since it was recorded",
                    action="restore it, or correct its blake3 in capture.json",
                )
        return blake3(json.dumps(record, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """The manifest as written to ``capture.json``."""
        return self.model_dump_json(indent=1, exclude_defaults=False) + "\n"


def load_manifest(path: str | os.PathLike[str]) -> Capture:
    """Read a ``capture.json``.

    Raises
    ------
    InputError
        where the file is no manifest, in one sentence that names the first fault.

    >>> load_manifest("no_such_folder/capture.json")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: no_such_folder/capture.json cannot be read (No such file or directory)
    """
    path = Path(path)
    try:
        capture = Capture.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except ValidationError as error:
        raise InputError(
            path,
            f"is no valid manifest: {first_fault(error)}",
            action="mend it, or make it anew with vestige capture new",
        ) from None
    return capture.at(path.parent)


def first_fault(error: ValidationError) -> str:
    """The first thing that pydantic found wrong, in one line: where, and what.

    >>> try:
    ...     Capture.model_validate({"frames": [{"file": 7}]})
    ... except ValidationError as error:
    ...     first_fault(error)
    'frames.0.file: Input should be a valid string'
    """
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def save(capture: Capture, folder: str | os.PathLike[str]) -> Path:
    """Write ``capture.json`` into `folder`, atomically and durably; never over a sealed one.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Capture(frames=[Frame(file="a.tif")]), folder).name
    'capture.json'
    """
    from vestige.capture.durable import write_atomically

    path = Path(folder) / MANIFEST
    if path.exists() and load_manifest(path).state == "sealed":
        raise InputError(path, "is sealed and never changes", action="put new frames into a new capture")
    write_atomically(path, capture.to_json().encode())
    return path


def file_digest(path: str | os.PathLike[str]) -> str:
    """The BLAKE3 of a file, as hexadecimal.

    Raises
    ------
    InputError
        where the file cannot be read.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as empty:
    ...     file_digest(empty.name)[:8]
    'af1349b9'
    """
    try:
        with open(path, "rb", buffering=0) as stream:
            buffer, digest = memoryview(bytearray(1 << 20)), blake3()
            while count := stream.readinto(buffer):
                digest.update(buffer[:count])
            return digest.hexdigest()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None


def capture_of(paths: Iterable[str | os.PathLike[str]]) -> Capture:
    """A capture of loose files, in the order given; relative to their common folder.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".tif") as file:
    ...     len(capture_of([file.name]).frames)
    1
    """
    files = [Path(path).absolute() for path in paths]
    if not files:
        raise InputError("the input", "holds no file", "one frame or more")
    file, times = Counter(files).most_common(1)[0]
    if times > 1:
        raise InputError(file, "is given twice", action="name each frame once")
    for file in files:
        if not file.is_file():
            raise InputError(file, "is not a file" if file.exists() else "does not exist")
    return capture_beneath(Path(os.path.commonpath([file.parent for file in files])), files)


def capture_beneath(root: Path, files: Iterable[Path]) -> Capture:
    """A capture of files beneath the folder `root`, in the order given.

    >>> capture_beneath(Path("leaf"), [Path("leaf/a.tif")]).frames[0].file
    'a.tif'
    """
    frames = []
    for file in files:
        try:
            frames.append(Frame(file=file.relative_to(root).as_posix()))
        except ValidationError as error:
            raise InputError(
                ascii(file.name), f"cannot be a frame: {first_fault(error)}", action="rename it"
            ) from None
    return Capture(frames=frames).at(root)
