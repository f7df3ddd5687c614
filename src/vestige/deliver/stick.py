"""Scans onto a USB stick: written, read back from the stick itself, and let go.

What lies on the stick is never opened.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Protocol

from blake3 import blake3

from vestige.deliver.hotspot import Programs, run_program
from vestige.deliver.scans import Scan
from vestige.errors import OutputError

_CHUNK: Final = 1 << 20
#: Nothing on a stick may run, be a device, or change who somebody is.
_MOUNT: Final = "nosuid,nodev,noexec"
#: Room that stays free beside the scans, bytes: folders and tables of the file system.
_SPARE: Final = 1 << 20


@dataclass(frozen=True)
class Stick:
    """A stick that somebody put in: its device, and where it is mounted ('' where it is not)."""

    device: str
    folder: str = ""
    bytes: int = 0


class Sticks(Protocol):
    """What knows of USB sticks."""

    def found(self) -> list[Stick]:
        """The sticks that are in now."""

    def mount(self, stick: Stick) -> Path:
        """Make a stick's files reachable."""

    def eject(self, stick: Stick) -> None:
        """Write all that waits, unmount, switch off: then the stick may be pulled out."""


class UdisksSticks:
    """Sticks by udisks2, as desktops do; nothing is mounted before the visitor asks for it."""

    def __init__(self, run: Programs = run_program) -> None:
        self._run = run

    def found(self) -> list[Stick]:
        """Partitions (or whole sticks without any) of removable USB storage that hold a file system."""
        listed = self._run(
            [
                "lsblk",
                "--json",
                "--bytes",
                "--paths",
                "--output",
                "PATH,TYPE,RM,HOTPLUG,TRAN,FSTYPE,SIZE,MOUNTPOINT",
            ]
        )
        sticks: list[Stick] = []
        for disk in json.loads(listed)["blockdevices"]:
            if disk.get("tran") == "usb" and disk.get("hotplug"):
                sticks += [
                    Stick(part["path"], part.get("mountpoint") or "", int(part.get("size") or 0))
                    for part in (disk, *disk.get("children", []))
                    if part.get("fstype")
                ]
        return sticks

    def mount(self, stick: Stick) -> Path:
        """Mount a stick so that nothing on it can run."""
        if not stick.folder:
            self._run(["udisksctl", "mount", "--no-user-interaction", "-b", stick.device, "-o", _MOUNT])
        for one in self.found():
            if one.device == stick.device and one.folder:
                return Path(one.folder)
        raise OutputError("the stick cannot be used: try another one")

    def eject(self, stick: Stick) -> None:
        """Unmount a stick and switch it off."""
        self._run(["udisksctl", "unmount", "--no-user-interaction", "-b", stick.device])
        self._run(["udisksctl", "power-off", "--no-user-interaction", "-b", stick.device])


def copy_to(folder: Path, scans: Sequence[Scan], day: date) -> str:
    """Copy scans into a new folder on a stick and read each back from it; gives the folder's name.

    Only the stick's free space is asked for; the new folder takes a name that is free, found by trying.

    Raises
    ------
    OutputError : no room, the stick cannot be written, or it gives back other bytes than it was given.

    >>> import tempfile
    >>> copy_to(Path(tempfile.mkdtemp()), [], date(2026, 11, 23))
    'Scans 2026-11-23'
    """
    needed = sum(scan.size for scan in scans) + _SPARE
    try:
        about = os.statvfs(folder)
        if about.f_bavail * about.f_frsize < needed:
            raise OutputError(f"the stick has no room for {needed >> 20} MB: take one with more space")
        made = _new_folder(folder, f"Scans {day:%Y-%m-%d}")
        for scan in scans:
            _copy_checked(scan.file, made / scan.name)
        _sync(made)
        _sync(folder)
    except OSError as error:
        raise OutputError(f"the stick cannot be written ({error.strerror}): try another one") from None
    return made.name


def _new_folder(parent: Path, name: str) -> Path:
    for count in range(1, 1000):
        made = parent / (name if count == 1 else f"{name} ({count})")
        with contextlib.suppress(FileExistsError):
            made.mkdir()
            return made
    raise OutputError("the stick holds a thousand folders of today: take another one")


def _copy_checked(source: Path, target: Path) -> None:
    written = blake3()
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
    with open(out, "wb", buffering=0) as stream, source.open("rb", buffering=0) as scan:
        while chunk := scan.read(_CHUNK):
            written.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[stream.write(view) or 0 :]
        os.fsync(stream.fileno())
    if _read_back(target) != written.digest():
        raise OutputError("the stick gave back other bytes than it was given: it is worn, take another one")


def _read_back(path: Path) -> bytes:
    """BLAKE3 of a file as the stick holds it: the copy in this machine's memory is dropped first."""
    found = blake3()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with open(descriptor, "rb", buffering=0) as stream:
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.digest()


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
