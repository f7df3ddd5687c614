"""The toy technique: some twenty statements give command, form, job payload, viewer, provenance, manual."""

from pathlib import Path

import numpy as np

from vestige.capture import Capture, Frame, coordinates, save
from vestige.contract import (
    ForwardModel,
    Input,
    Kind,
    Operation,
    Outcome,
    Output,
    Picture,
    Product,
    Recipe,
    Technique,
    setting,
)
from vestige.imaging import read_image, write_image


class Brighten(Recipe):
    presets = {"strong": {"gain": 2.0}}
    gain: float = setting(1.5, "How much brighter", unit="times", gt=0, le=10)


class Scene(Recipe):
    size: int = setting(48, "Width and height", unit="px", ge=8, le=4096)


def run(inputs, recipe, context):
    frames = inputs.capture().sorted_by("page")
    pixels = context.map("read", lambda frame: read_image(inputs.capture().path(frame)), frames)
    mean = np.clip(np.mean(pixels, axis=0) * recipe.gain, 0, 1).astype(np.float32)
    write_image(context.output / "image.tif", mean, depth=8)
    shown = (mean * 255).astype(np.uint8)
    product = Product("image", Kind.IMAGE, Path("image.tif"))
    return Outcome([product], {"mean": float(mean.mean())}, [Picture("Brightened", shown)])


def make(recipe, folder, seed):
    chance = np.random.default_rng(seed)
    (folder / "truth").mkdir()
    for number in range(4):
        write_image(
            folder / f"{number}.tif", chance.random((recipe.size, recipe.size, 3)).astype(np.float32), depth=8
        )
    (folder / "truth" / "gain.txt").write_text("1")
    frames = [Frame(file=f"{number}.tif", coordinates=coordinates(page=number + 1.0)) for number in range(4)]
    save(Capture(frames=frames).at(folder), folder)
    return Capture(frames=frames).at(folder)


toy = Technique(
    "toy",
    "Toy",
    "Shows that twenty lines are enough",
    ForwardModel(Scene, make),
    (
        Operation(
            "run",
            "Mean of all frames, brighter",
            Brighten,
            (Input(),),
            (Output("image", Kind.IMAGE, "image.tif"),),
            run,
        ),
    ),
)
