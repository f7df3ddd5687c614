"""The whole way, against the truth of the forward model."""

import json

import numpy as np
import pyogrio
import pytest
import rasterio

from vestige.capture import Capture, Frame, coordinates, load_manifest
from vestige.capture.infer import open_capture
from vestige.contract import Budget, Context, Inputs, Kind, Product
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.errors import InputError, UsageError
from vestige.survey import confusion, scores
from vestige.survey.forward.simulate import make
from vestige.survey.mapping.source import grid_raster, lay_grid
from vestige.survey.pipeline import predict, run
from vestige.survey.recipe import PredictRecipe, RunRecipe, SceneRecipe


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One hectare with ring ditches: its folder, and what was made of it."""
    folder = tmp_path_factory.mktemp("hectare")
    capture = (
        make(SceneRecipe(cell=0.25), folder / "site", seed=0) if (folder / "site").mkdir() is None else None
    )
    out = folder / "out"
    report = execute(technique("survey"), "run", {"capture": [capture]}, None, out, budget=Budget(cores=1))
    return folder / "site", out, report


def band(path):
    with rasterio.open(path) as raster:
        return raster.read(1), raster


def test_the_grid_is_closer_to_the_truth_than_the_readings(site):
    folder, out, _ = site
    truth = np.load(folder / "truth" / "truth.npz")
    processed, raster = band(out / "processed.tif")
    assert raster.crs.to_epsg() == 27700
    assert raster.bounds[:2] == (431200.0, 287200.0)
    assert np.array_equal(np.isnan(processed), truth["classes"] == 2)
    from vestige.survey import interpolate, raster_of, read_survey

    raw = read_survey(folder / "site.cmp")
    unclean = interpolate(raw, raster_of([raw], 0.25), slice(0, 400))
    known = np.isfinite(processed)
    errors = [np.median(np.abs(grid - truth["field"])[known]) for grid in (processed, unclean)]
    assert errors[0] < 0.8 * errors[1]


def test_rings_are_found(site):
    folder, out, report = site
    truth = np.load(folder / "truth" / "truth.npz")["classes"]
    classes, _ = band(out / "classes.tif")
    found = scores(confusion(truth, classes))
    assert found["ring_iou"] > 0.3
    assert found["miou"] > found["trivial_miou"] + 0.05
    assert report.measurements["surveyed_ha"] == pytest.approx(0.92)
    assert report.measurements["features"] >= 2


def test_confidence_is_that_of_the_class_shown(site):
    _, out, _ = site
    confidence, _ = band(out / "confidence.tif")
    classes, _ = band(out / "classes.tif")
    assert confidence.min() >= 0.5
    assert confidence.max() <= 1
    assert (confidence[classes == 2] == 1).all()


def test_polygons_are_valid_and_as_large_as_their_pixels(site):
    _, out, report = site
    classes, _ = band(out / "classes.tif")
    table = pyogrio.read_dataframe(out / "features.gpkg", layer="features")
    assert len(table) == report.measurements["features"]
    assert table.geometry.is_valid.all()
    assert (table["area_m2"] >= 6).all()
    assert np.allclose(table.geometry.area, table["area_m2"], atol=1e-3)
    drawn = (classes == 1).sum() * 0.25**2
    assert table["area_m2"].sum() == pytest.approx(drawn, rel=0.2), "small ones are left out"
    assert table.crs.to_epsg() == 27700
    assert set(table["class"]) == {"feature"}
    rings = json.loads((site[0] / "truth" / "rings.json").read_text())
    places = np.array([(ring["map_easting"], ring["map_northing"]) for ring in rings])
    largest = table.iloc[0].geometry.centroid
    assert np.hypot(*(places - (largest.x, largest.y)).T).min() < 12


def test_predicting_on_the_grid_gives_the_same_classes(site, tmp_path):
    _, out, _ = site
    grid = Product("processed", Kind.GRID, out / "processed.tif")
    outcome = predict(Inputs({"grid": [grid]}), PredictRecipe(), Context(tmp_path / "w", tmp_path / "o"))
    assert [product.name for product in outcome.products] == ["classes", "confidence", "features", "exchange"]
    again, _ = band(tmp_path / "o" / "classes.tif")
    assert np.mean(again != band(out / "classes.tif")[0]) < 1e-3


def test_a_grid_of_finer_cells_gives_the_same_rings(site, tmp_path):
    _, out, _ = site
    fine = grid_raster(out / "processed.tif", 0.125)
    grid = Product("fine", Kind.GRID, lay_grid(out / "processed.tif", fine, tmp_path / "fine.tif"))
    outcome = predict(Inputs({"grid": [grid]}), PredictRecipe(), Context(tmp_path / "w", tmp_path / "o"))
    assert outcome.measurements["pixel_m"] == 0.25
    coarse, finer = (
        pyogrio.read_dataframe(folder / "features.gpkg", layer="features", read_geometry=False)
        for folder in (out, tmp_path / "o")
    )
    for column in ("diameter_m", "centre_e", "centre_n"):  # a faint third may come or go
        assert np.allclose(coarse[column][:2], finer[column][:2], atol=0.1)
    again, _ = band(tmp_path / "o" / "classes.tif")
    assert np.mean(again != band(out / "classes.tif")[0]) < 0.01


def test_features_are_as_large_as_their_cells(site, tmp_path):
    _, out, _ = site
    grid = Product("processed", Kind.GRID, out / "processed.tif")
    every = PredictRecipe(minimum_area=0, minimum_confidence=0)
    outcome = predict(Inputs({"grid": [grid]}), every, Context(tmp_path / "w", tmp_path / "o"))
    table = pyogrio.read_dataframe(tmp_path / "o" / "features.gpkg", layer="features")
    assert table["area_m2"].sum() == pytest.approx(outcome.measurements["feature_m2"], rel=0.02)
    assert table["id"].tolist() == list(range(1, len(table) + 1))
    rings = json.loads((site[0] / "truth" / "rings.json").read_text())
    for ring in (one for one in rings if one["circumference_kept"] > 0.9 and one["peak_nt"] > 2):
        away = np.hypot(table["centre_e"] - ring["map_easting"], table["centre_n"] - ring["map_northing"])
        assert away.min() < 0.5
        assert table["diameter_m"][away.argmin()] == pytest.approx(ring["diameter"], abs=0.5)


def test_predict_takes_a_capture_and_needs_something(site, tmp_path):
    given = Inputs({"capture": [load_manifest(site[0] / "capture.json")]})
    outcome = predict(given, PredictRecipe(), Context(tmp_path / "w", tmp_path / "o"))
    assert outcome.measurements["surveyed_ha"] == pytest.approx(0.92)
    with pytest.raises(UsageError, match="name one"):
        predict(Inputs({}), PredictRecipe(), Context(tmp_path / "w2", tmp_path / "o2"))


def small_capture(folder, *names):
    for name in names:
        values = np.random.default_rng(len(name)).normal(0, 1, (20, 80)).astype("<f4")
        (folder / f"{name}.cmp").write_bytes(values.tobytes())
        lengths = ["20 m", "20 m", "1 m", ".25 m"]
        lines = [
            "s",
            name,
            "",
            "",
            "E",
            *lengths,
            "Gradiom.",
            "FM36",
            "",
            "20 m",
            "20 m",
            "On",
            "Data",
            "1",
            "nT",
        ]
        (folder / f"{name}.cmd").write_text("\n".join(f'"{line}"' for line in lines))
    return open_capture(folder)


def test_a_bad_file_is_named_and_the_rest_goes_on(tmp_path):
    capture = small_capture(tmp_path, "a", "b")
    (tmp_path / "a.cmp").write_bytes(b"cut")
    context = Context(tmp_path / "w", tmp_path / "o")
    outcome = run(Inputs({"capture": [capture]}), RunRecipe(), context)
    assert [row["frame"] for row in outcome.frames] == ["b.cmp"]
    assert "a.cmp holds 3 bytes" in context.warnings[0]


def test_files_without_a_place_lie_side_by_side(tmp_path):
    capture = small_capture(tmp_path, "a", "bb")
    context = Context(tmp_path / "w", tmp_path / "o")
    outcome = run(Inputs({"capture": [capture]}), RunRecipe(), context)
    assert outcome.measurements["surveyed_ha"] == pytest.approx(0.08)
    assert "side by side" in context.warnings[0]


def test_files_with_a_place_lie_there_and_the_later_covers(tmp_path):
    small_capture(tmp_path, "a", "bb")
    frames = [
        Frame(file="a.cmp", coordinates=coordinates(easting=1000, northing=2000)),
        Frame(file="bb.cmp", coordinates=coordinates(easting=1010, northing=2000)),
    ]
    capture = Capture(frames=frames, settings={"crs": "EPSG:27700"}).at(tmp_path)
    outcome = run(Inputs({"capture": [capture]}), RunRecipe(), Context(tmp_path / "w", tmp_path / "o"))
    assert outcome.measurements["surveyed_ha"] == pytest.approx(0.06)
    assert band(tmp_path / "o" / "processed.tif")[1].bounds == (1000, 1980, 1030, 2000)


def test_a_wrong_reference_system_is_named(tmp_path):
    capture = small_capture(tmp_path, "a")
    capture.settings["crs"] = "EPSG:nonsense"
    with pytest.raises(InputError, match="EPSG:nonsense"):
        run(Inputs({"capture": [capture]}), RunRecipe(), Context(tmp_path / "w", tmp_path / "o"))


def test_a_frame_can_have_a_recipe_of_its_own(tmp_path):
    capture = small_capture(tmp_path, "a", "bb")
    recipe = RunRecipe(overrides={"a.cmp": {"steps": "despike"}})
    outcome = run(Inputs({"capture": [capture]}), recipe, Context(tmp_path / "w", tmp_path / "o"))
    assert ["destripe_nt" in row for row in outcome.frames] == [False, True]
