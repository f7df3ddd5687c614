"""Processing against faults that were laid on simulated ground, beside GeophPy where it is at hand."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from _harness import measure, report

SEEDS = (101, 102, 103, 104)
#: GeophPy is GPL: it is run as a program, found in the folder that this variable names.
PEER = "VESTIGE_GEOPHPY"
#: A bound: the medians of the readings that are no feature, told by the ground that nobody knows.
ORACLE = "oracle: zero-median of what is no feature"
PEER_PROGRAM = """
import sys, numpy as np
from geophpy.dataset import DataSet
values, readings, traverses = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for top in range(0, values.shape[0], traverses):
    for left in range(0, values.shape[1], readings):
        grid = np.s_[top:top + traverses, left:left + readings]
        one = DataSet._new()
        one.data.z_image = values[grid].T.astype(float)
        one.destripecon(Nprof=0, reference="median")
        values[grid] = one.data.z_image.T
np.save(sys.argv[1], values)
"""


def scene(seed: int, grid: float, ditch: float = 0.0, stripes: float = 0.4) -> dict[str, Any]:
    """A hectare and a half with rings, walked with stripes; a ditch of 3 nT lies along the traverses."""
    from vestige.survey import Gradiometer, Survey, anomaly, draw_site
    from vestige.survey.forward.acquisition import Walk, walk

    random = np.random.default_rng(seed)
    field, feature = anomaly(draw_site(120, 120, 0.25, Gradiometer(), random, rings=4), random)
    north = (np.arange(480) + 0.5) * 0.25 - 50.5
    laid = 3.0 * np.exp(-((north / 0.9) ** 2))[:, np.newaxis] * np.ones((1, 480))
    laid[:, : round((60 - ditch / 2) / 0.25)] = laid[:, round((60 + ditch / 2) / 0.25) :] = 0
    made = walk(
        (field + laid).astype(np.float32), 0.25, Walk(stripes=stripes, stagger=0.0, grid=grid), random
    )
    rows = np.arange(2, 480, 4)
    return {
        "survey": Survey(made.recorded, 1.0, 0.25, grid=(round(grid / 0.25), round(grid))),
        "wanted": made.recorded - made.stripes,
        "ditch": laid[rows] > 2.5,
        "rings": feature[rows],
    }


def cleaned(method: str, survey: Any) -> Any:
    from vestige.survey import destripe, edge_match, zero_mean_traverse, zero_median_traverse

    if method == "GeophPy 0.32 destripecon, median":
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "values.npy")
            np.save(file, survey.values)
            paths = os.pathsep.join([os.environ[PEER], os.environ.get("PYTHONPATH", "")])
            command = [sys.executable, "-W", "ignore", "-c", PEER_PROGRAM, str(file), *map(str, survey.grid)]
            subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": paths}, capture_output=True)
            return np.load(file)
    return {
        "as recorded": lambda s: s.values,
        "edge match only": edge_match,
        "zero-mean traverse": zero_mean_traverse,
        "zero-median traverse": zero_median_traverse,
        "destripe (ours)": destripe,
    }[method](survey)


def _told(made: dict[str, Any]) -> Any:
    """Zero-median traverse of the readings that smoothed ground without stripes shows to be no feature."""
    import scipy.ndimage

    from vestige.survey import zero_median_traverse

    survey, wanted = made["survey"], made["wanted"] - np.median(made["wanted"])
    smooth = scipy.ndimage.gaussian_filter(np.clip(wanted, -3, 3), (0.7, 2.8))
    feature = np.abs(smooth) > 1.5 * 1.4826 * np.median(np.abs(smooth))
    masked = survey.with_values(np.where(feature, np.float32(np.nan), survey.values))
    removed = masked.values - zero_median_traverse(masked)
    for left in range(0, survey.values.shape[1], survey.grid[0]):
        grid = removed[:, left : left + survey.grid[0]]
        offset = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else 0.0 for row in grid]
        grid[:] = np.asarray(offset)[:, np.newaxis]
    return survey.values - removed


def striped(methods: list[str], grid: float, stripes: float) -> dict[str, list[float]]:
    """For each method: stripes left (nT rms), their share that is gone (%), and the shares of ring peaks, of
    a ditch of 30 m along the traverses, and of one across the whole site that stay.
    """
    told: dict[str, list[list[float]]] = {method: [] for method in methods}
    for seed in SEEDS:
        scenes = [scene(seed, grid, length, stripes) for length in (0.0, 30.0, 120.0)]
        for method in methods:
            told[method].append(_figures(method, scenes))
    return {method: np.mean(rows, axis=0).tolist() for method, rows in told.items()}


def _figures(method: str, scenes: list[dict[str, Any]]) -> list[float]:
    kept, left, gone = [], 0.0, 0.0
    for number, made in enumerate(scenes):
        wanted = made["wanted"] - np.median(made["wanted"])
        found = _told(made) if method == ORACLE else cleaned(method, made["survey"])
        found = found - np.median(found)
        if number == 0:
            left = float(np.sqrt(np.mean((found - wanted) ** 2)))
            gone = 100 * (1 - left / float(np.std(made["survey"].values - made["wanted"])))
            peak = made["rings"] & (wanted > np.percentile(wanted[made["rings"]], 90))
            kept.append(float(np.median(found[peak] / wanted[peak])))
        else:
            kept.append(1 + float((found - wanted)[made["ditch"]].mean()) / 2.9)
    return [left, gone, *kept]


def staggered() -> dict[str, float]:
    """Error of the shift found for a hectare (readings): mean, worst."""
    from vestige.survey import Gradiometer, Survey, anomaly, draw_site, estimated_stagger
    from vestige.survey.forward.acquisition import Walk, walk

    errors = []
    for seed in SEEDS:
        for traverse, reading in ((1.0, 0.25), (0.5, 0.125)):
            random = np.random.default_rng(seed)
            field, _ = anomaly(draw_site(100, 100, 0.125, Gradiometer(), random, rings=4), random)
            for stagger in (-0.3, 0.12, 0.65):
                plan = Walk(traverse_interval=traverse, reading_interval=reading, stagger=stagger)
                made = walk(field, 0.125, plan, random)
                grid = round(20 / reading), round(20 / traverse)
                found = estimated_stagger(Survey(made.recorded, traverse, reading, grid=grid))[2, 2]
                errors.append(abs(found + stagger / reading))
    return {"mean": float(np.mean(errors)), "worst": float(np.max(errors))}


def neighbours(values: Any) -> float:
    """Pearson's r of each traverse with the next over readings that both have, their mean."""
    found = []
    for one, other in pairwise(values):
        known = np.isfinite(one) & np.isfinite(other)
        if known.sum() > 20:
            found.append(np.corrcoef(one[known], other[known])[0, 1])
    return float(np.mean(found))


def real(file: str) -> dict[str, float]:
    """Correlation of neighbouring traverses of a real survey, as recorded and after the default chain."""
    from vestige.survey import process, read_survey
    from vestige.survey.recipe import RunRecipe

    survey = read_survey(Path(file))
    return {
        "raw": neighbours(survey.values),
        "cleaned": neighbours(process(survey, RunRecipe())[0].values),
    }


def processing() -> None:
    """The tables of bar 4."""
    methods = ["as recorded", "edge match only", "zero-mean traverse", "zero-median traverse"]
    if PEER in os.environ:
        methods.append("GeophPy 0.32 destripecon, median")
    else:
        print(f"  GeophPy is left out: {PEER} names no folder that holds it", file=sys.stderr)
    rows: list[list[Any]] = []
    methods += ["destripe (ours)", ORACLE]
    for grid, stripes in ((20.0, 0.4), (30.0, 0.4), (30.0, 0.8)):
        row = measure(f"grids of {grid:g} m", striped, methods, grid, stripes)
        for method, figures in (row.value or {}).items():
            rows.append([f"{method}, grids of {grid:g} m, stripes {stripes:g}", *figures])
    heads = ["method", "stripes left, nT rms", "gone, %", "ring peaks kept", "30 m ditch", "120 m ditch"]
    report("survey", heads, rows, part="destripe", seeds=SEEDS)
    row = measure("stagger", staggered)
    value = row.value or {}
    rows = [["destagger (ours), 24 surveys", value.get("mean"), value.get("worst"), row.seconds]]
    report("survey", ["method", "mean error, readings", "worst", "s"], rows, part="stagger", seeds=SEEDS)
    if "VESTIGE_REAL_DATA" in os.environ:
        base = Path(os.environ["VESTIGE_REAL_DATA"], "survey")
        rows = []
        for file in (
            "geophpy_g858/Mag_ex1.dat",
            "archaeopy_geoplot/28m9.CMP",
            "archaeopy_geoplot/test_c.CMP",
        ):
            value = measure(file, real, str(base / file)).value or {}
            rows.append([Path(file).name, value.get("raw"), value.get("cleaned")])
        report("survey", ["survey", "r of neighbours, raw", "after the default chain"], rows, part="real")
