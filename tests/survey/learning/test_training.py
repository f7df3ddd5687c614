"""Training: ours, mixed, shared, started from a model, tuned; the paper's recipe as published."""

import json

import numpy as np
import pytest

from vestige.contract import Inputs, Kind, Product
from vestige.errors import InputError, UsageError
from vestige.survey.mapping.model import load_model, shipped_model
from vestige.survey.recipe import TrainRecipe, TuneRecipe

torch = pytest.importorskip("torch")

from vestige.survey.learning.course import Share, untrained  # noqa: E402
from vestige.survey.learning.export import weights_of  # noqa: E402
from vestige.survey.learning.losses import loss_of  # noqa: E402
from vestige.survey.learning.samples import samples_of, with_copies  # noqa: E402
from vestige.survey.learning.training import train  # noqa: E402
from vestige.survey.learning.tuning import tune  # noqa: E402

SMALL = {"network": "magnet", "filters": [4, 8], "batch": 4, "epochs": 2, "learning_rate": 0.01}


def card_of(outcome):
    return load_model(outcome.products[0].path).card


def test_the_papers_recipe_is_the_papers():
    paper = TrainRecipe.make("magnet-2020")
    assert (paper.filters, paper.batch, paper.epochs) == ([16, 32, 64, 128, 254], 2, 100)
    assert (paper.learning_rate, paper.schedule, paper.weight_decay) == (1e-4, "constant", 0.0)
    assert (paper.region_loss, paper.class_weights, paper.copies) == ("none", "equal", 300)
    assert (paper.low, paper.high) == (-1.0, 2.0)
    for network in ("unet", "resunet"):
        count = sum(
            p.numel()
            for p in untrained(TrainRecipe.make("magnet-2020", values={"network": network}), 3).parameters()
        )
        assert 1.9e6 < count < 2.2e6


def test_ours_learns_with_everything_on(discs, fine_discs, context):
    recipe = TrainRecipe(
        **SMALL | {"epochs": 15}, ema=0.9, warm_up=1, schedule="cosine", region_loss="lovasz", flips=True, augment=True,
        strength=1.2, class_weights="inverse-root", accumulate=2, weight_decay=1e-3, calibrate=True, copies=4,
    )  # fmt: skip
    outcome = train(Inputs({"dataset": [discs, fine_discs]}), recipe, context())
    card = card_of(outcome)
    losses = [row["loss"] for row in outcome.frames]
    assert losses[-1] < 0.7 * losses[0]
    assert card["pixels_m"] == [0.125, 0.25]
    assert (card["stride"], card["halo"]) == (4, 24)
    assert set(card["datasets"]) == {"dataset", "fine"}
    assert 0.2 < card["temperature"] < 5
    assert [picture.title for picture in outcome.pictures] == ["Curves of the training"]


def test_mixed_sizes_are_framed_and_folds_share_no_site(discs, fine_discs):
    tiles, checked = samples_of([discs.path, fine_discs.path], TrainRecipe(folds=3, fold=1), 16)
    assert tiles.values.shape[1:] == (48, 48)
    assert len(tiles) + len(checked) == 24
    assert not set(tiles.sites.tolist()) & set(checked.sites.tolist())
    assert np.array_equal(np.isnan(tiles.values), tiles.classes == 2)
    copied = with_copies(tiles, 20, np.random.default_rng(0))
    assert len(copied) == len(tiles) + 20
    with pytest.raises(InputError, match="folds"):
        samples_of([discs.path], TrainRecipe(folds=40, fold=30), 16)


def test_training_goes_on_from_a_model(discs, context):
    first = train(Inputs({"dataset": [discs]}), TrainRecipe(**SMALL), context("first"))
    start = Product("model", Kind.MODEL, first.products[0].path)
    weights = weights_of(start.path, TrainRecipe(**SMALL), ("no-feature", "feature", "out-of-bounds"))
    still = TrainRecipe(**SMALL | {"learning_rate": 1e-12, "epochs": 1})
    second = train(Inputs({"dataset": [discs], "model": [start]}), still, context("second"))
    assert second.frames[-1]["loss"] < 0.95 * first.frames[0]["loss"]
    values = np.random.default_rng(0).normal(0, 1, (32, 32)).astype(np.float32)
    network = untrained(TrainRecipe(**SMALL), 3)
    network.load_state_dict(weights)
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(values)[None, None])[0].numpy()
    assert np.abs(load_model(start.path).probabilities(values) - expected).max() < 1e-5
    with pytest.raises(UsageError, match="filters"):
        train(
            Inputs({"dataset": [discs], "model": [start]}),
            TrainRecipe(**SMALL | {"filters": [4, 4]}),
            context("third"),
        )


def test_a_model_without_weights_to_train_on_says_so(discs, context):
    card = load_model(shipped_model()).card
    recipe = TrainRecipe(network=card["network"], filters=card["filters"])
    given = {"dataset": [discs], "model": [Product("model", Kind.MODEL, shipped_model())]}
    try:
        weights_of(shipped_model(), recipe, tuple(card["classes"]))
    except InputError:
        with pytest.raises(InputError, match="does not hold the weights"):
            train(Inputs(given), recipe, context())


def test_two_processes_train_together(discs, context):
    recipe = TrainRecipe(**SMALL, processes=2, accumulate=2)
    outcome = train(Inputs({"dataset": [discs]}), recipe, context("together"))
    alone = train(Inputs({"dataset": [discs]}), TrainRecipe(**SMALL), context("alone"))
    assert outcome.frames[-1]["loss"] == pytest.approx(alone.frames[-1]["loss"], rel=0.3)
    shares = [Share(number, 2).of(np.arange(5)).tolist() for number in range(2)]
    assert shares == [[0, 2], [1, 3]]


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"low": 3.0}, "low"), ({"batch": 3, "processes": 2}, "share"), ({"folds": 2, "fold": 2}, "fold is 2")],
)
def test_settings_that_cannot_be(discs, context, settings, word):
    with pytest.raises(UsageError, match=word):
        train(Inputs({"dataset": [discs]}), TrainRecipe(**SMALL | settings), context())


@pytest.mark.parametrize("region", ["dice", "jaccard", "lovasz"])
def test_losses_of_overlap_fall_towards_the_truth(region):
    truth = (torch.rand(2, 16, 16, generator=torch.Generator().manual_seed(0)) < 0.1).long()
    logits = torch.zeros(2, 3, 16, 16, requires_grad=True)
    optimiser = torch.optim.Adam([logits], lr=0.3)
    course = []
    for _ in range(40):
        loss = loss_of(logits, truth, region=region)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        course.append(float(loss.detach()))
    assert course[-1] < 0.05 * course[0]
    assert torch.equal(logits.argmax(dim=1), truth)


def test_tuning_gives_settings_that_train_takes_and_the_same_again(discs, context):
    pytest.importorskip("optuna")
    recipe = TuneRecipe(
        trials=3, epochs=1, networks=["magnet"], first_filters=[2, 4], depths=[2], batches=[8]
    )
    folder = context("tune")
    outcome = tune(Inputs({"dataset": [discs]}), recipe, folder)
    best = json.loads(outcome.products[1].path.read_text())
    assert TrainRecipe(**best).epochs == 1
    table = outcome.products[0].path.read_text()
    assert len(table.splitlines()) == 4
    shorter = tune(Inputs({"dataset": [discs]}), recipe, folder)
    assert shorter.products[0].path.read_text() == table
    with pytest.raises(UsageError, match="learning_rates"):
        tune(Inputs({"dataset": [discs]}), TuneRecipe(learning_rates=[0.1, 0.01]), folder)
