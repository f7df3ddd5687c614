"""Taking pieces of a stream into an open capture: durable when acknowledged, doubles recognised."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from blake3 import blake3

from vestige.capture import MANIFEST, Capture, Frame, OpenCapture, Thing, load_manifest, save
from vestige.capture.durable import write_atomically
from vestige.contract.registry import technique
from vestige.contract.stream import Piece, Refused, Splitter, Stream
from vestige.errors import InputError, UsageError

#: The setting of a capture that names the technique whose stream it takes.
SETTING = "stream"

Taken = Literal["kept", "known", "longer"]


class Intake:
    """An open capture that takes pieces; several threads may give it some at once.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp(), "field")
    >>> intake = begin(folder, "survey")
    >>> intake.take(Piece("line 1", "lines/1.csv", b"0,0,1")), intake.take(Piece("", "lines/1.csv", b"0,0,1"))
    ('kept', 'known')
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._open = OpenCapture(folder)
        self.stream = stream_of(self._open.capture)
        self._digests: dict[str, str] = {}
        self._latest: dict[str, Frame] = {}
        self._know(self._open.capture.frames)

    @property
    def capture(self) -> Capture:
        """The capture as it stood at the last piece."""
        return self._open.capture

    def splitter(self) -> Splitter:
        """For one more sender."""
        return self.stream.splitter()

    def take(self, piece: Piece) -> Taken:
        """Keep a piece; durable when this returns.

        A piece sent again is ``known``. One that begins as the kept one does and goes on is ``longer`` and
        takes its place.

        Raises
        ------
        InputError
            where another piece of that name was kept, or the capture is sealed.
        OutputError
            where the disk refuses.
        """
        digest = blake3(piece.data).hexdigest()
        with self._lock:
            self._know(self._open.catch_up())
            if digest == self._digests.get(piece.name):
                self._open.refuse_sealed()
                return "known"
            older = self._latest.get(piece.name)
            name = piece.name
            if older is not None:
                name = self._longer(piece, older)
                if not name:
                    return "known"
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / name, piece.data)
            frame = Frame(
                file=name,
                blake3=digest,
                coordinates=dict(piece.coordinates),
                supersedes=older.file if older else "",
                settings=dict(piece.settings) | {"piece": piece.name},
            )
            self._open.append(frame)
            self._know([frame])
        return "longer" if older else "kept"

    def _longer(self, piece: Piece, older: Frame) -> str:
        """The name under which a piece that goes on where an older one ended is kept; none where it is a
        part of it.
        """
        kept = (self.folder / older.file).read_bytes()
        if kept.startswith(piece.data):
            return ""
        if not piece.data.startswith(kept):
            raise InputError(
                piece.label,
                "was sent before with other readings",
                action="give what is recorded again a number of its own",
            )
        path = Path(piece.name)
        return path.with_name(f"{path.stem}.{len(piece.data)}{path.suffix}").as_posix()

    def _know(self, frames: list[Frame]) -> None:
        for frame in frames:
            name = str(frame.settings.get("piece", frame.file))
            self._digests[name], self._latest[name] = frame.blake3, frame

    def seal(self) -> Capture:
        """Close the capture; from now on it never changes."""
        with self._lock:
            return self._open.seal()


def begin(folder: Path, name: str, *, title: str = "", settings: Mapping[str, Any] | None = None) -> Intake:
    """A folder that takes the stream of a technique: made where it is not there, else gone on with.

    Raises
    ------
    UsageError
        where the technique takes no stream.
    InputError
        where the folder holds something else, or is sealed.
    """
    if technique(name).stream is None:
        raise UsageError(f"{name} takes no stream")
    if (folder / MANIFEST).exists():
        return Intake(folder)
    if folder.exists() and any(folder.iterdir()):
        raise InputError(folder, "holds something that is no capture", "a new or an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    thing = Thing(title=title or folder.resolve().name)
    made = Capture(thing=thing, created=datetime.now(UTC), settings={SETTING: name, **(settings or {})})
    save(made.at(folder), folder)
    return Intake(folder)


def stream_of(capture: Capture) -> Stream:
    """The stream that a capture takes, by its setting.

    Raises
    ------
    InputError
        where it takes none.

    >>> stream_of(Capture(settings={"stream": "survey"})).operation
    'run'
    """
    name = capture.settings.get(SETTING, "")
    found = technique(name).stream if isinstance(name, str) and name else None
    if found is None:
        raise InputError(
            capture.root / MANIFEST, "takes no stream", action="begin one with vestige TECHNIQUE stream"
        )
    return found


def take_all(intake: Intake, pieces: list[Piece | Refused]) -> list[tuple[str, str, str]]:
    """Take what a splitter gave; for each its label, what became of it (kept, known, longer, refused) and why
    it was refused.
    """
    answers: list[tuple[str, str, str]] = []
    for piece in pieces:
        if isinstance(piece, Refused):
            answers.append((piece.label, "refused", piece.sentence))
            continue
        try:
            answers.append((piece.label, intake.take(piece), ""))
        except InputError as error:
            if load_manifest(intake.folder / MANIFEST).state == "sealed":
                raise
            answers.append((piece.label, "refused", str(error)))
    return answers
