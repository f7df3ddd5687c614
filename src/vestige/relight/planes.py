"""A relightable picture: planes of coefficients, and the sum that lights them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError
from vestige.relight.bases import (
    BasisName,
    basis_matrix,
    hemispherical_basis,
    polynomial_basis,
    pseudo_inverse,
)

__all__ = ["ColourSpace", "Planes", "fit", "hemispherical_harmonics", "polynomial_texture_map", "relight"]

ColourSpace = Literal["rgb", "lrgb", "mrgb"]


@dataclass(frozen=True)
class Planes:
    """Coefficients of a relightable picture, in the order of the Relight web format.

    Attributes
    ----------
    values : (planes, height, width) float32. 'rgb': plane 3k + c is term k of channel c.
        'lrgb': three planes of colour, then one a term of luminance. 'mrgb': weights of `table`.
    basis : 'ptm', 'hsh' or 'bilinear'.
    colours : 'rgb', 'lrgb' or 'mrgb'.
    lights : (lights, 3) directions that the planes were fitted on; may be empty.
    table : for 'bilinear' only: (planes + 1, resolution, resolution, 3), colours over an
        octahedral map of the lights; row 0 is their mean.

    >>> planes = Planes(np.ones((18, 2, 2), np.float32), "ptm")
    >>> planes.terms, planes.shape
    (6, (2, 2))
    """

    values: NDArray[np.float32]
    basis: Literal["ptm", "hsh", "bilinear"]
    colours: ColourSpace = "rgb"
    lights: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    table: NDArray[np.float32] | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self.values.shape[1], self.values.shape[2]

    @property
    def terms(self) -> int:
        """Terms of the basis."""
        count = len(self.values)
        return count // 3 if self.colours == "rgb" else count - 3 if self.colours == "lrgb" else count


def polynomial_texture_map(frames: ArrayLike, lights: ArrayLike, *, colours: ColourSpace = "rgb") -> Planes:
    """Fit the six terms of a polynomial texture map to each pixel by least squares.

    Parameters
    ----------
    frames : (lights, height, width, 3) values as the picture is to be shown (sRGB-encoded, 0..1).
    lights : (lights, 3) unit vectors; x right, y up, z to the viewer.
    colours : 'rgb' fits each channel; 'lrgb' fits luminance and keeps one colour a pixel.

    Raises
    ------
    UsageError
        where frames and lights do not fit together.

    References
    ----------
    Malzbender, Gelb, Wolters: Polynomial texture maps. SIGGRAPH 2001.

    >>> ring = np.arange(6) * np.pi / 3
    >>> lights = np.stack([0.6 * np.cos(ring), 0.6 * np.sin(ring), np.full(6, 0.8)], axis=1)
    >>> frames = np.full((6, 1, 1, 3), 0.5) * lights[:, 2, None, None, None]
    >>> relight(polynomial_texture_map(frames, lights), lights[1]).round(3).ravel().tolist()
    [0.4000000059604645, 0.4000000059604645, 0.4000000059604645]
    """
    return _fitted("ptm", frames, lights, polynomial_basis(lights), colours)


def hemispherical_harmonics(
    frames: ArrayLike, lights: ArrayLike, *, terms: int = 9, colours: ColourSpace = "rgb"
) -> Planes:
    """Fit 4, 9 or 16 hemispherical harmonics to each pixel by least squares; see `polynomial_texture_map`.

    Raises
    ------
    UsageError
        where frames and lights do not fit together, or `terms` is another number.

    References
    ----------
    Gautron et al.: A novel hemispherical basis for accurate and efficient rendering. EGSR 2004.
    Mudge et al.: Image-based empirical information acquisition. VAST 2008.

    >>> angle = np.arange(12) * 0.5
    >>> lights = np.stack([0.6 * np.cos(angle), 0.6 * np.sin(angle), np.full(12, 0.8)], axis=1)
    >>> planes = hemispherical_harmonics(np.full((12, 2, 3, 3), 0.5), lights)
    >>> planes.values.shape, float(relight(planes, lights[3]).mean().round(3))
    ((27, 2, 3), 0.5)
    """
    return _fitted("hsh", frames, lights, hemispherical_basis(lights, terms), colours)


def fit(
    frames: NDArray[np.float32], inverse: NDArray[np.float64], colours: ColourSpace = "rgb"
) -> NDArray[np.float32]:
    """Planes of a strip of frames, by the pseudo-inverse of the basis at their lights.

    Parameters
    ----------
    frames : (lights, height, width, 3).
    inverse : (terms, lights), from `pseudo_inverse`.

    Returns
    -------
    (planes, height, width) float32, in the order of `Planes`.

    >>> fit(np.full((2, 1, 1, 3), 0.5, np.float32), np.array([[0.5, 0.5]])).ravel().tolist()
    [0.5, 0.5, 0.5]
    """
    solve = inverse.astype(np.float32)
    if colours == "rgb":
        found = np.tensordot(solve, frames, axes=1)
        return np.ascontiguousarray(np.moveaxis(found, 3, 1)).reshape(-1, *frames.shape[1:3])
    mean = frames.mean(axis=0)
    luminance = mean.mean(axis=2, keepdims=True)
    colour = np.where(luminance > 1e-4, mean / np.maximum(luminance, 1e-4), 1.0)
    brightness = frames @ np.full(3, 1 / 3, np.float32)
    planes = np.concatenate([np.moveaxis(colour, 2, 0), np.tensordot(solve, brightness, axes=1)])
    return planes.astype(np.float32)


def relight(planes: Planes, light: ArrayLike) -> NDArray[np.float32]:
    """The picture under a light from any direction.

    Parameters
    ----------
    light : (3,) direction towards the lamp, z > 0; of any length.

    Returns
    -------
    (height, width, 3) float32 in the encoding of the frames that were fitted; not cut to 0..1.

    Raises
    ------
    UsageError
        where the light is no direction from the viewer's side.

    >>> relight(Planes(np.ones((18, 1, 1), np.float32), "ptm"), (0, 0, 1)).shape
    (1, 1, 3)
    """
    offset, weights = light_weights(planes, light)
    height, width = planes.shape
    if planes.colours == "lrgb":
        brightness = np.tensordot(weights[3:, 0], planes.values[3:], axes=1)
        return np.moveaxis(planes.values[:3] * brightness, 0, 2).astype(np.float32)
    flat = planes.values.reshape(len(planes.values), -1)
    lit = weights.T @ flat + offset[:, None]
    return np.asarray(lit.T.reshape(height, width, 3), np.float32)


def light_weights(planes: Planes, light: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What each plane adds to each channel under a light: an offset (3,) and weights (planes, 3).

    >>> light_weights(Planes(np.ones((18, 1, 1), np.float32), "ptm"), (0, 0, 1))[1][:4].tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    direction = _direction(light)
    if planes.basis == "bilinear":
        assert planes.table is not None
        rows = _octahedral(planes.table, direction)
        return rows[0], rows[1:]
    base = basis_matrix(planes.basis, direction, planes.terms)[0].astype(np.float32)
    if planes.colours == "rgb":
        weights = np.kron(base[:, None], np.eye(3, dtype=np.float32))
    else:
        weights = np.repeat(np.concatenate([np.zeros(3, np.float32), base])[:, None], 3, axis=1)
    return np.zeros(3, np.float32), weights


def _octahedral(table: NDArray[np.float32], light: NDArray[np.float64]) -> NDArray[np.float32]:
    """The rows of a bilinear table at a light: the upper half of an octahedron, unfolded, turned by 45°."""
    side = table.shape[1] - 1
    x, y = (np.array([light[0] + light[1], light[1] - light[0]]) / np.abs(light).sum() + 1) / 2 * side
    column, row = (min(side - 1, max(0, int(value))) for value in (x, y))
    across, along = x - column, y - row
    upper = table[:, row, column] * (1 - across) + table[:, row, column + 1] * across
    lower = table[:, row + 1, column] * (1 - across) + table[:, row + 1, column + 1] * across
    return np.asarray(upper * (1 - along) + lower * along, np.float32)


def _direction(light: ArrayLike) -> NDArray[np.float64]:
    direction = np.asarray(light, np.float64).reshape(-1)
    if direction.shape != (3,) or not np.isfinite(direction).all() or direction[2] <= 0:
        found = np.asarray(light).tolist()
        raise UsageError(f"a light must be a direction (x, y, z) with z > 0, not {found}")
    unit: NDArray[np.float64] = direction / np.linalg.norm(direction)
    return unit


def _fitted(
    name: BasisName, frames: ArrayLike, lights: ArrayLike, basis: NDArray[np.float64], colours: ColourSpace
) -> Planes:
    values = np.asarray(frames, np.float32)
    if values.ndim != 4 or values.shape[3] != 3 or len(values) != len(basis):
        raise UsageError(
            f"frames must have shape ({len(basis)}, height, width, 3), one a light, not {values.shape}"
        )
    planes = fit(values, pseudo_inverse(basis), colours)
    return Planes(planes, name, colours, np.atleast_2d(np.asarray(lights, np.float64)))
