"""Odd frames through the whole operation: tiny, thin, grey, without texture."""

import numpy as np
import pytest

from vestige.capture import Capture, Frame
from vestige.contract.runner import execute
from vestige.focus.recipe import Patch, StackRecipe
from vestige.focus.technique import technique
from vestige.imaging import probe, write_image


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (9, 400, 3), (17, 9), (40, 41, 3)])
@pytest.mark.parametrize("textured", [True, False])
def test_odd_frames_give_every_product(tmp_path, shape, textured):
    random = np.random.default_rng(0)
    frames = []
    for number in range(3):
        pixels = random.random(shape, np.float32) if textured else np.full(shape, 0.4, np.float32)
        write_image(tmp_path / f"{number}.tif", pixels, depth=8)
        frames.append(Frame(file=f"{number}.tif"))
    retouch = [Patch(frame="2.tif", points=[(0, 0)], radius=3)]
    recipe = StackRecipe(align=False, slabs=2, retouch=retouch)
    report = execute(
        technique, "run", {"capture": [Capture(frames=frames).at(tmp_path)]}, recipe, tmp_path / "out"
    )
    made = {product.name for product in report.products}
    assert made >= {"image", "depth", "confidence", "alignment", "slabs"}
    assert ("surface" in made) == (min(shape[:2]) >= 8)
    assert probe(tmp_path / "out" / "slabs" / "slab_1.tif").shape == shape
