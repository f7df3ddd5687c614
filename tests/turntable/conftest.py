"""What the tests of the turntable share: small captures of the forward model."""

from pathlib import Path

import numpy as np
import pytest

from vestige.capture import Capture
from vestige.turntable.recipe import SceneRecipe
from vestige.turntable.simulate import make
from vestige.turntable.surfaces import Surface

SMALL = {"views": 12, "width": 180, "height": 200, "truth_mm": 1.0}


def photographed(folder: Path, **changes: object) -> Capture:
    """A small capture in a new folder."""
    folder.mkdir(parents=True)
    return make(SceneRecipe.make(values={**SMALL, **changes}), folder, 5)


def truth_of(capture: Capture) -> Surface:
    """The true surface of a simulated capture."""
    stored = np.load(capture.root / "truth" / "surface.npz")
    return Surface(stored["vertices"], stored["faces"])


@pytest.fixture(scope="session")
def jug_capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """The jug, with clean plates."""
    return photographed(tmp_path_factory.mktemp("turntable") / "jug")


@pytest.fixture(scope="session")
def figurine_capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """The figurine before a dark backdrop, without clean plates."""
    return photographed(
        tmp_path_factory.mktemp("turntable") / "figurine", thing="figurine", plate=False, backdrop=0.01
    )
