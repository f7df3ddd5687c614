"""Which frame is which band, as a person would expect it."""

import numpy as np
import pytest

from vestige.capture import infer_capture
from vestige.errors import InputError, UsageError
from vestige.imaging import write_image
from vestige.spectral import SpectralRecipe, find_bands


@pytest.fixture
def folder(tmp_path):
    grey, red = np.full((8, 8), 0.3, np.float32), np.full((8, 8, 3), 0.2, np.float32)
    red[..., 0] = 0.8
    for name in ("leaf_450nm.png", "leaf_940nm.png", "flat_450nm.png", "dark.png", "board.png"):
        write_image(tmp_path / name, grey, depth=8)
    write_image(tmp_path / "photo.png", red, depth=8)
    write_image(tmp_path / "leaf_ir.png", np.repeat(grey[..., None], 3, axis=2), depth=8)
    return tmp_path


def test_names_give_wavelengths_and_references(folder):
    sources = find_bands(infer_capture(folder), SpectralRecipe(frames="leaf_*nm*"))
    assert [source.wavelength for source in sources] == [450, 940]
    assert [frame.file for frame in sources[0].flats] == ["flat_450nm.png"]
    assert sources[1].flats == ()
    assert [frame.file for frame in sources[1].darks] == ["dark.png"]


def test_photograph_and_infrared(folder):
    warnings = []
    sources = find_bands(infer_capture(folder), SpectralRecipe(frames="photo*, *ir*"), warnings.append)
    assert [band.label for band in sources[0].bands] == ["red 610 nm", "green 540 nm", "blue 465 nm"]
    assert sources[1].wavelength == 940
    assert "leaf_ir.png is taken as infrared at 940 nm" in warnings[0]


def test_recipe_names_wavelengths_by_pattern(folder):
    recipe = SpectralRecipe(frames="photo*,board*", wavelengths={"BOARD*": 1050})
    assert [source.wavelength for source in find_bands(infer_capture(folder), recipe)] == [540, 1050]


def test_grey_frame_without_wavelength_says_how_to_name_it(folder):
    with pytest.raises(InputError, match=r"board\.png does not say its wavelength.*wavelengths="):
        find_bands(infer_capture(folder), SpectralRecipe())


def test_one_band_is_not_enough(folder):
    with pytest.raises(InputError, match="is one band; expected two or more"):
        find_bands(infer_capture(folder), SpectralRecipe(frames="leaf_450nm.png"))


def test_fluorescence_is_not_reflected(folder):
    (folder / "coordinates.csv").write_text("file,illumination\nleaf_450nm.png,fluorescence\n")
    sources = find_bands(infer_capture(folder), SpectralRecipe(frames="leaf_*nm*"))
    assert sources[0].bands[0].label == "450 nm fluorescence"
    assert not sources[0].bands[0].reflected


@pytest.mark.parametrize("text", ['wavelengths={"a": -3}', "wavelengths=940", "illuminant=A", "components=0"])
def test_recipe_out_of_bounds(text):
    with pytest.raises(UsageError):
        SpectralRecipe.make(settings=[text])
