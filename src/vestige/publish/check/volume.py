"""A volume as the rules see it: its pages with their headers, its targets, and whether files are intact."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from vestige.capture import MANIFEST, Capture, load_manifest
from vestige.capture.manifest import capture_beneath, file_digest
from vestige.errors import InputError, VestigeError
from vestige.imaging import IMAGE_SUFFIXES, ImageInfo, probe

if TYPE_CHECKING:
    from vestige.archive import Archive

__all__ = ["Page", "Volume", "kept_volume", "read_volume"]

Compression = Literal["none", "lossless", "lossy", "unknown"]
TIFF_LOSSY: Final = {6, 7, 34712, 34887, 34892, 50001, 50002}


@dataclass(frozen=True)
class Page:
    """One page: its name in the volume, its header (None where it cannot be read), how it is compressed."""

    name: str
    info: ImageInfo | None
    compression: Compression
    fault: str = ""


@dataclass(frozen=True)
class Volume:
    """A volume.

    Attributes
    ----------
    name : the object, or the folder.
    pages : frames of the object, in order, without those that were shot again.
    targets : files that show a target.
    damaged : sentences on files that are not as they were recorded.
    unrecorded : names of files without a recorded digest.
    """

    name: str
    pages: tuple[Page, ...]
    targets: tuple[Path, ...]
    damaged: tuple[str, ...]
    unrecorded: tuple[str, ...]


def read_volume(folder: str | os.PathLike[str]) -> Volume:
    """The volume in a folder: a capture, or plain image files (which have no target and no digests).

    Raises
    ------
    InputError : no such folder, a bad manifest, or nothing in it is a picture of the object.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "is no folder", "a capture, or a folder of image files")
    if (folder / MANIFEST).is_file():
        capture = load_manifest(folder / MANIFEST)
    else:
        found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in IMAGE_SUFFIXES]
        capture = capture_beneath(folder, (path for path in found if path.is_file()))
    return _volume(capture.thing.identifier or folder.name, [capture], ())


def kept_volume(archive: Archive, identifier: str) -> Volume:
    """All captures that an archive keeps of an object; every byte of them is read and compared.

    Raises
    ------
    InputError : the archive has no such object, or no capture of it.
    """
    from vestige.archive.kept import kept_capture, ocfl_identifier
    from vestige.archive.search import captures_of, find
    from vestige.archive.verification import verify_object

    rows = captures_of(archive.engine, find(archive.engine, identifier)["id"])
    keys = [str(row["key"]) for row in rows]
    captures = [kept_capture(archive, key) for key in keys]
    damaged = [line for key in keys for line in verify_object(archive.store.object(ocfl_identifier(key)))[1]]
    return _volume(identifier, captures, tuple(damaged))


def _volume(name: str, captures: list[Capture], damaged: tuple[str, ...]) -> Volume:
    pages = [_page(capture, frame.file) for capture in captures for frame in capture.select()]
    if not pages:
        raise InputError(name, "holds no picture of an object", "image files, or a capture with frames")
    wrong, unrecorded = list(damaged), []
    for capture in captures:
        for item in capture.files():
            if not item.blake3:
                unrecorded.append(item.file)
            else:
                wrong += _changed(capture.path(item), item.file, item.blake3)
    targets = [capture.path(item) for capture in captures for item in capture.select(role="target")]
    return Volume(name, tuple(pages), tuple(targets), tuple(wrong), tuple(unrecorded))


def _page(capture: Capture, name: str) -> Page:
    path = capture.root / name
    try:
        info = probe(path)
        return Page(name, info, _compression(path, info.format))
    except VestigeError as error:
        return Page(name, None, "unknown", str(error).replace(str(path), name))


def _changed(path: Path, name: str, recorded: str) -> list[str]:
    try:
        return [] if file_digest(path) == recorded else [f"{name} is no longer what was recorded"]
    except InputError as error:
        return [str(error).replace(str(path), name)]


def _compression(path: Path, kind: str) -> Compression:
    """How the pixels of a file are packed; the header alone is read."""
    if kind == "tiff":
        import tifffile

        try:
            with tifffile.TiffFile(path) as opened:
                code = int(opened.pages.first.compression)
        except (tifffile.TiffFileError, ValueError, IndexError, OSError, struct.error):
            return "unknown"
        return "none" if code == 1 else "lossy" if code in TIFF_LOSSY else "lossless"
    if kind == "jp2":
        with path.open("rb") as stream:
            head = stream.read(1 << 16)
        # COD marker: length, style, progression, layers, mix, levels, block, style, transformation (1: 5-3).
        at = head.find(b"\xff\x52", max(head.find(b"\xff\x4f\xff\x51"), 0))
        if at < 0 or len(head) < at + 14:
            return "unknown"
        return "lossless" if head[at + 13] == 1 else "lossy"
    return {"png": "lossless", "jpeg": "lossy"}.get(kind, "unknown")  # type: ignore[return-value]
