"""Directions of the lights: lists as files, and what makes a direction usable."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from vestige.capture.infer import read_light_file
from vestige.errors import InputError

__all__ = ["Lights", "elevation_azimuth", "from_angles", "light_faults", "read_lights", "write_lights"]

#: A list of lights is small; more than this is another kind of file.
LARGEST_LIST_BYTES = 4 << 20
#: Lengths of directions in published lists stray by rounding; beyond this share it is another quantity.
LENGTH_TOLERANCE = 0.05


@dataclass(frozen=True)
class Lights:
    """A direction for each of several frames.

    Attributes
    ----------
    names : file name of the frame that each light lit.
    directions : (lights, 3) float64 unit vectors towards the lamp: x right, y up, z to the viewer.

    >>> Lights(("a.jpg",), np.array([[0.0, 0.0, 1.0]])).of("A.JPG").tolist()
    [0.0, 0.0, 1.0]
    """

    names: tuple[str, ...]
    directions: NDArray[np.float64]

    def of(self, file: str) -> NDArray[np.float64] | None:
        """The direction for a frame: by its name, else without the suffix; None where there is none."""
        wanted = _base(file)
        for shorten in (str, lambda name: name.rpartition(".")[0] or name):
            found = [row for row, name in enumerate(self.names) if shorten(_base(name)) == shorten(wanted)]
            if len(found) == 1:
                return np.asarray(self.directions[found[0]], np.float64)
        return None


def read_lights(path: str | os.PathLike[str]) -> Lights:
    r"""Read an ``.lp`` list of lights: a line with their number, then ``name x y z`` for each.

    Raises
    ------
    InputError
        naming the line that cannot be used: not a number, no unit vector, a frame named twice; or
        a number of lights other than the first line says.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "dome.lp")
    >>> _ = path.write_text("2\na.jpg 0 0 1\nb.jpg 0.6 0 0.8\n")
    >>> read_lights(path).directions.tolist()
    [[0.0, 0.0, 1.0], [0.6, 0.0, 0.8]]
    """
    path = Path(path)
    if path.is_file() and path.stat().st_size > LARGEST_LIST_BYTES:
        raise InputError(path, "is too large for a list of lights", "a text file (.lp)")
    rows = read_light_file(path)
    directions = np.array([direction for _, direction in rows], np.float64).reshape(-1, 3)
    lengths = np.linalg.norm(directions, axis=1)
    names: list[str] = []
    for (name, _), length in zip(rows, lengths, strict=True):
        if name in names:
            raise InputError(path, f"names {name} twice", "one line a frame")
        if abs(length - 1) > LENGTH_TOLERANCE:
            found = f"gives {name} a light of length {length:.3g}"
            raise InputError(path, found, "unit vectors towards the lamp")
        names.append(name)
    return Lights(tuple(names), directions / lengths[:, None])


def write_lights(path: str | os.PathLike[str], lights: Lights) -> None:
    """Write an ``.lp`` list of lights.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "dome.lp")
    >>> write_lights(path, Lights(("a.jpg",), np.array([[0.0, 0.0, 1.0]])))
    >>> path.read_text().split()
    ['1', 'a.jpg', '0.000000', '0.000000', '1.000000']
    """
    rows = [
        f"{name} {x:.6f} {y:.6f} {z:.6f}"
        for name, (x, y, z) in zip(lights.names, lights.directions, strict=True)
    ]
    Path(path).write_text("\n".join([str(len(rows)), *rows]) + "\n", encoding="utf-8")


def light_faults(names: Sequence[str], directions: NDArray[np.float64]) -> dict[str, str]:
    """Frames whose light cannot be used, and why: not finite, no unit length, not from the viewer's side.

    >>> light_faults(["a", "b"], np.array([[0.0, 0.0, 1.0], [1.0, 0.0, -0.001]]))
    {'b': 'its light comes from behind the object (z = -0.001)'}
    """
    faults = {}
    for name, direction in zip(names, directions, strict=True):
        length = float(np.linalg.norm(direction))
        if not math.isfinite(length):
            faults[name] = "its light is not a number"
        elif abs(length - 1) > LENGTH_TOLERANCE:
            faults[name] = f"its light has length {length:.3g} instead of 1"
        elif direction[2] <= 0:
            faults[name] = f"its light comes from behind the object (z = {direction[2]:.3g})"
    return faults


def from_angles(azimuth: float, elevation: float) -> NDArray[np.float64]:
    """A unit vector towards a lamp.

    Parameters
    ----------
    azimuth : degrees from the right, counter-clockwise as seen in the picture (90 is the top).
    elevation : degrees above the plane of the object.

    >>> from_angles(90, 30).round(3).tolist()
    [0.0, 0.866, 0.5]
    """
    around, up = math.radians(azimuth), math.radians(elevation)
    return np.array([math.cos(up) * math.cos(around), math.cos(up) * math.sin(around), math.sin(up)])


def elevation_azimuth(directions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Elevations and azimuths in degrees of directions (lights, 3); the inverse of `from_angles`.

    >>> [float(angle[0].round(6)) for angle in elevation_azimuth(from_angles(-120, 20)[None])]
    [20.0, 240.0]
    """
    x, y, z = directions.T
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x)) % 360.0


def _base(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name.casefold()
