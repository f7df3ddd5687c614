"""Datasets of training tiles on disk: an index, and shards of arrays."""

from __future__ import annotations

import csv
import io
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import InputError
from vestige.survey.learning.tiles import draw_priors, simulate_tile
from vestige.survey.recipe import DatasetRecipe

__all__ = ["Dataset", "load_dataset", "make_dataset"]

INDEX = "index.csv"
COLUMNS = (
    "tile", "shard", "row", "site", "split", "cell_m", "rings", "feature_share",
    "traverse_m", "reading_m", "sensor", "noise_nt", "stripes_nt",
)  # fmt: skip
#: Tiles a shard: one part of a run, one file.
SHARD = 64


@dataclass(frozen=True)
class Dataset:
    """Tiles of one split: `values` float16 (tile, height, width) in nT, NaN where not surveyed; `classes`
    uint8.
    """

    values: NDArray[np.float16]
    classes: NDArray[np.uint8]
    sites: NDArray[np.int64]
    cell_m: float
    names: tuple[str, ...] = ("no-feature", "feature", "out-of-bounds")


def make_dataset(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Simulate tiles, shard by shard, over the cores granted."""
    chosen = DatasetRecipe.model_validate(recipe.model_dump())
    folder = context.output / "dataset"
    folder.mkdir(parents=True, exist_ok=True)
    shards = [range(first, min(first + SHARD, chosen.tiles)) for first in range(0, chosen.tiles, SHARD)]
    with _workers(min(context.budget.cores, len(shards))) as simulate:

        def shard(number: int) -> list[dict[str, Any]]:
            path = folder / f"shard_{number:04d}.npz"
            rows: list[dict[str, Any]] = simulate(chosen, context.seed, shards[number], path)
            return rows

        rows = [
            row for part in context.map("shard", shard, range(len(shards)), label="tiles") for row in part
        ]
    _write_index(folder / INDEX, rows)
    shares = [row["feature_share"] for row in rows]
    return Outcome(
        [Product("dataset", Kind.TABLE, folder, {"tiles": len(rows), "pixel_m": chosen.cell})],
        {
            "tiles": len(rows),
            "sites": len({row["site"] for row in rows}),
            "mean_feature_share": round(float(np.mean(shares)), 4),
            **{
                f"tiles_{split}": sum(row["split"] == split for row in rows)
                for split in ("train", "validation", "test")
            },
        },
        [_contact_sheet(folder / "shard_0000.npz")],
    )


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
    """Simulate the tiles of a shard and write them; returns their lines of the index."""
    values = np.empty((len(tiles), recipe.pixels, recipe.pixels), np.float16)
    classes = np.empty(values.shape, np.uint8)
    rows = []
    for row, tile in enumerate(tiles):
        site = tile * recipe.sites // recipe.tiles if recipe.sites < recipe.tiles else tile
        made = simulate_tile(recipe, seed, site, tile)
        values[row], classes[row] = made.values, made.classes
        priors = draw_priors(
            np.random.default_rng([seed, recipe.seed, site]), tuple(recipe.kinds), recipe.noise
        )
        surveyed = max(int((made.classes < 2).sum()), 1)
        rows.append(
            {
                "tile": tile,
                "shard": path.name,
                "row": row,
                "site": site,
                "split": _split(recipe, site),
                "cell_m": recipe.cell,
                "rings": made.rings,
                "feature_share": round(float((made.classes == 1).sum() / surveyed), 5),
                "traverse_m": priors.plan.traverse_interval,
                "reading_m": priors.plan.reading_interval,
                "sensor": priors.instrument.sensor,
                "noise_nt": round(priors.plan.noise, 4),
                "stripes_nt": round(priors.plan.stripes, 4),
            }
        )
    buffer = io.BytesIO()
    np.savez(buffer, values=values, classes=classes)
    write_atomically(path, buffer.getvalue())
    return rows


def _split(recipe: DatasetRecipe, site: int) -> str:
    """Which split a site belongs to: spread evenly, whatever the number of sites."""
    place = (site * 0.6180339887498949) % 1.0
    if place < recipe.test:
        return "test"
    return "validation" if place < recipe.test + recipe.validation else "train"


def _write_index(path: Path, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def _contact_sheet(shard: Path) -> Picture:
    """The first tiles and their labels."""
    from vestige.survey.pictures import greyscale

    with np.load(shard) as arrays:
        values, classes = arrays["values"][:6].astype(np.float32), arrays["classes"][:6]
    top = np.hstack([greyscale(tile) for tile in values])
    labels = np.array([[40, 40, 44], [240, 160, 40], [208, 208, 208]], np.uint8)
    return Picture("Tiles and their labels", np.vstack([top, np.hstack([labels[tile] for tile in classes])]))


def load_dataset(folder: Path, *splits: str) -> Dataset:
    """Load the tiles of some splits (all where none is named).

    Raises
    ------
    InputError : no dataset, a shard is missing or damaged, or no tile is in the splits.

    >>> load_dataset(Path("none"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none/index.csv cannot be read (No such file or directory); expected a
    dataset...
    """
    rows = [row for row in _index(folder) if not splits or row["split"] in splits]
    if not rows:
        raise InputError(
            folder, f"holds no tile of {' or '.join(splits) or 'any split'}", "tiles", "make more sites"
        )
    by_shard: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_shard.setdefault(row["shard"], []).append(row)
    values, classes, sites = [], [], []
    for name, members in by_shard.items():
        numbers = [int(row["row"]) for row in members]
        found = _shard(folder / Path(name).name, max(numbers) + 1)
        values.append(found[0][numbers])
        classes.append(found[1][numbers])
        sites += [int(row["site"]) for row in members]
    if len({part.shape[1:] for part in values}) > 1:
        raise InputError(folder, "holds tiles of several sizes", "one size")
    return Dataset(
        np.concatenate(values), np.concatenate(classes), np.asarray(sites), float(rows[0]["cell_m"])
    )


def _index(folder: Path) -> list[dict[str, str]]:
    path = folder / INDEX
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            path, f"cannot be read ({reason})", "a dataset made by vestige survey dataset"
        ) from None
    fits = rows and all(
        set(COLUMNS[:6]) <= set(row) and str(row["row"]).isdecimal() and str(row["site"]).isdecimal()
        for row in rows
    )
    if not fits:
        raise InputError(
            path, "is no index of tiles", "a dataset made by vestige survey dataset", "make it again"
        )
    return rows


def _shard(path: Path, least: int) -> tuple[NDArray[np.float16], NDArray[np.uint8]]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            values, classes = arrays["values"], arrays["classes"]
    except Exception as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            path, f"cannot be read ({reason})", "a shard of tiles", "make the dataset again"
        ) from None
    if values.ndim != 3 or values.shape != classes.shape or len(values) < least or classes.max(initial=0) > 2:
        raise InputError(path, f"holds tiles {values.shape}", f"{least} tiles or more with their classes")
    return values, classes
