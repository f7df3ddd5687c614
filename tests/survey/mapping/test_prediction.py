"""Tiles of every size give one answer; the model's card names classes, halo and stride."""

import json
from dataclasses import replace

import numpy as np
import pytest

from vestige.contract import Budget, Context, Inputs, Kind, Product
from vestige.errors import Cancelled, InputError
from vestige.survey import load_model, predict_rows, shipped_model
from vestige.survey.mapping.features import features_of
from vestige.survey.mapping.model import FeatureModel
from vestige.survey.mapping.prediction import Tiling
from vestige.survey.pipeline import predict
from vestige.survey.recipe import PredictRecipe


def predicted(model, values, side):
    tiling = Tiling(side, model.halo)
    strips = [
        predict_rows(
            model, lambda r, c: values[r, c], values.shape, slice(y, min(y + side, len(values))), tiling
        )
        for y in range(0, len(values), side)
    ]
    return np.vstack([s.classes for s in strips]), np.vstack([s.confidence for s in strips])


@pytest.mark.parametrize("side", [16, 48, 112])
def test_every_tile_size_gives_the_answer_of_the_whole(model, side):
    values = np.random.default_rng(1).normal(0, 1.5, (130, 150)).astype(np.float32)
    values[40:70, 60:90] = np.nan
    whole, sure = predicted(model, values, 256)
    classes, confidence = predicted(model, values, side)
    assert np.abs(confidence - sure).max() <= 1e-5
    assert np.mean(classes != whole) < 1e-4


class Stripes:
    """Stands for a network of four classes: what it says depends on the value alone."""

    def run(self, _, given):
        values = given["nt"][:, 0]
        odds = np.stack([values < 1, (values >= 1) & (values < 2), values >= 2, np.isnan(values)], axis=1)
        return [np.where(odds, 0.7, 0.1).astype(np.float32)]


def test_a_model_may_know_several_kinds(on_disk, tmp_path):
    names = ("no-feature", "ring", "pit", "out-of-bounds")
    card = {"terms": {"ring": "ring ditch"}}
    model = FeatureModel(Stripes(), 0.25, 4, 8, 4, card, names, "kinds-0")
    values = np.zeros((40, 40), np.float32)
    values[4:12, 4:12], values[20:30, 20:30], values[0, 0] = 1.5, 5.0, np.nan
    classes, confidence = predicted(model, values, 16)
    assert classes[0, 0] == 3
    assert (classes[4:12, 4:12] == 1).all()
    assert confidence[5, 5] == pytest.approx(0.7 / 0.9)
    *paths, raster = on_disk(classes, values=values)
    found = features_of(*paths, raster, model)
    assert [(one.class_name, one.term, one.number) for one in found] == [
        ("pit", "pit", 1),
        ("ring", "ring ditch", 2),
    ]
    assert found[0].peak == 5


def test_the_identity_of_a_model_is_its_name_and_digest():
    model = load_model(shipped_model())
    name, digest = model.identity.rsplit("-", 1)
    assert name == "ring-ditches"
    assert len(digest) == 8
    assert replace(model, card={**model.card, "terms": {"feature": "barrow"}}).term("feature") == "barrow"


def edited(tmp_path, **changes):
    onnx = pytest.importorskip("onnx")
    network = onnx.load(shipped_model())
    card = {**json.loads(network.metadata_props[0].value), **changes}
    network.metadata_props[0].value = json.dumps(card)
    onnx.save(network, tmp_path / "edited.onnx")
    return tmp_path / "edited.onnx"


def test_the_card_gives_halo_and_stride(tmp_path):
    model = load_model(edited(tmp_path, halo=50, stride=32))
    assert (model.stride, model.halo) == (32, 64)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"classes": ["no-feature", "a", "b", "out-of-bounds"]}, "names 4 classes and gives 3"),
        ({"classes": ["cat", "dog", "bird"]}, "does not say what it was trained for"),
        ({"classes": []}, "does not say what it was trained for"),
        ({"pixel_m": 900}, "does not say what it was trained for"),
    ],
)
def test_models_of_another_kind_are_one_sentence(tmp_path, changes, said):
    with pytest.raises(InputError, match=said) as caught:
        load_model(edited(tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_a_network_that_is_no_map_maker_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], ["y"])],
        "other",
        [onnx.helper.make_tensor_value_info("x", 1, [1])],
        [onnx.helper.make_tensor_value_info("y", 1, [1])],
    )
    path = tmp_path / "other.onnx"
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), path
    )
    with pytest.raises(InputError, match="does not say what it was trained for"):
        load_model(path)


def test_a_map_that_was_stopped_ends_at_the_same_bytes(on_disk, tmp_path):
    values = np.random.default_rng(2).normal(0, 1, (600, 200)).astype(np.float32)
    *_, grid, _ = on_disk(np.zeros((600, 200), np.uint8), values=values)
    given = Inputs({"grid": [Product("grid", Kind.GRID, grid)]})

    def mapped(name, **options):
        predict(given, PredictRecipe(), Context(tmp_path / name, tmp_path / f"{name}-out", **options))
        files = sorted(path for path in (tmp_path / f"{name}-out").rglob("*") if path.is_file())
        return [path.read_bytes() for path in files]

    told = []
    stop = {
        "progress": lambda done, _, label: told.append((label, done)),
        "cancelled": lambda: ("predicting", 1) in told,
    }
    small = Budget(cores=1, bytes=2**20)
    with pytest.raises(Cancelled):
        mapped("a", budget=small, **stop)
    assert mapped("a", budget=small) == mapped("b", budget=small)
