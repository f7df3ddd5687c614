"""Scoring a model on tiles of sites that it has not seen."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import InputError
from vestige.survey.learning.calibration import Reliability, near_features
from vestige.survey.learning.curves import reliability
from vestige.survey.learning.dataset import Dataset, load_dataset
from vestige.survey.learning.objects import Found, boundary_found, objects_found
from vestige.survey.learning.scoring import confusion, scores
from vestige.survey.mapping.model import FeatureModel, load_model, shipped_model
from vestige.survey.mapping.prediction import Prediction, predict_rows, tiling_for
from vestige.survey.recipe import EvaluateRecipe

__all__ = ["evaluate", "predict_tile"]


@dataclass(frozen=True)
class _Score:
    """All that is counted of some tiles."""

    counts: NDArray[np.int64]
    boundary: Found
    objects: Found
    overall: Reliability
    near: Reliability

    def row(self, names: tuple[str, ...]) -> dict[str, float]:
        """The metrics, always together: none of them alone says what a model is worth."""
        return {
            **scores(self.counts, names),
            "boundary_f1": self.boundary.f1(),
            "object_f1": self.objects.f1(),
            "objects_true": self.objects.true,
            "objects_missed": self.objects.true - self.objects.met,
            "objects_false": self.objects.found - self.objects.right,
            "ece": self.overall.error(),
            "ece_near_features": self.near.error(),
        }


def evaluate(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Score a model on a split of a dataset; one line a site, and one for all.

    Raises
    ------
    InputError : the dataset has pixels or classes that the model was not trained for.
    """
    chosen = EvaluateRecipe.model_validate(recipe.model_dump())
    given, product = inputs.product("dataset"), inputs.product("model")
    assert given is not None
    model = load_model(product.path if product else shipped_model(), cores=context.budget.cores)
    dataset = load_dataset(given.path, *(() if chosen.split == "all" else (chosen.split,)))
    _check(given.path, dataset, model)
    scored = [
        context.part(f"tile/{number:06d}", _tile, model, dataset, number, chosen, context)
        for number in context.track(range(len(dataset.values)), "tiles")
    ]
    total = _together(scored)
    sites = np.unique(dataset.sites).tolist()
    by_site = {
        site: _together(scored[number] for number in np.flatnonzero(dataset.sites == site)) for site in sites
    }
    path = context.output / "evaluation.csv"
    everything = total.row(dataset.names)
    rows = [{"site": "all", **everything}]
    _write(path, rows + [{"site": site, **by_site[site].row(dataset.names)} for site in sites])
    measured = {
        "tiles": len(dataset.values),
        "sites": len(sites),
        **{k: round(v, 5) for k, v in everything.items()},
    }
    return Outcome(
        [Product("evaluation", Kind.TABLE, path, {"split": chosen.split})],
        measured,
        [_sheet(model, dataset, context), reliability(total.overall, total.near)],
    )


def _check(path: Path, dataset: Dataset, model: FeatureModel) -> None:
    finest, coarsest = model.card.get("pixels_m", [model.pixel_m, model.pixel_m])
    if not 0.99 * finest <= dataset.cell_m <= 1.01 * coarsest:
        wanted = f"{finest:g} m" if finest == coarsest else f"{finest:g} to {coarsest:g} m"
        raise InputError(path, f"has pixels of {dataset.cell_m:g} m", f"{wanted} as the model")
    if len(dataset.names) != len(model.card["classes"]):
        raise InputError(
            path,
            f"has the classes {', '.join(dataset.names)}",
            f"{', '.join(model.card['classes'])} as the model",
        )


def predict_tile(model: FeatureModel, values: NDArray[np.float32], context: Context) -> Prediction:
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


def _tile(
    model: FeatureModel, dataset: Dataset, number: int, recipe: EvaluateRecipe, context: Context
) -> dict[str, Any]:
    """All that is counted of one tile, as arrays."""
    truth, cell = dataset.classes[number], dataset.cell_m
    predicted = predict_tile(model, dataset.values[number].astype(np.float32), context)
    outside = len(dataset.names) - 1
    surveyed, shown = truth != outside, predicted.classes
    ring, found = truth == 1, (shown == 1) & surveyed
    boundary = boundary_found(ring, found, surveyed, recipe.tolerance / cell)
    objects = objects_found(ring, found, cell, overlap=recipe.overlap, least=recipe.least_object)
    right = truth == shown
    near = near_features(truth, shown, outside, recipe.near / cell)
    everywhere, close = Reliability(), Reliability()
    everywhere.add(predicted.confidence[surveyed], right[surveyed])
    close.add(predicted.confidence[near], right[near])
    return {
        "counts": confusion(truth, shown, outside + 1),
        "boundary": np.array(astuple(boundary)),
        "objects": np.array(astuple(objects)),
        "overall": everywhere.bins,
        "near": close.bins,
    }


def _together(some: Iterable[dict[str, Any]]) -> _Score:
    """The sum of what was counted of tiles."""
    parts = list(some)
    total = {name: np.sum([part[name] for part in parts], axis=0) for name in parts[0]}
    return _Score(
        total["counts"],
        Found(*total["boundary"].tolist()),
        Found(*total["objects"].tolist()),
        Reliability(total["overall"]),
        Reliability(total["near"]),
    )


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
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
