"""Small class maps on disk that the tests of mapping share."""

import numpy as np
import pytest

from vestige.survey import Raster, load_model, shipped_model
from vestige.survey.geotiff import raster_writer


@pytest.fixture(scope="session")
def model():
    return load_model(shipped_model())


@pytest.fixture
def on_disk(tmp_path):
    """Write a class map; returns paths of classes, confidence and values, and the raster."""

    def write(classes, cell=0.25, values=None, crs="EPSG:27700"):
        raster = Raster(1000.0, 2000.0, cell, *classes.shape, crs)
        arrays = {
            "classes": classes.astype(np.uint8),
            "confidence": np.where(classes == 1, 0.9, 0.8).astype(np.float32),
            "values": (classes == 1).astype(np.float32) * 3 if values is None else values,
        }
        for name, array in arrays.items():
            with raster_writer(tmp_path / f"{name}.tif", raster, array.dtype, nodata=None) as writer:
                writer.write(0, array)
        return tmp_path / "classes.tif", tmp_path / "confidence.tif", tmp_path / "values.tif", raster

    return write


@pytest.fixture(scope="session")
def ring():
    """Draw a ring ditch into a class map: metres from the north-west corner; gaps in degrees."""

    def draw(classes, centre, radius, width, cell=0.25, gaps=()):
        down, across = (np.mgrid[: classes.shape[0], : classes.shape[1]] + 0.5) * cell
        offset = across - centre[0], down - centre[1]
        there = np.abs(np.hypot(*offset) - radius) <= width / 2
        angle = np.degrees(np.arctan2(offset[1], offset[0])) % 360
        for first, last in gaps:
            there &= ~((angle >= first) & (angle <= last))
        classes[there] = 1
        return classes

    return draw
