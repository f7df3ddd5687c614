"""A small picture of a surface in three dimensions, for cards: points with their colours, nearest in front."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestige.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_TYPES = {5120: "i1", 5121: "u1", 5122: "i2", 5123: "u2", 5125: "u4", 5126: "f4"}
_COUNTS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}
_BACKGROUND = (236, 233, 226)


def portrait(path: Path, width: int = 640, height: int = 480) -> NDArray[np.uint8]:
    """A binary glTF seen from a little above, uint8 sRGB (height, width, 3).

    Raises
    ------
    InputError
        where the file is no binary glTF with positions.
    """
    import numpy

    points, colours, normals = _vertices(path)
    turn, tilt = numpy.deg2rad(32.0), numpy.deg2rad(16.0)
    around = numpy.array([[numpy.cos(turn), 0, numpy.sin(turn)], [0, 1, 0], [-numpy.sin(turn), 0, numpy.cos(turn)]])
    over = numpy.array([[1, 0, 0], [0, numpy.cos(tilt), -numpy.sin(tilt)], [0, numpy.sin(tilt), numpy.cos(tilt)]])
    matrix = (over @ around).astype(numpy.float32)
    seen = points @ matrix.T
    low, high = seen.min(0), seen.max(0)
    scale = 0.86 * min(width / max(high[0] - low[0], 1e-9), height / max(high[1] - low[1], 1e-9))
    shade = numpy.clip((normals @ matrix.T) @ numpy.array([-0.35, 0.55, 0.76], numpy.float32), 0, 1) * 0.75 + 0.25
    order = numpy.argsort(seen[:, 2], kind="stable")
    across = (width / 2 + (seen[order, 0] - (low[0] + high[0]) / 2) * scale).astype(int)
    down = (height / 2 - (seen[order, 1] - (low[1] + high[1]) / 2) * scale).astype(int)
    painted = (numpy.clip(colours[order] * shade[order, None], 0, 1) ** (1 / 2.2) * 255).astype(numpy.uint8)
    picture = numpy.full((height, width, 3), _BACKGROUND, numpy.uint8)
    size = max(1, min(6, int(1.6 * scale * _spacing(points))))
    for y in range(size):
        for x in range(size):
            inside = (down + y < height) & (across + x < width) & (down + y >= 0) & (across + x >= 0)
            picture[down[inside] + y, across[inside] + x] = painted[inside]
    return picture


def _spacing(points: NDArray[np.float32]) -> float:
    """About how far neighbouring points of a closed surface lie apart."""
    import numpy

    side = points.max(0) - points.min(0)
    return float(numpy.sqrt(max(side.max() * numpy.median(side), 1e-12) * 3 / len(points)))


def _vertices(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Positions, linear colours and normals of the first primitive."""
    import numpy

    try:
        data = path.read_bytes()
        length = struct.unpack_from("<I", data, 12)[0]
        described = json.loads(data[20 : 20 + length])
        binary = data[28 + length :]
        attributes = described["meshes"][0]["primitives"][0]["attributes"]
        points = _accessor(described, binary, attributes["POSITION"])
        colours = numpy.full_like(points, 0.6)
        if "COLOR_0" in attributes:
            colours = _accessor(described, binary, attributes["COLOR_0"])[:, :3]
        normals = numpy.zeros_like(points) + numpy.array([0, 0, 1], numpy.float32)
        if "NORMAL" in attributes:
            normals = _accessor(described, binary, attributes["NORMAL"])
        if len(points) == 0 or not len(points) == len(colours) == len(normals):
            raise ValueError("it holds no points")
    except (OSError, struct.error, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(path.name, f"cannot be shown ({str(error)[:100]})", "a binary glTF") from None
    return points, colours, normals


def _accessor(described: dict[str, Any], binary: bytes, number: int) -> NDArray[np.float32]:
    import numpy

    accessor = described["accessors"][number]
    view = described["bufferViews"][accessor["bufferView"]]
    dtype = numpy.dtype("<" + _TYPES[accessor["componentType"]])
    columns, count = _COUNTS[accessor["type"]], int(accessor["count"])
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    stride = view.get("byteStride") or columns * dtype.itemsize
    rows = numpy.ndarray((count, columns), dtype, binary, start, (stride, dtype.itemsize))
    values = rows.astype(numpy.float32)
    return values / numpy.iinfo(dtype).max if dtype.kind in "iu" else values
