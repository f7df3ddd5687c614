"""Frames of a capture, to go through at full resolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vestige.capture import Coordinate, Frame
from vestige.display.entries import CaptureEntry
from vestige.imaging import IMAGE_SUFFIXES
from vestige.web.looking.downloads import credit


def told(
    entry: CaptureEntry,
    shown: Sequence[tuple[int, Frame]],
    spoken: Callable[[Coordinate], str],
) -> dict[str, Any]:
    """What the viewer of frames is told of one sheet of them; `spoken` says a coordinate in words."""
    pictures = [(n, frame) for n, frame in shown if Path(frame.file).suffix.lower() in IMAGE_SUFFIXES]
    if not pictures or entry.capture is None:
        return {"stage": {"items": []}, "sights": []}
    items = [
        {
            "label": frame.file.rsplit("/", 1)[-1],
            "at": {axis: spoken(coordinate) for axis, coordinate in frame.coordinates.items()},
            "role": frame.role,
            "picture": f"/frame/{entry.key}/{number}?side=320",
            "ask": f"/frame/{entry.key}/{number}/raster",
        }
        for number, frame in pictures
    ]
    return {
        "stage": {
            "items": items,
            "axes": [axis for axis in entry.capture.axes() if _varies(axis, pictures)],
            "capture": entry.key,
            "first": f"/frame/{entry.key}/{pictures[0][0]}?side=320",
        },
        "sights": [f"f.{entry.key}.{number}" for number, _ in pictures],
        "items": [number for number, _ in pictures],
        "credit": credit(entry.title, entry.title, entry.capture.rights),
    }


def _varies(axis: str, frames: Sequence[tuple[int, Frame]]) -> bool:
    values = {str(frame.coordinates[axis].value) for _, frame in frames if axis in frame.coordinates}
    return len(values) > 1
