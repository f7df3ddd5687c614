"""Forward model: sphere-traced views of an implicit surface on a glass turntable.

Each pixel's ray (through a lens with radial distortion) is walked along the signed distance until it meets
the surface [1]_; partly covered pixels at the outline take their coverage from the closest approach. The
lamps stand still with the camera while the object turns; grain and photon noise are added in linear light.

References
----------
.. [1] Hart, J. C. (1996). Sphere tracing: a geometric method for the antialiased ray tracing of implicit
   surfaces. The Visual Computer 12, 527-545.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from vestige.capture import Calibration, Capture, Coordinate, Frame, Thing, save
from vestige.capture.durable import write_atomically
from vestige.imaging import write_image
from vestige.turntable.recipe import SceneRecipe
from vestige.turntable.sculpture import Sculpture, distance_at, field, figurine, jug

__all__ = ["make"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Station:
    """Where the camera stands for one frame, in the frame of the object."""

    file: str
    azimuth: float
    elevation: float
    rotation: Floats
    translation: Floats
    focal: float


def make(recipe: SceneRecipe, folder: Path, seed: int) -> Capture:
    """Photograph the object all round: frames, clean plates, ``cameras.json``, truth.

    Writes beneath ``folder/truth`` the true surface ``surface.npz`` (vertices in mm, faces) and the true
    silhouettes ``masks/FRAME.png``.
    """
    sculpture = jug() if recipe.thing == "jug" else figurine()
    random = np.random.default_rng(seed)
    (folder / "truth" / "masks").mkdir(parents=True)
    stations = _stations(recipe, sculpture)
    frames = []
    for station in stations:
        picture, coverage = _photograph(recipe, sculpture, station, random)
        write_image(folder / station.file, picture, depth=8)
        levels = np.round(coverage * 255).astype(np.uint8)
        write_image(folder / "truth" / "masks" / station.file, levels, depth=8, encoded=True)
        frames.append(Frame(file=station.file, coordinates=_coordinates(station)))
    if recipe.plate:
        frames += _plates(recipe, stations, folder, random)
    _write_cameras(recipe, stations, folder)
    _write_truth(recipe, sculpture, folder)
    capture = Capture(
        thing=Thing(identifier=f"simulated-{recipe.thing}", title=_TITLES[recipe.thing]),
        frames=frames,
        settings={"encoding": "srgb"},
        calibration=[Calibration(kind="cameras", file="cameras.json")],
    ).at(folder)
    save(capture, folder)
    return capture


_TITLES = {"jug": "Painted jug, Geometric style (simulated)", "figurine": "Folded-arm figurine (simulated)"}


def _coordinates(station: _Station) -> dict[str, Coordinate]:
    return {
        "azimuth": Coordinate(value=station.azimuth, unit="deg"),
        "elevation": Coordinate(value=station.elevation, unit="deg"),
    }


def _stations(recipe: SceneRecipe, sculpture: Sculpture) -> list[_Station]:
    upper = recipe.views // 2
    lower = recipe.views - upper
    angles = [(360.0 * k / lower, recipe.low) for k in range(lower)]
    angles += [(360.0 * (k + 0.5) / upper, recipe.high) for k in range(upper)]
    angles += [(360.0 * k / recipe.below + 20.0, -55.0) for k in range(recipe.below)]
    span = np.hypot(sculpture.height, 2 * sculpture.radius) * 0.9
    focal = min(recipe.width, recipe.height) * recipe.distance / span
    target = np.array([0.0, 0.0, sculpture.height / 2])
    return [
        _station(f"view_{index:03d}.png", azimuth % 360.0, elevation, recipe.distance, target, focal)
        for index, (azimuth, elevation) in enumerate(angles, start=1)
    ]


def _station(
    file: str, azimuth: float, elevation: float, distance: float, target: Floats, focal: float
) -> _Station:
    a, e = np.radians([azimuth, elevation])
    away = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    forward = -away
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return _Station(file, azimuth, elevation, rotation, -rotation @ (target + distance * away), focal)


def _rays(recipe: SceneRecipe, station: _Station) -> tuple[Floats, Floats]:
    """The camera's centre and a unit direction for each pixel centre, in the frame of the object."""
    v, u = np.mgrid[0.5 : recipe.height, 0.5 : recipe.width]
    x_seen = (u - recipe.width / 2) / station.focal
    y_seen = (v - recipe.height / 2) / station.focal
    x, y = x_seen, y_seen
    for _ in range(20):
        bend = 1 + recipe.distortion * (x * x + y * y)
        x, y = x_seen / bend, y_seen / bend
    directions = np.stack([x, y, np.ones_like(x)], axis=-1) @ station.rotation
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    return -station.rotation.T @ station.translation, directions.reshape(-1, 3)


@numba.njit(cache=True, nogil=True)
def _trace(
    origin: Any, directions: Any, height: float, radius: float, pixel: float,
    profile: Any, strap: Any, low_z: float, low_r: float, rods: Any,
) -> Any:  # fmt: skip
    """For each ray: coverage of the pixel, point, normal and openness to the sky of the surface there."""
    count = directions.shape[0]
    found = np.zeros((count, 8))
    ball = np.sqrt(radius * radius + height * height / 4) + 2.0
    for n in range(count):
        dx, dy, dz = directions[n]
        mx, my, mz = origin[0], origin[1], origin[2] - height / 2
        middle = -(mx * dx + my * dy + mz * dz)
        square = ball * ball - (mx * mx + my * my + mz * mz) + middle * middle
        if square <= 0:
            continue
        t, end = middle - np.sqrt(square), middle + np.sqrt(square)
        best, best_t = 1e9, t
        for _ in range(160):
            d = distance_at(
                origin[0] + t * dx, origin[1] + t * dy, origin[2] + t * dz, profile, strap, low_z, low_r, rods
            )
            if d / t < best:
                best, best_t = d / t, t
            if d < 0.004 or t > end:
                break
            t += 0.85 * d
        cover = 1.0 if best * best_t < 0.004 else 0.5 - best / pixel
        if cover <= 0:
            continue
        x, y, z = origin[0] + best_t * dx, origin[1] + best_t * dy, origin[2] + best_t * dz
        h = 0.25
        gx = distance_at(x + h, y, z, profile, strap, low_z, low_r, rods) - distance_at(
            x - h, y, z, profile, strap, low_z, low_r, rods
        )
        gy = distance_at(x, y + h, z, profile, strap, low_z, low_r, rods) - distance_at(
            x, y - h, z, profile, strap, low_z, low_r, rods
        )
        gz = distance_at(x, y, z + h, profile, strap, low_z, low_r, rods) - distance_at(
            x, y, z - h, profile, strap, low_z, low_r, rods
        )
        size = np.sqrt(gx * gx + gy * gy + gz * gz) + 1e-12
        gx, gy, gz = gx / size, gy / size, gz / size
        closed = 0.0
        for step in range(1, 5):
            reach = 2.5 * step
            d = distance_at(
                x + reach * gx, y + reach * gy, z + reach * gz, profile, strap, low_z, low_r, rods
            )
            closed += max(reach - d, 0.0) / reach * 0.6**step
        found[n, 0] = min(cover, 1.0)
        found[n, 1], found[n, 2], found[n, 3] = x, y, z
        found[n, 4], found[n, 5], found[n, 6] = gx, gy, gz
        found[n, 7] = max(1.0 - closed, 0.1)
    return found


def _photograph(
    recipe: SceneRecipe, sculpture: Sculpture, station: _Station, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    origin, directions = _rays(recipe, station)
    found = _trace(
        origin, directions, sculpture.height, sculpture.radius, 1 / station.focal, *sculpture.arrays()
    )
    backdrop = _backdrop(recipe, station)
    picture = backdrop.reshape(-1, 3).copy()
    hit = found[:, 0] > 0
    cover = found[hit, :1]
    shade = _shade(sculpture, station, found[hit], directions[hit])
    picture[hit] = cover * shade + (1 - cover) * picture[hit]
    coverage = found[:, 0].reshape(recipe.height, recipe.width).astype(np.float32)
    return _exposed(recipe, picture.reshape(backdrop.shape), random), coverage


def _shade(sculpture: Sculpture, station: _Station, found: Floats, directions: Floats) -> Floats:
    """Light leaving the surface: Lambert and a soft gloss, a key lamp, a fill lamp, light from the room."""
    normals, openness = found[:, 4:7], found[:, 7]
    # Camera axes: x right, y down, z away; both lamps are bolted to the stand of the camera.
    key = station.rotation.T @ (np.array([-0.55, -0.65, -0.55]) / np.linalg.norm([0.55, 0.65, 0.55]))
    fill = station.rotation.T @ (np.array([0.75, -0.1, -0.65]) / np.linalg.norm([0.75, 0.1, 0.65]))
    halfway = key - directions
    halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
    lambert = 0.95 * np.clip(normals @ key, 0, None) + 0.4 * np.clip(normals @ fill, 0, None)
    gloss = 0.05 * np.clip(np.einsum("ij,ij->i", normals, halfway), 0, None) ** 40
    light = lambert * (0.4 + 0.6 * openness) + 0.32 * openness
    return np.asarray(sculpture.reflectance(found[:, 1:4]) * light[:, None] + gloss[:, None])


def _backdrop(recipe: SceneRecipe, station: _Station) -> Floats:
    """Grey paper behind the glass, lighter in the middle, different for each elevation."""
    v, u = np.mgrid[0 : recipe.height, 0 : recipe.width].astype(float)
    x, y = u / recipe.width - 0.5, v / recipe.height - 0.5
    level = (
        recipe.backdrop * (1.1 - 0.9 * (x * x + y * y)) * (1 + 0.3 * np.sin(np.radians(station.elevation)))
    )
    level = level * (1 + 0.12 * y)
    return np.asarray(level[..., None] * np.array([0.97, 1.0, 1.04]))


def _exposed(recipe: SceneRecipe, light: Floats, random: np.random.Generator) -> NDArray[np.float32]:
    """Photon noise (variance grows with light) and read noise."""
    spread = recipe.noise * np.sqrt(0.1 + 0.9 * np.clip(light, 0, None) / 0.18)
    return np.clip(light + spread * random.standard_normal(light.shape), 0, 1).astype(np.float32)


def _plates(
    recipe: SceneRecipe, stations: list[_Station], folder: Path, random: np.random.Generator
) -> list[Frame]:
    plates = []
    for elevation in dict.fromkeys(station.elevation for station in stations):
        station = next(station for station in stations if station.elevation == elevation)
        file = f"plate_{elevation:+03.0f}.png"
        write_image(folder / file, _exposed(recipe, _backdrop(recipe, station), random), depth=8)
        angle = {"elevation": Coordinate(value=elevation, unit="deg")}
        plates.append(Frame(file=file, role="background", coordinates=angle))
    return plates


def _write_cameras(recipe: SceneRecipe, stations: list[_Station], folder: Path) -> None:
    rig = {
        "unit": "mm",
        "convention": "x_cam = R x_world + t; x right, y down, z forward; u = f (1 + k r^2) x/z + cx",
        "camera": {
            "model": "SIMPLE_RADIAL",
            "width": recipe.width,
            "height": recipe.height,
            "f": stations[0].focal,
            "cx": recipe.width / 2,
            "cy": recipe.height / 2,
            "k": recipe.distortion,
        },
        "frames": [
            {
                "file": station.file,
                "R_cam_from_world": station.rotation.tolist(),
                "t_cam_from_world": station.translation.tolist(),
            }
            for station in stations
        ],
    }
    write_atomically(folder / "cameras.json", json.dumps(rig, indent=1).encode())


def _write_truth(recipe: SceneRecipe, sculpture: Sculpture, folder: Path) -> None:
    reach = sculpture.radius + 4 * recipe.truth_mm
    across = np.arange(-reach, reach, recipe.truth_mm)
    upward = np.arange(-4 * recipe.truth_mm, sculpture.height + 6 * recipe.truth_mm, recipe.truth_mm)
    values = field(sculpture, (across, across, upward))
    vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
        values, 0.0, spacing=(recipe.truth_mm,) * 3
    )
    vertices = vertices + np.array([across[0], across[0], upward[0]])
    np.savez(
        folder / "truth" / "surface.npz", vertices=vertices.astype(np.float32), faces=faces.astype(np.int32)
    )
