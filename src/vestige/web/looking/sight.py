"""A sight: one picture to look at, whether a product's or a frame's, with all that a viewer must know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestige.capture import Capture, Frame
from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.display.entries import CaptureEntry
from vestige.display.opening import open_pyramid
from vestige.display.pyramid import TILE, Pyramid
from vestige.display.scale import scale_of
from vestige.display.tone import Tone
from vestige.errors import InputError
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent
from vestige.web.shelf import Scanner

_NAME = re.compile(r"(?:r\.([\w-]{1,100})\.(\d{1,4})\.(\d{1,6})|f\.([\w-]{1,100})\.(\d{1,7}))", re.ASCII)


@dataclass(frozen=True)
class Sight:
    """One picture to look at.

    `name` is how an address names it; two sights of the same `group` (a run, a capture) and the same size
    show the same thing pixel by pixel.
    """

    name: str
    title: str
    label: str
    group: str
    kind: Kind
    pyramid: Pyramid
    tone: Tone
    bands: tuple[int, ...]
    tiles: str
    picture: str
    home: str
    pixel_mm: float | None
    version: str
    towards_viewer: int = 1

    def plain(self) -> dict[str, Any]:
        """What a deep-zoom viewer is told."""
        return {
            "name": self.name,
            "title": self.title,
            "label": self.label,
            "group": self.group,
            "width": self.pyramid.width,
            "height": self.pyramid.height,
            "deepest": self.pyramid.deepest,
            "tile": TILE,
            "tiles": self.tiles,
            "picture": self.picture,
            "pixel_mm": self.pixel_mm,
            "kind": self.kind,
            "version": self.version,
        }


def of_product(exhibit: Exhibit, item: int) -> Sight:
    """A file of a product.

    Raises
    ------
    InputError
        where products of this kind are no rasters, or the file is broken.
    """
    kind = exhibit.record.kind
    if kind not in pictures.RASTERS:
        raise InputError(exhibit.record.path, "is no picture", "a product that lies in pixels")
    pyramid, path = exhibit.pyramid(item), exhibit.files()[item]
    tone, bands = pictures.natural_tone(kind, pyramid)
    label = exhibit.record.name.replace("_", " ")
    return Sight(
        name=f"r.{exhibit.result.key}.{exhibit.index}.{item}",
        title=exhibit.result.title,
        label=label if len(exhibit.pictures()) == 1 else f"{label} · {path.stem}",
        group=exhibit.result.key,
        kind=kind,
        pyramid=pyramid,
        tone=tone,
        bands=bands,
        tiles=exhibit.address("tiles", item),
        picture=exhibit.address("overview", item) + "?side=1024",
        home=exhibit.address("result"),
        pixel_mm=scale_of(exhibit.about.get("pixel_mm"), path),
        version=exhibit.version(item),
        towards_viewer=exhibit.towards_viewer,
    )


def of_frame(entry: CaptureEntry, number: int, cache: Path) -> Sight:
    """A frame of a capture."""
    if entry.capture is None or not 0 <= number < len(entry.capture.frames):
        raise Absent(number)
    frame = entry.capture.frames[number]
    pyramid = frame_pyramid(entry.capture, frame, cache)
    tone, bands = pictures.natural_tone(Kind.IMAGE, pyramid)
    return Sight(
        name=f"f.{entry.key}.{number}",
        title=entry.title,
        label=Path(frame.file).stem,
        group=entry.key,
        kind=Kind.IMAGE,
        pyramid=pyramid,
        tone=tone,
        bands=bands,
        tiles=f"/frame/{entry.key}/{number}/tiles",
        picture=f"/frame/{entry.key}/{number}",
        home=f"/capture/{entry.key}",
        pixel_mm=scale_of(entry.capture.settings.get("pixel_mm"), entry.capture.path(frame)),
        version=f"{entry.capture.path(frame).stat().st_mtime_ns:x}",
    )


def frame_pyramid(capture: Capture, frame: Frame, cache: Path) -> Pyramid:
    """The pyramid of a frame, which came from outside; linear light is shown as in its small pictures."""
    linear = capture.settings.get("encoding") == "linear"
    return open_pyramid(capture.path(frame), cache, foreign=True, linear=linear)


def named(name: str, folder: Scanner) -> Sight:
    """The sight that an address names.

    Raises
    ------
    Absent
        where there is nothing of that name.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise Absent(name)
    key, index, item, capture, number = found.groups()
    cache = pictures.cache_of(folder.root)
    if capture:
        return of_frame(folder.capture(capture), int(number), cache)
    result = folder.result(key)
    result.record(int(index))
    return of_product(Exhibit(result, int(index), cache), int(item))
