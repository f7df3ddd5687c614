"""The image service: what is known of a picture, and the picture as somebody asks for it.

Sources: IIIF Image API 3.0 and 2.1.1, level 2.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from vestige.archive import Archive
from vestige.display.opening import size_of
from vestige.display.pictures import PORTRAYED, cache_of
from vestige.display.pyramid import reading
from vestige.errors import InputError
from vestige.publish.iiif.names import Picture, picture
from vestige.publish.iiif.pyramids import TILE, PyramidCache, drawn
from vestige.publish.iiif.stored import Level, StoredPyramid
from vestige.publish.iiif.wishes import FORMATS, MOST_PIXELS, MOST_SIDE, Wish, largest, wish

PROTOCOL = "http://iiif.io/api/image"
_FEATURES_3 = ["canonicalLinkHeader", "mirroring", "profileLinkHeader", "sizeUpscaling"]
_FEATURES_2 = [*_FEATURES_3[:3], "regionSquare", "sizeAboveFull", "sizeByDistortedWh"]
#: Said of every picture when the way pictures are drawn changes, so that none is kept from before.
_DRAWN = "1"
#: Pyramids whose tiles are sent without another look at the archive; bytes of drawn images that are kept.
_OPEN, _KEPT = 256, 48 << 20


@dataclass(frozen=True)
class Answer:
    """An image, its media type, and the one address that names it among all that mean the same."""

    data: bytes
    media: str
    canonical: str


class Shelf:
    """What was drawn lately, up to so many bytes: edges and small pictures are asked for often."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Answer | None:
        """What is kept under a key."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: Hashable, made: Answer) -> None:
        """Keep an answer, unless it is large; what was not asked for longest goes."""
        if len(made.data) > self.most // 64:
            return
        with self._lock:
            if key not in self._kept:
                self._bytes += len(made.data)
            self._kept[key] = made
            while self._bytes > self.most:
                self._bytes -= len(self._kept.popitem(last=False)[1].data)


class ImageService:
    """Pictures of one archive by their opaque names. `renders` is how many are drawn at once."""

    def __init__(self, archive: Archive, renders: int | None = None) -> None:
        self.archive = archive
        self.pyramids = PyramidCache(cache_of(archive.folder.resolve()))
        self._ready: dict[str, StoredPyramid] = {}
        self._drawn_lately = Shelf(_KEPT)
        self._turn = threading.BoundedSemaphore(renders or max(2, os.cpu_count() or 2))

    def prepare(self) -> None:
        """Load what pictures are drawn with, before somebody waits for it."""
        self.pyramids.prepare()

    def close(self) -> None:
        """Let go of the pyramid that is being made, once it is whole."""
        self.pyramids.close()

    def _keep(self, name: str, stored: StoredPyramid) -> None:
        if len(self._ready) > _OPEN:
            self._ready.clear()
        self._ready[name] = stored

    def picture(self, name: str) -> Picture:
        """The picture of a name; an Absent where there is none."""
        return picture(self.archive, name)

    def size(self, name: str) -> tuple[int, int]:
        """Width and height of a picture."""
        return _size(self, name)

    def info(self, name: str, version: int, address: str, rights: str = "") -> dict[str, Any]:
        """``info.json`` of a picture in version 2 or 3 of the standard; `address` is that of the picture."""
        self.pyramids.stored(self.picture(name))
        return facts(self.size(name), version, address, rights)

    def mark(self, name: str, version: int, *asked: str) -> str:
        """What changes when an answer would: the names are digests, so it can be told without drawing."""
        told = "\n".join((_DRAWN, str(version), name, *asked))
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:24]

    def tile(self, name: str, version: int, parts: tuple[str, str, str, str]) -> Answer | None:
        """The image that `parts` ask for, as in `answer`, where its bytes lie ready; None where they do not.

        Raises
        ------
        UsageError
            where the request is none.
        """
        stored = self._ready.get(name)
        if stored is None:
            return None
        if known := self._drawn_lately.get((name, version, parts)):
            return known
        whole = stored.levels[0].width, stored.levels[0].height
        asked = wish(version, whole, *parts)
        try:
            data = _whole_tile(stored, asked)
        except InputError:  # the cache was emptied
            self._ready.pop(name, None)
            return None
        return None if data is None else Answer(data, FORMATS["jpg"], canonical_of(asked, whole, version))

    def answer(self, name: str, version: int, region: str, size: str, rotation: str, last: str) -> Answer:
        """The image that was asked for.

        Raises
        ------
        Absent
            where there is no such picture.
        Unsupported
            where the standard knows the request and this service does not.
        UsageError
            where the request is none.
        InputError
            where the file is broken.
        """
        found = self.picture(name)
        whole = self.size(name)
        asked = wish(version, whole, region, size, rotation, last)
        canonical = canonical_of(asked, whole, version)
        stored = self.pyramids.stored(found)
        if stored is not None:
            self._keep(name, stored)
        if stored is not None and (data := _whole_tile(stored, asked)) is not None:
            return Answer(data, FORMATS["jpg"], canonical)
        with self._turn, reading(found.path):
            image = self._drawn(found, stored, asked)
            made = Answer(_encoded(image, asked), FORMATS[asked.format], canonical)
        if stored is not None:
            self._drawn_lately.keep((name, version, (region, size, rotation, last)), made)
        return made

    def _drawn(self, found: Picture, stored: StoredPyramid | None, asked: Wish) -> Any:
        from vestige.imaging._vips import pyvips

        if stored is None:
            pixels = drawn(found, self.pyramids.source(found), asked.box, asked.size)
            return pyvips.Image.new_from_array(np.ascontiguousarray(pixels)).copy(interpretation="srgb")
        level = _level(stored, asked)
        image = pyvips.Image.tiffload(str(stored.path), page=level.page)
        across, down = level.width / stored.levels[0].width, level.height / stored.levels[0].height
        left, top = math.floor(asked.box[0] * across), math.floor(asked.box[1] * down)
        left, top = min(left, level.width - 1), min(top, level.height - 1)
        right = min(level.width, max(left + 1, math.ceil((asked.box[0] + asked.box[2]) * across)))
        bottom = min(level.height, max(top + 1, math.ceil((asked.box[1] + asked.box[3]) * down)))
        image = image.crop(left, top, right - left, bottom - top)
        if (image.width, image.height) == asked.size:
            return image
        return image.thumbnail_image(asked.size[0], height=asked.size[1], size="force")


@lru_cache(maxsize=8192)
def _size(service: ImageService, name: str) -> tuple[int, int]:
    found = service.picture(name)
    target = service.pyramids.place(found)
    if target.exists() and (stored := service.pyramids.stored(found)):
        return stored.levels[0].width, stored.levels[0].height
    if found.kind in PORTRAYED:
        pyramid = service.pyramids.source(found)
        return pyramid.width, pyramid.height
    return size_of(found.path, foreign=found.foreign)


def _whole_tile(stored: StoredPyramid, asked: Wish) -> bytes | None:
    """The stored bytes of the tile that was asked for; None where it is none, or one cut by an edge."""
    left, top, across, down = asked.box
    scale = across // TILE
    if (
        asked.size != (TILE, TILE)
        or scale < 1
        or scale & (scale - 1)
        or (across, down) != (scale * TILE,) * 2
    ):
        return None
    if left % across or top % down:
        return None
    level = scale.bit_length() - 1
    place = stored.place(level, left // across, top // down)
    return None if place is None else stored.jpeg(level, place)


def _level(stored: StoredPyramid, asked: Wish) -> Level:
    """The smallest level that has as many pixels of the region as were asked for."""
    share = asked.size[0] * asked.size[1] / (asked.box[2] * asked.box[3])
    whole = stored.levels[0].width * stored.levels[0].height
    for level in reversed(stored.levels):
        if (level.width + 1) * (level.height + 1) >= whole * share:
            return level
    return stored.levels[0]


def _encoded(image: Any, asked: Wish) -> bytes:
    """Mirrored, turned, in the quality and format that were asked for."""
    if asked.mirrored:
        image = image.fliphor()
    if asked.rotation:
        image = image.copy_memory().rot(f"d{asked.rotation}")
    if asked.quality in ("gray", "bitonal"):
        image = image.colourspace("b-w")
    if asked.quality == "bitonal":
        image = (image >= 128).ifthenelse(255, 0).cast("uchar")
    if asked.format == "png":
        return bytes(image.pngsave_buffer(compression=3, keep="none"))
    if asked.format == "webp":
        return bytes(image.webpsave_buffer(Q=85, effort=2, keep="none"))
    return bytes(image.jpegsave_buffer(Q=88, keep="none"))


def canonical_of(asked: Wish, whole: tuple[int, int], version: int) -> str:
    """The end of the address by which version 2 or 3 of the standard wants an image to be known.

    >>> canonical_of(wish(3, (600, 400), "0,0,600,400", "pct:50", "0", "color.jpg"), (600, 400), 3)
    'full/300,200/0/color.jpg'
    """
    box, size = asked.box, asked.size
    region = "full" if box == (0, 0, *whole) else ",".join(map(str, box))
    if size == largest(box[2], box[3]):
        told = "max" if version > 2 else "full"
    elif version < 3 and size[1] == max(1, round(box[3] * size[0] / box[2])):
        told = f"{size[0]},"
    else:
        up = "^" if version > 2 and (size[0] > box[2] or size[1] > box[3]) else ""
        told = f"{up}{size[0]},{size[1]}"
    turned = f"{'!' if asked.mirrored else ''}{asked.rotation}"
    return f"{region}/{told}/{turned}/{asked.quality}.{asked.format}"


def facts(size: tuple[int, int], version: int, address: str, rights: str = "") -> dict[str, Any]:
    """``info.json`` of a picture of this size.

    >>> facts((6000, 4000), 3, "http://127.0.0.1/iiif/3/x")["tiles"]
    [{'width': 512, 'scaleFactors': [1, 2, 4, 8, 16]}]
    """
    scales = scale_factors(size)
    sizes = [{"width": -(-size[0] // scale), "height": -(-size[1] // scale)} for scale in reversed(scales)]
    sizes = [item for item in sizes if item["width"] * item["height"] <= MOST_PIXELS]
    told: dict[str, Any] = {
        "@context": f"{PROTOCOL}/{version}/context.json",
        ("id" if version > 2 else "@id"): address,
    }
    if version > 2:
        told["type"] = "ImageService3"
    told |= {"protocol": PROTOCOL, "width": size[0], "height": size[1]}
    told["sizes"] = sizes
    told["tiles"] = [{"width": TILE, "scaleFactors": scales}]
    return told | (_of_3(rights) if version > 2 else _of_2(rights))


def _of_3(rights: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "profile": "level2",
        "maxWidth": MOST_SIDE,
        "maxArea": MOST_PIXELS,
        "preferredFormats": ["jpg"],
        "extraFormats": ["webp"],
        "extraQualities": ["bitonal", "color", "gray"],
        "extraFeatures": _FEATURES_3,
    }
    return told | ({"rights": rights} if rights else {})


def _of_2(rights: str) -> dict[str, Any]:
    profile = {
        "formats": ["webp"],
        "maxWidth": MOST_SIDE,
        "maxArea": MOST_PIXELS,
        "qualities": ["bitonal", "color", "gray"],
        "supports": _FEATURES_2,
    }
    return {"profile": [f"{PROTOCOL}/2/level2.json", profile]} | ({"license": rights} if rights else {})


def scale_factors(size: tuple[int, int]) -> list[int]:
    """By what the tiles of a picture are shrunk: powers of two, until it fits into one.

    >>> scale_factors((1000, 300))
    [1, 2]
    """
    deepest = max(0, math.ceil(math.log2(max(size) / TILE)))
    return [2**step for step in range(deepest + 1)]
