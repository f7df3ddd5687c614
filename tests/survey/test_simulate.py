"""The forward model: what it draws, and what it writes."""

import json

import numpy as np
import pytest

from vestige.survey import Gradiometer, Ring, draw_site, read_survey
from vestige.survey.forward.acquisition import Walk, walk
from vestige.survey.forward.ground import Ground
from vestige.survey.forward.simulate import make
from vestige.survey.recipe import SceneRecipe


def test_ring_covers_its_annulus_less_its_gaps():
    ground = Ground(40, 40, cell=0.125)
    ring = Ring(20, 20, diameter=16, width=1.6, gaps=((0.0, 90.0),))
    ground.dig_ring(ring)
    area = ground.feature.sum() * 0.125**2
    assert area == pytest.approx(np.pi * 16 * 1.6 * ring.circumference_kept, rel=0.03)
    rows, columns = np.nonzero(ground.feature)
    north_east = (rows < 158) & (columns > 162)
    assert not north_east.any(), "the gap runs clockwise from north"


def test_rings_keep_clear_of_one_another():
    site = draw_site(200, 200, 0.5, Gradiometer(), np.random.default_rng(1), rings=12)
    for number, one in enumerate(site.rings):
        for other in site.rings[:number]:
            distance = np.hypot(one.east - other.east, one.north - other.north)
            assert distance > (one.diameter + other.diameter) / 2


def test_walk_samples_the_field_in_the_middle_of_each_interval():
    east = (np.arange(80) + 0.5) * 0.25
    field = np.broadcast_to(east, (80, 80)).astype(np.float32)
    quiet = Walk(noise=0, stripes=0, grid_bias=0, stagger=0, spikes=0)
    walked = walk(field, 0.25, quiet, np.random.default_rng(0))
    assert walked.recorded.shape == (20, 80)
    assert np.allclose(walked.recorded[:, 4:-4], field[:20, 4:-4], atol=1e-3)


def test_stagger_moves_every_second_traverse_apart():
    field = np.zeros((80, 80), np.float32)
    field[:, 40:] = 1
    plan = Walk(noise=0, stripes=0, grid_bias=0, stagger=1.0, spikes=0)
    edges = np.argmax(walk(field, 0.25, plan, np.random.default_rng(0)).recorded > 0.5, axis=1)
    assert abs(int(edges[0]) - int(edges[1])) == 4


@pytest.mark.parametrize("file_format", ["geoplot", "xyz"])
def test_files_read_back_as_they_were_walked(tmp_path, file_format):
    recipe = SceneRecipe(width=40, height=20, rings=1, cell=0.25, file_format=file_format, missing=0.0)
    capture = make(recipe, tmp_path, seed=2)
    survey = read_survey(capture.path(capture.frames[0]))
    truth = np.load(tmp_path / "truth" / "truth.npz")
    assert survey.values.shape == truth["clean"].shape == (20, 160)
    assert (survey.traverse_m, survey.reading_m, survey.bearing) == (1.0, 0.25, 90)
    assert np.nanstd(survey.values - truth["clean"] - truth["stripes"]) < 5
    if file_format == "xyz":
        assert survey.west == pytest.approx(431200.0)
        assert survey.north == pytest.approx(287300.0)


def test_truth_lists_the_rings_with_their_strength(scene):
    folder, truth = scene
    rings = json.loads((folder / "truth" / "rings.json").read_text())
    assert len(rings) == 2
    assert all(ring["peak_nt"] is None or ring["peak_nt"] > 0 for ring in rings)
    assert all(ring["snr"] > 0 and 0 < ring["strength_nt"] < 50 for ring in rings)
    assert set(np.unique(truth["classes"])) <= {0, 1, 2}
    assert np.array_equal(
        truth["ground"][truth["classes"] < 2] == 1, truth["classes"][truth["classes"] < 2] == 1
    )
    assert truth["field"].shape == truth["classes"].shape


def test_presets_make_the_instrument_they_name(tmp_path):
    recipe = SceneRecipe.make("caesium", values={"width": 20, "height": 20, "rings": 0, "cell": 0.25})
    assert make(recipe, tmp_path, seed=0).frames[0].file == "site.csv"
