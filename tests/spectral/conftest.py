"""One simulated leaf, its truth, and what a run made of it."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from vestige.capture import Capture
from vestige.contract import Context, Inputs, Outcome
from vestige.imaging import read_image
from vestige.spectral import SceneRecipe, SpectralRecipe
from vestige.spectral.pipeline import run
from vestige.spectral.simulate import make


@dataclass(frozen=True)
class Leaf:
    """A simulated capture with the truth as its reference band shows it."""

    capture: Capture
    lamps: list[float]
    warps: dict[float, np.ndarray]

    def truth(self, name: str, reference: float) -> np.ndarray:
        """A plane of the truth, laid as the reference band lies."""
        plane = read_image(self.capture.root / "truth" / f"{name}.tif")
        back = np.linalg.inv(self.warps[reference])
        return cv2.warpPerspective(
            plane, back, plane.shape[1::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        )


@dataclass(frozen=True)
class Made:
    """Products of a run."""

    outcome: Outcome
    folder: Path
    warnings: list[str]

    def planes(self, name: str) -> np.ndarray:
        return tifffile.imread(self.folder / name)


@pytest.fixture(scope="session")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> Leaf:
    folder = tmp_path_factory.mktemp("leaf")
    scene = SceneRecipe(height=320)
    capture = make(scene, folder, 7)
    warps = json.loads((folder / "truth" / "warps.json").read_text())
    return Leaf(capture, scene.lamps, {float(nm): np.array(matrix) for nm, matrix in warps.items()})


@pytest.fixture(scope="session")
def made(leaf: Leaf, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    context = Context(folder / "work", folder / "out")
    outcome = run(Inputs({"capture": [leaf.capture]}), SpectralRecipe(components=12), context)
    return Made(outcome, folder / "out", context.warnings)
