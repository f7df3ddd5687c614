"""The frames of a volume in the order they are read, and what each is found to hold."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame, natural_order
from vestige.errors import InputError
from vestige.imaging import Image, open_image
from vestige.pages.cropping import crop_box, split
from vestige.pages.fold import find_fold
from vestige.pages.geometry import Box, Fold, Placement, Side
from vestige.pages.paper import paper_mask
from vestige.pages.recipe import PagesRecipe
from vestige.pages.skew import Skew, skew_angle

__all__ = ["Finding", "find_pages", "frames_in_order", "open_frame"]

FLOAT = NDArray[np.float32]


@dataclass(frozen=True)
class Finding:
    """What a frame holds: its size, fold, pages in reading order, and the tone of their paper (linear)."""

    height: int
    width: int
    fold: Fold | None
    pages: tuple[Placement, ...]
    tones: tuple[tuple[float, ...], ...]

    def plain(self) -> dict[str, Any]:
        """As numbers, for a part of a run."""
        return asdict(self)

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Finding:
        """From numbers."""
        fold = Fold(**plain["fold"]) if plain["fold"] else None
        pages = tuple(Placement(**{**page, "box": Box(**page["box"])}) for page in plain["pages"])
        tones = tuple(tuple(tone) for tone in plain["tones"])
        return cls(plain["height"], plain["width"], fold, pages, tones)


def frames_in_order(capture: Capture) -> list[Frame]:
    """The object's frames by page, left before right, then by name; without pages, by name.

    Raises
    ------
    InputError : there is none, or a page is no number.
    """
    frames = capture.select()
    if not frames:
        raise InputError(capture.root, "holds no frame", "frames of pages", "name the folder of the frames")
    paged = [frame for frame in frames if "page" in frame.coordinates]

    def place(frame: Frame) -> tuple[Any, ...]:
        page = frame.number("page") if len(paged) == len(frames) else 0.0
        return page, _side_of(frame) == "right", natural_order(frame.file)

    return sorted(frames, key=place)


def open_frame(capture: Capture, frame: Frame) -> Image:
    """The image of a frame, in linear light as the capture says."""
    encoding: Literal["auto", "srgb", "linear"] = capture.settings.get("encoding", "auto")
    return open_image(capture.path(frame), encoding=encoding, white_level=capture.settings.get("white_level"))


def find_pages(image: FLOAT, recipe: PagesRecipe, size: tuple[int, int], side: str = "") -> Finding:
    """Fold, angle and box of each page of a frame; what the recipe sets by hand is taken as it is.

    Parameters
    ----------
    image : a small version of the frame, linear light, (height, width[, 3]).
    size : (height, width) of the frame itself; the finding is in its pixels.
    side : 'left' or 'right' where the frame is known to show that page alone.
    """
    height, width = image.shape[:2]
    paper = (
        paper_mask(image)
        if recipe.cropping == "page" or recipe.split != "never"
        else np.ones((height, width), bool)
    )
    fold = None if side else _fold(image, paper, recipe)
    pages, tones = [], []
    for place, mask in split(paper, fold).items():
        tones.append(_tone(image, mask))
        pages.append(_placement(image, mask, place, recipe, (height, width)))
    factor = size[1] / width
    whole = tuple(_scaled(page, factor, size[0] / height) for page in pages)
    if recipe.order == "right first":
        whole, tones = whole[::-1], tones[::-1]
    return Finding(size[0], size[1], fold.scaled(factor) if fold else None, whole, tuple(tones))


def _side_of(frame: Frame) -> str:
    side = frame.coordinates.get("side")
    return str(side.value) if side is not None else ""


def _fold(image: FLOAT, paper: NDArray[np.bool_], recipe: PagesRecipe) -> Fold | None:
    width = image.shape[1]
    if recipe.split == "never":
        return None
    if recipe.fold is not None:
        return Fold(recipe.fold[0] * width, recipe.fold[1] * width)
    if recipe.split == "always":
        found = find_fold(image, paper, threshold=0, upright_threshold=0)
        return found or Fold(width / 2, width / 2, 0.0)
    most = max(recipe.fold_threshold, 0.15)
    return find_fold(image, paper, threshold=recipe.fold_threshold, upright_threshold=most)


def _placement(
    image: FLOAT, mask: NDArray[np.bool_], side: Side, recipe: PagesRecipe, shape: tuple[int, int]
) -> Placement:
    set_angle = recipe.angle_right if side == "right" else recipe.angle
    set_box = recipe.crop_right if side == "right" else recipe.crop
    skew = skew_angle(image, mask) if set_angle is None else Skew(set_angle, 0.0)
    if set_box is not None:
        box = Box(*set_box).scaled(shape[1], shape[0])
    elif recipe.cropping == "page":
        box = crop_box(mask, skew.angle)
    else:
        box = Box(0, 0, shape[1], shape[0])
    return Placement(side, skew.angle, box, skew.clarity)


def _scaled(page: Placement, across: float, down: float) -> Placement:
    return Placement(page.side, page.angle, page.box.scaled(across, down), page.clarity)


def _tone(image: FLOAT, mask: NDArray[np.bool_]) -> tuple[float, ...]:
    """The tone of the paper: brighter than the ink on it."""
    pixels = image[mask] if mask.any() else image.reshape(-1, *image.shape[2:])
    return tuple(float(value) for value in np.atleast_1d(np.percentile(pixels, 60, axis=0)))
