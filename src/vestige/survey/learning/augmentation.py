"""Augmentation: of the ground before its field is computed, and of a magnetogram as far as is lawful.

North and south of a magnetic anomaly differ, because the earth's field is inclined: the trough lies on one
side. A turned magnetogram is one that no ground gives. So turning, mirroring and scaling are done to the
ground (`augment_ground`). A magnetogram itself may be mirrored east for west, where the declination is near
zero (`mirror_east_west`), and zoomed and shifted as the Mag-Net paper did (`zoom_and_pan`); a zoom is not
quite lawful either, for it does not change the depth, and stays small.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.survey.forward.shapes import Ditch, Enclosure, Iron, Pit, Ring
from vestige.survey.forward.site import Site

__all__ = ["augment_ground", "mirror_east_west", "zoom_and_pan"]

#: Beyond this declination (degrees) a mirrored magnetogram is told from a true one.
LAWFUL_DECLINATION = 5.0

Placed = TypeVar("Placed", Ring, Ditch, Enclosure, Pit, Iron)


def augment_ground(
    site: Site, random: np.random.Generator, *, scale: tuple[float, float] = (0.6, 1.6)
) -> Site:
    """The same ground turned by any angle about the middle of the site, mirrored or not, and everything dug
    made stronger or weaker by one factor; the earth's field and the instrument stay.

    What iron and kilns have kept of a field turns with them.

    >>> from vestige.survey import Gradiometer
    >>> site = Site(40, 40, 0.25, Gradiometer(), rings=(Ring(30, 20, 10),))
    >>> ring = augment_ground(site, np.random.default_rng(0)).rings[0]
    >>> round(float(np.hypot(ring.east - 20, ring.north - 20)), 6)
    10.0
    """
    low, high = np.log(scale)
    angle, mirrored = float(random.uniform(0, 360)), bool(random.random() < 0.5)
    factor = float(np.exp(random.uniform(low, high)))

    def moved(item: Placed) -> Placed:
        east, north = item.east - site.width / 2, item.north - site.height / 2
        to_east, to_north = _turned(east, north, angle, mirrored)
        return replace(item, east=site.width / 2 + to_east, north=site.height / 2 + to_north)

    def bearing(degrees: float) -> float:
        return (-degrees if mirrored else degrees) + angle

    def ring(one: Ring) -> Ring:
        gaps = ((-end, -start) if mirrored else (start, end) for start, end in one.gaps)
        return replace(
            moved(one),
            gaps=tuple(((start + angle) % 360, (start + angle) % 360 + end - start) for start, end in gaps),
            turn=bearing(one.turn),
            susceptibility=one.susceptibility * factor,
        )

    def iron(one: Iron) -> Iron:
        to_east, to_north = _turned(one.moment[0], one.moment[1], angle, mirrored)
        return replace(moved(one), moment=(to_east, to_north, one.moment[2]))

    def ditch(one: Ditch) -> Ditch:
        swing = -one.swing if mirrored else one.swing
        turned = bearing(one.bearing)
        return replace(moved(one), bearing=turned, swing=swing, susceptibility=one.susceptibility * factor)

    plough = site.furrows
    return replace(
        site,
        rings=tuple(ring(one) for one in site.rings),
        ditches=tuple(ditch(one) for one in site.ditches),
        enclosures=tuple(
            replace(moved(one), bearing=bearing(one.bearing), susceptibility=one.susceptibility * factor)
            for one in site.enclosures
        ),
        pits=tuple(replace(moved(one), susceptibility=one.susceptibility * factor) for one in site.pits),
        kilns=tuple(moved(one) for one in site.kilns),
        fired=(site.fired[0], bearing(site.fired[1])),
        iron=tuple(iron(one) for one in site.iron),
        furrows=replace(plough, bearing=bearing(plough.bearing)) if plough else None,
    )


def _turned(east: float, north: float, angle: float, mirrored: bool) -> tuple[float, float]:
    """A vector mirrored east for west, then turned clockwise by `angle` degrees."""
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    east = -east if mirrored else east
    return float(east * cosine + north * sine), float(north * cosine - east * sine)


def mirror_east_west(
    values: NDArray[np.float32], classes: NDArray[np.uint8], *, declination: float = 0.0
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Tiles (..., height, width; rows north to south) mirrored east for west: the one mirroring that a
    magnetogram allows.

    With magnetic north straight up the field of a mirrored ground is the mirrored field. No other turning or
    mirroring has that property unless the field is vertical.

    Raises
    ------
    UsageError : the declination (degrees) is too large for it.

    >>> values, classes = mirror_east_west(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.uint8))
    >>> values.tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if abs(declination) > LAWFUL_DECLINATION:
        raise UsageError(
            f"tiles of declination {declination:g} degrees were to be mirrored; expected at most "
            f"{LAWFUL_DECLINATION:g}: leave the mirroring out"
        )
    return np.ascontiguousarray(values[..., ::-1]), np.ascontiguousarray(classes[..., ::-1])


def zoom_and_pan(
    values: NDArray[np.float32],
    classes: NDArray[np.uint8],
    random: np.random.Generator,
    *,
    zoom: float = 0.2,
    pan: float = 0.15,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Zoom by up to plus and minus `zoom` and shift by up to `pan` of a side, each tile by its own amount.

    `values` float32 (tile, height, width) in nT, `classes` uint8 of the same shape; what comes in from
    outside is NaN and out of bounds.

    >>> values, classes = np.ones((2, 32, 32), np.float32), np.ones((2, 32, 32), np.uint8)
    >>> zoomed, labels = zoom_and_pan(values, classes, np.random.default_rng(0))
    >>> bool(((labels == 2) == np.isnan(zoomed)).all())
    True
    """
    height, width = values.shape[1:]
    zoomed, labels = np.empty_like(values), np.empty_like(classes)
    for number in range(len(values)):
        factor = float(np.exp(random.uniform(-zoom, zoom)))
        shift = random.uniform(-pan, pan, 2) * (width, height)
        centre = np.array([width - 1, height - 1]) / 2
        matrix = np.column_stack([np.eye(2) * factor, centre - factor * centre + shift])
        labels[number] = cv2.warpAffine(
            classes[number], matrix, (width, height), flags=cv2.INTER_NEAREST, borderValue=(2.0,)
        )
        moved = cv2.warpAffine(
            np.nan_to_num(values[number]), matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=(0.0,)
        )
        zoomed[number] = np.where(labels[number] == 2, np.nan, moved)
    return zoomed, labels
