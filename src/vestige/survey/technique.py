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
    ArchiveRecipe,
    DatasetRecipe,
    DepthRecipe,
    EvaluateRecipe,
    ExportRecipe,
    ImplantRecipe,
    PostgisRecipe,
    PredictRecipe,
    RunRecipe,
    SceneRecipe,
    StreamRecipe,
    TrainRecipe,
    TuneRecipe,
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


def _archive(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.pipeline import archive

    return archive(inputs, recipe, context)


def _postgis(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.mapping.postgis import to_postgis

    return to_postgis(inputs, recipe, context)


def _depth(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.processing.depths import depth

    return depth(inputs, recipe, context)


def _dataset(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.dataset import make_dataset

    return make_dataset(inputs, recipe, context)


def _train(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.training import train

    return train(inputs, recipe, context)


def _evaluate(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.evaluation import evaluate

    return evaluate(inputs, recipe, context)


def _tune(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.tuning import tune

    return tune(inputs, recipe, context)


def _export(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.learning.assembly import assemble

    return assemble(inputs, recipe, context)


def _implant(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.survey.implant.operation import implant

    return implant(inputs, recipe, context)


def _splitter() -> Splitter:
    from vestige.survey.streaming.lines import LineSplitter

    return LineSplitter()


def _live(inputs: Inputs, recipe: Recipe, context: Context) -> Live:
    from vestige.survey.streaming.growing import GrowingMap

    return GrowingMap(inputs, recipe, context)


def _replay(capture: Capture) -> Iterator[tuple[float, bytes]]:
    from vestige.survey.streaming.replay import replayed

    return replayed(capture)


_DATA = "Survey data files: Geoplot, Grad601, Sensys, TerraSurveyor, XYZ, Surfer, SAGA or GeoTIFF"
_MODEL = Input(
    "model", Kind.MODEL, optional=True, help="A model that train made; left out: the one that comes along"
)
_DATASET = Input("dataset", Kind.TABLE, help="A dataset that dataset made")
_DATASETS = Input("dataset", Kind.TABLE, many=True, help="Datasets that dataset made")
_START = Input("model", Kind.MODEL, optional=True, help="A model that train made, to be trained on")
_MAPS = (
    Output("classes", Kind.CLASSES, "classes.tif", "Class of each cell: no feature, feature, out of bounds"),
    Output("confidence", Kind.GRID, "confidence.tif", "Probability of the class shown, for each cell"),
    Output("features", Kind.FEATURES, "features.gpkg", "A polygon for each feature, layer 'features'"),
    Output("exchange", Kind.TABLE, "exchange", "The features as Shapefile, DXF, GeoJSON and a table"),
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
                Output(
                    "removed",
                    Kind.GRID,
                    "removed.tif",
                    "What each step removed, nT, a band a step",
                    optional=True,
                ),
            ),
            _run,
            version="2",
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
            version="2",
        ),
        Operation(
            "archive",
            "Lay a survey out for deposit with an archaeological archive",
            ArchiveRecipe,
            (
                Input("capture", help=_DATA),
                Input("grid", Kind.GRID, help="The processed grid that run made, GeoTIFF in nT"),
                Input(
                    "features", Kind.FEATURES, optional=True, help="A features.gpkg that run or predict made"
                ),
            ),
            (Output("deposit", Kind.TABLE, "deposit", "Project, site, block, technique, format (ADS)"),),
            _archive,
        ),
        Operation(
            "postgis",
            "Write features into a PostGIS database",
            PostgisRecipe,
            (Input("features", Kind.FEATURES, help="A features.gpkg that run or predict made"),),
            (Output("exported", Kind.TABLE, "exported.csv", "What was written where"),),
            _postgis,
        ),
        Operation(
            "implant",
            "Lay simulated rings into a survey and count how many are found",
            ImplantRecipe,
            (
                Input("capture", optional=True, help=_DATA),
                Input("grid", Kind.GRID, optional=True, help="A processed grid, GeoTIFF in nT"),
                _MODEL,
            ),
            (
                Output("recall", Kind.TABLE, "recall.csv", "Rings found, by size and strength"),
                Output("implants", Kind.TABLE, "implants.csv", "Every ring laid: place, strength, found"),
            ),
            _implant,
        ),
        Operation(
            "depth",
            "Estimate how deep the sources of a grid lie",
            DepthRecipe,
            (Input("grid", Kind.GRID, help="A processed grid, GeoTIFF in nT"),),
            (Output("depths", Kind.TABLE, "depths", "euler.csv, a line a source, and spectrum.csv"),),
            _depth,
        ),
        Operation(
            "dataset",
            "Training tiles with labels, simulated or cut from surveys",
            DatasetRecipe,
            (
                Input("capture", many=True, optional=True, help=_DATA),
                Input("grid", Kind.GRID, optional=True, help="A processed grid, GeoTIFF in nT"),
                Input(
                    "features",
                    Kind.FEATURES,
                    optional=True,
                    help="Labels: polygons (and points) on the surveys (GeoPackage, GeoJSON, Shapefile)",
                ),
                Input(
                    "points", Kind.FEATURES, optional=True, help="Points that are to be the middle of a tile"
                ),
            ),
            (Output("dataset", Kind.TABLE, "dataset", "index.csv, a card, and shards of tiles (NumPy)"),),
            _dataset,
        ),
        Operation(
            "train",
            "Train a network on datasets",
            TrainRecipe,
            (_DATASETS, _START),
            (Output("model", Kind.MODEL, "model.onnx", "The trained model, ONNX with its card"),),
            _train,
            extra="learn",
        ),
        Operation(
            "tune",
            "Look for the best settings of a training",
            TuneRecipe,
            (_DATASETS,),
            (
                Output("study", Kind.TABLE, "study.csv", "Settings and score of each trial"),
                Output("best", Kind.TABLE, "best.json", "The best settings, as train takes them"),
            ),
            _tune,
            extra="learn",
        ),
        Operation(
            "export",
            "Make one file of trained models, to predict with or to share",
            ExportRecipe,
            (Input("model", Kind.MODEL, many=True, help="Models that train made"),),
            (Output("model", Kind.MODEL, "model.onnx", "The models as one ONNX file with its card"),),
            _export,
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
