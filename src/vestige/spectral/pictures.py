"""The pictures of the report: what the run made, small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Picture, Product
from vestige.imaging import open_image, picture
from vestige.spectral.registered import RegisteredBands

__all__ = ["report_pictures"]

SIDE = 900
TILE = 260
COLUMNS = 4
CAPTIONS = {
    "colour": ("True colour", "As the standard observer sees it"),
    "falsecolour": (
        "False colour",
        "Three bands shown as red, green and blue; in infrared, pigments part company",
    ),
}


def report_pictures(
    bands: RegisteredBands, products: Sequence[Product], components: Sequence[str]
) -> list[Picture]:
    """Colour, false colour, a sheet of the bands and a sheet of the components."""
    found = []
    for product in products:
        if product.name in CAPTIONS:
            with open_image(product.path) as image:
                found.append(
                    Picture(CAPTIONS[product.name][0], picture(image.proxy(SIDE)), CAPTIONS[product.name][1])
                )
    small = [_small(partial(bands.band, index), bands.shape) for index in range(len(bands.bands))]
    sheet = _sheet([picture(np.nan_to_num(plane, nan=1.0)) for plane in small])
    found.append(Picture("Bands", sheet, "Registered: " + ", ".join(band.label for band in bands.bands)))
    path = next(product.path for product in products if product.name == "components")
    shown = []
    for page in range(len(components)):
        with open_image(path, page=page, encoding="linear") as image:
            shown.append(picture(_small(image.read, bands.shape), colour_map="grey"))
    found.append(Picture("Components", _sheet(shown), "Principal components: " + ", ".join(components)))
    return found


def _small(read: Callable[[slice], NDArray[np.float32]], shape: tuple[int, int]) -> NDArray[np.float32]:
    """A plane by every n-th row and column, for a thumbnail: unknown pixels stay alone."""
    step = max(1, max(shape) // (2 * TILE))
    rows = [read(slice(row, row + 1))[:, ::step] for row in range(0, shape[0], step)]
    small = np.concatenate(rows)
    scale = min(1.0, TILE / max(small.shape))
    size = max(1, round(small.shape[1] * scale)), max(1, round(small.shape[0] * scale))
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.float32)


def _sheet(tiles: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Pictures side by side, a few in a row, on white."""
    height, width = (max(tile.shape[axis] for tile in tiles) + 8 for axis in (0, 1))
    columns = min(COLUMNS, len(tiles))
    sheet = np.full((height * -(-len(tiles) // columns), width * columns, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        top, left = height * (number // columns) + 4, width * (number % columns) + 4
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return sheet
