"""Pictures of a training: its curves, and how far its confidence is to be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.contract import Picture
from vestige.survey.learning.calibration import Reliability

__all__ = ["curves", "reliability"]

WIDTH, HEIGHT, MARGIN = 640, 360, 48
INK, FAINT = (40, 40, 44), (210, 210, 214)
COLOURS = ((200, 90, 20), (30, 90, 170), (30, 130, 90))


def curves(history: Sequence[Mapping[str, Any]]) -> Picture:
    """Loss and watched scores over the epochs; each curve fills the height, its range stands beside it.

    >>> curves([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.3}]).pixels.shape
    (360, 640, 3)
    """
    canvas = _canvas()
    names = ["loss", "validation_ring_iou", "validation_miou"]
    for place, name in enumerate(names):
        points = [(float(row["epoch"]), float(row[name])) for row in history if name in row]
        if not points:
            continue
        epochs, values = np.array(points).T
        low, high = float(values.min()), float(values.max())
        share = (values - low) / (high - low) if high > low else np.full(len(values), 0.5)
        _line(canvas, epochs / max(len(history), 1), share, COLOURS[place])
        _write(canvas, f"{name} {low:.3f}..{high:.3f}", (MARGIN + 200 * place, 24), COLOURS[place])
    _write(canvas, f"{len(history)} epochs", (WIDTH - 110, HEIGHT - 14), INK)
    return Picture("Curves of the training", canvas)


def reliability(overall: Reliability, near: Reliability) -> Picture:
    """Share that is right against confidence: a model to be believed keeps to the diagonal.

    >>> reliability(Reliability(), Reliability()).pixels.shape
    (360, 640, 3)
    """
    canvas = _canvas()
    _line(canvas, np.array([0.0, 1.0]), np.array([0.0, 1.0]), FAINT)
    for place, (name, found) in enumerate((("everywhere", overall), ("near features", near))):
        confidence, right = found.shares()
        _line(canvas, confidence, right, COLOURS[place])
        _write(canvas, f"{name}: ECE {found.error():.4f}", (MARGIN + 200 * place, 24), COLOURS[place])
    _write(canvas, "confidence", (WIDTH - 110, HEIGHT - 14), INK)
    return Picture("Confidence against truth", canvas)


def _canvas() -> NDArray[np.uint8]:
    canvas = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    cv2.rectangle(canvas, (MARGIN, MARGIN), (WIDTH - MARGIN, HEIGHT - MARGIN), FAINT, 1)
    return canvas


def _line(
    canvas: NDArray[np.uint8],
    across: NDArray[np.floating[Any]],
    up: NDArray[np.floating[Any]],
    colour: tuple[int, int, int],
) -> None:
    """A line through points of shares (0..1) of the frame."""
    x = MARGIN + across * (WIDTH - 2 * MARGIN)
    y = HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN)
    points = np.round(np.column_stack([x, y])).astype(np.int32)
    cv2.polylines(canvas, [points], False, colour, 2, cv2.LINE_AA)
    for point in points:
        cv2.circle(canvas, (int(point[0]), int(point[1])), 3, colour, -1, cv2.LINE_AA)


def _write(
    canvas: NDArray[np.uint8], text: str, place: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    cv2.putText(canvas, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)
