"""The forward model: a frame of targets, and the truth of every measure. Shares no code with finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.quality.measures.colour import XYZ_FROM_SRGB, delta_e_2000, delta_e_ab, lab_from_light
from vestige.quality.targets.camera import inks, reflectance
from vestige.quality.targets.scene import Placed, Scene

__all__ = ["Rendered", "render"]

Points = NDArray[np.float64]
Light = NDArray[np.float32]
#: Points a pixel, along each axis: their mean is the aperture of the pixel.
FINE: Final = 4
ROWS: Final = 256
#: Pieces of each side of a polygon, as the lens bends it.
PIECES: Final = 6
#: A patch is read in its middle, this share of its sides.
MIDDLE: Final = 0.5


@dataclass(frozen=True, eq=False)
class Rendered:
    """A frame and its truth.

    Attributes
    ----------
    light : (height, width, 3) float32, linear sRGB.
    truth : per target its corners, patches, colour errors, noise, sharpness and ppi; JSON's types only.
    """

    light: Light
    truth: dict[str, Any]


def render(scene: Scene) -> Rendered:
    """Photograph a scene.

    Polygons are drawn on a grid of 4 x 4 points a pixel, blurred by the lens there, and averaged over the
    pixel; colours are integrals of reflectance, light and sensitivity; noise is added to the channels of the
    sensor before the matrix. Source: ISO 12233 and ISO 15739 for what the truth means.

    >>> rendered = render(Scene((Placed("scale-bar"),), width=200, height=100, ppi=30.0))
    >>> rendered.light.shape, len(rendered.truth["targets"])
    ((100, 200, 3), 1)
    """
    random = np.random.default_rng(scene.seed)
    painted, colours = _painted(scene, random)
    raw = np.concatenate(
        [_strip(scene, painted, colours, first) for first in range(0, scene.height, ROWS)]
    )
    raw += np.float32(scene.lens.stray) * raw.mean(axis=(0, 1))
    matrix = scene.camera.matrix
    spread = np.sqrt(scene.sensor.variance(raw)).astype(np.float32)
    clean = _times(raw, matrix)
    truth = {
        "distortion_percent": 100 * scene.lens.distortion,
        "vignetting": scene.lens.vignetting,
        "stray": scene.lens.stray,
        "camera": scene.camera.name,
        "illuminant": scene.camera.illuminant,
        "targets": [_truth(scene, target, clean, raw, matrix) for target in scene.targets],
    }
    raw += spread * random.standard_normal(raw.shape, np.float32)
    return Rendered(_times(raw, matrix), truth)


def _times(raw: Light, matrix: Points) -> Light:
    return np.asarray(cv2.transform(raw, matrix.astype(np.float32)), np.float32)


def _painted(scene: Scene, random: np.random.Generator) -> tuple[list[tuple[int, Points]], Light]:
    """Polygons in fine pixels with the number of their colour, and the raw light (n, 3) of every colour."""
    shades = [reflectance("", np.array([scene.surround, 0.0, 0.0]))]
    painted = []
    reach = scene.half_diagonal * 25.4 / scene.ppi
    for _ in range(scene.clutter):
        lab = np.array([random.uniform(20, 90), *random.uniform(-25, 25, 2)])
        sides = random.uniform(0.03, 0.25, 2) * reach
        turn = random.uniform(0, np.pi)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * sides @ matrix.T
        painted.append((len(shades), scene.pixels(corners + random.uniform(-reach, reach, 2))))
        shades.append(reflectance("", lab))
    for target in scene.targets:
        known = inks(target.layout)
        numbers = {name: len(shades) + index for index, name in enumerate(known)}
        shades += list(known.values())
        for ink, polygon in (("", target.layout.corners), *target.layout.shapes):
            painted.append((numbers[ink], scene.where(target, _divided(polygon))))
    return painted, (scene.exposure * scene.camera.raw(np.stack(shades))).astype(np.float32)


def _divided(polygon: Points) -> Points:
    part = np.arange(PIECES)[:, None, None] / PIECES
    return np.asarray(
        (polygon + part * (np.roll(polygon, -1, axis=0) - polygon)).transpose(1, 0, 2).reshape(-1, 2)
    )


def _strip(scene: Scene, painted: list[tuple[int, Points]], colours: Light, first: int) -> Light:
    """Raw light of some rows, with blur, aperture and vignetting."""
    margin = int(np.ceil(4 * scene.lens.blur)) + 1
    last = min(first + ROWS, scene.height)
    top, rows, columns = first - margin, last - first + 2 * margin, scene.width + 2 * margin
    numbers = np.zeros((rows * FINE, columns * FINE), np.uint16)
    for number, polygon in painted:
        _fill(numbers, (polygon + 0.5 - (-margin, top)) * FINE - 0.5, number)
    result = np.empty((last - first, scene.width, 3), np.float32)
    for channel in range(3):
        fine = colours[:, channel][numbers]
        if scene.lens.blur > 0:
            fine = np.asarray(cv2.GaussianBlur(fine, (0, 0), scene.lens.blur * FINE), np.float32)
        small = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)
        result[..., channel] = small[margin:-margin, margin:-margin]
    y, x = np.mgrid[first:last, 0 : scene.width].astype(np.float32)
    radius = ((x - scene.middle[0]) ** 2 + (y - scene.middle[1]) ** 2) / scene.half_diagonal**2
    return np.asarray(result * (1 - scene.lens.vignetting * radius)[..., None], np.float32)


def _fill(numbers: NDArray[np.uint16], polygon: Points, number: int) -> None:
    """Every point whose centre lies within a convex polygon (x, y)."""
    first = max(0, int(np.ceil(polygon[:, 1].min())))
    last = min(len(numbers), int(np.floor(polygon[:, 1].max())) + 1)
    if last <= first or polygon[:, 0].max() < 0 or polygon[:, 0].min() > numbers.shape[1]:
        return
    rows = np.arange(first, last)[:, None]
    start, end = polygon, np.roll(polygon, -1, axis=0)
    rise = end[:, 1] - start[:, 1]
    rise = np.where(rise == 0, 1e-12, rise)
    part = (rows - start[:, 1]) / rise
    x = np.where((part >= 0) & (part <= 1), start[:, 0] + part * (end[:, 0] - start[:, 0]), np.nan)
    inside = np.isfinite(x).any(axis=1)
    left = np.ceil(np.nanmin(np.where(inside[:, None], x, 0), axis=1)).astype(int).clip(0)
    right = (np.floor(np.nanmax(np.where(inside[:, None], x, -2), axis=1)).astype(int) + 1).clip(0)
    for row in range(last - first):
        if inside[row]:
            numbers[first + row, left[row] : right[row]] = number


def _truth(scene: Scene, target: Placed, clean: Light, raw: Light, matrix: Points) -> dict[str, Any]:
    found = target.layout
    corners = scene.where(target, found.corners)
    known: dict[str, Any] = {
        "kind": target.kind,
        "corners": corners.tolist(),
        "ppi": _ppi(corners, found.size),
        "patches": {name: scene.where(target, area).tolist() for name, area in found.patches.items()},
        "edges": {edge.name: _edge(scene, target, edge.start, edge.end) for edge in found.edges},
    }
    means = {name: _mean(clean, np.array(quad)) for name, quad in known["patches"].items()}
    if not means or any(value is None for value in means.values()):
        return known
    seen = lab_from_light(np.stack(list(means.values())))
    wanted = np.stack([found.lab[name] for name in means])
    errors = delta_e_2000(seen, wanted)
    grey = [name in found.neutrals for name in means]
    known["lab"] = {name: value.tolist() for name, value in zip(means, seen, strict=True)}
    known["delta_e_2000_mean"] = float(errors.mean())
    known["delta_e_2000_p90"] = float(np.percentile(errors, 90))
    known["delta_e_2000_max"] = float(errors.max())
    known["delta_e_neutral_max"] = float(delta_e_ab(seen[grey], wanted[grey]).max())
    known["tone_delta_l_max"] = float(np.abs(seen[grey] - wanted[grey])[:, 0].max())
    known["noise_l"] = {name: _noise(scene, means[name], _mean(raw, np.array(quad)), matrix)
                        for name, quad in known["patches"].items() if name in found.neutrals}  # fmt: skip
    return known


def _ppi(corners: Points, size: tuple[float, float]) -> float:
    x, y = corners.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return 25.4 * float(np.sqrt(area / (size[0] * size[1])))


def _mean(light: Light, quad: Points) -> Any:
    """Mean light (3,) over the middle of a patch; None where it is not all in the frame."""
    area = quad.mean(axis=0) + MIDDLE * (quad - quad.mean(axis=0))
    (left, top), (right, bottom) = np.floor(area.min(axis=0)), np.ceil(area.max(axis=0))
    if left < 0 or top < 0 or right >= light.shape[1] or bottom >= light.shape[0]:
        return None
    window = light[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
    inside = np.zeros(window.shape[:2], np.uint16)
    _fill(inside, area - (int(left), int(top)), 1)
    return window[inside > 0].mean(axis=0, dtype=np.float64)


def _edge(scene: Scene, target: Placed, start: Points, end: Points) -> dict[str, Any]:
    """Where an edge lies, and the frequencies (cycles/pixel) at which its contrast is 50 and 10 %."""
    first, last = scene.where(target, np.stack([start, end]))
    across = np.array([[0, 1], [-1, 0]]) @ (last - first) / np.linalg.norm(last - first)
    frequency = np.linspace(0, 1, 4001)
    spread = np.exp(-2 * (np.pi * scene.lens.blur * frequency) ** 2)
    contrast = spread * np.abs(np.sinc(frequency * across[0]) * np.sinc(frequency * across[1]))
    at = [float(frequency[np.argmax(contrast < level)]) for level in (0.5, 0.1)]
    return {"start": first.tolist(), "end": last.tolist(), "mtf50": at[0], "mtf10": at[1]}


def _noise(scene: Scene, light: Points, raw: Points, matrix: Points) -> float:
    """Standard deviation of L* where a patch has this mean: the variances of the channels, carried through."""
    weights = XYZ_FROM_SRGB[1] @ matrix
    spread = float(np.sqrt(weights**2 @ scene.sensor.variance(raw)))
    luminance = float(XYZ_FROM_SRGB[1] @ light)
    slope = 116 / 3 * luminance ** (-2 / 3) if luminance > (6 / 29) ** 3 else 116 / (3 * (6 / 29) ** 2)
    return slope * spread
