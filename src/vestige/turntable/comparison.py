"""How far a surface lies from the true one: chamfer distance and F-score.

Distances are from points spread evenly over one surface to the triangles of the other. Chamfer is the mean of
the mean distances both ways; the F-score at a tolerance is the harmonic mean of precision (share of our
points within the tolerance of the truth) and recall (share of true points within it of ours), as in
Knapitsch, A., Park, J., Zhou, Q.-Y., Koltun, V. (2017). Tanks and Temples. ACM Trans. Graphics 36, 78.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vestige.turntable.surfaces import Surface

__all__ = ["Comparison", "compare_surfaces"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """How well a surface meets the truth, in the unit of both.

    Attributes
    ----------
    chamfer : mean distance, both ways averaged.
    precision, recall, score : shares of points within `tolerance`; score is the F-score.
    tolerance : the distance within which a point counts as right.
    worst : 99th percentile of the distances both ways.
    """

    chamfer: float
    precision: float
    recall: float
    score: float
    tolerance: float
    worst: float


def compare_surfaces(
    made: Surface, truth: Surface, *, tolerance: float = 1.0, samples: int = 40_000, seed: int = 0
) -> Comparison:
    """Compare a surface with the true one.

    >>> square = np.array([[0, 0, 0], [9, 0, 0], [0, 9, 0], [9, 9, 0]], np.float32)
    >>> faces = np.array([[0, 1, 2], [2, 1, 3]], np.int32)
    >>> raised = Surface(square + np.float32([0, 0, 0.5]), faces)
    >>> found = compare_surfaces(raised, Surface(square, faces))
    >>> round(found.chamfer, 3), found.score
    (0.5, 1.0)
    """
    random = np.random.default_rng(seed)
    out = _distances(_spread(made, samples, random), truth)
    back = _distances(_spread(truth, samples, random), made)
    precision, recall = float((out <= tolerance).mean()), float((back <= tolerance).mean())
    score = 2 * precision * recall / max(precision + recall, 1e-12)
    worst = max(float(np.percentile(out, 99)), float(np.percentile(back, 99)))
    return Comparison(float(out.mean() + back.mean()) / 2, precision, recall, score, tolerance, worst)


def _corners(shape: Surface) -> tuple[Floats, Floats, Floats]:
    a, b, c = (shape.vertices[shape.faces[:, corner]].astype(float) for corner in range(3))
    return a, b, c


def _spread(shape: Surface, count: int, random: np.random.Generator) -> Floats:
    """Points evenly over the area."""
    a, b, c = _corners(shape)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = random.choice(len(area), size=count, p=area / area.sum())
    u, v = random.random((2, count, 1))
    root = np.sqrt(u)
    return np.asarray((1 - root) * a[chosen] + root * (1 - v) * b[chosen] + root * v * c[chosen])


def _distances(points: Floats, shape: Surface, neighbours: int = 6) -> Floats:
    """Distance of each point to the nearest of the triangles whose middles are near it.

    Right to the order of the triangles' size where those vary little, as here.
    """
    a, b, c = _corners(shape)
    _, near = cKDTree((a + b + c) / 3).query(points, k=min(neighbours, len(a)))
    near = np.asarray(near).reshape(len(points), -1)
    best = np.full(len(points), np.inf)
    for column in range(near.shape[1]):
        face = near[:, column]
        best = np.minimum(best, _to_triangle(points, a[face], b[face], c[face]))
    return best


def _to_triangle(points: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    """Distance of each point to its triangle."""
    normal = np.cross(b - a, c - a)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-20)
    above = np.einsum("ij,ij->i", points - a, normal)
    foot = points - above[:, None] * normal
    within = np.ones(len(points), bool)
    edge = np.full(len(points), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        along = end - start
        within &= np.einsum("ij,ij->i", np.cross(along, foot - start), normal) >= 0
        share: NDArray[Any] = np.einsum("ij,ij->i", points - start, along) / np.maximum(
            np.einsum("ij,ij->i", along, along), 1e-20
        )
        nearest = start + np.clip(share, 0, 1)[:, None] * along
        edge = np.minimum(edge, np.linalg.norm(points - nearest, axis=1))
    return np.where(within, np.abs(above), edge)
