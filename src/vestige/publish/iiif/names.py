"""Names of pictures in addresses: a frame of a capture, a file of a product, one band of it.

They are made of the digests by which the archive keeps things: opaque, stable, and never a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vestige.archive import Archive, search
from vestige.contract.kinds import Kind
from vestige.display.absence import Absent
from vestige.display.opening import native_bands
from vestige.display.pictures import PORTRAYED, RASTERS
from vestige.errors import InputError
from vestige.publish.kept import kept_capture, kept_result

_COUNT = r"0|[1-9]\d{0,6}"
_NAME = re.compile(
    rf"f\.(?P<capture>[0-9a-f]{{64}})\.(?P<frame>{_COUNT})"
    rf"|r\.(?P<result>[0-9a-f]{{64}}-[0-9a-f]{{16}})\.(?P<index>{_COUNT})\.(?P<item>{_COUNT})(?:\.(?P<band>{_COUNT}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Picture:
    """One picture: the file it is drawn from, and how.

    A `foreign` file came from outside and is decoded by the limited child process only; one in `linear`
    light is shown as bright as it needs to be. `band` is the only one to show, None for the natural view;
    `files` are all that a picture of a thing that is no raster is made from.
    """

    name: str
    path: Path
    kind: Kind
    band: int | None = None
    foreign: bool = False
    linear: bool = False
    towards_viewer: int = 1
    files: tuple[Path, ...] = ()


def frame_name(capture: str, number: int) -> str:
    """The name of a frame."""
    return f"f.{capture}.{number}"


def product_name(result: str, index: int, item: int, band: int | None = None) -> str:
    """The name of a file of a product, or of one band of it.

    >>> product_name("a" * 64 + "-" + "b" * 16, 0, 2, 1)[-6:]
    '.0.2.1'
    """
    return f"r.{result}.{index}.{item}" + ("" if band is None else f".{band}")


def capture_of(name: str) -> str:
    """The key of the capture that a name belongs to.

    Raises
    ------
    Absent
        where it is no name.

    >>> capture_of("f." + "a" * 64 + ".7") == "a" * 64
    True
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise Absent(name[:120])
    return found["capture"] or found["result"][:64]


def product_of(name: str) -> tuple[str, int, int]:
    """The key of the result, the place of the product and that of the file that a name stands for.

    Raises
    ------
    Absent
        where it names no file of a product.

    >>> product_of("r." + "a" * 64 + "-" + "b" * 16 + ".2.7")[1:]
    (2, 7)
    """
    found = _NAME.fullmatch(name)
    if found is None or not found["result"]:
        raise Absent(name[:120])
    return found["result"], int(found["index"]), int(found["item"])


def thing_of(archive: Archive, capture: str) -> dict[str, Any]:
    """The object that a capture belongs to, with all that is said of it.

    Raises
    ------
    Absent
        where there is no such capture.
    """
    row = search.capture(archive.engine, capture)
    thing = search.by_id(archive.engine, row["object_id"]) if row else None
    if thing is None:
        raise Absent(capture)
    return thing


@lru_cache(maxsize=4096)
def picture(archive: Archive, name: str) -> Picture:
    """The picture of a name; what is kept never changes, so it is looked up once.

    Raises
    ------
    Absent
        where there is none.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise Absent(name[:120])
    if found["capture"]:
        return _frame(archive, name, found["capture"], int(found["frame"]))
    entry, index, item = kept_result(archive, found["result"]), int(found["index"]), int(found["item"])
    record = entry.record(index)
    files = entry.files(index)
    if record.kind in PORTRAYED and not item and not found["band"]:
        return Picture(name, entry.path(index), record.kind, files=tuple(files))
    if record.kind not in RASTERS or not 0 <= item < len(files):
        raise Absent(name)
    towards = -1 if record.kind is Kind.DEPTH and not record.about.get("towards_viewer") else 1
    band = int(found["band"]) if found["band"] else None
    if band is not None and (record.kind is not Kind.BANDS or band >= native_bands(files[item])):
        raise Absent(name)
    return Picture(name, files[item], record.kind, band, towards_viewer=towards)


def _frame(archive: Archive, name: str, key: str, number: int) -> Picture:
    capture = kept_capture(archive, key).capture
    if capture is None or not 0 <= number < len(capture.frames):
        raise Absent(name)
    path = capture.path(capture.frames[number])
    linear = capture.settings.get("encoding") == "linear"
    if not path.is_file():
        raise InputError(path.name, "is not in the archive")
    return Picture(name, path, Kind.IMAGE, foreign=True, linear=linear)
