"""Pictures of a relighting run for its report."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Picture
from vestige.imaging import linear_from_srgb, picture
from vestige.relight.lights import elevation_azimuth, from_angles
from vestige.relight.planes import Planes, relight
from vestige.relight.products import shrink
from vestige.relight.spheres import Sphere
from vestige.relight.strips import FitStores

__all__ = ["lights_diagram", "raking_views", "report_pictures", "sphere_picture"]

SIDE = 900


def report_pictures(
    stores: FitStores,
    lights: NDArray[np.float64],
    view: NDArray[np.float64],
    white: float,
    height: NDArray[np.float32],
) -> list[Picture]:
    """The view, raking views, normals, albedo, height and the lights."""
    step = max(1, -(-max(stores.shape) // SIDE))
    small = _small_planes(stores, step)
    normals, reflectance = shrink(stores.normals, step), shrink(stores.albedo, step)
    shown = np.round((normals + 1) * 127.5).astype(np.uint8)
    angles = elevation_azimuth(lights)
    lowest = float(angles[0].min())
    return [
        Picture("View", _codes(relight(small, view)), f"Lit from {_words(view)}"),
        Picture(
            "Raking views",
            raking_views(small, lowest),
            f"Light from the top, right, bottom and left, {lowest:.0f} degrees above the surface",
        ),
        Picture("Normals", shown, "Red: to the right; green: up; blue: to the viewer"),
        Picture("Albedo", picture(reflectance / np.float32(white)), "Colour without light and shade"),
        Picture("Height", picture(height, colour_map="viridis", max_side=SIDE), "Bright is near"),
        Picture("Lights", lights_diagram(lights), "Seen from the camera; the circle is the horizon"),
    ]


def raking_views(planes: Planes, elevation: float) -> NDArray[np.uint8]:
    """Four views under low light from the top, right, bottom and left, as one picture (2 x 2).

    >>> raking_views(Planes(np.zeros((18, 4, 4), np.float32), "ptm"), 20).shape
    (8, 8, 3)
    """
    views = [_codes(relight(planes, from_angles(azimuth, elevation))) for azimuth in (90, 0, 270, 180)]
    return np.concatenate([np.concatenate(views[:2], axis=1), np.concatenate(views[2:], axis=1)])


def lights_diagram(lights: NDArray[np.float64], side: int = 320) -> NDArray[np.uint8]:
    """Where the lights stood: their x and y in the unit circle.

    >>> lights_diagram(np.array([[0.0, 0.0, 1.0]])).shape
    (320, 320, 3)
    """
    diagram = np.full((side, side, 3), 255, np.uint8)
    centre, radius = side // 2, int(0.46 * side)
    for elevation in (0, 30, 60):
        ring = round(radius * float(np.cos(np.radians(elevation))))
        cv2.circle(diagram, (centre, centre), ring, (200, 200, 200), 1, cv2.LINE_AA)
    for x, y, _ in lights:
        at = (round(centre + radius * float(x)), round(centre - radius * float(y)))
        cv2.circle(diagram, at, 5, (200, 120, 20), -1, cv2.LINE_AA)
    return diagram


def sphere_picture(mean: NDArray[np.float32], spheres: Sequence[Sphere]) -> NDArray[np.uint8]:
    """The frames' mean with the spheres found drawn in; spheres in pixels of `mean`.

    >>> sphere_picture(np.zeros((20, 20, 3), np.float32), [Sphere(9, 9, 5)]).max() > 0
    np.True_
    """
    shown = picture(mean / max(float(np.percentile(mean, 99)), 1e-3), max_side=10_000).copy()
    for sphere in spheres:
        at = (round(sphere.x * 16), round(sphere.y * 16))
        cv2.circle(shown, at, round(sphere.radius * 16), (255, 140, 0), 2, cv2.LINE_AA, 4)
    return shown


def _small_planes(stores: FitStores, step: int) -> Planes:
    parts = [shrink(store, step) for store in stores.planes]
    values = np.concatenate([part if part.ndim == 3 else part[..., None] for part in parts], axis=2)
    return Planes(np.ascontiguousarray(np.moveaxis(values, 2, 0)), stores.model.basis, stores.model.colours)


def _codes(shown: NDArray[np.float32]) -> NDArray[np.uint8]:
    return picture(linear_from_srgb(np.clip(shown, 0, 1)).astype(np.float32), max_side=SIDE)


def _words(light: NDArray[np.float64]) -> str:
    elevation, azimuth = (float(angle[0]) for angle in elevation_azimuth(light[None]))
    hour = round((90 - azimuth) / 30) % 12 or 12
    return f"{hour} o'clock, {elevation:.0f} degrees above the surface"
