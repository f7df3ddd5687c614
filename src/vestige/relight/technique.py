"""Registers relighting: what it takes, what it makes, and where its arithmetic is."""

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
from vestige.relight.recipe import RelightRecipe, SceneRecipe


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.relight.pipeline import run

    return run(inputs, recipe, context)


def _open(inputs: Inputs, context: Context) -> Session:
    from vestige.relight.session import open_session

    return open_session(inputs, context)


def _make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    from vestige.relight.simulate import make

    return make(recipe, folder, seed)


technique = Technique(
    name="relight",
    title="Relighting",
    summary="Raking light and domes: a picture whose light moves, normals, albedo, height",
    forward=ForwardModel(SceneRecipe, _make, "A coin or a clay tablet under a dome of lamps"),
    operations=(
        Operation(
            name="run",
            summary="Fit a relightable picture, normals, albedo and height to frames under different lights",
            recipe=RelightRecipe,
            inputs=(
                Input("capture", help="Frames of one view, each lit from another side"),
                Input(
                    "lights",
                    Kind.TABLE,
                    optional=True,
                    help="Directions of the lights (.lp), where none lies with the frames",
                ),
            ),
            outputs=(
                Output(
                    "relight", Kind.RELIGHTABLE, "relight", "Picture whose light can be moved", optional=True
                ),
                Output("normals", Kind.NORMALS, "normals.tif", "Direction of the surface", optional=True),
                Output("albedo", Kind.IMAGE, "albedo.tif", "Colour without light and shade", optional=True),
                Output("height", Kind.DEPTH, "height.tif", "Height above the mean plane", optional=True),
                Output("view", Kind.IMAGE, "view.tif", "The object under the light of the recipe"),
            ),
            run=_run,
            open=_open,
        ),
    ),
    varies=("light",),
)
