"""Which light lit which frame: from coordinates, a list, spheres, or azimuths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.errors import InputError
from vestige.relight.azimuths import azimuth_from_name, azimuths_from_numbers
from vestige.relight.frames import FrameStack
from vestige.relight.lights import from_angles, read_lights
from vestige.relight.recipe import RelightRecipe
from vestige.relight.spheres import (
    Sphere,
    find_spheres,
    lights_from_spheres,
    refine_sphere,
    spheres_from_settings,
    unshadowed_picture,
)

__all__ = ["Directions", "find_directions"]

PROXY_SIDE, MOST_PROXIES = 1000, 24
ASSUMED_ELEVATION = 30.0


@dataclass(frozen=True)
class Directions:
    """The light of each frame, and how it was found.

    Attributes
    ----------
    lights : (frames, 3) float64 towards the lamp; NaN where none was found.
    source : 'coordinates', 'lp', 'spheres' or 'azimuth'.
    spheres : those that the lights come from.
    warnings : what a person should know of them.
    """

    lights: NDArray[np.float64]
    source: str
    spheres: tuple[Sphere, ...] = ()
    warnings: tuple[str, ...] = ()


def find_directions(
    capture: Capture,
    frames: Sequence[Frame],
    stack: FrameStack,
    recipe: RelightRecipe,
    listed: Path | None = None,
) -> Directions:
    """The direction of the light in each frame, by the source that the recipe names.

    `listed` is an .lp file handed in beside the capture; it goes before what the capture itself says.

    Raises
    ------
    InputError
        where that source does not give them; 'auto' says what it looked for.
    """
    sources: dict[str, Callable[[], Directions | None]] = {
        "coordinates": lambda: _from_coordinates(capture, frames),
        "lp": lambda: _from_list(capture, frames, listed),
        "azimuth": lambda: _from_azimuths(capture, frames, recipe, numbers=recipe.light_source == "azimuth"),
        "spheres": lambda: _from_spheres(stack, recipe),
    }
    if recipe.light_source == "auto":
        if listed is not None:
            sources = {"lp": sources["lp"]}
        for find in sources.values():
            if (found := find()) is not None:
                return found
        raise InputError(
            capture.root,
            "tells no directions of its lights",
            "coordinates 'light', an .lp file, reflective spheres, or azimuths in the names",
            "add --lights FILE.lp, or set light_source=azimuth and elevation=DEGREES",
        )
    if (found := sources[recipe.light_source]()) is None:
        raise InputError(capture.root, *_MISSING[recipe.light_source])
    return found


_MISSING = {
    "coordinates": ("has frames without a coordinate 'light'", "a unit vector for each frame"),
    "lp": ("has no list of lights", "an .lp file in its folder", "name one with --lights FILE.lp"),
    "azimuth": ("has frames that tell no azimuth", "a coordinate 'azimuth', or names such as coin_3oclock"),
    "spheres": (
        "shows no reflective sphere",
        "dark spheres",
        "give them with spheres=[[x, y, radius]] in pixels",
    ),
}


def _from_coordinates(capture: Capture, frames: Sequence[Frame]) -> Directions | None:
    if not all("light" in frame.coordinates for frame in frames):
        return None
    lights = []
    for frame in frames:
        try:
            lights.append(frame.coordinates["light"].vector)
        except ValueError as error:
            raise InputError(capture.path(frame), f"has a bad light: {error}", "a unit vector") from None
    return Directions(np.array(lights, np.float64), "coordinates")


def _from_list(capture: Capture, frames: Sequence[Frame], given: Path | None) -> Directions | None:
    known = capture.calibrations("lights") or sorted(capture.root.glob("*.lp"))
    path = given or (known[0] if known else None)
    if path is None:
        return None
    listed = read_lights(path)
    lights = []
    for frame in frames:
        light = listed.of(frame.file)
        if light is None:
            raise InputError(path, f"lists no light for {frame.file}", "a line for each frame")
        lights.append(light)
    return Directions(np.array(lights, np.float64), "lp")


def _from_azimuths(
    capture: Capture, frames: Sequence[Frame], recipe: RelightRecipe, *, numbers: bool
) -> Directions | None:
    azimuths = [
        frame.number("azimuth") if "azimuth" in frame.coordinates else azimuth_from_name(frame.file)
        for frame in frames
    ]
    if any(azimuth is None for azimuth in azimuths):
        if not numbers:
            return None
        names = [frame.file for frame in frames]
        azimuths = list(azimuths_from_numbers(names, first=recipe.first_azimuth, clockwise=recipe.clockwise))
    warnings: list[str] = []
    lights = []
    for frame, azimuth in zip(frames, azimuths, strict=True):
        elevation = recipe.for_frame(frame.file).elevation
        if elevation is None and "elevation" in frame.coordinates:
            elevation = frame.number("elevation")
        if elevation is None and not warnings:
            warnings.append(
                f"the elevation of the lights is not known and was taken as {ASSUMED_ELEVATION:g} degrees: "
                "slopes and heights are true up to a factor; set elevation=DEGREES"
            )
        lights.append(from_angles(azimuth or 0.0, ASSUMED_ELEVATION if elevation is None else elevation))
    return Directions(np.array(lights), "azimuth", warnings=tuple(warnings))


def _from_spheres(stack: FrameStack, recipe: RelightRecipe) -> Directions | None:
    spheres = spheres_from_settings(recipe.spheres) if recipe.spheres else _search_spheres(stack)
    if not spheres:
        return None
    crops, moved = [], []
    for sphere in spheres:
        crop, rows, columns = _crop(stack, sphere)
        here = Sphere(sphere.x - columns.start, sphere.y - rows.start, sphere.radius)
        if not recipe.spheres:
            here = refine_sphere(unshadowed_picture(crop), here) or here
        crops.append(crop)
        moved.append((here, rows, columns))
    each = np.stack(
        [lights_from_spheres(list(crop), [here]) for crop, (here, _, _) in zip(crops, moved, strict=True)]
    )
    known = np.isfinite(each)
    total = np.where(known, each, 0).sum(axis=0)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    lights = np.where(length > 0, total / np.maximum(length, 1e-9), np.nan)
    found = tuple(
        Sphere(here.x + columns.start, here.y + rows.start, here.radius) for here, rows, columns in moved
    )
    warnings = []
    spread = _spread(each, lights)
    if spread > 3:
        warnings.append(
            f"the spheres disagree on the lights by {spread:.1f} degrees: "
            "near lights, or a circle that is off"
        )
    return Directions(lights, "spheres", found, tuple(warnings))


def _search_spheres(stack: FrameStack) -> list[Sphere]:
    small = unshadowed_picture(stack.proxies(PROXY_SIDE, grey=True, most=MOST_PROXIES))
    factor = stack.width / small.shape[1]
    return [sphere.scaled(factor) for sphere in find_spheres(small)]


def _crop(stack: FrameStack, sphere: Sphere) -> tuple[NDArray[np.float32], slice, slice]:
    reach = 1.4 * sphere.radius + 2
    rows, columns = (
        slice(max(0, int(centre - reach)), max(0, min(size, int(centre + reach) + 1)))
        for centre, size in ((sphere.y, stack.height), (sphere.x, stack.width))
    )
    if rows.stop - rows.start < 3 or columns.stop - columns.start < 3:
        found = f"has a sphere at ({sphere.x:.0f}, {sphere.y:.0f}), outside the frames"
        raise InputError("the recipe", found, f"pixels of {stack.width} x {stack.height}")
    return stack.read(rows, columns), rows, columns


def _spread(each: NDArray[np.float64], lights: NDArray[np.float64]) -> float:
    """Median angle in degrees between what single spheres say and their mean."""
    cosine = np.clip(np.einsum("snk,nk->sn", np.nan_to_num(each), np.nan_to_num(lights)), -1, 1)
    angles = np.degrees(np.arccos(cosine[np.isfinite(each).all(axis=2)]))
    return float(np.median(angles)) if angles.size else 0.0
