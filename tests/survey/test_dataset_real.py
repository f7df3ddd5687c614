"""Datasets cut from surveys and labels: what is drawn is what is learnt, and broken labels are one sentence."""

import json

import numpy as np
import pytest

from vestige.capture import open_capture
from vestige.contract import Budget, Context, Inputs, Kind, Product
from vestige.errors import InputError, UsageError
from vestige.survey import Raster, load_dataset
from vestige.survey.geotiff import raster_writer
from vestige.survey.learning.dataset import make_dataset
from vestige.survey.learning.splits import SPLITS, groups_of, splits_of
from vestige.survey.learning.tiles import simulate_tile
from vestige.survey.recipe import DatasetRecipe

WEST, NORTH, CRS = 431200.0, 287300.0, "EPSG:27700"


def context(folder, seed=1):
    return Context(folder / "work", folder / "out", budget=Budget(cores=1), seed=seed)


def grid(path, west=WEST, side=60.0, cell=0.5):
    """A grid of nT with the number of the column in it."""
    raster = Raster(west, NORTH, cell, round(side / cell), round(side / cell), CRS)
    values = np.broadcast_to(np.arange(raster.width, dtype=np.float32), (raster.height, raster.width))
    with raster_writer(path, raster, np.float32, nodata=float("nan"), unit="nT") as writer:
        writer.write(0, np.ascontiguousarray(values))
    return Product("grid", Kind.GRID, path)


def square(east, north, side=4.0, **properties):
    corners = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    ring = [[east + x - side / 2, north + y - side / 2] for x, y in corners]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def labels(path, *features, crs=CRS):
    whole = {"type": "FeatureCollection", "features": list(features)}
    if crs:
        whole["crs"] = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{crs.replace(':', '::')}"}}
    path.write_text(json.dumps(whole))
    return Product("labels", Kind.FEATURES, path)


def made(folder, given, **values):
    recipe = DatasetRecipe(**{"pixels": 32, "cell": 0.5, "ring_share": 1.0, **values})
    return make_dataset(Inputs(given), recipe, context(folder))


def middle(number):
    return WEST + 20 + 20 * number, NORTH - 30


def test_tiles_show_the_ground_and_the_labels(tmp_path):
    east, north = middle(0)
    given = {
        "grid": [grid(tmp_path / "a.tif")],
        "labels": [labels(tmp_path / "l.geojson", square(east, north))],
    }
    outcome = made(tmp_path, given, licence="CC-BY-4.0")
    tiles = load_dataset(outcome.products[0].path)
    assert tiles.values.shape == (1, 32, 32)
    assert tiles.labels == ("ring",)
    assert (tiles.classes == 1).sum() == 64
    assert np.array_equal(np.argwhere(tiles.classes[0] == 1).mean(axis=0), (15.5, 15.5))
    assert np.allclose(tiles.values[0, 0], np.arange(24, 56), atol=0.05)
    card = (outcome.products[0].path / "README.md").read_text()
    assert "CC-BY-4.0" in card
    assert "| l.geojson | " in card
    assert "no ground is in two splits" in card


def test_rejected_labels_are_left_out_or_show_what_is_no_feature(tmp_path):
    kept, refused = square(*middle(0)), square(*middle(1), review="rejected")
    given = {
        "grid": [grid(tmp_path / "a.tif")],
        "labels": [labels(tmp_path / "l.geojson", kept, refused)],
    }
    assert len(load_dataset(made(tmp_path / "a", given).products[0].path).values) == 1
    both = made(tmp_path / "b", given, rejected="hard-negatives").products[0].path
    tiles = load_dataset(both)
    assert len(tiles.values) == 2
    assert not (tiles.classes[1, 12:20, 12:20] == 1).any()


def test_classes_by_name_points_as_centres_and_another_reference_system(tmp_path):
    import rasterio.warp

    (east, north), (other, _) = middle(0), middle(1)
    longitude, latitude = (
        part[0] for part in rasterio.warp.transform(CRS, "EPSG:4326", [east + 10], [north])
    )
    point = {
        "type": "Feature",
        "properties": {},
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
    }
    given = {
        "grid": [grid(tmp_path / "a.tif")],
        "labels": [
            labels(
                tmp_path / "l.geojson", square(east, north, **{"class": "ring ditch"}),
                square(other, north, **{"class": "drain"}),
            ),
            labels(tmp_path / "p.geojson", point, crs=""),
        ],
    }  # fmt: skip
    tiles = load_dataset(made(tmp_path, given, labels=["ring", "drain"], pixels=64).products[0].path)
    assert len(tiles.values) == 1
    assert sorted(np.unique(tiles.classes)) == [0, 1, 2]
    assert tiles.out_of_bounds == 3
    columns = [np.argwhere(tiles.classes[0] == number)[:, 1].mean() for number in (1, 2)]
    assert columns == pytest.approx([11.5, 51.5], abs=0.6)


def test_ground_in_two_splits_is_moved_or_refused(tmp_path):
    squares = [square(WEST + 9 + 4 * number, NORTH - 30, 2.0) for number in range(10)]
    given = {"grid": [grid(tmp_path / "a.tif")], "labels": [labels(tmp_path / "l.geojson", *squares)]}
    with pytest.raises(InputError, match="share ground though they are in different splits") as caught:
        made(tmp_path / "a", given, split_by="tile", leaks="refuse")
    assert "\n" not in str(caught.value)
    outcome = made(tmp_path / "b", given, split_by="tile")
    assert outcome.measurements["moved_for_leaks"] > 0
    assert sum(outcome.measurements[f"tiles_{split}"] > 0 for split in SPLITS) == 1


def test_surveys_of_the_same_ground_are_one_site(tmp_path):
    grids = [
        grid(tmp_path / "a.tif"),
        grid(tmp_path / "b.tif", WEST + 30),
        grid(tmp_path / "c.tif", WEST + 500),
    ]
    given = {
        "grid": grids,
        "labels": [labels(tmp_path / "l.geojson", square(*middle(0)), square(WEST + 530, NORTH - 30))],
    }
    tiles = load_dataset(made(tmp_path, given).products[0].path)
    assert sorted(tiles.sites.tolist()) == [0, 2]


def test_tiles_without_labels_are_added_and_keep_clear_of_them(tmp_path):
    given = {
        "grid": [grid(tmp_path / "a.tif")],
        "labels": [labels(tmp_path / "l.geojson", square(*middle(0)))],
    }
    tiles = load_dataset(made(tmp_path, given, ring_share=0.25).products[0].path)
    assert len(tiles.values) == 4
    assert [(classes == 1).any() for classes in tiles.classes] == [True, False, False, False]


def test_captures_are_cleaned_as_run_cleans_them(tmp_path, scene):
    folder, truth = scene
    rings = json.loads((folder / "truth" / "rings.json").read_text())
    drawn = [square(ring["map_easting"], ring["map_northing"]) for ring in rings]
    given = {"capture": [open_capture(folder)], "labels": [labels(tmp_path / "l.geojson", *drawn)]}
    tiles = load_dataset(made(tmp_path, given, pixels=64, cell=0.25).products[0].path)
    assert len(tiles.values) == len(rings)
    stripes = np.nanstd(np.nanmedian(tiles.values.astype(np.float32), axis=2))
    assert stripes < np.nanstd(truth["stripes"])


BROKEN = {
    "empty": ([], "holds no label"),
    "off": ([square(WEST + 9000, NORTH)], r"has no label on it: the first lies 8.9 km beside it"),
    "line": (
        [{"type": "Feature", "properties": {},
          "geometry": {"type": "LineString", "coordinates": [[WEST, NORTH], [WEST + 1, NORTH]]}}],
        "holds a LineString",
    ),
    "class": ([square(*middle(0), **{"class": "drain"})], "holds the classes drain"),
}  # fmt: skip


@pytest.mark.parametrize("fault", sorted(BROKEN))
def test_broken_labels_are_one_sentence(tmp_path, fault):
    features, sentence = BROKEN[fault]
    given = {"grid": [grid(tmp_path / "a.tif")], "labels": [labels(tmp_path / "l.geojson", *features)]}
    with pytest.raises(InputError, match=sentence) as caught:
        made(tmp_path, given)
    assert "\n" not in str(caught.value)


def test_labels_in_the_wrong_reference_system_lie_far_away(tmp_path):
    wrong = labels(tmp_path / "l.geojson", square(*middle(0)), crs="EPSG:25832")
    with pytest.raises(InputError, match="see to the reference system of both"):
        made(tmp_path, {"grid": [grid(tmp_path / "a.tif")], "labels": [wrong]})
    (tmp_path / "x.gpkg").write_bytes(b"no layer")
    text = Product("labels", Kind.FEATURES, tmp_path / "x.gpkg")
    with pytest.raises(InputError, match=r"x\.gpkg cannot be read"):
        made(tmp_path, {"grid": [grid(tmp_path / "a.tif")], "labels": [text]})
    with pytest.raises(UsageError, match="name both, or neither"):
        made(tmp_path, {"labels": [wrong]})


def test_a_polygon_that_crosses_itself_is_repaired_and_told(tmp_path):
    east, north = middle(0)
    bow = square(east, north)
    ring = bow["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    given = {"grid": [grid(tmp_path / "a.tif")], "labels": [labels(tmp_path / "l.geojson", bow)]}
    outcome = made(tmp_path, given)
    assert outcome.measurements["repaired"] == 1
    assert "1 polygons crossed themselves" in (outcome.products[0].path / "README.md").read_text()
    assert (load_dataset(outcome.products[0].path).classes == 1).sum() == pytest.approx(32, abs=8)


# -- splits and the benchmark ------------------------------------------------------------------------------


def test_the_benchmark_is_ninety_forty_five_and_fifteen_by_site():
    recipe = DatasetRecipe.make("magnet-benchmark")
    splits = splits_of(recipe.sites, recipe.validation, recipe.test)
    per_site = recipe.tiles // recipe.sites
    assert [per_site * splits.count(split) for split in SPLITS] == [90, 45, 15]
    assert (recipe.pixels, recipe.cell, recipe.centred) == (244, 0.125, True)
    assert len(recipe.kinds) >= 5


def test_ground_is_joined_by_way_of_others():
    chain = [("a", (number, 0, number + 1.5, 1)) for number in range(5)]
    assert set(groups_of(chain)) == {0}
    assert groups_of([("a", (0, 0, 1, 1)), ("a", (1, 0, 2, 1))]) == [0, 1], "an edge is no ground"


def test_simulated_tiles_by_variant_label_and_noise():
    recipe = DatasetRecipe(pixels=64, ring_share=1.0, kinds=["chalk"], noise=0.2)
    plain, again = (simulate_tile(recipe, 0, 0, 1) for _ in range(2))
    assert np.array_equal(plain.values, again.values, equal_nan=True)
    turned = simulate_tile(recipe, 0, 0, 1, variant=1)
    assert not np.array_equal(plain.classes, turned.classes)
    many = simulate_tile(recipe.model_copy(update={"labels": ["ring", "pit", "ditch"]}), 0, 0, 1)
    assert np.array_equal(many.classes == 1, plain.classes == 1)
    assert np.array_equal(many.classes == 4, plain.classes == 2)
    sloppy = simulate_tile(recipe.model_copy(update={"label_error": 1.0}), 0, 0, 1)
    assert (sloppy.classes == 1).sum() > 1.2 * (plain.classes == 1).sum()
    noisy = simulate_tile(recipe.model_copy(update={"noise": 4.0}), 0, 0, 1)
    assert np.nanstd(np.diff(noisy.values)) > np.nanstd(np.diff(plain.values))
    with pytest.raises(UsageError, match="nothing that simulated ground holds"):
        simulate_tile(recipe.model_copy(update={"labels": ["barrow"]}), 0, 0, 1)
