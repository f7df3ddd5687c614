"""What the viewers of light and of surfaces are told: normals, relightable pictures, meshes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vestige.display.pyramid import TILE
from vestige.errors import InputError
from vestige.web.exhibit import Exhibit


def normals(exhibit: Exhibit) -> dict[str, Any]:
    """A picture of the normals to be lit in the browser."""
    number, _ = exhibit.pictures()[0]
    pyramid = exhibit.pyramid(number)
    told = {"width": pyramid.width, "height": pyramid.height, "normals": True}
    return {"stage": told | _looking(exhibit)}


def _looking(exhibit: Exhibit) -> dict[str, Any]:
    """What both viewers of light need: tiles of all layers, a picture to begin with, the scale."""
    return {
        "tiles": exhibit.address("light"),
        "tile": TILE,
        "first": f"{exhibit.address('thumbnail')}?v={exhibit.version(0)}",
        "pixel_mm": exhibit.about.get("pixel_mm"),
        "version": exhibit.version(0),
    }


def relightable(exhibit: Exhibit) -> dict[str, Any]:
    """The planes of a picture in the Relight web format."""
    told = _described(exhibit)
    return {"stage": told | {"layers": len(plane_files(exhibit))} | _looking(exhibit)}


def plane_files(exhibit: Exhibit) -> list[Path]:
    """The files of the planes of a relightable picture, in order.

    Raises
    ------
    InputError
        where one is missing.
    """
    files = {path.name: path for path in exhibit.files()}
    count = (int(_described(exhibit)["nplanes"]) + 2) // 3
    missing = [f"plane_{n}.jpg" for n in range(count) if f"plane_{n}.jpg" not in files]
    if missing or not 1 <= count <= 64:
        raise InputError(
            missing[0] if missing else "info.json", "is missing" if missing else "names no planes"
        )
    return [files[f"plane_{n}.jpg"] for n in range(count)]


def _described(exhibit: Exhibit) -> dict[str, Any]:
    """What ``info.json`` says, as far as we draw it."""
    found = next((path for path in exhibit.files() if path.name == "info.json"), None)
    if found is None:
        raise InputError(
            exhibit.record.path, "has no info.json", "a relightable picture in Relight's web format"
        )
    try:
        info = json.loads(found.read_bytes())
        told = {key: info[key] for key in ("width", "height", "type", "colorspace")}
        told["nplanes"] = int(info["nplanes"])
        told["materials"] = [{key: info["materials"][0][key] for key in ("scale", "bias")}]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            "info.json", f"does not describe a relightable picture ({str(error)[:80]})"
        ) from None
    if told["type"] not in ("ptm", "hsh") or told["colorspace"] not in ("rgb", "lrgb"):
        raise InputError(
            "info.json", f"is of the type {told['type']} {told['colorspace']}", "ptm or hsh in rgb or lrgb"
        )
    return told


def mesh(exhibit: Exhibit) -> dict[str, Any]:
    """A binary glTF."""
    found = [n for n, path in enumerate(exhibit.files()) if path.suffix.lower() == ".glb"]
    if not found:
        raise InputError(exhibit.record.path, "holds no binary glTF", "a file ending in .glb")
    with exhibit.files()[found[0]].open("rb") as stream:
        if stream.read(4) != b"glTF":
            raise InputError(exhibit.record.path, "is no binary glTF")
    return {"stage": {"model": exhibit.address("file", found[0])}}
