"""A small dataset without physics: discs of a few nT, so that a tiny network learns something."""

import csv

import numpy as np
import pytest

from vestige.contract import Budget, Context, Kind, Product
from vestige.survey.learning.dataset import COLUMNS


@pytest.fixture
def context(tmp_path):
    def make(name="run", **options):
        folder = tmp_path / name
        return Context(folder / "work", folder / "out", budget=Budget(cores=1), seed=1, **options)

    return make


def written(folder, *, pixels=32, cell=0.25, tiles=12, seed=0):
    """A dataset on disk: tiles of 6 sites, the last two of which are watched."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:pixels, :pixels]
    centres = random.uniform(10, pixels - 10, (tiles, 2))
    classes = np.stack([(np.hypot(rows - y, columns - x) < 6).astype(np.uint8) for y, x in centres])
    values = (3 * classes + random.normal(0, 0.4, classes.shape)).astype(np.float16)
    values[:, :3], classes[:, :3] = np.nan, 2
    np.savez(folder / "shard_0000.npz", values=values, classes=classes)
    with (folder / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        for tile in range(tiles):
            line = dict.fromkeys(COLUMNS, 0)
            split = "train" if tile % 6 < 4 else "validation"
            line.update(tile=tile, shard="shard_0000.npz", row=tile, site=tile % 6, split=split, cell_m=cell)
            writer.writerow(line)
    return Product("dataset", Kind.TABLE, folder)


@pytest.fixture(scope="session")
def discs(tmp_path_factory):
    return written(tmp_path_factory.mktemp("discs") / "dataset")


@pytest.fixture(scope="session")
def fine_discs(tmp_path_factory):
    return written(tmp_path_factory.mktemp("fine") / "fine", pixels=48, cell=0.125, seed=1)
