"""Normals and albedo by photometric stereo: each pixel a matt surface under known lights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import InputError, UsageError

__all__ = ["albedo", "normals", "scaled_normals"]

#: Below this share of a full reflection a pixel shows no surface; its normal faces the viewer.
DARKEST = 1e-4


def normals(frames: ArrayLike, lights: ArrayLike) -> NDArray[np.float32]:
    """The direction of the surface at each pixel, by least squares over all lights.

    Brightness is albedo x (normal · light) on a matt surface, so three lights not in one plane are
    enough; more even out noise. Shadows and highlights are not left out.

    Parameters
    ----------
    frames : (lights, height, width) or (lights, height, width, 3), linear light.
    lights : (lights, 3) unit vectors; x right, y up, z to the viewer.

    Returns
    -------
    (height, width, 3) float32 unit vectors; x right, y up, z to the viewer.

    Raises
    ------
    InputError
        where the lights lie in one plane, or there are fewer than three.

    References
    ----------
    Woodham: Photometric method for determining surface orientation from multiple images. Optical
    Engineering 19, 1980.

    >>> lights = np.array([[0.6, 0, 0.8], [-0.6, 0, 0.8], [0, 0.6, 0.8]])
    >>> frames = 0.5 * lights @ np.array([0.0, 0.0, 1.0])
    >>> normals(frames.reshape(3, 1, 1), lights).round(3).ravel().tolist()
    [0.0, 0.0, 1.0]
    """
    values, directions = _checked(frames, lights)
    return scaled_normals(values, normal_solver(directions))[0]


def albedo(frames: ArrayLike, lights: ArrayLike, surface: ArrayLike) -> NDArray[np.float32]:
    """The share of light that each pixel reflects, by least squares with the normals known.

    Parameters
    ----------
    frames, lights : as `normals`.
    surface : (height, width, 3) unit normals.

    Returns
    -------
    (height, width) or (height, width, 3) float32, 1.0 where a white matt surface would send back all
    the light of a lamp that lights a white frame at 1.0.

    >>> lights = np.array([[0.6, 0, 0.8], [-0.6, 0, 0.8], [0, 0.6, 0.8]])
    >>> albedo(np.full((3, 1, 1), 0.4), lights, np.array([[[0.0, 0.0, 1.0]]])).round(3).tolist()
    [[0.5]]
    """
    values, directions = _checked(frames, lights)
    unit = np.asarray(surface, np.float32)
    shading = np.maximum(np.tensordot(directions.astype(np.float32), unit, ([1], [2])), 0)
    power = np.maximum((shading * shading).sum(axis=0), 1e-6)
    if values.ndim == 3:
        return np.asarray((shading * values).sum(axis=0) / power, np.float32)
    return np.asarray(np.einsum("nhw,nhwc->hwc", shading, values) / power[..., None], np.float32)


def normal_solver(lights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The pseudo-inverse (3, lights) that turns brightness into albedo times normal.

    Raises
    ------
    InputError
        where the lights do not determine a normal.

    >>> normal_solver(np.eye(3)).tolist() == np.eye(3).tolist()
    True
    """
    spread = np.linalg.svd(lights, compute_uv=False)
    if len(lights) < 3 or spread[2] < 0.02 * spread[0]:
        raise InputError(
            "the capture",
            f"has {len(lights)} lights that lie in one plane",
            "three lights or more from different sides",
        )
    return np.asarray(np.linalg.pinv(lights), np.float64)


def scaled_normals(
    values: NDArray[np.float32], solver: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Unit normals (height, width, 3) and their albedo (height, width) of a strip of frames.

    >>> unit, reflectance = scaled_normals(np.full((3, 1, 1), 0.5, np.float32), np.eye(3))
    >>> bool(np.allclose(unit, 3**-0.5)), bool(np.allclose(reflectance, 0.75**0.5))
    (True, True)
    """
    grey = values.mean(axis=3) if values.ndim == 4 else values
    scaled = np.tensordot(solver.astype(np.float32), grey, axes=1)
    length = np.sqrt((scaled * scaled).sum(axis=0))
    dark = length < DARKEST
    unit = scaled / np.where(dark, 1, length)
    unit[:, dark] = np.array([0, 0, 1], np.float32)[:, None]
    # A surface seen from above cannot face away; a pixel that says so is all shadow and highlight.
    np.maximum(unit[2], 0.02, out=unit[2])
    unit /= np.sqrt((unit * unit).sum(axis=0))
    return np.ascontiguousarray(np.moveaxis(unit, 0, 2)), length


def _checked(frames: ArrayLike, lights: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    values, directions = np.asarray(frames, np.float32), np.asarray(lights, np.float64)
    if directions.ndim != 2 or directions.shape[1] != 3 or not np.isfinite(directions).all():
        raise UsageError(f"lights must be unit vectors of shape (lights, 3), not {directions.shape}")
    if values.ndim not in (3, 4) or len(values) != len(directions):
        raise UsageError(
            f"frames must have shape ({len(directions)}, height, width[, 3]), one a light, not {values.shape}"
        )
    return values, directions
