"""Entries: a capture or a result as it is shown, under an opaque name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vestige.capture import Capture, natural_order
from vestige.contract.kinds import Kind
from vestige.contract.report import ProductRecord, Report
from vestige.display.absence import Absent
from vestige.errors import InputError


@dataclass(frozen=True)
class CaptureEntry:
    """A capture found in the folder; `problem` is the one sentence why it cannot be read.

    `home` is the address of the object it shows, where there is one.
    """

    key: str
    folder: Path
    where: str
    changed: float
    capture: Capture | None
    problem: str = ""
    home: str = ""

    @property
    def telling(self) -> int | None:
        """The place of the frame that stands for the whole: the middle picture of the object."""
        from vestige.imaging import IMAGE_SUFFIXES

        frames = self.capture.frames if self.capture else []
        found = [
            place
            for place, frame in enumerate(frames)
            if frame.role == "object" and Path(frame.file).suffix.lower() in IMAGE_SUFFIXES
        ]
        return found[len(found) // 2] if found else None

    @property
    def title(self) -> str:
        """What a person calls it: the title of the object, else the name of the folder."""
        thing = self.capture.thing if self.capture else None
        return (thing and (thing.title or thing.identifier)) or self.folder.name


@dataclass(frozen=True)
class ResultEntry:
    """A product folder found in the folder; `problem` is the one sentence why it cannot be read.

    `home` is the address of the object it shows, where there is one.
    """

    key: str
    folder: Path
    where: str
    changed: float
    report: Report | None
    problem: str = ""
    home: str = ""

    @property
    def title(self) -> str:
        """What a person calls it: the title of the run, else the name of the folder."""
        return (self.report and self.report.title) or self.folder.name

    @property
    def made(self) -> datetime | None:
        """When the run began."""
        return self.report.started if self.report else None

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of its products, each once."""
        return list(dict.fromkeys(record.kind for record in self.report.products)) if self.report else []

    def record(self, index: int) -> ProductRecord:
        """The product at a place in the report; an Absent where there is none."""
        if self.report is None or not 0 <= index < len(self.report.products):
            raise Absent(index)
        return self.report.products[index]

    def path(self, index: int) -> Path:
        """Where a product lies, never outside its own folder.

        Raises
        ------
        Absent
            where the report names no such product.
        InputError
            where the report names a path outside the folder, or nothing is there.
        """
        record = self.record(index)
        root = self.folder.resolve()
        path = (root / record.path).resolve() if "\0" not in record.path else root
        if path == root or not path.is_relative_to(root):
            raise InputError(
                record.path, "lies outside the folder of its report", action="make the products again"
            )
        if not path.exists():
            raise InputError(
                record.path, "does not exist", "a product where the report names one", "run it again"
            )
        return path

    def files(self, index: int) -> list[Path]:
        """The files of a product in natural order: the file itself, or what its folder holds (two levels)."""
        path = self.path(index)
        if path.is_file():
            return [path]
        found = [item for pattern in ("*", "*/*") for item in path.glob(pattern)]
        inside = [item for item in found if item.is_file() and item.resolve().is_relative_to(path)]
        return sorted(inside, key=lambda item: natural_order(item.relative_to(path).as_posix()))
