"""Scoring a model on tiles of sites that it has not seen."""

from __future__ import annotations

import csv
import io
from typing import Any

import numpy as np

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import InputError
from vestige.survey.learning.dataset import Dataset, load_dataset
from vestige.survey.learning.scoring import confusion, scores
from vestige.survey.mapping.model import FeatureModel, load_model, shipped_model
from vestige.survey.mapping.prediction import Prediction, predict_rows, tiling_for
from vestige.survey.recipe import EvaluateRecipe

__all__ = ["evaluate", "predict_tile"]


def evaluate(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Score a model on a split of a dataset; one line a site, and one for all."""
    chosen = EvaluateRecipe.model_validate(recipe.model_dump())
    given, product = inputs.product("dataset"), inputs.product("model")
    assert given is not None
    model = load_model(product.path if product else shipped_model(), cores=context.budget.cores)
    dataset = load_dataset(given.path, *(() if chosen.split == "all" else (chosen.split,)))
    if abs(dataset.cell_m / model.pixel_m - 1) > 0.01:
        raise InputError(
            given.path, f"has pixels of {dataset.cell_m:g} m", f"{model.pixel_m:g} m as the model"
        )
    sites = np.unique(dataset.sites).tolist()
    counted = {site: np.zeros((3, 3), np.int64) for site in sites}
    for number in context.track(range(len(dataset.values)), "tiles"):
        counts = context.part(f"tile/{number:06d}", _tile_counts, model, dataset, number, context)
        counted[int(dataset.sites[number])] += counts
    total = scores(np.sum(list(counted.values()), axis=0))
    path = context.output / "evaluation.csv"
    _write(path, [{"site": "all", **total}, *({"site": site, **scores(counted[site])} for site in sites)])
    measured = {
        "tiles": len(dataset.values),
        "sites": len(sites),
        **{k: round(v, 5) for k, v in total.items()},
    }
    return Outcome(
        [Product("evaluation", Kind.TABLE, path, {"split": chosen.split})],
        measured,
        [_sheet(model, dataset, context)],
    )


def predict_tile(
    model: FeatureModel, values: np.ndarray[Any, np.dtype[np.float32]], context: Context
) -> Prediction:
    """Predict one tile as a whole site is predicted."""
    height, width = values.shape
    tiling = tiling_for(model, context.budget.working() // 2, height, width)
    strips = [
        predict_rows(
            model,
            lambda r, c: values[r, c],
            (height, width),
            slice(top, min(top + tiling.side, height)),
            tiling,
        )
        for top in range(0, height, tiling.side)
    ]
    return Prediction(np.vstack([s.classes for s in strips]), np.vstack([s.confidence for s in strips]))


def _tile_counts(
    model: FeatureModel, dataset: Dataset, number: int, context: Context
) -> np.ndarray[Any, np.dtype[np.int64]]:
    predicted = predict_tile(model, dataset.values[number].astype(np.float32), context)
    return confusion(dataset.classes[number], predicted.classes)


def _write(path: Any, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {key: f"{value:.5f}" if isinstance(value, float) else value for key, value in row.items()}
        )
    write_atomically(path, text.getvalue().encode())


def _sheet(model: FeatureModel, dataset: Dataset, context: Context) -> Picture:
    """Tiles with what was predicted, above what is true."""
    from vestige.survey.pictures import class_picture

    columns = []
    for number in range(min(6, len(dataset.values))):
        values = dataset.values[number].astype(np.float32)
        predicted = predict_tile(model, values, context).classes
        columns.append(
            np.vstack(
                [
                    class_picture(values, (predicted == 1).astype(np.float32)),
                    class_picture(values, (dataset.classes[number] == 1).astype(np.float32)),
                ]
            )
        )
    return Picture("Predicted (above) and true (below)", np.hstack(columns))
