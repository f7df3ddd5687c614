"""Pictures for the report: frames with their fold and boxes drawn in, pages with their words marked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract import Picture
from vestige.imaging import open_image, picture
from vestige.pages.alto import read_alto
from vestige.pages.frames import Finding, open_frame
from vestige.pages.text import PageText

__all__ = ["marked", "pictures"]

PIXELS = NDArray[np.uint8]
SIDE = 1000
FRAMES, PAGES = 4, 4
FOLD, PAGE, WORD = (214, 40, 57), (0, 130, 100), (40, 90, 200)


def pictures(
    capture: Capture, findings: list[tuple[Frame, Finding]], rows: list[dict[str, Any]], output: Path
) -> list[Picture]:
    """A few frames and a few pages; the frames spread over the volume."""
    frames = list({frame.file: (frame, finding) for frame, finding in findings}.values())
    found = [_frame(capture, *frames[number]) for number in _spread(len(frames), FRAMES)]
    return found + [_page(rows[number], output) for number in _spread(len(rows), PAGES)]


def _spread(count: int, most: int) -> list[int]:
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})


def _frame(capture: Capture, frame: Frame, finding: Finding) -> Picture:
    with open_frame(capture, frame) as image:
        shown = marked(picture(image.proxy(SIDE)), finding)
    angles = ", ".join(f"{page.angle:+.2f}°" for page in finding.pages)
    return Picture(
        frame.file, shown, f"The fold (red), the pages (green) and the slope of their lines: {angles}"
    )


def marked(frame: PIXELS, finding: Finding) -> PIXELS:
    """A frame, of any size, with its pages and its fold drawn in."""
    shown = np.ascontiguousarray(frame).copy()
    scale = shown.shape[1] / finding.width
    for page in finding.pages:
        height, width = page.shape
        corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
        seen = (page.matrix((finding.height, finding.width)) @ corners.T)[:2].T * scale
        cv2.polylines(shown, [np.rint(seen).astype(np.int32)], True, PAGE, 2, cv2.LINE_AA)
    if finding.fold:
        ends = round(finding.fold.top * scale), round(finding.fold.bottom * scale)
        cv2.line(shown, (ends[0], 0), (ends[1], shown.shape[0] - 1), FOLD, 2, cv2.LINE_AA)
    return shown


def _page(row: dict[str, Any], output: Path) -> Picture:
    with open_image(output / row["file"]) as image:
        shown = np.ascontiguousarray(picture(image.proxy(SIDE)))
    caption = f"From {row['frame']}"
    text = output / "text" / f"{Path(row['file']).stem}.xml"
    if "words" in row and text.is_file():
        _mark(shown, read_alto(text))
        caption += (
            f"; {row['words']} words, read with {row['language']}, mean confidence {row['confidence']:.0%}"
        )
    return Picture(f"Page {row['page']}", shown, caption)


def _mark(shown: PIXELS, text: PageText) -> None:
    """A line beneath each word, the stronger the surer."""
    scale = shown.shape[1] / max(text.width, 1)
    for word in text.words:
        ends = [(round(x * scale), round(word.box.bottom * scale)) for x in (word.box.left, word.box.right)]
        colour = WORD if word.confidence >= 0.6 else FOLD
        cv2.line(shown, ends[0], ends[1], colour, 1, cv2.LINE_AA)
