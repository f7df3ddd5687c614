"""The magnetic anomaly of susceptible ground above which a gradiometer is carried: a wavenumber filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["Gradiometer", "Layer", "dipole_gradient", "gradient"]

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Gradiometer:
    """Two sensors one above the other, in the earth's field.

    A ``fluxgate`` measures the vertical component (downwards), a ``total-field`` sensor the component along
    the earth's field. `field` in nT, angles in degrees (inclination positive down, declination positive
    east), `height` of the lower sensor and `separation` in m.

    >>> Gradiometer().separation
    1.0
    """

    field: float = 49000.0
    inclination: float = 68.0
    declination: float = -1.0
    height: float = 0.25
    separation: float = 1.0
    sensor: Literal["fluxgate", "total-field"] = "fluxgate"

    def direction(self) -> tuple[float, float, float]:
        """The unit vector of the earth's field: east, north, down.

        >>> [round(part, 3) for part in Gradiometer(inclination=60, declination=90).direction()]
        [0.5, 0.0, 0.866]
        """
        return _unit_vector(self.inclination, self.declination)


def _unit_vector(inclination: float, declination: float) -> tuple[float, float, float]:
    """East, north, down, of two angles in degrees."""
    down, turn = np.radians(inclination), np.radians(declination)
    level = np.cos(down)
    return float(level * np.sin(turn)), float(level * np.cos(turn)), float(np.sin(down))


@dataclass(frozen=True)
class Layer:
    """Ground between two depths (m below the surface): susceptibility (rows north to south, columns west to
    east), SI.

    Fired clay and some rock keep a magnetisation of their own: `remanence` is its direction (inclination,
    declination in degrees), and the susceptibility is that which would give the same strength.

    >>> Layer(np.zeros((4, 4), np.float32), 0.3, 0.5).bottom
    0.5
    """

    susceptibility: Array
    top: float
    bottom: float
    remanence: tuple[float, float] | None = None


def gradient(
    layers: Sequence[Layer], cell: float, instrument: Gradiometer, *, padding: float = 8.0
) -> NDArray[np.float32]:
    """The reading of the lower minus the upper sensor over each cell, in nT, float32 (height, width).

    Blakely's flat-layer filter [1]_ with demagnetisation neglected: for a layer from z1 to z2,

    ``G(k) = ½ F Θm Θf exp(-kh) (exp(-k z1) - exp(-k z2)) (1 - exp(-ks)) κ(k)``

    where ``Θm = sin I + i (kx cos I sin D + ky cos I cos D) / k`` with the direction of the magnetisation,
    and Θf is 1 for the vertical component and the same expression with the direction of the earth's field
    for the total field; the mean of the field is zero. Beyond its edges and `padding` (m) the ground repeats.

    Raises
    ------
    UsageError : no layer, layers of different shapes, or depths that do not go downwards.

    References
    ----------
    .. [1] Blakely, R. J. (1995). Potential Theory in Gravity and Magnetic Applications, chapter 11.

    Examples
    --------
    >>> ground = np.zeros((64, 64), np.float32)
    >>> ground[30:34, 30:34] = 1e-3
    >>> anomaly = gradient([Layer(ground, 0.3, 0.8)], 0.25, Gradiometer())
    >>> bool(anomaly.max() > 1 and anomaly.argmax() // 64 in (31, 32, 33, 34))
    True
    """
    _check(layers, cell)
    height, width = layers[0].susceptibility.shape
    extra = round(padding / cell)
    shape = tuple(scipy.fft.next_fast_len(length + extra, real=True) for length in (height, width))
    east, north, wavenumber = _wavenumbers(shape, cell)
    total: NDArray[np.complexfloating[Any, Any]] = np.zeros(wavenumber.shape, np.complex64)
    for remanence in dict.fromkeys(layer.remanence for layer in layers):
        alike: NDArray[np.complexfloating[Any, Any]] = np.zeros(wavenumber.shape, np.complex64)
        for layer in (layer for layer in layers if layer.remanence == remanence):
            spectrum = scipy.fft.rfft2(layer.susceptibility, s=shape, overwrite_x=False)
            spectrum *= np.exp(-wavenumber * layer.top) - np.exp(-wavenumber * layer.bottom)
            alike += spectrum
        magnetised = _unit_vector(*remanence) if remanence else instrument.direction()
        alike *= _theta(east, north, wavenumber, magnetised)
        total += alike
    total *= np.exp(-wavenumber * instrument.height) * (1 - np.exp(-wavenumber * instrument.separation))
    total *= np.float32(0.5 * instrument.field)
    if instrument.sensor == "total-field":
        total *= _theta(east, north, wavenumber, instrument.direction())
    field = scipy.fft.irfft2(total, s=shape, overwrite_x=True)[:height, :width]
    return np.ascontiguousarray(field, np.float32)


def _check(layers: Sequence[Layer], cell: float) -> None:
    if not layers or cell <= 0:
        raise UsageError(
            f"the ground needs one layer or more and a positive cell, not {len(layers)} and {cell}"
        )
    for layer in layers:
        if layer.susceptibility.shape != layers[0].susceptibility.shape:
            raise UsageError(
                f"layers differ in shape: {layers[0].susceptibility.shape} and {layer.susceptibility.shape}"
            )
        if not 0 <= layer.top < layer.bottom:
            raise UsageError(
                f"a layer goes down from {layer.top} to {layer.bottom} m; expected 0 <= top < bottom"
            )


def _wavenumbers(shape: tuple[int, ...], cell: float) -> tuple[Array, Array, Array]:
    """Angular wavenumbers to the east and to the north (rows go south), and their length; rad/m."""
    north = (-2 * np.pi * np.fft.fftfreq(shape[0], cell)).astype(np.float32)[:, np.newaxis]
    east = (2 * np.pi * np.fft.rfftfreq(shape[1], cell)).astype(np.float32)[np.newaxis]
    return east, north, np.hypot(east, north)


def _theta(
    east: Array, north: Array, wavenumber: Array, direction: tuple[float, float, float]
) -> NDArray[np.complex64]:
    """Θ of a direction (east, north, down); zero at zero wavenumber."""
    to_east, to_north, down = (np.float32(part) for part in direction)
    length = np.where(wavenumber > 0, wavenumber, np.float32(1))
    theta = down + 1j * (east * to_east + north * to_north) / length
    return np.where(wavenumber > 0, theta, 0).astype(np.complex64)


def dipole_gradient(
    east: NDArray[np.floating[Any]],
    north: NDArray[np.floating[Any]],
    depth: float,
    moment: tuple[float, float, float],
    instrument: Gradiometer,
) -> NDArray[np.float32]:
    """Lower minus upper reading (nT) of a small iron object, at offsets `east`, `north` (m) from it.

    `depth` in m below the surface, `moment` in A m² as east, north, down. The field of a point dipole
    (Blakely 1995, chapter 4).

    >>> zero, cart = np.zeros(1), Gradiometer(height=0.4, separation=1)
    >>> round(float(dipole_gradient(zero, zero, 0.1, (0, 0, 0.01), cart)[0]), 2)
    15.41
    """
    lower = _dipole(east, north, depth + instrument.height, moment, instrument)
    upper = _dipole(east, north, depth + instrument.height + instrument.separation, moment, instrument)
    return (lower - upper).astype(np.float32)


def _dipole(
    east: NDArray[np.floating[Any]],
    north: NDArray[np.floating[Any]],
    above: float,
    moment: tuple[float, float, float],
    instrument: Gradiometer,
) -> NDArray[np.floating[Any]]:
    """The component that the sensor measures, `above` metres over the object; nT."""
    squared = east**2 + north**2 + above**2
    along = (moment[0] * east + moment[1] * north - moment[2] * above) / squared
    sensed = instrument.direction() if instrument.sensor == "total-field" else (0.0, 0.0, 1.0)
    offset = east * sensed[0] + north * sensed[1] - above * sensed[2]
    aligned = sum(a * b for a, b in zip(moment, sensed, strict=True))
    field: NDArray[np.floating[Any]] = 100.0 * (3 * along * offset - aligned) / squared**1.5
    return field
