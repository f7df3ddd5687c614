"""Writing the products of a run from its registered bands, strip by strip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context
from vestige.imaging import ImageWriter, StripStore, strips
from vestige.spectral.bands import Source
from vestige.spectral.colour import colour_matrix
from vestige.spectral.components import Components, RunningCovariance
from vestige.spectral.false_colour import mixture
from vestige.spectral.ome import write_planes
from vestige.spectral.recipe import SpectralRecipe
from vestige.spectral.registered import RegisteredBands

__all__ = ["Mix", "colour_mix", "false_colour_mix", "write_bands", "write_components", "write_mix"]

#: Bands, and the matrix (3, bands) that makes linear sRGB of them.
Mix = tuple[list[int], NDArray[np.float64]]

#: Strips larger than this are no quicker.
STRIP_BYTES: Final = 64 << 20


def write_bands(path: Path, bands: RegisteredBands, pixel_mm: float | None, identifier: str) -> Path:
    """The registered bands as OME-TIFF, one after the other, with their wavelengths."""
    return write_planes(
        path,
        [partial(bands.band, index) for index in range(len(bands.bands))],
        bands.shape,
        [band.label for band in bands.bands],
        wavelengths=bands.wavelengths,
        pixel_mm=pixel_mm,
        identifier=identifier,
    )


def colour_mix(bands: RegisteredBands, sources: Sequence[Source], recipe: SpectralRecipe) -> Mix:
    """True colour: a photograph's own, else that of the visible bands.

    Raises
    ------
    UsageError
        where there is neither a photograph nor three visible bands.
    """
    photographs = [number for number, source in enumerate(sources) if source.is_photograph]
    if photographs:
        own = [index for index, number in enumerate(bands.source_of) if number == photographs[0]]
        # Bands are sorted by wavelength: blue, green, red.
        return own[::-1], np.eye(3)
    used = [index for index, band in enumerate(bands.bands) if band.reflected]
    wavelengths = [bands.bands[index].wavelength for index in used]
    widths = [bands.bands[index].width for index in used]
    matrix = colour_matrix(wavelengths, widths=widths, illuminant=recipe.illuminant)
    seen = np.flatnonzero(matrix.any(axis=0))
    return [used[place] for place in seen], matrix[:, seen]


def false_colour_mix(bands: RegisteredBands, recipe: SpectralRecipe) -> Mix:
    """The three bands nearest to those of the recipe, as red, green and blue.

    Raises
    ------
    UsageError
        where one has no band near it.
    """
    used = [index for index, band in enumerate(bands.bands) if band.reflected]
    wavelengths = [bands.bands[index].wavelength for index in used]
    chosen = mixture(wavelengths, (recipe.red, recipe.green, recipe.blue))
    return [used[place] for place in chosen], np.eye(3)


def write_components(
    path: Path,
    bands: RegisteredBands,
    used: Sequence[int],
    identifier: str,
    recipe: SpectralRecipe,
    context: Context,
) -> dict[str, Any]:
    """Principal components of the bands used, in two passes: covariance, then projection."""
    running = RunningCovariance(len(used))
    for rows in _rows(bands, 12 * len(used), context):
        running.add(bands.read(rows, used))
    count = min(recipe.components, len(used))
    components = Components.of(running, count, standardise=recipe.standardise)
    folder = context.workspace / "components"
    folder.mkdir(exist_ok=True)
    stores = [StripStore(folder / f"{n:02d}.rows", *bands.shape, 1, np.float32) for n in range(count)]
    try:
        for rows in _rows(bands, 8 * len(used) + 8 * count, context):
            scores = components.project(bands.read(rows, used))
            for number, store in enumerate(stores):
                store[rows] = scores[..., number]
        labels = [f"component {n + 1} ({share:.1%})" for n, share in enumerate(components.explained)]
        write_planes(
            path, [store.__getitem__ for store in stores], bands.shape, labels, identifier=identifier
        )
    finally:
        for store in stores:
            store.close()
            store.path.unlink()
    explained = components.explained.tolist()
    return {"path": path, "labels": labels, "explained": explained, "loadings": components.loadings}


def _rows(bands: RegisteredBands, values: int, context: Context) -> Iterator[slice]:
    """Strips of rows for work that holds so many float32 values a pixel."""
    room = min(context.budget.working() // 2, STRIP_BYTES)
    for strip in strips(bands.shape[0], row_bytes=4 * values * bands.shape[1], budget_bytes=room):
        context.check()
        yield strip.rows


def write_mix(path: Path, bands: RegisteredBands, mix: Mix, context: Context) -> Path:
    """A picture of linear sRGB, `matrix` times the bands; what is unknown (blown out, outside) is white."""
    used, matrix = mix
    across = matrix.T.astype(np.float32)
    with ImageWriter(path, *bands.shape, 3) as writer:
        for rows in _rows(bands, 3 * len(used) + 12, context):
            light = bands.read(rows, used) @ across
            writer.write(
                rows.start, np.where(np.isfinite(light).all(axis=2, keepdims=True), light, np.float32(1))
            )
    return path
