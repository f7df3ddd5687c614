"""The forward model: how a lens of finite depth of field records a layered object, frame after frame.

Each layer is blurred as colour times alpha and as alpha, in linear light, by the disk of confusion of the
thin lens, then laid over what lies behind it. Blurring one finished picture by its depth map would be
wrong exactly where fusion is hard: at the edge of a near thing, where a wide aperture sees past it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame, Rights, Thing, coordinates, save
from vestige.contract import Recipe
from vestige.focus.recipe import SceneRecipe
from vestige.focus.specimen import FIELD_MM, Layer, paint
from vestige.imaging import write_image

__all__ = ["Motion", "disk", "expose", "make", "motions"]

FLOAT = NDArray[np.float32]
DISTANCE_MM = 60.0
NEAREST_MM, FARTHEST_MM = 4.5, -0.3
#: Diffraction and the pixel's own area: even a perfect frame is this soft (standard deviation in pixels).
OPTICS_PIXELS = 0.6
RADIUS_STEP = 0.75


@dataclass(frozen=True)
class Motion:
    """What changes besides focus: `matrix` takes a true pixel (x, y, 1) into the frame."""

    matrix: NDArray[np.float64]
    gain: float


def make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    """Write the frames of a scene, its manifest, and under ``truth`` the exact picture, depth and motions.

    >>> import tempfile
    >>> capture = make(SceneRecipe(height=48, frames=3), Path(tempfile.mkdtemp()), 0)
    >>> [round(frame.number("focus"), 2) for frame in capture.frames]
    [55.5, 57.9, 60.3]
    """
    assert isinstance(recipe, SceneRecipe)
    random = np.random.default_rng([seed, 1])
    height, width = recipe.height, round(recipe.height * FIELD_MM[0] / FIELD_MM[1])
    margin = 8 + round(recipe.shift) + round(0.006 * recipe.breathing * recipe.frames * width)
    layers = paint(
        height + 2 * margin, width + 2 * margin, height / FIELD_MM[1], np.random.default_rng([seed, 0])
    )
    heights = np.linspace(NEAREST_MM, FARTHEST_MM, recipe.frames)
    moves = motions(recipe, height, width, random)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    _write_truth(folder / "truth", recipe, layers, margin, moves, heights)
    frames = []
    for number, (canvas, height_mm, move) in enumerate(
        zip(_defocused(layers, heights, recipe), heights, moves, strict=True), start=1
    ):
        name = f"focus_{number:03d}.tif"
        _write(folder / name, expose(canvas, move, (height, width), margin, recipe, random), recipe)
        frames.append(
            Frame(file=name, coordinates=coordinates(focus=round(DISTANCE_MM - float(height_mm), 4)))
        )
    capture = Capture(
        thing=Thing(identifier="chafer-0042", title="Rose chafer on its card (simulated)"),
        frames=frames,
        rights=Rights(creator="Vestige forward model", licence="CC0-1.0"),
        settings={"pixel_mm": FIELD_MM[1] / height},
    ).at(folder)
    save(capture, folder)
    return capture


def motions(recipe: SceneRecipe, height: int, width: int, random: np.random.Generator) -> list[Motion]:
    """Breathing about the centre, shifts, turns and exposure of each frame; the middle frame stands still."""
    middle = recipe.frames // 2
    centre = ((width - 1) / 2, (height - 1) / 2)
    result = []
    for number in range(recipe.frames):
        shift = random.uniform(-recipe.shift, recipe.shift, 2)
        turn = random.normal(0, recipe.turn)
        gain = 1 + random.uniform(-recipe.exposure, recipe.exposure) / 100
        matrix = np.eye(3)
        if number != middle:
            scale = 1 + recipe.breathing / 100 * (number - middle)
            matrix[:2] = cv2.getRotationMatrix2D(centre, turn, scale)
            matrix[:2, 2] += shift
        result.append(Motion(matrix, 1.0 if number == middle else gain))
    return result


def disk(radius: float) -> FLOAT:
    """The disk of confusion of `radius` pixels with soft edges, summing to 1.

    >>> disk(0.0).shape, disk(2.0).shape, float(disk(2.0).sum().round(5))
    ((1, 1), (7, 7), 1.0)
    """
    if radius < 0.05:
        return np.ones((1, 1), np.float32)
    reach = int(np.ceil(radius + 0.5))
    fine = (np.arange(-reach * 8, reach * 8 + 8) + 0.5) / 8 - 0.5
    inside = (fine[:, None] ** 2 + fine[None, :] ** 2 <= radius**2).astype(np.float32)
    size = 2 * reach + 1
    kernel: FLOAT = inside.reshape(size, 8, size, 8).mean(axis=(1, 3))
    return np.asarray(kernel / kernel.sum(), np.float32)


def expose(
    canvas: FLOAT,
    move: Motion,
    shape: tuple[int, int],
    margin: int,
    recipe: SceneRecipe,
    random: np.random.Generator,
) -> FLOAT:
    """What the sensor records of an optical image: moved, softened, exposed, with photon and read noise."""
    outward = np.array([[1, 0, -margin], [0, 1, -margin], [0, 0, 1.0]])
    moved = cv2.warpAffine(canvas, (move.matrix @ outward)[:2], shape[::-1], flags=cv2.INTER_LANCZOS4)
    light = np.clip(cv2.GaussianBlur(moved, (0, 0), OPTICS_PIXELS) * np.float32(move.gain), 0, None)
    electrons = np.sqrt(light * recipe.full_well + recipe.read_noise**2)
    noisy = light + random.standard_normal(light.shape, np.float32) * electrons / recipe.full_well
    return np.asarray(np.clip(noisy, 0, 1), np.float32)


def _defocused(layers: list[Layer], heights: NDArray[np.float64], recipe: SceneRecipe) -> list[FLOAT]:
    """The optical image at each plane of focus: layers laid over one another from the back."""
    per_mm = recipe.blur / (heights[0] - heights[1])
    images: list[FLOAT] = [np.zeros_like(layers[0].colour) for _ in heights]
    for layer in layers:
        bank = _Bank(layer)
        for image, height_mm in zip(images, heights, strict=True):
            radius = np.abs(layer.height_mm[bank.region] - np.float32(height_mm)) * np.float32(per_mm)
            seen = bank.at(radius)
            image[bank.region] *= 1 - seen[..., 3:]
            image[bank.region] += seen[..., :3]
    return images


class _Bank:
    """A layer blurred by disks of growing radius, each made when first asked for."""

    def __init__(self, layer: Layer) -> None:
        rows, columns = (np.flatnonzero(layer.alpha.any(axis=axis)) for axis in (1, 0))
        reach = 64
        self.region = (
            slice(max(0, rows[0] - reach), rows[-1] + 1 + reach),
            slice(max(0, columns[0] - reach), columns[-1] + 1 + reach),
        )
        colour, alpha = layer.colour[self.region], layer.alpha[self.region][..., None]
        self._sharp = np.concatenate([colour * alpha, alpha], axis=2)
        self._blurred: dict[int, FLOAT] = {}

    def at(self, radius: FLOAT) -> FLOAT:
        """Each pixel blurred by its own radius, between the two nearest disks."""
        place = radius / RADIUS_STEP
        lower = np.floor(place).astype(np.int32)
        part = (place - lower)[..., None]
        result = np.zeros_like(self._sharp)
        for step in range(int(lower.min()), int(lower.max()) + 2):
            weight = np.where(
                lower[..., None] == step, 1 - part, np.where(lower[..., None] == step - 1, part, 0)
            )
            result += weight * self._disk(step)
        return result

    def _disk(self, step: int) -> FLOAT:
        if step not in self._blurred:
            kernel = disk(step * RADIUS_STEP)
            blurred = cv2.filter2D(self._sharp, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
            self._blurred[step] = np.asarray(blurred, np.float32)
        return self._blurred[step]


def _write_truth(
    folder: Path,
    recipe: SceneRecipe,
    layers: list[Layer],
    margin: int,
    moves: list[Motion],
    heights: NDArray[np.float64],
) -> None:
    """The picture of a lens of endless depth of field, the distance of each pixel, the motions."""
    image, height_mm = np.zeros_like(layers[0].colour), np.zeros_like(layers[0].alpha)
    for layer in layers:
        image = image * (1 - layer.alpha[..., None]) + layer.colour * layer.alpha[..., None]
        height_mm = np.where(layer.alpha > 0.5, layer.height_mm, height_mm)
    inner = (slice(margin, -margin), slice(margin, -margin))
    sharp = cv2.GaussianBlur(image, (0, 0), OPTICS_PIXELS)[inner]
    write_image(folder / "image.tif", sharp, depth=16, profile="srgb")
    write_image(folder / "depth.tif", (DISTANCE_MM - height_mm[inner]).astype(np.float32), depth=32)
    record = {
        "step_mm": float(heights[0] - heights[1]),
        "frames": [
            {"matrix": move.matrix.tolist(), "gain": move.gain, "focus_mm": DISTANCE_MM - float(height)}
            for move, height in zip(moves, heights, strict=True)
        ],
    }
    (folder / "frames.json").write_text(json.dumps(record, indent=1))


def _write(path: Path, light: FLOAT, recipe: SceneRecipe) -> None:
    write_image(path, light, depth=recipe.bits, profile="srgb", ppi=recipe.height / FIELD_MM[1] * 25.4)
