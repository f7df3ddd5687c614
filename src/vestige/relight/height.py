"""Height from normals: the surface whose slopes fit best, by cosine or Fourier transform."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError

__all__ = ["Boundary", "height_from_normals", "integrate", "slopes"]

Boundary = Literal["free", "periodic"]

#: Steeper slopes come from noise where a surface is almost edge-on; they would tear the relief.
STEEPEST = 5.0


def height_from_normals(
    surface: ArrayLike, *, pixel_size: float = 1.0, boundary: Boundary = "free"
) -> NDArray[np.float32]:
    """Height of the surface above its mean plane.

    Parameters
    ----------
    surface : (height, width, 3) unit normals; x right, y up, z to the viewer.
    pixel_size : side of a pixel; the unit of the result (1 gives pixels, 0.02 with millimetres gives mm).
    boundary : 'free' leaves the edges as they come (cosine transform); 'periodic' is the method of
        Frankot and Chellappa (Fourier transform), for surfaces that go on beyond all edges alike.

    Returns
    -------
    (height, width) float32, towards the viewer positive, mean 0, best plane taken off.

    Raises
    ------
    UsageError
        where `surface` has another shape.

    References
    ----------
    Frankot, Chellappa: A method for enforcing integrability in shape from shading algorithms. PAMI 10, 1988.
    Simchony, Chellappa, Shao: Direct analytical methods for solving Poisson equations in computer
    vision problems. PAMI 12, 1990.

    >>> tilted = np.broadcast_to(np.array([-0.1, 0.0, 0.995]), (8, 8, 3))
    >>> float(np.abs(height_from_normals(tilted)).max()) < 1e-5
    True
    """
    unit = np.asarray(surface, np.float32)
    if unit.ndim != 3 or unit.shape[2] != 3:
        raise UsageError(f"normals must have shape (height, width, 3), not {unit.shape}")
    return integrate(*slopes(unit), boundary=boundary) * np.float32(pixel_size)


def slopes(unit: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rise for each pixel to the right and for each pixel downwards, two (height, width) float32.

    >>> right, down = slopes(np.array([[[-0.6, 0.0, 0.8]]], np.float32))
    >>> float(right[0, 0].round(3)), float(down[0, 0])
    (0.75, 0.0)
    """
    forward = np.maximum(unit[..., 2], 0.02)
    right = np.clip(-unit[..., 0] / forward, -STEEPEST, STEEPEST)
    down = np.clip(unit[..., 1] / forward, -STEEPEST, STEEPEST)
    return right.astype(np.float32, copy=False), down.astype(np.float32, copy=False)


def integrate(
    right: NDArray[np.float32], down: NDArray[np.float32], *, boundary: Boundary = "free"
) -> NDArray[np.float32]:
    """The surface with these slopes (rise a pixel), in the least-squares sense; best plane taken off.

    >>> float(np.ptp(integrate(np.zeros((4, 5), np.float32), np.zeros((4, 5), np.float32))))
    0.0
    """
    surface = _periodic(right, down) if boundary == "periodic" else _free(right, down)
    return _without_plane(surface.astype(np.float32))


def _free(right: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    """Poisson's equation with free edges; slopes between neighbours are the mean of both."""
    from scipy.fft import dctn, idctn

    rows, columns = right.shape
    divergence = np.zeros_like(right)
    between = 0.5 * (right[:, 1:] + right[:, :-1])
    divergence[:, :-1] += between
    divergence[:, 1:] -= between
    between = 0.5 * (down[1:] + down[:-1])
    divergence[:-1] += between
    divergence[1:] -= between
    spectrum = dctn(divergence, type=2, norm="ortho", overwrite_x=True)
    across = 2 * np.cos(np.pi * np.arange(columns, dtype=np.float32) / columns) - 2
    along = 2 * np.cos(np.pi * np.arange(rows, dtype=np.float32) / rows) - 2
    spectrum[0, 0] = 0
    denominator = along[:, None] + across[None, :]
    denominator[0, 0] = 1
    spectrum /= denominator
    surface: NDArray[np.float32] = idctn(spectrum, type=2, norm="ortho", overwrite_x=True)
    return surface


def _periodic(right: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    from scipy.fft import irfft2, rfft2, rfftfreq

    rows, columns = right.shape
    u = (2 * np.pi * rfftfreq(columns)).astype(np.float32)[None, :]
    v = (2 * np.pi * np.fft.fftfreq(rows)).astype(np.float32)[:, None]
    power = u * u + v * v
    power[0, 0] = 1
    spectrum = (-1j * u * rfft2(right) - 1j * v * rfft2(down)) / power
    spectrum[0, 0] = 0
    surface: NDArray[np.float32] = irfft2(spectrum, s=right.shape)
    return surface


def _without_plane(surface: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take off the best plane: a tilt of the whole is a fault of the lights far oftener than a fact."""
    rows, columns = surface.shape
    x = np.arange(columns, dtype=np.float64) - (columns - 1) / 2
    y = np.arange(rows, dtype=np.float64) - (rows - 1) / 2
    mean = float(surface.mean(dtype=np.float64))
    across = float(surface.mean(axis=0, dtype=np.float64) @ x) / max(float(x @ x), 1e-12)
    along = float(surface.mean(axis=1, dtype=np.float64) @ y) / max(float(y @ y), 1e-12)
    plane = across * x[None, :] + (along * y + mean)[:, None]
    flat: NDArray[np.float32] = surface - plane.astype(np.float32)
    return flat
