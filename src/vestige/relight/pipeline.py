"""``relight run``: from frames under several lights to a relightable picture, normals, albedo, height."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product, Recipe
from vestige.errors import InputError
from vestige.imaging import open_image, picture
from vestige.relight.bases import basis_matrix, determined_terms
from vestige.relight.directions import Directions, find_directions
from vestige.relight.frames import FrameStack, choose_frames, open_frames
from vestige.relight.lights import elevation_azimuth, light_faults
from vestige.relight.pictures import report_pictures, sphere_picture
from vestige.relight.products import write_albedo, write_height, write_normals, write_planes, write_view
from vestige.relight.raking import write_few
from vestige.relight.recipe import RelightRecipe
from vestige.relight.spheres import Sphere
from vestige.relight.strips import Fit, FitStores, Model, choose_model, fit_all

__all__ = ["run"]


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Fit, integrate and write; see `RelightRecipe` for the settings.

    Raises
    ------
    InputError
        where frames or lights cannot be used.
    """
    assert isinstance(recipe, RelightRecipe)
    capture = inputs.capture()
    chosen = choose_frames(capture, recipe.frames)
    stack, faults = open_frames(capture, chosen, recipe)
    with stack:
        frames = [frame for frame in chosen if frame.file not in faults]
        if len(frames) < 3:
            _warn_of_faults(faults, context)
            return _few(frames, stack, context)
        listed = inputs.product("lights")
        found = _directions(capture, frames, stack, recipe, listed.path if listed else None, context)
        spheres = _sphere_report(stack, found)
        dark = light_faults([frame.file for frame in frames], found.lights)
        faults |= dark
        _warn_of_faults(faults, context)
        kept = [row for row, frame in enumerate(frames) if frame.file not in dark]
        if len(kept) < 3:
            raise InputError(capture.root, f"has {len(kept)} frames with a usable light", "three or more")
        lights = found.lights[kept] / np.linalg.norm(found.lights[kept], axis=1, keepdims=True)
        used = [frames[row].file for row in kept]
        _warn_of_doubles(used, lights, context)
        stack.keep(kept)
        outcome, residuals = _dome(capture, stack, lights, recipe, context)
    return Outcome(
        outcome.products,
        outcome.measurements | {"light_source": found.source} | spheres[0],
        outcome.pictures + spheres[1],
        _frame_rows([frame.file for frame in chosen], faults, lights, residuals),
    )


def _warn_of_faults(faults: dict[str, str], context: Context) -> None:
    for name, fault in faults.items():
        context.warn(
            f"{name} was left out: {fault}" if fault.startswith("its") else f"{name} {fault}: left out"
        )


def _warn_of_doubles(names: list[str], lights: NDArray[np.float64], context: Context) -> None:
    doubles = np.argwhere(np.triu(lights @ lights.T, 1) > np.cos(np.radians(0.5)))
    if doubles.size:
        first, second = (names[row] for row in doubles[0])
        context.warn(f"{first} and {second} have the same light")


def _directions(
    capture: Capture,
    frames: list[Frame],
    stack: FrameStack,
    recipe: RelightRecipe,
    listed: Path | None,
    context: Context,
) -> Directions:
    def find() -> dict[str, Any]:
        found = find_directions(capture, frames, stack, recipe, listed)
        spheres = [[sphere.x, sphere.y, sphere.radius] for sphere in found.spheres]
        return {
            "lights": found.lights,
            "source": found.source,
            "spheres": spheres,
            "warnings": list(found.warnings),
        }

    part = context.part("lights", find)
    for warning in part["warnings"]:
        context.warn(warning)
    spheres = tuple(Sphere(*sphere) for sphere in part["spheres"])
    return Directions(part["lights"], part["source"], spheres, tuple(part["warnings"]))


def _dome(
    capture: Capture, stack: FrameStack, lights: NDArray[np.float64], recipe: RelightRecipe, context: Context
) -> tuple[Outcome, NDArray[np.float64]]:
    """All products of three lights or more, and the residual of each frame."""
    model = choose_model(recipe.basis, recipe.colours, lights)
    stores = FitStores(context.workspace / "relight", stack.height, stack.width, model)
    try:
        _warn_of_lights(model, lights, context)
        fit = fit_all(stack, lights, model, stores, context)
        outcome = _products(stores, fit, lights, _pixel(capture, recipe), recipe, context)
        return outcome, fit.residual
    finally:
        stores.close()


def _warn_of_lights(model: Model, lights: NDArray[np.float64], context: Context) -> None:
    known = determined_terms(basis_matrix(model.basis, lights, model.terms))
    if known < model.terms:
        context.warn(
            f"{len(lights)} lights at their elevations determine {known} of the {model.terms} terms of the "
            f"{model.basis} basis: views far from these lights are guesses"
        )


def _products(
    stores: FitStores,
    fit: Fit,
    lights: NDArray[np.float64],
    pixel: tuple[float, str],
    recipe: RelightRecipe,
    context: Context,
) -> Outcome:
    out, model, view = context.output, stores.model, _view_light(recipe)
    white, unit = max(1.0, fit.brightest), pixel[1]
    context.progress(0, 3, "writing")
    relightable = context.part("relight", write_planes, out / "relight", stores, fit, lights, recipe.quality)
    context.progress(1, 3, "writing")
    normals = context.part("normals", write_normals, out / "normals.tif", stores)
    albedo = context.part("albedo", write_albedo, out / "albedo.tif", stores, white)
    shown = context.part("view", write_view, out / "view.tif", stores, view)
    context.progress(2, 3, "height")
    height = out / "height.tif"
    memory = context.budget.working()
    relief = context.part("height", write_height, height, stores, *pixel, recipe.boundary, memory)
    if (step := round(relief["step_px"])) > 1:
        context.warn(
            f"height was integrated at one point in {step} x {step} pixels to keep to the memory budget"
        )
    context.progress(3, 3, "height")
    scale = {"pixel_mm": pixel[0]} if unit == "mm" else {}
    fitted = {"basis": model.basis, "terms": model.terms, "colours": model.colours, "lights": len(lights)}
    products = [
        Product("relight", Kind.RELIGHTABLE, relightable, fitted | scale),
        Product("normals", Kind.NORMALS, normals, {"axes": "x right, y up, z to the viewer"} | scale),
        Product("albedo", Kind.IMAGE, albedo, {"white": white} | scale),
        Product("height", Kind.DEPTH, height, {"unit": unit, "towards_viewer": True} | scale),
        Product("view", Kind.IMAGE, shown, {"light": view.tolist()} | scale),
    ]
    pictures = report_pictures(stores, lights, view, white, _small(height))
    return Outcome(products, _measurements(fit, lights, fitted, unit, relief), pictures)


def _measurements(
    fit: Fit, lights: NDArray[np.float64], fitted: dict[str, Any], unit: str, relief: dict[str, float]
) -> dict[str, Any]:
    elevation, _ = elevation_azimuth(lights)
    residual = float(np.sqrt(np.mean(fit.residual**2)))
    return fitted | {
        "light_elevation_deg": [float(elevation.min()), float(elevation.max())],
        "fit_residual": residual,
        "fit_psnr_db": float(-20 * np.log10(max(residual, 1e-9))),
        f"height_range_{unit}": [relief["low"], relief["high"]],
        "height_step_px": relief["step_px"],
    }


def _view_light(recipe: RelightRecipe) -> NDArray[np.float64]:
    x, y = recipe.light_x, recipe.light_y
    return np.array([x, y, np.sqrt(1 - x * x - y * y)])


def _pixel(capture: Capture, recipe: RelightRecipe) -> tuple[float, str]:
    """Side of a pixel and its unit: mm where the recipe or the capture knows it, else pixels."""
    pixel = recipe.pixel_mm if recipe.pixel_mm is not None else capture.settings.get("pixel_mm")
    if pixel is None:
        return 1.0, "px"
    if not isinstance(pixel, int | float) or not pixel > 0:
        raise InputError(capture.root, f"has pixel_mm {pixel!r} in its settings", "millimetres above 0")
    return float(pixel), "mm"


def _few(frames: list[Frame], stack: FrameStack, context: Context) -> Outcome:
    """One raking frame gives an enhanced view, two a view of their difference."""
    what = "an enhanced view of it" if len(frames) == 1 else "a view of their difference"
    context.warn(
        f"{len(frames)} frame{'s' * (len(frames) > 1)} cannot be relit; {what} was made: "
        "three or more lights give normals, six or more a relightable picture"
    )
    path = context.part("few", write_few, context.output / "view.tif", stack, context.budget.working())
    shown = picture(_small(path))
    pictures = [Picture("View", shown, what.capitalize())]
    pictures += [
        Picture(frame.file, picture(image.proxy(900)), "As taken")
        for frame, image in zip(frames, stack.images, strict=True)
    ]
    about = {"made_from": [frame.file for frame in frames]}
    rows = [{"file": frame.file, "used": True} for frame in frames]
    return Outcome([Product("view", Kind.IMAGE, path, about)], {"frames": len(frames)}, pictures, rows)


def _small(path: Path) -> NDArray[np.float32]:
    with open_image(path) as image:
        return image.proxy(900)


def _sphere_report(stack: FrameStack, found: Directions) -> tuple[dict[str, Any], list[Picture]]:
    if not found.spheres:
        return {}, []
    mean = np.asarray(stack.proxies(900, most=12).mean(axis=0), np.float32)
    factor = mean.shape[1] / stack.width
    seen = sphere_picture(mean, [sphere.scaled(factor) for sphere in found.spheres])
    circles = [[sphere.x, sphere.y, sphere.radius] for sphere in found.spheres]
    return {"spheres_px": circles}, [Picture("Spheres", seen, "The spheres that the lights come from")]


def _frame_rows(
    names: list[str], faults: dict[str, str], lights: NDArray[np.float64], residuals: NDArray[np.float64]
) -> list[dict[str, Any]]:
    """One row a frame: its light, how well the planes show it, or why it was left out."""
    elevation, azimuth = elevation_azimuth(lights)
    figures = iter(zip(azimuth.tolist(), elevation.tolist(), residuals.tolist(), strict=True))
    rows: list[dict[str, Any]] = []
    for name in names:
        if name in faults:
            rows.append({"file": name, "used": False, "why": faults[name]})
            continue
        around, up, residual = next(figures)
        light = {"azimuth_deg": round(around, 2), "elevation_deg": round(up, 2)}
        rows.append({"file": name, "used": True} | light | {"residual": round(residual, 5)})
    return rows
