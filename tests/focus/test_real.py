"""A real stack: seven frames of a circuit board whose lens breathes by 3.6 %."""

import numpy as np
import pytest

from vestige.capture import capture_of
from vestige.contract import Context, Inputs
from vestige.focus import StackRecipe
from vestige.focus.pipeline import run
from vestige.imaging import probe, read_image
from vestige.quality import sharpness_map


@pytest.mark.real
def test_circuit_board(real_data, tmp_path):
    capture = capture_of(sorted((real_data / "focus" / "pcb7").glob("*.jpg")))
    with Context(tmp_path) as context:
        outcome = run(Inputs({"capture": [capture]}), StackRecipe(proxy=1024), context)
        given, info = probe(capture.path(capture.frames[3])), probe(context.output / "image.tif")
        fused, depth = read_image(context.output / "image.tif"), read_image(context.output / "depth.tif")
    assert info.shape == given.shape
    assert (info.dtype, info.exif.get("Model")) == ("uint8", given.exif.get("Model"))
    scales = [row["scale"] for row in outcome.frames]
    assert scales == sorted(scales, reverse=True)
    # The data's own description: 0.980, 0.990, 0.994, 1, 1.007, 1.013, 1.017, the other way round.
    assert np.allclose(scales, 1 / np.array([0.980, 0.990, 0.994, 1, 1.007, 1.013, 1.017]), atol=0.003)
    for frame in capture.frames:
        single = read_image(capture.path(frame))
        assert np.mean(sharpness_map(fused)) > 1.2 * np.mean(sharpness_map(single))
    # The board recedes from the lower edge upwards.
    near, far = depth[1100:1300, 400:1100], depth[100:400, 600:1100]
    assert np.median(near) + 3 < np.median(far)
