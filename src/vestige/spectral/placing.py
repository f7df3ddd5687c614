"""Bringing all bands on to one, and saying of each how well it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.imaging import register, strips, warp
from vestige.spectral.calibration import CalibratedFrame

__all__ = ["Placement", "nearest", "place", "place_rows", "register_bands", "rescaled"]

Matrix = NDArray[np.float64]
#: Rows beyond those a transform asks for, which the cubic kernel needs.
KERNEL_ROWS: Final = 3
#: Correlation of edges under which a placement is chance.
LEAST_SCORE: Final = 0.05


@dataclass(frozen=True)
class Placement:
    """How one band lies on the reference band.

    Attributes
    ----------
    matrix : 3 x 3 float64, from pixels (x, y, 1) of the reference to pixels of the band.
    score : correlation of edges, -1..1.
    residual : closed loop, there and back by separate alignments, in pixels of the reference.
    method : what found it; 'reference' for the reference itself, 'none' where nothing was to be trusted.
    through : index of the band it was placed through, -1 where directly.
    trusted : whether the closed loop ended within the limit.

    >>> Placement(np.eye(3), 1.0, 0.0, "reference").trusted
    True
    """

    matrix: Matrix
    score: float
    residual: float
    method: str
    through: int = -1
    trusted: bool = True


def nearest(wavelengths: Sequence[float], wanted: float) -> int:
    """Index of the band nearest to a wavelength.

    >>> nearest([450, 550, 940], 600)
    1
    """
    return min(range(len(wavelengths)), key=lambda band: abs(wavelengths[band] - wanted))


def register_bands(
    images: Sequence[NDArray[Any]],
    wavelengths: Sequence[float],
    *,
    reference: float = 550.0,
    model: str = "affine",
    largest_residual: float = 1.5,
) -> list[Placement]:
    """Place each image, (height, width[, 3]), on the one nearest to the `reference` wavelength.

    A band whose closed loop does not close is tried again through its nearest neighbour that is placed
    already: close wavelengths look alike. Where that fails, too, it stays where it lay, untrusted.

    Raises
    ------
    UsageError
        where images and wavelengths are not as many.

    >>> random = np.random.default_rng(0)
    >>> import cv2
    >>> scene = cv2.GaussianBlur(random.normal(size=(120, 150)).astype(np.float32), (0, 0), 2)
    >>> placed = register_bands([scene[:, :-4], 1 - scene[:, 4:]], [550, 940], model="translation")
    >>> np.abs(placed[1].matrix[:2, 2]).round(1).tolist()
    [4.0, 0.0]
    """
    if len(images) != len(wavelengths):
        raise UsageError(f"{len(images)} images need as many wavelengths, not {len(wavelengths)}")
    first = nearest(wavelengths, reference)
    found: dict[int, Placement] = {first: Placement(np.eye(3), 1.0, 0.0, "reference")}
    for band in outwards(wavelengths, first):
        found[band] = place(images, wavelengths, band, first, found, model, largest_residual)
    return [found[band] for band in range(len(images))]


def outwards(wavelengths: Sequence[float], first: int) -> list[int]:
    """The other bands, the nearest to the reference band first.

    >>> outwards([365, 450, 550, 620], 2)
    [3, 1, 0]
    """
    others = [band for band in range(len(wavelengths)) if band != first]
    return sorted(others, key=lambda band: abs(wavelengths[band] - wavelengths[first]))


def place(
    images: Sequence[NDArray[Any]],
    wavelengths: Sequence[float],
    band: int,
    first: int,
    found: dict[int, Placement],
    model: Any,
    largest_residual: float,
) -> Placement:
    """Place one band on the reference `first`: directly, else through its nearest neighbour placed so far.

    >>> found = {0: Placement(np.eye(3), 1.0, 0.0, "reference")}
    >>> blank = np.zeros((60, 60), np.float32)
    >>> place([blank, blank], [550, 600], 1, 0, found, "translation", 1.5).trusted
    False
    """
    direct = register(images[first], images[band], model=model)
    if _closes(direct.residual, direct.score, largest_residual):
        return Placement(direct.matrix, direct.score, direct.residual, direct.method)
    known = [one for one, placed in found.items() if placed.trusted and one != first]
    if known:
        near = min(known, key=lambda one: abs(wavelengths[one] - wavelengths[band]))
        step = register(images[near], images[band], model=model)
        residual = float(np.hypot(step.residual, found[near].residual))
        if _closes(residual, step.score, largest_residual):
            return Placement(step.matrix @ found[near].matrix, step.score, residual, step.method, near)
    return Placement(
        _centred(images[first], images[band]), direct.score, direct.residual, "none", trusted=False
    )


def _closes(residual: float, score: float, limit: float) -> bool:
    return bool(np.isfinite(residual)) and residual <= limit and score > LEAST_SCORE


def _centred(fixed: NDArray[Any], moving: NDArray[Any]) -> Matrix:
    """Frames of equal field, laid on each other as they are: only the numbers of pixels are evened out."""
    return rescaled(np.eye(3), fixed.shape, fixed.shape, moving.shape, fixed.shape)


def rescaled(
    matrix: Matrix,
    fixed: tuple[int, ...],
    small_fixed: tuple[int, ...],
    moving: tuple[int, ...],
    small_moving: tuple[int, ...],
) -> Matrix:
    """The transform of full frames, of shapes `fixed` and `moving`, from that of their small versions.

    >>> shift = np.array([[1, 0, 1.0], [0, 1, 0], [0, 0, 1]])
    >>> rescaled(shift, (20, 20), (10, 10), (20, 20), (10, 10))[:2, 2].tolist()
    [2.0, 0.0]
    """
    result = _enlarge(small_moving, moving) @ matrix @ _enlarge(fixed, small_fixed)
    return np.asarray(result / result[2, 2])


def _enlarge(old: tuple[int, ...], new: tuple[int, ...]) -> Matrix:
    y, x = new[0] / old[0], new[1] / old[1]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1.0]])


def place_rows(
    frame: CalibratedFrame, matrix: Matrix, shape: tuple[int, int], rows: slice, budget_bytes: int
) -> NDArray[np.float32]:
    """Rows of a frame laid on the reference of `shape`, (rows, width[, 3]); NaN outside the frame.

    Only those rows of the frame are read that show there.
    """
    if np.array_equal(matrix, np.eye(3)) and frame.shape == shape:
        return frame.read(rows)
    first, last, _ = rows.indices(shape[0])
    parts = []
    for strip in strips(
        last - first, row_bytes=64 * max(shape[1], frame.shape[1]), budget_bytes=budget_bytes
    ):
        wanted = slice(first + strip.first, first + strip.last)
        seen = _rows_shown(matrix, wanted, shape[1], frame.shape[0])
        down = np.array([[1, 0, 0], [0, 1, -seen.start], [0, 0, 1.0]])
        parts.append(warp(frame.read(seen), down @ matrix, shape, rows=wanted))
    return np.concatenate(parts)


def _rows_shown(matrix: Matrix, rows: slice, width: int, height: int) -> slice:
    """The rows of a frame that a strip of the reference shows, with room for the kernel."""
    corners = np.array([[x, y, 1.0] for x in (0, width - 1) for y in (rows.start, rows.stop - 1)])
    places = corners @ matrix.T
    down = places[:, 1] / places[:, 2]
    low = int(np.clip(np.floor(down.min()) - KERNEL_ROWS, 0, height - 1))
    high = int(np.clip(np.ceil(down.max()) + KERNEL_ROWS + 1, low + 1, height))
    return slice(low, high)
