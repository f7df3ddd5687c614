"""Azimuths of raking lights: from file names (clock positions, compass, angles) or their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from vestige.errors import InputError

__all__ = ["azimuth_from_name", "azimuths_from_numbers"]

_COMPASS = {"E": 0, "NE": 45, "N": 90, "NW": 135, "W": 180, "SW": 225, "S": 270, "SE": 315}
_SIDES = {"right": 0, "top": 90, "above": 90, "left": 180, "bottom": 270, "below": 270}
_CLOCK = re.compile(r"(?<!\d)(1[0-2]|0?[1-9])[ _-]?(?:o[ _'’-]?clock|h|uhr)(?![a-z])", re.IGNORECASE)
_ANGLE = re.compile(r"(?:azimuth|azi|az|phi)[ _=-]?(\d{1,3}(?:\.\d+)?)(?!\d)", re.IGNORECASE)
_COMPASS_WORD = re.compile(r"(?<![A-Za-z])(NE|NW|SE|SW|N|E|S|W)(?![A-Za-z])")
_SIDE_WORD = re.compile(r"(?<![a-z])(right|left|top|bottom|above|below)(?![a-z])", re.IGNORECASE)


def azimuth_from_name(name: str) -> float | None:
    """Azimuth in degrees that a file name tells; None where it tells none.

    Clock positions (``raking_3oclock``, ``10h``), compass points in capitals (``coin_NE``), sides
    (``left``) and angles (``az045``) are understood. 0 is the right, 90 the top.

    >>> [azimuth_from_name(name) for name in ("coin_3oclock.tif", "coin_NW.tif", "az045.jpg", "coin.jpg")]
    [0.0, 135.0, 45.0, None]
    """
    stem = PurePosixPath(name.replace("\\", "/")).stem
    if found := _CLOCK.search(stem):
        return float((90 - 30 * int(found[1])) % 360)
    if found := _ANGLE.search(stem):
        return float(found[1]) % 360
    if found := _COMPASS_WORD.search(stem):
        return float(_COMPASS[found[1]])
    if found := _SIDE_WORD.search(stem):
        return float(_SIDES[found[1].casefold()])
    return None


def azimuths_from_numbers(names: Sequence[str], *, first: float, clockwise: bool) -> list[float]:
    """Equal azimuths for frames numbered 1 to n: the light goes once around.

    Parameters
    ----------
    names : file names; the first number in each counts, and the numbers must follow one another.
    first : azimuth of the lowest number, degrees.
    clockwise : which way the light went, as seen in the picture.

    Raises
    ------
    InputError
        where a name has no number, or a number is missing or used twice: a step of unknown size
        cannot be guessed.

    >>> azimuths_from_numbers(["1_TL.jpg", "2_TL.jpg", "3_TL.jpg", "4_TL.jpg"], first=90, clockwise=True)
    [90.0, 0.0, 270.0, 180.0]
    """
    numbers: dict[int, str] = {}
    for name in names:
        found = re.search(r"\d+", PurePosixPath(name.replace("\\", "/")).stem)
        if found is None:
            raise InputError(name, "has no number in its name", "frames numbered around the object")
        number = int(found[0])
        if number in numbers:
            raise InputError(name, f"has the same number as {numbers[number]}", "one frame a light direction")
        numbers[number] = name
    lowest, highest = min(numbers), max(numbers)
    if highest - lowest + 1 != len(numbers):
        missing = next(number for number in range(lowest, highest) if number not in numbers)
        raise InputError(
            numbers[highest],
            f"follows a gap: number {missing} is missing",
            "numbers that go once around without a gap",
            "name the azimuths in capture.json instead",
        )
    step = (-360.0 if clockwise else 360.0) / len(numbers)
    by_name = {name: (first + step * (number - lowest)) % 360.0 for number, name in numbers.items()}
    return [by_name[name] for name in names]
