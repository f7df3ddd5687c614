"""Making a capture with a technique's forward model, whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

from vestige.capture import Capture, load_manifest
from vestige.capture.durable import publish_folder
from vestige.contract.operation import Technique
from vestige.contract.recipe import Recipe
from vestige.contract.staging import alone, output_place
from vestige.errors import OutputError


def simulate(
    technique: Technique, out: str | Path, recipe: Recipe | None = None, *, seed: int = 0
) -> Capture:
    """Write a simulated capture to `out`: frames, ``capture.json``, and the truth beneath ``truth/``.

    Raises
    ------
    OutputError
        where `out` exists and is not empty, or cannot be written.

    >>> from vestige.contract.registry import technique
    >>> simulate(technique("focus"), "/dev/null")
    Traceback (most recent call last):
    ...
    vestige.errors.OutputError: /dev/null is a file: name a folder for the products
    """
    place = output_place(out)
    if place.exists() and any(place.iterdir()):
        raise OutputError(f"{out} is not empty: name a new folder for the capture")
    with alone(place) as work:
        _make(technique, recipe or technique.forward.recipe(), seed, work / "capture", place)
    return load_manifest(Path(out) / "capture.json")


def _make(technique: Technique, recipe: Recipe, seed: int, staged: Path, place: Path) -> None:
    try:
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        technique.forward.make(recipe, staged, seed)
        publish_folder(staged, place)
    except OSError as error:
        raise OutputError(
            f"{place} cannot be written ({error.strerror or error}): choose another folder"
        ) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
