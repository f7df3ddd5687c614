"""From what a camera says to what the eye sees: a fit to the patches of a target, judged by left-out ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError
from vestige.quality.measures.colour import delta_e_2000, lab_from_xyz, xyz_from_lab

__all__ = ["FEWEST", "ColourFit", "LeftOut", "fit_colour", "left_out"]

Floats = NDArray[np.float64]
Kind = Literal["matrix", "lut"]
#: Patches of one colour are left out together: else a twin that stayed would tell the answer.
TWINS: Final = 1.0
FOLDS: Final = 10
FEWEST: Final = {"matrix": 6, "lut": 18}


@dataclass(frozen=True, eq=False)
class ColourFit:
    """A map from linear camera values to XYZ under D50.

    Attributes
    ----------
    kind : 'matrix' (3 terms) or 'lut' (the 6 root-polynomial terms, to be stored as a table).
    matrix : (terms, 3) float64.
    """

    kind: Kind
    matrix: Floats

    def xyz(self, camera: ArrayLike) -> Floats:
        """XYZ (D50, Y of the perfect diffuser 1) of linear camera values (…, 3).

        >>> ColourFit("matrix", np.eye(3)).xyz([0.2, 0.3, 0.4]).tolist()
        [0.2, 0.3, 0.4]
        """
        return np.asarray(_terms(np.asarray(camera, np.float64), self.kind) @ self.matrix)

    def lab(self, camera: ArrayLike) -> Floats:
        """L*a*b* (D50) of linear camera values (…, 3)."""
        return lab_from_xyz(self.xyz(camera))


@dataclass(frozen=True)
class LeftOut:
    """CIEDE2000 of patches that took no part in the fit by which they are judged.

    >>> LeftOut.of(np.array([0.2, 0.4]), 10).mean
    0.3
    """

    mean: float
    p95: float
    worst: float
    patches: int
    folds: int

    @classmethod
    def of(cls, differences: NDArray[Any], folds: int) -> LeftOut:
        """Summary of the differences of all patches."""
        return cls(
            round(float(differences.mean()), 3),
            round(float(np.percentile(differences, 95)), 3),
            round(float(differences.max()), 3),
            len(differences),
            folds,
        )


def fit_colour(camera: ArrayLike, lab: ArrayLike, kind: Kind = "lut") -> ColourFit:
    """Fit linear camera values (n, 3) to the L*a*b* (D50) of the same n patches, least in CIEDE2000.

    'lut' fits the root polynomial of second degree, 'matrix' its three linear terms. Both keep hue and
    chroma when the light is stronger or weaker. The fit begins with least squares in XYZ, the dark patches
    weighted as the eye sees them.

    Reference: Finlayson, Mackiewicz, Hurlbert 2015, 'Color correction using root-polynomial regression',
    IEEE Transactions on Image Processing 24.

    Raises
    ------
    UsageError : too few patches (6 for a matrix, 18 for a table), or values that are no numbers.

    >>> patches = np.random.default_rng(1).uniform(0.1, 0.9, (24, 3))
    >>> fit = fit_colour(patches, lab_from_xyz(patches @ np.diag([0.9, 1.0, 0.8])), "matrix")
    >>> bool(abs(fit.matrix - np.diag([0.9, 1.0, 0.8])).max() < 1e-4)
    True
    """
    from scipy.optimize import least_squares

    values, wanted = _checked(camera, lab, kind)
    terms, xyz = _terms(values, kind), xyz_from_lab(wanted)
    weights = np.maximum(xyz[:, 1:2], 0.01) ** (-2 / 3)
    start = np.linalg.lstsq(terms * weights, xyz * weights, rcond=None)[0]

    def differences(flat: Floats) -> Floats:
        return delta_e_2000(lab_from_xyz(terms @ flat.reshape(start.shape)), wanted)

    found = least_squares(differences, start.ravel(), max_nfev=30)
    return ColourFit(kind, found.x.reshape(start.shape))


def left_out(
    camera: ArrayLike,
    lab: ArrayLike,
    kind: Kind = "lut",
    *,
    fit: Callable[[Floats, Floats], Callable[[Floats], Floats]] | None = None,
) -> LeftOut:
    """Judge a fit by patches left out of it: ten folds, patches of one colour always in the same.

    Parameters
    ----------
    camera, lab, kind : as in `fit_colour`.
    fit : another way to fit, for comparison: from camera values and L*a*b* to a function that gives L*a*b*.

    >>> patches = np.random.default_rng(1).uniform(0.1, 0.9, (40, 3))
    >>> left_out(patches, lab_from_xyz(patches), "matrix").worst < 0.01
    True
    """
    values, wanted = _checked(camera, lab, kind)
    apply = fit or (lambda seen, known: fit_colour(seen, known, kind).lab)
    colours = _colours(wanted)
    order = np.random.default_rng(0).permutation(colours.max() + 1)
    folds = min(FOLDS, len(order))
    differences = np.zeros(len(values))
    for first in range(folds):
        out = np.isin(colours, order[first::folds])
        differences[out] = delta_e_2000(apply(values[~out], wanted[~out])(values[out]), wanted[out])
    return LeftOut.of(differences, folds)


def _terms(camera: Floats, kind: Kind) -> Floats:
    if kind == "matrix":
        return camera
    red, green, blue = np.moveaxis(np.maximum(camera, 0), -1, 0)
    roots = np.stack([np.sqrt(red * green), np.sqrt(green * blue), np.sqrt(red * blue)], axis=-1)
    return np.concatenate([camera, roots], axis=-1)


def _colours(lab: Floats) -> NDArray[np.intp]:
    """A number for each patch, the same for patches of one colour."""
    numbers = np.full(len(lab), -1)
    for index in range(len(lab)):
        if numbers[index] < 0:
            near = delta_e_2000(lab, np.broadcast_to(lab[index], lab.shape)) < TWINS
            numbers[near & (numbers < 0)] = numbers.max() + 1
    return numbers


def _checked(camera: ArrayLike, lab: ArrayLike, kind: Kind) -> tuple[Floats, Floats]:
    values, wanted = np.asarray(camera, np.float64), np.asarray(lab, np.float64)
    if kind not in FEWEST:
        raise UsageError(f"a profile is of kind 'matrix' or 'lut', not {kind!r}")
    if values.ndim != 2 or values.shape[1:] != (3,) or values.shape != wanted.shape:
        raise UsageError(
            f"camera values and L*a*b* are (patches, 3) each, not {values.shape} and {wanted.shape}"
        )
    if not (np.isfinite(values).all() and np.isfinite(wanted).all()):
        raise UsageError("a patch holds a value that is no number: leave it out")
    if len(values) < FEWEST[kind]:
        raise UsageError(
            f"a {kind} profile needs {FEWEST[kind]} patches or more, not {len(values)}: use a larger target"
        )
    return values, wanted
