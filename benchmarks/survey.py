"""Survey: destriping, detection on unseen simulated sites, and the forward filter, each beside a baseline.

``python benchmarks/survey.py [--quick] [--only processing]``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from _harness import measure, report
from _survey_processing import processing

SEEDS = (101, 102, 103)
CELL = 0.125


def detection(seed: int, tiles: int) -> dict[str, float]:
    """Scores of the shipped model on simulated sites that it has not seen."""
    from vestige.contract import Context, Inputs
    from vestige.survey.learning.dataset import make_dataset
    from vestige.survey.learning.evaluation import evaluate
    from vestige.survey.mapping.model import load_model, shipped_model
    from vestige.survey.recipe import DatasetRecipe, EvaluateRecipe

    model = load_model(shipped_model())
    with tempfile.TemporaryDirectory() as folder:
        recipe = DatasetRecipe(
            tiles=tiles, sites=tiles, pixels=128, cell=model.pixel_m, test=0.9, validation=0.0
        )
        context = Context(Path(folder, "a"), Path(folder, "b"), seed=seed)
        dataset = make_dataset(Inputs({}), recipe, context).products[0]
        scored = evaluate(
            Inputs({"dataset": [dataset]}),
            EvaluateRecipe(split="all"),
            Context(Path(folder, "c"), Path(folder, "d")),
        )
    return dict(scored.measurements)


def forward(side: int) -> float:
    """Hectares of ground whose field is computed in a second, at 0.125 m."""
    from vestige.survey import Gradiometer, Layer, gradient

    ground = np.random.default_rng(0).random((side, side), dtype=np.float32)
    gradient([Layer(ground, 0.3, 0.6)], CELL, Gradiometer())
    start = time.perf_counter()
    for _ in range(3):
        gradient([Layer(ground, 0.3, 0.6)], CELL, Gradiometer())
    return 3 * (side * CELL) ** 2 / 1e4 / (time.perf_counter() - start)


def against_prisms() -> dict[str, float]:
    """The filter's error against harmonica's prisms (rms, percent), and the prisms' hectares a second."""
    import harmonica

    from vestige.survey import Gradiometer, Layer, gradient

    side, instrument = 160, Gradiometer(declination=40.0)
    rows, columns = np.mgrid[:side, :side]
    ring = np.abs(np.hypot(columns - side / 2, rows - side / 2) * CELL - 4) < 0.6
    ground = ring.astype(np.float32) * np.float32(1e-3)
    row, column = np.nonzero(ring)
    edge = np.ones(row.size)
    bounds = np.column_stack(
        [
            (column - 0.5) * CELL,
            (column + 0.5) * CELL,
            -(row + 0.5) * CELL,
            -(row - 0.5) * CELL,
            -0.9 * edge,
            -0.35 * edge,
        ]
    )
    strength = 1e-3 * instrument.field * 1e-9 / (4e-7 * np.pi)
    magnetisation = tuple(strength * part * edge for part in np.array(instrument.direction()) * (1, 1, -1))
    at = np.mgrid[40:120:4, 40:120:4]
    expected, seconds = np.zeros(at.shape[1:]), 0.0
    for repeat in range(2):  # the first call compiles
        expected[:] = 0
        start = time.perf_counter()
        for sign, height in ((1, instrument.height), (-1, instrument.height + instrument.separation)):
            places = at[1].ravel() * CELL, -at[0].ravel() * CELL, np.full(at[0].size, height)
            up = harmonica.prism_magnetic(places, bounds, magnetisation, field="b")[2]
            expected -= sign * up.reshape(expected.shape)
        seconds = time.perf_counter() - start if repeat else 0.0
    found = gradient([Layer(ground, 0.35, 0.9)], CELL, instrument, padding=60)[at[0], at[1]]
    error = np.sqrt(np.mean((found - expected) ** 2) / np.mean(expected**2))
    return {"error": 100 * float(error), "hectares": at[0].size * CELL**2 / 1e4 / seconds}


def mapping(side: float) -> float:
    """Hectares that `run` takes from file to polygons in a minute."""
    from vestige.contract import Budget, Context, Inputs
    from vestige.survey.forward.simulate import make
    from vestige.survey.pipeline import run
    from vestige.survey.recipe import RunRecipe, SceneRecipe

    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        site.mkdir()
        capture = make(SceneRecipe(width=side, height=side, cell=0.5, missing=0.0), site, 1)
        start = time.perf_counter()
        context = Context(Path(folder, "w"), Path(folder, "o"), budget=Budget(cores=2))
        run(Inputs({"capture": [capture]}), RunRecipe(), context)
        return side**2 / 1e4 / ((time.perf_counter() - start) / 60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer seeds and tiles")
    parser.add_argument("--only", choices=["processing"], help="this part and no other")
    arguments = parser.parse_args()
    quick = arguments.quick
    seeds = SEEDS[:1] if quick else SEEDS

    if arguments.only in (None, "processing"):
        processing()
    if arguments.only == "processing":
        return

    rows: list[list[Any]] = []
    for seed in seeds:
        found = measure(f"seed {seed}", detection, seed, 30 if quick else 90)
        value = found.value or {}
        rows.append(
            [
                f"shipped model, seed {seed}",
                value.get("miou"),
                value.get("miou_two_class"),
                value.get("ring_iou"),
                found.seconds,
                found.peak_mib,
            ]
        )
        rows.append(
            [f"nothing but background, seed {seed}", value.get("trivial_miou"), None, 0.0, None, None]
        )
    report(
        "survey",
        ["answer", "mIoU", "two-class mIoU", "ring IoU", "seconds", "peak MiB"],
        rows,
        part="detection on unseen sites",
        tiles=30 if quick else 90,
    )

    speed, prisms = measure("filter", forward, 512 if quick else 1024), measure("prisms", against_prisms)
    value = prisms.value or {}
    rows = [
        ["filter (ours)", speed.value, value.get("error"), speed.peak_mib],
        ["prisms (harmonica)", value.get("hectares"), 0.0, prisms.peak_mib],
    ]
    report(
        "survey",
        ["forward model", "ha a second", "rms error against prisms, %", "peak MiB"],
        rows,
        part="forward model",
        cell=CELL,
    )

    found = measure("run", mapping, 100.0 if quick else 300.0)
    rows = [["run: file to polygons", found.value, found.seconds, found.peak_mib]]
    report("survey", ["operation", "ha a minute", "seconds", "peak MiB"], rows, part="run", cores=2)


if __name__ == "__main__":
    main()
