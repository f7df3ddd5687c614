"""Where a survey lies: prefixed zones, degrees, swapped axes, and a reference system that cannot be right."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError

__all__ = ["check_place", "in_metres", "one_system", "to_utm", "without_zone"]

Array = NDArray[np.float64]
#: Areas of use (EPSG registry), degrees: west, south, east, north; UTM zones are reckoned.
AREAS = {
    27700: (-9.5, 49.0, 2.5, 61.5),
    2157: (-11.0, 51.0, -5.0, 56.0),
    29902: (-11.0, 51.0, -5.0, 56.0),
    29903: (-11.0, 51.0, -5.0, 56.0),
    2154: (-10.5, 41.0, 10.5, 51.5),
    28992: (3.0, 50.5, 7.5, 54.0),
    2056: (5.5, 45.5, 11.0, 48.0),
    31466: (5.0, 47.0, 8.5, 55.5),
    31467: (7.0, 47.0, 11.5, 55.5),
    31468: (10.0, 47.0, 14.5, 55.5),
    31469: (13.0, 47.0, 16.5, 55.5),
}
#: UTM zones whose prefix is not taken for the zone of a Gauss-Krueger grid.
CLEAR_ZONES = range(10, 61)


def without_zone(east: Array, north: Array) -> tuple[Array, int]:
    """Eastings without the UTM zone that Sensys and German land registers put before them, and the zone.

    Zone 0 means that there was no prefix.

    >>> without_zone(np.array([32474768.5]), np.array([5971234.0]))
    (array([474768.5]), 32)
    """
    if not len(east):
        return east, 0
    zones = np.floor(east / 1e6)
    zone = float(zones[0])
    rest = east - zone * 1e6
    prefixed = zone in CLEAR_ZONES and bool((zones == zone).all())
    if prefixed and bool(((rest > 1e5) & (rest < 9e5)).all()) and bool((np.abs(north) >= 1e4).all()):
        return rest, int(zone)
    return east, 0


def to_utm(longitude: Array, latitude: Array) -> tuple[Array, Array, str]:
    """Degrees (WGS 84) to eastings and northings in the UTM zone of their middle, and that zone's EPSG code.

    >>> east, north, crs = to_utm(np.array([9.0]), np.array([0.0]))
    >>> float(round(east[0])), abs(float(round(north[0]))), crs
    (500000.0, 0.0, 'EPSG:32632')
    """
    from rasterio.warp import transform

    zone = int(np.clip((np.median(longitude) + 180) // 6 + 1, 1, 60))
    crs = f"EPSG:{(32600 if np.median(latitude) >= 0 else 32700) + zone}"
    east, north = transform("EPSG:4326", crs, longitude.tolist(), latitude.tolist())
    return np.asarray(east), np.asarray(north), crs


def in_metres(path: Path, east: Array, north: Array, degrees: bool) -> tuple[Array, Array, str]:
    """Coordinates in metres and the reference system that they tell of themselves (else empty).

    Raises
    ------
    InputError : easting and northing are in each other's column, or they are degrees and do not say so.

    >>> in_metres(Path("a.csv"), np.array([33400000.0]), np.array([5700000.0]), False)[2]
    'EPSG:32633'
    """
    if degrees:
        if bool((np.abs(east) > 180).any() or (np.abs(north) > 90).any()):
            raise InputError(path, "has columns named longitude and latitude that hold no degrees", "degrees")
        return to_utm(east, north)
    if len(east) and 1e6 <= np.median(east) < 1e7 and 1e5 <= np.median(north) < 1e6:
        raise InputError(
            path,
            f"has its easting and northing swapped ({np.median(east):.0f}, {np.median(north):.0f})",
            "the easting first",
            "swap the two headings or columns",
        )
    reach = max(float(np.ptp(east)), float(np.ptp(north))) if len(east) else 1.0
    if reach < 0.2 and np.abs(east).max(initial=0) <= 180 and 20 < np.abs(north).max(initial=0) <= 90:
        raise InputError(
            path,
            f"spans {reach:.5f} in both directions, as degrees do",
            "coordinates in metres, or columns named longitude and latitude",
            "name the columns so",
        )
    east, zone = without_zone(east, north)
    return east, north, f"EPSG:{32600 + zone}" if zone else ""


def one_system(path: str | os.PathLike[str], told: str, asked: str) -> str:
    """The reference system of a survey whose file tells one and whose recipe asks for one; either may be
    empty.

    A UTM zone of WGS 84 told by a prefix alone agrees with the same zone of ETRS89.

    Raises
    ------
    InputError : one of them is no reference system, is in degrees, or they differ.

    >>> one_system("a.csv", "EPSG:32632", "EPSG:25832"), one_system("a.csv", "", "epsg:27700")
    ('EPSG:25832', 'EPSG:27700')
    """
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    systems = []
    for text in (told, asked):
        try:
            systems.append(CRS.from_user_input(text) if text else None)
        except (CRSError, ValueError):
            raise InputError(
                path, f"is said to be in {text!r}", "a reference system such as EPSG:27700"
            ) from None
    own, wanted = systems
    if wanted is not None and wanted.is_geographic:
        raise InputError(path, f"is said to be in {asked!r}, in degrees", "a reference system in metres")
    if own is None or wanted is None or own == wanted:
        text = asked or told
        return text.upper() if re.fullmatch(r"(?i)epsg:\d+", text) else text
    zones = [_utm_zone(crs.to_epsg() or 0) for crs in (own, wanted)]
    if zones[0] and zones[0] == zones[1]:
        return f"EPSG:{wanted.to_epsg()}"
    raise InputError(
        path,
        f"is in {told[:60]}",
        f"{asked[:60]} as the recipe says",
        "leave crs out, or project the file",
    )


def _utm_zone(code: int) -> int:
    """The northern UTM zone of an EPSG code of WGS 84 or ETRS89, with or without prefix; else 0."""
    prefixed = {4647: 32, 5650: 33, 5649: 31}
    return prefixed.get(code, code % 100 if code // 100 in (326, 258) else 0)


def check_place(path: str | os.PathLike[str], east: float, north: float, crs: str) -> None:
    """Refuse a place (m) that lies outside the area for which its reference system is made.

    Raises
    ------
    InputError : the axes are swapped, or the reference system is another.

    >>> check_place("a.csv", 431200, 287300, "EPSG:27700")
    >>> check_place("a.csv", 5287300, 431200, "EPSG:25832")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: a.csv has its easting and northing swapped for EPSG:25832; ...
    """
    from rasterio.crs import CRS

    code = CRS.from_user_input(crs).to_epsg() if crs else None
    area = _area(code or 0)
    if area is None or _within(east, north, crs, area):
        return
    if _within(north, east, crs, area):
        raise InputError(
            path,
            f"has its easting and northing swapped for {crs}",
            "the easting first",
            "swap the two headings or columns",
        )
    raise InputError(
        path,
        f"lies at {east:.0f} E, {north:.0f} N, outside the area of {crs}",
        "coordinates of that reference system",
        "name the right one with crs",
    )


def _area(code: int) -> tuple[float, float, float, float] | None:
    """The area of use in degrees, with half a zone to spare for UTM; None where it is not known."""
    if code in AREAS:
        return AREAS[code]
    zone = _utm_zone(code)
    if zone or code // 100 == 327:
        middle = 6.0 * (zone or code % 100) - 183
        south, north = (-1.0, 85.0) if zone else (-81.0, 1.0)
        return middle - 6.5, south, middle + 6.5, north
    return None


def _within(east: float, north: float, crs: str, area: tuple[float, float, float, float]) -> bool:
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    try:
        (longitude,), (latitude,) = transform(crs, "EPSG:4326", [east], [north])
    except (RasterioError, ValueError):
        return False
    return bool(area[0] <= longitude <= area[2] and area[1] <= latitude <= area[3])
