"""What takes the pictures: a scanner whose software fills a folder, or a pile of pictures for practice."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Protocol

from vestige.errors import InputError, OutputError
from vestige.imaging.formats import IMAGE_SUFFIXES

#: What was taken goes into this folder beside where it came; it may be emptied at any time.
TAKEN = "taken"


class NothingCame(Exception):  # noqa: N818 - it says what is so
    """No picture came in time."""


class Shooter(Protocol):
    """One picture at a time."""

    def arrived(self) -> bool:
        """Whether a picture lies ready that nobody asked for: the scanner has its own button."""

    def shoot(self, page: int) -> Path:
        """The next picture, whole; the file stays where it is. A NothingCame where none comes in time."""

    def taken(self, picture: Path) -> None:
        """A picture is safe elsewhere and is not to come again."""


class WatchedFolder:
    """A folder into which the software of a scanner puts its pictures.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "scan.jpg").write_bytes(b"pixels")
    >>> watched = WatchedFolder(folder, settle=0.0)
    >>> picture = watched.shoot(1)
    >>> watched.taken(picture)
    >>> picture.name, watched.arrived()
    ('scan.jpg', False)
    """

    def __init__(self, folder: str | os.PathLike[str], *, patience: float = 6.0, settle: float = 0.4) -> None:
        self.folder = Path(folder)
        self.patience, self.settle = patience, settle

    def arrived(self) -> bool:
        """Whether a picture lies in the folder."""
        return bool(self._found())

    def shoot(self, page: int) -> Path:
        """The oldest picture in the folder, once it grows no more."""
        end = time.monotonic() + self.patience
        while True:
            for path in self._found():
                if self._settled(path):
                    return path
            if time.monotonic() >= end:
                raise NothingCame
            time.sleep(0.1)

    def taken(self, picture: Path) -> None:
        """Put a picture aside, never over another of its name."""
        aside = self.folder / TAKEN
        try:
            aside.mkdir(exist_ok=True)
            target, count = aside / picture.name, 1
            while target.exists():
                count += 1
                target = aside / f"{picture.stem}-{count}{picture.suffix}"
            picture.rename(target)
        except OSError as error:
            raise OutputError(
                f"{picture.name} cannot be put aside ({error.strerror}): check the folder"
            ) from None

    def _found(self) -> list[Path]:
        try:
            with os.scandir(self.folder) as items:
                found = [
                    (item.stat(follow_symlinks=False).st_mtime_ns, item.name)
                    for item in items
                    if item.is_file(follow_symlinks=False)
                    and not item.name.startswith(".")
                    and Path(item.name).suffix.lower() in IMAGE_SUFFIXES
                ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(self.folder, f"cannot be read ({error.strerror})") from None
        return [self.folder / name for _, name in sorted(found)]

    def _settled(self, path: Path) -> bool:
        """Whether a file is written to no more: its size and time stay for a moment."""
        try:
            before = path.stat()
            time.sleep(self.settle)
            after = path.stat()
        except OSError:
            return False
        return 0 < before.st_size == after.st_size and before.st_mtime_ns == after.st_mtime_ns


class Pile:
    """A pile of pictures, one for each page in the order of their names; after the last comes the first."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.pictures = sorted(
            path
            for path in Path(folder).iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
        )
        if not self.pictures:
            raise InputError(folder, "holds no picture", "pictures of pages to practise with")

    def arrived(self) -> bool:
        """Never: a pile waits to be asked."""
        return False

    def shoot(self, page: int) -> Path:
        """The picture of a page."""
        return self.pictures[(page - 1) % len(self.pictures)]

    def taken(self, picture: Path) -> None:
        """A pile stays as it is."""
