"""Survey: whole simulated sites of every kind of ground, and rings laid into real surveys, at one threshold.

``python benchmarks/survey_detection.py [--seed 500] [--sites 26] [--real shared/data/survey] [--model FILE]``
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from _harness import report
from numpy.typing import NDArray

#: Least confidence at which everything is told; the recipe's own is among them.
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
#: Rings of this strength over the noise count, if as much of their ditch was surveyed.
STRONG, SURVEYED = 2.0, 0.9
#: Rings of the forward model a hectare of a simulated site.
RINGS = 6
#: Confidence is also told within this of a ring (m), true or found.
NEAR = 4.0
#: The real sets by their names, and the settings of `implant` for each. Duhnen is 15 m wide: small rings.
REAL: dict[str, tuple[list[str], dict[str, Any]]] = {
    "Geoplot 28m9": (["archaeopy_geoplot/28m9.CMP"], {}),
    "Geoplot test_c": (["archaeopy_geoplot/test_c.CMP"], {}),
    "Mag_ex1": (["geophpy_g858/Mag_ex1.dat"], {"sensor": "total-field", "separation": 0.65}),
    "Duhnen": (["magaar_duhnen/Example_Clip.sgrd"], {"diameters": [8, 10]}),
}


@dataclass(frozen=True)
class Site:
    """What was found on a simulated site: mapped rings as (confidence, complete, true ring or -1), the strong
    rings that were to be found, its area, and confidence against truth of pixels, everywhere and near rings.
    """

    ground: str
    rings: list[tuple[float, float, float, int]]
    strong: list[int]
    hectares: float
    everywhere: NDArray[np.float64]
    near: NDArray[np.float64]
    sample: NDArray[np.float32]


def one_site(seed: int, ground: str, model: str) -> Site:
    """A hectare of `ground` through `run`."""
    from vestige.contract import Budget, Context, Inputs, Kind, Product
    from vestige.survey.forward.simulate import make
    from vestige.survey.implant.finding import match
    from vestige.survey.pipeline import run
    from vestige.survey.recipe import RunRecipe, SceneRecipe

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scene = scene_of(seed, ground)
        capture = make(SceneRecipe(**scene), folder / "site", seed)
        context = Context(folder / "w", folder / "o", budget=Budget(cores=1))
        given: dict[str, Any] = {"capture": [capture]}
        if model:
            given["model"] = [Product("model", Kind.MODEL, Path(model))]
        run(Inputs(given), RunRecipe(minimum_confidence=0.0), context)
        truth = np.load(folder / "site" / "truth" / "truth.npz")
        records = json.loads((folder / "site" / "truth" / "rings.json").read_text())
        known = [
            replace(ring_in(record), east=record["map_easting"], north=record["map_northing"])
            for record in records
        ]
        mapped = mapped_rings(folder / "o" / "features.gpkg")
        matched = [
            next((n for n, ring in enumerate(known) if match(ring, [one]) is not None), -1) for one in mapped
        ]
        strong = [
            number
            for number, record in enumerate(records)
            if (record["snr"] or 0) >= STRONG and surveyed_share(record, truth["classes"], 0.125) >= SURVEYED
        ]
        classes = truth["classes"]
        everywhere, near, sample = reliability(folder / "o", classes, seed)
        return Site(
            ground,
            [
                (one.confidence, one.complete, one.diameter, number)
                for one, number in zip(mapped, matched, strict=True)
            ],
            strong,
            float((classes != 2).sum()) * 0.125**2 / 1e4,
            everywhere,
            near,
            sample,
        )


def scene_of(seed: int, ground: str) -> dict[str, Any]:
    """How the site is walked, drawn anew for each."""
    random = np.random.default_rng([seed, 0xB3])
    fine = bool(random.random() < 0.5)
    return {
        "ground": ground,
        "rings": RINGS,
        "traverse_interval": 0.5 if fine else 1.0,
        "reading_interval": 0.125 if fine else 0.25,
        "grid": float(random.choice([20.0, 30.0])),
        "noise": float(np.exp(random.uniform(np.log(0.1), np.log(0.5)))),
        "stripes": float(random.uniform(0.1, 0.6)),
        "stagger": float(random.uniform(-0.2, 0.2)),
        "ferrous": int(np.exp(random.uniform(np.log(3), np.log(150)))),
        "furrows": bool(random.random() < 0.4),
        "drift": float(random.choice([0.0, 0.3])),
        "sway": float(random.choice([0.0, 0.1])),
    }


def mapped_rings(path: Path) -> list[Any]:
    """The features of a GeoPackage that have a circle."""
    import pyogrio

    from vestige.survey.mapping.features import Feature

    table = pyogrio.read_dataframe(path, layer="features", read_geometry=False)
    return [
        Feature(
            None,
            row["class"],
            row["term"],
            row["confidence"],
            row["conf_least"],
            row["area_m2"],
            row["diameter_m"],
            row["complete"],
            (row["centre_e"], row["centre_n"]),
            row["peak_nt"],
        )
        for _, row in table.iterrows()
        if np.isfinite(row["complete"])
    ]


def ring_in(record: dict[str, Any]) -> Any:
    """A ring of the truth, where it lies on its site."""
    from vestige.survey.forward.shapes import Ring

    names = {field.name for field in fields(Ring)}
    return Ring(**{key: value for key, value in record.items() if key in names})


def surveyed_share(record: dict[str, Any], classes: NDArray[np.uint8], cell: float) -> float:
    """How much of the ditch of a ring was surveyed."""
    from vestige.survey.forward.strength import ring_line

    ring = ring_in(record)
    east, north = ring_line(ring)
    rows = np.floor((classes.shape[0] * cell - ring.north - north) / cell).astype(int)
    columns = np.floor((ring.east + east) / cell).astype(int)
    inside = (rows >= 0) & (rows < classes.shape[0]) & (columns >= 0) & (columns < classes.shape[1])
    surveyed = classes[rows[inside], columns[inside]] != 2
    return float(surveyed.sum()) / max(len(east), 1)


def reliability(
    output: Path, classes: NDArray[np.uint8], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Bins of confidence against truth everywhere and near rings, and some pixels near rings: the probability
    of ring, and whether it is one.
    """
    import rasterio

    from vestige.survey.forward.simulate import EASTING, NORTHING
    from vestige.survey.learning.calibration import Reliability, near_features

    with rasterio.open(output / "classes.tif") as source, rasterio.open(output / "confidence.tif") as sure:
        shown, confidence, step = source.read(1), sure.read(1), source.transform
    rows = ((NORTHING - (step.f + step.e * (np.arange(shown.shape[0]) + 0.5))) / 0.125).astype(int)
    columns = ((step.c + step.a * (np.arange(shown.shape[1]) + 0.5) - EASTING) / 0.125).astype(int)
    truth = np.full(shown.shape, 2, np.uint8)
    down, across = (rows >= 0) & (rows < classes.shape[0]), (columns >= 0) & (columns < classes.shape[1])
    truth[np.ix_(down, across)] = classes[np.ix_(rows[down], columns[across])]
    known = (truth != 2) & (shown != 2)
    near = near_features(truth, shown, 2, NEAR / step.a) & known
    everywhere, close = Reliability(), Reliability()
    everywhere.add(confidence[known], (truth == shown)[known])
    close.add(confidence[near], (truth == shown)[near])
    ring = np.where(shown == 1, confidence, 1 - confidence)[near]
    pick = np.random.default_rng(seed).permutation(len(ring))[:4000]
    return everywhere.bins, close.bins, np.stack([ring[pick], truth[near][pick]]).astype(np.float32)


def score(sites: list[Site], least: float, complete: float = 0.0) -> dict[str, float]:
    """Rings of all sites at a least confidence: object F1 for strong ones, false ones per 5 ha.

    A mapped ring that is a true one too weak to count is neither right nor false; of several that are one
    ring, one counts.
    """
    true = right = false = 0
    for site in sites:
        kept = [ring for ring in site.rings if ring[0] >= least and ring[1] >= complete]
        met = {ring[3] for ring in kept}
        true, right = true + len(site.strong), right + len(met.intersection(site.strong))
        false += sum(ring[3] < 0 for ring in kept)
    precision, recall = right / max(right + false, 1), right / max(true, 1)
    hectares = sum(site.hectares for site in sites)
    return {
        "strong": true,
        "found": right,
        "recall": recall,
        "false": false,
        "false_per_5_ha": 5 * false / hectares,
        "precision": precision,
        "f1": 2 * precision * recall / max(precision + recall, 1e-9),
    }


def calibration(sites: list[Site], name: str) -> float:
    """Expected calibration error over all sites."""
    from vestige.survey.learning.calibration import Reliability

    return Reliability(np.sum([getattr(site, name) for site in sites], axis=0)).error()


def implants(name: str, seed: int, folder: Path, model: str, rings: int) -> dict[str, Any]:
    """Rings of SNR 2 and more laid into a real set: recall and false rings at each threshold."""
    from vestige.capture import open_capture
    from vestige.contract import Budget, Context, Inputs, Kind, Product
    from vestige.survey.implant.operation import implant
    from vestige.survey.recipe import ImplantRecipe

    files, settings = REAL[name]
    with tempfile.TemporaryDirectory() as temporary:
        context = Context(Path(temporary, "w"), Path(temporary, "o"), budget=Budget(cores=1), seed=seed)
        given: dict[str, Any] = {"capture": [open_capture(folder / file) for file in files]}
        if model:
            given["model"] = [Product("model", Kind.MODEL, Path(model))]
        recipe = ImplantRecipe(rings=rings, least_snr=STRONG, minimum_confidence=0.5, **settings)
        outcome = implant(Inputs(given), recipe, context)
        with outcome.products[1].path.open(newline="") as lines:
            laid = list(csv.DictReader(lines))
    before = next(iter(outcome.tables.values()))
    return {
        "name": name,
        "seed": seed,
        "hectares": outcome.measurements["surveyed_ha"],
        "laid": [
            (
                float(row["snr"]),
                float(row["diameter_m"]),
                float(row["found_confidence"] or 0),
                float(row["found_complete"] or 0),
                int(row["followed"]),
            )
            for row in laid
        ],
        "before": [(row["confidence"], row["complete"], row["diameter_m"]) for row in before],
        "features_before": outcome.measurements["features_before"],
    }


def laid_at(sets: list[dict[str, Any]], least: float) -> dict[str, float]:
    """Recall of the rings laid into real sets, and false rings there, at a least confidence."""
    laid = [ring for one in sets for ring in one["laid"]]
    false = sum(ring[0] >= least for one in sets for ring in one["before"])
    hectares = sum(one["hectares"] for one in sets)
    return {
        "rings": len(laid),
        "recall": sum(ring[2] >= least for ring in laid) / max(len(laid), 1),
        "followed": sum(ring[4] for ring in laid) / max(len(laid), 1),
        "false": false,
        "false_per_5_ha": 5 * false / hectares,
    }


def simulated(seed: int, count: int, model: str, cores: int) -> None:
    """Whole simulated sites, at every threshold and by kind of ground."""
    from vestige.survey.forward.kinds import GROUND_KINDS
    from vestige.survey.recipe import RunRecipe

    kinds = [list(GROUND_KINDS)[number % len(GROUND_KINDS)] for number in range(count)]
    with ProcessPoolExecutor(cores) as pool:
        sites = list(pool.map(partial(one_site, model=model), range(seed, seed + count), kinds))
    usual = float(RunRecipe().minimum_confidence)
    names = ["strong", "found", "recall", "false", "false_per_5_ha", "precision", "f1"]
    about = {
        "seed": seed,
        "sites": count,
        "snr": STRONG,
        "model": Path(model).name or "the one that comes along",
    }
    rows: list[list[Any]] = []
    for least in sorted({*THRESHOLDS, usual}):
        scored = score(sites, least)
        rows.append([f"{least:g}{' (default)' if least == usual else ''}", *(scored[name] for name in names)])
    report(
        "survey_detection",
        ["least confidence", *names],
        rows,
        part="whole simulated sites",
        ece=round(calibration(sites, "everywhere"), 4),
        ece_near_rings=round(calibration(sites, "near"), 4),
        **about,
    )
    grouped = {kind: [site for site in sites if site.ground == kind] for kind in dict.fromkeys(kinds)}
    rows = [
        [kind, *(score(own, usual)[name] for name in names), calibration(own, "near")]
        for kind, own in grouped.items()
    ]
    report("survey_detection", ["ground", *names, "ece near rings"], rows, part="by kind of ground", **about)


def real(folder: Path, seeds: list[int], model: str, rings: int) -> None:
    """Rings laid into the real sets: each set and seed by itself, then all at every threshold."""
    from vestige.survey.recipe import RunRecipe

    usual = float(RunRecipe().minimum_confidence)
    sets = [implants(name, seed, folder, model, rings) for name in REAL for seed in seeds]
    names = ["rings", "recall", "followed", "false", "false_per_5_ha"]
    rows: list[list[Any]] = []
    for one in sets:
        scored = laid_at([one], usual)
        rows.append([f"{one['name']}, {one['hectares']:.2f} ha, seed {one['seed']}", *scored.values()])
    for seed in seeds:
        scored = laid_at([one for one in sets if one["seed"] == seed], usual)
        rows.append([f"all, seed {seed}", *scored.values()])
    report(
        "survey_detection", ["real set", *names], rows, part="implants", snr=STRONG, least_confidence=usual
    )
    rows = [[f"{least:g}", *laid_at(sets, least).values()] for least in sorted({*THRESHOLDS, usual})]
    report("survey_detection", ["least confidence", *names], rows, part="implants by threshold", seeds=seeds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=500, help="seed of the first simulated site")
    parser.add_argument("--sites", type=int, default=26, help="simulated sites of a hectare")
    parser.add_argument("--real", type=Path, help="folder of the real sets; without it they are left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2], help="seeds of the rings laid in")
    parser.add_argument("--rings", type=int, default=200, help="rings laid into each real set")
    parser.add_argument("--model", default="", help="model.onnx; the one that comes along if left out")
    parser.add_argument("--cores", type=int, default=1, help="processes")
    given = parser.parse_args()
    if given.sites:
        simulated(given.seed, given.sites, given.model, given.cores)
    if given.real:
        real(given.real, given.seeds, given.model, given.rings)


if __name__ == "__main__":
    main()
