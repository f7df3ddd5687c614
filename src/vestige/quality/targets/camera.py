"""A camera before a target: spectra in, linear sRGB light out, as the sensor and plain processing give it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.quality.measures.colour import XYZ_FROM_SRGB, xyz_from_lab
from vestige.quality.targets.layout import Layout

__all__ = ["Camera", "Spectra", "inks", "reflectance", "spectra"]

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spectra:
    """Tables every 10 nm from 380 to 730 nm: observer (3, 36), illuminants and reflectances (36,), cameras
    (3, 36).
    """

    wavelengths: Values
    observer: Values
    illuminants: Mapping[str, Values]
    cameras: Mapping[str, Values]
    reflectances: Mapping[str, Values]


@lru_cache(maxsize=1)
def spectra() -> Spectra:
    """The tables of the forward model; the file names the source of each.

    >>> sorted(spectra().cameras)
    ['gaussian', 'nikon-5100', 'sigma-sd-merrill']
    """
    stated = json.loads((files("vestige.quality.targets") / "spectra.json").read_text("utf-8"))
    named: dict[str, dict[str, Values]] = {
        table: {name: np.array(values, np.float64) for name, values in stated[table].items()}
        for table in ("illuminants", "cameras", "reflectances")
    }
    return Spectra(np.array(stated["wavelengths"], np.float64), np.array(stated["observer"]), **named)


@lru_cache(maxsize=512)
def _smoothest(lab: tuple[float, ...]) -> Values:
    weights = spectra().observer * spectra().illuminants["D50"]
    weights = (weights / weights[1].sum()).T
    wanted = xyz_from_lab(lab, white=weights.sum(axis=0))
    size = len(weights)
    slope = np.diff(np.eye(size), axis=0)
    bend, z, pull = slope.T @ slope, np.zeros(size), np.zeros(3)
    for _ in range(60):
        rho, rate = (np.tanh(z) + 1) / 2, 1 / (2 * np.cosh(z) ** 2)
        gradient = np.concatenate([bend @ z + rate * (weights @ pull), weights.T @ rho - wanted])
        curve = bend + np.diag(-2 * np.tanh(z) * rate * (weights @ pull))
        cross = rate[:, None] * weights
        step = np.linalg.solve(np.block([[curve, cross], [cross.T, np.zeros((3, 3))]]), -gradient)
        step *= min(1.0, 2.0 / max(np.abs(step[:size]).max(), 1e-9))
        z, pull = z + step[:size], pull + step[size:]
        if np.abs(gradient).max() < 1e-9:
            break
    return np.asarray((np.tanh(z) + 1) / 2, np.float64)


def reflectance(name: str, lab: Values) -> Values:
    """Reflectance (36,) of an ink: the measured one where the tables hold it, else the smoothest of this
    L*a*b* (D50).

    Source: Burns 2020, 'Numerical methods for smoothest reflectance reconstruction' (hyperbolic tangent).

    >>> flat = reflectance("none", np.array([50.0, 0.0, 0.0]))
    >>> bool(abs(flat - 0.184).max() < 0.01)
    True
    """
    known = spectra().reflectances
    return known[name] if name in known else _smoothest(tuple(float(value) for value in lab))


def inks(layout: Layout) -> dict[str, Values]:
    """Reflectance (36,) of every ink of a target, and of its ground under the name ''.

    >>> from vestige.quality.targets.layout import layout as find
    >>> len(inks(find("colorchecker-classic")))
    25
    """
    return {"": reflectance("", layout.ground), **{name: reflectance(name, lab) for name, lab in layout.lab.items()}}


@dataclass(frozen=True)
class Camera:
    """Three sensitivities under a light, balanced on white, with the matrix that fits a ColorChecker best.

    >>> white = Camera("nikon-5100", "D50").raw(np.ones(36))
    >>> white.round(6).tolist()
    [1.0, 1.0, 1.0]
    """

    name: str = "nikon-5100"
    illuminant: str = "D50"

    def __post_init__(self) -> None:
        for value, table in ((self.name, spectra().cameras), (self.illuminant, spectra().illuminants)):
            if value not in table:
                raise UsageError(f"the forward model has no {value!r}; known are {', '.join(table)}")

    def raw(self, reflectances: Any) -> Values:
        """Answer of the three channels to reflectances (..., 36); the perfect diffuser gives 1, 1, 1."""
        weights = spectra().cameras[self.name] * spectra().illuminants[self.illuminant]
        return np.asarray(reflectances, np.float64) @ (weights / weights.sum(axis=1, keepdims=True)).T

    @property
    def matrix(self) -> Values:
        """(3, 3), raw to linear sRGB: least squares over the ColorChecker Classic, white kept."""
        weights = spectra().observer * spectra().illuminants["D50"]
        weights = weights / weights[1].sum()
        colours = np.stack(list(spectra().reflectances.values()))
        wanted = (colours @ weights.T / weights.sum(axis=1) * XYZ_FROM_SRGB.sum(axis=1)) @ np.linalg.inv(XYZ_FROM_SRGB).T
        seen = self.raw(colours)
        # Rows sum to 1, so that white stays white: fit the differences from the third channel.
        free = seen[:, :2] - seen[:, 2:]
        fitted, *_ = np.linalg.lstsq(free, wanted - seen[:, 2:], rcond=None)
        rows = fitted.T
        return np.column_stack([rows, 1 - rows.sum(axis=1)])
