"""Registered frames on disk, read back by rows, so that memory never holds a frame."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.focus.alignment import Warp, coverage
from vestige.focus.depth import noise_of, sharpness_of
from vestige.focus.frames import StackFrame
from vestige.focus.pyramid import root_of
from vestige.imaging import Strip, StripStore, strips, warp

__all__ = ["HALO", "SPLIT", "Spooled", "blocks_of_rows", "keep", "registered_rows", "spool", "store_of"]

FLOAT = NDArray[np.float32]
#: Levels that are fused strip by strip; coarser ones are fused for the whole picture, which they make small.
SPLIT = 3
#: Rows beyond a strip that its fused rows depend on through SPLIT levels.
HALO = 64
#: Rows beyond those asked for that cubic interpolation looks at.
KERNEL = 4
#: Bytes that registering holds for each pixel of a strip.
REGISTERING_BYTES = 130
#: Rows of a band in which noise is measured.
BAND = 64
#: Largest root of light that 16 bits hold: room above white for frames that are brightened.
CEILING = 1.12


@dataclass(frozen=True)
class Spooled:
    """One registered frame: the roots of its light in a file of rows, and its coarse version."""

    path: Path
    coarse_path: Path
    warp: Warp
    shape: tuple[int, ...]
    exact: bool = False

    def rows(self, rows: slice) -> FLOAT:
        """Roots of light of some rows, float32."""
        with _store(self.path, self.shape, exact=self.exact) as store:
            return _decoded(store[rows])

    def coverage(self, rows: slice) -> FLOAT | None:
        """Where these rows show the frame; None where they do everywhere."""
        return coverage(self.warp.matrix, self.shape, rows, inset=1.0)

    def noise(self, window: float) -> float:
        """Sharpness that noise alone shows in this frame, from a few bands of rows."""
        height = self.shape[0]
        firsts = {round(part * max(0, height - BAND)) for part in (0.05, 0.3, 0.5, 0.7, 0.95)}
        bands = [slice(first, min(height, first + BAND)) for first in sorted(firsts)]
        return float(np.median([noise_of(sharpness_of(self.rows(band), window)) for band in bands]))

    def coarse(self) -> FLOAT:
        """The frame at 1 / 2 ** SPLIT of its size."""
        pixels: FLOAT = np.load(self.coarse_path)
        return pixels

    def coarse_coverage(self) -> FLOAT | None:
        """Where the coarse version shows the frame."""
        step = 2**SPLIT
        return coverage(self.warp.matrix, self.shape, slice(0, self.shape[0]), step=step, inset=2.0 * step)


def spool(
    frame: StackFrame, found: Warp, path: Path, *, split: int, working_bytes: int, exact: bool = False
) -> Spooled:
    """Register a frame to the reference, rows at a time, and keep it at `path`.

    `exact` keeps float32 instead of 16 bits, for frames that go beyond white.
    """
    spooled = Spooled(path, path.with_suffix(".npy"), found, frame.shape, exact)
    opened = frame.open()
    try:
        with _store(path, frame.shape, exact=exact) as store:
            for strip in blocks_of_rows(frame.shape, REGISTERING_BYTES, working_bytes, halo=0):
                store[strip.rows] = _coded(
                    registered_rows(opened, found, frame.shape, strip.rows), exact=exact
                )
            store.sync()
    finally:
        opened.close()
    keep(spooled.coarse_path, _reduced(spooled, split, working_bytes))
    return spooled


def keep(path: Path, values: NDArray[Any]) -> Path:
    """Write an array so that a power cut leaves it whole or not there; read it with `numpy.load`."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    write_atomically(path, buffer.getvalue())
    return path


def blocks_of_rows(
    shape: tuple[int, ...], bytes_a_pixel: int, working_bytes: int, *, halo: int
) -> Iterator[Strip]:
    """Strips whose rows, halo included, fit into memory and begin on a multiple of 2 ** SPLIT.

    >>> [strip.rows.stop for strip in blocks_of_rows((100, 10), 1, 640, halo=0)]
    [64, 100]
    """
    block = 2**SPLIT
    height, width = shape[:2]
    pieces = strips(
        -(-height // block),
        row_bytes=block * width * bytes_a_pixel,
        budget_bytes=working_bytes,
        halo=-(-halo // block),
    )
    for piece in pieces:
        first, last, outer_first, outer_last = (
            min(height, row * block) for row in (piece.first, piece.last, piece.outer_first, piece.outer_last)
        )
        yield Strip(first, last, outer_first, outer_last)


def store_of(path: Path, shape: tuple[int, ...], dtype: Any) -> StripStore:
    """A file of rows for pictures of `shape`."""
    return StripStore(path, shape[0], shape[1], shape[2] if len(shape) == 3 else 1, dtype)


def _store(path: Path, shape: tuple[int, ...], *, exact: bool) -> StripStore:
    return store_of(path, shape, np.float32 if exact else np.uint16)


def registered_rows(opened: Any, found: Warp, shape: tuple[int, ...], rows: slice) -> FLOAT:
    """Roots of light of some rows of the registered frame; what it does not show is mirrored."""
    gain = np.float32(np.sqrt(found.gain))
    if found.gain == 1.0 and np.array_equal(found.matrix, np.eye(3)):
        return root_of(opened.read(rows))
    corners = np.array([[x, y, 1.0] for x in (0, shape[1] - 1) for y in (rows.start, rows.stop - 1)])
    reached = (found.matrix @ corners.T)[1]
    first = int(np.clip(np.floor(reached.min()) - KERNEL, 0, shape[0] - 1))
    last = int(np.clip(np.ceil(reached.max()) + KERNEL + 1, first + 1, shape[0]))
    source = root_of(opened.read(slice(first, last)))
    down = np.array([[1, 0, 0], [0, 1, -first], [0, 0, 1.0]])
    moved = warp(source, down @ found.matrix, shape, border="reflect", rows=rows)
    return np.asarray(np.maximum(moved * gain, 0), np.float32)


def _reduced(spooled: Spooled, split: int, working_bytes: int) -> FLOAT:
    """The frame after `split` steps of the pyramid, made strip by strip exactly as it would be whole."""
    parts = []
    for strip in blocks_of_rows(spooled.shape, REGISTERING_BYTES, working_bytes, halo=4 * 2**split):
        rows = spooled.rows(strip.outer)
        for _ in range(split):
            rows = np.asarray(cv2.pyrDown(rows), np.float32)
        first = (strip.first - strip.outer_first) >> split
        # The last strip keeps its odd row; the others begin and end on whole blocks.
        last = None if strip.last == spooled.shape[0] else first + ((strip.last - strip.first) >> split)
        parts.append(rows[first:last])
    return np.concatenate(parts)


def _coded(root: FLOAT, *, exact: bool) -> NDArray[Any]:
    if exact:
        return root
    return (np.minimum(root, CEILING) * np.float32(65535 / CEILING) + np.float32(0.5)).astype(np.uint16)


def _decoded(codes: NDArray[Any]) -> FLOAT:
    if codes.dtype == np.float32:
        return codes
    return np.asarray(codes * np.float32(CEILING / 65535), np.float32)
