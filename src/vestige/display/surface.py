"""A small picture of a surface in three dimensions, for cards: coloured points, nearest in front."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.display.absence import reason
from vestige.errors import InputError

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
    points, colours, normals = _vertices(path)
    turn, tilt = np.deg2rad(32.0), np.deg2rad(16.0)
    around = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    over = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    matrix = (over @ around).astype(np.float32)
    seen = points @ matrix.T
    low, high = seen.min(0), seen.max(0)
    scale = 0.86 * min(width / max(high[0] - low[0], 1e-9), height / max(high[1] - low[1], 1e-9))
    shade = np.clip((normals @ matrix.T) @ np.array([-0.35, 0.55, 0.76], np.float32), 0, 1) * 0.9 + 0.35
    facing = np.flatnonzero((normals @ matrix.T)[:, 2] > -0.05)
    order = facing[np.argsort(seen[facing, 2], kind="stable")]
    across = (width / 2 + (seen[order, 0] - (low[0] + high[0]) / 2) * scale).astype(int)
    down = (height / 2 - (seen[order, 1] - (low[1] + high[1]) / 2) * scale).astype(int)
    painted = (np.clip(colours[order] * shade[order, None], 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)
    picture = np.full((height, width, 3), _BACKGROUND, np.uint8)
    size = max(1, min(6, int(2.2 * scale * _spacing(points)) + 1))
    for y in range(size):
        for x in range(size):
            inside = (down + y < height) & (across + x < width) & (down + y >= 0) & (across + x >= 0)
            picture[down[inside] + y, across[inside] + x] = painted[inside]
    return picture


def _spacing(points: NDArray[np.float32]) -> float:
    """About how far neighbouring points of a closed surface lie apart."""
    side = points.max(0) - points.min(0)
    return float(np.sqrt(max(side.max() * np.median(side), 1e-12) * 3 / len(points)))


def _vertices(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Positions, linear colours and normals of the first primitive."""
    try:
        data = path.read_bytes()
        length = struct.unpack_from("<I", data, 12)[0]
        described = json.loads(data[20 : 20 + length])
        binary = data[28 + length :]
        attributes = described["meshes"][0]["primitives"][0]["attributes"]
        points = _accessor(described, binary, attributes["POSITION"])
        colours = np.full_like(points, 0.6)
        if "COLOR_0" in attributes:
            colours = _accessor(described, binary, attributes["COLOR_0"])[:, :3]
        normals = np.zeros_like(points) + np.array([0, 0, 1], np.float32)
        if "NORMAL" in attributes:
            normals = _accessor(described, binary, attributes["NORMAL"])
        if len(points) == 0 or not len(points) == len(colours) == len(normals):
            raise ValueError("it holds no points")
    except (OSError, struct.error, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(path.name, f"cannot be shown ({reason(error, path)})", "a binary glTF") from None
    return points, colours, normals


def _accessor(described: dict[str, Any], binary: bytes, number: int) -> NDArray[np.float32]:

    accessor = described["accessors"][number]
    view = described["bufferViews"][accessor["bufferView"]]
    dtype = np.dtype("<" + _TYPES[accessor["componentType"]])
    columns, count = _COUNTS[accessor["type"]], int(accessor["count"])
    start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
    stride = view.get("byteStride") or columns * dtype.itemsize
    rows = np.ndarray((count, columns), dtype, binary, start, (stride, dtype.itemsize))
    values = rows.astype(np.float32)
    return values / np.float32(np.iinfo(dtype).max) if dtype.kind in "iu" else values
