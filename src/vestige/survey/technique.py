"""The survey technique as the house knows it. Nothing heavy is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vestige.capture import Capture
from vestige.contract import (
    Context,
    ForwardModel,
    Input,
    Inputs,
    Kind,
    Live,
    Operation,
    Outcome,
    Output,
    Recipe,
    Splitter,
    Stream,
    Technique,
)
from vestige.survey.recipe import (
    DatasetRecipe,
    EvaluateRecipe,
    PredictRecipe,
    RunRecipe,
    SceneRecipe,
    StreamRecipe,
    TrainRecipe,
)

__all__ = ["technique"]


def _make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    from vestige.survey.forward.simulate import make

    return make(recipe, folder, seed)


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.pipeline import run

    return run(inputs, recipe, context)


def _predict(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.pipeline import predict

    return predict(inputs, recipe, context)


def _dataset(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.dataset import make_dataset

    return make_dataset(inputs, recipe, context)


def _train(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.training import train

    return train(inputs, recipe, context)


def _evaluate(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.evaluation import evaluate

    return evaluate(inputs, recipe, context)


def _splitter() -> Splitter:
    from vestige.survey.streaming.lines import LineSplitter

    return LineSplitter()


def _live(inputs: Inputs, recipe: Recipe, context: Context) -> Live:
    from vestige.survey.streaming.growing import GrowingMap

    return GrowingMap(inputs, recipe, context)


def _replay(capture: Capture) -> Iterator[tuple[float, bytes]]:
    from vestige.survey.streaming.replay import replayed

    return replayed(capture)


_DATA = "Survey data files: Geoplot CMP + CMD, delimited XYZ, GeoTIFF or SAGA grid"
_MODEL = Input(
    "model", Kind.MODEL, optional=True, help="A model that train made; left out: the one that comes along"
)
_DATASET = Input("dataset", Kind.TABLE, help="A dataset that dataset made")
_MAPS = (
    Output("classes", Kind.CLASSES, "classes.tif", "Class of each cell: no feature, feature, out of bounds"),
    Output("confidence", Kind.GRID, "confidence.tif", "Probability of the class shown, for each cell"),
    Output("features", Kind.FEATURES, "features.gpkg", "A polygon for each feature, layer 'features'"),
)

technique = Technique(
    name="survey",
    title="Magnetometer survey",
    summary="From traverses to processed grids, a class map and feature polygons; trained models",
    forward=ForwardModel(SceneRecipe, _make, "A barrow field with ring ditches, walked with a gradiometer"),
    operations=(
        Operation(
            "run",
            "Clean the readings, grid them, and map ring ditches",
            RunRecipe,
            (Input("capture", help=_DATA), _MODEL),
            (
                Output("processed", Kind.GRID, "processed.tif", "The cleaned readings on square cells, nT"),
                *_MAPS,
            ),
            _run,
        ),
        Operation(
            "predict",
            "Map ring ditches on a grid that is clean already",
            PredictRecipe,
            (
                Input("capture", optional=True, help=_DATA),
                Input("grid", Kind.GRID, optional=True, help="A processed grid, GeoTIFF in nT"),
                _MODEL,
            ),
            _MAPS,
            _predict,
        ),
        Operation(
            "dataset",
            "Simulate training tiles with labels",
            DatasetRecipe,
            (),
            (Output("dataset", Kind.TABLE, "dataset", "index.csv and shards of tiles (NumPy)"),),
            _dataset,
        ),
        Operation(
            "train",
            "Train a U-Net or ResUNet on a dataset",
            TrainRecipe,
            (_DATASET,),
            (Output("model", Kind.MODEL, "model.onnx", "The trained model, ONNX with its card"),),
            _train,
            extra="learn",
        ),
        Operation(
            "evaluate",
            "Score a model on tiles of sites it has not seen",
            EvaluateRecipe,
            (_DATASET, _MODEL),
            (Output("evaluation", Kind.TABLE, "evaluation.csv", "Scores for all tiles and for each site"),),
            _evaluate,
        ),
    ),
    varies=("easting", "northing"),
    stream=Stream("run", StreamRecipe, _splitter, _live, _replay),
)
