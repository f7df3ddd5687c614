"""Following a stream: live work driven by the journal, and what is told of it to those who look."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture import JOURNAL, MANIFEST, Capture, Frame, read_open
from vestige.capture.durable import write_atomically
from vestige.capture.journal import read_since
from vestige.contract.kinds import Kind
from vestige.contract.stream import TOLD, Live, Patch, live_folder

#: Seconds between two looks into the journal; frames taken into the map at once; seconds that slow work waits
#: for them at most.
LOOK, AT_ONCE, LONGEST_WAIT = 0.2, 64, 8.0


class Part(BaseModel):
    """A patch as it is told: `version` grows each time that it is made anew."""

    model_config = ConfigDict(extra="forbid")

    name: str
    kind: Kind
    path: str
    bounds: tuple[float, float, float, float]
    unit: str = ""
    count: int = 0
    finished: bool = False
    version: int = 0


class Growing(BaseModel):
    """What is told of a map that grows: ``growing.json``.

    >>> Growing(title="Field 7").state
    'growing'
    """

    model_config = ConfigDict(extra="forbid")

    title: str = ""
    state: Literal["growing", "sealed", "final"] = "growing"
    version: int = 0
    frames: int = 0
    crs: str = ""
    parts: list[Part] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    result: str = ""


def load_growing(folder: Path) -> Growing | None:
    """What is told of the live work on the capture in `folder`; None where there is none.

    >>> load_growing(Path("nowhere")) is None
    True
    """
    try:
        return Growing.model_validate_json((live_folder(folder) / TOLD).read_bytes())
    except (OSError, ValidationError):
        return None


class Follower:
    """Drives the live work on one capture: new frames first, slow work in the time between."""

    def __init__(self, folder: Path, live: Live) -> None:
        self.folder, self.live = folder, live
        self._start, self._changed, self._settled = 0, 0, time.monotonic()
        self._sealed = False
        self._files: set[str] = set()
        self._waiting: list[Frame] = []
        capture = read_open(folder)
        self.told = Growing(title=capture.thing.title, crs=str(capture.settings.get("crs", "")))
        self._tell()

    def follow(self, stopping: Callable[[], bool] = lambda: False) -> Growing:
        """Work until the capture is sealed and all is made, or until told to stop."""
        while not stopping():
            worked = self.step()
            if self.told.state == "sealed" and not worked:
                break
            if not worked:
                time.sleep(LOOK)
        return self.told

    def step(self) -> bool:
        """Do what is next: take new frames in, else one portion of slow work; whether there was any.

        Slow work waits for frames, but not for ever: where they come without a pause it has its turn too.
        """
        capture = self._hear()
        turn = time.monotonic() - self._settled > LONGEST_WAIT
        if turn or not self._waiting:
            patches = self.live.settle(last=self.told.state == "sealed")
            self._settled = time.monotonic()
            if patches:
                self._tell(patches)
            elif not self._waiting:
                return False
        if self._waiting:
            now, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            patches = self.live.advance(capture, now)
            self.told.frames += sum(not frame.supersedes for frame in now)
            self._tell(patches)
        return True

    def finish(self, result: str = "") -> None:
        """Say that the final result is there, and where."""
        self.told.state, self.told.result = "final", result
        self._tell()

    def _hear(self) -> Capture:
        """The capture without its frames; those that are new wait."""
        changed = (self.folder / MANIFEST).stat().st_mtime_ns
        found, self._start = read_since(self.folder / JOURNAL, self._start)
        self._wait(found)
        if changed != self._changed:
            self._changed = changed
            capture = read_open(self.folder)
            self._wait(capture.frames)
            self._sealed = capture.state == "sealed"
        if self._sealed and not self._waiting and self.told.state == "growing":
            self.told.state = "sealed"
            self._tell()
        return Capture().at(self.folder)

    def _wait(self, frames: list[Frame]) -> None:
        new = [frame for frame in frames if frame.file not in self._files]
        self._files.update(frame.file for frame in new)
        self._waiting += new

    def _tell(self, patches: list[Patch] | None = None) -> None:
        self.told.version += 1
        parts = {(part.kind, part.name): part for part in self.told.parts}
        for patch in patches or []:
            parts[patch.kind, patch.name] = Part(version=self.told.version, **vars(patch))
        self.told.parts = list(parts.values())
        self.told.notes = self.live.notes()
        place = live_folder(self.folder)
        place.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.told.model_dump(mode="json"))
        write_atomically(place / TOLD, text.encode())
