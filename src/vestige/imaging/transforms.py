"""Families of plane transforms: parameters, their derivatives, and how far two transforms are apart."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MODELS", "Model", "derivatives", "displacement", "fitted", "matrix_of", "parameters_of", "scaled"]

Model = Literal["translation", "similarity", "affine", "homography"]
MODELS: Final[tuple[Model, ...]] = ("translation", "similarity", "affine", "homography")

Matrix = NDArray[np.float64]


def matrix_of(parameters: NDArray[np.float64], model: Model) -> Matrix:
    """The 3 x 3 matrix of a family's parameters; all zero is the identity.

    >>> matrix_of(np.array([2.0, 3.0]), "translation")[:2, 2].tolist()
    [2.0, 3.0]
    """
    matrix = np.eye(3)
    if model == "translation":
        matrix[:2, 2] += parameters
    elif model == "similarity":
        a, b, x, y = parameters
        matrix[:2] += [[a, -b, x], [b, a, y]]
    else:
        matrix.reshape(-1)[: len(parameters)] += parameters
    return matrix


def parameters_of(matrix: Matrix, model: Model) -> NDArray[np.float64]:
    """The parameters of a matrix that is of the family (see `fitted`).

    >>> parameters_of(np.eye(3), "similarity").tolist()
    [0.0, 0.0, 0.0, 0.0]
    """
    change = matrix / matrix[2, 2] - np.eye(3)
    if model == "translation":
        return np.array(change[:2, 2])
    if model == "similarity":
        return np.array([change[0, 0], change[1, 0], change[0, 2], change[1, 2]])
    return np.array(change.reshape(-1)[: 6 if model == "affine" else 8])


def derivatives(
    matrix: Matrix, model: Model, x: NDArray[np.float32], y: NDArray[np.float32], gx: NDArray[np.float32],
    gy: NDArray[np.float32],
) -> NDArray[np.float32]:  # fmt: skip
    """Change of an image value with each parameter, (parameters, points), from its gradient `gx`, `gy`.

    >>> one = np.ones(1, np.float32)
    >>> derivatives(np.eye(3), "similarity", 2 * one, 3 * one, one, 0 * one)[:, 0].tolist()
    [2.0, -3.0, 1.0, 0.0]
    """
    if model == "translation":
        return np.stack([gx, gy])
    if model == "similarity":
        return np.stack([gx * x + gy * y, gy * x - gx * y, gx, gy])
    if model == "affine":
        return np.stack([gx * x, gx * y, gx, gy * x, gy * y, gy])
    m = matrix.astype(np.float32)
    below = 1 / (m[2, 0] * x + m[2, 1] * y + m[2, 2])
    u, v = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) * below, (m[1, 0] * x + m[1, 1] * y + m[1, 2]) * below
    gx, gy = gx * below, gy * below
    slide = -(gx * u + gy * v)
    return np.stack([gx * x, gx * y, gx, gy * x, gy * y, gy, slide * x, slide * y])


def fitted(matrix: Matrix, model: Model, shape: tuple[int, ...]) -> Matrix:
    """The nearest transform of a family over an image of `shape`, in the least-squares sense.

    >>> fitted(np.array([[1, 0, 5], [0, 1, 0], [0, 0, 1.0]]), "similarity", (10, 10))[0].round(6).tolist()
    [1.0, 0.0, 5.0]
    """
    if model == "homography":
        return np.asarray(matrix / matrix[2, 2])
    points = _grid(shape)
    wanted = _apply(matrix, points) - points
    x, y = points.T
    one, zero = np.ones_like(x), np.zeros_like(x)
    rows = {
        "translation": ([one, zero], [zero, one]),
        "similarity": ([x, -y, one, zero], [y, x, zero, one]),
        "affine": ([x, y, one, zero, zero, zero], [zero, zero, zero, x, y, one]),
    }[model]
    design = np.concatenate([np.stack(row, axis=1) for row in rows])
    parameters = np.linalg.lstsq(design, wanted.T.reshape(-1), rcond=None)[0]
    return matrix_of(parameters, model)


def displacement(one: Matrix, other: Matrix, shape: tuple[int, ...]) -> float:
    """Root-mean-square distance of two transforms over an image of `shape`, in pixels of the target.

    >>> displacement(np.eye(3), matrix_of(np.array([3.0, 4.0]), "translation"), (10, 10))
    5.0
    """
    points = _grid(shape)
    return float(np.sqrt(((_apply(one, points) - _apply(other, points)) ** 2).sum(axis=1).mean()))


def scaled(matrix: Matrix, target: float, source: float) -> Matrix:
    """The same transform between images enlarged by `target` (moving) and `source` (fixed), pixel areas
    aligned.

    >>> scaled(matrix_of(np.array([1.0, 0.0]), "translation"), 2.0, 2.0)[:2, 2].tolist()
    [2.0, 0.0]
    """
    result = _enlarge(target) @ matrix @ np.linalg.inv(_enlarge(source))
    return np.asarray(result / result[2, 2])


def _enlarge(scale: float) -> Matrix:
    shift = (scale - 1) / 2
    return np.array([[scale, 0, shift], [0, scale, shift], [0, 0, 1.0]])


def _grid(shape: tuple[int, ...]) -> NDArray[np.float64]:
    y, x = np.meshgrid(np.linspace(0, shape[0] - 1, 7), np.linspace(0, shape[1] - 1, 7), indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _apply(matrix: Matrix, points: NDArray[np.float64]) -> NDArray[np.float64]:
    places = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(places[:, :2] / places[:, 2:])
