"""``spectral run``: from frames under several wavelengths to registered bands and pictures of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture
from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import InputError, UsageError
from vestige.imaging import StripStore, strips
from vestige.spectral.bands import Source, find_bands
from vestige.spectral.calibration import CalibratedFrame
from vestige.spectral.pictures import report_pictures
from vestige.spectral.placing import Placement, nearest, outwards, place, place_rows, rescaled
from vestige.spectral.products import (
    Mix,
    colour_mix,
    false_colour_mix,
    write_bands,
    write_components,
    write_mix,
)
from vestige.spectral.recipe import SpectralRecipe
from vestige.spectral.registered import RegisteredBands

__all__ = ["run"]

#: Frames are placed by small versions: this many pixels a side at most, fewer where memory is short.
PLACING_SIDE: Final = 1600
#: What registration holds for each pixel of a pair, in bytes, and what a waiting small version holds.
PLACING_BYTES: Final = 320
SATURATED_SHARE: Final = 0.001

Small = dict[int, tuple[NDArray[np.float32], tuple[int, int]]]


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Calibrate, register, and write bands, colour, false colour and components; see `SpectralRecipe`.

    Raises
    ------
    InputError
        where frames cannot be used, or do not say their wavelengths.
    """
    assert isinstance(recipe, SpectralRecipe)
    capture = inputs.capture()
    sources = find_bands(capture, recipe, context.warn)
    wavelengths = [source.wavelength for source in sources]
    first = nearest(wavelengths, recipe.reference or 550.0)
    told = [context.part(f"look/{n:03d}", _look, capture, source, recipe) for n, source in enumerate(sources)]
    _warn_of_light(sources, told, context)
    placed = _place_all(capture, sources, first, recipe, context)
    shape = tuple(told[first]["shape"])
    paths = _lay_all(capture, sources, placed, shape, recipe, context)
    with RegisteredBands(sources, paths, shape) as bands:
        outcome = _products(bands, sources, placed, capture, recipe, context)
    rows = [_row(*one) for one in zip(sources, told, placed, strict=True)]
    measured = {
        "bands": len(bands.bands),
        "reference_nm": sources[first].wavelength,
        "registration_residual_px": [round(one.residual, 4) for one in placed],
        "matrices": [[round(value, 9) for value in one.matrix.ravel().tolist()] for one in placed],
        "bands_not_registered": sum(not one.trusted for one in placed),
        "calibrated": sum(one["reflectance"] for one in told),
    }
    return Outcome(outcome.products, measured | outcome.measurements, outcome.pictures, rows)


def _look(capture: Capture, source: Source, recipe: SpectralRecipe) -> dict[str, Any]:
    """What one frame is: its size, whether it can be reflectance, how much of it is blown out."""
    with CalibratedFrame(capture, source, recipe) as frame:
        return {
            "shape": list(frame.shape),
            "reflectance": frame.is_reflectance,
            "scale": frame.scale,
            "saturated": frame.saturated(),
        }


def _warn_of_light(sources: list[Source], told: list[dict[str, Any]], context: Context) -> None:
    bare = [source.frame.file for source, one in zip(sources, told, strict=True) if not one["reflectance"]]
    if len(bare) == len(sources):
        context.warn("no flat frames: the bands are light as the camera saw it, not reflectance")
    elif bare:
        context.warn(f"no flat frame for {', '.join(bare)}: light, not reflectance, and not to be compared")
    for source, one in zip(sources, told, strict=True):
        if one["saturated"] > SATURATED_SHARE:
            what = "those pixels are left out (NaN)" if one["reflectance"] else "their values are too low"
            context.warn(f"{source.frame.file} is blown out in {one['saturated']:.1%} of its pixels: {what}")


def _place_all(
    capture: Capture, sources: list[Source], first: int, recipe: SpectralRecipe, context: Context
) -> list[Placement]:
    """How each source lies on the reference, one part a source, the nearest wavelength first."""
    side = _placing_side(len(sources), context)
    small: Small = {}
    found = {first: Placement(np.eye(3), 1.0, 0.0, "reference")}
    wavelengths = [source.wavelength for source in sources]
    todo = outwards(wavelengths, first)
    for number in context.track(todo, "registering"):
        kept = context.part(
            f"place/{number:03d}", _place_one, capture, sources, number, first, found, side, recipe, small
        )
        found[number] = Placement(**kept)
        if not found[number].trusted:
            context.warn(
                f"{sources[number].frame.file} could not be registered (closed loop "
                f"{found[number].residual:.1f} px): it is shown as it lay, and left out of the components"
            )
    return [found[number] for number in range(len(sources))]


def _placing_side(count: int, context: Context) -> int:
    room = context.budget.working() / (PLACING_BYTES + 4 * count)
    return int(np.clip(np.sqrt(room), 256, PLACING_SIDE))


def _place_one(
    capture: Capture,
    sources: list[Source],
    number: int,
    first: int,
    found: dict[int, Placement],
    side: int,
    recipe: SpectralRecipe,
    small: Small,
) -> dict[str, Any]:
    """A placement between full frames, found on small ones; as plain values, to be kept on the disk."""
    for one in (*found, number):
        if one not in small:
            small[one] = _small(capture, sources[one], recipe, side)
    images = {one: image for one, (image, _) in small.items()}
    shapes = {one: shape for one, (_, shape) in small.items()}
    near = {
        one: Placement(
            rescaled(p.matrix, images[first].shape, shapes[first], images[one].shape, shapes[one]),
            p.score, p.residual, p.method, p.through, p.trusted,
        )
        for one, p in found.items()
    }  # fmt: skip
    shrink = shapes[first][0] / images[first].shape[0]
    wavelengths = [source.wavelength for source in sources]
    listed = [images.get(one, np.empty((0, 0), np.float32)) for one in range(len(sources))]
    best = place(listed, wavelengths, number, first, near, recipe.model, recipe.largest_residual / shrink)
    matrix = rescaled(best.matrix, shapes[first], images[first].shape, shapes[number], images[number].shape)
    return {
        "matrix": matrix, "score": best.score, "residual": best.residual * shrink, "method": best.method,
        "through": best.through, "trusted": best.trusted,
    }  # fmt: skip


def _small(
    capture: Capture, source: Source, recipe: SpectralRecipe, side: int
) -> tuple[NDArray[np.float32], tuple[int, int]]:
    with CalibratedFrame(capture, source, recipe) as frame:
        image = frame.proxy(side)
        return (image.mean(axis=2) if image.ndim == 3 else image), frame.shape


def _lay_all(
    capture: Capture,
    sources: list[Source],
    placed: list[Placement],
    shape: tuple[int, int],
    recipe: SpectralRecipe,
    context: Context,
) -> list[Path]:
    """Each source, calibrated, on the grid of the reference: one file of rows a source."""
    folder = context.workspace / "registered"
    folder.mkdir(exist_ok=True)
    paths = []
    for number in context.track(range(len(sources)), "laying bands"):
        path = folder / f"{number:03d}.rows"
        lay = partial(_lay, capture, sources[number], placed[number], shape, recipe, path, context)
        paths.append(context.part(f"lay/{number:03d}", lay))
    return paths


def _lay(
    capture: Capture,
    source: Source,
    placement: Placement,
    shape: tuple[int, int],
    recipe: SpectralRecipe,
    path: Path,
    context: Context,
) -> Path:
    room = context.budget.working() // 2
    with (
        CalibratedFrame(capture, source, recipe) as frame,
        StripStore(path, *shape, frame.planes, np.float32) as store,
    ):
        for strip in strips(
            shape[0], row_bytes=32 * frame.planes * shape[1], budget_bytes=min(room, 64 << 20)
        ):
            context.check()
            store[strip.rows] = place_rows(frame, placement.matrix, shape, strip.rows, room)
    return path


def _products(
    bands: RegisteredBands,
    sources: list[Source],
    placed: list[Placement],
    capture: Capture,
    recipe: SpectralRecipe,
    context: Context,
) -> Outcome:
    out, pixel_mm = context.output, _pixel(capture)
    context.progress(0, 3, "writing")
    identifier = capture.digest()
    path = context.part("bands", write_bands, out / "bands.tif", bands, pixel_mm, identifier)
    labels = [band.label for band in bands.bands]
    unit = "reflectance" if all(source.flats for source in sources) else "light"
    about: dict[str, Any] = {"labels": labels, "wavelengths": bands.wavelengths, "unit": unit}
    products = [Product("bands", Kind.BANDS, path, about)]
    context.progress(1, 3, "writing")
    products += _mixed(bands, sources, recipe, context)
    context.progress(2, 3, "writing")
    used = [index for index, number in enumerate(bands.source_of) if placed[number].trusted]
    path = out / "components.tif"
    found = context.part("components", write_components, path, bands, used, identifier, recipe, context)
    explained = [round(value, 6) for value in found["explained"]]
    about = {"labels": found["labels"], "explained": explained, "loadings": found["loadings"].tolist()}
    about["bands"] = [labels[index] for index in used]
    products.append(Product("components", Kind.BANDS, found["path"], about))
    context.progress(3, 3, "writing")
    pictures = report_pictures(bands, products, found["labels"])
    if pixel_mm is not None:
        products = [replace(product, about=product.about | {"pixel_mm": pixel_mm}) for product in products]
    return Outcome(products, {"explained_variance": explained}, pictures)


def _mixed(
    bands: RegisteredBands, sources: list[Source], recipe: SpectralRecipe, context: Context
) -> list[Product]:
    """True and false colour; a warning for the one that the bands do not allow."""
    made = []
    choices: dict[str, tuple[Callable[[], Mix], dict[str, Any]]] = {
        "colour": (partial(colour_mix, bands, sources, recipe), {"illuminant": recipe.illuminant}),
        "falsecolour": (
            partial(false_colour_mix, bands, recipe),
            {"shown_nm": [recipe.red, recipe.green, recipe.blue]},
        ),
    }
    for name, (choose, about) in choices.items():
        try:
            mix = choose()
        except UsageError as error:
            context.warn(f"no {name}.tif: {error}")
            continue
        path = context.part(name, write_mix, context.output / f"{name}.tif", bands, mix, context)
        made.append(Product(name, Kind.IMAGE, path, about))
    return made


def _pixel(capture: Capture) -> float | None:
    pixel = capture.settings.get("pixel_mm")
    if pixel is not None and (not isinstance(pixel, int | float) or not pixel > 0):
        raise InputError(capture.root, f"has pixel_mm {pixel!r} in its settings", "millimetres above 0")
    return None if pixel is None else float(pixel)


def _row(source: Source, told: dict[str, Any], placement: Placement) -> dict[str, Any]:
    """What became of one frame."""
    return {
        "file": source.frame.file,
        "used": True,
        "bands": ", ".join(band.label for band in source.bands),
        "reflectance": told["reflectance"],
        "saturated": round(told["saturated"], 6),
        "registered": placement.method if placement.trusted else "no",
        "residual_px": round(placement.residual, 4) if np.isfinite(placement.residual) else None,
        "scale": round(float(np.sqrt(abs(np.linalg.det(placement.matrix[:2, :2])))), 6),
    }
