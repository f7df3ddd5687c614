"""Which pieces of traverses are a ditch along the traverse and no stripe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["ditch_pieces"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A run of so many grids along one traverse is no chance from this strength on, in deviations of the stripes.
STRENGTH = {1: 4.0, 2: 3.0, 3: 2.4}
LONG = 2.0
#: The same where the file names no grids: there is no edge to ask.
ALONE = 4.5
#: Flanks of a ditch on the next traverse, and pieces within a run, are part of it from this strength on.
FLANK = 1.2
#: The share of a stripe's step that may show at the edges of a grid if it is a ditch after all.
SHARP = 0.5


def ditch_pieces(pieces: Array, strength: Array, own: Array, edges: Array, deviation: float) -> Mask:
    """Pieces that belong to a ditch along the traverse: bool (traverse, grid, piece).

    The offsets of one traverse in neighbouring grids are drawn anew each time; that several are strong and
    alike is no chance but a ditch. So is a strong one whose step does not stand where the grid ends.

    Parameters
    ----------
    pieces : medians of pieces less the level of their grid, nT (traverse, grid, piece).
    strength, own : median of each traverse in each grid less that level, in deviations and in nT.
    edges : steps along the traverse where one grid ends and the next begins, nT (traverse, grid - 1).
    deviation : that of the stripes, nT.

    >>> own = np.zeros((5, 3)); own[2] = 3.0
    >>> found = ditch_pieces(own[..., np.newaxis], own, own, np.zeros((5, 2)), 1.0)
    >>> found[:, :, 0].astype(int).tolist()
    [[0, 0, 0], [0, 0, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]]
    """
    strength = np.nan_to_num(strength)
    run = np.zeros(strength.shape, bool)
    for sign in (1.0, -1.0):
        run |= _runs(sign * strength, np.nan_to_num(own), edges, pieces)
    sign_of = np.sign(strength)
    flank = np.zeros_like(run)
    flank[1:] |= run[:-1] & (sign_of[1:] == sign_of[:-1])
    flank[:-1] |= run[1:] & (sign_of[1:] == sign_of[:-1])
    run |= flank & (np.abs(strength) > FLANK)
    found: Mask = run[..., np.newaxis] & (pieces * sign_of[..., np.newaxis] > FLANK * deviation)
    return found


def _runs(strength: Array, own: Array, edges: Array, pieces: Array) -> Mask:
    found = np.zeros(strength.shape, bool)
    count = strength.shape[1]
    # iron beside an edge makes a step of four readings, but not of the pieces on either side of it
    beside = pieces[:, 1:, 0] - pieces[:, :-1, -1]
    beside = np.where(np.isfinite(beside), beside, edges)
    for length in range(1, count + 1):
        strong = strength > (ALONE if count == 1 else STRENGTH.get(length, LONG))
        for first in range(count - length + 1):
            last = first + length
            whole = strong[:, first:last].all(axis=1)
            whole &= np.minimum(*(_sharpness(own, seen, first, last) for seen in (edges, beside))) < SHARP
            found[whole, first:last] = True
    return found


def _sharpness(own: Array, edges: Array, first: int, last: int) -> Array:
    """How much of a run's strength begins and ends just where the grids do: 1 as a stripe, 0 as a ditch."""
    shares = []
    for inner, outer in ((first, first - 1), (last - 1, last)):
        if 0 <= outer < own.shape[1]:
            step = own[:, inner] - own[:, outer]
            seen = edges[:, min(inner, outer)] * (1 if outer < inner else -1)
            share = np.divide(seen, step, out=np.zeros_like(step), where=np.abs(step) > 1e-6)
            shares.append(np.clip(np.nan_to_num(share), -0.5, 1.5))
    return np.mean(shares, axis=0) if shares else np.zeros(len(own))
