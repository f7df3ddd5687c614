"""Registers spectral imaging: what it takes, what it makes, and where its arithmetic is."""

from __future__ import annotations

from pathlib import Path

from vestige.capture import Capture
from vestige.contract import (
    Context,
    ForwardModel,
    Input,
    Inputs,
    Kind,
    Operation,
    Outcome,
    Output,
    Recipe,
    Session,
    Technique,
)
from vestige.spectral.recipe import SceneRecipe, SpectralRecipe


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.spectral.pipeline import run

    return run(inputs, recipe, context)


def _open(inputs: Inputs, context: Context) -> Session:
    from vestige.spectral.session import open_session

    return open_session(inputs, context)


def _make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    from vestige.spectral.simulate import make

    return make(recipe, folder, seed)


technique = Technique(
    name="spectral",
    title="Spectral imaging",
    summary="Bands from ultraviolet to infrared: reflectance, true and false colour, hidden writing",
    forward=ForwardModel(
        SceneRecipe, _make, "A manuscript leaf, written over an erased text, under twelve lamps"
    ),
    operations=(
        Operation(
            name="run",
            summary="Calibrate and register frames of several wavelengths; colour, false colour, components",
            recipe=SpectralRecipe,
            inputs=(
                Input(
                    "capture",
                    help="Frames of one view by wavelength, with dark, flat and white frames; "
                    "or a colour photograph and an infrared one",
                ),
            ),
            outputs=(
                Output("bands", Kind.BANDS, "bands.tif", "Registered reflectance of each band (OME-TIFF)"),
                Output("colour", Kind.IMAGE, "colour.tif", "True colour", optional=True),
                Output("falsecolour", Kind.IMAGE, "falsecolour.tif", "False-colour infrared", optional=True),
                Output("components", Kind.BANDS, "components.tif", "Principal components of the bands"),
            ),
            run=_run,
            open=_open,
        ),
    ),
    varies=("wavelength",),
)
