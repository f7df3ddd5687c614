"""Directions of the lights from dark reflective spheres beside the object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError

__all__ = ["Sphere", "find_spheres", "lights_from_spheres", "refine_sphere", "sphere_light"]

RAYS = 180
#: A disc seen under a highlight or a hair is still this share of its circle.
ROUND = 0.8
#: A highlight is this much of the brightest value on the sphere, and at least this bright.
HIGHLIGHT_SHARE, HIGHLIGHT_LEAST = 0.5, 0.05


@dataclass(frozen=True)
class Sphere:
    """A sphere in the picture: centre and radius in pixels, x to the right, y down.

    >>> Sphere(10.0, 12.0, 8.0).scaled(2.0)
    Sphere(x=20.5, y=24.5, radius=16.0)
    """

    x: float
    y: float
    radius: float

    def scaled(self, factor: float) -> Sphere:
        """The same sphere in a picture enlarged by `factor`; pixel centres lie at whole numbers."""
        return Sphere((self.x + 0.5) * factor - 0.5, (self.y + 0.5) * factor - 0.5, self.radius * factor)


def lights_from_spheres(frames: Sequence[ArrayLike], spheres: Sequence[Sphere]) -> NDArray[np.float64]:
    """The direction of the light in each frame, from the highlight on each sphere.

    The mirror direction of the view at the highlight is the light; several spheres are averaged. The
    camera is far (orthographic), the light far, the sphere a sphere.

    Parameters
    ----------
    frames : each (height, width) or (height, width, 3), linear light.
    spheres : one or more, in pixels of the frames.

    Returns
    -------
    (frames, 3) float64 unit vectors; NaN where no sphere shows a highlight.

    References
    ----------
    Mudge et al.: New reflection transformation imaging methods for rock art and multiple-viewpoint
    display. VAST 2006.

    >>> frame = np.zeros((41, 41), np.float32)
    >>> frame[20, 20] = 1.0
    >>> lights_from_spheres([frame], [Sphere(20, 20, 15)]).tolist()
    [[0.0, 0.0, 1.0]]
    """
    if not spheres:
        raise UsageError("lights_from_spheres needs one sphere or more")
    lights = np.full((len(frames), 3), np.nan)
    for row, frame in enumerate(frames):
        shown = (sphere_light(np.asarray(frame), sphere) for sphere in spheres)
        found = [light for light in shown if light is not None]
        if found:
            mean = np.mean(found, axis=0)
            lights[row] = mean / np.linalg.norm(mean)
    return lights


def sphere_light(frame: NDArray[np.floating], sphere: Sphere) -> NDArray[np.float64] | None:
    """The direction of the light from the highlight on one sphere, (3,) float64; None where it shows none.

    >>> sphere_light(np.zeros((9, 9)), Sphere(4, 4, 3)) is None
    True
    """
    left, top = (max(0, int(value - sphere.radius)) for value in (sphere.x, sphere.y))
    right, bottom = (int(value + sphere.radius) + 2 for value in (sphere.x, sphere.y))
    patch = np.asarray(frame[top:bottom, left:right], np.float64)
    if patch.ndim == 3:
        patch = patch.mean(axis=2)
    rows, columns = np.mgrid[top : top + patch.shape[0], left : left + patch.shape[1]]
    x, y = (columns - sphere.x) / sphere.radius, (sphere.y - rows) / sphere.radius
    inside = x * x + y * y < 0.96**2
    brightest = float(patch[inside].max(initial=0.0))
    floor = float(np.median(patch[inside])) if inside.any() else 0.0
    if brightest < max(HIGHLIGHT_LEAST, 2 * floor):
        return None
    weight = np.where(inside, np.maximum(patch - floor - HIGHLIGHT_SHARE * (brightest - floor), 0), 0)
    weight = _brightest_spot(weight)
    u, v = (float((weight * axis).sum() / weight.sum()) for axis in (x, y))
    w = np.sqrt(max(0.0, 1 - u * u - v * v))
    return np.array([2 * w * u, 2 * w * v, 2 * w * w - 1])


def find_spheres(picture: NDArray[np.floating], *, count: int = 4) -> list[Sphere]:
    """Dark round discs on a paler ground, the darkest first.

    Parameters
    ----------
    picture : (height, width) `unshadowed_picture` of the frames; about 1000 pixels wide serves best.
    count : most spheres to look for.

    >>> picture = np.full((120, 160), 0.5, np.float32)
    >>> _ = cv2.circle(picture, (60, 50), 20, 0.02, -1)
    >>> sphere, = find_spheres(picture)
    >>> abs(sphere.x - 60) < 0.5 and abs(sphere.radius - 20) < 1
    True
    """
    bright = float(np.percentile(picture, 90)) or 1.0
    smooth = cv2.medianBlur(np.asarray(picture, np.float32), 3)
    smallest, largest = max(4.0, min(picture.shape) / 80), min(picture.shape) / 4
    found: list[tuple[float, Sphere]] = []
    for share in (0.06, 0.12, 0.2, 0.3, 0.45):
        dark = (smooth < share * bright).astype(np.uint8)
        contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        for contour in contours:
            (x, y), radius = cv2.minEnclosingCircle(contour)
            if not smallest <= radius <= largest or cv2.contourArea(contour) < ROUND * np.pi * radius**2:
                continue
            sphere = refine_sphere(picture, Sphere(float(x), float(y), float(radius)))
            if sphere is not None and not any(_overlap(sphere, other) for _, other in found):
                found.append((_darkness(picture, sphere), sphere))
    found.sort(key=lambda item: -item[0])
    return [sphere for darkness, sphere in found[:count] if darkness > 0.5]


def refine_sphere(picture: NDArray[np.floating], guess: Sphere) -> Sphere | None:
    """The circle through the sharpest dark-to-bright edge near a guess, by robust least squares.

    The accuracy of the circle is the accuracy of the lights: a degree for a hundredth of the radius.
    None where the edge is not there.

    >>> picture = np.full((90, 90), 0.5, np.float32)
    >>> _ = cv2.circle(picture, (44, 46), 20, 0.0, -1)
    >>> refine_sphere(picture, Sphere(42, 45, 18)) is not None
    True
    """
    sphere = guess
    for reach in (0.3, 0.15, 0.08):
        points = _edge_points(picture, sphere, reach)
        if len(points) < RAYS // 4:
            return None
        fitted = _circle(points)
        if fitted is None or abs(fitted.radius - guess.radius) > 0.5 * guess.radius:
            return None
        sphere = fitted
    return sphere


def spheres_from_settings(values: Sequence[Sequence[float]]) -> list[Sphere]:
    """Spheres that a person gave as [x, y, radius].

    Raises
    ------
    UsageError
        where one is not three numbers with a radius above 0.

    >>> spheres_from_settings([[10, 12, 8]])
    [Sphere(x=10.0, y=12.0, radius=8.0)]
    """
    for value in values:
        if len(value) != 3 or value[2] <= 0:
            raise UsageError(f"spheres: each is [x, y, radius] in pixels, found {list(value)}")
    return [Sphere(*map(float, value)) for value in values]


def unshadowed_picture(frames: ArrayLike) -> NDArray[np.float32]:
    """A high percentile of all frames, (height, width): moving shadows and highlights drop out.

    Parameters
    ----------
    frames : (frames, height, width) or (frames, height, width, 3), linear light.

    >>> float(unshadowed_picture(np.ones((3, 2, 2))).mean())
    1.0
    """
    values = np.asarray(frames, np.float32)
    grey = values.mean(axis=3) if values.ndim == 4 else values
    return np.asarray(np.percentile(grey, 85, axis=0), np.float32)


def _brightest_spot(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep the connected spot of most light: other glints are reflections of the room."""
    count, labels = cv2.connectedComponents((weight > 0).astype(np.uint8))
    if count <= 2:
        return weight
    sums = np.bincount(labels.ravel(), weight.ravel(), minlength=count)
    return np.where(labels == 1 + int(sums[1:].argmax()), weight, 0.0)


def _edge_points(picture: NDArray[np.floating], sphere: Sphere, reach: float) -> NDArray[np.float64]:
    """Where brightness rises fastest along rays from the centre, (points, 2), below a pixel."""
    angle = np.arange(RAYS) * (2 * np.pi / RAYS)
    steps = np.arange((1 - reach) * sphere.radius, (1 + reach) * sphere.radius, 0.5)
    if len(steps) < 5:
        return np.empty((0, 2))
    x = (sphere.x + np.cos(angle)[:, None] * steps).astype(np.float32)
    y = (sphere.y + np.sin(angle)[:, None] * steps).astype(np.float32)
    values = cv2.remap(picture.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    slope = np.gradient(cv2.GaussianBlur(values, (5, 1), 0), axis=1)
    at = slope[:, 1:-1].argmax(axis=1) + 1
    ray = np.arange(RAYS)
    before, here, after = slope[ray, at - 1], slope[ray, at], slope[ray, at + 1]
    bend = before - 2 * here + after
    shift = np.where(np.abs(bend) > 1e-9, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0.0)
    radius = steps[0] + 0.5 * (at + np.clip(shift, -0.5, 0.5))
    strong = here > 0.25 * np.percentile(here, 90)
    height, width = picture.shape[:2]
    points = np.stack([sphere.x + np.cos(angle) * radius, sphere.y + np.sin(angle) * radius], axis=1)
    inside = ((points >= 0) & (points <= [width - 1, height - 1])).all(axis=1)
    return np.asarray(points[strong & inside & (here > 1e-4)], np.float64)


def _circle(points: NDArray[np.float64]) -> Sphere | None:
    """Least-squares circle (Kåsa), with outliers left out in turn."""
    keep = np.ones(len(points), bool)
    sphere = None
    for _ in range(8):
        if keep.sum() < RAYS // 5:
            return None
        x, y = points[keep].T
        system = np.stack([2 * x, 2 * y, np.ones_like(x)], axis=1)
        (a, b, c), *_rest = np.linalg.lstsq(system, x * x + y * y, rcond=None)
        sphere = Sphere(float(a), float(b), float(np.sqrt(max(c + a * a + b * b, 1e-9))))
        distance = np.abs(np.hypot(points[:, 0] - sphere.x, points[:, 1] - sphere.y) - sphere.radius)
        keep = distance <= max(0.3, 2.5 * float(np.median(distance)))
    return sphere


def _darkness(picture: NDArray[np.floating], sphere: Sphere) -> float:
    """How much darker the disc is than the ring around it, 0 to 1."""
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    distance = np.hypot(columns - sphere.x, rows - sphere.y) / sphere.radius
    ring, disc = picture[(distance > 1.1) & (distance < 1.5)], picture[distance < 0.9]
    if not ring.size or not disc.size:
        return 0.0
    return 1.0 - float(np.median(disc)) / max(float(np.median(ring)), 1e-6)


def _overlap(a: Sphere, b: Sphere) -> bool:
    return bool(np.hypot(a.x - b.x, a.y - b.y) < 0.8 * (a.radius + b.radius))
