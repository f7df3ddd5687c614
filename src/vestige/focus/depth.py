"""Depth from focus: each pixel lies where the frame in which it is sharpest was focused.

Nayar, S. K. & Nakagawa, Y. (1994), Shape from focus, IEEE PAMI 16(8), 824-831: the peak of sharpness over
the frames is found between frames by a parabola through the logarithms of the three values around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.focus import kernels
from vestige.focus.pyramid import Fusion, levels_of, root_of, split

__all__ = ["Depth", "FocusSweep", "depth_from_focus", "fill", "sharpness_of", "trusted"]

FLOAT = NDArray[np.float32]
#: Sharpness (mean square detail) that noise alone may show; keeps logarithms finite.
FLOOR = 1e-8
#: What stands for the sharpness of a pixel that a frame does not show.
UNSEEN = np.float32(-1)
#: A peak this many times the noise is half clear.
NOISE_MARGIN = 1.5
#: Pixels around within which depth must not jump to be trusted; pixels around within which it should not grow
#: either, as beside and between thin things; and frames beyond which a jump is a jump.
JUMP_REACH, DEEP_REACH, LARGEST_JUMP = 6, 20, 4.0
#: Neighbourhood in which tones are compared, standard deviation in pixels of a picture of half the size, and
#: the variance of roots of light below which there is nothing to compare.
TONE_WINDOW, TONE_FLOOR = 3.0, 1e-5
#: Logistic model of whether depth is right within one step: constant, clearness, jump nearby, deeper nearby,
#: variety of tone. Fitted to textured pixels of the nine simulated scenes of one seed, still and moving, each
#: scene weighing the same; the constant is lowered so that 0.5 stands where nine of ten are right.
ODDS = (0.15, 0.99, -0.35, -0.41, 0.35)
#: Pixels around a pixel that its trust depends on.
TRUST_REACH = 56
#: Below this clearness, nothing is seen that could tell depth.
FAINT = 0.15
#: Side of the blocks in which depth is averaged before it is spread to where none was measured.
BLOCK = 8
#: Confidence at which a measured depth is believed half, and wholly.
DOUBT, BELIEF = 0.35, 0.65


@dataclass(frozen=True)
class Depth:
    """Where each pixel is sharpest.

    Attributes
    ----------
    position : (height, width) float32, in frames (0 the first; fractions lie between), or on the focus axis.
    confidence : (height, width) float32, 0 where nothing tells the depth, towards 1 where one clear peak does
        and depth does not jump nearby. High is 0.5 and more: there nine of ten and more are right.
    """

    position: FLOAT
    confidence: FLOAT


def depth_from_focus(
    images: Iterable[FLOAT], focus: Sequence[float] | None = None, *, window: float = 1.5, filled: bool = True
) -> Depth:
    """Depth of each pixel of registered frames.

    Parameters
    ----------
    images : (height, width) or (height, width, 3) float32 in linear light, in the order of their focus.
    focus : position of each frame (mm); frame numbers where None.
    window : neighbourhood in which sharpness is judged, standard deviation in pixels.
    filled : take depth from around where nothing shows texture.

    Raises
    ------
    UsageError : no image, or another number of focus positions than images.

    >>> near, far = np.full((2, 32, 32), 0.25, np.float32)
    >>> near[:, :16:2], far[:, 16::2] = 0.5, 0.5
    >>> depth = depth_from_focus([near, far], [10.0, 20.0])
    >>> depth.position[16, [4, 28]].round().tolist()
    [10.0, 20.0]
    """
    sweep: FocusSweep | None = None
    fusion: Fusion | None = None
    noise = []
    for image in images:
        root = root_of(image)
        sharpness = sharpness_of(root, window)
        noise.append(noise_of(sharpness))
        sweep = sweep or FocusSweep(image.shape[:2])
        sweep.add(sharpness)
        fusion = fusion or Fusion(image.shape, levels=levels_of(image.shape, 6))
        fusion.add(root, consume=True)
    if sweep is None or fusion is None:
        raise UsageError("depth needs one image or more")
    if focus is not None and len(focus) != sweep.frames:
        raise UsageError(f"{sweep.frames} images need as many focus positions, not {len(focus)}")
    depth = sweep.result(float(np.median(noise)))
    position = depth.position
    if filled:
        position = fill(position, depth.confidence, spread(*block_sums(depth)))
    position = np.asarray(cv2.medianBlur(position, 5), np.float32)
    confidence = trusted(position, depth.confidence, fusion.result())
    return Depth(along(position, focus) if focus is not None else position, confidence)


def sharpness_of(root: FLOAT, window: float, coverage: FLOAT | None = None) -> FLOAT:
    """Local energy of fine detail, (height, width) float32, of the roots of a frame's light.

    Where `coverage` is 0 the frame shows nothing, and its sharpness is `UNSEEN`.

    >>> flat = np.full((16, 16), 0.5, np.float32)
    >>> float(sharpness_of(flat, 2.0).max()) < 1e-10
    True
    """
    return gathered(split(root.copy(), 1)[1][0], window, coverage)


def gathered(energy: FLOAT, window: float, coverage: FLOAT | None = None) -> FLOAT:
    """Sharpness from the energy of a frame's finest detail, as `vestige.focus.pyramid.split` gives it.

    >>> float(gathered(np.ones((8, 8), np.float32), 1.0)[4, 4])
    1.0
    """
    energy = np.asarray(cv2.GaussianBlur(energy, (0, 0), window), np.float32)
    return energy if coverage is None else np.where(coverage > 0, energy, UNSEEN)


def noise_of(sharpness: FLOAT) -> float:
    """Sharpness that a frame shows where it has no detail: the lower quartile; most is out of focus.

    >>> noise_of(np.array([[1.0, 1.0, 1.0, 9.0]], np.float32))
    1.0
    """
    seen = sharpness[sharpness >= 0]
    return float(np.quantile(seen, 0.25)) if seen.size else 0.0


def reach_of(window: float) -> int:
    """Pixels beyond its own that the sharpness of a pixel looks at."""
    return int(np.ceil(4 * window)) + 8


class FocusSweep:
    """Sharpness frame after frame; remembers the peak and its two neighbours, nothing else.

    >>> sweep = FocusSweep((1, 1))
    >>> for value in (0.1, 1.0, 0.1):
    ...     sweep.add(np.full((1, 1), value, np.float32))
    >>> sweep.result().position.tolist()
    [[1.0]]
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.frames = 0
        self._best, self._before, self._after, self._last = (np.full(shape, UNSEEN) for _ in range(4))
        self._total = np.zeros(shape, np.float32)
        self._index = np.zeros(shape, np.int16)

    def add(self, sharpness: FLOAT) -> None:
        """Add the next frame's sharpness, (height, width) float32."""
        if sharpness.shape != self._best.shape:
            raise UsageError(
                f"frames must have one size: {self._best.shape} and {sharpness.shape} were given"
            )
        kernels.sweep(
            sharpness,
            self.frames,
            self._best,
            self._before,
            self._after,
            self._last,
            self._total,
            self._index,
        )
        self.frames += 1

    def cropped(self, rows: slice) -> FocusSweep:
        """The sweep of some rows only."""
        part = FocusSweep((0, 0))
        part.frames, part._index = self.frames, self._index[rows]
        part._best, part._before, part._after, part._last, part._total = (
            values[rows] for values in (self._best, self._before, self._after, self._last, self._total)
        )
        return part

    def peaks(self, depth: Depth, step: int, first_row: int = 0) -> FLOAT:
        """What `depth` was found from, at every `step`-th pixel of the picture that has this `first_row`.

        (n, 5) float32: frame of the peak; sharpness in the frame before, there, and in the one after
        (`UNSEEN` where there is none); confidence.
        """
        grid = (slice(-first_row % step, None, step), slice(None, None, step))
        columns: list[NDArray[Any]] = [self._index, self._before, self._best, self._after, depth.confidence]
        return np.stack([column[grid].ravel() for column in columns], axis=1).astype(np.float32)

    def result(self, noise: float = 0.0) -> Depth:
        """Peak position in frames, and as confidence how clear it stands above other frames and `noise`."""
        inside = (self._index > 0) & (self._index < self.frames - 1)
        unproven = inside & ((self._before < 0) | (self._after < 0))
        before, best, after = (
            np.log(np.maximum(values, 0) + np.float32(FLOOR))
            for values in (self._before, self._best, self._after)
        )
        bend = np.minimum(before - 2 * best + after, -1e-6)
        offset = np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
        position = self._index + np.where(inside & ~unproven, offset, 0)
        others = (self._total - self._best) / max(1, self.frames - 1)
        confidence = (self._best - others) / (self._best + NOISE_MARGIN * noise + FLOOR)
        confidence[unproven] = 0
        return Depth(position.astype(np.float32), np.clip(confidence, 0, 1).astype(np.float32))


def block_sums(depth: Depth) -> tuple[FLOAT, FLOAT]:
    """Believed depth times belief, and belief, summed over blocks of `BLOCK` pixels; smaller at the rim."""
    belief = _belief(depth.confidence)
    return _blocks(depth.position * belief), _blocks(belief)


def spread(weighted: FLOAT, belief: FLOAT) -> FLOAT:
    """Depth of every block: its own where it has any, else from ever wider around (pull and push).

    >>> weighted, belief = np.zeros((2, 4, 4), np.float32)
    >>> weighted[0, 0], belief[0, 0] = 6.0, 2.0
    >>> np.unique(spread(weighted, belief)).tolist()
    [3.0]
    """
    if min(weighted.shape) < 2:
        total = float(belief.sum())
        return np.full(weighted.shape, float(weighted.sum()) / total if total > 0 else 0.0, np.float32)
    wider = spread(*(np.asarray(cv2.pyrDown(values), np.float32) for values in (weighted, belief)))
    around = cv2.pyrUp(wider, dstsize=(weighted.shape[1], weighted.shape[0]))
    own = np.minimum(belief / 2, 1)
    mean = weighted / np.maximum(belief, np.float32(1e-6))
    return np.asarray(own * mean + (1 - own) * around, np.float32)


def fill(position: FLOAT, confidence: FLOAT, coarse: FLOAT, first_row: int = 0) -> FLOAT:
    """Depth in which doubtful pixels take the value of their surroundings.

    `position` and `confidence` are the rows from `first_row` of a picture whose blocks are `coarse`.
    """
    height, width = position.shape
    scale = 1 / BLOCK
    matrix = np.array([[scale, 0, scale / 2 - 0.5], [0, scale, (first_row + 0.5) * scale - 0.5]])
    around = cv2.warpAffine(
        coarse,
        matrix,
        (width, height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    belief = _belief(confidence)
    return np.asarray(belief * position + (1 - belief) * around, np.float32)


def trusted(position: FLOAT, clear: FLOAT, root: FLOAT) -> FLOAT:
    """How far depth can be trusted, 0..1.

    From the final position in frames, the clearness of the peak, both (height, width), and the roots of
    light of the fused picture, (height, width[, channels]); all float32.

    Where depth jumps, sharpness gathered from around the edge of the near thing is taken for the far one's.
    Around thin things (hairs, veins) all seems as near as they are, and deeper only farther away. And a blank
    beside a lone edge has no detail of its own to tell its depth.

    >>> flat = np.zeros((20, 20), np.float32)
    >>> step = np.where(np.arange(20) < 10, 0, 3) * np.ones((20, 1), np.float32)
    >>> grain = np.random.default_rng(0).random((20, 20), np.float32)
    >>> [bool(trusted(at.astype(np.float32), flat + 0.8, grain)[9, 9] > 0.5) for at in (flat, step)]
    [True, False]
    """
    near = np.ones((2 * JUMP_REACH + 1,) * 2, np.uint8)
    jump = np.minimum(cv2.dilate(position, near) - cv2.erode(position, near), LARGEST_JUMP)
    wide = np.ones((2 * DEEP_REACH + 1,) * 2, np.uint8)
    deeper = np.minimum(cv2.dilate(position, wide) - position, LARGEST_JUMP)
    odds = ODDS[0] + ODDS[1] * clear + ODDS[2] * jump + ODDS[3] * deeper + ODDS[4] * variety(root)
    shown = np.minimum(clear / FAINT, 1)
    return np.asarray(shown / (1 + np.exp(-odds)), np.float32)


def variety(root: FLOAT) -> FLOAT:
    """Whether tones alternate around a pixel, as in texture, or two meet at a lone edge.

    (height, width) float32, of roots of light (height, width[, channels]).
    The logarithm of the mean fourth power of what stands out from around, over the variance squared. Of
    a lone edge nothing stands out from around it but its variance is all there.

    >>> texture, edge = np.zeros((2, 64, 64), np.float32)
    >>> texture[::8], edge[32:] = 1, 1
    >>> bool(variety(texture)[32, 32] > variety(edge)[35, 32])
    True
    """
    grey = root if root.ndim == 2 else root.mean(axis=2)
    small = np.asarray(cv2.pyrDown(grey), np.float32)

    def around(values: FLOAT) -> FLOAT:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), TONE_WINDOW), np.float32)

    mean = around(small)
    spread_out = np.maximum(around(np.square(small)) - np.square(mean), np.float32(TONE_FLOOR))
    ratio = around(np.square(np.square(small - mean))) / np.square(spread_out)
    told = np.log(ratio + np.float32(0.1))
    return np.asarray(cv2.pyrUp(told, dstsize=(grey.shape[1], grey.shape[0])), np.float32)


def along(position: FLOAT, focus: Sequence[float]) -> FLOAT:
    """Positions in frames as positions on the focus axis.

    >>> along(np.array([[0.5]], np.float32), [10.0, 20.0]).tolist()
    [[15.0]]
    """
    return np.asarray(np.interp(position, np.arange(len(focus)), focus), np.float32)


def _belief(confidence: FLOAT) -> FLOAT:
    return np.asarray(np.clip((confidence - DOUBT) / (BELIEF - DOUBT), 0, 1), np.float32)


def _blocks(values: FLOAT) -> FLOAT:
    padded = np.pad(values, [(0, -side % BLOCK) for side in values.shape])
    rows, columns = (side // BLOCK for side in padded.shape)
    return np.asarray(padded.reshape(rows, BLOCK, columns, BLOCK).sum(axis=(1, 3)), np.float32)
