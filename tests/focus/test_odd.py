"""Odd frames through the whole operation: tiny, thin, grey, without texture."""

import cv2
import numpy as np
import pytest

from vestige.capture import Capture, Frame
from vestige.contract import Context
from vestige.contract.runner import execute
from vestige.focus import stack
from vestige.focus.frames import ArrayFrame
from vestige.focus.recipe import Patch, StackRecipe
from vestige.focus.spool import spool
from vestige.focus.technique import technique
from vestige.focus.work import Work
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


@pytest.mark.parametrize("levels", [1, 2])
def test_few_levels_of_frames_that_moved(levels):
    """Coverage has the size of the level it is for: one that is smaller was read beyond its end."""
    random = np.random.default_rng(1)
    wide = cv2.GaussianBlur(random.random((110, 150, 3), np.float32), (0, 0), 1.5)
    frames = [wide[4 * n : 96 + 4 * n, 6 * n : 128 + 6 * n] for n in range(3)]
    result = stack(frames, recipe=StackRecipe(levels=levels), depth=False)
    assert np.abs(result.image - frames[1])[12:-12, 12:-12].max() < 0.01
    work = Work(Context(), held=True)
    moved = spool(ArrayFrame("0", frames[0]), result.warps[0], work, "0", working_bytes=1 << 24)
    assert moved.coarse_coverage(levels).shape == (-(-96 // 2**levels), -(-128 // 2**levels))
