"""One course of training: network, optimiser, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vestige.contract import Context
from vestige.survey.learning.losses import class_weights, loss_of
from vestige.survey.learning.network import WithNormalisation, build
from vestige.survey.learning.samples import Samples, augmented
from vestige.survey.learning.scoring import confusion, scores
from vestige.survey.recipe import TrainRecipe

__all__ = ["CHECKPOINT", "Course", "Share", "untrained"]

#: Kept in the workspace after each epoch.
CHECKPOINT = "checkpoint.pt"
_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Share:
    """Which part of each step is this process's: one of `count` that train together.

    >>> Share().of(np.arange(4)).tolist(), Share(1, 2).of(np.arange(4)).tolist()
    ([0, 1, 2, 3], [1, 3])
    """

    def __init__(self, number: int = 0, count: int = 1) -> None:
        self.number, self.count = number, count

    def of(self, numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The process's own tiles of a step; as many as every other has."""
        return numbers[self.number : len(numbers) // self.count * self.count : self.count]


def untrained(recipe: TrainRecipe, classes: int) -> WithNormalisation:
    """The network of a recipe, its weights drawn by PyTorch's generator."""
    network = build(recipe.network, recipe.filters, classes)
    return WithNormalisation(network, recipe.low, recipe.high)


class Course:
    """Trains a network on tiles and watches others; killed and begun again, it ends at the same weights."""

    def __init__(
        self,
        tiles: Samples,
        checked: Samples,
        recipe: TrainRecipe,
        context: Context,
        start: dict[str, Tensor] | None = None,
        share: Share | None = None,
    ) -> None:
        self.tiles, self.checked, self.recipe, self.context = tiles, checked, recipe, context
        self.share = share or Share()
        kind = context.budget.device
        self.device = torch.device(kind, self.share.number) if kind == "cuda" else torch.device(kind)
        torch.manual_seed(context.seed)
        self.network = untrained(recipe, tiles.out_of_bounds + 1)
        if start is not None:
            self.network.load_state_dict(start)
        self.network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = deepcopy(self.network).requires_grad_(False)
        self.weights = self._class_weights()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.scaler = torch.amp.GradScaler(kind, enabled=recipe.precision == "float16")
        self.steps = 0

    def _class_weights(self) -> Tensor | None:
        if self.recipe.class_weights == "equal":
            return None
        counts = np.bincount(self.tiles.classes.ravel(), minlength=self.tiles.out_of_bounds + 1)
        return class_weights(torch.from_numpy(counts)).to(self.device)

    def run(self) -> list[dict[str, Any]]:
        """Train the epochs that are left; returns what each gave."""
        history = self._resume()
        forward = self._together()
        for epoch in range(len(history), self.recipe.epochs):
            self.context.progress(epoch, self.recipe.epochs, "epochs")
            loss = self._epoch(epoch, forward)
            last = epoch + 1 == self.recipe.epochs
            first = self.share.number == 0
            watched = self._watch() if first and (last or epoch % 5 == 4) else {}
            history.append({"epoch": epoch + 1, "loss": round(loss, 6), **watched})
            if first:
                self._keep(history)
        self.context.progress(self.recipe.epochs, self.recipe.epochs, "epochs")
        return history

    def _together(self) -> torch.nn.Module:
        """The network proper, its gradients averaged over the processes where there are several."""
        if self.share.count == 1:
            return self.network.network
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(self.network.network)

    def _epoch(self, epoch: int, forward: torch.nn.Module) -> float:
        self.network.train()
        random = self.context.random(epoch)
        order = random.permutation(len(self.tiles))
        steps = range(0, max(len(order) // self.share.count * self.share.count, 1), self.recipe.batch)
        losses = []
        for number, first in enumerate(steps):
            self.context.check()
            self._set_rate(epoch + number / len(steps))
            losses.append(self._step(order[first : first + self.recipe.batch], random, forward))
        mean = torch.stack(losses).mean()
        if self.share.count > 1:
            torch.distributed.all_reduce(mean)
            mean /= self.share.count
        return float(mean)

    def _step(
        self, numbers: np.ndarray[Any, Any], random: np.random.Generator, forward: torch.nn.Module
    ) -> Tensor:
        """One step of the optimiser on the tiles of these numbers, in as many parts as the recipe says."""
        self.optimiser.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        for values, classes, part in self._parts(numbers, random):
            with self._precision():
                logits = forward(self.network.scaled(values))
            loss = part * loss_of(
                logits.float(),
                classes,
                region=self.recipe.region_loss,
                region_weight=self.recipe.region_weight,
                weights=self.weights,
            )
            self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.steps += 1
        self._follow()
        return total

    def _parts(
        self, numbers: np.ndarray[Any, Any], random: np.random.Generator
    ) -> Iterator[tuple[Tensor, Tensor, float]]:
        """Parts of a step as tensors, and how much of the step each is."""
        values, classes = augmented(
            self.tiles.values[numbers].astype(np.float32), self.tiles.classes[numbers], self.recipe, random
        )
        mine = self.share.of(np.arange(len(numbers)))
        for part in np.array_split(mine, min(self.recipe.accumulate, len(mine))):
            yield (
                torch.from_numpy(np.ascontiguousarray(values[part]))[:, None]
                .to(self.device)
                .contiguous(memory_format=torch.channels_last),
                torch.from_numpy(np.ascontiguousarray(classes[part])).to(self.device, torch.long),
                len(part) / len(mine),
            )

    def _precision(self) -> AbstractContextManager[Any]:
        if self.recipe.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, _TYPES[self.recipe.precision])

    def _follow(self) -> None:
        """Let the average weights follow; at first fast, since it knows nothing yet."""
        decay = min(self.recipe.ema, self.steps / (self.steps + 10)) if self.recipe.ema else 0.0
        with torch.no_grad():
            kept, now = self.average.state_dict(), self.network.state_dict()
            for name, value in kept.items():
                if value.is_floating_point():
                    value.lerp_(now[name], 1 - decay)
                else:
                    value.copy_(now[name])

    def _set_rate(self, epoch: float) -> None:
        rate = self.recipe.learning_rate
        if self.recipe.schedule == "cosine":
            rate *= max(0.5 * (1 + np.cos(np.pi * epoch / self.recipe.epochs)), 0.01)
        if self.recipe.warm_up:
            rate *= min(1.0, (epoch + 1e-3) / self.recipe.warm_up)
        for group in self.optimiser.param_groups:
            group["lr"] = float(rate)

    def _watch(self) -> dict[str, float]:
        """Scores on the tiles of other sites."""
        outside = self.checked.out_of_bounds
        counts = np.zeros((outside + 1, outside + 1), np.int64)
        for logits, classes in self.logits():
            counts += confusion(classes, logits.argmax(dim=1).numpy(), outside + 1)
        found = scores(counts, self.checked.names)
        return {
            f"validation_{name}": round(found[name], 5) for name in ("miou", "ring_iou", "miou_two_class")
        }

    def logits(self) -> Iterator[tuple[Tensor, np.ndarray[Any, Any]]]:
        """Logits (n, classes, height, width) of the watched tiles by the averaged network, and truth."""
        self.average.eval()
        with torch.no_grad():
            for first in range(0, len(self.checked), self.recipe.batch):
                part = slice(first, first + self.recipe.batch)
                values = torch.from_numpy(self.checked.values[part].astype(np.float32))[:, None]
                yield self.average.logits(values.to(self.device)).cpu(), self.checked.classes[part]

    def _keep(self, history: list[dict[str, Any]]) -> None:
        temporary = self._checkpoint.with_suffix(".new")
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "steps": self.steps,
            "history": history,
        }
        torch.save(state, temporary)
        temporary.replace(self._checkpoint)

    def _resume(self) -> list[dict[str, Any]]:
        if not self._checkpoint.exists():
            return []
        state = torch.load(self._checkpoint, map_location=self.device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        if state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])
        self.steps = state["steps"]
        return list(state["history"])

    @property
    def _checkpoint(self) -> Path:
        return self.context.workspace / CHECKPOINT
