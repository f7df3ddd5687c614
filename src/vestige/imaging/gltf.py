"""Binary glTF 2.0: a surface of triangles with normals, and colours at its vertices or a picture laid on it.

Khronos Group (2021). glTF 2.0 Specification; also ISO/IEC 12113:2022.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.errors import UsageError

__all__ = ["write_glb"]

FLOAT = NDArray[np.float32]
MAGIC, JSON, BIN = b"glTF", 0x4E4F534A, 0x004E4942
#: Component type and shape of each piece, by the name of its attribute.
KINDS: Final = {
    "POSITION": (5126, "VEC3"),
    "NORMAL": (5126, "VEC3"),
    "COLOR_0": (5123, "VEC4"),
    "TEXCOORD_0": (5126, "VEC2"),
    "indices": (5125, "SCALAR"),
}
VERTICES, TRIANGLES = 34962, 34963


def write_glb(
    path: str | os.PathLike[str],
    vertices: FLOAT,
    triangles: NDArray[Any],
    normals: FLOAT,
    *,
    colours: FLOAT | None = None,
    places: FLOAT | None = None,
    texture: bytes | None = None,
    extras: dict[str, Any] | None = None,
    generator: str = "Vestige",
) -> None:
    """Write a surface; the file is whole or not there.

    Parameters
    ----------
    vertices : (n, 3) metres, y up.
    triangles : (m, 3) numbers of vertices, anticlockwise seen from outside.
    normals : unit normals (n, 3); where one is nought, it is taken to point up.
    colours : linear light (n, 3), cut to 0..1.
    places : (n, 2), where each vertex lies in the texture: 0..1 from its left and its top.
    texture : a JPEG or PNG file.
    extras : told in the file's ``asset.extras``.

    Raises
    ------
    UsageError
        where a texture has no places.
    OutputError
        where the disk refuses.

    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp(), "corner.glb")
    >>> corner = np.eye(3, dtype=np.float32)
    >>> write_glb(path, corner, np.array([[0, 1, 2]]), corner, colours=corner)
    >>> path.read_bytes()[:4]
    b'glTF'
    """
    if (texture is None) != (places is None):
        raise UsageError("a texture needs the place of each vertex in it, and places a texture")
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    unit = np.where(lengths > 0.5, normals / np.maximum(lengths, 1e-9), np.array([0, 1, 0], np.float32))
    pieces = {
        "POSITION": np.ascontiguousarray(vertices, "<f4"),
        "NORMAL": np.ascontiguousarray(unit, "<f4"),
    }
    if colours is not None:
        opaque = np.ones((len(colours), 4), np.float32)
        opaque[:, :3] = np.clip(colours, 0, 1)
        pieces["COLOR_0"] = np.ascontiguousarray(np.round(opaque * 65535), "<u2")
    if places is not None:
        pieces["TEXCOORD_0"] = np.ascontiguousarray(places, "<f4")
    pieces["indices"] = np.ascontiguousarray(triangles, "<u4")
    picture = b"" if texture is None else texture + b"\0" * (-len(texture) % 4)
    head = json.dumps(_head(pieces, texture, extras, generator), separators=(",", ":")).encode()
    head += b" " * (-len(head) % 4)
    body = b"".join(piece.tobytes() for piece in pieces.values()) + picture
    whole = (
        struct.pack("<4sII", MAGIC, 2, 12 + 8 + len(head) + 8 + len(body)),
        struct.pack("<II", len(head), JSON),
        head,
        struct.pack("<II", len(body), BIN),
        body,
    )
    write_atomically(path, b"".join(whole))


def _head(
    pieces: dict[str, NDArray[Any]], texture: bytes | None, extras: dict[str, Any] | None, generator: str
) -> dict[str, Any]:
    starts = np.cumsum([0, *(piece.nbytes for piece in pieces.values())])
    asset: dict[str, Any] = {"version": "2.0", "generator": generator}
    if extras:
        asset["extras"] = extras
    names = list(pieces)
    primitive = {
        "attributes": {name: number for number, name in enumerate(names[:-1])},
        "indices": len(names) - 1,
        "material": 0,
        "mode": 4,
    }
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 0.9}
    views = [
        {
            "buffer": 0,
            "byteOffset": int(start),
            "byteLength": piece.nbytes,
            "target": TRIANGLES if name == "indices" else VERTICES,
        }
        for start, (name, piece) in zip(starts, pieces.items(), strict=False)
    ]
    told: dict[str, Any] = {}
    size = int(starts[-1])
    if texture is not None:
        kind = "image/png" if texture.startswith(b"\x89PNG") else "image/jpeg"
        surface["baseColorTexture"] = {"index": 0}
        views.append({"buffer": 0, "byteOffset": size, "byteLength": len(texture)})
        told = {
            "textures": [{"source": 0, "sampler": 0}],
            "images": [{"bufferView": len(views) - 1, "mimeType": kind}],
            "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}],
        }
        size += len(texture) + -len(texture) % 4
    return {
        "asset": asset,
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "model"}],
        "meshes": [{"primitives": [primitive]}],
        "materials": [{"pbrMetallicRoughness": surface}],
        **told,
        "accessors": [_accessor(number, name, piece) for number, (name, piece) in enumerate(pieces.items())],
        "bufferViews": views,
        "buffers": [{"byteLength": size}],
    }


def _accessor(number: int, name: str, piece: NDArray[Any]) -> dict[str, Any]:
    component, shape = KINDS[name]
    told: dict[str, Any] = {"bufferView": number, "componentType": component}
    if name == "COLOR_0":
        told["normalized"] = True
    told |= {"count": piece.size if name == "indices" else len(piece), "type": shape}
    if name == "POSITION":
        told |= {"min": piece.min(axis=0).tolist(), "max": piece.max(axis=0).tolist()}
    return told
