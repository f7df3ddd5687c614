"""Features as files: what GIS programs read back."""

import json
import sqlite3
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio
import pytest
import shapely

from vestige.errors import OutputError
from vestige.survey.mapping.features import Feature
from vestige.survey.mapping.vectors import (
    attributes,
    write_dxf,
    write_features,
    write_geojson,
    write_shapefile,
)

NAMES = [
    "id",
    "class",
    "term",
    "confidence",
    "conf_least",
    "area_m2",
    "diameter_m",
    "complete",
    "centre_e",
    "centre_n",
    "peak_nt",
    "review",
    "reviewer",
    "model",
]


@pytest.fixture
def features():
    ring = shapely.Point(431000, 287000).buffer(10).difference(shapely.Point(431000, 287000).buffer(8))
    pit = shapely.Point(431100, 287000).buffer(2)
    told = ("feature", "ring ditch", 0.93, 0.51)
    return [
        Feature(ring, *told, 113.0, 18.0, 1.0, (431000.0, 287000.0), 4.2, "rings-0a1b2c3d", 1),
        Feature(pit, *told, 12.5, 4.0, float("nan"), (431100.0, 287000.0), 9.9, "rings-0a1b2c3d", 2),
    ]


def test_geopackage_has_every_attribute_and_missing_is_missing(features, tmp_path):
    path = write_features(tmp_path / "f.gpkg", features, "EPSG:27700", ["feature"])
    table = pyogrio.read_dataframe(path, layer="features")
    assert [name for name in table.columns if name != "geometry"] == NAMES
    assert table.crs.to_epsg() == 27700
    assert table["complete"].isna().tolist() == [False, True]
    assert table["review"].tolist() == ["unreviewed"] * 2
    assert table.geometry.is_valid.all()
    assert max(map(len, NAMES)) <= 10, "a Shapefile cuts longer names"


def test_geopackage_opens_styled(features, tmp_path):
    path = write_features(tmp_path / "f.gpkg", features, "", ["feature", "pit"])
    database = sqlite3.connect(path)
    (row,) = database.execute(
        "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles"
    ).fetchall()
    assert database.execute(
        "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'"
    ).fetchall() == [("attributes",)]
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert row[:3] == ("features", "geom", 1)
    root = ET.fromstring(row[3].split(">", 1)[1])
    assert [one.get("value") for one in root.iter("category")] == ["feature", "pit"]
    assert {one.get("symbol") for one in root.iter("category")} == {
        one.get("name") for one in root.iter("symbol")
    }
    assert "layer_styles" in pyogrio.list_layers(path)[:, 0]


def test_same_features_give_the_same_bytes(features, tmp_path):
    def made(folder: Path):
        folder.mkdir()
        write_features(folder / "f.gpkg", features, "EPSG:27700", ["feature"])
        write_shapefile(folder, features, "EPSG:27700")
        write_dxf(folder / "f.dxf", features)
        write_geojson(folder / "f.geojson", features, "EPSG:27700")
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    one, other = made(tmp_path / "a"), made(tmp_path / "b")
    assert [name for name in one if one[name] != other[name]] == []


def test_shapefile_and_drawing_read_back(features, tmp_path):
    table = pyogrio.read_dataframe(write_shapefile(tmp_path / "shp", features, "EPSG:27700"))
    assert [name for name in table.columns if name != "geometry"] == NAMES
    assert table.geometry.area.sum() == pytest.approx(sum(one.polygon.area for one in features))
    drawing = pyogrio.read_dataframe(write_dxf(tmp_path / "f.dxf", features))
    assert drawing["Layer"].tolist() == ["feature"] * 3
    assert all(line.is_closed for line in drawing.geometry)


def test_geojson_is_in_degrees_or_says_that_it_is_not(features, tmp_path):
    found = json.loads(write_geojson(tmp_path / "w.geojson", features, "EPSG:27700").read_text())
    east, north = shapely.get_coordinates(shapely.geometry.shape(found["features"][0]["geometry"]))[0]
    assert (east, north) == pytest.approx((-1.55, 52.48), abs=0.1)
    assert found["features"][1]["properties"]["complete"] is None
    assert list(found["features"][0]["properties"]) == NAMES
    local = json.loads(write_geojson(tmp_path / "l.geojson", features, "").read_text())
    assert "local grid" in local["note"]
    assert local["features"][0]["geometry"]["coordinates"][0][0][0] == pytest.approx(431010)


def test_nothing_found_is_a_file_too(tmp_path):
    path = write_features(tmp_path / "f.gpkg", [], "EPSG:27700", ["feature"])
    assert len(pyogrio.read_dataframe(path, layer="features")) == 0
    assert all(len(column) == 0 for column in attributes([]).values())
    write_dxf(tmp_path / "f.dxf", [])
    assert np.array_equal(
        json.loads(write_geojson(tmp_path / "f.geojson", [], "").read_text())["features"], []
    )


def test_a_disk_that_refuses_is_one_sentence(features, tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_features(tmp_path / "none" / "f.gpkg", features, "", ["feature"])
