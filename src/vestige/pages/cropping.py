"""From a frame to its pages: which side of the fold, where the page ends, and the page itself, upright."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.imaging import warp
from vestige.pages.geometry import Box, Fold, Placement, Side, upright_matrix

__all__ = ["crop_box", "deskew", "split"]

FILLED = 0.3


def split(paper: NDArray[np.bool_], fold: Fold | None) -> dict[Side, NDArray[np.bool_]]:
    """The paper of each page: left and right of the fold, or of the single page.

    `paper` is (height, width) bool, the fold in its pixels; each page has the same shape.

    >>> {side: int(mask.sum()) for side, mask in split(np.ones((2, 10), bool), Fold(4, 4)).items()}
    {'left': 8, 'right': 12}
    """
    if fold is None:
        return {"single": paper}
    left = fold.side(paper.shape)
    return {"left": paper & left, "right": paper & ~left}


def crop_box(paper: NDArray[np.bool_], angle: float = 0.0) -> Box:
    """The box of a page in its frame turned upright by `angle` degrees about its centre.

    Rows and columns belong to the page where at least three tenths of its width or height are paper, so
    that a finger or a torn corner moves no edge.

    Parameters
    ----------
    paper : where the page is, (height, width) bool.
    angle : slope of its lines in degrees, as `skew_angle` gives it.

    >>> paper = np.zeros((100, 80), bool)
    >>> paper[10:90, 20:70] = True
    >>> crop_box(paper)
    Box(left=20, top=10, right=70, bottom=90)
    """
    height, width = paper.shape
    matrix = upright_matrix(angle, paper.shape)[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # A page that runs out of the frame is paper up to the frame's edge, turned or not.
    upright = (
        cv2.warpAffine(paper.astype(np.float32), matrix, (width, height), flags=flags, borderValue=0) > 0.5
    )
    across, down = _span(upright.sum(axis=0)), _span(upright.sum(axis=1))
    if across is None or down is None:
        return Box(0, 0, width, height)
    return Box(across[0], down[0], across[1], down[1])


def _span(filled: NDArray[Any]) -> tuple[int, int] | None:
    """First and last place where at least three tenths of the usual are filled."""
    if not filled.any():
        return None
    usual = np.percentile(filled[filled > 0], 75)
    places = np.flatnonzero(filled >= FILLED * usual)
    return int(places[0]), int(places[-1]) + 1


def deskew(
    image: NDArray[Any],
    placement: Placement,
    fold: Fold | None = None,
    *,
    tone: NDArray[Any] | float = 0.0,
    frame: tuple[int, int] | None = None,
    first: int = 0,
    rows: slice | None = None,
) -> NDArray[np.float32]:
    """The page, upright and cropped: (height, width[, 3]) float32 linear light.

    Parameters
    ----------
    image : the frame, (height, width[, 3]) linear light; or some rows of it, from row `first` on.
    placement : where the page lies, in pixels of the frame.
    fold : what lies beyond it, on the other page, is painted in `tone`, as is what lies outside the frame.
    tone : brightness of the paper, a number or one a channel, linear light.
    frame : (height, width) of the whole frame where `image` is only some rows of it.
    rows : only these rows of the page.

    >>> frame = np.arange(12, dtype=np.float32).reshape(3, 4) / 12
    >>> (12 * deskew(frame, Placement("single", 0.0, Box(1, 1, 3, 3)))).round().tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """
    whole = frame or (image.shape[0], image.shape[1])
    matrix = placement.matrix(whole)
    strip = rows or slice(0, placement.shape[0])
    down = np.array([[1, 0, 0], [0, 1, -first], [0, 0, 1.0]])
    kind: Literal["nearest", "cubic"] = "nearest" if placement.angle == 0 else "cubic"
    page = warp(image, down @ matrix, placement.shape, interpolation=kind, rows=strip)
    empty = ~np.isfinite(page if page.ndim == 2 else page[..., 0])
    if fold is not None and placement.side != "single":
        empty |= _beyond(matrix, placement, fold, whole, strip)
    page[empty] = tone
    return page


def source_rows(placement: Placement, frame: tuple[int, int], rows: slice) -> slice:
    """The rows of the frame that some rows of the page are made of, with those that interpolation needs."""
    corners = np.array([[x, y, 1] for x in (0, placement.shape[1] - 1) for y in (rows.start, rows.stop - 1)])
    touched = (placement.matrix(frame) @ corners.T)[1]
    first, last = int(np.floor(touched.min())) - 3, int(np.ceil(touched.max())) + 4
    first = min(max(0, first), frame[0] - 1)
    return slice(first, max(first + 1, min(frame[0], last)))


def _beyond(
    matrix: NDArray[np.float64], placement: Placement, fold: Fold, frame: tuple[int, int], rows: slice
) -> NDArray[np.bool_]:
    """Pixels of these rows of a page that lie on the other side of the fold."""
    x = np.arange(placement.shape[1])[None, :]
    y = np.arange(rows.start, rows.stop)[:, None]
    across = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] + 0.5
    down = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] + 0.5
    line = fold.at(down, frame[0])
    found: NDArray[np.bool_] = across >= line if placement.side == "left" else across < line
    return found
