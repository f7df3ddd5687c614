"""The forward model: a leaf under one lamp after the other, from spectra to frames.

A lamp's spectrum is integrated over the leaf's reflectance; the lens shows each wavelength in a size
of its own and, as filters turn, a little shifted; the light falls off towards the corners; the sensor
is linear, with dark current, read noise and shot noise. Dark, flat and white frames are taken on the
same bench.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame, Thing, coordinates, save
from vestige.contract import Recipe
from vestige.imaging import write_image
from vestige.spectral.leaf import Leaf, draw_leaf
from vestige.spectral.materials import lamp_spectrum
from vestige.spectral.recipe import SceneRecipe

__all__ = ["make"]

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

WHITE_LEVEL: Final = 65535
#: The board for flat fields: even, but neither white nor quite neutral. The standard is a sintered white.
STANDARD: Final = 0.99
#: Light of a perfect white in the brightest place, as a share of full scale.
EXPOSURE: Final = 0.88
ELECTRONS: Final = 40_000.0
READ_ELECTRONS: Final = 3.0
DARK: Final = 0.012
PIXEL_MM: Final = 240.0


@dataclass(frozen=True)
class Bench:
    """What the camera does to every frame of a size: margin of the canvas and fixed pattern of the sensor."""

    height: int
    width: int
    margin: int
    pattern: Plane


def make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    """Write the frames of a leaf with dark, flat and white frames, and the truth.

    >>> import tempfile
    >>> scene = SceneRecipe(height=96, lamps=[450, 550, 940])
    >>> capture = make(scene, Path(tempfile.mkdtemp()), 0)
    >>> [frame.file for frame in capture.select()]
    ['leaf_450nm.tif', 'leaf_550nm.tif', 'leaf_940nm.tif']
    """
    scene = recipe if isinstance(recipe, SceneRecipe) else SceneRecipe()
    random = np.random.default_rng([seed, 17])
    bench = _bench(scene, random)
    leaf = draw_leaf(bench.height, bench.width, bench.margin, scene.undertext, random)
    truth = folder / "truth"
    truth.mkdir(parents=True)
    frames = [_dark_frame(folder, bench, scene, random)]
    warps: dict[str, list[list[float]]] = {}
    for number, lamp in enumerate(scene.lamps):
        warp = _lens(scene, bench, lamp, np.random.default_rng([seed, 18, number]))
        warps[f"{lamp:g}"] = warp.tolist()
        plane = _through_lamp(leaf, lamp, scene.lamp_width)
        frames += _lamp_frames(folder, plane, bench, scene, lamp, warp, random)
        told = f"reflectance at {lamp:g} nm"
        write_image(truth / f"reflectance_{lamp:g}nm.tif", plane[_inner(bench)], depth=32, description=told)
    _write_truth(truth, leaf, bench, warps)
    settings = {
        "encoding": "linear",
        "white_level": WHITE_LEVEL,
        "pixel_mm": round(PIXEL_MM / scene.height, 6),
    }
    thing = Thing(identifier="simulated-leaf", title="Leaf of a psalter, written over an erased text")
    capture = Capture(thing=thing, frames=frames, settings=settings, notes=["simulated"])
    save(capture, folder)
    return capture.at(folder)


def _bench(scene: SceneRecipe, random: np.random.Generator) -> Bench:
    height, width = scene.height, round(scene.height * 0.75)
    margin = int(8 + 3 * scene.shift + abs(scene.scale - 1) * height)
    pattern = DARK * (1 + 0.15 * random.normal(size=(height, width)))
    hot = random.random((height, width)) < 2e-4
    return Bench(height, width, margin, np.where(hot, 8 * DARK, pattern).astype(np.float32))


def _lens(scene: SceneRecipe, bench: Bench, wavelength: float, random: np.random.Generator) -> Matrix:
    """From pixels of the truth to pixels of the frame: size by wavelength, a shift and a little turn."""
    size = 1 + (scene.scale - 1) * (wavelength - 550) / 300
    turn = random.normal(0, 0.0002) if scene.shift else 0.0
    middle = (np.array([bench.width, bench.height]) - 1) / 2
    matrix = np.eye(3)
    matrix[:2, :2] = size * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = scene.shift * np.clip(random.normal(size=2), -2.5, 2.5)
    matrix[:2, 2] = middle - matrix[:2, :2] @ middle + shift
    return matrix


def _light(bench: Bench, scene: SceneRecipe, wavelength: float) -> Plane:
    """The evenness of the light: brightest off the middle, in a place that differs from lamp to lamp."""
    y, x = np.mgrid[: bench.height, : bench.width].astype(np.float32)
    phase = wavelength / 90
    u = (x / bench.width - 0.5 - 0.08 * np.cos(phase)) / 0.5
    v = (y / bench.height - 0.5 - 0.08 * np.sin(phase)) / 0.5
    return np.asarray(EXPOSURE * (1 - scene.vignette * np.clip(u * u + v * v, 0, 2.4) / 2), np.float32)


def _through_lamp(leaf: Leaf, lamp: float, width: float) -> Plane:
    nm, power = lamp_spectrum(lamp, width)
    total = np.zeros_like(leaf.texture)
    for wavelength, share in zip(nm.tolist(), power.tolist(), strict=True):
        total += np.float32(share) * leaf.reflectance(wavelength)
    return total


def _exposed(
    light: Plane, bench: Bench, scene: SceneRecipe, random: np.random.Generator
) -> NDArray[np.uint16]:
    """What the sensor counts: shot noise, read noise and dark current, cut off at full scale."""
    electrons = np.clip(light, 0, None) * ELECTRONS
    spread = scene.noise * np.sqrt(electrons + READ_ELECTRONS**2)
    seen = (electrons + spread * random.normal(size=light.shape)) / ELECTRONS + bench.pattern
    return np.asarray(np.clip(np.round(seen * WHITE_LEVEL), 0, WHITE_LEVEL), np.uint16)


def _dark_frame(folder: Path, bench: Bench, scene: SceneRecipe, random: np.random.Generator) -> Frame:
    nothing = np.zeros((bench.height, bench.width), np.float32)
    write_image(folder / "dark.tif", _exposed(nothing, bench, scene, random), depth=16, encoded=True)
    return Frame(file="dark.tif", role="dark")


def _lamp_frames(
    folder: Path,
    plane: Plane,
    bench: Bench,
    scene: SceneRecipe,
    lamp: float,
    warp: Matrix,
    random: np.random.Generator,
) -> list[Frame]:
    """The object, the flat board and the white standard under one lamp."""
    light = _light(bench, scene, lamp)
    board = 0.80 + 0.06 * (lamp - 365) / 600
    corner = np.array([[1, 0, bench.margin], [0, 1, bench.margin], [0, 0, 1.0]])
    seen = np.asarray(
        cv2.warpAffine(
            plane,
            (corner @ np.linalg.inv(warp))[:2],
            (bench.width, bench.height),
            flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        ),
        np.float32,
    )
    left, top, side = _standard(bench)
    white = np.full_like(light, board)
    white[top : top + side, left : left + side] = STANDARD
    found = []
    for role, target in (("object", seen), ("flat", np.full_like(light, board)), ("white", white)):
        name = f"{'leaf' if role == 'object' else role}_{lamp:g}nm.tif"
        write_image(folder / name, _exposed(light * target, bench, scene, random), depth=16, encoded=True)
        told = {"region": [left, top, side, side], "reflectance": STANDARD} if role == "white" else {}
        found.append(Frame(file=name, role=role, coordinates=coordinates(wavelength=lamp), settings=told))
    return found


def _standard(bench: Bench) -> tuple[int, int, int]:
    side = max(8, bench.width // 6)
    return (bench.width - side) // 2, (bench.height - side) // 2, side


def _inner(bench: Bench) -> tuple[slice, slice]:
    """The frame without the margin of the canvas."""
    first = bench.margin
    return slice(first, first + bench.height), slice(first, first + bench.width)


def _write_truth(folder: Path, leaf: Leaf, bench: Bench, warps: dict[str, list[list[float]]]) -> None:
    """Colour under daylight, where the inks are, how each band lies."""
    inner = _inner(bench)
    colour = _daylight_colour(leaf)[inner]
    write_image(folder / "colour.tif", colour, depth=32, description="linear sRGB under D65")
    inks = {"undertext": leaf.undertext, "text": leaf.text, "underdrawing": leaf.underdrawing}
    for name, plane in inks.items():
        write_image(folder / f"{name}.tif", plane[inner], depth=32, description=f"how much {name}, 0..1")
    (folder / "warps.json").write_text(json.dumps(warps, indent=1) + "\n")


def _daylight_colour(leaf: Leaf) -> Plane:
    """Linear sRGB of the leaf under D65, integrated over the whole spectrum by the standard's tables."""
    text = files("vestige.spectral").joinpath("cie_1931.csv").read_text(encoding="utf-8")
    table = np.array([[float(cell) for cell in line.split(",")] for line in text.splitlines()[2:]])
    weights = table[:, 1:4] * table[:, 4:5]
    weights /= weights[:, 1].sum()
    tristimulus = np.zeros((3, *leaf.texture.shape), np.float32)
    for wavelength, weight in zip(table[:, 0].tolist(), weights.astype(np.float32), strict=True):
        plane = leaf.reflectance(wavelength)
        for channel in range(3):
            tristimulus[channel] += weight[channel] * plane
    to_srgb = np.linalg.inv([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    return np.asarray(tristimulus.transpose(1, 2, 0) @ to_srgb.T, np.float32)
