"""Pictures for the report: the model from all sides, and beside the frames it was made from."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Picture
from vestige.imaging import picture
from vestige.turntable.cameras import Camera
from vestige.turntable.rendering import around, shaded
from vestige.turntable.surfaces import Surface

__all__ = ["beside_frames", "from_all_sides"]

Floats = NDArray[np.float32]

_SIDES = ((0, 12), (60, 12), (120, 12), (180, 12), (-60, 35), (0, -45))
_SIZE = 360


def from_all_sides(model: Surface, colours: Floats) -> list[Picture]:
    """The model from six sides, in its colours and as grey clay."""
    cameras = [around(model, azimuth, elevation, _SIZE) for azimuth, elevation in _SIDES]
    sheets = []
    for title, paint, caption in (
        ("The model", colours, "From six sides, the last from below; colours as recorded."),
        ("The shape", None, "The same without colour, under a lamp beside the viewer."),
    ):
        views = [shaded(model, camera, paint) for camera in cameras]
        sheet = np.vstack([np.hstack(views[:3]), np.hstack(views[3:])])
        sheets.append(Picture(title, picture(sheet, max_side=3 * _SIZE), caption))
    return sheets


def beside_frames(
    rows: Sequence[tuple[str, Camera, Floats, NDArray[np.bool_]]], shape: Surface, colours: Floats
) -> Picture:
    """For some views: the frame with its silhouette outlined, and the model through the same camera."""
    lines = []
    for _, camera, image, mask in rows:
        scale = 300 / max(camera.height, camera.width)
        small = camera.scaled(max(1, round(camera.width * scale)), max(1, round(camera.height * scale)))
        size = (small.width, small.height)
        frame = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        outline = cv2.morphologyEx(
            cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST),
            cv2.MORPH_GRADIENT,
            np.ones((3, 3), np.uint8),
        )
        frame[outline > 0] = (0.05, 0.85, 0.15)
        lines.append(np.vstack([frame, shaded(shape, small, colours, background=0.0)]))
    names = ", ".join(name for name, *_ in rows)
    caption = (
        f"Above the frames with the silhouettes found, below the model through the same cameras: {names}."
    )
    # Frames of one capture may differ in shape.
    height = max(line.shape[0] for line in lines)
    padded = [np.pad(line, ((0, height - line.shape[0]), (0, 0), (0, 0))) for line in lines]
    return Picture("Frames and model", picture(np.hstack(padded), max_side=1800), caption)
