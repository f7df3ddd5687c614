"""Coordinates: what varies from frame to frame, always with its unit."""

from __future__ import annotations

import math
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

#: The axes of the field and the unit each is given in. Other axes are welcome; these are checked.
AXES: dict[str, str] = {
    "focus": "mm",
    "wavelength": "nm",
    "light": "1",
    "page": "1",
    "side": "",
    "azimuth": "deg",
    "elevation": "deg",
    "easting": "m",
    "northing": "m",
    "time": "s",
    "illumination": "",
}

Value = float | str | tuple[float, float, float]


class Coordinate(BaseModel):
    """A value on one axis, with its unit: 12.5 mm of focus, 550 nm, a light direction.

    A light is a unit vector towards the lamp: x right, y up, z to the viewer.

    >>> Coordinate(value=550, unit="nm").number
    550.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: Value
    unit: str = ""

    @property
    def number(self) -> float:
        """The value as one number; a ValueError where it is a word or a vector."""
        if isinstance(self.value, str | tuple):
            raise ValueError(f"{self.value!r} is not one number")
        return float(self.value)

    @property
    def vector(self) -> tuple[float, float, float]:
        """The value as a vector of three; a ValueError where it is not."""
        if not isinstance(self.value, tuple):
            raise ValueError(f"{self.value!r} is not a vector of three numbers")
        return self.value

    @model_validator(mode="after")
    def _finite_vector(self) -> Self:
        if isinstance(self.value, tuple) and math.hypot(*self.value) == 0:
            raise ValueError("a direction must not be the zero vector")
        return self


def coordinates(**values: Any) -> dict[str, Coordinate]:
    """Coordinates on the known axes, in their usual units.

    >>> coordinates(focus=1.5, side="left")["focus"]
    Coordinate(value=1.5, unit='mm')
    """
    return {axis: Coordinate(value=value, unit=AXES.get(axis, "")) for axis, value in values.items()}
