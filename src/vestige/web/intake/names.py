"""Names of files that a browser sends: only plain ones are taken, and none that leads anywhere."""

from __future__ import annotations

from pathlib import PurePosixPath

from vestige.capture import MANIFEST
from vestige.capture.infer import DATA, IMAGES
from vestige.errors import InputError

#: Files beside the frames that say something of them.
BESIDE = frozenset([".lp", ".json", ".txt", ".xml", ".xmp", ".icc", ".icm", ".md", ".tsv", ".obj"])
#: Packed files could hold anything, in any amount: nothing is ever unpacked here.
PACKED = frozenset([".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"])
#: What systems leave behind in folders.
_LITTER = frozenset(["thumbs.db", "desktop.ini", ".ds_store"])
_LONGEST = 200


def plain_name(told: str) -> str:
    """The name under which a file is kept, from its path in the folder that was dropped.

    Folders within become part of the name, so that all frames lie side by side.

    Raises
    ------
    InputError
        where the path leads out of its folder, or the file is none that is taken.

    >>> plain_name("coin/frame 1.tif"), plain_name("coin/day 2/frame 1.tif")
    ('frame 1.tif', 'day 2_frame 1.tif')
    """
    if not told.isprintable() or "\\" in told or not told or len(told) > 1000:
        raise InputError(ascii(told)[:60], "is no name of a file", action="rename it")
    parts = PurePosixPath(told).parts
    if parts[0] == "/" or ".." in parts or "." in parts:
        raise InputError(told[:60], "leads out of its folder", "a file of the folder that was dropped")
    name = "_".join(parts[1:] if len(parts) > 1 else parts)
    if any(part.startswith(".") for part in parts) or parts[-1].lower() in _LITTER:
        raise InputError(parts[-1], "is a hidden file and is left out")
    if len(name.encode()) > _LONGEST:
        raise InputError(name[:60], "has too long a name", f"at most {_LONGEST} bytes")
    _refuse_kind(name)
    return name


def _refuse_kind(name: str) -> None:
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in PACKED:
        raise InputError(name, "is packed", "frames as files", "unpack it and take in the folder")
    if suffix not in IMAGES | DATA | BESIDE:
        raise InputError(name, "is of a kind that is not taken", "images, survey data or files beside them")


def is_frame(name: str) -> bool:
    """Whether a file shows the object or a reference, and is not beside the frames.

    >>> is_frame("a.NEF"), is_frame("capture.json")
    (True, False)
    """
    return PurePosixPath(name).suffix.lower() in IMAGES and name != MANIFEST
