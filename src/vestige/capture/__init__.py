"""Captures: stacks of frames of one thing, with coordinates, open while frames arrive and sealed after."""

from vestige.capture.coordinates import AXES, Coordinate, coordinates
from vestige.capture.infer import infer_capture, natural_order, open_capture, read_light_file
from vestige.capture.journal import OpenCapture
from vestige.capture.manifest import (
    JOURNAL,
    MANIFEST,
    Calibration,
    Capture,
    Frame,
    Rights,
    Thing,
    capture_of,
    check,
    file_digest,
    load_manifest,
    save,
    seal,
)

__all__ = [
    "AXES",
    "JOURNAL",
    "MANIFEST",
    "Calibration",
    "Capture",
    "Coordinate",
    "Frame",
    "OpenCapture",
    "Rights",
    "Thing",
    "capture_of",
    "check",
    "coordinates",
    "file_digest",
    "infer_capture",
    "load_manifest",
    "natural_order",
    "open_capture",
    "read_light_file",
    "save",
    "seal",
]
