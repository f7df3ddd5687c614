"""What the turntable technique registers."""

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
    Technique,
)
from vestige.turntable.recipe import SceneRecipe, TurntableRecipe


def _make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    from vestige.turntable.simulate import make

    assert isinstance(recipe, SceneRecipe)
    return make(recipe, folder, seed)


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.turntable.pipeline import run

    assert isinstance(recipe, TurntableRecipe)
    return run(inputs, recipe, context)


technique = Technique(
    name="turntable",
    title="Turntable",
    summary="A watertight coloured model of an object from calibrated views all round it",
    forward=ForwardModel(SceneRecipe, _make, "A painted jug or a marble figurine on a glass turntable"),
    operations=(
        Operation(
            name="run",
            summary="Silhouettes, visual hull by voxel carving, surface, colour of each vertex",
            recipe=TurntableRecipe,
            inputs=(Input("capture", help="Frames all round the object, with cameras.json"),),
            outputs=(Output("model", Kind.MESH, "model.glb", "The coloured surface, binary glTF in metres"),),
            run=_run,
        ),
    ),
    varies=("azimuth", "elevation"),
)
