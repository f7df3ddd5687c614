"""Datasets of training tiles on disk: an index, a card, and shards of arrays."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import InputError, UsageError
from vestige.survey.learning.splits import SPLITS
from vestige.survey.mapping.model import CLASSES
from vestige.survey.recipe import DatasetRecipe

__all__ = ["Dataset", "load_dataset", "make_dataset", "write_shard"]

INDEX, ABOUT, CARD = "index.csv", "dataset.json", "README.md"
COLUMNS = (
    "tile", "shard", "row", "site", "split", "cell_m", "rings", "feature_share",
    "traverse_m", "reading_m", "sensor", "noise_nt", "stripes_nt", "ground",
)  # fmt: skip
#: Colours of labels on the contact sheet: no feature, then one for each label in turn.
COLOURS = [(40, 40, 44), (240, 160, 40), (70, 160, 240), (120, 200, 90), (220, 90, 160), (180, 140, 255)]


@dataclass(frozen=True)
class Dataset:
    """Tiles of one split: `values` float16 (tile, height, width) in nT, NaN where not surveyed; `classes`
    uint8: 0 no feature, 1.. as `labels`, then out of bounds.
    """

    values: NDArray[np.float16]
    classes: NDArray[np.uint8]
    sites: NDArray[np.int64]
    cell_m: float
    labels: tuple[str, ...] = ("ring",)

    @property
    def out_of_bounds(self) -> int:
        """The class of what was not surveyed."""
        return len(self.labels) + 1

    @property
    def names(self) -> tuple[str, ...]:
        """The classes by their value; rings alone are the paper's 'feature'."""
        return CLASSES if self.labels == ("ring",) else (CLASSES[0], *self.labels, CLASSES[-1])


def make_dataset(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Tiles with labels: simulated, or cut from surveys and the labels that people drew on them."""
    from vestige.survey.learning import labelled, simulated
    from vestige.survey.learning.card import card_of

    chosen = DatasetRecipe.model_validate(recipe.model_dump())
    surveyed = bool(inputs.captures() or inputs.products("grid"))
    if surveyed != bool(inputs.products("features")):
        raise UsageError(
            "a dataset of real tiles needs surveys (capture or grid) and features: name both, or neither"
        )
    folder = context.output / "dataset"
    folder.mkdir(parents=True, exist_ok=True)
    made = (labelled if surveyed else simulated).make_tiles(inputs, chosen, folder, context)
    _write_index(folder / INDEX, made.rows)
    write_atomically(folder / ABOUT, (json.dumps({"labels": chosen.labels}) + "\n").encode())
    card = card_of(
        made.rows,
        chosen.labels,
        split_by=chosen.split_by,
        licence=chosen.licence or ("" if surveyed else "CC0-1.0"),
        sources=made.sources,
        notes=made.notes,
    )
    write_atomically(folder / CARD, card.encode())
    shares = [row["feature_share"] for row in made.rows]
    return Outcome(
        [Product("dataset", Kind.TABLE, folder, {"tiles": len(made.rows), "pixel_m": chosen.cell})],
        {
            "tiles": len(made.rows),
            "sites": len({row["site"] for row in made.rows}),
            "mean_feature_share": round(float(np.mean(shares)), 4),
            **{f"tiles_{split}": sum(row["split"] == split for row in made.rows) for split in SPLITS},
            **made.measured,
        },
        [_contact_sheet(folder / str(made.rows[0]["shard"]), len(chosen.labels))],
    )


def write_shard(path: Path, values: NDArray[np.float16], classes: NDArray[np.uint8]) -> None:
    """Write tiles (tile, height, width) and their classes as one file; the same tiles give the same bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, values=values, classes=classes)
    write_atomically(path, buffer.getvalue())


def _write_index(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def _contact_sheet(shard: Path, labels: int) -> Picture:
    """The first tiles and their labels."""
    from vestige.survey.pictures import greyscale

    with np.load(shard) as arrays:
        values, classes = arrays["values"][:6].astype(np.float32), arrays["classes"][:6]
    colours = [COLOURS[0], *(COLOURS[1 + number % 5] for number in range(labels)), (208, 208, 208)]
    top = np.hstack([greyscale(tile) for tile in values])
    shown = np.array(colours, np.uint8)
    return Picture("Tiles and their labels", np.vstack([top, np.hstack([shown[tile] for tile in classes])]))


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
    labels = _labels(folder)
    found_classes = np.concatenate(classes)
    if found_classes.max(initial=0) > len(labels) + 1:
        raise InputError(
            folder, f"holds the class {found_classes.max()}", f"at most {len(labels) + 1}", "make it again"
        )
    return Dataset(np.concatenate(values), found_classes, np.asarray(sites), float(rows[0]["cell_m"]), labels)


def _labels(folder: Path) -> tuple[str, ...]:
    """What the classes mean, from 1 on; tiles made before they could mean anything else are of rings."""
    path = folder / ABOUT
    if not path.exists():
        return ("ring",)
    try:
        return tuple(str(name) for name in json.loads(path.read_text(encoding="utf-8"))["labels"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(
            path, "does not say what the classes are", "labels", "make the dataset again"
        ) from None


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
    if values.ndim != 3 or values.shape != classes.shape or len(values) < least:
        raise InputError(path, f"holds tiles {values.shape}", f"{least} tiles or more with their classes")
    return values, classes
