"""The forward model of page capture: a book on a table, seen by a camera, with exact truth.

A pixel's ray is followed to the sheet it meets; ink, paper, lamp and the shadow of the fold give its light;
photons and the sensor give its noise. Nothing here is shared with the solver.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame, Rights, Thing, coordinates, save
from vestige.contract import Recipe
from vestige.imaging import write_image
from vestige.pages.book import Camera, Leaf
from vestige.pages.materials import PAPER, printed_paper, table_top
from vestige.pages.recipe import SceneRecipe
from vestige.pages.typesetting import PAGE_MM, PrintedPage, body_pages, title_page

__all__ = ["make"]

FLOAT = NDArray[np.float32]
VIEW_MM = 292.0
BLOCK_MM, BOARD_MM = 4.0, 5.0
BOARD = np.array([0.10, 0.042, 0.024], np.float32)
LAMP = np.array([-0.42, -0.30, 0.86])
AMBIENT = 0.42


@dataclass(frozen=True)
class _Sheet:
    """A page where it lies: its print, its paper, and what the truth calls it."""

    side: str
    leaf: Leaf
    print: PrintedPage
    paper: FLOAT


def make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    """Write frames, ``capture.json`` and ``truth/truth.json`` into `folder`; same recipe and seed, same
    bytes.

    The truth holds, for each frame, the fold (x in pixels at the upper and lower edge), and for each page
    its corners, the slope of its lines and its words with the corners of their boxes, in pixels of the
    frame.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> capture = make(SceneRecipe(width=300, spreads=1, singles=0), folder, 1)
    >>> capture.axes(), json.loads((folder / "truth" / "truth.json").read_text())["frames"][0]["file"]
    (['page'], 'frame_001.jpg')
    """
    assert isinstance(recipe, SceneRecipe)
    scale = 1.3 * recipe.width / VIEW_MM
    texts = body_pages(2 * recipe.spreads + max(0, recipe.singles - 1), scale)
    frames, truth = [], []
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    suffix = {"jpeg": "jpg", "tiff": "tif"}[recipe.format]
    for number in range(1, recipe.singles + recipe.spreads + 1):
        rng = np.random.default_rng([seed, number])
        if number <= recipe.singles:
            printed = title_page(scale) if number == 1 else next(texts)
            sheets = [_single(printed, rng)]
        else:
            sheets = _spread(next(texts), next(texts), recipe, rng)
        camera = _camera(recipe, rng)
        name = f"frame_{number:03d}.{suffix}"
        _write(folder / name, _photograph(sheets, camera, recipe, rng), recipe)
        frames.append(Frame(file=name, coordinates=coordinates(page=float(number))))
        truth.append(_truth(name, sheets, camera))
    (folder / "truth" / "truth.json").write_text(
        json.dumps({"frames": truth}, ensure_ascii=False), encoding="utf-8"
    )
    capture = Capture(
        thing=Thing(identifier="simulated-book", title="Schriften zur Naturkunde, Leipzig 1784 (simulated)"),
        frames=frames,
        settings={"pixel_mm": round(VIEW_MM / recipe.width, 6)},
        rights=Rights(creator="Vestige forward model", licence="CC0-1.0"),
    ).at(folder)
    save(capture, folder)
    return capture


def _single(printed: PrintedPage, rng: np.random.Generator) -> _Sheet:
    leaf = Leaf(1, 0.0, float(rng.uniform(-0.5, 0.5)), -PAGE_MM[0] / 2)
    return _Sheet("single", leaf, printed, printed_paper(printed, rng))


def _spread(
    left: PrintedPage, right: PrintedPage, recipe: SceneRecipe, rng: np.random.Generator
) -> list[_Sheet]:
    steep = recipe.slope * rng.uniform(0.75, 1.0, 2)
    tilt = recipe.tilt * rng.uniform(-0.4, 1.0, 2)
    return [
        _Sheet("left", Leaf(-1, float(steep[0]), float(tilt[0])), left, printed_paper(left, rng)),
        _Sheet("right", Leaf(1, float(steep[1]), float(tilt[1])), right, printed_paper(right, rng)),
    ]


def _camera(recipe: SceneRecipe, rng: np.random.Generator) -> Camera:
    height = round(recipe.width * 13 / 18)
    shift = recipe.offset / 100 * VIEW_MM * rng.uniform(-1, 1, 2) * (1.0, 0.15)
    turn = float(rng.uniform(-recipe.skew, recipe.skew))
    keystone = rng.uniform(-recipe.keystone, recipe.keystone, 2)
    # The tilted camera is moved aside, so that it still looks at the book.
    aside = 900 * np.tan(np.radians(keystone))
    centre = (float(-shift[0] - aside[1]), float(PAGE_MM[1] / 2 - shift[1] + aside[0]))
    return Camera(
        centre, recipe.width / VIEW_MM, turn, (float(keystone[0]), float(keystone[1])), (height, recipe.width)
    )


def _photograph(sheets: list[_Sheet], camera: Camera, recipe: SceneRecipe, rng: np.random.Generator) -> FLOAT:
    """The light of each pixel, noise included: (height, width, 3) linear."""
    table = table_top(recipe.table, camera, rng)
    image = np.empty((*camera.shape, 3), np.float32)
    step = max(1, 4_000_000 // camera.shape[1])
    for first in range(0, camera.shape[0], step):
        rows = slice(first, min(camera.shape[0], first + step))
        image[rows] = _rows(sheets, camera, recipe, table, rows)
    y, x = np.mgrid[-1 : 1 : camera.shape[0] * 1j, -1 : 1 : camera.shape[1] * 1j].astype(np.float32)
    image *= (1 - 0.10 * (x**2 + y**2) - 0.06 * x)[..., None]
    noise = rng.standard_normal(image.shape, np.float32)
    image += noise * np.sqrt(np.maximum(image, 0) / recipe.full_well + (6 / recipe.full_well) ** 2)
    return np.clip(image, 0, 1)


def _rows(sheets: list[_Sheet], camera: Camera, recipe: SceneRecipe, table: FLOAT, rows: slice) -> FLOAT:
    rays = camera.rays(rows)
    ground = camera.reach(rays, 0.0)
    image = table[rows] * _book_shadow(ground, sheets)[..., None]
    image = _boards(image, ground, sheets)
    for sheet in sheets:
        _lay(image, sheet, camera, rays, recipe.shadow)
    return image


def _extent(sheets: list[_Sheet]) -> tuple[float, float]:
    """Left and right end of the paper, mm."""
    if sheets[0].side == "single":
        return -PAGE_MM[0] / 2, PAGE_MM[0] / 2
    ends = [float(sheet.leaf.point(np.array(PAGE_MM[0]), np.array(0.0))[0]) for sheet in sheets]
    return min(ends), max(ends)


def _outside(ground: NDArray[Any], sheets: list[_Sheet], margin: float) -> NDArray[Any]:
    """Distance in mm from a rectangle around the paper, wider by `margin`; negative within."""
    left, right = _extent(sheets)
    across = np.maximum(left - ground[..., 0], ground[..., 0] - right) - margin
    down = np.maximum(-ground[..., 1], ground[..., 1] - PAGE_MM[1]) - margin
    beyond = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    return np.asarray(np.where((across < 0) & (down < 0), np.maximum(across, down), beyond))


def _book_shadow(ground: NDArray[Any], sheets: list[_Sheet]) -> FLOAT:
    """What the book takes of the lamp's light on the table around it."""
    thick = sheets[0].side != "single"
    margin = BLOCK_MM + BOARD_MM if thick else 0.0
    shifted = ground - ((5.0, 4.0) if thick else (0.8, 0.6))
    away = _outside(shifted, sheets, margin)
    return np.asarray(1 - 0.62 / (1 + np.exp(np.clip(away / (2.5 if thick else 0.4), -30, 30))), np.float32)


def _boards(image: FLOAT, ground: NDArray[Any], sheets: list[_Sheet]) -> FLOAT:
    """Leather boards and, left and right, the edges of the leaves; a single leaf has neither."""
    if sheets[0].side == "single":
        return image
    image[_outside(ground, sheets, BLOCK_MM + BOARD_MM) < 0] = BOARD
    left, right = _extent(sheets)
    x, y = ground[..., 0], ground[..., 1]
    block = (x > left - BLOCK_MM) & (x < right + BLOCK_MM) & (y > 0) & (y < PAGE_MM[1])
    leaves = 0.55 + 0.14 * np.sin(2 * math.pi * np.abs(x) / 0.8)
    image[block] = (leaves[..., None] * PAPER * (0.9, 0.8, 0.7))[block]
    return image


def _lay(image: FLOAT, sheet: _Sheet, camera: Camera, rays: NDArray[Any], shadow: float) -> None:
    """Put a page where its rays meet it."""
    leaf = sheet.leaf
    height: NDArray[np.floating[Any]] = np.zeros(rays.shape[:2])
    for _ in range(5):
        place = camera.reach(rays, height)
        height = leaf.height(place[..., 0])
    s, y = leaf.along(place[..., 0]), place[..., 1]
    inside = (s >= 0) & (s <= PAGE_MM[0]) & (y >= 0) & (y <= PAGE_MM[1])
    across = s if leaf.side > 0 else PAGE_MM[0] - s
    scale = sheet.print.scale
    colour = cv2.remap(
        sheet.paper,
        (across * scale - 0.5).astype(np.float32),
        (y * scale - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    lamp = LAMP / np.linalg.norm(LAMP)
    light = AMBIENT + (1 - AMBIENT) * np.maximum(leaf.normal(s) @ lamp, 0) / lamp[2]
    if sheet.side != "single":
        light *= 1 - shadow * np.exp(-np.maximum(s, 0) / 7) * (leaf.slope > 0 or shadow > 0)
    image[inside] = (colour * light[..., None])[inside]


def _write(path: Path, image: FLOAT, recipe: SceneRecipe) -> None:
    ppi = recipe.width / VIEW_MM * 25.4
    depth = 8 if recipe.format == "jpeg" else 16
    write_image(path, image, depth=depth, ppi=ppi, quality=92)


def _truth(name: str, sheets: list[_Sheet], camera: Camera) -> dict[str, Any]:
    fold = None
    if sheets[0].side != "single":
        ends = camera.project(sheets[0].leaf.point(np.zeros(2), np.array([0.0, PAGE_MM[1]])))
        slant = (ends[1, 0] - ends[0, 0]) / (ends[1, 1] - ends[0, 1])
        edges = [ends[0, 0] + slant * (y - ends[0, 1]) + 0.5 for y in (-0.5, camera.shape[0] - 0.5)]
        fold = {"top": round(float(edges[0]), 2), "bottom": round(float(edges[1]), 2)}
    return {"file": name, "fold": fold, "pages": [_page_truth(sheet, camera) for sheet in sheets]}


def _page_truth(sheet: _Sheet, camera: Camera) -> dict[str, Any]:
    width, height = PAGE_MM
    corners = _seen(sheet, camera, [(0, 0), (width, 0), (width, height), (0, height)])
    ends = np.array(_seen(sheet, camera, [(0.2 * width, height / 2), (0.8 * width, height / 2)]))
    slope = math.degrees(math.atan2(*(ends[1] - ends[0])[::-1]))
    lines = [
        [
            {
                "text": text,
                "corners": _seen(
                    sheet, camera, [(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])]
                ),
            }
            for text, box in line
        ]
        for line in sheet.print.lines
    ]
    return {
        "side": sheet.side,
        "angle": round(slope, 4),
        "corners": corners,
        "lines": lines,
        "text": sheet.print.text,
    }


def _seen(sheet: _Sheet, camera: Camera, places: list[tuple[float, float]]) -> list[list[float]]:
    """Pixels of places on a page, given in mm from its upper left corner."""
    across, down = np.array(places, np.float64).T
    s = across if sheet.leaf.side > 0 else PAGE_MM[0] - across
    return [
        [round(float(value), 2) for value in pixel] for pixel in camera.project(sheet.leaf.point(s, down))
    ]
