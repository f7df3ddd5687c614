"""Looking for the settings of a training: Optuna's tree-structured Parzen estimator."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import MissingError, UsageError, VestigeError
from vestige.survey.recipe import TrainRecipe, TuneRecipe

__all__ = ["tune"]


def tune(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Train again and again with other settings, each chosen by what those before gave (Bergstra 2011).

    Networks, filters, depth, batch and learning rate are the settings that the Mag-Net paper
    reports. A trial that ended is not trained again when the study is killed and begun anew; the same seed
    gives the same study.

    Raises
    ------
    MissingError : Optuna is not installed.
    UsageError : the learning rates are not in order.
    """
    optuna = _optuna()
    chosen = TuneRecipe.model_validate(recipe.model_dump())
    if not 0 < chosen.learning_rates[0] < chosen.learning_rates[1]:
        raise UsageError(f"learning_rates is {chosen.learning_rates}; expected the least, then the largest")
    study = optuna.create_study(direction="maximize")
    rows: list[dict[str, Any]] = []
    for number in context.track(range(chosen.trials), "trials"):
        # A sampler of its own for each trial: what a study begun anew asks does not hang on where it stopped.
        study.sampler = optuna.samplers.TPESampler(seed=int(context.random(number).integers(2**31)))
        trial = study.ask()
        settings = _settings(trial, chosen)
        value = context.part(f"trial/{number:04d}", _trained, inputs, settings, chosen, number, context)
        study.tell(trial, value)
        rows.append({"trial": number, chosen.metric: value, **settings})
    best = max(rows, key=lambda row: row[chosen.metric])
    table, found = context.output / "study.csv", context.output / "best.json"
    _write(table, rows)
    settings = {key: value for key, value in best.items() if key not in ("trial", chosen.metric)}
    write_atomically(found, (json.dumps(settings, indent=1) + "\n").encode())
    return Outcome(
        [Product("study", Kind.TABLE, table), Product("best", Kind.TABLE, found)],
        {"trials": len(rows), "best_trial": best["trial"], chosen.metric: best[chosen.metric]},
        [],
        rows,
    )


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise MissingError(
            "tuning needs Optuna, which is not installed: pip install 'vestige[learn]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


def _settings(trial: Any, recipe: TuneRecipe) -> dict[str, Any]:
    """The settings of `train` that a trial tries."""
    first = trial.suggest_categorical("first_filters", recipe.first_filters)
    depth = trial.suggest_categorical("depth", recipe.depths)
    low, high = recipe.learning_rates
    return {
        "network": trial.suggest_categorical("network", recipe.networks),
        "filters": [first * 2**level for level in range(depth)],
        "batch": trial.suggest_categorical("batch", recipe.batches),
        "learning_rate": trial.suggest_float("learning_rate", low, high, log=True),
        "region_loss": trial.suggest_categorical("region_loss", recipe.region_losses),
        "epochs": recipe.epochs,
    }


def _trained(
    inputs: Inputs, settings: dict[str, Any], recipe: TuneRecipe, number: int, context: Context
) -> float:
    """The score of one trial."""
    from vestige.survey.learning.training import train

    folder = context.workspace / f"trial-{number:04d}"
    own = Context(
        folder,
        folder / "output",
        budget=context.budget,
        seed=context.seed,
        cancelled=lambda: context.cancelled,
    )
    outcome = train(inputs, TrainRecipe.model_validate(settings), own)
    value = float(outcome.measurements[recipe.metric])
    if value != value:
        raise VestigeError(f"trial {number} gave no score: no feature in the tiles that are watched")
    return value


def _write(path: Any, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())
