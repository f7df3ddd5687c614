"""The chain: named, in order, in strips of any height, and told of."""

import numpy as np
import pytest
import rasterio

from vestige.contract import Context, Inputs
from vestige.errors import UsageError
from vestige.survey import STEPS, Survey, process
from vestige.survey.forward.simulate import make
from vestige.survey.pipeline import run
from vestige.survey.processing import steps
from vestige.survey.recipe import RunRecipe, SceneRecipe


def noisy(rows=330, readings=160):
    random = np.random.default_rng(4)
    values = random.normal(0, 0.3, (rows, readings)) + random.normal(0, 0.5, (rows, 1))
    values[rng_rows(rows), 60:70] += 3
    values[::7, 5] = np.nan
    return Survey(values.astype(np.float32), 1.0, 0.25, grid=(80, 20))


def rng_rows(rows):
    return slice(rows // 3, rows // 3 + 9)


@pytest.mark.parametrize("name", list(STEPS))
def test_strips_and_single_grids_give_the_same_bits(name, monkeypatch):
    survey, recipe = noisy(), RunRecipe(steps=[name], high_pass=3.0)
    whole, removed = process(survey, recipe)
    assert [one.step for one in removed] == [name]
    some = steps.process_rows(survey, recipe, slice(140, 160))
    assert np.array_equal(some, whole.values[140:160], equal_nan=True)
    monkeypatch.setattr(steps, "READINGS_AT_ONCE", 1)
    assert np.array_equal(process(survey, recipe)[0].values, whole.values, equal_nan=True)


@pytest.mark.parametrize(
    "names", [["despike", "destagger", "destripe", "clip"], ["edge-match", "destripe", "high-pass"]]
)
def test_a_chain_knows_its_reach(names):
    survey, recipe = noisy(), RunRecipe(steps=names, high_pass=2.0)
    whole, _ = process(survey, recipe)
    for rows in (slice(0, 20), slice(160, 173), slice(300, 330)):
        some = steps.process_rows(survey, recipe, rows)
        assert np.array_equal(some, whole.values[rows], equal_nan=True)


def test_what_was_removed_adds_up():
    survey, taken = noisy(), {}
    cleaned, told = process(survey, RunRecipe(), look=taken.__setitem__)
    assert list(taken) == [one.step for one in told] == ["despike", "destagger", "destripe", "clip"]
    assert np.allclose(sum(taken.values()), survey.values - cleaned.values, atol=1e-5, equal_nan=True)


def test_a_grid_made_elsewhere_is_not_destriped():
    survey = Survey(noisy().values, 1.0, 0.25, walked=False)
    assert [one.step for one in process(survey, RunRecipe())[1]] == ["despike", "clip"]
    assert len(process(survey, RunRecipe(as_walked=True))[1]) == 4


def test_names_are_typed_with_commas_and_checked():
    assert RunRecipe.make(settings=["steps=despike, clip"]).steps == ["despike", "clip"]
    with pytest.raises(UsageError, match="steps"):
        RunRecipe.make(settings=["steps=despyke"])
    assert set(STEPS) == set(RunRecipe.model_json_schema()["properties"]["steps"]["items"]["enum"])


def test_removed_is_shown_and_written(tmp_path):
    (tmp_path / "site").mkdir()
    capture = make(SceneRecipe(width=40, height=40, rings=1, cell=0.25), tmp_path / "site", seed=1)
    outcome = run(
        Inputs({"capture": [capture]}), RunRecipe(removed=True), Context(tmp_path / "w", tmp_path / "o")
    )
    names = ["despike", "destagger", "destripe", "clip"]
    assert [picture.title for picture in outcome.pictures][-4:] == [f"Removed by {name}" for name in names]
    assert outcome.frames[0]["steps"] == ", ".join(names)
    with rasterio.open(tmp_path / "o" / "removed.tif") as removed:
        assert list(removed.descriptions) == names
        assert np.nanstd(removed.read(3)) == pytest.approx(outcome.frames[0]["destripe_nt"], rel=0.3)
