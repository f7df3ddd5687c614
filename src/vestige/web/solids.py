"""What the viewers of light and of surfaces are told: normals, relightable pictures, meshes."""

from __future__ import annotations

import json
from typing import Any

from vestige.errors import InputError
from vestige.web.exhibit import Exhibit


def normals(exhibit: Exhibit) -> dict[str, Any]:
    """A picture of the normals to be lit in the browser."""
    number, _ = exhibit.pictures()[0]
    pyramid = exhibit.pyramid(number)
    told = {
        "width": pyramid.width,
        "height": pyramid.height,
        "normals": exhibit.address("overview", number) + "?side=2048",
    }
    return {"stage": told}


def relightable(exhibit: Exhibit) -> dict[str, Any]:
    """The planes of a picture in the Relight web format."""
    names = {path.name: number for number, path in enumerate(exhibit.files())}
    if "info.json" not in names:
        raise InputError(
            exhibit.record.path, "has no info.json", "a relightable picture in Relight's web format"
        )
    try:
        info = json.loads(exhibit.files()[names["info.json"]].read_bytes())
        count = (int(info["nplanes"]) + 2) // 3
        told = {key: info[key] for key in ("width", "height", "type", "colorspace", "nplanes")}
        told["materials"] = [{key: info["materials"][0][key] for key in ("scale", "bias")}]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            "info.json", f"does not describe a relightable picture ({str(error)[:80]})"
        ) from None
    if told["type"] not in ("ptm", "hsh") or told["colorspace"] not in ("rgb", "lrgb"):
        raise InputError(
            "info.json", f"is of the type {told['type']} {told['colorspace']}", "ptm or hsh in rgb or lrgb"
        )
    missing = [f"plane_{n}.jpg" for n in range(count) if f"plane_{n}.jpg" not in names]
    if missing or not 1 <= count <= 64:
        raise InputError(
            missing[0] if missing else "info.json", "is missing" if missing else "names no planes"
        )
    told["planes"] = [exhibit.address("file", names[f"plane_{n}.jpg"]) for n in range(count)]
    return {"stage": told}


def mesh(exhibit: Exhibit) -> dict[str, Any]:
    """A binary glTF."""
    found = [n for n, path in enumerate(exhibit.files()) if path.suffix.lower() == ".glb"]
    if not found:
        raise InputError(exhibit.record.path, "holds no binary glTF", "a file ending in .glb")
    with exhibit.files()[found[0]].open("rb") as stream:
        if stream.read(4) != b"glTF":
            raise InputError(exhibit.record.path, "is no binary glTF")
    return {"stage": {"model": exhibit.address("file", found[0])}}
