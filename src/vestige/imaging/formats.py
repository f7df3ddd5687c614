"""Which format a file holds: its first bytes decide, never its name."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from vestige.errors import InputError

__all__ = ["IMAGE_SUFFIXES", "RAW_SUFFIXES", "image_format"]

RAW_SUFFIXES: Final = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".fff", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw",
     ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)  # fmt: skip
SUFFIXES: Final[dict[str, frozenset[str]]] = {
    "jpeg": frozenset({".jpg", ".jpeg", ".jpe"}),
    "png": frozenset({".png"}),
    "tiff": frozenset({".tif", ".tiff"}),
    "jp2": frozenset({".jp2", ".j2k", ".jpx", ".jpf", ".j2c"}),
    "raw": RAW_SUFFIXES,
}
IMAGE_SUFFIXES: Final = frozenset().union(*SUFFIXES.values())

NAMES: Final = {"jpeg": "JPEG", "png": "PNG", "tiff": "TIFF", "jp2": "JPEG 2000", "raw": "camera RAW"}
EXPECTED: Final = "a JPEG, PNG, TIFF, JPEG 2000 or camera RAW image"

TIFF_MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
RAW_MAGIC: Final = (b"FUJIFILM", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb", b"\0MRM")


def image_format(path: str | os.PathLike[str]) -> str:
    """Format that the first bytes of a file show: 'jpeg', 'png', 'tiff', 'jp2' or 'raw'.

    Raises
    ------
    InputError : no such file, a folder, a device, empty, no image, or named as another format than it holds.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "empty.tif")
    >>> path.touch()
    >>> image_format(path)
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: ...empty.tif is empty; expected a JPEG, PNG, ...
    """
    path = Path(path)
    suffix = path.suffix.lower()
    found = _format_of(_first_bytes(path), suffix)
    if found is None:
        raise InputError(
            path, "holds no image that can be read", EXPECTED, "export it again from its program"
        )
    named = next((name for name, suffixes in SUFFIXES.items() if suffix in suffixes), found)
    if named != found:
        article = "" if found == "raw" else "a "
        raise InputError(
            path,
            f"is named {path.suffix} but holds {article}{NAMES[found]}{' image' if found == 'raw' else ''}",
            action="rename it",
        )
    return found


def _first_bytes(path: Path) -> bytes:
    try:
        # O_NONBLOCK: a named pipe in a folder of frames must not hang the run.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        what = "is a link to a file that is gone" if path.is_symlink() else "does not exist"
        raise InputError(path, what, "an image file", "check the name") from None
    except OSError as error:
        raise InputError(path, f"cannot be opened ({error.strerror})", "a readable image file") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise InputError(path, "is a folder", "an image file", "name the images inside it")
        if not stat.S_ISREG(mode):
            raise InputError(path, "is a pipe or a device", "an image file")
        first = os.read(descriptor, 32)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "a readable image file") from None
    finally:
        os.close(descriptor)
    if not first:
        raise InputError(path, "is empty", EXPECTED, "copy it from the camera or the archive again")
    return first


def _format_of(first: bytes, suffix: str) -> str | None:
    if first.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if first.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "jp2"
    if first.startswith(RAW_MAGIC) or first[4:11] == b"ftypcrx" or first[8:10] == b"CR":
        return "raw"
    if first.startswith(TIFF_MAGIC):
        # Most camera RAW files are TIFF inside; only a name tells them from a plain TIFF cheaply.
        return "raw" if suffix in RAW_SUFFIXES else "tiff"
    return None
