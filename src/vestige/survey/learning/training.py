"""Training a model on a dataset: bit for bit the same when run again on a CPU, killed in the middle or
not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import BudgetError, MissingError, UsageError
from vestige.survey.learning.dataset import Dataset, load_dataset
from vestige.survey.learning.scoring import confusion, scores
from vestige.survey.mapping.model import CLASSES, KEY
from vestige.survey.recipe import TrainRecipe

if TYPE_CHECKING:
    import torch

    from vestige.survey.learning.network import WithNormalisation

__all__ = ["train"]

OUT_OF_BOUNDS = 2


def train(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Train on the split 'train' of a dataset, watch 'validation', keep the last epoch; write ``model.onnx``.

    A checkpoint is kept after each epoch; a run started again goes on from it and ends at the same weights.
    """
    torch = _torch()
    chosen = TrainRecipe.model_validate(recipe.model_dump())
    if not chosen.low < chosen.high:
        raise UsageError(f"low is {chosen.low} and high {chosen.high} nT; expected low below high")
    dataset = inputs.product("dataset")
    assert dataset is not None
    tiles = _prepared(load_dataset(dataset.path, "train"), chosen, context)
    checked = _prepared(load_dataset(dataset.path, "validation"), chosen, context)
    with _reproducible(torch, context):
        course = _Course(tiles, checked, chosen, context)
        history = course.run()
    path = context.output / "model.onnx"
    card = _card(chosen, tiles, dataset, history, context)
    _export(course.network, path, card)
    measured = {
        **history[-1],
        "parameters": card["parameters"],
        "megabytes": round(path.stat().st_size / 1e6, 3),
    }
    return Outcome([Product("model", Kind.MODEL, path, card)], measured, [], [dict(row) for row in history])


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


def _prepared(dataset: Dataset, recipe: TrainRecipe, context: Context) -> Dataset:
    """The tiles, padded so that every depth of the network halves them evenly."""
    count, height, width = dataset.values.shape
    if 6 * dataset.values.nbytes > context.budget.working():
        raise BudgetError(
            f"{count} tiles of {height} x {width} pixels do not fit into the memory granted: "
            "grant more, or make a smaller dataset"
        )
    stride = 2 ** (len(recipe.filters) - 1)
    edge = [
        (0, 0),
        *(((-side % stride) // 2, -side % stride - (-side % stride) // 2) for side in (height, width)),
    ]
    values = np.pad(dataset.values, edge, constant_values=np.float16(np.nan))
    classes = np.pad(dataset.classes, edge, constant_values=OUT_OF_BOUNDS)
    return Dataset(values, classes, dataset.sites, dataset.cell_m)


class _Course:
    """One training: network, optimiser, and where it stands."""

    def __init__(self, tiles: Dataset, checked: Dataset, recipe: TrainRecipe, context: Context) -> None:
        import torch

        from vestige.survey.learning.network import UNet, WithNormalisation

        self.tiles, self.checked, self.recipe, self.context = tiles, checked, recipe, context
        self.device = torch.device(context.budget.device)
        torch.manual_seed(context.seed)
        network = UNet(recipe.filters, network=recipe.network)
        self.network: WithNormalisation = WithNormalisation(network, recipe.low, recipe.high).to(self.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=recipe.learning_rate)

    def run(self) -> list[dict[str, Any]]:
        """Train the epochs that are left; returns what each gave."""
        history = self._resume()
        for epoch in range(len(history), self.recipe.epochs):
            self.context.progress(epoch, self.recipe.epochs, "epochs")
            loss = self._epoch(epoch)
            last = epoch + 1 == self.recipe.epochs
            watched = self._watch() if last or epoch % 5 == 4 else {}
            history.append({"epoch": epoch + 1, "loss": round(loss, 6), **watched})
            self._keep(history)
        self.context.progress(self.recipe.epochs, self.recipe.epochs, "epochs")
        return history

    def _epoch(self, epoch: int) -> float:
        import torch

        self.network.train()
        self._set_rate(epoch)
        random = self.context.random(epoch)
        order = random.permutation(len(self.tiles.values))
        losses = []
        for values, classes in self._batches(order, random):
            self.context.check()
            logits = self.network.network(self.network.scaled(values))
            loss = _loss(logits, classes, self.recipe.dice)
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            losses.append(loss.detach())
        return float(torch.stack(losses).mean())

    def _batches(
        self, order: np.ndarray[Any, Any], random: np.random.Generator
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        import torch

        for first in range(0, len(order), self.recipe.batch):
            numbers = order[first : first + self.recipe.batch]
            values = self.tiles.values[numbers].astype(np.float32)
            classes = self.tiles.classes[numbers]
            if self.recipe.augment:
                from vestige.survey.learning.augmentation import zoom_and_pan

                values, classes = zoom_and_pan(values, classes, random)
            yield (
                torch.from_numpy(values)[:, None]
                .to(self.device)
                .contiguous(memory_format=torch.channels_last),
                torch.from_numpy(classes).to(self.device, torch.long),
            )

    def _set_rate(self, epoch: int) -> None:
        rate = self.recipe.learning_rate
        if self.recipe.schedule == "cosine":
            rate *= max(0.5 * (1 + np.cos(np.pi * epoch / self.recipe.epochs)), 0.01)
        for group in self.optimiser.param_groups:
            group["lr"] = float(rate)

    def _watch(self) -> dict[str, float]:
        """Scores on the tiles of other sites."""
        import torch

        self.network.eval()
        counts = np.zeros((3, 3), np.int64)
        with torch.no_grad():
            for first in range(0, len(self.checked.values), self.recipe.batch):
                part = slice(first, first + self.recipe.batch)
                values = torch.from_numpy(self.checked.values[part].astype(np.float32))[:, None].to(
                    self.device
                )
                predicted = self.network(values).argmax(dim=1).cpu().numpy()
                counts += confusion(self.checked.classes[part], predicted)
        found = scores(counts)
        return {
            f"validation_{name}": round(found[name], 5) for name in ("miou", "ring_iou", "miou_two_class")
        }

    def _keep(self, history: list[dict[str, Any]]) -> None:
        import torch

        path = self._checkpoint
        temporary = path.with_suffix(".new")
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": history,
        }
        torch.save(state, temporary)
        temporary.replace(path)

    def _resume(self) -> list[dict[str, Any]]:
        import torch

        if not self._checkpoint.exists():
            return []
        state = torch.load(self._checkpoint, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        return list(state["history"])

    @property
    def _checkpoint(self) -> Path:
        return self.context.workspace / "checkpoint.pt"


def _loss(logits: torch.Tensor, classes: torch.Tensor, dice: float) -> torch.Tensor:
    """Sparse cross-entropy, and by weight the Dice loss of the feature class."""
    import torch

    loss = torch.nn.functional.cross_entropy(logits, classes)
    if dice:
        feature = torch.softmax(logits, dim=1)[:, 1]
        wanted = (classes == 1).to(feature.dtype)
        overlap = 2 * (feature * wanted).sum() + 1
        loss = loss + dice * (1 - overlap / (feature.sum() + wanted.sum() + 1))
    return loss


def _card(
    recipe: TrainRecipe, tiles: Dataset, dataset: Product, history: list[dict[str, Any]], context: Context
) -> dict[str, Any]:
    """What the model says of itself."""
    from vestige.survey.learning.network import UNet

    network = UNet(recipe.filters, network=recipe.network)
    return {
        "classes": list(CLASSES),
        "pixel_m": tiles.cell_m,
        "low_nt": recipe.low,
        "high_nt": recipe.high,
        "network": recipe.network,
        "filters": list(recipe.filters),
        "parameters": sum(weights.numel() for weights in network.parameters()),
        "trained_on": f"{len(tiles.values)} tiles of {len(set(tiles.sites.tolist()))} simulated sites",
        "epochs": len(history),
        "seed": context.seed,
        "validation": history[-1],
        "licence": "CC0-1.0",
        "limits": "Ring ditches only; trained on simulated ground; a prediction is a hint, not a find.",
    }


def _export(network: WithNormalisation, path: Path, card: dict[str, Any]) -> None:
    """Write ONNX that takes nT (NaN where not surveyed) and gives probabilities."""
    from vestige.survey.learning.export import export

    export(network, path, {KEY: card})
