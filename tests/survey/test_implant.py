"""Rings laid into somebody's survey: as strong as they say, where there is room, and counted rightly."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from vestige.capture import open_capture
from vestige.contract import Budget, Context, Inputs, Kind, Product
from vestige.errors import UsageError
from vestige.survey import Gradiometer, Raster, Ring, Survey
from vestige.survey.forward.strength import noise_of, ring_line
from vestige.survey.geotiff import raster_writer
from vestige.survey.implant.finding import Found, gridded, is_followed, match
from vestige.survey.implant.operation import implant
from vestige.survey.implant.placing import Implant, implanted, place_rings, ring_of
from vestige.survey.implant.recall import Trial, recall_by_size, sentences
from vestige.survey.mapping.features import Feature
from vestige.survey.recipe import ImplantRecipe

RASTER = Raster(0.0, 60.0, 0.25, 240, 240)


def quiet(bearing=90):
    """A survey of 60 m square without any reading but zero."""
    return Survey(np.zeros((120, 240), np.float32), 0.5, 0.25, bearing=bearing).placed(0.0, 60.0)


def laid(east=30.0, north=30.0, **changes):
    ring = Ring(east, north, 20, width=1.5, susceptibility=8e-4)
    return Implant(replace(ring, **changes), 1.0)


def test_a_ring_is_as_strong_as_asked_for_on_the_readings():
    one = ring_of(20, 1.7, Gradiometer(), np.random.default_rng(5))
    one = replace(one, ring=replace(one.ring, east=30.0, north=30.0))
    survey = implanted(quiet(), [one], Gradiometer())
    grid = gridded([survey], RASTER)
    rows, columns = (np.floor(part + 0.5).astype(int) for part in one.cells(RASTER))
    assert grid[rows, columns].mean() == pytest.approx(1.7, rel=0.25)
    assert abs(np.median(grid)) < 0.1


@pytest.mark.parametrize("bearing", [0, 180, 270])
def test_a_ring_lies_at_the_same_place_however_the_site_was_walked(bearing):
    one = laid(24.0, 38.0, gaps=((10.0, 100.0),))
    usual = gridded([implanted(quiet(), [one], Gradiometer())], RASTER)
    other = gridded([implanted(quiet(bearing), [one], Gradiometer())], RASTER)
    assert np.abs(usual - other).max() < 0.15 * usual.max()


def test_rings_keep_to_surveyed_ground_and_apart():
    free = np.ones((240, 240), bool)
    free[:, 120:] = False
    waiting = [ring_of(10, 1.0, Gradiometer(), np.random.default_rng(n)) for n in range(9)]
    placed, left = place_rings(waiting, free, RASTER, np.random.default_rng(0))
    assert placed
    assert len(placed) + len(left) == 9
    for number, one in enumerate(placed):
        assert one.ring.east - ring_line(one.ring)[0].max() < 30
        for other in placed[:number]:
            gap = np.hypot(one.ring.east - other.ring.east, one.ring.north - other.ring.north)
            assert gap > 14


def test_followed_is_what_runs_along_the_ring():
    one = laid()
    rows, columns = np.mgrid[:240, :240]
    distance = np.hypot((columns + 0.5) * 0.25 - 30, 30 - (rows + 0.5) * 0.25)
    whole = np.abs(distance - 10) < 0.75
    assert is_followed(one, whole, RASTER)
    assert is_followed(one, whole & (rows < 140), RASTER), "more than half of it"
    assert not is_followed(one, whole & (rows < 100), RASTER), "less than half of it"
    assert not is_followed(one, distance < 11, RASTER), "a blob is no ring"
    assert not is_followed(one, np.roll(whole, 16, axis=1), RASTER), "4 m beside it"
    assert not is_followed(one, np.zeros_like(whole), RASTER)
    double = laid(inner=0.5)
    assert is_followed(double, whole | (np.abs(distance - 5) < 0.75), RASTER)


def mapped(east, north, diameter, confidence=0.9, complete=0.8):
    return Feature(
        None, "feature", "ring ditch", confidence, 0.6, 60.0, diameter, complete, (east, north), 2.0
    )


def test_a_ring_is_found_where_a_ring_was_mapped_on_it():
    ring = laid().ring
    on_it, less_sure = mapped(33.0, 32.0, 17.0), mapped(30.0, 30.0, 20.0, 0.7)
    assert match(ring, [less_sure, on_it]) is on_it, "the surer of two"
    assert match(ring, [mapped(33.0, 35.0, 20.0), mapped(30.0, 30.0, 13.0), mapped(30.0, 30.0, 27.0)]) is None
    assert match(laid(inner=0.6).ring, [mapped(30.0, 30.0, 12.0)]), "the inner ditch of a double one"
    ditch = mapped(30.0, 30.0, 20.0, complete=np.nan)
    assert Found([ditch, on_it], np.zeros((1, 1), bool)).rings == [on_it], "what has no circle is no ring"


def test_the_answer_begins_where_nine_in_ten_are_found():
    def trials(strength, found, laid_rings):
        one = Implant(Ring(0, 0, 20), strength)
        seen = mapped(0.0, 0.0, 20.0)
        return [
            Trial(one, 20.0, strength, 0, seen if number < found else None) for number in range(laid_rings)
        ]

    made = trials(0.5, 3, 10) + trials(1.2, 8, 10) + trials(2.4, 10, 10)
    assert recall_by_size(made)[20.0][1.2] == (10, 8)
    assert sentences(made, 0.6) == [
        "At your noise of 0.6 nT, 20 m rings of 1.2 nT and more are found 9 times in 10 (18 of 20)."
    ]
    assert "not found 9 times in 10" in sentences(trials(0.5, 3, 10), 0.6)[0]


def test_noise_is_that_of_most_of_the_grid():
    values = np.random.default_rng(0).normal(0, 0.4, (200, 200)).astype(np.float32)
    values[:10, :10] = 500
    values[50:60] = np.nan
    assert noise_of(values) == pytest.approx(0.4, rel=0.02)


def run(folder, given, **values):
    recipe = ImplantRecipe(**{"rings": 4, "diameters": [16.0], **values})
    context = Context(folder / "work", folder / "out", budget=Budget(cores=1), seed=3)
    return implant(Inputs(given), recipe, context)


def test_strong_rings_are_found_in_a_raw_survey_and_weak_ones_are_not(tmp_path, scene):
    capture = [open_capture(scene[0])]
    strong = run(tmp_path / "strong", {"capture": capture}, strengths=[8.0], rings=2)
    weak = run(tmp_path / "weak", {"capture": capture}, strengths=[0.05], rings=1)
    assert strong.measurements["recall"] >= 0.5
    assert weak.measurements["recall"] == 0
    assert strong.measurements["features_before"] == weak.measurements["features_before"]
    again = run(tmp_path / "again", {"capture": capture}, strengths=[8.0], rings=2)
    for one, other in zip(strong.products, again.products, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()
    lines = strong.products[0].path.read_text().splitlines()
    assert lines[0] == "diameter_m,strength_nt,snr,rings,found,recall"
    with strong.products[1].path.open(newline="") as rows:
        told = list(csv.DictReader(rows))
    assert all((row["found"] == "1") == bool(row["found_confidence"]) for row in told)
    assert strong.measurements["rings_before"] <= strong.measurements["features_before"]
    assert json.dumps(strong.measurements["answer"]).startswith('"At your noise of')
    assert strong.pictures


def test_a_processed_grid_is_taken_as_it_is(tmp_path):
    values = np.random.default_rng(0).normal(0, 0.3, (240, 240)).astype(np.float32)
    path = tmp_path / "processed.tif"
    with raster_writer(path, RASTER, np.float32, nodata=float("nan"), unit="nT") as writer:
        writer.write(0, values)
    outcome = run(tmp_path, {"grid": [Product("grid", Kind.GRID, path)]}, least_snr=4.0, rings=2)
    assert outcome.measurements["noise_nt"] == pytest.approx(0.3, rel=0.05)
    assert outcome.measurements["rings_snr_2"] == outcome.measurements["rings"] == 2
    with pytest.raises(UsageError, match="a capture or a grid"):
        run(tmp_path / "none", {})
