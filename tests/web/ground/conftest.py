"""An archive that keeps one result with values on the ground and features found in them, made by no technique."""

import shutil
from datetime import UTC, datetime

import cv2
import geopandas
import numpy as np
import pytest
import rasterio
from affine import Affine
from blake3 import blake3
from shapely.geometry import Point

from vestige.archive import Archive, add
from vestige.capture import Capture, Frame, Thing, save
from vestige.contract.kinds import Kind
from vestige.contract.report import InputRecord, ProductRecord, Report, Software, to_json
from vestige.publish.kept import result_key
from vestige.web import create_app

WEST, NORTH, CELL = 480000.0, 5260000.0, 0.25
#: The features found: east and north of the centre from the north-west corner, diameter, confidence.
RINGS = [(30, -25, 18, 0.93), (75, -30, 22, 0.61), (120, -60, 14, 0.82), (40, -80, 26, 0.42)]


def field(rings=RINGS, height=400, width=600):
    """Rings of some nanotesla in noise, as they would be read."""
    y, x = np.mgrid[0:height, 0:width] * CELL
    values = 0.5 * np.random.default_rng(1).standard_normal((height, width))
    for east, south, diameter, _ in rings:
        values += 4 * np.exp(-((np.hypot(x - east, y + south) - diameter / 2) ** 2) / 2)
    values[:30, :40] = np.nan
    return values.astype(np.float32)


def write_grid(path, values, **options):
    place = Affine(CELL, 0.0, WEST, 0.0, -CELL, NORTH)
    shape = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "float32"}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:31256", transform=place, nodata=np.nan, **shape, **options
    ) as raster:
        raster.write(values, 1)


def write_features(path, rings):
    centres = [Point(WEST + east, NORTH + south) for east, south, _, _ in rings]
    shapes = [
        centre.buffer(size / 2 + 1, 8).difference(centre.buffer(size / 2 - 1, 8))
        for centre, (_, _, size, _) in zip(centres, rings, strict=True)
    ]
    rows = {
        "id": list(range(1, len(rings) + 1)),
        "class": ["ring ditch"] * len(rings),
        "confidence": [ring[3] for ring in rings],
        "diameter_m": [float(ring[2]) for ring in rings],
        "complete": [1.0 - 0.2 * (number % 4) for number in range(len(rings))],
        "peak_nt": [4.0] * len(rings),
        "geometry": shapes,
    }
    geopandas.GeoDataFrame(rows, crs="EPSG:31256").to_file(path, layer="features", engine="pyogrio")


def digest(path):
    return blake3(path.read_bytes()).hexdigest()


def write_result(folder, key, rings=RINGS, values=None, **options):
    """A result with a report, as a run on the capture `key` would have written it."""
    folder.mkdir(parents=True)
    write_grid(folder / "processed.tif", field(rings) if values is None else values, **options)
    write_features(folder / "features.gpkg", rings)
    products = [
        ProductRecord(
            name=name,
            kind=kind,
            path=path,
            bytes=(folder / path).stat().st_size,
            blake3=digest(folder / path),
            about=about,
        )
        for name, kind, path, about in (
            ("processed", Kind.GRID, "processed.tif", {"unit": "nT"}),
            ("features", Kind.FEATURES, "features.gpkg", {}),
        )
    ]
    software = Software(vestige="0.1.0", commit="", python="3.11", machine="x86_64", libraries={})
    report = Report(
        technique="toy",
        operation="run",
        operation_version="1",
        title="Barrow field",
        key="ab" * 32,
        inputs=[InputRecord(name="capture", what="capture", path="capture", blake3=key)],
        recipe={},
        seed=0,
        started=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
        seconds=1.0,
        peak_mib=100.0,
        budget={"cores": 2},
        software=software,
        products=products,
        measurements={},
        warnings=[],
    )
    (folder / "report.json").write_bytes(to_json(report))
    (folder / "report.html").write_text("<!doctype html><title>Report</title><h1>Report</h1>")


def stocked_in(root, **result):
    """An archive in ``root/museum`` with one kept result; the key of its capture."""
    (root / "lines").mkdir(parents=True)
    cv2.imwrite(str(root / "lines/a.png"), np.zeros((8, 8, 3), np.uint8))
    save(Capture(thing=Thing(title="Barrow field"), frames=[Frame(file="a.png")]), root / "lines")
    with Archive.make(root / "museum", who="eva") as archive:
        key = add(archive, root / "lines", {"identifier": "FIELD 7", "title": "Barrow field"}).capture
        write_result(root / "mapped", key, **result)
        add(archive, root / "mapped")
    return key


@pytest.fixture(scope="session")
def stocked(tmp_path_factory):
    root = tmp_path_factory.mktemp("ground")
    return root, stocked_in(root)


@pytest.fixture
def museum(stocked, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(stocked[0] / "museum", tmp_path / "museum")


@pytest.fixture
def result(stocked):
    """The address of the kept result's features, after the first word."""
    return f"{result_key(stocked[1], 'ab' * 32)}/1"


@pytest.fixture
def app(museum):
    made = create_app(museum)
    yield made
    made.state.bench.close()
