"""The views of a capture: which frame belongs to which camera and clean plate, and their pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract import Context
from vestige.errors import BudgetError, FrameError, InputError
from vestige.imaging import open_image, probe
from vestige.turntable.cameras import Camera, Rig, read_cameras
from vestige.turntable.recipe import TurntableRecipe

__all__ = ["FEWEST", "View", "capture_rig", "capture_views", "pixels", "plate_of"]

Floats = NDArray[np.float32]

#: Fewer views than this bound no body.
FEWEST = 3
#: Bytes that one pixel costs while its silhouette is found: the frame, the plate, their differences.
_PIXEL_BYTES = 160


@dataclass(frozen=True)
class View:
    """A frame with its camera, both at the size at which they are used, and the clean plate that fits it."""

    frame: Frame
    camera: Camera
    side: int
    plate: Frame | None


def capture_rig(capture: Capture) -> Rig:
    """The cameras of a capture.

    Raises
    ------
    InputError
        where the capture names no ``cameras.json``, or several.
    """
    files = capture.calibrations("cameras")
    if len(files) != 1:
        raise InputError(
            capture.root,
            f"names {len(files) or 'no'} calibration of kind 'cameras'",
            "one cameras.json with intrinsics and a pose for each frame",
            "put the file beside the frames",
        )
    return read_cameras(files[0])


def capture_views(capture: Capture, rig: Rig, recipe: TurntableRecipe, context: Context) -> list[View]:
    """The frames that have a camera, each at the size at which it is used; others are left out with a
    warning.

    Raises
    ------
    InputError
        where fewer than three frames have a camera, or a frame is not of its camera's shape.
    """
    frames = capture.select()
    plates = capture.select(role="background")
    if recipe.background == "plate" and not plates:
        raise InputError(capture.root, "has no clean plate", "a frame with the role 'background'")
    views, lost = [], []
    for frame in frames:
        camera = rig.of(frame.file)
        if camera is None:
            lost.append(frame.file)
        else:
            views.append(_view(capture, frame, camera, plates, recipe, context))
    if lost:
        context.warn(f"{len(lost)} frames have no camera and were left out: {', '.join(lost[:5])}")
    if len(views) < FEWEST:
        raise InputError(
            capture.calibrations("cameras")[0],
            f"has cameras for {len(views)} of {len(frames)} frames",
            f"cameras for {FEWEST} frames or more, by the names of their files",
        )
    return views


def _view(
    capture: Capture,
    frame: Frame,
    camera: Camera,
    plates: Sequence[Frame],
    recipe: TurntableRecipe,
    context: Context,
) -> View:
    info = probe(capture.path(frame))
    stretch = info.width / camera.width * camera.height / info.height
    if abs(stretch - 1) > 0.01:
        raise FrameError(
            capture.path(frame),
            f"is {info.width} x {info.height} pixels",
            f"the shape of its camera, {camera.width} x {camera.height}",
        )
    side = _side(info.width, info.height, recipe, context)
    scale = max(1.0, max(info.height, info.width) / side)
    width, height = (max(1, round(length / scale)) for length in (info.width, info.height))
    plate = plate_of(frame, plates) if recipe.background in ("auto", "plate") else None
    return View(frame, camera.scaled(width, height), side, plate)


def _side(width: int, height: int, recipe: TurntableRecipe, context: Context) -> int:
    """The longest side at which frames of this shape fit the memory that one core may use."""
    bytes_each = context.budget.working() // (2 * context.budget.cores)
    most = bytes_each / _PIXEL_BYTES
    fitting = int(max(width, height) * np.sqrt(most / (width * height)))
    if fitting < 64:
        raise BudgetError(
            "frames do not fit the memory granted even at 64 pixels: grant a budget of 1G or more"
        )
    side = min(recipe.image_side, fitting)
    if side < min(recipe.image_side, max(width, height)):
        context.warn(f"frames are used at {side} pixels a side, to stay within the memory granted")
    return side


def plate_of(frame: Frame, plates: Sequence[Frame]) -> Frame | None:
    """The clean plate taken from the place nearest to a frame's: by elevation, then by azimuth.

    >>> from vestige.capture import coordinates
    >>> low, high = (Frame(file=f"{e}.png", coordinates=coordinates(elevation=e)) for e in (10, 40))
    >>> plate_of(Frame(file="a.png", coordinates=coordinates(elevation=38.0)), [low, high]).file
    '40.png'
    """

    def away(plate: Frame) -> tuple[float, float]:
        return _gap(frame, plate, "elevation"), _gap(frame, plate, "azimuth")

    return min(plates, key=away) if plates else None


def _gap(frame: Frame, plate: Frame, axis: str) -> float:
    """Degrees between two frames on an axis; 0 where either does not say."""
    if axis not in frame.coordinates or axis not in plate.coordinates:
        return 0.0
    return abs((frame.number(axis) - plate.number(axis) + 180) % 360 - 180)


def pixels(capture: Capture, frame: Frame, view: View) -> Floats:
    """A frame in linear light at the size of a view, (height, width, 3)."""
    white = capture.settings.get("white_level")
    with open_image(
        capture.path(frame), encoding=capture.settings.get("encoding", "auto"), white_level=white
    ) as image:
        light = image.proxy(view.side)
    if light.shape[:2] != (view.camera.height, view.camera.width):
        raise FrameError(
            capture.path(frame),
            f"is {light.shape[1]} x {light.shape[0]} pixels",
            f"{view.camera.width} x {view.camera.height} as {view.frame.file}",
        )
    return light if light.ndim == 3 else np.repeat(light[..., None], 3, axis=2)
