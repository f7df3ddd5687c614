"""What the forward model is made of: printed laid paper, an oak table, felt; linear reflectances."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.pages.book import Camera
from vestige.pages.typesetting import PAGE_MM, PrintedPage

__all__ = ["PAPER", "printed_paper", "table_top"]

FLOAT = NDArray[np.float32]
PAPER = np.array([0.66, 0.585, 0.44], np.float32)
INK = np.array([0.030, 0.026, 0.022], np.float32)
OAK = np.array([0.25, 0.135, 0.062], np.float32)
FELT = np.array([0.022, 0.030, 0.028], np.float32)


def printed_paper(printed: PrintedPage, rng: np.random.Generator) -> FLOAT:
    """Reflectance of the printed sheet, (height, width, 3): laid paper, foxing, browned edges, ink."""
    height, width = printed.ink.shape
    tone = 1 + 0.025 * _clouds((height, width), 30 * printed.scale, rng)
    tone += 0.012 * _clouds((height, width), 0.5 * printed.scale, rng)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / printed.scale
    edge = np.minimum(np.minimum(x, PAGE_MM[0] - x), np.minimum(y, PAGE_MM[1] - y))
    brown = 0.16 * np.exp(-np.maximum(edge, 0) / 7) + _foxing(x, y, rng)
    colour = PAPER * tone[..., None] * (1 - brown[..., None] * np.array([0.6, 1.0, 1.5], np.float32))
    ink = np.clip(printed.ink * (0.93 + 0.10 * _clouds((height, width), 1.2 * printed.scale, rng)), 0, 1)[
        ..., None
    ]
    return np.asarray(colour * (1 - ink) + INK * ink, np.float32)


def _foxing(x: FLOAT, y: FLOAT, rng: np.random.Generator) -> FLOAT:
    """Rust-brown spots of damp."""
    spots = np.zeros_like(x)
    for _ in range(int(rng.integers(4, 10))):
        place, size = rng.uniform((0, 0), PAGE_MM), rng.uniform(0.5, 1.8)
        spots += 0.22 * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * size**2))
    return spots


def _clouds(shape: tuple[int, int], size: float, rng: np.random.Generator) -> FLOAT:
    """Smooth noise of unit deviation whose lumps are about `size` pixels large."""
    small = max(4, round(shape[0] / max(size, 1))), max(4, round(shape[1] / max(size, 1)))
    noise = rng.standard_normal(small).astype(np.float32)
    return np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)


def table_top(kind: str, camera: Camera, rng: np.random.Generator) -> FLOAT:
    """The table: oak with its grain, or dark felt; (height, width, 3)."""
    height, width = camera.shape
    if kind == "felt":
        return np.asarray(FELT * (1 + 0.08 * _clouds((height, width), 1.5, rng)[..., None]), np.float32)
    grain = np.zeros((height, width), np.float32)
    for lump, weight in ((camera.scale * 9, 0.10), (camera.scale * 2.2, 0.10), (camera.scale * 0.7, 0.07)):
        rows = max(4, round(height / lump))
        noise = rng.standard_normal((rows, max(4, round(width / (lump * 14))))).astype(np.float32)
        grain += weight * cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(OAK * np.exp(grain)[..., None], np.float32)
