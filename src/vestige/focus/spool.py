"""Registered frames on disk, read back by rows, so that memory never holds a frame."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture.durable import write_atomically
from vestige.focus.alignment import Warp, coverage
from vestige.focus.depth import noise_of, sharpness_of
from vestige.focus.frames import StackFrame
from vestige.focus.kernels import encode
from vestige.focus.pyramid import root_of
from vestige.focus.resampling import REACH, coefficients, resample
from vestige.focus.work import Place, Work
from vestige.imaging import Strip, strips

__all__ = ["HALO", "SPLIT", "Spooled", "blocks_of_rows", "keep", "registered_rows", "spool"]

FLOAT = NDArray[np.float32]
#: Levels that are fused strip by strip; coarser ones are fused for the whole picture, which they make small.
SPLIT = 3
#: Rows beyond a strip that its fused rows depend on through SPLIT levels.
HALO = 88
#: Bytes that registering holds for each pixel of a strip.
REGISTERING_BYTES = 130
#: Bytes of a strip that is registered at once: small ones stay in the processor's cache.
STRIP_BYTES = 48 << 20
#: Rows of a band in which noise is measured.
BAND = 64
#: Largest root of light that 16 bits hold: room above white for frames that are brightened.
CEILING = 1.12


@dataclass(frozen=True)
class Spooled:
    """One registered frame: the roots of its light by rows."""

    work: Work
    place: Place
    warp: Warp
    shape: tuple[int, ...]
    exact: bool = False
    #: The reference frame counts as showing everything, so that no place is left without light.
    whole: bool = False

    def rows(self, rows: slice) -> FLOAT:
        """Roots of light of some rows, float32, for the caller to keep."""
        codes = self.work.get(self.place, rows, self.shape, np.float32 if self.exact else np.uint16)
        if self.exact:
            return np.array(codes, np.float32)
        return np.asarray(codes * np.float32(CEILING / 65535), np.float32)

    def coverage(self, rows: slice) -> FLOAT | None:
        """Where these rows show the frame; None where they do everywhere."""
        return None if self.whole else coverage(self.warp.matrix, self.shape, rows, inset=1.0)

    def noise(self, window: float) -> float:
        """Sharpness that noise alone shows in this frame, from a few bands of rows."""
        height = self.shape[0]
        firsts = {round(part * max(0, height - BAND)) for part in (0.05, 0.3, 0.5, 0.7, 0.95)}
        bands = [slice(first, min(height, first + BAND)) for first in sorted(firsts)]
        return float(np.median([noise_of(sharpness_of(self.rows(band), window)) for band in bands]))

    def coarse_coverage(self, levels: int) -> FLOAT | None:
        """Where the frame at 1 / 2 ** `levels` of its size shows it."""
        step = 2**levels
        if self.whole:
            return None
        return coverage(self.warp.matrix, self.shape, slice(0, self.shape[0]), step=step, inset=-step / 2)


def spool(
    frame: StackFrame,
    found: Warp,
    work: Work,
    name: str,
    *,
    working_bytes: int,
    exact: bool = False,
) -> Spooled:
    """Register a frame to the reference, rows at a time, and keep it as `name`.

    `exact` keeps float32 instead of 16 bits, for frames that go beyond white.
    """
    shape = frame.shape
    place = work.place(name, shape, np.float32 if exact else np.uint16)
    strip_bytes = min(working_bytes, max(STRIP_BYTES, 8 * REACH * shape[1] * REGISTERING_BYTES))
    opened = frame.open()
    try:
        for strip in blocks_of_rows(shape, REGISTERING_BYTES, strip_bytes, halo=0):
            rows = registered_rows(opened, found, shape, strip.rows)
            work.put(place, strip.rows, rows if exact else _coded(rows), shape[0])
    finally:
        opened.close()
    return Spooled(work, place, found, shape, exact)


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

    They are alike and even in number, so that two cores are through at the same time.

    >>> [strip.rows.stop for strip in blocks_of_rows((100, 10), 1, 640, halo=0)]
    [56, 100]
    """
    block = 2**SPLIT
    height, width = shape[:2]
    blocks, edge = -(-height // block), -(-halo // block)
    row_bytes = block * width * bytes_a_pixel
    pieces = len(list(strips(blocks, row_bytes=row_bytes, budget_bytes=working_bytes, halo=edge)))
    each = -(-blocks // (pieces + pieces % 2 if pieces > 1 else 1))
    for first in range(0, blocks, each):
        last = min(blocks, first + each)
        outer = max(0, first - edge), min(blocks, last + edge)
        yield Strip(*(min(height, row * block) for row in (first, last, *outer)))


def registered_rows(opened: Any, found: Warp, shape: tuple[int, ...], rows: slice) -> FLOAT:
    """Roots of light of some rows of the registered frame; what it does not show is mirrored."""
    channels = shape[2] if len(shape) == 3 else 1
    gain = np.sqrt(np.resize(found.tint, channels) * found.gain).astype(np.float32)
    if (gain == 1).all() and np.array_equal(found.matrix, np.eye(3)):
        return root_of(opened.read(rows))
    corners = np.array([[x, y, 1.0] for x in (0, shape[1] - 1) for y in (rows.start, rows.stop - 1)])
    places = found.matrix @ corners.T
    reached = places[1] / places[2]
    first = int(np.clip(np.floor(reached.min()) - REACH, 0, shape[0] - 1))
    last = int(np.clip(np.ceil(reached.max()) + REACH + 1, first + 1, shape[0]))
    source = coefficients(root_of(opened.read(slice(first, last))))
    down = np.array([[1, 0, 0], [0, 1, -first], [0, 0, 1.0]])
    moved = np.empty((rows.stop - rows.start, *shape[1:]), np.float32)
    resample(source, down @ found.matrix, rows.start, gain, moved)
    return moved


def _coded(root: FLOAT) -> NDArray[np.uint16]:
    codes = np.empty(root.shape, np.uint16)
    encode(root.reshape(len(root), -1), 65535 / CEILING, codes.reshape(len(root), -1))
    return codes
