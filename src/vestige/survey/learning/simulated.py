"""Simulated tiles, shard by shard over the cores granted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from vestige.contract import Context, Inputs
from vestige.survey.learning.dataset import write_shard
from vestige.survey.learning.made import Made
from vestige.survey.learning.splits import splits_of
from vestige.survey.learning.tiles import draw_priors, simulate_tile
from vestige.survey.recipe import DatasetRecipe

__all__ = ["make_tiles"]

#: Tiles a shard: one part of a run, one file.
SHARD = 64


def make_tiles(inputs: Inputs, recipe: DatasetRecipe, folder: Path, context: Context) -> Made:
    """Simulate all tiles into `folder`; nothing is taken from `inputs`."""
    shards = [range(first, min(first + SHARD, recipe.tiles)) for first in range(0, recipe.tiles, SHARD)]
    sites = min(recipe.sites, recipe.tiles)
    splits = splits_of(sites if recipe.split_by == "site" else recipe.tiles, recipe.validation, recipe.test)
    with _workers(min(context.budget.cores, len(shards))) as simulate:

        def shard(number: int) -> list[dict[str, Any]]:
            path = folder / f"shard_{number:04d}.npz"
            made: list[dict[str, Any]] = simulate(recipe, context.seed, shards[number], path)
            return made

        parts = context.map("shard", shard, range(len(shards)), label="tiles")
        rows = [row for part in parts for row in part]
    for row in rows:
        row["split"] = splits[row["site"] if recipe.split_by == "site" else row["tile"]]
    return Made(rows, notes=[f"seed {context.seed}, and {recipe.seed} added; noise times {recipe.noise:g}"])


@contextmanager
def _workers(cores: int) -> Iterator[Any]:
    """A function that simulates a shard, here or in one of several processes."""
    if cores == 1:
        yield _simulate_shard
        return
    method = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(cores, mp_context=method) as pool:
        yield lambda *arguments: pool.submit(_simulate_shard, *arguments).result()


def _simulate_shard(recipe: DatasetRecipe, seed: int, tiles: range, path: Path) -> list[dict[str, Any]]:
    """Simulate the tiles of a shard and write them; returns their lines of the index, less the split."""
    values = np.empty((len(tiles), recipe.pixels, recipe.pixels), np.float16)
    classes = np.empty(values.shape, np.uint8)
    rows = []
    for row, tile in enumerate(tiles):
        site = tile * recipe.sites // recipe.tiles if recipe.sites < recipe.tiles else tile
        made = simulate_tile(recipe, seed, site, tile)
        values[row], classes[row] = made.values, made.classes
        random = np.random.default_rng([seed, recipe.seed, site])
        priors = draw_priors(random, tuple(recipe.kinds), recipe.noise)
        surveyed = made.classes <= len(recipe.labels)
        rows.append(
            {
                "tile": tile,
                "shard": path.name,
                "row": row,
                "site": site,
                "cell_m": recipe.cell,
                "rings": made.rings,
                "feature_share": round(
                    float((made.classes[surveyed] > 0).sum()) / max(int(surveyed.sum()), 1), 5
                ),
                "traverse_m": priors.plan.traverse_interval,
                "reading_m": priors.plan.reading_interval,
                "sensor": priors.instrument.sensor,
                "noise_nt": round(priors.plan.noise, 4),
                "stripes_nt": round(priors.plan.stripes, 4),
                "ground": priors.kind.name,
            }
        )
    write_shard(path, values, classes)
    return rows
