"""The forward model: a relief under lamps, from truth to frames.

A height field is lit by far lamps one after the other: Lambert's law for the matt part, Blinn and
Phong's for the gloss, shadows by marching along the ray to the lamp. The camera looks straight down,
from far; its sensor is linear and has shot and read noise.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Calibration, Capture, Frame, Thing, coordinates, save
from vestige.contract import Recipe
from vestige.imaging import write_image
from vestige.relight.recipe import SceneRecipe
from vestige.relight.scene import DARK_LINEN, PALE_LINEN, Relief, coin, tablet

__all__ = ["dome", "make", "render", "shadow"]

Array = NDArray[np.float64]

OBJECT_MM = {"coin": 27.0, "tablet": 90.0}
TITLES = {"coin": "Silver coin with an owl", "tablet": "Clay tablet"}
#: A lamp of 1 over a white matt surface facing it gives this share of the sensor's white.
EXPOSURE = 0.9
SPHERES = ((-0.435, -0.435, 0.048), (0.435, 0.435, 0.048))


def make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    """Write the frames of a scene, its ``lights.lp`` (or spheres) and the truth.

    >>> import tempfile
    >>> capture = make(SceneRecipe(size=48, lights=3, rings=1), Path(tempfile.mkdtemp()), 0)
    >>> [frame.file for frame in capture.frames]
    ['light_1.tif', 'light_2.tif', 'light_3.tif']
    """
    scene = recipe if isinstance(recipe, SceneRecipe) else SceneRecipe()
    random = np.random.default_rng([seed, 71])
    linen = PALE_LINEN if scene.spheres else DARK_LINEN
    relief = coin(scene.size, random, linen) if scene.thing == "coin" else tablet(scene.size, random)
    height = relief.height * scene.relief * scene.size
    lamps = dome(scene.lights, scene.rings, scene.lowest, random)
    if scene.spheres:
        height = np.maximum(height, _sphere_heights(scene.size))
    truth = _true_normals(height)
    names = [f"light_{number:0{len(str(len(lamps)))}d}.tif" for number in range(1, len(lamps) + 1)]
    for name, lamp in zip(names, lamps, strict=True):
        light = render(relief, height, truth, lamp, scene)
        _write_frame(folder / name, light, scene.noise, random)
    pixel_mm = OBJECT_MM[scene.thing] / (0.88 * scene.size)
    _write_truth(folder / "truth", relief, height * pixel_mm, truth, names, lamps, scene)
    capture = _capture(scene, names, lamps, pixel_mm)
    if not scene.spheres:
        _write_list(folder / "lights.lp", names, lamps)
        capture.calibration.append(Calibration(kind="lights", file="lights.lp"))
    save(capture, folder)
    return capture.at(folder)


def dome(count: int, rings: int, lowest: float, random: np.random.Generator) -> Array:
    """Directions of the lamps of a dome, (count, 3): rings from the lowest elevation up to 60 degrees.

    >>> dome(6, 1, 30.0, np.random.default_rng(0)).shape
    (6, 3)
    """
    elevations = np.linspace(lowest, max(60.0, lowest), rings) if rings > 1 else np.array([lowest])
    share = np.cos(np.radians(elevations)) + 0.25
    counts = np.maximum(1, np.floor(count * share / share.sum()).astype(int))
    counts = counts[:count]
    counts[0] += count - counts.sum()
    lamps = []
    for ring, (elevation, number) in enumerate(zip(elevations, counts, strict=False)):
        around = np.arange(number) * 2 * np.pi / number + 0.4 * ring + 0.3
        up = np.radians(elevation + random.uniform(-1.5, 1.5, number))
        around = around + np.radians(random.uniform(-2, 2, number))
        lamps.append(np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], axis=1))
    return np.concatenate(lamps)


def render(relief: Relief, height: Array, truth: Array, lamp: Array, scene: SceneRecipe) -> Array:
    """One frame without noise, (size, size, 3) linear light."""
    facing = np.clip(truth @ lamp, 0, None)
    lit = facing * (shadow(height, lamp) if scene.shadows else 1.0)
    half = lamp + np.array([0.0, 0.0, 1.0])
    half /= np.linalg.norm(half)
    highlight = np.clip(truth @ half, 0, None) ** scene.shininess * (lit > 0) * np.sqrt(np.clip(lit, 0, 1))
    matt = relief.albedo * (lit + scene.ambient)[..., None]
    frame = EXPOSURE * (matt + (scene.gloss * relief.gloss * highlight)[..., None])
    if scene.spheres:
        _add_spheres(frame, lamp)
    return np.asarray(frame, np.float64)


def shadow(height: Array, lamp: Array) -> Array:
    """How much of a lamp each pixel sees, 0 to 1, by marching towards it over the height field (in pixels).

    The lamp has a width of about a degree, so that edges of shadows are soft.

    >>> wall = np.zeros((1, 9)); wall[0, 5] = 4.0
    >>> shadow(wall, np.array([0.7, 0.0, 0.7]))[0].round().tolist()
    [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    """
    across = float(np.hypot(lamp[0], lamp[1]))
    if across < 1e-6:
        return np.ones_like(height)
    step_x, step_y, climb = lamp[0] / across, -lamp[1] / across, lamp[2] / across
    rows, columns = np.mgrid[: height.shape[0], : height.shape[1]].astype(np.float32)
    field = height.astype(np.float32)
    clearance = np.full_like(field, np.inf)
    for distance in np.arange(1.0, float(np.ptp(field)) / max(climb, 1e-3) + 1):
        x, y = columns + np.float32(step_x * distance), rows + np.float32(step_y * distance)
        ahead = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=-1e3)
        above = (field + np.float32(climb * distance) - ahead) / np.float32(0.35 + 0.02 * distance)
        np.minimum(clearance, above, out=clearance)
    return np.clip(clearance.astype(np.float64) + 0.5, 0, 1)


def _true_normals(height: Array) -> Array:
    """Unit normals of a height field in pixels; x right, y up, z to the viewer."""
    down, right = np.gradient(height)
    normal = np.stack([-right, down, np.ones_like(height)], axis=2)
    return np.asarray(normal / np.linalg.norm(normal, axis=2, keepdims=True), np.float64)


def _sphere_heights(size: int) -> Array:
    heights = np.zeros((size, size))
    for x, y, radius in _sphere_pixels(size):
        squared = radius**2 - (np.arange(size) - x) ** 2 - ((np.arange(size) - y) ** 2)[:, None]
        heights = np.maximum(heights, np.where(squared > 0, radius + np.sqrt(np.maximum(squared, 0)), 0))
    return heights


def _sphere_pixels(size: int) -> list[tuple[float, float, float]]:
    """Centres (x right, y down) and radii of the spheres, pixels."""
    return [((x + 0.5) * size - 0.5, (0.5 - y) * size - 0.5, r * size) for x, y, r in SPHERES]


def _add_spheres(frame: Array, lamp: Array) -> None:
    """Paint black polished spheres: the mirror image of the lamp, and next to nothing else."""
    size = frame.shape[0]
    for centre_x, centre_y, radius in _sphere_pixels(size):
        x = (np.arange(size) - centre_x) / radius
        y = (centre_y - np.arange(size))[:, None] / radius
        squared = x * x + y * y
        z = np.sqrt(np.clip(1 - squared, 0, 1))
        mirrored = np.stack(np.broadcast_arrays(2 * z * x, 2 * z * y, 2 * z * z - 1), axis=2)
        apart = np.degrees(np.arccos(np.clip(mirrored @ lamp, -1, 1)))
        # Fresnel would brighten the rim; a black snooker ball shows the lamp at a few per cent everywhere.
        ball = 0.004 + 0.8 * np.exp(-0.5 * (apart / 9.0) ** 2)
        cover = np.clip((1 - np.sqrt(squared)) * radius + 0.5, 0, 1)[..., None]
        frame[:] = frame * (1 - cover) + ball[..., None] * cover


def _write_frame(path: Path, light: Array, noise: float, random: np.random.Generator) -> None:
    """One 16-bit frame that holds linear light; shot noise grows with the root of the signal."""
    spread = noise * np.sqrt(0.1 + np.clip(light, 0, None) / 0.18) / np.sqrt(1.1)
    recorded = light + spread * random.standard_normal(light.shape)
    write_image(path, np.round(np.clip(recorded, 0, 1) * 65535).astype(np.uint16), depth=16, encoded=True)


def _write_list(path: Path, names: list[str], lamps: Array) -> None:
    lines = [f"{name} {x:.7f} {y:.7f} {z:.7f}" for name, (x, y, z) in zip(names, lamps.tolist(), strict=True)]
    path.write_text("\n".join([str(len(lines)), *lines]) + "\n")


def _write_truth(
    folder: Path,
    relief: Relief,
    height_mm: Array,
    normals: Array,
    names: list[str],
    lamps: Array,
    scene: SceneRecipe,
) -> None:
    folder.mkdir()
    codes = np.round((normals + 1) / 2 * 65535).astype(np.uint16)
    write_image(folder / "normals.tif", codes, depth=16, encoded=True)
    write_image(folder / "height.tif", height_mm.astype(np.float32), depth=32, description="height in mm")
    write_image(
        folder / "albedo.tif", relief.albedo.astype(np.float32), depth=32, description="albedo, linear"
    )
    _write_list(folder / "lights.lp", names, lamps)
    spheres = [list(sphere) for sphere in _sphere_pixels(scene.size)] if scene.spheres else []
    about = {"exposure": EXPOSURE, "spheres_px": spheres, "scene": scene.model_dump(mode="json")}
    (folder / "truth.json").write_text(json.dumps(about, indent=1) + "\n")


def _capture(scene: SceneRecipe, names: list[str], lamps: Array, pixel_mm: float) -> Capture:
    frames = []
    for name, lamp in zip(names, lamps.tolist(), strict=True):
        known = {} if scene.spheres else coordinates(light=tuple(lamp))
        frames.append(Frame(file=name, coordinates=known))
    thing = Thing(identifier=f"simulated-{scene.thing}", title=TITLES[scene.thing])
    settings = {"encoding": "linear", "pixel_mm": round(pixel_mm, 6)}
    return Capture(thing=thing, frames=frames, settings=settings, notes=["simulated"])
