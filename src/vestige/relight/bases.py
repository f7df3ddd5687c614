"""Functions of the light's direction by which a pixel is written down: polynomials, harmonics.

Both orders of terms are those of the Relight web format, so that planes written here light up in its viewers.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import UsageError

__all__ = [
    "BasisName",
    "basis_matrix",
    "determined_terms",
    "hemispherical_basis",
    "polynomial_basis",
    "pseudo_inverse",
]

BasisName = Literal["ptm", "hsh"]

#: Singular values below this share of the largest carry no information of the lights, only noise.
RANK_TOLERANCE = 0.02


def polynomial_basis(lights: ArrayLike) -> NDArray[np.float64]:
    """The biquadratic of a polynomial texture map: 1, x, y, x², xy, y² for each light.

    Parameters
    ----------
    lights : (lights, 3) unit vectors towards the lamp; x right, y up, z to the viewer.

    Returns
    -------
    (lights, 6) float64.

    References
    ----------
    Malzbender, Gelb, Wolters: Polynomial texture maps. SIGGRAPH 2001.

    >>> polynomial_basis([[0.6, 0.0, 0.8]]).round(2).tolist()
    [[1.0, 0.6, 0.0, 0.36, 0.0, 0.0]]
    """
    x, y, _ = _columns(lights)
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def hemispherical_basis(lights: ArrayLike, terms: int = 9) -> NDArray[np.float64]:
    """Hemispherical harmonics up to degree 1, 2 or 3: 4, 9 or 16 terms for each light.

    Parameters
    ----------
    lights : (lights, 3) unit vectors towards the lamp, z > 0.
    terms : 4, 9 or 16.

    Returns
    -------
    (lights, terms) float64.

    Raises
    ------
    UsageError
        where `terms` is another number.

    References
    ----------
    Gautron, Křivánek, Pattanaik, Bouatouch: A novel hemispherical basis for accurate and efficient
    rendering. EGSR 2004.

    >>> hemispherical_basis([[0.0, 0.0, 1.0]], 4).round(3).tolist()
    [[0.399, 0.0, 0.691, 0.0]]
    """
    if terms not in (4, 9, 16):
        raise UsageError(f"hemispherical harmonics have 4, 9 or 16 terms, not {terms}")
    x, y, z = _columns(lights)
    c = np.clip(z, 0.0, 1.0)
    azimuth = np.arctan2(y, x)
    cosine, sine = np.cos(azimuth), np.sin(azimuth)
    ring = np.sqrt(np.maximum(c - c * c, 0.0))
    shifted = 2.0 * c - 1.0
    pi = np.pi
    columns = [
        np.full_like(c, 1.0 / np.sqrt(2.0 * pi)),
        np.sqrt(6.0 / pi) * cosine * ring,
        np.sqrt(1.5 / pi) * shifted,
        np.sqrt(6.0 / pi) * sine * ring,
        -np.sqrt(30.0 / pi) * np.cos(2.0 * azimuth) * ring**2,
        np.sqrt(30.0 / pi) * cosine * shifted * ring,
        np.sqrt(2.5 / pi) * (1.0 - 6.0 * c + 6.0 * c * c),
        np.sqrt(30.0 / pi) * sine * shifted * ring,
        -np.sqrt(30.0 / pi) * np.sin(2.0 * azimuth) * ring**2,
    ]
    if terms == 16:
        cubic = 1.0 - 5.0 * c + 5.0 * c * c
        columns += [
            np.sqrt(140.0 / pi) * np.cos(3.0 * azimuth) * ring**3,
            -np.sqrt(210.0 / pi) * np.cos(2.0 * azimuth) * shifted * ring**2,
            2.0 * np.sqrt(21.0 / pi) * cosine * ring * cubic,
            np.sqrt(3.5 / pi) * (-1.0 + 12.0 * c - 30.0 * c * c + 20.0 * c**3),
            2.0 * np.sqrt(21.0 / pi) * sine * ring * cubic,
            -np.sqrt(210.0 / pi) * np.sin(2.0 * azimuth) * shifted * ring**2,
            np.sqrt(140.0 / pi) * np.sin(3.0 * azimuth) * ring**3,
        ]
    return np.stack(columns[:terms], axis=1)


def basis_matrix(name: BasisName, lights: ArrayLike, terms: int) -> NDArray[np.float64]:
    """The basis of that name at each light, (lights, terms) float64.

    >>> basis_matrix("ptm", [[0.0, 0.0, 1.0]], 6).tolist()
    [[1.0, 0.0, 0.0, 0.0, 0.0, 0.0]]
    """
    return polynomial_basis(lights) if name == "ptm" else hemispherical_basis(lights, terms)


def pseudo_inverse(basis: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix that turns the values under the lights into coefficients by least squares.

    Directions in which the lights say nothing (all lamps at one elevation, say) get the solution of least
    norm, so that too few or badly placed lights give a dull picture and never a wild one.

    >>> pseudo_inverse(np.array([[1.0, 0.0], [0.0, 2.0]])).tolist()
    [[1.0, 0.0], [0.0, 0.5]]
    """
    return np.asarray(np.linalg.pinv(basis, rcond=RANK_TOLERANCE), np.float64)


def determined_terms(basis: NDArray[np.float64]) -> int:
    """How many terms the lights determine: the rank of the basis at their directions.

    >>> ring = [[np.cos(a), np.sin(a), 1.0] for a in np.linspace(0, 6, 12)]
    >>> determined_terms(polynomial_basis(np.array(ring) / np.sqrt(2)))
    5
    """
    return int(np.linalg.matrix_rank(basis, tol=RANK_TOLERANCE * float(np.linalg.norm(basis, 2))))


def _columns(lights: ArrayLike) -> NDArray[np.float64]:
    directions = np.atleast_2d(np.asarray(lights, np.float64))
    if directions.ndim != 2 or directions.shape[1] != 3:
        raise UsageError(f"lights must be unit vectors of shape (lights, 3), not {directions.shape}")
    return directions.T
