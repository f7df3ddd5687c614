"""Fitting and relighting."""

import numpy as np
import pytest

from vestige import relight
from vestige.errors import UsageError
from vestige.imaging import srgb_from_linear
from vestige.relight import Planes


@pytest.fixture(scope="module")
def shown(stack):
    return srgb_from_linear(stack)


def test_a_matt_plane_is_exact(hemisphere):
    # Lambert's law on a level surface is linear in z, which the harmonics hold exactly.
    lights = hemisphere(30)
    frames = np.ones((30, 2, 3, 3)) * lights[:, 2, None, None, None]
    planes = relight.hemispherical_harmonics(frames, lights)
    for light in hemisphere(5, seed=1):
        assert np.allclose(relight.relight(planes, light), light[2], atol=1e-4)


def test_constant_pictures_stay_constant(hemisphere):
    lights = hemisphere(20)
    frames = np.full((20, 3, 2, 3), 0.4)
    for fitted in (
        relight.polynomial_texture_map(frames, lights),
        relight.hemispherical_harmonics(frames, lights),
    ):
        assert np.allclose(relight.relight(fitted, (0.2, -0.5, 0.7)), 0.4, atol=1e-4)


def test_left_out_lights_are_shown_better_than_by_the_nearest_frame(shown, lights, psnr):
    left = np.arange(len(lights)) % 4 == 1
    fits = {
        "ptm": relight.polynomial_texture_map(shown[~left], lights[~left]),
        "hsh": relight.hemispherical_harmonics(shown[~left], lights[~left]),
    }
    found = {name: [] for name in (*fits, "nearest")}
    for frame, light in zip(shown[left], lights[left], strict=True):
        for name, planes in fits.items():
            found[name].append(psnr(np.clip(relight.relight(planes, light), 0, 1), frame))
        nearest = int(np.argmax(lights[~left] @ light))
        found["nearest"].append(psnr(shown[~left][nearest], frame))
    mean = {name: np.mean(values) for name, values in found.items()}
    assert mean["ptm"] > mean["nearest"] + 3
    assert mean["hsh"] > 24


def test_one_colour_a_pixel_costs_little(shown, lights, psnr):
    full = relight.polynomial_texture_map(shown, lights)
    small = relight.polynomial_texture_map(shown, lights, colours="lrgb")
    assert (len(full.values), len(small.values), small.terms) == (18, 9, 6)
    light = lights[5]
    assert psnr(relight.relight(small, light), relight.relight(full, light)) > 33


def test_length_of_the_light_does_not_matter():
    planes = Planes(np.random.default_rng(0).random((27, 4, 4), np.float32), "hsh")
    assert np.allclose(relight.relight(planes, (0, 1, 1)), relight.relight(planes, (0, 9, 9)), atol=1e-5)


@pytest.mark.parametrize("light", [(0, 0, 0), (1, 0, 0), (0, 0, -1), (0, 1), (float("nan"), 0, 1)])
def test_a_light_from_nowhere_is_refused(light):
    with pytest.raises(UsageError, match="z > 0"):
        relight.relight(Planes(np.zeros((18, 1, 1), np.float32), "ptm"), light)


def test_frames_and_lights_must_match(hemisphere):
    with pytest.raises(UsageError, match="one a light"):
        relight.polynomial_texture_map(np.zeros((5, 2, 2, 3)), hemisphere(6))
    with pytest.raises(UsageError, match="one a light"):
        relight.hemispherical_harmonics(np.zeros((6, 2, 2)), hemisphere(6))
