"""Spectral imaging against the truth of its forward model, each step beside the plain way of doing it.

python benchmarks/spectral.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, xyz2lab

sys.path.insert(0, str(Path(__file__).parent))
from _harness import measure, report

from vestige.capture import open_capture
from vestige.contract import Context, Inputs
from vestige.imaging import read_image
from vestige.spectral import SceneRecipe, SpectralRecipe
from vestige.spectral.pipeline import run
from vestige.spectral.simulate import make

Plane = NDArray[Any]
RIM = 16
CASES: dict[str, dict[str, Any]] = {
    "easy": {},
    "noisy": {"noise": 2.5, "undertext": 0.10},
    "hard": {"noise": 2.5, "undertext": 0.05, "shift": 6.0},
}


def pipeline(scene: str, out: str) -> dict[str, Any]:
    """Our run on a simulated leaf: its measurements."""
    context = Context(Path(out) / "work", Path(out) / "out")
    outcome = run(Inputs({"capture": [open_capture(scene)]}), SpectralRecipe(components=12), context)
    return outcome.measurements


def raw_ecc(scene: str) -> list[list[float]]:
    """The peer for registration: OpenCV's ECC on raw intensities, affine, from the identity."""
    lamps = _lamps(scene)
    reference = min(lamps, key=lambda lamp: abs(lamp - 550))
    fixed = read_image(f"{scene}/leaf_{reference:g}nm.tif", encoding="linear")
    found = []
    for lamp in lamps:
        moving = read_image(f"{scene}/leaf_{lamp:g}nm.tif", encoding="linear")
        matrix = np.eye(2, 3, dtype=np.float32)
        criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-7)
        try:
            _, matrix = cv2.findTransformECC(fixed, moving, matrix, cv2.MOTION_AFFINE, criteria, None, 5)
        except cv2.error:
            matrix = np.full((2, 3), np.nan, np.float32)
        found.append([*np.asarray(matrix, float).ravel().tolist(), 0.0, 0.0, 1.0])
    return found


def _lamps(scene: str) -> list[float]:
    return sorted(float(key) for key in json.loads(Path(scene, "truth", "warps.json").read_text()))


class Truth:
    """The truth of a scene as its reference band shows it."""

    def __init__(self, scene: str) -> None:
        self.folder = Path(scene, "truth")
        warps = json.loads((self.folder / "warps.json").read_text())
        self.lamps = _lamps(scene)
        self.warps = {lamp: np.array(warps[f"{lamp:g}"]) for lamp in self.lamps}
        self.reference = min(self.lamps, key=lambda lamp: abs(lamp - 550))
        self.shape = self.plane("text").shape

    def plane(self, name: str) -> Plane:
        """A plane of the truth."""
        plane = read_image(self.folder / f"{name}.tif")
        back = np.linalg.inv(self.warps[self.reference])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        return cv2.warpPerspective(plane, back, plane.shape[1::-1], flags=flags)

    def placing(self, matrices: list[list[float]]) -> tuple[float, float, int]:
        """Mean and worst distance of bands from where they are, px, and how many are lost (> 2 px)."""
        y, x = np.mgrid[0 : self.shape[0] : 20, 0 : self.shape[1] : 20]
        points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        errors = []
        for matrix, lamp in zip(matrices, self.lamps, strict=True):
            if lamp != self.reference:
                true = self.warps[lamp] @ np.linalg.inv(self.warps[self.reference])
                difference = (np.reshape(matrix, (3, 3)) - true) @ points
                errors.append(float(np.hypot(difference[0], difference[1]).mean()))
        lost = [error for error in errors if not error <= 2]
        held = [error for error in errors if error <= 2]
        return float(np.mean(held)), max(held), len(lost)


def _inner(plane: Plane) -> Plane:
    return plane[RIM:-RIM, RIM:-RIM]


def _rmse(planes: Plane, truth: Truth) -> float:
    errors = [
        _inner(plane - truth.plane(f"reflectance_{lamp:g}nm"))
        for plane, lamp in zip(planes, truth.lamps, strict=True)
    ]
    return float(np.sqrt(np.nanmean(np.square(errors))))


def _raw_planes(scene: str, truth: Truth) -> Plane:
    """Frames as taken, only divided by their brightest tenth: no dark, no flat, no registration."""
    frames = [read_image(f"{scene}/leaf_{lamp:g}nm.tif", encoding="linear") for lamp in truth.lamps]
    bright = [np.percentile(truth.plane(f"reflectance_{lamp:g}nm"), 90) for lamp in truth.lamps]
    return np.stack(
        [frame / np.percentile(frame, 90) * level for frame, level in zip(frames, bright, strict=True)]
    )


def _colour_difference(found: Plane, truth: Truth) -> tuple[float, float]:
    """dE2000, mean and 95th percentile over patches of 8 x 8 pixels, as an instrument reads them."""
    xyz = np.linalg.inv([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    labs = []
    for plane in (found, truth.plane("colour")):
        inner = _inner(plane).astype(float)
        rows, columns = inner.shape[0] // 8, inner.shape[1] // 8
        patches = inner[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8, 3).mean(axis=(1, 3))
        labs.append(xyz2lab(np.clip(patches @ xyz.T, 0, None)))
    difference = deltaE_ciede2000(*labs)
    return float(difference.mean()), float(np.percentile(difference, 95))


def _three_bands(bands: Plane, truth: Truth) -> Plane:
    """The plain way to a colour: the bands nearest to 610, 540 and 465 nm as red, green and blue."""
    picks = [min(range(len(truth.lamps)), key=lambda i: abs(truth.lamps[i] - nm)) for nm in (610, 540, 465)]
    return np.nan_to_num(bands[picks].transpose(1, 2, 0))


def _told(planes: Plane, truth: Truth) -> float:
    """Area under the curve of erased ink against all else, overlying text and stain included; best plane."""
    erased = _inner(truth.plane("undertext"))
    areas = []
    for plane in map(_inner, planes):
        inked, other = (plane[where & np.isfinite(plane)] for where in (erased > 0.6, erased < 0.02))
        area = float(np.searchsorted(np.sort(other), inked).mean() / len(other))
        areas.append(max(area, 1 - area))
    return max(areas)


def case(name: str, settings: dict[str, Any], height: int, seed: int, folder: Path) -> list[list[Any]]:
    """One scene: the rows of its table."""
    scene, out = folder / f"{name}-{seed}", folder / f"{name}-{seed}-out"
    scene.mkdir()
    make(SceneRecipe(height=height, **settings), scene, seed)
    truth = Truth(str(scene))
    ours = measure("ours", pipeline, str(scene), str(out))
    peer = measure("raw ECC", raw_ecc, str(scene))
    bands = tifffile.imread(out / "out" / "bands.tif")
    identity = [np.eye(3).ravel().tolist()] * len(truth.lamps)
    components = tifffile.imread(out / "out" / "components.tif")
    placing = truth.placing(ours.value["matrices"]), truth.placing(peer.value), truth.placing(identity)
    colours = [
        _colour_difference(read_image(out / "out" / "colour.tif"), truth),
        _colour_difference(_three_bands(bands, truth), truth),
    ]
    plain, ecc = "frames as taken", "OpenCV ECC on raw frames"
    raw = _raw_planes(str(scene), truth)
    rows = [
        ["reflectance RMSE", _rmse(bands, truth), plain, _rmse(raw, truth)],
        ["registration mean of bands held, px", placing[0][0], ecc, placing[1][0]],
        ["registration worst of bands held, px", placing[0][1], ecc, placing[1][1]],
        ["bands lost (> 2 px)", placing[0][2], ecc, placing[1][2]],
        ["registration mean, px", placing[0][0], "none", placing[2][0]],
        ["colour dE2000 mean", colours[0][0], "three bands as RGB", colours[1][0]],
        ["colour dE2000 p95", colours[0][1], "three bands as RGB", colours[1][1]],
        [
            "undertext AUC, best of 12 components",
            _told(components, truth),
            "best single band",
            _told(bands, truth),
        ],
        ["whole run, s", ours.seconds, "registration alone, ECC", peer.seconds],
        ["peak memory, MiB", ours.peak_mib, "registration alone, ECC", peer.peak_mib],
    ]
    return [[name, *row] for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small scene")
    quick = parser.parse_args().quick
    cases = {"easy": CASES["easy"]} if quick else CASES
    height, seed = (320, 11) if quick else (560, 11)
    columns = ["scene", "measure", "ours", "beside", "theirs"]
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            row
            for name, settings in cases.items()
            for row in case(name, settings, height, seed, Path(folder))
        ]
    report("spectral", columns, rows, seed=seed, height=height, lamps=12, part="quick" if quick else "full")


if __name__ == "__main__":
    main()
