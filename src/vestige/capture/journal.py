"""An open capture: frames arrive one by one and each is kept at once, whatever happens next."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from vestige.capture.durable import append_line, drop_cut_line, locked
from vestige.capture.manifest import JOURNAL, MANIFEST, Capture, Frame, load_manifest, save
from vestige.capture.sealing import seal
from vestige.errors import InputError, OutputError


class OpenCapture:
    """A capture that grows: ``append`` is durable when it returns.

    The journal ``capture.jsonl`` beside the frames is append-only; ``seal`` folds it into
    ``capture.json``. Several processes may append (the two cameras of a cradle); looking at a
    capture (`read_open`) never writes.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "page_1.tif").write_bytes(b"x")
    ...     growing = OpenCapture(folder)
    ...     growing.append(Frame(file="page_1.tif"))
    ...     len(OpenCapture(folder).capture.frames)
    1
    """

    def __init__(self, folder: str | os.PathLike[str], base: Capture | None = None) -> None:
        self.folder = Path(folder)
        self.capture = read_open(self.folder, base)
        self._files = {frame.file for frame in self.capture.frames}
        self._read = 0
        self.refuse_sealed()

    def append(self, frame: Frame) -> None:
        """Add a frame whose file is already in the folder; durable when this returns.

        Raises
        ------
        InputError
            where the frame is in the capture already, its file is not there, or the capture is sealed.
        OutputError
            where the disk refuses; then the journal is as it was.
        """
        with self._journal() as stream:
            drop_cut_line(stream, self._read)
            self.catch_up()
            if frame.file in self._files:
                raise InputError(
                    frame.file, "is in this capture already", action="give a re-shot frame a new name"
                )
            if not (self.folder / frame.file).is_file():
                raise InputError(
                    frame.file, "is not in the folder of the capture", action="copy it there first"
                )
            append_line(stream, frame.model_dump_json().encode() + b"\n")
            self.catch_up()

    def catch_up(self) -> list[Frame]:
        """The frames that came since the last look, whoever appended them; only what is new is read."""
        found, self._read = read_since(self.folder / JOURNAL, self._read)
        new = [frame for frame in found if frame.file not in self._files]
        self.capture.frames.extend(new)
        self._files.update(frame.file for frame in new)
        return new

    def seal(self) -> Capture:
        """Close the capture: digests for all files, manifest written, journal folded in."""
        with self._journal():
            self.catch_up()
            sealed = seal(self.capture)
            save(sealed, self.folder)
            (self.folder / JOURNAL).unlink(missing_ok=True)
        return sealed

    @contextlib.contextmanager
    def _journal(self) -> Iterator[BinaryIO]:
        """The journal, held by this process alone; a capture that another has sealed is refused."""
        path = self.folder / JOURNAL
        try:
            with locked(path) as stream:
                try:
                    if not os.fstat(stream.fileno()).st_size:
                        self.refuse_sealed()
                    yield stream
                finally:
                    if not os.fstat(stream.fileno()).st_size:
                        path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written ({error.strerror}): free some space or check the disk"
            ) from None

    def refuse_sealed(self) -> None:
        """Refuse a capture that was sealed, perhaps by another process."""
        manifest = self.folder / MANIFEST
        if manifest.exists() and load_manifest(manifest).state == "sealed":
            raise InputError(manifest, "is sealed and takes no more frames", action="start a new capture")


def read_open(folder: str | os.PathLike[str], base: Capture | None = None) -> Capture:
    """The capture in a folder as it stands: its manifest (or `base`), and the frames of its journal.

    Raises
    ------
    InputError
        where manifest or journal are damaged.

    >>> read_open("nowhere").frames
    []
    """
    folder = Path(folder)
    manifest = folder / MANIFEST
    capture = load_manifest(manifest) if manifest.exists() else (base or Capture()).at(folder)
    if capture.state == "open":
        capture.frames.extend(read_journal(folder / JOURNAL, known=capture))
    return capture


def read_journal(path: Path, known: Capture) -> list[Frame]:
    """Frames of a journal that are not in `known`; a last line cut off by a power cut is left out.

    >>> read_journal(Path("nowhere.jsonl"), Capture())
    []
    """
    files = {frame.file for frame in known.frames}
    frames: list[Frame] = []
    for frame in read_since(path, 0)[0]:
        if frame.file not in files:
            frames.append(frame)
            files.add(frame.file)
    return frames


def read_since(path: Path, start: int) -> tuple[list[Frame], int]:
    """Frames that stand in a journal from byte `start` on, and the byte at which the next one will begin.

    Raises
    ------
    InputError
        where a line is damaged or the file cannot be read.

    >>> read_since(Path("nowhere.jsonl"), 0)
    ([], 0)
    """
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            data = stream.read()
    except FileNotFoundError:
        return [], start
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    whole = data[: data.rfind(b"\n") + 1]
    frames: list[Frame] = []
    for line in whole.split(b"\n")[:-1]:
        try:
            frames.append(Frame.model_validate_json(line))
        except ValidationError:
            number = len(frames) + 1 + (path.read_bytes()[:start].count(b"\n") if start else 0)
            raise InputError(path, f"has a damaged line {number}", action="restore it from a copy") from None
    return frames, start + len(whole)
