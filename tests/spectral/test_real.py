"""Two real pairs of photographs, visible and infrared, of different size and contrast."""

import numpy as np
import pytest
import tifffile

from vestige.capture import infer_capture
from vestige.contract import Context, Inputs
from vestige.imaging import probe, read_image
from vestige.spectral import SpectralRecipe
from vestige.spectral.pipeline import run

PAIRS = {
    "a001": ("a001_vis_image.jpg", {}, 1.143),
    "a002": ("a002_palette.jpg", {"*_TL.jpg": 940.0}, 2.058),
}


@pytest.mark.real
@pytest.mark.parametrize("name", PAIRS)
def test_visible_and_infrared(name, real_data, tmp_path):
    photograph, wavelengths, scale = PAIRS[name]
    folder = real_data / "spectral" / "vis_ir_pairs"
    recipe = SpectralRecipe(frames=f"{name}*", wavelengths=wavelengths)
    with Context(tmp_path) as context:
        outcome = run(Inputs({"capture": [infer_capture(folder)]}), recipe, context)
        bands = tifffile.imread(context.output / "bands.tif")
        colour = read_image(context.output / "colour.tif")
    info = probe(folder / photograph)
    assert bands.shape == (4, info.height, info.width)
    assert outcome.products[0].about["wavelengths"] == [465, 540, 610, 940]
    infrared = outcome.frames[1]
    assert infrared["scale"] == pytest.approx(scale, rel=0.005)
    assert infrared["residual_px"] < 0.5
    assert np.abs(colour - read_image(folder / photograph)).mean() < 0.001
    assert np.isfinite(bands[3]).mean() > 0.95
