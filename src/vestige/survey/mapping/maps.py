"""Maps for the report: greyscale as printed, with scale bar, north and nT range, and features over it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Picture
from vestige.survey.gridding import Raster
from vestige.survey.mapping.features import Feature
from vestige.survey.mapping.style import COLOURS
from vestige.survey.pictures import Picture8, greyscale, shrunk

__all__ = ["map_pictures", "map_sheet", "overview"]

#: Longest side of a map (px), and the strip below it that holds scale bar, key and north.
LONGEST, STRIP, LEAST = 1600, 76, 640
INK = (31, 35, 40)
#: Cells read at a time.
CELLS_AT_ONCE = 4_000_000
#: Features whose number is written on the map.
MOST_LABELS = 300


def map_pictures(
    grid: Path, raster: Raster, features: Sequence[Feature], classes: Sequence[str]
) -> list[Picture]:
    """The maps of a report: what was found, the grid as printed, the grid with its own contrast."""
    values = overview(grid, raster)
    known = np.abs(values[np.isfinite(values)])
    spread = max(round(float(np.percentile(known, 95)), 1), 0.1) if known.size else 1.0
    return [
        Picture(
            "What was found",
            map_sheet(values, raster, features=features, classes=classes),
            f"{len(features)} features, numbered as in the table; dashed: the circle of a ring",
            wide=True,
        ),
        Picture(
            "The grid, -1 to 2 nT",
            map_sheet(values, raster),
            "Positive anomalies dark, as printed by convention",
        ),
        Picture(
            f"The grid, -{spread:g} to {spread:g} nT",
            map_sheet(values, raster, low=-spread, high=spread),
            "Its own contrast",
        ),
    ]


def overview(grid: Path, raster: Raster) -> NDArray[np.float32]:
    """A raster shrunk for a map, read strip by strip; NaN where nothing was read."""
    import rasterio

    factor = max(1, -(-max(raster.height, raster.width) // LONGEST))
    step = max(factor, CELLS_AT_ONCE // raster.width // factor * factor)
    with rasterio.open(grid) as dataset:
        strips = [
            shrunk(dataset.read(1, window=((top, min(top + step, raster.height)), (0, raster.width))), factor)
            for top in range(0, raster.height, step)
        ]
    return np.vstack(strips)


def map_sheet(
    values: NDArray[np.floating[Any]],
    raster: Raster,
    *,
    low: float = -1.0,
    high: float = 2.0,
    features: Sequence[Feature] = (),
    classes: Sequence[str] = (),
) -> Picture8:
    """A map with scale bar, range of values and north; uint8 (height, width, 3).

    >>> map_sheet(np.zeros((40, 80)), Raster(0, 10, 0.25, 40, 80)).shape[2]
    3
    """
    from PIL import Image, ImageDraw, ImageFont

    enlarged = max(1, round(LEAST * 2 / max(values.shape)))
    ground = greyscale(values, low, high).repeat(enlarged, axis=0).repeat(enlarged, axis=1)
    height, width = ground.shape[:2]
    sheet = Image.new("RGB", (max(width, LEAST), height + STRIP), (255, 255, 255))
    sheet.paste(Image.fromarray(ground), (0, 0))
    draw = ImageDraw.Draw(sheet, "RGBA")
    pixels_a_metre = width / (raster.width * raster.cell)
    font = ImageFont.load_default(15)
    for feature in features:
        _draw_feature(draw, feature, raster, pixels_a_metre, classes)
    for feature in features[:MOST_LABELS]:
        place = _pixels([feature.centre], raster, pixels_a_metre)[0]
        draw.text(place, str(feature.number), INK, font, "mm", stroke_width=3, stroke_fill=(255, 255, 255))
    _draw_scale(draw, font, height, pixels_a_metre)
    _draw_range(draw, font, height, low, high)
    _draw_north(draw, font, sheet.width - 30, height)
    place_name = raster.crs if len(raster.crs) < 24 else "projected"
    draw.text((sheet.width - 60, height + STRIP // 2), place_name or "local grid", INK, font, "rm")
    return np.asarray(sheet, np.uint8)


def _pixels(points: Any, raster: Raster, scale: float) -> list[tuple[float, float]]:
    return [((x - raster.west) * scale, (raster.north - y) * scale) for x, y in points]


def _draw_feature(draw: Any, feature: Feature, raster: Raster, scale: float, classes: Sequence[str]) -> None:
    """The outlines, and the circle of a ring."""
    import shapely

    number = list(classes).index(feature.class_name) if feature.class_name in classes else 0
    colour = COLOURS[number % len(COLOURS)]
    for polygon in shapely.get_parts(feature.polygon):
        for ring in (polygon.exterior, *polygon.interiors):
            draw.line(_pixels(ring.coords, raster, scale), fill=colour, width=2, joint="curve")
    if not np.isfinite(feature.complete):
        return
    (east, north), radius = _pixels([feature.centre], raster, scale)[0], feature.diameter / 2 * scale
    for start in range(0, 360, 12):
        box = (east - radius, north - radius, east + radius, north + radius)
        draw.arc(box, start, start + 6, fill=(*colour, 200), width=1)


def _draw_scale(draw: Any, font: Any, top: int, scale: float) -> None:
    """A bar of a round length, about a quarter of the least width."""
    wanted = LEAST / 4 / scale
    power = 10.0 ** np.floor(np.log10(wanted))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= wanted))
    left, middle, right = 14, 14 + length * scale / 2, 14 + length * scale
    draw.rectangle((left, top + 20, right, top + 28), outline=INK, fill=(255, 255, 255))
    draw.rectangle((left, top + 20, middle, top + 28), fill=INK)
    draw.text((left, top + 34), "0", INK, font, "lt")
    draw.text((right, top + 34), f"{length:g} m", INK, font, "mt")


def _draw_range(draw: Any, font: Any, top: int, low: float, high: float) -> None:
    """Greys and the nT that they stand for."""
    left, length = 280, 120
    for step in range(length):
        grey = 255 - round(255 * step / (length - 1))
        draw.line((left + step, top + 20, left + step, top + 28), fill=(grey, grey, grey))
    draw.rectangle((left - 1, top + 19, left + length, top + 29), outline=INK)
    draw.text((left, top + 34), f"{low:g}", INK, font, "mt")
    draw.text((left + length, top + 34), f"{high:g} nT", INK, font, "mt")


def _draw_north(draw: Any, font: Any, middle: int, top: int) -> None:
    draw.polygon(
        [(middle, top + 10), (middle + 9, top + 42), (middle, top + 35), (middle - 9, top + 42)], fill=INK
    )
    draw.text((middle, top + 48), "N", INK, font, "mt")
