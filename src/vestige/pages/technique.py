"""What page capture registers; nothing heavy is imported until it runs."""

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
from vestige.pages.recipe import PagesRecipe, SceneRecipe


def _run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    from vestige.pages.pipeline import run

    return run(inputs, recipe, context)


def _open(inputs: Inputs, context: Context) -> Session:
    from vestige.pages.session import open_session

    return open_session(inputs)


def _make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    from vestige.pages.simulate import make

    return make(recipe, folder, seed)


technique = Technique(
    name="pages",
    title="Pages and text",
    summary="Double pages to single pages, cropped and upright, with text and a searchable PDF",
    forward=ForwardModel(
        SceneRecipe, _make, "A book on a table under a camera: its title page, then double pages"
    ),
    operations=(
        Operation(
            name="run",
            summary="Find the fold, cut out each page, set it upright, and read it",
            recipe=PagesRecipe,
            inputs=(
                Input(
                    "capture", help="A folder of frames in the order of the book, or the frames themselves"
                ),
            ),
            outputs=(
                Output("pages", Kind.PAGE, "pages", "Single pages in reading order: pages/NNNN.tif"),
                Output(
                    "text",
                    Kind.TEXT,
                    "text",
                    "The words of each page with their boxes: text/NNNN.xml (ALTO)",
                    True,
                ),
                Output("volume", Kind.TEXT, "volume.pdf", "All pages as one searchable document"),
                Output("table", Kind.TABLE, "volume.json", "Fold, angle, box and words of each page"),
            ),
            run=_run,
            open=_open,
        ),
    ),
    varies=("page", "side"),
)
