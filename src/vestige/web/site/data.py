"""What the viewers of a result ask for, written as files: each address a viewer is told becomes a file.

`vestige.web.viewers.VIEWERS` says what the viewer of a kind needs; here every address in that is made
beforehand. A picture lies there as a picture; anything else as a script, because a browser fetches
nothing from a file. Values are drawn in the ways that a person may choose from, each in a folder of its own.
"""

from __future__ import annotations

import base64
import json
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray

from vestige.contract.kinds import Kind
from vestige.display.pyramid import TILE
from vestige.errors import InputError, VestigeError
from vestige.web import pixels
from vestige.web.documents import sheet
from vestige.web.exhibit import Exhibit
from vestige.web.looking import lights
from vestige.web.pixels import Wish
from vestige.web.viewers import VIEWERS

#: Kinds whose files are handed out as they are, because they are what a person takes home; of the others a
#: picture is, and the files themselves only where that is asked for.
TAKEN_HOME = frozenset({Kind.MESH, Kind.TEXT, Kind.TABLE, Kind.FEATURES, Kind.REPORT, Kind.MODEL})
#: Kinds in which a pixel may be empty: their pictures need an encoding that can be transparent.
_WITH_HOLES = frozenset({Kind.DEPTH, Kind.GRID, Kind.CLASSES})
#: An address that a viewer is told; a text that merely begins with a slash is none.
_ADDRESS = re.compile(
    r"/(tiles|overview|words|features|thumbnail|light|file)/[0-9a-f-]+/\d+(/\d+)?(\?[^ ]*)?$"
)
#: As many looks of measured values are made beforehand.
_LOOKS = 3
#: The longest side of the picture that is handed out of a raster.
_PICTURE = 4096


class Shelved:
    """The data of one result, product by product, each in ``FOLDER/INDEX``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, str] = {}

    def product(self, exhibit: Exhibit) -> dict[str, Any]:
        """What the viewer of a product is told, its addresses leading to files beside its page.

        Raises
        ------
        InputError
            where the product is broken.
        """
        viewer = VIEWERS[exhibit.record.kind]
        told = self._local(exhibit, viewer.tell(exhibit))
        stage = told.get("stage")
        if isinstance(stage, dict) and "looks" in stage:
            stage["looks"] = _looks(stage["looks"])
        return {"told": told, "template": viewer.template, "script": viewer.script}

    def downloads(self, exhibit: Exhibit, *, originals: bool) -> list[dict[str, Any]]:
        """What can be taken home of a product: its files, or a picture of it."""
        if originals or exhibit.record.kind in TAKEN_HOME:
            names = [self._file(exhibit, number) for number in range(len(exhibit.files()))]
        elif exhibit.record.kind is Kind.RELIGHTABLE or exhibit.record.kind is Kind.NORMALS:
            names = []
        else:
            item = exhibit.pictures()[0][0]
            names = [self._picture(exhibit, item, _PICTURE, Wish("", None, None, ""), "picture")]
        root = self.folder / str(exhibit.index)
        return [
            {"name": Path(name).name, "address": name, "bytes": (root / name).stat().st_size}
            for name in names
        ]

    def thumbnail(self, exhibit: Exhibit) -> str:
        """The small picture of a product, relative to its own folder; empty where none can be made."""
        try:
            return self._thumbnail(exhibit)
        except VestigeError:
            return ""

    # -- addresses --------------------------------------------------------------------------------

    def _local(self, exhibit: Exhibit, value: Any, key: str = "") -> Any:
        """`value` with its addresses made into files."""
        if isinstance(value, dict):
            if "ask" in value:
                raster = self._at(exhibit, value["ask"])
                value = {**raster[0].raster(raster[1]), **{k: v for k, v in value.items() if k != "ask"}}
            found = {name: self._local(exhibit, item, name) for name, item in value.items()}
            if "deepest" in found:
                found["ending"] = _ending(self._at(exhibit, value["tiles"])[0])
            return found
        if isinstance(value, list | tuple):
            return [self._local(exhibit, item, key) for item in value]
        if isinstance(value, str) and _ADDRESS.match(value) and value.split("/")[2] == exhibit.result.key:
            return self._address(exhibit, value, key)
        return value

    def _at(self, exhibit: Exhibit, address: str) -> tuple[Exhibit, int]:
        """The product and the file that an address names."""
        parts = urlsplit(address).path.split("/")[2:]
        index, item = int(parts[1]), int(parts[2]) if len(parts) > 2 else 0
        return Exhibit(exhibit.result, index, exhibit.cache), item

    def _address(self, exhibit: Exhibit, address: str, key: str) -> str:
        there, item = self._at(exhibit, address)
        if f"{there.index} {address} {key}" not in self.made:
            self.made[f"{there.index} {address} {key}"] = self._make(there, item, address, key)
        name = self.made[f"{there.index} {address} {key}"]
        return name if there.index == exhibit.index else f"../{there.index}/{name}"

    def _make(self, exhibit: Exhibit, item: int, address: str, key: str) -> str:
        """Write what an address answers with; its name in the folder of the product."""
        what, query = address.split("/")[1], parse_qs(urlsplit(address).query)
        if what == "tiles":
            return self._tiles(exhibit, item)
        if what == "overview":
            if "side" not in query:
                return self._map_pictures(exhibit, item)
            side, look = int(query["side"][0]), query.get("look", [""])[0]
            return self._picture(
                exhibit, item, side, Wish(look, None, None, ""), f"o{item}-{side}{look and '-'}{look}"
            )
        if what == "words":
            return self._script(exhibit, f"w{item}", sheet(exhibit, item).plain())
        if what == "features":
            return self._script(exhibit, "features", pixels.outlines_of(exhibit))
        if what == "thumbnail":
            return self._thumbnail(exhibit)
        if what == "light":
            return self._light(exhibit)
        if what == "file" and key == "model":
            data = exhibit.files()[item].read_bytes()
            return self._script(exhibit, "model", base64.b64encode(data).decode())
        if what == "file":
            return self._file(exhibit, item)
        raise InputError(exhibit.record.path, f"asks for {address}, which no published site has")

    # -- files ------------------------------------------------------------------------------------

    def _write(self, exhibit: Exhibit, name: str, data: bytes) -> str:
        target = self.folder / str(exhibit.index) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return name

    def _script(self, exhibit: Exhibit, name: str, value: Any) -> str:
        return self._write(exhibit, f"{name}.js", script(value))

    def _thumbnail(self, exhibit: Exhibit) -> str:
        data, media = pixels.small_picture(exhibit)
        return self._write(exhibit, "small.png" if media == "image/png" else "small.jpg", data)

    def _picture(self, exhibit: Exhibit, item: int, side: int, wish: Wish, name: str) -> str:
        ending = _ending(exhibit)
        shown = pixels.whole_pixels(exhibit, item, side, wish)
        return self._write(exhibit, f"{name}.{ending}", _encoded(shown, ending))

    def _map_pictures(self, exhibit: Exhibit, item: int) -> str:
        """The whole raster in each look, for a map."""
        looks = ["plain"]
        if exhibit.record.kind is Kind.GRID:
            looks += _looks(VIEWERS[Kind.GRID].tell(exhibit)["stage"]["looks"])
        for look in looks:
            wish = Wish("" if look == "plain" else look, None, None, "")
            shown = pixels.whole_pixels(exhibit, item, 2048, wish)
            self._write(exhibit, f"map{item}-{look}.webp", _encoded(shown, "webp"))
        return f"map{item}"

    def _tiles(self, exhibit: Exhibit, item: int) -> str:
        """Every tile of a picture, in each way to look at it."""
        pyramid, ending = exhibit.pyramid(item), _ending(exhibit)
        for way, wish in _ways(exhibit):
            for zoom, column, row in _places(pyramid.width, pyramid.height):
                shown = pixels.tile_pixels(exhibit, item, (zoom, column, row), wish)
                self._write(exhibit, f"t{item}/{way}/{zoom}/{column}-{row}.{ending}", _encoded(shown, ending))
        return f"t{item}"

    def _light(self, exhibit: Exhibit) -> str:
        stage = VIEWERS[exhibit.record.kind].tell(exhibit)["stage"]
        for zoom, column, row in _places(stage["width"], stage["height"]):
            data = base64.b64encode(lights.tile(exhibit, zoom, column, row)).decode()
            self._script(exhibit, f"light/{zoom}/{column}-{row}", data)
        return "light"

    def _file(self, exhibit: Exhibit, number: int) -> str:
        source = exhibit.files()[number]
        name = f"files/{source.relative_to(exhibit.result.folder.resolve()).name}"
        target = self.folder / str(exhibit.index) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        return name


def script(value: Any) -> bytes:
    r"""A script that says a value (see ``static/js/site/reach.js``).

    >>> script({"a": 1})
    b'vestigeSays({"a":1});\n'
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    # Both are line ends to older readers of JavaScript.
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"vestigeSays({text});\n".encode()


def _looks(offered: list[str]) -> list[str]:
    return offered[:_LOOKS]


def _ways(exhibit: Exhibit) -> Iterator[tuple[str, Wish]]:
    """The ways to look at a product that its viewer offers: name of the folder, and the wish."""
    if exhibit.record.kind is Kind.DEPTH:
        for look in _looks(VIEWERS[Kind.DEPTH].tell(exhibit)["stage"]["looks"]):
            yield look, Wish(look, None, None, "")
    elif exhibit.record.kind is Kind.BANDS:
        stage = VIEWERS[Kind.BANDS].tell(exhibit)["stage"]
        for band in range(len(stage["bands"])):
            yield str(band), Wish("", None, None, str(band))
        if len(stage["bands"]) > 1:
            mixture = [str(band) for band in stage["mixture"]]
            yield "-".join(mixture), Wish("", None, None, ",".join(mixture))
    else:
        yield "plain", Wish("", None, None, "")


def _places(width: int, height: int) -> Iterator[tuple[int, int, int]]:
    """Zoom, column and row of every tile of a raster; level 0 is one tile."""
    deepest = max(0, math.ceil(math.log2(max(width, height) / TILE)))
    for zoom in range(deepest + 1):
        scale = 2 ** (deepest - zoom) * TILE
        for row in range(math.ceil(height / scale)):
            for column in range(math.ceil(width / scale)):
                yield zoom, column, row


def _ending(exhibit: Exhibit) -> str:
    return "webp" if exhibit.record.kind in _WITH_HOLES else "jpg"


def _encoded(shown: NDArray[np.uint8], ending: str) -> bytes:
    from vestige.imaging._vips import pyvips

    image = pyvips.Image.new_from_array(np.ascontiguousarray(shown)).copy(interpretation="srgb")
    if ending == "webp":
        return bytes(image.webpsave_buffer(Q=90, effort=2))
    opaque = image.flatten(background=[255.0]) if image.hasalpha() else image
    return bytes(opaque.jpegsave_buffer(Q=88, optimize_coding=True))
