"""Light times focus in the forward model: one camera, several lamps."""

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.focus.recipe import SceneRecipe
from vestige.focus.simulate import lamps, make
from vestige.imaging import read_image

RECIPE = SceneRecipe(scene="coin", height=96, frames=2, lights=4, exposure=0, read_noise=0, full_well=1e6)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    return make(RECIPE, tmp_path_factory.mktemp("lit"), 3)


def test_each_lamp_has_a_stack_of_its_own(capture):
    assert capture.axes() == ["focus", "light"]
    assert len(capture.frames) == 8
    assert len({tuple(frame.coordinates["light"].value) for frame in capture.frames}) == 4


def test_lamps_are_unit_vectors_above_the_object():
    found = lamps(9)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(9))
    assert found[:, 2].min() > 0.5


def test_opposite_lamps_light_opposite_slopes(capture):
    """What faces a lamp is bright under it and dark under the one across."""
    shown = {
        tuple(np.sign(np.round(frame.coordinates["light"].value[:2], 3))): read_image(capture.path(frame))
        for frame in capture.frames[1::2]
    }
    east, west = (shown[side].mean(axis=2) for side in ((1, 0), (-1, 0)))
    depth = read_image(capture.root / "truth" / "depth.tif", encoding="linear")
    slope = np.gradient(depth, axis=1)
    falls = slope[30:66, 46:82]
    difference = (east - west)[30:66, 46:82]
    assert np.corrcoef(falls.ravel(), difference.ravel())[0, 1] > 0.6


@pytest.mark.parametrize(
    "values", [{"scene": "beetle", "lights": 3}, {"scene": "coin", "motion": "slider", "lights": 3}]
)
def test_lamps_that_make_no_sense(values):
    with pytest.raises(UsageError, match="lights"):
        SceneRecipe.make(values=values)
