#!/usr/bin/env python3
"""From a raster on disk to polygons: how fast, in how much memory.

    python benchmarks/survey_mapping.py                    # 0.16 km² at 0.125 m, the model that comes along
    python benchmarks/survey_mapping.py --side 1100        # 1.21 km²
    python benchmarks/survey_mapping.py --model trained/model.onnx

The ground is one simulated hectare laid side by side, with fresh noise. Beside the time on the clock stands
the time of the processor: on a machine that others use too, only that one says something.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np


def lay_ground(folder: Path, side: float, cell: float) -> Path:
    """A square raster of `side` m: one simulated hectare, again and again."""
    from vestige.contract import Budget, Context, Inputs
    from vestige.survey import Raster
    from vestige.survey.forward.simulate import make
    from vestige.survey.geotiff import BLOCK, raster_writer, read_window
    from vestige.survey.mapping.source import grid_raster, lay_grid
    from vestige.survey.pipeline import run
    from vestige.survey.recipe import RunRecipe, SceneRecipe

    (folder / "site").mkdir()
    capture = make(SceneRecipe(rings=5, cell=0.25, missing=0.0), folder / "site", 7)
    run(
        Inputs({"capture": [capture]}),
        RunRecipe(),
        Context(folder / "work", folder / "out", budget=Budget(cores=2)),
    )
    hectare = folder / "out" / "processed.tif"
    one = grid_raster(hectare, cell)
    values = read_window(
        lay_grid(hectare, one, folder / "one.tif"), slice(0, one.height), slice(0, one.width)
    )
    count, random, path = round(side / cell), np.random.default_rng(0), folder / "ground.tif"
    raster = Raster(400_000.0, 300_000.0, cell, count, count, "EPSG:27700")
    with raster_writer(path, raster, np.float32, nodata=float("nan")) as writer:
        for top in range(0, count, BLOCK):
            rows = np.arange(top, min(top + BLOCK, count)) % one.height
            strip = np.tile(values[rows], (1, -(-count // one.width)))[:, :count]
            writer.write(top, strip + random.normal(0, 0.05, strip.shape).astype(np.float32))
    return path


def measured(grid: Path, folder: Path, model: Path | None, cores: int) -> dict[str, float]:
    """What `predict` takes from the raster to all products."""
    from vestige.contract import Budget, Context, Inputs, Kind, Product
    from vestige.survey.pipeline import predict
    from vestige.survey.recipe import PredictRecipe

    given = {"grid": [Product("grid", Kind.GRID, grid)]}
    if model is not None:
        given["model"] = [Product("model", Kind.MODEL, model)]
    context = Context(folder / "mapping", folder / "map", budget=Budget(cores=cores))
    clock, processor = time.perf_counter(), time.process_time()
    outcome = predict(Inputs(given), PredictRecipe(), context)
    return {
        "features": outcome.measurements["features"],
        "seconds": time.perf_counter() - clock,
        "processor_seconds": time.process_time() - processor,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=float, default=400.0, help="m")
    parser.add_argument("--cell", type=float, default=0.125, help="m")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--model", type=Path, default=None)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        child = os.fork()  # the memory of what lays the ground is not that of the map
        if not child:
            lay_ground(folder, chosen.side, chosen.cell)
            os._exit(0)
        os.waitpid(child, 0)
        found = measured(folder / "ground.tif", folder, chosen.model, chosen.cores)
    area = chosen.side**2 / 1e6
    print(
        f"{area:.2f} km² at {chosen.cell:g} m, {chosen.cores} cores, load {os.getloadavg()[0]:.1f}: "
        f"{found['features']:.0f} features in {found['seconds']:.0f} s "
        f"({found['processor_seconds']:.0f} s of processor), {60 * area / found['seconds']:.2f} km²/min, "
        f"peak {found['peak_mib']:.0f} MiB"
    )


if __name__ == "__main__":
    main()
