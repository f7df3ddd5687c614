"""Captures: stacks of frames of one thing, with coordinates, open while frames arrive and sealed after."""

from vestige.capture.coordinates import AXES, Coordinate, coordinates
from vestige.capture.infer import infer_capture, natural_order, open_capture, open_frames, read_light_file
from vestige.capture.journal import OpenCapture, read_open
from vestige.capture.manifest import (
    JOURNAL,
    MANIFEST,
    Calibration,
    Capture,
    Frame,
    Rights,
    Thing,
    capture_of,
    file_digest,
    first_fault,
    load_manifest,
    save,
)
from vestige.capture.sealing import check, seal

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
    "first_fault",
    "infer_capture",
    "load_manifest",
    "natural_order",
    "open_capture",
    "open_frames",
    "read_light_file",
    "read_open",
    "save",
    "seal",
]
