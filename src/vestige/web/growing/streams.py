"""Which captures take a stream, where they lie, and the programs that work on them meanwhile."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from vestige.capture import MANIFEST, Capture, load_manifest
from vestige.contract.following import Growing, load_growing
from vestige.contract.intake import SETTING, Intake, begin
from vestige.errors import VestigeError
from vestige.web.faults import Absent
from vestige.web.shelf import key_of

#: Where streams lie on the desk of an archive.
STREAMS = "streams"
#: Folders beneath a plain folder that are looked into.
DEPTH = 3


@dataclass(frozen=True)
class Streamed:
    """One capture that takes a stream, and what is told of its map."""

    key: str
    folder: Path
    capture: Capture
    told: Growing | None

    @property
    def title(self) -> str:
        """What it is called."""
        return self.capture.thing.title or self.folder.name


class Streams:
    """The streams beneath a folder: what they take is kept at once; one program each follows."""

    def __init__(self, root: Path, place: Path) -> None:
        self.root, self.place = root, place
        self._lock = threading.Lock()
        self._intakes: dict[Path, Intake] = {}
        self._following: dict[Path, subprocess.Popen[bytes]] = {}

    def all(self) -> list[Streamed]:
        """All streams, the latest first."""
        found = [self._of(path.parent) for path in _manifests(self.place, DEPTH)]
        return sorted(
            (one for one in found if one is not None),
            key=lambda one: -(one.folder / MANIFEST).stat().st_mtime,
        )

    def find(self, key: str) -> Streamed:
        """The stream of an opaque name; an Absent where there is none."""
        for one in self.all():
            if one.key == key:
                return one
        raise Absent(key)

    def begin(self, technique: str, title: str, crs: str) -> Streamed:
        """A new stream, in a folder whose name is ours."""
        folder = self.place / uuid.uuid4().hex[:12]
        begin(folder, technique, title=title, settings={"crs": crs} if crs else {})
        self.follow(folder, technique)
        return self.find(self._key(folder))

    def intake(self, one: Streamed) -> Intake:
        """What takes pieces into a stream; somebody follows it from now on."""
        with self._lock:
            intake = self._intakes.get(one.folder)
            if intake is None:
                intake = self._intakes[one.folder] = Intake(one.folder)
        if one.capture.state == "open":
            self.follow(one.folder, str(one.capture.settings[SETTING]))
        return intake

    def seal(self, one: Streamed) -> None:
        """Close a stream."""
        self.intake(one).seal()

    def follow(self, folder: Path, technique: str) -> None:
        """Start the program that follows a stream; it ends at once where another does already."""
        with self._lock:
            known = self._following.get(folder)
            if known is None or known.poll() is not None:
                command = [sys.executable, "-m", "vestige.cli", technique, "stream", str(folder)]
                if self.place == self.root != folder:
                    command += ["--out", str(folder.with_name(f"{folder.name}-result"))]
                self._following[folder] = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )

    def close(self) -> None:
        """End the programs that were started here; they go on from what is kept when called again."""
        for process in self._following.values():
            process.terminate()
        for process in self._following.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)

    def _of(self, folder: Path) -> Streamed | None:
        try:
            capture = _loaded(folder, (folder / MANIFEST).stat().st_mtime_ns)
        except (VestigeError, OSError):
            return None
        if SETTING not in capture.settings:
            return None
        return Streamed(self._key(folder), folder, capture, load_growing(folder))

    def _key(self, folder: Path) -> str:
        return key_of(folder.relative_to(self.root).as_posix())


@lru_cache(maxsize=256)
def _loaded(folder: Path, changed: int) -> Capture:
    """A manifest, read once for each state: that of a sealed stream names thousands of lines."""
    return load_manifest(folder / MANIFEST)


def _manifests(folder: Path, depth: int) -> list[Path]:
    """Manifests beneath a folder, not through links."""
    if (folder / MANIFEST).is_file():
        return [folder / MANIFEST]
    if depth == 0 or not folder.is_dir():
        return []
    inner = [item for item in folder.iterdir() if item.is_dir() and not item.is_symlink()]
    return [path for item in inner if not item.name.startswith(".") for path in _manifests(item, depth - 1)]


def _streams(request: Request) -> Streams:
    found: Streams = request.app.state.streams
    return found


#: A route that works on streams asks for them by ``streams: OfStreams``.
OfStreams = Annotated[Streams, Depends(_streams)]
