"""Dark, flat, white: the arithmetic, and references that do not fit."""

import numpy as np
import pytest

from vestige.capture import Capture, Frame, coordinates
from vestige.errors import InputError, UsageError
from vestige.imaging import write_image
from vestige.spectral import Band, CalibratedFrame, Source, SpectralRecipe, reflectance

BAND = (Band("550 nm", 550.0, 20.0),)


def _write(folder, name, pixels):
    write_image(folder / name, np.asarray(pixels, np.float32), depth=32)


def test_flat_field_is_exact_without_noise():
    random = np.random.default_rng(0)
    truth, light = random.uniform(0.05, 0.9, (40, 50)), random.uniform(0.3, 0.9, (40, 50))
    dark = random.uniform(0.0, 0.02, (40, 50))
    found = reflectance(truth * light + dark, dark=dark, flat=0.8 * light + dark, scale=0.8)
    assert np.allclose(found, truth, atol=1e-5)


def test_reflectance_does_not_depend_on_the_lamp():
    raw, flat = np.full((4, 4), 0.2), np.full((4, 4), 0.5)
    assert np.allclose(reflectance(raw, flat=flat), reflectance(raw / 2, flat=flat / 2))


def test_blown_out_and_unlit_pixels_are_unknown():
    flat = np.ones((4, 4))
    flat[0, 0] = 0.001
    raw = np.full((4, 4), 0.4)
    raw[1, 1] = 1.0
    found = reflectance(raw, flat=flat, saturation=0.99)
    assert np.isnan(found).sum() == 2
    assert np.isnan(found[[0, 1], [0, 1]]).all()


def test_white_standard_gives_the_scale(tmp_path):
    _write(tmp_path, "a.tif", np.full((20, 30), 0.2))
    _write(tmp_path, "flat.tif", np.full((20, 30), 0.4))
    white = np.full((20, 30), 0.4)
    white[4:8, 6:12] = 0.5
    _write(tmp_path, "white.tif", white)
    settings = {"region": [6, 4, 6, 4], "reflectance": 1.0}
    source = Source(
        Frame(file="a.tif"),
        BAND,
        (),
        (Frame(file="flat.tif"),),
        (Frame(file="white.tif", settings=settings),),
    )
    with CalibratedFrame(Capture().at(tmp_path), source, SpectralRecipe()) as frame:
        assert frame.scale == pytest.approx(0.8)
        assert np.allclose(frame.read(slice(0, 20)), 0.4)
        assert np.allclose(frame.proxy(10), 0.4)


def test_exposures_may_differ(tmp_path):
    _write(tmp_path, "a.tif", np.full((8, 8), 0.4))
    _write(tmp_path, "flat.tif", np.full((8, 8), 0.4))
    frames = [Frame(file=name, settings={"exposure_s": s}) for name, s in (("a.tif", 0.2), ("flat.tif", 0.1))]
    source = Source(frames[0], BAND, (), (frames[1],))
    with CalibratedFrame(Capture().at(tmp_path), source, SpectralRecipe(flat_reflectance=1.0)) as frame:
        assert np.allclose(frame.read(slice(0, 8)), 0.5)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"region": [0, 0, 99, 1]}, "white.tif has the region"),
        ({"region": "middle"}, "white.tif has the region"),
        ({"region": [0, 0, 4, 4]}, "shows no white standard"),
        ({"reflectance": 7}, "has the reflectance 7"),
        ({"exposure_s": -1}, "has the exposure_s -1"),
    ],
)
def test_wrong_words_about_the_white_are_one_sentence(tmp_path, settings, sentence):
    _write(tmp_path, "a.tif", np.full((20, 20), 0.2))
    _write(tmp_path, "flat.tif", np.full((20, 20), 0.4))
    white = np.full((20, 20), 0.4)
    white[:5, :5] = 0.0
    _write(tmp_path, "white.tif", white)
    source = Source(
        Frame(file="a.tif"),
        BAND,
        (),
        (Frame(file="flat.tif"),),
        (Frame(file="white.tif", settings=settings),),
    )
    with pytest.raises(InputError, match=sentence):
        CalibratedFrame(Capture().at(tmp_path), source, SpectralRecipe())


def test_flat_of_another_size_names_itself(tmp_path):
    _write(tmp_path, "a.tif", np.full((20, 20), 0.2))
    _write(tmp_path, "flat.tif", np.full((10, 20), 0.4))
    source = Source(Frame(file="a.tif"), BAND, (), (Frame(file="flat.tif"),))
    with pytest.raises(InputError, match=r"flat\.tif is 20 x 10 pixels"):
        CalibratedFrame(Capture().at(tmp_path), source, SpectralRecipe())


@pytest.mark.parametrize("settings", [{"encoding": "gamma"}, {"white_level": 0}, {"white_level": "high"}])
def test_settings_that_are_no_encoding(tmp_path, settings):
    _write(tmp_path, "a.tif", np.full((20, 20), 0.2))
    frame = Frame(file="a.tif", coordinates=coordinates(wavelength=550))
    with pytest.raises(UsageError, match="settings"):
        CalibratedFrame(Capture(settings=settings).at(tmp_path), Source(frame, BAND), SpectralRecipe())
