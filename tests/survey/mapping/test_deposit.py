"""A deposit holds what the guide of the Archaeology Data Service asks for."""

import csv

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely

from vestige.capture.infer import open_capture
from vestige.contract import Context, Inputs, Kind, Product
from vestige.errors import InputError, UsageError
from vestige.survey import Raster, read_survey
from vestige.survey.geotiff import raster_writer
from vestige.survey.mapping.features import Feature
from vestige.survey.mapping.vectors import write_features
from vestige.survey.pipeline import archive
from vestige.survey.recipe import FIELDS, ArchiveRecipe

RING = Feature(
    shapely.Point(105, 45).buffer(3), "feature", "ring ditch", 0.9, 0.6, 28.0, 6.0, 1.0, (105.0, 45.0), 3.0
)


@pytest.fixture
def given(scene, tmp_path):
    raster = Raster(1000.0, 2000.0, 0.5, 40, 60, "EPSG:27700")
    values = np.random.default_rng(0).normal(0, 1, (40, 60)).astype(np.float32)
    values[:3] = np.nan
    with raster_writer(tmp_path / "grid.tif", raster, np.float32, nodata=np.nan) as writer:
        writer.write(0, values)
    path = write_features(tmp_path / "features.gpkg", [RING], "EPSG:27700", ["feature"])
    capture = open_capture(scene[0])
    return {
        "capture": [capture],
        "grid": [Product("grid", Kind.GRID, tmp_path / "grid.tif")],
        "features": [Product("features", Kind.FEATURES, path)],
    }, values


@pytest.fixture
def deposit(given, tmp_path):
    recipe = ArchiveRecipe(
        project="Barrow Hill",
        site="High/Field",
        metadata={"Surveyor": "A. Smith", "Magnetic north": "-1.2 deg"},
    )
    context = Context(tmp_path / "work", tmp_path / "out")
    outcome = archive(Inputs(given[0]), recipe, context)
    assert outcome.measurements["fields_missing"] == context.warnings[-1].count(",") + 1
    return outcome.products[0].path / "Barrow_Hill"


def table(path):
    return np.loadtxt(path, delimiter=",", skiprows=1)


def test_raw_readings_are_all_there_in_both_systems(deposit, scene):
    block = deposit / "High_Field" / "Block_1" / "Mag"
    (raw,) = (block / "PRESERVE_XYZ").iterdir()
    assert raw.read_text().startswith("X_m,Y_m,V_nT\n")
    survey = read_survey(next(scene[0].glob("*.cmp")))
    known = np.argwhere(np.isfinite(survey.values))
    found = table(raw)
    assert np.allclose(found[:, 0], (known[:, 1] + 0.5) * survey.reading_m)
    assert np.allclose(found[:, 1], (known[:, 0] + 0.5) * survey.traverse_m)
    assert np.allclose(found[:, 2], survey.values[np.isfinite(survey.values)], atol=6e-4)
    assert {path.suffix.lower() for path in (block / "Working").iterdir()} >= {".cmp", ".cmd"}
    points = (deposit / "Project" / "Georeferencing" / "georeferencing.txt").read_text().splitlines()
    own_x, own_y, east, north = (float(text) for text in points[4].split(",")[1:])
    assert (east, north) == pytest.approx((431200 + survey.easting, 287240 + survey.northing))
    assert (own_x, own_y) == (survey.reading_m / 2, survey.traverse_m / 2)


def test_final_grid_and_picture_say_the_same(deposit, given):
    block = deposit / "High_Field" / "Block_1" / "Mag"
    found, values = table(block / "PRESERVE_XYZ_MapCoords" / "final.xyz"), given[1]
    assert len(found) == np.isfinite(values).sum()
    assert found[0, :2] == pytest.approx((1000.25, 2000 - 3 * 0.5 - 0.25)), "the centre of the cell"
    with rasterio.open(block / "PRESERVE_Images" / "final_greyscale.tif") as picture:
        grey = picture.read(1)
        assert (picture.tags(1)["NT_WHITE"], picture.tags(1)["NT_BLACK"]) == ("-1", "2")
        assert picture.bounds.left == 1000
    assert (grey[:3] == 255).all()
    assert np.abs((255 - grey[3:].astype(float)) / 255 * 3 - 1 - np.clip(values[3:], -1, 2)).max() < 0.02
    world = (block / "PRESERVE_Images" / "final_greyscale.tfw").read_text().split()
    assert [float(number) for number in world[4:]] == [1000.25, 1999.75]


def test_interpretation_and_documents_are_complete(deposit):
    block = deposit / "High_Field" / "Block_1" / "Mag"
    shapes = pyogrio.read_dataframe(block / "PRESERVE_SHP" / "interpretation.shp")
    assert shapes["term"].tolist() == ["ring ditch"]
    assert len(pyogrio.read_dataframe(block / "PRESERVE_DXF" / "interpretation.dxf")) == 1
    for group, names in FIELDS.items():
        with (deposit / "Project" / "Metadata" / f"{group}.csv").open(newline="") as stream:
            rows = dict(list(csv.reader(stream))[1:])
        assert tuple(rows) == names
        assert all(rows.values())
        if group == "geophysics_metadata":
            assert rows["Magnetic north"] == "-1.2 deg"
            assert rows["Traverse separation"] == "1 m"
            assert rows["Instrument drift"] == "not recorded"
    told = (deposit / "File_Description_Document.txt").read_text()
    assert "centre of the cell" in told
    assert all(f"Mag/{folder.name}:" in told for folder in block.iterdir())


def test_what_does_not_fit_is_one_sentence(given, tmp_path):
    inputs = dict(given[0])
    other = write_features(tmp_path / "other.gpkg", [RING], "EPSG:32632", ["feature"])
    inputs["features"] = [Product("features", Kind.FEATURES, other)]
    with pytest.raises(InputError, match="EPSG:27700 as the grid"):
        archive(Inputs(inputs), ArchiveRecipe(), Context(tmp_path / "a"))
    with pytest.raises(UsageError, match="no field 'Surveyer'"):
        ArchiveRecipe.make(values={"metadata": {"Surveyer": "A. Smith"}})
    with pytest.raises(UsageError, match="needs a grid"):
        archive(Inputs({"capture": inputs["capture"]}), ArchiveRecipe(), Context(tmp_path / "b"))
