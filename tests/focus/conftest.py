"""One simulated stack that the tests of focus stacking share."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from vestige.capture import Capture
from vestige.focus import SceneRecipe
from vestige.focus.simulate import make
from vestige.imaging import read_image, srgb_from_linear


@dataclass(frozen=True)
class Scene:
    """A simulated capture and its truth."""

    capture: Capture
    image: np.ndarray
    depth: np.ndarray
    matrices: list[np.ndarray]
    gains: list[float]
    focus: list[float]
    step: float

    @property
    def paths(self) -> list[Path]:
        return [self.capture.path(frame) for frame in self.capture.frames]


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("chafer")
    capture = make(SceneRecipe(height=360, frames=10), folder, 7)
    record = json.loads((folder / "truth" / "frames.json").read_text())
    return Scene(
        capture,
        read_image(folder / "truth" / "image.tif"),
        read_image(folder / "truth" / "depth.tif"),
        [np.array(frame["matrix"]) for frame in record["frames"]],
        [frame["gain"] for frame in record["frames"]],
        [frame["focus_mm"] for frame in record["frames"]],
        record["step_mm"],
    )


@pytest.fixture(scope="session")
def psnr() -> Callable[[np.ndarray, np.ndarray], float]:
    """Peak signal to noise ratio of linear pictures, compared as people see them (sRGB), in dB."""

    def measure(image: np.ndarray, truth: np.ndarray) -> float:
        difference = srgb_from_linear(np.clip(image, 0, 1)) - srgb_from_linear(truth)
        return float(-10 * np.log10(np.mean(difference**2)))

    return measure
