"""False colour: three bands, chosen at will, shown as red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.spectral.placing import nearest

__all__ = ["false_colour", "mixture"]

#: Farther from the wavelength wanted a band shows something else.
FARTHEST_NM: Final = 130.0


def mixture(wavelengths: Sequence[float], wanted: Sequence[float]) -> list[int]:
    """The bands nearest to the wavelengths wanted.

    Raises
    ------
    UsageError
        where no band comes near one of them.

    >>> mixture([450, 540, 620, 940], (900, 620, 540))
    [3, 2, 1]
    """
    chosen = [nearest(wavelengths, one) for one in wanted]
    for one, band in zip(wanted, chosen, strict=True):
        if abs(wavelengths[band] - one) > FARTHEST_NM:
            raise UsageError(
                f"no band lies near {one:g} nm; the nearest is {wavelengths[band]:g} nm: "
                "choose others with red, green and blue"
            )
    return chosen


def false_colour(
    bands: NDArray[Any],
    wavelengths: Sequence[float],
    *,
    red: float = 900.0,
    green: float = 620.0,
    blue: float = 540.0,
) -> NDArray[np.float32]:
    """False-colour picture (height, width, 3) of registered reflectances (height, width, bands).

    With the wavelengths it has by itself this is false-colour infrared (infrared shown red, red shown
    green, green shown blue), which tells pigments apart that look alike: azurite turns purple,
    ultramarine red.

    Raises
    ------
    UsageError
        where a wavelength has no band near it.

    >>> pixel = np.array([[[0.1, 0.2, 0.3, 0.9]]], np.float32)
    >>> false_colour(pixel, [450, 540, 620, 940]).tolist()[0][0] == pixel[0, 0, [3, 2, 1]].tolist()
    True
    """
    return np.asarray(bands[..., mixture(wavelengths, (red, green, blue))], np.float32)
