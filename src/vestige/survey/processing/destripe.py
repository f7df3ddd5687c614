"""Destripe: the offset of each traverse in each survey grid, so that ditches along the traverse stay."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from vestige.survey.processing.ditches import ditch_pieces
from vestige.survey.processing.layout import across, along, grid_rows, part_medians, spread
from vestige.survey.traverses import Survey, Values

__all__ = ["destripe", "stripe_offsets"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A traverse votes in pieces of about this length (m).
PIECE = 5.0
#: Readings on either side of the edge of two survey grids, and how well they tell its step (nT).
AT_EDGE, EDGE_NOISE = 4, 0.2
#: Votes further than this many deviations lose their weight; the first rounds are more forbearing.
TUNING, ROUNDS = 2.0, (np.inf, 8.0, 4.0, 2.0, 1.0, 1.0, 1.0)
#: Least deviation believed (nT): below it the readings' own resolution speaks.
LEAST = 0.02


def destripe(survey: Survey) -> Values:
    """Readings less the offset of their traverse within their survey grid; float32 (traverse, reading).

    A zero-median traverse takes a ditch along the traverse for a stripe. Here offsets are found together,
    from four things that are known of them: the median of each piece of 5 m; the median step from one
    traverse to the next; the step along the traverse where a survey grid ends, which a stripe makes and a
    ditch does not; and how strong the stripes of these grids are. How much medians and steps vary without
    any stripe is measured *along* the traverse, where stripes cannot be: ground looks the same in both
    directions (Spector & Grant 1970 take it so too [1]_). Votes that contradict the rest lose their weight
    (Geman & McClure 1987 [2]_), and a run of strong pieces that does not begin and end where grids do is a
    ditch and has no vote.

    The offsets of a grid depend on it and on the eight grids around it. Where the file names no grids the
    whole traverse has one offset, which depends on the traverses within 40 m. A grid with no structure ends
    with a median of about zero, as with a zero-median traverse.

    References
    ----------
    .. [1] Spector, A., Grant, F. S. (1970). Statistical models for interpreting aeromagnetic data.
       Geophysics 35, 293-302.
    .. [2] Geman, S., McClure, D. E. (1987). Statistical methods for tomographic image reconstruction.
       Bull. ISI 52, 5-21.

    >>> random = np.random.default_rng(0)
    >>> striped = random.normal(0, 0.2, (40, 80)) + random.normal(0, 1, (40, 1))
    >>> round(float(destripe(Survey(striped.astype(np.float32), 1.0, 0.25)).std()), 1)
    0.2
    """
    offsets = stripe_offsets(survey)
    cleaned = np.array(survey.values, np.float32)
    for number, columns in enumerate(along(survey)):
        cleaned[:, columns] -= offsets[:, number : number + 1].astype(np.float32)
    return cleaned


def stripe_offsets(survey: Survey) -> Array:
    """The offset (nT) of each traverse in each survey grid, float64 (traverse, grid along the traverse).

    >>> stripe_offsets(Survey(np.zeros((4, 16), np.float32), 1.0, 0.25, grid=(8, 2))).shape
    (4, 2)
    """
    votes = _votes(survey)
    bands, count = across(survey), len(along(survey))
    offsets = np.zeros((len(survey.values), count))
    for place, band in enumerate(bands):
        rows = slice(bands[max(place - 1, 0)].start, bands[min(place + 1, len(bands) - 1)].stop)
        edges = [(max(one.start, rows.start), min(one.stop, rows.stop)) for one in bands]
        grids = [slice(a - rows.start, b - rows.start) for a, b in edges if a < b]
        for column in range(count):
            columns = slice(max(column - 1, 0), min(column + 2, count))
            found = _solved(votes.window(rows, columns, slice(max(place - 1, 0), place + 2)), grids)
            inner = slice(band.start - rows.start, band.stop - rows.start)
            offsets[band, column] = found[inner, column - columns.start]
    return offsets


@dataclass(frozen=True)
class _Votes:
    """What the readings say: medians (traverse, grid, piece), steps to the next traverse (one row fewer),
    medians of whole traverses (traverse, grid), steps at the edges of grids (traverse, edge), and medians of
    pieces across the traverses (grid across, row of pieces, grid along, piece).
    """

    pieces: Array
    steps: Array
    wholes: Array
    edges: Array
    crossing: Array

    def window(self, rows: slice, columns: slice, bands: slice) -> _Votes:
        """Those of some traverses, of some grids along them and across."""
        return _Votes(
            self.pieces[rows, columns],
            self.steps[rows.start : rows.stop - 1, columns],
            self.wholes[rows, columns],
            self.edges[rows, columns.start : columns.stop - 1],
            self.crossing[bands, :, columns],
        )


def _votes(survey: Survey) -> _Votes:
    values, parts = survey.values, along(survey)
    length = parts[0].stop
    count = max(1, round(length * survey.reading_m / PIECE))
    cuts = np.linspace(0, length, count + 1).astype(int)
    pieces = [
        slice(min(part.start + a, part.stop), min(part.start + b, part.stop))
        for part in parts
        for a, b in pairwise(cuts)
    ]
    fewest = max(2, (cuts[1] - cuts[0]) // 3)
    shape = len(parts), count
    steps = values[1:] - values[:-1]
    edges = [
        part_medians(values[:, part.start : part.start + AT_EDGE], [slice(None)], fewest=2)
        - part_medians(values[:, part.start - AT_EDGE : part.start], [slice(None)], fewest=2)
        for part in parts[1:]
    ]
    deep = max(1, round((cuts[1] - cuts[0]) * survey.reading_m / survey.traverse_m))
    return _Votes(
        part_medians(values, pieces, fewest=fewest).reshape(-1, *shape),
        part_medians(steps, pieces, fewest=fewest).reshape(-1, *shape),
        part_medians(values, parts),
        np.hstack(edges) if edges else np.empty((len(values), 0)),
        _crossing(survey, parts, min(deep, grid_rows(survey))),
    )


def _crossing(survey: Survey, parts: list[slice], deep: int) -> Array:
    """Medians of pieces that lie across the traverses: as long and as wide as those along them."""
    wide = max(1, round(survey.traverse_m / survey.reading_m))
    bands, count = across(survey), max(1, parts[0].stop // wide)
    found = np.full((len(bands), grid_rows(survey) // deep, len(parts), count), np.nan)
    for (place, band), (number, part) in product(enumerate(bands), enumerate(parts)):
        high, long = (band.stop - band.start) // deep, min(count, (part.stop - part.start) // wide)
        block = survey.values[band.start : band.start + high * deep, part.start : part.start + long * wide]
        if high and long:
            block = block.reshape(high, deep, long, wide).swapaxes(1, 2).reshape(high * long, deep * wide)
            medians = part_medians(block, [slice(None)], fewest=max(2, deep * wide // 3))
            found[place, :high, number, :long] = medians.reshape(high, long)
    return found


def _solved(votes: _Votes, grids: list[slice]) -> Array:
    """The offsets of a window of grids, by reweighted least squares."""
    if not np.isfinite(votes.wholes).any():
        return np.zeros(votes.wholes.shape)
    level = _levels(votes.wholes, grids)
    own = votes.wholes - level
    strength = max(spread(own), LEAST)
    varied = max(_ground(votes.crossing), LEAST)
    wander = max(spread(votes.pieces - votes.wholes[..., np.newaxis]) / varied, 1.0)
    stepped = max(spread(np.diff(votes.crossing, axis=3)), LEAST)
    stripes = np.sqrt(max(strength**2 - varied**2 / votes.pieces.shape[2], (0.3 * strength) ** 2))
    ditch = ditch_pieces(votes.pieces - level[..., np.newaxis], own / strength, own, votes.edges, strength)
    pieces = np.where(ditch, np.nan, votes.pieces)
    steps = np.where(ditch[1:] | ditch[:-1], np.nan, votes.steps)
    offsets = np.where(np.isfinite(votes.wholes), votes.wholes, level)
    for leniency in ROUNDS:
        tuning = TUNING * leniency * wander
        for _ in range(2):
            scales = (varied, stepped, stripes)
            offsets = _reweighted(offsets, level, (pieces, steps, votes.edges), scales, tuning)
            level = _levels(offsets, grids)
    return offsets


def _ground(crossing: Array) -> float:
    """How much medians of pieces vary by the ground alone (nT): within rows, which stripes cross alike."""
    rows = crossing.reshape(-1, crossing.shape[3])
    return spread(rows - part_medians(rows, [slice(None)], fewest=3))


def _levels(wholes: Array, grids: list[slice]) -> Array:
    """The median of the traverses out and of those back in each grid: what heading and zero point add."""
    level = np.zeros(wholes.shape)
    for grid in grids:
        for parity in (0, 1):
            rows = slice(grid.start + parity, grid.stop, 2)
            some = rows if grid.stop - grid.start >= 8 else grid
            medians = part_medians(wholes[some].T, [slice(None)], fewest=1)[:, 0]
            level[rows] = np.nan_to_num(medians)
    return level


def _reweighted(
    offsets: Array, level: Array, votes: tuple[Array, Array, Array], scales: tuple[float, ...], tuning: float
) -> Array:
    """One round: weights from the offsets before, then the least squares of all votes (banded)."""
    pieces, steps, edges = votes
    varied, stepped, stripes = scales
    rows, columns = offsets.shape
    own_weight, own_sum = _weighed(pieces - offsets[..., np.newaxis], pieces, varied, tuning)
    step_weight, step_sum = _weighed(
        steps - np.diff(offsets, axis=0)[..., np.newaxis], steps, stepped, tuning
    )
    edge = edges[..., np.newaxis]
    edge_weight, edge_sum = _weighed(
        edge - np.diff(offsets, axis=1)[..., np.newaxis], edge, EDGE_NOISE, tuning
    )
    diagonal = own_weight + 1 / stripes**2
    total = own_sum + level / stripes**2
    diagonal[:-1] += step_weight
    diagonal[1:] += step_weight
    total[:-1] -= step_sum
    total[1:] += step_sum
    diagonal[:, :-1] += edge_weight
    diagonal[:, 1:] += edge_weight
    total[:, :-1] -= edge_sum
    total[:, 1:] += edge_sum
    if total.size == 1:
        return total / diagonal
    banded = np.zeros((columns + 1, rows * columns))
    banded[0] = diagonal.ravel()
    if columns > 1:
        banded[1] = -np.pad(edge_weight, ((0, 0), (0, 1))).ravel()
    banded[columns, : (rows - 1) * columns] -= step_weight.ravel()
    solved: Array = scipy.linalg.solveh_banded(banded, total.ravel(), lower=True, check_finite=False)
    return solved.reshape(rows, columns)


def _weighed(residual: Array, votes: Array, deviation: float, tuning: float) -> tuple[Array, Array]:
    """The weight of the votes of each traverse, and their weighted sum; what is not known has none."""
    weight = (1 + (residual / (deviation * tuning)) ** 2) ** -2 / deviation**2
    weight = np.where(np.isfinite(residual), weight, 0.0)
    return weight.sum(axis=-1), (weight * np.nan_to_num(votes)).sum(axis=-1)
