"""Looking at a volume: each frame with its pages drawn in, following the recipe."""

import numpy as np
import pytest

from vestige.contract import Context, Inputs
from vestige.contract.registry import technique
from vestige.errors import UsageError
from vestige.pages.recipe import PagesRecipe, SceneRecipe
from vestige.pages.simulate import make


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("volume")
    capture = make(SceneRecipe(width=400, spreads=1, singles=1), folder, 0)
    opened = technique("pages").operation("run").open(Inputs({"capture": [capture]}), Context())
    yield opened
    opened.close()


def test_each_frame_has_its_picture(session):
    first, second = (session.render(PagesRecipe(), None, 300, frame) for frame in (0, 1))
    assert first.dtype == second.dtype == np.uint8
    assert max(first.shape) == max(second.shape) == 300
    assert first.shape != second.shape or np.abs(first.astype(int) - second).mean() > 1


def test_the_fold_follows_the_recipe(session):
    shown = [
        session.render(PagesRecipe(split="always", fold=(place, place)), None, 400, 1).astype(int)
        for place in (0.45, 0.55)
    ]
    assert np.abs(shown[0] - shown[1]).max() > 100


def test_a_region_is_part_of_the_frame(session):
    part = session.render(PagesRecipe(), (10, 10, 100, 50), 80, 0)
    assert max(part.shape[:2]) <= 80
    with pytest.raises(UsageError, match="outside the frame"):
        session.render(PagesRecipe(), (0, 0, 10**6, 10), 80, 0)
    with pytest.raises(UsageError, match="no frame 9"):
        session.render(PagesRecipe(), None, 80, 9)
