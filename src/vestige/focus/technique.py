"""What focus stacking registers; nothing heavy is imported until it runs."""

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
from vestige.focus.recipe import AlignRecipe, PlanRecipe, SceneRecipe, StackRecipe


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.focus.pipeline import run

    return run(inputs, recipe, context)


def _align(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.focus.pipeline import run_align

    return run_align(inputs, recipe, context)


def _plan(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.focus.planning import run_plan

    return run_plan(inputs, recipe, context)


def _open(inputs: Inputs, context: Context) -> Session:
    from vestige.focus.session import preview

    return preview(inputs, context)


def _make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    from vestige.focus.simulate import make

    return make(recipe, folder, seed)


_CAPTURE = Input("capture", help="A folder of frames of different focus, or the frames themselves")
_ALIGNMENT = Output(
    "alignment", Kind.TABLE, "alignment.json", "How each frame lies on the reference, for other lights"
)

technique = Technique(
    name="focus",
    title="Focus stacking",
    summary="One sharp picture and its depth from frames of different focus",
    forward=ForwardModel(
        SceneRecipe, _make, "A heritage object under a macro lens: beetle, coin, wings, textile and more"
    ),
    operations=(
        Operation(
            name="run",
            summary="Align the frames, fuse what is sharp in each, and find the depth",
            recipe=StackRecipe,
            inputs=(
                _CAPTURE,
                Input(
                    "reuse_alignment",
                    Kind.TABLE,
                    optional=True,
                    help="A result of focus run or focus align whose alignment these frames take, "
                    "another light's; its folder, report.json or alignment.json",
                ),
            ),
            outputs=(
                Output(
                    "image",
                    Kind.IMAGE,
                    "image.tif",
                    "Sharp throughout; depth, profile and EXIF of the frames",
                ),
                Output("depth", Kind.DEPTH, "depth.tif", "Where each pixel is in focus: mm, or frames"),
                Output(
                    "confidence",
                    Kind.IMAGE,
                    "confidence.tif",
                    "How far the depth of each pixel can be trusted",
                ),
                _ALIGNMENT,
                Output(
                    "surface",
                    Kind.MESH,
                    "surface.glb",
                    "The relief with the picture over it, in metres where the capture tells mm",
                    optional=True,
                ),
                Output(
                    "slabs",
                    Kind.IMAGE,
                    "slabs",
                    "A picture for each run of neighbouring frames",
                    optional=True,
                ),
            ),
            run=_run,
            version="2",
            open=_open,
        ),
        Operation(
            name="align",
            summary="Find how the frames lie on one another, for the frames of other lights",
            recipe=AlignRecipe,
            inputs=(_CAPTURE,),
            outputs=(_ALIGNMENT,),
            run=_align,
        ),
        Operation(
            name="plan",
            summary="Plan a stack: depth of field, step, number of frames, resolution",
            recipe=PlanRecipe,
            inputs=(),
            outputs=(
                Output("plan", Kind.TABLE, "plan.csv", "Each quantity with its unit, formula and meaning"),
            ),
            run=_plan,
            answers=True,
        ),
    ),
    varies=("focus",),
)
