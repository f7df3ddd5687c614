"""Pictures whose light can be moved, in tiles: all layers of a tile in one answer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract.kinds import Kind
from vestige.display.opening import open_pyramid
from vestige.display.pictures import kept
from vestige.display.pyramid import TILE
from vestige.display.tone import Tone, shown
from vestige.imaging import open_image, srgb_from_linear
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent
from vestige.web.solids import plane_files

#: Coefficients are not a picture: they are kept nearly as they are, in full colour.
QUALITY = 94


def tile(exhibit: Exhibit, zoom: int, column: int, row: int) -> bytes:
    """The layers of a tile beneath each other as JPEG, each with one pixel more on every side.

    Raises
    ------
    Absent
        where the product has no light to move, or no such tile.
    """
    kind = exhibit.record.kind
    if kind is Kind.NORMALS:
        pyramid = exhibit.pyramid(exhibit.pictures()[0][0])
        bands = tuple(range(min(3, pyramid.bands)))
        return _jpeg([shown(pyramid.tile(zoom, column, row, bands, 1), Tone("normals"))])
    if kind is not Kind.RELIGHTABLE:
        raise Absent(exhibit.index)
    paths = plane_files(exhibit)
    if zoom == 0:
        if (column, row) != (0, 0):
            raise Absent(column, row)
        return kept(exhibit.cache, paths[0], f"layers of {len(paths)}", lambda: _jpeg(_small(paths)))
    planes = [open_pyramid(path, exhibit.cache) for path in paths]
    size = {(plane.width, plane.height) for plane in planes}
    if len(size) > 1:
        raise Absent(size)
    layers = [
        shown(plane.tile(zoom, column, row, tuple(range(min(3, plane.bands))), 1), Tone("picture"))
        for plane in planes
    ]
    return _jpeg(layers)


def _small(paths: list[Path]) -> list[NDArray[np.uint8]]:
    """The layers at the size of one tile, without a pyramid: decoded small, in the limited child process."""
    import cv2

    layers = []
    for path in paths:
        with open_image(path) as image:
            width, height = image.info.width, image.info.height
            scale = 2.0 ** max(0, math.ceil(math.log2(max(width, height) / TILE)))
            size = (math.ceil(width / scale), math.ceil(height / scale))
            codes = (srgb_from_linear(np.atleast_3d(image.proxy(TILE))) * 255 + 0.5).astype(np.uint8)
        resized = np.atleast_3d(cv2.resize(codes, size, interpolation=cv2.INTER_AREA))
        full = np.repeat(resized, 3, axis=2) if resized.shape[2] == 1 else resized
        layers.append(np.asarray(np.pad(full, ((1, 1), (1, 1), (0, 0)), mode="edge"), np.uint8))
    return layers


def _jpeg(layers: list[NDArray[Any]]) -> bytes:
    from vestige.imaging._vips import pyvips

    stacked = np.ascontiguousarray(np.concatenate([layer[..., :3] for layer in layers]))
    image = pyvips.Image.new_from_array(stacked).copy(interpretation="srgb")
    return bytes(image.jpegsave_buffer(Q=QUALITY, subsample_mode="off"))
