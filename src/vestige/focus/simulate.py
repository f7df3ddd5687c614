"""The forward model: how a lens of finite depth of field records a heritage object, frame after frame.

Light is gathered over the pupil (`vestige.focus.pupil`), in linear light; then come diffraction and the
pixel, exposure and white balance, photon and read noise, and the 8 or 16 bits of a file. The focal plane is
shifted in one of two ways. ``breathing``: the lens is focused; the viewpoint stays and the picture's scale
changes from frame to frame. ``slider``: the camera moves; the thing in focus keeps its scale, but the
viewpoint approaches, so that near things grow and move more than far ones.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame, Rights, Thing, coordinates, save
from vestige.contract import Recipe
from vestige.focus.pupil import Stage, View, gather
from vestige.focus.recipe import SceneRecipe
from vestige.focus.scenes import SCENES, Canvas, Painting, Point, Scene
from vestige.imaging import write_image

__all__ = ["Motion", "expose", "glints", "lamps", "make", "make_lit", "motions"]

FLOAT = NDArray[np.float32]
#: The `focus` coordinate counts from the lens: mm from the camera's first position to the table.
DISTANCE_MM = 60.0
#: Diffraction and the pixel's own area: even a perfect frame is this soft (standard deviation in pixels).
OPTICS_PIXELS = 0.6


@dataclass(frozen=True)
class Motion:
    """What changes besides focus.

    Attributes
    ----------
    matrix : 3 x 3, takes a pixel (x, y, 1) of the truth into the frame, for what is in focus there.
    jolt : 3 x 3, the part of `matrix` that is not scale by perspective: shift, turn, breathing.
    gains : exposure times white balance, for red, green and blue.
    """

    matrix: NDArray[np.float64]
    jolt: NDArray[np.float64]
    gains: FLOAT


@dataclass(frozen=True)
class _Set:
    """A scene painted and measured out for one recipe."""

    recipe: SceneRecipe
    scene: Scene
    stage: Stage
    #: The layers that lie deeper than any frame reaches; None where there are none.
    deep: Stage | None
    points: list[Point]
    shape: tuple[int, int]
    #: Pixels of the layers for each pixel of a frame, and pixels of a frame for each mm.
    fine: int
    scale: float
    heights: NDArray[np.float64]

    @property
    def step_mm(self) -> float:
        return float(self.heights[0] - self.heights[1])

    @property
    def closeness(self) -> float:
        return 1 / self.recipe.distance if self.recipe.motion == "slider" else 0.0

    def view(self, focus_mm: float, jolt: NDArray[np.float64], *, pinhole: bool = False) -> View:
        """What takes a frame's pixels to the scene."""
        height, width = self.shape
        centre = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1]])
        inverse = np.diag([self.fine, self.fine, 1.0]) @ centre @ np.linalg.inv(jolt)
        cone = 0.0 if pinhole else self.recipe.blur / self.step_mm * self.fine
        return View(inverse, focus_mm, cone, self.closeness)


def make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    """Write the frames of a scene, its manifest, and under ``truth`` the exact picture, depth and motions.

    >>> import tempfile
    >>> capture = make(SceneRecipe(height=48, frames=3), Path(tempfile.mkdtemp()), 0)
    >>> [round(frame.number("focus"), 2) for frame in capture.frames]
    [55.5, 57.9, 60.3]
    """
    assert isinstance(recipe, SceneRecipe)
    if recipe.lights:
        return make_lit(recipe, folder, seed)
    built = _build(recipe, seed)
    random = np.random.default_rng([seed, 1])
    moves = motions(recipe, built.heights, built.shape, random)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    order = random.permutation(recipe.frames) if recipe.shuffled else np.arange(recipe.frames)
    names = {index: f"focus_{number:03d}.tif" for number, index in enumerate(order.tolist(), start=1)}
    _write_truth(folder / "truth", built, moves, names)
    frames = []
    for index, name in names.items():
        height_mm, move = float(built.heights[index]), moves[index]
        light = _light(built, height_mm, move.jolt) * move.gains
        _write(folder / name, expose(light, recipe, np.random.default_rng([seed, 2, index])), built)
        place = coordinates(focus=round(DISTANCE_MM - height_mm, 4)) if recipe.steps_known else {}
        frames.append(Frame(file=name, coordinates=place))
    capture = Capture(
        thing=Thing(identifier=built.scene.identifier, title=built.scene.title),
        frames=frames,
        rights=Rights(creator="Vestige forward model", licence="CC0-1.0"),
        settings={"pixel_mm": 1 / built.scale},
    ).at(folder)
    save(capture, folder)
    return capture


def make_lit(recipe: SceneRecipe, folder: Path, seed: int) -> Capture:
    """As `make`, with a stack for each of several lamps: light times focus.

    At each plane of focus the lamps shine one after the other, so a plane lies alike under all of them;
    the exposure of each frame drifts for itself. The truth is that of the first lamp.

    >>> import tempfile
    >>> recipe = SceneRecipe(scene="coin", height=48, frames=2, lights=3)
    >>> len(make_lit(recipe, Path(tempfile.mkdtemp()), 0).frames)
    6
    """
    random = np.random.default_rng([seed, 1])
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    frames, built, moves, names = [], None, [], {}
    for lamp, (x, y, z) in enumerate(lamps(recipe.lights).tolist()):
        built = _build(recipe, seed, np.array([x, -y, z], np.float32))
        if lamp == 0:
            moves = motions(recipe, built.heights, built.shape, random)
            names = {index: f"light_01_focus_{index + 1:03d}.tif" for index in range(recipe.frames)}
            _write_truth(folder / "truth", built, moves, names)
        drift = motions(recipe, built.heights, built.shape, np.random.default_rng([seed, 3, lamp]))
        for index, height_mm in enumerate(built.heights.tolist()):
            name = f"light_{lamp + 1:02d}_focus_{index + 1:03d}.tif"
            light = _light(built, height_mm, moves[index].jolt) * drift[index].gains
            _write(folder / name, expose(light, recipe, np.random.default_rng([seed, 2, index, lamp])), built)
            place = coordinates(focus=round(DISTANCE_MM - height_mm, 4), light=(x, y, z))
            frames.append(Frame(file=name, coordinates=place))
    assert built is not None
    capture = Capture(
        thing=Thing(identifier=built.scene.identifier, title=built.scene.title),
        frames=frames,
        rights=Rights(creator="Vestige forward model", licence="CC0-1.0"),
        settings={"pixel_mm": 1 / built.scale},
    ).at(folder)
    save(capture, folder)
    return capture


def lamps(count: int) -> NDArray[np.float64]:
    """Unit vectors to lamps in two rings, 35 and 60 degrees high, (count, 3): x right, y up, z to the camera.

    >>> lamps(4).round(2).tolist()[0]
    [0.82, 0.0, 0.57]
    """
    turn = 2 * np.pi * np.arange(count) / count
    high = np.deg2rad(np.where(np.arange(count) % 2, 60.0, 35.0))
    return np.column_stack([np.cos(turn) * np.cos(high), np.sin(turn) * np.cos(high), np.sin(high)])


def _build(recipe: SceneRecipe, seed: int, lamp: FLOAT | None = None) -> _Set:
    scene = SCENES[recipe.scene]
    height, width = recipe.height, round(recipe.height * scene.field_mm[0] / scene.field_mm[1])
    heights = np.linspace(scene.nearest_mm, scene.farthest_mm, recipe.frames)
    fine = 2 if height <= 720 else 1
    growth = 0.006 * abs(recipe.breathing) * recipe.frames
    if recipe.motion == "slider":
        growth = 0.6 * (heights[0] - heights[-1]) / recipe.distance
    margin = 12 + round(recipe.shift + growth * width + recipe.blur * recipe.frames / 2)
    scale = height / scene.field_mm[1]
    lit: dict[str, Any] = {} if lamp is None else {"light": lamp, "ambient": 0.0}
    canvas = Canvas((height + 2 * margin) * fine, (width + 2 * margin) * fine, scale * fine, **lit)
    painting: Painting = scene.paint(canvas, np.random.default_rng([seed, 0]))
    bottom = heights[-1] - 1.5 * (heights[0] - heights[1])
    deep = [layer for layer in painting.layers if layer.height_mm.max() < bottom]
    return _Set(
        recipe,
        scene,
        Stage(painting.layers, OPTICS_PIXELS * fine),
        Stage(deep, OPTICS_PIXELS * fine) if deep else None,
        painting.points,
        (height, width),
        fine,
        scale,
        heights,
    )


def motions(
    recipe: SceneRecipe, heights: NDArray[np.float64], shape: tuple[int, int], random: np.random.Generator
) -> list[Motion]:
    """Scale, shift, turn and exposure of each frame; the middle frame stands still.

    A slider scales what is in focus by 1 + (h - h_k) / distance, h and h_k the heights in focus of the
    middle frame and of this one; what lies nearer grows by more, what lies deeper by less.
    """
    middle = recipe.frames // 2
    centre = ((shape[1] - 1) / 2, (shape[0] - 1) / 2)
    slider = recipe.motion == "slider"
    result = []
    for number, height_mm in enumerate(heights.tolist()):
        shift = random.uniform(-recipe.shift, recipe.shift, 2)
        turn = random.normal(0, recipe.turn)
        gain = 1 + random.uniform(-recipe.exposure, recipe.exposure) / 100
        tint = 1 + random.uniform(-recipe.tint, recipe.tint, 2) / 100
        if number == middle:
            result.append(Motion(np.eye(3), np.eye(3), np.ones(3, np.float32)))
            continue
        breath = 1 if slider else 1 + recipe.breathing / 100 * (number - middle)
        near = 1 + (heights[middle] - height_mm) / recipe.distance if slider else 1
        jolt, matrix = (_similarity(centre, turn, size, shift) for size in (breath, breath * near))
        gains = np.array([gain * tint[0], gain, gain * tint[1]], np.float32)
        result.append(Motion(matrix, jolt, gains))
    return result


def _similarity(
    centre: tuple[float, float], turn: float, scale: float, shift: NDArray[np.float64]
) -> NDArray[np.float64]:
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D(centre, turn, scale)
    matrix[:2, 2] += shift
    return matrix


def glints(image: FLOAT, built_view: View, points: list[Point], fine_per_mm: float) -> None:
    """Add each bright point to an optical image as its disk of confusion; `image` is altered.

    >>> image = np.zeros((9, 9, 3), np.float32)
    >>> centred = View(np.array([[1, 0, -4], [0, 1, -4], [0, 0, 1.0]]), 1.0, 2.0)
    >>> glints(image, centred, [Point(0, 0, 0.0, (5, 5, 5))], 1.0)
    >>> round(float(image[..., 0].sum()), 4), int((image[..., 0] > 0).sum())
    (5.0, 21)
    """
    forward = np.linalg.inv(built_view.inverse)
    shrink = float(np.sqrt(abs(np.linalg.det(forward[:2, :2]))))
    for point in points:
        depth = built_view.focus_mm - point.height_mm
        spread = 1 + depth * built_view.closeness
        place = np.array([point.x_mm * fine_per_mm / spread, point.y_mm * fine_per_mm / spread, 1.0])
        x, y, _ = forward @ place
        _splat(image, x, y, abs(depth) * built_view.cone / spread * shrink, point.light)


def _splat(image: FLOAT, x: float, y: float, radius: float, light: tuple[float, float, float]) -> None:
    """Spread `light` evenly over a disk, edges in parts of pixels."""
    radius = max(radius, 0.5)
    reach = int(np.ceil(radius)) + 1
    left, top = round(x) - reach, round(y) - reach
    rows = slice(max(0, top), min(image.shape[0], top + 2 * reach + 1))
    columns = slice(max(0, left), min(image.shape[1], left + 2 * reach + 1))
    if rows.stop <= rows.start or columns.stop <= columns.start:
        return
    parts = (np.arange((2 * reach + 1) * 4) + 0.5) / 4 - 0.5
    inside = np.hypot(parts[:, None] + top - y, parts[None, :] + left - x) <= radius
    share = inside.reshape(2 * reach + 1, 4, 2 * reach + 1, 4).mean(axis=(1, 3), dtype=np.float32)
    share /= share.sum()
    part = share[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    image[rows, columns] += part[..., None] * np.array(light, np.float32)


def expose(light: FLOAT, recipe: SceneRecipe, random: np.random.Generator) -> FLOAT:
    """What the sensor records of the light that reaches it: photon and read noise, full pixels clipped."""
    light = np.clip(light, 0, None)
    electrons = np.sqrt(np.minimum(light, 1) * recipe.full_well + recipe.read_noise**2)
    noisy = light + random.standard_normal(light.shape, np.float32) * electrons / recipe.full_well
    return np.asarray(np.clip(noisy, 0, 1), np.float32)


def _light(built: _Set, focus_mm: float, jolt: NDArray[np.float64]) -> FLOAT:
    """The optical image of one frame, softened by diffraction and the pixel."""
    view = built.view(focus_mm, jolt)
    image, _ = gather(built.stage, view, built.shape, threads=min(4, os.cpu_count() or 1))
    marks = np.zeros_like(image)
    glints(marks, view, built.points, built.scale * built.fine)
    return image + _softened(marks)


def _softened(image: FLOAT) -> FLOAT:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), OPTICS_PIXELS), np.float32)


def _write_truth(folder: Path, built: _Set, moves: list[Motion], names: dict[int, str]) -> None:
    """What a lens of endless depth of field would see from the middle frame, and how each frame differs.

    ``image.tif`` is sharp throughout, bright points and all. Ground that no frame reaches is told by
    ``unreached.png``, and ``reachable.tif`` shows it as soft as the frame that comes closest, without a
    veil of what stands before it: what the best stacker can make of it. ``glints.png``
    marks the bright points themselves.
    """
    middle = float(built.heights[len(built.heights) // 2])
    view = built.view(middle, np.eye(3), pinhole=True)
    image, height_mm = gather(built.stage, view, built.shape)
    reachable, marks = image.copy(), np.zeros_like(image)
    deep = height_mm < built.heights[-1] - 1.5 * built.step_mm
    if built.deep is not None:
        ground, _ = gather(built.deep, built.view(float(built.heights[-1]), np.eye(3)), built.shape)
        reachable[deep] = ground[deep]
    glints(marks, view, built.points, built.scale * built.fine)
    for name, picture in (("image", image), ("reachable", reachable)):
        write_image(folder / f"{name}.tif", picture + _softened(marks), depth=16, profile="srgb")
    for name, mask in (("unreached", deep), ("glints", marks.max(axis=2) > 0.01)):
        write_image(folder / f"{name}.png", mask.astype(np.uint8) * np.uint8(255), depth=8, encoded=True)
    write_image(folder / "depth.tif", (DISTANCE_MM - height_mm).astype(np.float32), depth=32)
    record = {
        "step_mm": built.step_mm,
        "motion": built.recipe.motion,
        "distance_mm": built.recipe.distance,
        "frames": [
            {
                "file": names[index],
                "matrix": move.matrix.tolist(),
                "gain": float(move.gains[1]),
                "gains": move.gains.tolist(),
                "focus_mm": DISTANCE_MM - float(height),
            }
            for index, (move, height) in enumerate(zip(moves, built.heights, strict=True))
        ],
    }
    (folder / "frames.json").write_text(json.dumps(record, indent=1))


def _write(path: Path, light: FLOAT, built: _Set) -> None:
    write_image(path, light, depth=built.recipe.bits, profile="srgb", ppi=built.scale * 25.4)
