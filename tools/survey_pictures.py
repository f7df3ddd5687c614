"""Make docs/pictures/survey.jpg: a simulated site as recorded, processed, and what was found.

python tools/survey_pictures.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyogrio
import rasterio
import shapely

from vestige.capture import open_capture
from vestige.contract.registry import technique
from vestige.contract.runner import execute

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "survey.jpg"
LOW, HIGH, SIDE = -1.0, 2.0, 640


def main() -> None:
    """Three maps of one site, side by side, dark where the field is strong."""
    survey = technique("survey")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        survey.forward.make(survey.forward.recipe(), folder / "site", 0)
        run = next(one for one in survey.operations if one.name == "run")
        capture = {"capture": [open_capture(folder / "site")]}
        for preset in ("as-recorded", None):
            out = folder / (preset or "processed")
            execute(survey, "run", capture, run.recipe.make(preset), out)
        raw, clean = (_grey(folder / one / "processed.tif") for one in ("as-recorded", "processed"))
        found = _outlined(clean, folder / "processed")
    gap = np.full((SIDE, 12, 3), 255, np.uint8)
    picture = np.hstack([raw, gap, clean, gap, found])
    cv2.imwrite(str(PICTURE), picture, [cv2.IMWRITE_JPEG_QUALITY, 88])


def _grey(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    with rasterio.open(path) as raster:
        values = raster.read(1)
    grey = np.clip((HIGH - values) / (HIGH - LOW), 0, 1) * 255
    colour = np.repeat(np.where(np.isnan(values), 225, grey)[..., None], 3, axis=2).astype(np.uint8)
    return cv2.resize(colour, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.uint8)


def _outlined(grey: np.ndarray[Any, np.dtype[np.uint8]], result: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    picture = grey.copy()
    with rasterio.open(result / "processed.tif") as raster:
        inverse, width, height = ~raster.transform, raster.width, raster.height
    _, _, geometry, _ = pyogrio.raw.read(result / "features.gpkg", layer="features")
    for shape in shapely.get_parts(shapely.from_wkb(geometry)):
        for ring in (shape.exterior, *shape.interiors):
            places = [inverse * point[:2] for point in ring.coords]
            corners = np.array(places) * (SIDE / width, SIDE / height)
            cv2.polylines(picture, [corners.round().astype(np.int32)], True, (30, 90, 230), 3, cv2.LINE_AA)
    return picture


if __name__ == "__main__":
    main()
