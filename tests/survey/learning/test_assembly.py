"""Ensembles, mirrored views and the greyscale form: one file, the mean of its members."""

import json

import numpy as np
import onnxruntime
import pytest

from vestige.contract import Inputs, Kind, Product
from vestige.errors import InputError
from vestige.survey.mapping.model import load_model
from vestige.survey.mapping.prediction import Tiling, predict_rows
from vestige.survey.recipe import ExportRecipe, TrainRecipe

torch = pytest.importorskip("torch")

from vestige.survey.learning.assembly import assemble  # noqa: E402
from vestige.survey.learning.training import train  # noqa: E402

VALUES = np.random.default_rng(0).normal(0, 1.5, (32, 64)).astype(np.float32)
VALUES[4:9, 10:30] = np.nan


@pytest.fixture(scope="module")
def models(discs, tmp_path_factory):
    from vestige.contract import Budget, Context

    made = []
    for network, filters in (("magnet", [4, 8]), ("unet", [4, 8, 8])):
        recipe = TrainRecipe(network=network, filters=filters, batch=4, epochs=1, learning_rate=0.01)
        context = Context(tmp_path_factory.mktemp(network), budget=Budget(cores=1))
        made.append(train(Inputs({"dataset": [discs]}), recipe, context).products[0])
    return made


def test_an_ensemble_is_the_mean_of_its_members(models, context):
    path = assemble(Inputs({"model": models}), ExportRecipe(), context()).products[0].path
    together = load_model(path)
    expected = np.mean([load_model(model.path).probabilities(VALUES) for model in models], axis=0)
    assert np.abs(together.probabilities(VALUES) - expected).max() < 1e-5
    assert (together.stride, together.halo) == (4, 24)
    assert len(together.card["members"]) == 2


def test_mirrored_views_make_a_model_that_is_mirrored_itself(models, context):
    recipe = ExportRecipe(flips=True)
    path = assemble(Inputs({"model": models[:1]}), recipe, context()).products[0].path
    model = load_model(path)
    once, mirrored = model.probabilities(VALUES), model.probabilities(np.ascontiguousarray(VALUES[:, ::-1]))
    assert np.abs(once - mirrored[:, :, ::-1]).max() < 1e-5


def test_a_temperature_makes_a_model_less_sure_and_finds_the_same(models, context):
    made = assemble(Inputs({"model": models[:1]}), ExportRecipe(temperature=3.0), context()).products[0]
    before, after = (
        load_model(path).probabilities(VALUES).astype(float) for path in (models[0].path, made.path)
    )
    expected = before ** (1 / 3) / (before ** (1 / 3)).sum(axis=0)
    assert np.abs(after - expected).max() < 1e-5
    assert after.max() < before.max()
    assert load_model(made.path).card["temperature"] == 3 * load_model(models[0].path).card["temperature"]
    with pytest.raises(InputError, match="does not end in a softmax"):
        assemble(Inputs({"model": [made]}), ExportRecipe(temperature=2.0), context())


def test_tiles_of_a_network_at_half_resolution_show_no_seam(models, context):
    path = assemble(Inputs({"model": models[:1]}), ExportRecipe(flips=True), context()).products[0].path
    values = np.random.default_rng(1).normal(0, 1.5, (96, 104)).astype(np.float32)
    for model in (load_model(models[0].path), load_model(path)):
        whole, tiled = (
            np.vstack(
                [
                    predict_rows(
                        model,
                        lambda rows, columns: values[rows, columns],
                        values.shape,
                        slice(top, min(top + side, 96)),
                        Tiling(side, model.halo),
                    ).confidence
                    for top in range(0, 96, side)
                ]
            )
            for side in (128, 32)
        )
        assert np.abs(whole - tiled).max() < 1e-5


def test_greyscale_takes_what_deepness_gives(models, context):
    path = (
        assemble(Inputs({"model": models[:1]}), ExportRecipe(takes="greyscale"), context()).products[0].path
    )
    session = onnxruntime.InferenceSession(path)
    known = np.clip(np.nan_to_num(VALUES), -1, 2)
    grey = ((known + 1) / 3).astype(np.float32)[None, None]
    expected = load_model(models[0].path).probabilities(known)
    assert np.abs(session.run(None, {"nt": grey})[0][0] - expected).max() < 1e-4
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["model_type"]) == "Segmentor"
    assert json.loads(about["class_names"])["1"] == "feature"
    assert json.loads(about["resolution"]) == 25


def test_models_that_do_not_go_together(models, context, tmp_path):
    other = tmp_path / "other.onnx"
    other.write_bytes(models[0].path.read_bytes().replace(b'"pixel_m": 0.25', b'"pixel_m": 0.50'))
    given = [models[0], Product("model", Kind.MODEL, other)]
    with pytest.raises(InputError, match=r"other.onnx has pixel_m 0.5"):
        assemble(Inputs({"model": given}), ExportRecipe(), context())
