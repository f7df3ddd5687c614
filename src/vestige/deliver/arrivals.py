"""Where scans come from: a folder that the scanner's software fills, or one that keeps what comes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Protocol

from vestige.deliver.memory import in_memory
from vestige.errors import InputError, UsageError
from vestige.imaging import IMAGE_SUFFIXES

#: What is told apart: name, place on the disk, size, time of the last change.
_Looks = tuple[int, int, int]


class Source(Protocol):
    """What gives scans, one visitor after another."""

    def arrived(self) -> list[Path]:
        """Pictures of this visitor that are whole and were not taken yet, oldest first."""

    def taken(self, picture: Path) -> None:
        """A picture is in the visitor's session and is not to come again."""

    def clear(self) -> None:
        """The visitor changes: what lies here now is for nobody any more."""


class GrowingFolder:
    """A folder that keeps its pictures (the frames of an open capture, a product): they are copied.

    A visitor gets what came since they began.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "before.jpg").write_bytes(b"of another") > 0
    True
    >>> source = GrowingFolder(folder)
    >>> source.clear()
    >>> (folder / "mine.jpg").write_bytes(b"pixels") > 0
    True
    >>> source.arrived(), [picture.name for picture in source.arrived()]
    ([], ['mine.jpg'])
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputError(folder, "is no folder", "the folder that scans come into")
        self._seen: dict[Path, _Looks] = {}
        self._done: set[tuple[Path, int]] = set()

    def arrived(self) -> list[Path]:
        """Pictures that did not change since they were looked at last, oldest first."""
        found = self._found()
        whole = [path for path, looks in found.items() if self._seen.get(path) == looks and looks[1]]
        self._seen = found
        return sorted(whole, key=lambda path: (found[path][2], path.name))

    def taken(self, picture: Path) -> None:
        """Do not give a picture again; one that replaces it comes anew."""
        looks = self._seen.get(picture)
        if looks:
            self._done.add((picture, looks[0]))

    def clear(self) -> None:
        """What lies here is not for the next visitor."""
        self._done = set()
        self._seen = {}
        self._done = {(path, looks[0]) for path, looks in self._found().items()}

    def _found(self) -> dict[Path, _Looks]:
        try:
            with os.scandir(self.folder) as items:
                found = {}
                for item in items:
                    path = Path(item.path)
                    if item.name.startswith(".") or path.suffix.lower() not in IMAGE_SUFFIXES:
                        continue
                    if item.is_file(follow_symlinks=False):
                        about = item.stat(follow_symlinks=False)
                        if (path, about.st_ino) not in self._done:
                            found[path] = (about.st_ino, about.st_size, about.st_mtime_ns)
        except OSError as error:
            raise InputError(self.folder, f"cannot be read ({error.strerror})") from None
        return found


class Inbox(GrowingFolder):
    """A folder in memory that the scanner's software fills: it is emptied as pictures are taken.

    >>> Inbox("/proc")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: /proc is on a disk: ...
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__(folder)
        if not in_memory(folder):
            raise UsageError(
                f"{folder} is on a disk: let the scanner's software save into a folder in memory, "
                "or say --keep where the scans are to stay with you"
            )

    def taken(self, picture: Path) -> None:
        """Remove a picture."""
        picture.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all that lies here, half-written pictures too."""
        self._seen = {}
        for item in self.folder.iterdir():
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item, ignore_errors=True)
            else:
                item.unlink(missing_ok=True)
