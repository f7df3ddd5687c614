"""Rendered targets against their truth: found, colour, sharpness, scale, noise, distortion.

``python benchmarks/quality.py [--quick] [--renders N]``: 500 renders of five kinds of scenes with three cameras at
any angle (40 with ``--quick``); a row a measure with the share within the bar, the median and the largest error.
The seed of each render is its number; what was missed is printed with it.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import Any

import numpy as np
from _harness import report

from vestige.quality.check import Checked, check
from vestige.quality.targets.camera import Camera, spectra
from vestige.quality.targets.render import render
from vestige.quality.targets.scene import Lens, Scene, Sensor, row_of_targets

SCENES = (
    ("colorchecker-classic", "object-strip"),
    ("colorchecker-sg", "object-strip"),
    ("charuco",),
    ("edge-sheet", "grey-scale"),
    ("object-strip", "ruler", "scale-bar"),
)
BARS = {"delta_e_2000_mean": 0.2, "mtf50": 0.02, "ppi": 0.02, "noise_l": 0.05, "distortion_percent": 0.05}


def scene(number: int) -> Scene:
    """One scene, drawn from its number."""
    random = np.random.default_rng(number)
    kinds = SCENES[number % len(SCENES)]
    angle, ppi = float(random.uniform(-180, 180)), float(random.uniform(80, 120))
    placed, width, height = row_of_targets(kinds, ppi, angle)
    lens = Lens(
        blur=random.uniform(0.4, 0.9), distortion=random.uniform(-0.015, 0.015),
        vignetting=random.uniform(0, 0.15), stray=random.uniform(0, 0.02),
    )  # fmt: skip
    camera = Camera(
        str(random.choice(sorted(spectra().cameras))), str(random.choice(["D50", "D65", "LED-B3"]))
    )
    sensor = Sensor(electrons=float(random.uniform(15_000, 80_000)), read=10)
    tilt_x, tilt_y = random.uniform(-4, 4, 2)
    return Scene(
        placed, width, height, ppi, angle, float(tilt_x), float(tilt_y), exposure=float(random.uniform(0.85, 1.0)),
        clutter=int(random.integers(0, 15)), camera=camera, lens=lens, sensor=sensor, seed=number,
    )  # fmt: skip


def compared(number: int, checked: Checked, truth: dict[str, Any], errors: dict[str, list[float]]) -> None:
    """Add the errors of one render."""
    for target in truth["targets"]:
        kind = target["kind"]
        found = [one for one in checked.targets if one.kind == kind]
        near = bool(found) and np.abs(found[0].corners - np.array(target["corners"])).max() < 0.1 * target["ppi"]
        errors["found"].append(0.0 if near else 1.0)
        if not near:
            print(f"  render {number}: {kind} {'misplaced' if found else 'missed'}", flush=True)
            continue
        ppi, colour = checked.value("ppi", kind), checked.value("delta_e_2000_mean", kind)
        assert ppi is not None
        errors["ppi"].append(abs(ppi / target["ppi"] - 1))
        if colour is not None and "delta_e_2000_mean" in target and kind != "grey-scale":
            errors["delta_e_2000_mean"].append(abs(colour - target["delta_e_2000_mean"]))
        noise = checked.value("noise_l", kind)
        if noise is not None and "noise_l" in target:
            errors["noise_l"].append(abs(noise / np.mean(list(target["noise_l"].values())) - 1))
        sharp = [edge["mtf50"] for name, edge in target["edges"].items() if checked.value("mtf50", f"{kind} {name}")]
        measured = checked.value("mtf50", kind)
        if measured is not None and sharp:
            errors["mtf50"].append(abs(measured / float(np.median(sharp)) - 1))
    distortion = checked.value("distortion_percent")
    if distortion is not None:
        errors["distortion_percent"].append(abs(distortion - truth["distortion_percent"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--renders", type=int)
    chosen = parser.parse_args()
    count = chosen.renders or (40 if chosen.quick else 500)
    errors: dict[str, list[float]] = defaultdict(list)
    seconds = []
    for number in range(count):
        rendered = render(scene(number))
        start = time.perf_counter()
        checked = check(rendered.light)
        seconds.append(time.perf_counter() - start)
        compared(number, checked, rendered.truth, errors)
    rows = [["found", len(errors["found"]), "", 1 - float(np.mean(errors["found"])), "", "", ""]]
    for name, bar in BARS.items():
        values = np.array(errors[name] or [np.nan])
        rows.append([name, len(errors[name]), bar, float((values <= bar).mean()), float(np.median(values)),
                     float(np.percentile(values, 95)), float(values.max())])  # fmt: skip
    columns = ["measure", "compared", "bar", "share within", "median error", "p95", "largest"]
    report("quality", columns, rows, renders=count, median_check_seconds=round(float(np.median(seconds)), 2))


if __name__ == "__main__":
    main()
