"""The surface of the hull: marching cubes in slabs, the largest body alone, Taubin smoothing, normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import marching_cubes

from vestige.errors import InputError
from vestige.turntable.hull import STEPS, Hull

__all__ = ["Surface", "smooth", "surface"]

Floats = NDArray[np.float32]
Faces = NDArray[np.int32]

_SLAB = 32


@dataclass(frozen=True)
class Surface:
    """Triangles in the world of the cameras.

    Attributes
    ----------
    vertices : float32 (n, 3).
    faces : int32 (m, 3), counter-clockwise seen from outside.
    """

    vertices: Floats
    faces: Faces

    @property
    def volume(self) -> float:
        """Volume enclosed, in cubed units of the vertices (divergence theorem)."""
        a, b, c = (self.vertices[self.faces[:, corner]].astype(float) for corner in range(3))
        return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6

    @property
    def area(self) -> float:
        """Area of the triangles."""
        return float(0.5 * np.linalg.norm(self._crossed(), axis=1).sum())

    def normals(self) -> Floats:
        """Unit normal at each vertex, float32 (n, 3): its triangles' normals weighted by area."""
        crossed = self._crossed()
        total = np.zeros((len(self.vertices), 3))
        for axis in range(3):
            for corner in range(3):
                total[:, axis] += np.bincount(
                    self.faces[:, corner], weights=crossed[:, axis], minlength=len(self.vertices)
                )
        return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-20), np.float32)

    def open_edges(self) -> int:
        """Edges that do not belong to exactly two triangles, run through once each way: 0 if watertight."""
        edges = np.concatenate([self.faces[:, [0, 1]], self.faces[:, [1, 2]], self.faces[:, [2, 0]]]).astype(
            np.int64
        )
        count = len(self.vertices)
        there, back = np.sort(edges @ np.array([count, 1])), np.sort(edges @ np.array([1, count]))
        twice = int(np.count_nonzero(there[1:] == there[:-1]))
        return twice + (0 if np.array_equal(there, back) else len(np.setxor1d(there, back)))

    def _crossed(self) -> NDArray[np.float64]:
        a, b, c = (self.vertices[self.faces[:, corner]].astype(float) for corner in range(3))
        return np.asarray(np.cross(b - a, c - a))


def surface(hull: Hull) -> Surface:
    """The surface of the largest body of a hull, watertight.

    Marching cubes (Lorensen and Cline 1987, in the topologically consistent form of Lewiner et al. 2003) runs
    over slabs of the volume; equal vertices of neighbouring slabs are joined.

    Raises
    ------
    InputError
        where the hull is empty.

    >>> x, y, z = np.mgrid[-9:10, -9:10, -9:10]
    >>> ball = np.clip((6 - np.sqrt(x * x + y * y + z * z)) * STEPS, -128, 127).astype(np.int8)
    >>> found = surface(Hull(ball, (-9.0, -9.0, -9.0), 1.0))
    >>> found.open_edges(), round(found.volume / (4 / 3 * np.pi * 6**3), 2)
    (0, 0.99)
    """
    pieces = list(_slabs(hull.distance))
    if not pieces:
        raise InputError("the hull", "is empty", "at least one voxel of the object")
    offsets = np.cumsum([0, *(len(vertices) for vertices, _ in pieces)])
    places = np.concatenate([vertices for vertices, _ in pieces])
    faces = np.concatenate([faces + offset for (_, faces), offset in zip(pieces, offsets, strict=False)])
    vertices, faces = _largest(*_joined(places, faces))
    world = vertices.astype(float) * hull.voxel + np.array(hull.origin) - hull.voxel
    return Surface(world.astype(np.float32), faces)


def _slabs(distance: NDArray[np.int8]) -> list[tuple[Floats, Faces]]:
    """Vertices (in voxels of the volume padded by one) and faces of each slab that the surface crosses."""
    pieces = []
    padded = np.pad(distance, 1, constant_values=-128)
    for first in range(0, padded.shape[0] - 1, _SLAB):
        slab = padded[first : first + _SLAB + 1]
        if slab.max() < 0 or slab.min() >= 0:
            continue
        # Half a step below zero, so that no vertex falls on a grid point and no triangle is degenerate.
        vertices, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
            slab.astype(np.float32) + 0.5, 0.0, gradient_direction="ascent"
        )
        vertices[:, 0] += first
        pieces.append((vertices.astype(np.float32), faces.astype(np.int32)))
    return pieces


def _joined(vertices: Floats, faces: Faces) -> tuple[Floats, Faces]:
    """Vertices at the same place made one."""
    keys = np.round(vertices * (STEPS * 64)).astype(np.int64)
    packed = (keys[:, 0] << 42) | (keys[:, 1] << 21) | keys[:, 2]
    _, first, same = np.unique(packed, return_index=True, return_inverse=True)
    joined = same.reshape(-1)[faces].astype(np.int32)
    distinct = (
        (joined[:, 0] != joined[:, 1]) & (joined[:, 1] != joined[:, 2]) & (joined[:, 2] != joined[:, 0])
    )
    return vertices[first], joined[distinct]


def _edges(faces: Faces, count: int) -> csr_array:
    """Which vertices share an edge, as a symmetric sparse array of ones."""
    a, b = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    links = coo_array(
        (np.ones(2 * len(a), np.float32), (np.r_[a, b], np.r_[b, a])), shape=(count, count)
    ).tocsr()
    links.data[:] = 1
    return links


def _largest(vertices: Floats, faces: Faces) -> tuple[Floats, Faces]:
    """The connected body that encloses the most; hollows within it are left out."""
    _, body = connected_components(_edges(faces, len(vertices)), directed=False)
    a, b, c = (vertices[faces[:, corner]].astype(float) for corner in range(3))
    enclosed = np.bincount(body[faces[:, 0]], weights=np.einsum("ij,ij->i", a, np.cross(b, c)))
    kept = body == int(np.argmax(enclosed))
    number = np.cumsum(kept, dtype=np.int32) - 1
    return vertices[kept], number[faces[kept[faces[:, 0]]]]


def smooth(rough: Surface, rounds: int, *, shrink: float = 0.5, swell: float = -0.53) -> Surface:
    """Taubin's smoothing: a shrinking and a swelling step a round, so that the volume stays.

    Taubin, G. (1995). A signal processing approach to fair surface design. SIGGRAPH '95, 351-358.

    >>> x, y, z = np.mgrid[-9:10, -9:10, -9:10]
    >>> ball = np.where(x * x + y * y + z * z < 36, 127, -128).astype(np.int8)
    >>> rough = surface(Hull(ball, (-9.0, -9.0, -9.0), 1.0))
    >>> smooth(rough, 10).area < 0.97 * rough.area
    True
    """
    if not rounds:
        return rough
    links = _edges(rough.faces, len(rough.vertices))
    mean = diags_array(1 / np.maximum(links.sum(axis=1), 1)) @ links
    vertices = rough.vertices.astype(float)
    middle = vertices.mean(axis=0)
    vertices -= middle
    for _ in range(rounds):
        for weight in (shrink, swell):
            vertices += weight * (mean @ vertices - vertices)
    return Surface((vertices + middle).astype(np.float32), rough.faces)
