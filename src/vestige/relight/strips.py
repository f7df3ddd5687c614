"""Fitting all frames strip by strip into files, so that memory is bounded by the budget."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.imaging import Strip, StripStore, srgb_from_linear
from vestige.imaging import strips as cut
from vestige.relight.bases import BasisName, basis_matrix, determined_terms, pseudo_inverse
from vestige.relight.frames import FrameStack
from vestige.relight.planes import ColourSpace, Planes, fit
from vestige.relight.recipe import Basis
from vestige.relight.surface import albedo, normal_solver, scaled_normals

__all__ = ["Fit", "FitStores", "Model", "choose_model", "fit_all"]

#: A finished strip is not done again after a kill; larger ones would lose more work.
LARGEST_STRIP_BYTES = 192 << 20
#: One row in so many tells how well the planes fit.
RESIDUAL_STEP = 8


@dataclass(frozen=True)
class Model:
    """Which functions of the light are fitted, and to how many channels.

    >>> Model("ptm", 6, "rgb").planes, Model("hsh", 9, "lrgb").planes
    (18, 12)
    """

    basis: BasisName
    terms: int
    colours: ColourSpace

    @property
    def planes(self) -> int:
        """Planes of coefficients."""
        return 3 * self.terms if self.colours == "rgb" else 3 + self.terms


def choose_model(wanted: Basis, colours: ColourSpace, lights: NDArray[np.float64]) -> Model:
    """The basis wanted; for 'auto' the richest that the lights determine with some to spare.

    >>> choose_model("auto", "rgb", np.array([[0.0, 0.0, 1.0]] * 3)).basis
    'ptm'
    """
    if wanted == "auto":
        # Lights on two elevations leave one or two of nine harmonics open, and still beat the polynomial.
        for terms, needed, least in ((16, 16, 40), (9, 7, 12)):
            basis = basis_matrix("hsh", lights, terms)
            if len(lights) >= least and determined_terms(basis) >= needed:
                return Model("hsh", terms, colours)
        return Model("ptm", 6, colours)
    return Model("ptm", 6, colours) if wanted == "ptm" else Model("hsh", int(wanted[3:]), colours)


@dataclass(frozen=True)
class Fit:
    """What the fit found beside the pixels.

    Attributes
    ----------
    low, high : (planes,) smallest and largest coefficient.
    residual : (frames,) root mean square of frame minus planes, in sRGB-encoded values 0..1.
    brightest : albedo that all but one pixel in a thousand stay below.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    residual: NDArray[np.float64]
    brightest: float


class FitStores:
    """Planes, normals and albedo of the whole picture, in files read by rows."""

    def __init__(self, folder: Path, height: int, width: int, model: Model) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.shape, self.model = (height, width), model
        self.planes = [
            StripStore(
                folder / f"planes_{first // 3}.bin", height, width, min(3, model.planes - first), np.float32
            )
            for first in range(0, model.planes, 3)
        ]
        self.normals = StripStore(folder / "normals.bin", height, width, 3, np.float32)
        self.albedo = StripStore(folder / "albedo.bin", height, width, 3, np.float32)

    def plane_rows(self, number: int, rows: slice) -> NDArray[np.float32]:
        """Rows of up to three planes, (rows, width, planes)."""
        values: NDArray[np.float32] = self.planes[number][rows]
        return values if values.ndim == 3 else values[..., None]

    def picture(self, rows: slice) -> Planes:
        """The relightable picture of some rows."""
        parts = [self.plane_rows(number, rows) for number in range(len(self.planes))]
        values = np.moveaxis(np.concatenate(parts, axis=2), 2, 0)
        return Planes(np.ascontiguousarray(values), self.model.basis, self.model.colours)

    def write(
        self,
        rows: slice,
        planes: NDArray[np.float32],
        unit: NDArray[np.float32],
        reflectance: NDArray[np.float32],
    ) -> None:
        """Keep the results of a strip."""
        for number, store in enumerate(self.planes):
            part = np.moveaxis(planes[3 * number : 3 * number + 3], 0, 2)
            store[rows] = part if len(store.shape) == 3 else part[..., 0]
        self.normals[rows] = unit
        self.albedo[rows] = reflectance

    def close(self) -> None:
        """Close the files."""
        for store in (*self.planes, self.normals, self.albedo):
            store.close()


def fit_all(
    stack: FrameStack, lights: NDArray[np.float64], model: Model, stores: FitStores, context: Context
) -> Fit:
    """Fit planes, normals and albedo to all frames; each strip is a part that a kill does not undo.

    Raises
    ------
    InputError
        where the lights do not determine a normal.
    """
    basis = basis_matrix(model.basis, lights, model.terms)
    inverse, solver = pseudo_inverse(basis), normal_solver(lights)

    def fit_strip(strip: Strip) -> dict[str, Any]:
        linear = stack.read(strip.rows)
        unit = scaled_normals(linear, solver)[0]
        reflectance = albedo(linear, lights, unit)
        shown = srgb_from_linear(np.clip(linear, 0, 1, out=linear)).astype(np.float32, copy=False)
        planes = fit(shown, inverse, model.colours)
        stores.write(strip.rows, planes, unit, reflectance)
        sample = shown[:, ::RESIDUAL_STEP]
        fitted = _under_all_lights(planes[:, ::RESIDUAL_STEP], basis, model.colours)
        return {
            "low": planes.min(axis=(1, 2)).astype(np.float64),
            "high": planes.max(axis=(1, 2)).astype(np.float64),
            "squares": ((sample - fitted) ** 2).sum(axis=(1, 2, 3), dtype=np.float64),
            "values": sample[0].size,
            "brightest": float(np.percentile(reflectance, 99.9)),
        }

    pieces = list(_strips(stack, model, len(lights), context))
    done = [
        context.part(f"fit/{strip.first}-{strip.last}", fit_strip, strip)
        for strip in context.track(pieces, "fitting")
    ]
    values = sum(part["values"] for part in done)
    return Fit(
        low=np.min([part["low"] for part in done], axis=0),
        high=np.max([part["high"] for part in done], axis=0),
        residual=np.sqrt(np.sum([part["squares"] for part in done], axis=0) / values),
        brightest=max(part["brightest"] for part in done),
    )


def _strips(stack: FrameStack, model: Model, frames: int, context: Context) -> list[Strip]:
    """Strips for which frames, their encoded and transposed copies and the results fit the budget."""
    row_bytes = 4 * stack.width * (11 * frames + 3 * model.planes + 24)
    budget = min(LARGEST_STRIP_BYTES, context.budget.working() * 2 // 3)
    return list(cut(stack.height, row_bytes=row_bytes, budget_bytes=budget))


def _under_all_lights(
    planes: NDArray[np.float32], basis: NDArray[np.float64], colours: ColourSpace
) -> NDArray[np.float32]:
    """The fitted picture under each light, (lights, height, width, 3)."""
    base = basis.astype(np.float32)
    if colours == "rgb":
        terms = planes.reshape(-1, 3, *planes.shape[1:])
        return np.asarray(np.moveaxis(np.tensordot(base, terms, axes=1), 1, 3), np.float32)
    brightness = np.tensordot(base, planes[3:], axes=1)
    return np.asarray(brightness[..., None] * np.moveaxis(planes[:3], 0, 2), np.float32)
