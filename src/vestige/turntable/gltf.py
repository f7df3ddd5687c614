"""Binary glTF 2.0: positions in metres with y up, normals, linear vertex colours, triangles.

Khronos Group (2021). glTF 2.0 Specification; also ISO/IEC 12113:2022.
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige import imaging
from vestige.errors import InputError
from vestige.turntable.surfaces import Surface

__all__ = ["read_glb", "write_glb"]

Floats = NDArray[np.float32]

_MAGIC, _JSON, _BIN = b"glTF", 0x4E4F534A, 0x004E4942
_FLOAT, _USHORT, _UINT = 5126, 5123, 5125


def write_glb(
    path: str | os.PathLike[str],
    shape: Surface,
    normals: Floats,
    colours: Floats,
    *,
    extras: dict[str, Any] | None = None,
) -> None:
    """Write a coloured surface; the file is whole or not there.

    Parameters
    ----------
    shape : vertices in metres, y up.
    normals : unit normals (n, 3).
    colours : linear light (n, 3), cut to 0..1.
    extras : told in the file's ``asset.extras``.

    Raises
    ------
    OutputError
        where the disk refuses.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "model.glb")
    >>> corner = Surface(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    >>> write_glb(path, corner, np.full((3, 3), 3**-0.5, np.float32), np.ones((3, 3), np.float32))
    >>> again, _, colours = read_glb(path)
    >>> bool((again.vertices == corner.vertices).all()), colours[0].tolist()
    (True, [1.0, 1.0, 1.0])
    """
    imaging.write_glb(
        path,
        shape.vertices,
        shape.faces,
        normals,
        colours=colours,
        extras=extras,
        generator="Vestige turntable",
    )


def read_glb(path: str | os.PathLike[str]) -> tuple[Surface, Floats, Floats]:
    """Read what `write_glb` wrote: surface in metres, normals (n, 3), linear colours (n, 3).

    Raises
    ------
    InputError
        where the file is missing, cut off, or no binary glTF of this layout.

    >>> read_glb("none.glb")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.glb cannot be read (No such file or directory); expected ...
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "a binary glTF file") from None
    try:
        head, body = _chunks(data)
        arrays = [_array(head, body, number) for number in range(4)]
        return Surface(arrays[0], arrays[3].astype(np.int32).reshape(-1, 3)), arrays[1], arrays[2][:, :3]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error) as error:
        reason = str(error) if type(error) is ValueError else "its parts do not fit together"
        raise InputError(path, f"is no model of this program: {reason}", "an unbroken model.glb") from None


def _chunks(data: bytes) -> tuple[dict[str, Any], bytes]:
    magic, version, length = struct.unpack_from("<4sII", data)
    if magic != _MAGIC or version != 2:
        raise ValueError("it does not begin as binary glTF 2.0")
    if length != len(data):
        raise ValueError(f"it says {length} bytes and has {len(data)}")
    size, kind = struct.unpack_from("<II", data, 12)
    body_size, body_kind = struct.unpack_from("<II", data, 20 + size)
    if (kind, body_kind) != (_JSON, _BIN):
        raise ValueError("its chunks are not JSON, then binary")
    head = json.loads(data[20 : 20 + size])
    return head, data[28 + size : 28 + size + body_size]


def _array(head: dict[str, Any], body: bytes, number: int) -> Floats:
    accessor = head["accessors"][number]
    view = head["bufferViews"][accessor["bufferView"]]
    kind = {_FLOAT: "<f4", _USHORT: "<u2", _UINT: "<u4"}[accessor["componentType"]]
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
    raw = np.frombuffer(body, kind, int(accessor["count"]) * width, int(view["byteOffset"]))
    if kind == "<u4":
        return raw
    values = raw.reshape(-1, width).astype(np.float32)
    return values / np.float32(65535) if accessor.get("normalized") else values
