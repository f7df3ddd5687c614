"""Camera profiles on left-out patches, beside colour-science's own corrections: dE2000.

``python benchmarks/quality_colour.py [--quick]``; needs colour-science (extra `bench`).

Three cameras and five lights see the 140 patches of a ColorChecker SG, with the shot and read noise of the
mean of 10,000 pixels (at 400 ppi the inner half of a patch has 29,000). Nobody publishes the spectra of these
patches. They are made twice from their published colours: 'smooth', the smoothest reflectances; and 'drawn',
at random with the spread of the 24 measured spectra of the ColorChecker Classic, which asks more of a camera.
Ten folds; patches of one colour are left out together.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from _harness import report

from vestige.imaging import read_image, write_image
from vestige.imaging.transfer import srgb_from_linear
from vestige.quality.colour.fitting import LeftOut, fit_colour, left_out
from vestige.quality.colour.icc import lut_profile, matrix_profile
from vestige.quality.measures.colour import (
    D50,
    delta_e_2000,
    lab_from_light,
    lab_from_xyz,
    xyz_from_lab,
)
from vestige.quality.targets.camera import Camera, reflectance, spectra
from vestige.quality.targets.layout import layout

COLUMNS = ["spectra", "camera", "light", "method", "mean", "p95", "worst", "bar"]
PEERS = {
    "colour-science Cheung 2004, 11 terms": {"method": "Cheung 2004", "terms": 11},
    "colour-science Finlayson 2015, degree 2": {"method": "Finlayson 2015", "degree": 2},
    "colour-science Vandermonde, degree 2": {"method": "Vandermonde", "degree": 2},
}
FULL_WELL, READ_NOISE, PATCH_PIXELS = 30_000.0, 3.0, 10_000


def weights() -> Any:
    """(36, 3): XYZ under D50 of a reflectance."""
    power = spectra().observer * spectra().illuminants["D50"]
    return (power / power.sum(axis=1, keepdims=True)).T * D50


def smooth() -> Any:
    target = layout("colorchecker-sg")
    return np.array([reflectance(name, target.lab[name]) for name in target.patches])


def drawn(seed: int) -> Any:
    """Reflectances (140, 36) of the published colours: a normal distribution conditioned on the colour."""
    target = layout("colorchecker-sg")
    lab = np.array([target.lab[name] for name in target.patches])
    measured, bands = np.array(list(spectra().reflectances.values())), spectra().wavelengths
    shapes = measured / np.maximum(measured.max(axis=1, keepdims=True), 0.3)
    mean = shapes.mean(axis=0)
    apart = np.abs(bands[:, None] - bands) / 40
    rough = 0.005**2 * (1 + np.sqrt(3) * apart) * np.exp(-np.sqrt(3) * apart)
    spread = (shapes - mean).T @ (shapes - mean) / len(shapes) + rough
    gain = spread @ weights() @ np.linalg.inv(weights().T @ spread @ weights())
    root = np.linalg.cholesky(spread + 1e-10 * np.eye(len(bands)))
    xyz, chroma = xyz_from_lab(lab), np.hypot(lab[:, 1], lab[:, 2])
    deviation = np.random.default_rng(seed).standard_normal((len(lab), len(bands))) @ root.T
    # Greys are mixed of black and white: their spectra are level, and spread little.
    deviation *= (np.minimum(1.2 * xyz[:, 1], 1) * np.minimum(1, (chroma + 3) / 30))[:, None]
    start = deviation + np.where(chroma[:, None] < 6, xyz[:, 1:2], 1.5 * xyz[:, 1:2] * mean)
    return np.clip(start + (xyz - start @ weights()) @ gain.T, 0.003, 0.99)


def seen(light: Any, camera: str, illuminant: str) -> Any:
    """Linear camera values with noise; the perfect diffuser is 0.9."""
    values = 0.9 * Camera(camera, illuminant).raw(light)
    noise = np.sqrt(values / FULL_WELL + (READ_NOISE / FULL_WELL) ** 2) / np.sqrt(PATCH_PIXELS)
    return values + np.random.default_rng(7).standard_normal(values.shape) * noise


def peer(options: dict[str, Any]) -> Any:
    """One of colour-science's corrections, camera values to XYZ."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import colour

    def fit(values: Any, lab: Any) -> Any:
        xyz = xyz_from_lab(lab)
        return lambda asked: lab_from_xyz(colour.colour_correction(asked, values, xyz, **options))

    return fit


def through_icc(values: Any) -> list[list[Any]]:
    """The same fit as a formula and through the embedded profile, read by littleCMS (16 bit)."""
    lab = lab_from_xyz(smooth() @ weights())
    rows, when = [], datetime(2026, 11, 23, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.tif")
        for kind in ("matrix", "lut"):
            fit = fit_colour(values, lab, kind)
            for curve in ("srgb", "linear"):
                stored = np.clip(srgb_from_linear(values) if curve == "srgb" else values, 0, 1)
                codes = np.round(stored * 65535).astype(np.uint16)[None]
                for version in (4, 2):
                    make, what = (matrix_profile, fit.matrix) if kind == "matrix" else (lut_profile, fit.xyz)
                    profile = make(what, curve, "bench", {}, when, version=version)
                    write_image(path, codes, encoded=True, profile=profile)
                    off = delta_e_2000(lab_from_light(read_image(path))[0], fit.lab(values))
                    found = LeftOut.of(off, 1)
                    label = f"ICC v{version} {kind}, stored {curve}: file against formula"
                    rows.append(
                        ["smooth", "nikon-5100", "D50", label, found.mean, found.p95, found.worst, ""]
                    )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two lights, one draw")
    quick = parser.parse_args().quick
    sets = {"smooth": smooth(), **{f"drawn {seed}": drawn(seed) for seed in ([1] if quick else [1, 2, 3])}}
    lights = ["D50", "LED-B3"] if quick else sorted(spectra().illuminants)
    rows: list[list[Any]] = []
    for name, light in sets.items():
        lab = lab_from_xyz(light @ weights())
        for camera in sorted(spectra().cameras):
            for illuminant in lights:
                values = seen(light, camera, illuminant)
                found = {kind: left_out(values, lab, kind) for kind in ("lut", "matrix")}
                found |= {
                    label: left_out(values, lab, "matrix", fit=peer(one)) for label, one in PEERS.items()
                }
                for label, one in found.items():
                    bar = "0.7; 1.5" if label == "lut" else ""
                    met = f"{bar} {'met' if one.mean <= 0.7 and one.p95 <= 1.5 else 'NOT met'}" if bar else ""
                    rows.append([name, camera, illuminant, label, one.mean, one.p95, one.worst, met])
    rows += through_icc(seen(sets["smooth"], "nikon-5100", "D50"))
    report("quality_colour", COLUMNS, rows)


if __name__ == "__main__":
    main()
