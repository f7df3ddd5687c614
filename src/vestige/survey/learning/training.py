"""Training a model on datasets: bit for bit the same when run again on a CPU, killed in the middle or not."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vestige import __version__
from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import MissingError, UsageError
from vestige.survey.learning.samples import Samples, checked_budget, samples_of, with_copies
from vestige.survey.mapping.model import KEY
from vestige.survey.recipe import TrainRecipe

if TYPE_CHECKING:
    from vestige.survey.learning.course import Course

__all__ = ["digest_of", "train"]


def train(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Train on the split 'train' of datasets, watch 'validation', keep the last epoch; write ``model.onnx``.

    A model given as `model` is the start: its weights are trained on, for instance on a few labels of real
    ground. A checkpoint is kept after each epoch; a run started again goes on from it and ends at the same
    weights.

    Raises
    ------
    UsageError : settings that contradict one another, or the model's.
    MissingError : PyTorch is not installed.
    """
    torch = _torch()
    chosen = TrainRecipe.model_validate(recipe.model_dump())
    _check(chosen)
    from vestige.survey.learning.network import multiple_of

    folders = [dataset.path for dataset in inputs.products("dataset")]
    tiles, checked = samples_of(folders, chosen, multiple_of(chosen.network, chosen.filters))
    tiles = with_copies(tiles, chosen.copies, context.random(2**31))
    checked_budget(tiles, context.budget.working())
    given = inputs.product("model")
    with _reproducible(torch, context):
        course = _course(tiles, checked, chosen, context, given.path if given else None)
        history = _trained(course)
        temperature = _calibrated(course) if chosen.calibrate else 1.0
    path = context.output / "model.onnx"
    card = {
        **_card(course, history, context),
        "temperature": round(temperature, 4),
        "datasets": {folder.name: digest_of(folder) for folder in folders},
        **({"started_from": digest_of(given.path)} if given else {}),
    }
    _export(course, path, card)
    from vestige.survey.learning.curves import curves

    measured = {
        **history[-1],
        "temperature": card["temperature"],
        "parameters": card["parameters"],
        "megabytes": round(path.stat().st_size / 1e6, 3),
    }
    pictures = [curves(history)]
    return Outcome(
        [Product("model", Kind.MODEL, path, card)], measured, pictures, [dict(row) for row in history]
    )


def _check(recipe: TrainRecipe) -> None:
    if not recipe.low < recipe.high:
        raise UsageError(f"low is {recipe.low} and high {recipe.high} nT; expected low below high")
    if recipe.batch % recipe.processes:
        raise UsageError(
            f"{recipe.processes} processes cannot share {recipe.batch} tiles a step; "
            "expected a batch that they divide"
        )
    if recipe.folds and recipe.fold >= recipe.folds:
        raise UsageError(
            f"fold is {recipe.fold}; expected 0..{recipe.folds - 1}, as there are {recipe.folds}"
        )


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingError(
            "training needs PyTorch, which is not installed: pip install 'vestige[learn]'"
        ) from None
    return torch


class _reproducible:  # noqa: N801 - a context manager named by what it makes true
    """Deterministic algorithms, the cores granted, and the settings of before afterwards."""

    def __init__(self, torch: Any, context: Context) -> None:
        self._torch, self._cores = torch, context.budget.cores

    def __enter__(self) -> None:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        self._before = self._torch.get_num_threads(), self._torch.are_deterministic_algorithms_enabled()
        self._torch.set_num_threads(self._cores)
        self._torch.use_deterministic_algorithms(True, warn_only=True)

    def __exit__(self, *_: object) -> None:
        self._torch.set_num_threads(self._before[0])
        self._torch.use_deterministic_algorithms(self._before[1])


def _course(
    tiles: Samples, checked: Samples, recipe: TrainRecipe, context: Context, start: Path | None
) -> Course:
    from vestige.survey.learning.course import Course
    from vestige.survey.learning.export import weights_of

    return Course(tiles, checked, recipe, context, weights_of(start, recipe, tiles.names) if start else None)


def _trained(course: Course) -> list[dict[str, Any]]:
    """Train here, or in several processes that leave their checkpoint."""
    if course.recipe.processes > 1:
        from vestige.survey.learning.distributed import train_together

        train_together(course)
    return course.run()


def _calibrated(course: Course) -> float:
    from vestige.survey.learning.calibration import temperature_of

    temperature = temperature_of(course.logits())
    course.average.temperature.fill_(temperature)
    return temperature


def digest_of(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files of a folder.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> digest_of(folder)[:12]
    'e3b0c44298fc'
    """
    total = hashlib.sha256()
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file():
            total.update(file.name.encode())
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def _card(course: Course, history: list[dict[str, Any]], context: Context) -> dict[str, Any]:
    """What the model says of itself."""
    from vestige.survey.learning.network import multiple_of

    recipe, tiles = course.recipe, course.tiles
    stride = multiple_of(recipe.network, recipe.filters)
    sizes = sorted(set(tiles.cells.tolist()))
    return {
        "classes": list(tiles.names),
        "pixel_m": float(np.median(tiles.cells)),
        "pixels_m": [sizes[0], sizes[-1]],
        "low_nt": recipe.low,
        "high_nt": recipe.high,
        "network": recipe.network,
        "filters": list(recipe.filters),
        "stride": stride,
        "halo": 6 * stride,
        "width": recipe.filters[0] if recipe.network != "magnet" else recipe.filters[0] // 4 + 2,
        "parameters": sum(weights.numel() for weights in course.network.parameters()),
        "trained_on": f"{len(tiles)} tiles of {len(set(tiles.sites.tolist()))} sites",
        "made_by": f"vestige {__version__}",
        "epochs": len(history),
        "seed": context.seed,
        "validation": history[-1],
        "licence": "CC0-1.0",
        "limits": "Trained on what its datasets hold, simulated ground where they say so; "
        "a prediction is a hint, not a find.",
    }


def _export(course: Course, path: Path, card: dict[str, Any]) -> None:
    """Write ONNX that takes nT (NaN where not surveyed) and gives probabilities."""
    from vestige.survey.learning.export import export

    export(course.average, path, {KEY: card})
