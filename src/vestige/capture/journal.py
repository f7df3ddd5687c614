"""An open capture: frames arrive one by one and each is kept at once, whatever happens next."""

from __future__ import annotations

import json
import os
from pathlib import Path

from pydantic import ValidationError

from vestige.capture.manifest import JOURNAL, MANIFEST, Capture, Frame, load_manifest, save, seal
from vestige.errors import InputError


class OpenCapture:
    """A capture that grows: ``append`` is durable when it returns.

    The journal ``capture.jsonl`` beside the frames is append-only; ``seal`` folds it into
    ``capture.json``.

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
        manifest = self.folder / MANIFEST
        self.capture = load_manifest(manifest) if manifest.exists() else (base or Capture()).at(self.folder)
        if self.capture.state == "sealed":
            raise InputError(manifest, "is sealed and takes no more frames", action="start a new capture")
        self.capture.frames.extend(read_journal(self.folder / JOURNAL, known=self.capture))
        _drop_cut_line(self.folder / JOURNAL)

    def append(self, frame: Frame) -> None:
        """Add a frame whose file is already in the folder; durable when this returns."""
        if any(frame.file == known.file for known in self.capture.frames):
            raise InputError(
                frame.file, "is in this capture already", action="give a re-shot frame a new name"
            )
        if not (self.folder / frame.file).is_file():
            raise InputError(frame.file, "is not in the folder of the capture", action="copy it there first")
        line = frame.model_dump_json() + "\n"
        with open(self.folder / JOURNAL, "ab") as stream:
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())
        self.capture.frames.append(frame)

    def seal(self) -> Capture:
        """Close the capture: digests for all files, manifest written, journal folded in."""
        sealed = seal(self.capture)
        save(sealed, self.folder)
        (self.folder / JOURNAL).unlink(missing_ok=True)
        return sealed


def _drop_cut_line(path: Path) -> None:
    """Cut a last line without its end (power cut), so that the next line starts clean."""
    if path.exists() and not (data := path.read_bytes()).endswith(b"\n") and data:
        with open(path, "r+b") as stream:
            stream.truncate(data.rfind(b"\n") + 1)
            os.fsync(stream.fileno())


def read_journal(path: Path, known: Capture) -> list[Frame]:
    """Frames of a journal; a last line cut off by a power cut was never acknowledged and is left out."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    files = {frame.file for frame in known.frames}
    frames: list[Frame] = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            frame = Frame.model_validate(json.loads(line))
        except (ValidationError, ValueError):
            if number == len(lines):
                break
            raise InputError(path, f"has a damaged line {number}", action="restore it from a copy") from None
        if frame.file not in files:
            frames.append(frame)
            files.add(frame.file)
    return frames
