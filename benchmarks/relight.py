"""Relighting: pictures of left-out lights, normals, height and lights against truth; seconds, peak memory.

    python benchmarks/relight.py [--quick]

Scenes of our forward model (coin, tablet, coin with spheres) have exact truth; the bunny (VESTIGE_REAL_DATA)
has true normals. Baselines: the frame of the nearest light and the mean of all frames for pictures, a flat
surface for normals. PSNR is of sRGB-encoded values, whole image, over every fourth light, which was not
fitted.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _harness import measure, report

SEED = 1
SCENES: dict[str, dict[str, Any]] = {
    "coin": {},
    "tablet": {"thing": "tablet", "gloss": 0.05},
    "coin, spheres": {"spheres": True},
}
BASES = {"PTM 6": ("ptm", 6), "HSH 9": ("hsh", 9), "HSH 16": ("hsh", 16)}


def simulated(folder: str, values: dict[str, Any]) -> None:
    from vestige.relight import SceneRecipe
    from vestige.relight.simulate import make

    Path(folder).mkdir()
    make(SceneRecipe.make(values=values), Path(folder), SEED)


def beside(folder: str) -> Path | None:
    """The list of lights one level up, where a set keeps it there for several folders."""
    listed = Path(folder).parent / "lights.lp"
    return listed if listed.is_file() else None


def ours(folder: str, out: str, settings: list[str]) -> None:
    from vestige.capture import open_capture
    from vestige.contract import Budget, Kind, open_product
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute
    from vestige.relight import RelightRecipe

    recipe = RelightRecipe.make(settings=settings)
    capture = open_capture(Path(folder))
    given: dict[str, list[Any]] = {"capture": [capture]}
    if (listed := beside(folder)) is not None:
        given["lights"] = [open_product(listed, Kind.TABLE)]
    execute(technique("relight"), "run", given, recipe, out, budget=Budget())


def frames_and_lights(folder: str, settings: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Frames as shown (sRGB-encoded) and their lights."""
    from vestige.capture import open_capture
    from vestige.imaging import srgb_from_linear
    from vestige.relight import RelightRecipe
    from vestige.relight.directions import find_directions
    from vestige.relight.frames import choose_frames, open_frames

    capture, recipe = open_capture(Path(folder)), RelightRecipe.make(settings=settings)
    frames = choose_frames(capture, recipe.frames)
    stack, _ = open_frames(capture, frames, recipe)
    with stack:
        linear = stack.read(slice(0, stack.height))
        return srgb_from_linear(np.clip(linear, 0, 1)), find_directions(
            capture, frames, stack, recipe, beside(folder)
        ).lights


def left_out(folder: str, settings: list[str]) -> dict[str, dict[str, float]]:
    """PSNR at lights that were not fitted, and of the written planes beside the float ones, by contender."""
    from vestige import relight

    shown, lights = frames_and_lights(folder, settings)
    left = np.arange(len(lights)) % 4 == 1
    found: dict[str, dict[str, float]] = {}
    for label, (basis, terms) in BASES.items():
        if basis == "ptm":
            planes = relight.polynomial_texture_map(shown[~left], lights[~left])
        else:
            planes = relight.hemispherical_harmonics(shown[~left], lights[~left], terms=terms)
        with tempfile.TemporaryDirectory() as temporary:
            relight.write_relight(temporary, planes)
            written = relight.read_relight(temporary)
            size = sum(path.stat().st_size for path in Path(temporary).iterdir()) / 2**20
        lit = [relight.relight(planes, light) for light in lights[left]]
        again = [relight.relight(written, light) for light in lights[left]]
        found[label] = {
            "psnr": decibel(np.clip(lit, 0, 1), shown[left]),
            "export": decibel(np.array(again), np.array(lit)),
            "mib": size,
        }
    nearest = shown[~left][(lights[left] @ lights[~left].T).argmax(axis=1)]
    mean = np.broadcast_to(shown[~left].mean(axis=0), shown[left].shape)
    return found | {
        "nearest light": {"psnr": decibel(nearest, shown[left])},
        "mean frame": {"psnr": decibel(mean, shown[left])},
    }


def decibel(found: np.ndarray, wanted: np.ndarray) -> float:
    """Mean over pictures of the peak signal to noise ratio."""
    squares = ((found.astype(np.float64) - wanted) ** 2).mean(axis=(1, 2, 3))
    return float(np.mean(-10 * np.log10(squares)))


def surface_errors(truth: str, out: str, mask: str) -> dict[str, float | None]:
    """Mean and median angle of the normals and of a flat surface; height error in percent of its range."""
    from vestige.imaging import open_image, read_image

    def unit(path: Path) -> np.ndarray:
        with open_image(path) as image:
            values = image.pixels().astype(np.float64) / 32767.5 - 1
        return values / np.linalg.norm(values, axis=2, keepdims=True)

    normals = next(Path(truth).glob("normals*"))
    wanted = unit(normals)
    inside = np.ones(wanted.shape[:2], bool)
    if mask:
        with open_image(mask) as image:
            inside = image.pixels() > 0
    angle = np.degrees(np.arccos(np.clip((unit(Path(out, "normals.tif")) * wanted).sum(axis=2), -1, 1)))[
        inside
    ]
    flat = np.degrees(np.arccos(np.clip(wanted[..., 2], -1, 1)))[inside]
    result: dict[str, float | None] = {
        "mean": float(angle.mean()),
        "median": float(np.median(angle)),
        "flat": float(flat.mean()),
        "height": None,
    }
    if Path(truth, "height.tif").exists():
        height = read_image(Path(truth, "height.tif"))
        error = without_plane(read_image(Path(out, "height.tif")) - height)
        result["height"] = float(100 * error.std() / np.ptp(height))
    return result


def without_plane(values: np.ndarray) -> np.ndarray:
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
    system = np.stack([rows.ravel(), columns.ravel(), np.ones(values.size)], axis=1)
    return values - (system @ np.linalg.lstsq(system, values.ravel(), rcond=None)[0]).reshape(values.shape)


def light_error(folder: str, out: str) -> float | None:
    """Mean angle between the lights used and the true ones; None where the capture told them."""
    from vestige.relight import from_angles, read_lights

    record = json.loads(Path(out, "report.json").read_text())
    if record["measurements"]["light_source"] != "spheres":
        return None
    truth = read_lights(Path(folder, "truth", "lights.lp"))
    angles = []
    for row in record["frames"]:
        found, wanted = from_angles(row["azimuth_deg"], row["elevation_deg"]), truth.of(row["file"])
        assert wanted is not None
        angles.append(float(np.degrees(np.arccos(np.clip(found @ wanted, -1, 1)))))
    return float(np.mean(angles))


def surfaces(name: str, folder: str, out: Path, settings: list[str], truth: str, mask: str = "") -> list[Any]:
    row = measure(name, ours, folder, str(out), settings)
    found = measure("quality", surface_errors, truth, str(out), mask).value
    lights = None if mask else light_error(folder, str(out))
    angles = [found["mean"], found["median"], found["flat"]]
    return [name, *angles, found["height"], lights, row.seconds, row.peak_mib]


def pictures(name: str, folder: str, settings: list[str]) -> list[list[Any]]:
    found = measure("left out", left_out, folder, settings).value
    return [[name, label, row["psnr"], row.get("export"), row.get("mib")] for label, row in found.items()]


def main(*, quick: bool) -> None:
    size = 160 if quick else 480
    shown: list[list[Any]] = []
    solid: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        for name, values in SCENES.items():
            folder = str(work / name.replace(", ", "-"))
            measure(
                "scene", simulated, folder, {"size": 320 if "spheres" in values and quick else size, **values}
            )
            solid.append(surfaces(name, folder, work / f"{name}-out", [], f"{folder}/truth"))
            if "spheres" not in values:
                shown += pictures(name, folder, [])
        if os.environ.get("VESTIGE_REAL_DATA"):
            bunny = Path(os.environ["VESTIGE_REAL_DATA"], "relight", "bunny_ps")
            settings = ["encoding=linear", "white_level=4095"]
            for kind in ("lambert", "specular"):
                folder, name = str(bunny / kind), f"bunny, {kind}"
                mask = str(bunny / "mask.png")
                solid.append(surfaces(name, folder, work / f"{kind}-out", settings, str(bunny), mask))
                shown += pictures(name, folder, settings)
    scene = f"24 lights, {size} x {size}"
    columns = ["set", "contender", "PSNR dB, left-out lights", "export dB", "MiB"]
    report("relight", columns, shown, part="light", scene=scene, seed=SEED)
    columns = ["set", "normals mean deg", "median deg", "flat deg", "height %", "lights deg", "s", "peak MiB"]
    report("relight", columns, solid, part="surface", scene=scene, seed=SEED)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
