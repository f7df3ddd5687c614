"""Models: tiles without seams, files that are what they say, datasets, training, scores."""

import json

import numpy as np
import pytest

from vestige.contract import Budget, Context, Inputs, Kind, Product
from vestige.errors import BudgetError, InputError, UsageError
from vestige.survey import (
    confusion,
    load_dataset,
    load_model,
    predict_rows,
    scores,
    shipped_model,
    tiling_for,
)
from vestige.survey.learning.augmentation import zoom_and_pan
from vestige.survey.learning.dataset import make_dataset
from vestige.survey.learning.evaluation import evaluate
from vestige.survey.learning.samples import Samples, checked_budget
from vestige.survey.mapping.prediction import Tiling
from vestige.survey.recipe import DatasetRecipe, EvaluateRecipe, TrainRecipe

torch = pytest.importorskip("torch")

from vestige.survey.learning.training import train  # noqa: E402

SMALL = {"filters": [4, 8, 8], "batch": 8, "epochs": 2, "learning_rate": 0.003, "region_loss": "dice"}


def context(folder, **options):
    return Context(folder / "work", folder / "out", budget=Budget(cores=1), seed=1, **options)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dataset")
    recipe = DatasetRecipe(tiles=20, sites=10, pixels=48)
    return make_dataset(Inputs({}), recipe, context(folder)).products[0]


@pytest.fixture(scope="module")
def trained(dataset, tmp_path_factory):
    return train(
        Inputs({"dataset": [dataset]}), TrainRecipe(**SMALL), context(tmp_path_factory.mktemp("model"))
    )


# -- prediction --------------------------------------------------------------------------------------------


def predicted(model, values, side):
    tiling = Tiling(side, model.halo)
    strips = [
        predict_rows(
            model, lambda r, c: values[r, c], values.shape, slice(y, min(y + side, len(values))), tiling
        )
        for y in range(0, len(values), side)
    ]
    return np.vstack([s.classes for s in strips]), np.vstack([s.confidence for s in strips])


def test_tiles_show_no_seam():
    model = load_model(shipped_model())
    values = np.random.default_rng(0).normal(0, 1.5, (300, 340)).astype(np.float32)
    values[100:160, 120:220] = np.nan
    whole_classes, whole_confidence = predicted(model, values, 512)
    classes, confidence = predicted(model, values, 256)
    assert np.abs(confidence - whole_confidence).max() <= 1e-5
    assert np.mean(classes != whole_classes) < 1e-4
    assert np.array_equal(classes == 2, np.isnan(values))


def test_tiles_fit_the_memory_and_the_site():
    model = load_model(shipped_model())
    assert tiling_for(model, 2**40, 300, 400).side == 512
    assert tiling_for(model, 2**40, 5000, 400).side == 1024
    assert tiling_for(model, 2**20, 5000, 5000).side == 256


def test_the_shipped_model_says_what_it_is():
    card = load_model(shipped_model()).card
    assert card["classes"] == ["no-feature", "feature", "out-of-bounds"]
    assert card["licence"] == "CC0-1.0"
    assert shipped_model().stat().st_size <= 10_000_000


def test_broken_models_are_one_sentence(tmp_path, trained):
    good = trained.products[0].path.read_bytes()
    for name, data in [("empty", b""), ("cut", good[: len(good) // 2]), ("noise", b"\x13\x37" * 999)]:
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        with pytest.raises(InputError, match=name) as caught:
            load_model(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="cannot be read"):
        load_model(tmp_path / "none.onnx")
    other = tmp_path / "other.onnx"
    other.write_bytes(good.replace(b"no-feature", b"nofeature!"))
    with pytest.raises(InputError, match="does not say what it was trained for"):
        load_model(other)


# -- datasets ----------------------------------------------------------------------------------------------


def test_dataset_keeps_sites_to_one_split(dataset):
    splits = [
        set(load_dataset(dataset.path, name).sites.tolist()) for name in ("train", "validation", "test")
    ]
    assert sum(map(len, splits)) == 10
    assert not splits[0] & splits[1]
    tiles = load_dataset(dataset.path)
    assert tiles.values.shape == tiles.classes.shape == (20, 48, 48)
    assert np.array_equal(np.isnan(tiles.values), tiles.classes == 2)


def test_dataset_is_the_same_again_on_more_cores(dataset, tmp_path):
    again = Context(tmp_path / "work", tmp_path / "out", budget=Budget(cores=2), seed=1)
    made = make_dataset(Inputs({}), DatasetRecipe(tiles=20, sites=10, pixels=48), again).products[0]
    names = sorted(path.name for path in dataset.path.iterdir())
    assert names == sorted(path.name for path in made.path.iterdir())
    assert all((dataset.path / name).read_bytes() == (made.path / name).read_bytes() for name in names)


def test_centred_tiles_hold_one_ring_in_the_middle(tmp_path):
    recipe = DatasetRecipe.make("magnet-2020", values={"tiles": 2, "sites": 2, "pixels": 160})
    tiles = load_dataset(make_dataset(Inputs({}), recipe, context(tmp_path)).products[0].path)
    for classes in tiles.classes:
        rows, columns = np.nonzero(classes == 1)
        assert (classes == 1).mean() > 0.01
        assert (classes[76:84, 76:84] != 1).all(), "the middle of a ring is not ditch"
        assert rows.min() < 80 < rows.max() or columns.min() < 80 < columns.max()


@pytest.mark.parametrize("fault", ["missing", "empty", "cut", "text"])
def test_broken_datasets_are_one_sentence(dataset, tmp_path, fault):
    folder = tmp_path / "dataset"
    folder.mkdir()
    for path in dataset.path.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    shard = folder / "shard_0000.npz"
    data = shard.read_bytes()
    shard.unlink()
    if fault != "missing":
        shard.write_bytes({"empty": b"", "cut": data[: len(data) // 3], "text": b"no arrays"}[fault])
    with pytest.raises(InputError, match="shard_0000") as caught:
        load_dataset(folder)
    assert "\n" not in str(caught.value)
    (folder / "index.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no index of tiles"):
        load_dataset(folder)


def test_zoom_and_pan_keeps_label_and_value_together():
    random = np.random.default_rng(0)
    classes = (random.random((4, 32, 32)) < 0.3).astype(np.uint8)
    values = np.where(classes == 1, 5.0, 0.0).astype(np.float32)
    zoomed, labels = zoom_and_pan(values, classes, random)
    assert np.corrcoef((labels == 1)[labels < 2], zoomed[labels < 2])[0, 1] > 0.6
    assert np.array_equal(np.isnan(zoomed), labels == 2)


# -- training and scoring ----------------------------------------------------------------------------------


def test_training_again_gives_the_same_bits(dataset, trained, tmp_path):
    again = train(Inputs({"dataset": [dataset]}), TrainRecipe(**SMALL), context(tmp_path))
    assert again.products[0].path.read_bytes() == trained.products[0].path.read_bytes()


def test_training_killed_after_an_epoch_ends_at_the_same_bits(dataset, trained, tmp_path):
    told = []

    def progress(done, total, label):
        told.append((label, done))

    stopping = context(tmp_path, progress=progress, cancelled=lambda: ("epochs", 1) in told)
    from vestige.errors import Cancelled

    with pytest.raises(Cancelled):
        train(Inputs({"dataset": [dataset]}), TrainRecipe(**SMALL), stopping)
    assert (tmp_path / "work" / "checkpoint.pt").exists()
    resumed = train(Inputs({"dataset": [dataset]}), TrainRecipe(**SMALL), context(tmp_path))
    assert resumed.products[0].path.read_bytes() == trained.products[0].path.read_bytes()


def test_the_papers_network_takes_the_papers_tiles(tmp_path):
    recipe = DatasetRecipe.make("magnet-2020", values={"tiles": 3, "sites": 3, "validation": 0.34, "test": 0})
    tiles = make_dataset(Inputs({}), recipe, context(tmp_path / "d")).products[0]
    paper = TrainRecipe.make("magnet-2020", values={"epochs": 1, "copies": 2, "filters": [2, 2, 2, 2, 2]})
    outcome = train(Inputs({"dataset": [tiles]}), paper, context(tmp_path / "m"))
    assert load_model(outcome.products[0].path).stride == 16
    assert TrainRecipe.make("magnet-2020").filters == [16, 32, 64, 128, 254]


def test_training_settings_that_cannot_be(dataset, tmp_path):
    with pytest.raises(UsageError, match="low"):
        train(Inputs({"dataset": [dataset]}), TrainRecipe(**SMALL, low=3.0), context(tmp_path))
    small = Context(tmp_path / "w", tmp_path / "o", budget=Budget(cores=1, bytes=2**20))
    tiles = np.zeros((64, 512, 512), np.float16)
    samples = Samples(tiles, tiles.astype(np.uint8), np.arange(64), np.ones(64))
    with pytest.raises(BudgetError, match="do not fit"):
        checked_budget(samples, small.budget.working())


def test_evaluation_scores_each_site(dataset, trained, tmp_path):
    given = {"dataset": [dataset], "model": [Product("model", Kind.MODEL, trained.products[0].path)]}
    outcome = evaluate(Inputs(given), EvaluateRecipe(split="all"), context(tmp_path))
    lines = outcome.products[0].path.read_text().splitlines()
    assert lines[0].startswith("site,miou")
    assert len(lines) == 12
    assert outcome.measurements["tiles"] == 20
    assert json.dumps(outcome.measurements["trivial_miou"])
    fine = tmp_path / "fine"
    fine.mkdir()
    for path in dataset.path.iterdir():
        (fine / path.name).write_bytes(path.read_bytes().replace(b",0.25,", b",0.12,"))
    given["dataset"] = [Product("dataset", Kind.TABLE, fine)]
    with pytest.raises(InputError, match="pixels of"):
        evaluate(Inputs(given), EvaluateRecipe(), context(tmp_path))


def test_scores_of_a_perfect_and_of_a_trivial_answer():
    random = np.random.default_rng(0)
    truth = random.choice([0, 1, 2], 10_000, p=[0.8, 0.1, 0.1])
    perfect = scores(confusion(truth, truth))
    assert perfect["miou"] == perfect["ring_iou"] == 1.0
    nothing = np.where(truth == 2, 2, 0)
    trivial = scores(confusion(truth, nothing))
    assert trivial["miou"] == pytest.approx(trivial["trivial_miou"])
    assert 0.6 < trivial["miou"] < 0.66
    assert trivial["ring_iou"] == 0
    assert np.isnan(scores(np.zeros((3, 3), np.int64))["miou"])
