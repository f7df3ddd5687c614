"""A book photographed by the forward model, once for all tests of pages."""

import json
from dataclasses import dataclass

import pytest

from vestige.capture import Capture
from vestige.contract.simulate import simulate
from vestige.imaging import read_image
from vestige.pages import SceneRecipe
from vestige.pages.technique import technique


@dataclass(frozen=True)
class Book:
    capture: Capture
    truth: dict

    def image(self, number):
        return read_image(self.capture.path(self.capture.frames[number]))


@pytest.fixture(scope="session")
def book(tmp_path_factory) -> Book:
    """A title page and a double page."""
    folder = tmp_path_factory.mktemp("pages") / "book"
    capture = simulate(technique, folder, SceneRecipe(spreads=1, width=1500), seed=5)
    truth = json.loads((folder / "truth" / "truth.json").read_text(encoding="utf-8"))
    return Book(capture, {frame["file"]: frame for frame in truth["frames"]})
