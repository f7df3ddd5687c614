"""magnet-benchmark: the Mag-Net paper's recipe and ours on the same simulated tiles. A proxy: no real ground.

``python benchmarks/survey_learning.py --folder DIR [--quick | --full] [--device cuda] [--rows WORD]``

150 tiles of several simulated sites, a ring ditch on the middle of each, 90/45/15 by site; scores are of
tiles of other, unseen sites of the same kinds of ground. Without a word: one seed, 30 epochs. ``--full`` is
the whole table (5 seeds, 100 epochs), meant for a GPU; ``--quick`` only shows that it runs. What stands in
DIR is not done again: the same command goes on where it was stopped, and rows that were not run say so.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _harness import report

from vestige.contract import Budget, Context, Inputs, Kind, Product
from vestige.errors import VestigeError

NOT_RUN = "not run"
#: Seeds of the tiles that all are trained on, of those that all are scored on, and of the ceiling's.
TRAINED, UNSEEN, CEILING = 1, 2, 3
#: What `label_error` makes of the labels in the rows 'messy' (m): a hand that drew the surroundings too.
MESSY = 1.0
#: Ground that the benchmark does not have: a pretrained network has not seen its kinds.
OTHERS = ["arable", "sand", "loess", "alluvium", "till", "settlement"]


@dataclass(frozen=True)
class Scale:
    """How much is done: seeds, epochs of each training, tiles scored, tiles simulated for ours."""

    seeds: int
    epochs: int
    unseen: int
    many: int
    many_epochs: int


@dataclass(frozen=True)
class Row:
    """One contender: its recipe, the labels it is given, and what it starts from."""

    name: str
    preset: str
    tiles: str = "clean"
    labels: int = 90
    pretrained: bool = False
    settings: tuple[tuple[str, Any], ...] = ()


def rows() -> Iterator[Row]:
    """The table, in the order of the paper's, then ours."""
    plain = (("copies", 0),)
    for kind, tiles, settings in (
        ("messy labels", "messy", plain),
        ("clean labels", "clean", plain),
        ("clean labels + zoom and pan", "clean", ()),
    ):
        for network in ("unet", "resunet"):
            yield Row(
                f"paper, {network}, {kind}", "magnet-2020", tiles, settings=(("network", network), *settings)
            )
    yield Row("magnet", "magnet", settings=(("batch", 8), ("augment", True)))
    tuned = (("batch", 8), ("augment", True), ("learning_rate", 5e-4))
    for labels in (10, 30, 90):
        yield Row(
            f"magnet, pretrained, {labels} labels", "magnet", "clean", labels, pretrained=True, settings=tuned
        )
    yield Row("magnet, pretrained, no label", "magnet", "others")
    yield Row("magnet, ceiling (many tiles)", "magnet", "many")


class Bench:
    """Makes what is missing in a folder, and reads what is there."""

    def __init__(self, folder: Path, scale: Scale, device: str, noise: float) -> None:
        self.folder, self.scale, self.noise = folder, scale, noise
        cores = os.cpu_count() or 2
        self.budget = Budget(cores=cores, bytes=16 * 2**30, device=device)

    def tiles(self, name: str) -> Product:
        """A dataset of the benchmark, made once."""
        from vestige.survey.learning.dataset import make_dataset
        from vestige.survey.recipe import DatasetRecipe

        many = {"tiles": self.scale.many, "sites": self.scale.many, "validation": 0.05, "test": 0.0}
        seed, values = {
            "clean": (TRAINED, {}),
            "messy": (TRAINED, {"label_error": MESSY}),
            "unseen": (UNSEEN, {"tiles": self.scale.unseen, "sites": self.scale.unseen}),
            "many": (CEILING, many),
            "others": (CEILING, many | {"kinds": OTHERS, "centred": False}),
        }[name]
        folder = self.folder / f"tiles-{name}-{values.get('tiles', 150)}-noise-{self.noise:g}"
        target = folder / "dataset"
        if not (folder / "done").exists():
            recipe = DatasetRecipe.make("magnet-benchmark", values={"noise": self.noise, **values})
            context = Context(folder / "work", folder, budget=Budget(cores=self.budget.cores), seed=seed)
            make_dataset(Inputs({}), recipe, context)
            (folder / "done").touch()
        return Product("dataset", Kind.TABLE, target)

    def scored(self, row: Row, seed: int) -> dict[str, float]:
        """The scores of one training on unseen sites, from the folder where they are there."""
        folder = self.place(row, seed)
        found = folder / "scores.json"
        if not found.exists():
            from vestige.survey.learning.evaluation import evaluate
            from vestige.survey.recipe import EvaluateRecipe

            model = Product("model", Kind.MODEL, self._model(row, seed))
            context = Context(folder / "evaluation", budget=self.budget)
            given = {"dataset": [self.tiles("unseen")], "model": [model]}
            outcome = evaluate(Inputs(given), EvaluateRecipe(split="all"), context)
            found.write_text(json.dumps(outcome.measurements))
        return dict(json.loads(found.read_text()))

    def _model(self, row: Row, seed: int) -> Path:
        from vestige.survey.learning.training import train
        from vestige.survey.recipe import TrainRecipe

        folder = self.place(row, seed)
        if not (folder / "out" / "model.onnx").exists():
            tiles = self.tiles(row.tiles)
            if row.labels < 90:
                tiles = first_labels(tiles, row.labels, folder / "labels")
            many = row.tiles in ("many", "others")
            epochs = self.scale.many_epochs if many else self.scale.epochs
            recipe = TrainRecipe.make(row.preset, values={**dict(row.settings), "epochs": epochs})
            context = Context(folder / "work", folder / "out", budget=self.budget, seed=seed, progress=tell)
            given = {"dataset": [tiles]}
            if row.pretrained:
                start = next(other for other in rows() if other.tiles == "others")
                given["model"] = [Product("model", Kind.MODEL, self._model(start, seed))]
            train(Inputs(given), recipe, context)
        return folder / "out" / "model.onnx"

    def place(self, row: Row, seed: int) -> Path:
        """Where a training of a row stands."""
        many = row.tiles in ("many", "others")
        epochs = self.scale.many_epochs if many else self.scale.epochs
        name = "".join(letter if letter.isalnum() else "-" for letter in row.name)
        size = f"-{self.scale.many}-tiles" if many or row.pretrained else ""
        return self.folder / f"{name}{size}-{epochs}-epochs-noise-{self.noise:g}-seed-{seed}"


def tell(done: float, total: float, label: str) -> None:
    print(f"\r  {label} {done:g} of {total:g}   ", end="", file=sys.stderr, flush=True)


def first_labels(dataset: Product, labels: int, folder: Path) -> Product:
    """The dataset with so many tiles to train on; those that are watched stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in dataset.path.iterdir():
        if path.name != "index.csv":
            (folder / path.name).write_bytes(path.read_bytes())
    with (dataset.path / "index.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    train = [line for line in lines if line["split"] == "train"]
    step = len(train) / labels
    kept = [train[int(number * step)] for number in range(labels)]
    kept += [line for line in lines if line["split"] != "train"]
    with (folder / "index.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    return Product("dataset", Kind.TABLE, folder)


COLUMNS = ("miou", "miou_two_class", "ring_iou", "boundary_f1", "object_f1", "ece", "ece_near_features")


def spread(values: list[float]) -> str:
    """All seeds: their mean, and from least to largest where there are several."""
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.mean(values):.3f} ({min(values):.3f}..{max(values):.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where tiles, models and scores are kept")
    parser.add_argument("--quick", action="store_true", help="few tiles, two epochs: shows that it runs")
    parser.add_argument("--full", action="store_true", help="5 seeds, 100 epochs, 5,000 tiles: for a GPU")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rows", default="", help="only rows whose name holds this; the others: as found")
    parser.add_argument("--noise", type=float, default=1.0, help="factor on noise, stripes and topsoil")
    parser.add_argument("--show", action="store_true", help="train nothing, print what is there")
    chosen = parser.parse_args()
    scale = Scale(1, 30, 200, 1000, 10)
    if chosen.full:
        scale = Scale(5, 100, 300, 5000, 40)
    if chosen.quick:
        scale = Scale(1, 2, 20, 40, 2)
    bench = Bench(chosen.folder, scale, chosen.device, chosen.noise)
    table: list[list[Any]] = []
    rings: dict[str, float] = {}
    trivial: float | None = None
    for row in rows():
        wanted = not chosen.show and chosen.rows in row.name
        found = [scores for seed in range(scale.seeds) if (scores := _scores(bench, row, seed, train=wanted))]
        if found:
            trivial = found[0]["trivial_miou"]
            rings[row.name] = statistics.mean(scores["ring_iou"] for scores in found)
        cells = [spread([scores[name] for scores in found]) if found else NOT_RUN for name in COLUMNS]
        table.append([row.name, len(found), *cells])
    table.append(["nothing but background", "", spread([trivial]) if trivial else NOT_RUN, *[""] * 6])
    report(
        "survey_learning",
        ["a proxy: simulated tiles", "seeds", *COLUMNS],
        table,
        part="magnet-benchmark",
        epochs=scale.epochs,
        noise=chosen.noise,
        unseen=scale.unseen,
        **_bars(rings),
    )


def _scores(bench: Bench, row: Row, seed: int, *, train: bool) -> dict[str, float] | None:
    if not train and not (bench.place(row, seed) / "scores.json").exists():
        return None
    print(f"{row.name}, seed {seed}", file=sys.stderr)
    try:
        return bench.scored(row, seed)
    except VestigeError as error:
        print(f"  {error}", file=sys.stderr)
        return None


def _bars(rings: dict[str, float]) -> dict[str, str]:
    """Ring error against the paper's best recipe, and how much of the gap to the ceiling is closed."""
    paper = max((value for name, value in rings.items() if "zoom and pan" in name), default=None)
    ours, ceiling = rings.get("magnet"), rings.get("magnet, ceiling (many tiles)")
    if paper is None or ours is None:
        return {"ring_error": NOT_RUN, "gap_closed": NOT_RUN}
    error = f"{100 * (1 - (1 - ours) / (1 - paper)):.0f} % below the paper's"
    if ceiling is None or ceiling <= paper:
        return {"ring_error": error, "gap_closed": NOT_RUN}
    return {"ring_error": error, "gap_closed": f"{100 * (ours - paper) / (ceiling - paper):.0f} %"}


if __name__ == "__main__":
    main()
