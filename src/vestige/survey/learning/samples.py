"""The tiles that a network is trained on: of one dataset or several, padded, copied, turned over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.errors import BudgetError, InputError, UsageError
from vestige.survey.learning.augmentation import mirror_east_west, zoom_and_pan
from vestige.survey.learning.dataset import Dataset, load_dataset
from vestige.survey.mapping.model import CLASSES
from vestige.survey.recipe import TrainRecipe

__all__ = ["Samples", "augmented", "checked_budget", "padded", "samples_of", "with_copies"]

#: Between the site numbers of two datasets: their sites are never the same.
APART = 1_000_000


@dataclass(frozen=True)
class Samples:
    """Tiles of one size: `values` float16 (tile, height, width) in nT, NaN where not surveyed; `classes`
    uint8, named by `names`, the last one out of bounds; `sites` and `cells` (m) of each tile.
    """

    values: NDArray[np.float16]
    classes: NDArray[np.uint8]
    sites: NDArray[np.int64]
    cells: NDArray[np.float64]
    names: tuple[str, ...] = CLASSES

    @property
    def out_of_bounds(self) -> int:
        """The class of what was not surveyed."""
        return len(self.names) - 1

    def __len__(self) -> int:
        return len(self.values)

    def chosen(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Samples:
        """Some of the tiles."""
        return Samples(
            self.values[which], self.classes[which], self.sites[which], self.cells[which], self.names
        )


def samples_of(folders: Sequence[Path], recipe: TrainRecipe, multiple: int) -> tuple[Samples, Samples]:
    """Tiles to train on and tiles to watch, of all datasets together.

    With ``recipe.folds`` the sites of both splits are dealt to folds, and fold ``recipe.fold`` is watched:
    the models of all folds have then seen every site but their own.

    Raises
    ------
    InputError : a dataset cannot be read, or no site is left to train on or to watch.
    """
    splits = ("train", "validation")
    if not recipe.folds:
        first, second = (_joined([load_dataset(folder, split) for folder in folders]) for split in splits)
        return padded(first, multiple), padded(second, multiple)
    tiles = padded(_joined([load_dataset(folder, *splits) for folder in folders]), multiple)
    sites = np.unique(tiles.sites)
    held = np.isin(tiles.sites, sites[np.arange(len(sites)) % recipe.folds == recipe.fold])
    if not held.any() or held.all():
        raise InputError(
            folders[0],
            f"has {len(sites)} sites for {recipe.folds} folds",
            "a site or more in each fold",
            "make more sites, or fewer folds",
        )
    return tiles.chosen(~held), tiles.chosen(held)


def _joined(datasets: Sequence[Dataset]) -> Samples:
    """All tiles, the smaller ones in a frame of what was not surveyed."""
    names = datasets[0].names
    if any(dataset.names != names for dataset in datasets):
        raise UsageError("the datasets name different classes; expected the same in all of them")
    side = max(max(dataset.values.shape[1:]) for dataset in datasets)
    framed = [_framed(dataset, side) for dataset in datasets] if len(datasets) > 1 else datasets
    return Samples(
        np.concatenate([dataset.values for dataset in framed]),
        np.concatenate([dataset.classes for dataset in framed]),
        np.concatenate([dataset.sites + number * APART for number, dataset in enumerate(framed)]),
        np.concatenate([np.full(len(dataset.values), dataset.cell_m) for dataset in framed]),
        names,
    )


def _framed(dataset: Dataset, side: int) -> Dataset:
    values, classes = _edged(dataset.values, dataset.classes, (side, side), dataset.out_of_bounds)
    return Dataset(values, classes, dataset.sites, dataset.cell_m, dataset.labels)


def padded(samples: Samples, multiple: int) -> Samples:
    """The tiles with sides that are multiples of `multiple`: what is added was not surveyed.

    >>> tile = np.zeros((1, 244, 244), np.float16)
    >>> padded(Samples(tile, tile.astype(np.uint8), np.zeros(1, int), np.ones(1)), 16).values.shape
    (1, 256, 256)
    """
    height, width = (-(-side // multiple) * multiple for side in samples.values.shape[1:])
    values, classes = _edged(samples.values, samples.classes, (height, width), samples.out_of_bounds)
    return Samples(values, classes, samples.sites, samples.cells, samples.names)


def _edged(
    values: NDArray[np.float16], classes: NDArray[np.uint8], sides: tuple[int, int], outside: int
) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    added = [wanted - had for wanted, had in zip(sides, values.shape[1:], strict=True)]
    edge = [(0, 0), *((total // 2, total - total // 2) for total in added)]
    return (
        np.pad(values, edge, constant_values=np.float16(np.nan)),
        np.pad(classes, edge, constant_values=outside),
    )


def with_copies(samples: Samples, copies: int, random: np.random.Generator) -> Samples:
    """The tiles and `copies` of them, zoomed and panned once for all, as the Mag-Net paper added 300.

    >>> tiles = Samples(np.zeros((2, 32, 32), np.float16), np.zeros((2, 32, 32), np.uint8),
    ...     np.arange(2), np.ones(2))
    >>> len(with_copies(tiles, 5, np.random.default_rng(0)))
    7
    """
    if not copies:
        return samples
    which = np.resize(random.permutation(len(samples)), copies)
    values, classes = zoom_and_pan(samples.values[which].astype(np.float32), samples.classes[which], random)
    numbers = np.concatenate([np.arange(len(samples)), which])
    return Samples(
        np.concatenate([samples.values, values.astype(np.float16)]),
        np.concatenate([samples.classes, classes]),
        samples.sites[numbers],
        samples.cells[numbers],
        samples.names,
    )


def augmented(
    values: NDArray[np.float32], classes: NDArray[np.uint8], recipe: TrainRecipe, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """A batch as the network sees it this time: zoomed, panned, and half of it mirrored from east to west.

    East and west alone may change places on measured data (`mirror_east_west`). The strength is drawn anew
    too: the contrast of a ditch is a matter of its soil.
    """
    if recipe.augment:
        values, classes = zoom_and_pan(values, classes, random)
    if recipe.flips:
        turned = random.random(len(values)) < 0.5
        values, classes = values.copy(), classes.copy()
        values[turned], classes[turned] = mirror_east_west(values[turned], classes[turned])
    if recipe.strength > 1:
        reach = np.log(recipe.strength)
        values = values * np.exp(random.uniform(-reach, reach, (len(values), 1, 1))).astype(np.float32)
    return values, classes


def checked_budget(samples: Samples, working: int) -> None:
    """Refuse tiles that do not fit into the memory granted.

    Raises
    ------
    BudgetError : they do not.
    """
    count, height, width = samples.values.shape
    if 6 * samples.values.nbytes > working:
        raise BudgetError(
            f"{count} tiles of {height} x {width} pixels do not fit into the memory granted: "
            "grant more, or make a smaller dataset"
        )
