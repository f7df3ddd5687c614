"""The forward model against the laws it stands for."""

import json

import numpy as np
import pytest

from vestige.capture import check
from vestige.imaging import read_image
from vestige.relight.recipe import SceneRecipe
from vestige.relight.scene import Relief
from vestige.relight.simulate import dome, make, render, shadow


@pytest.fixture
def level():
    """A level white card."""
    flat = np.zeros((20, 20))
    return Relief(flat, np.full((20, 20, 3), 1.0), flat), np.dstack([flat, flat, flat + 1])


def test_lambert_on_a_level_card(level):
    relief, normals = level
    scene = SceneRecipe(size=48, ambient=0)
    for elevation in (15, 45, 80):
        up = np.radians(elevation)
        lamp = np.array([0, np.cos(up), np.sin(up)])
        assert np.allclose(render(relief, relief.height, normals, lamp, scene), 0.9 * np.sin(up))


@pytest.mark.parametrize("elevation", [20, 45, 70])
def test_a_wall_throws_a_shadow_as_long_as_geometry_says(elevation):
    field = np.zeros((5, 200))
    field[:, 150:153] = 20.0
    up = np.radians(elevation)
    seen = shadow(field, np.array([np.cos(up), 0, np.sin(up)]))[2, :150]
    length = 20.0 / np.tan(up)
    assert abs((seen < 0.5).sum() - length) < 2.5


def test_no_shadow_under_a_lamp_overhead():
    field = np.random.default_rng(0).random((9, 9)) * 30
    assert np.array_equal(shadow(field, np.array([0.0, 0.0, 1.0])), np.ones((9, 9)))


@pytest.mark.parametrize(("count", "rings"), [(1, 1), (1, 3), (2, 3), (8, 1), (24, 3), (49, 5)])
def test_a_dome_has_the_lamps_asked_for(count, rings):
    lamps = dome(count, rings, 20.0, np.random.default_rng(0))
    assert lamps.shape == (count, 3)
    assert np.allclose(np.linalg.norm(lamps, axis=1), 1)
    assert (lamps[:, 2] > np.sin(np.radians(15))).all()


def test_truth_lies_beside_the_frames(coin, stored):
    assert check(coin) == []
    unit = stored(coin.root / "truth" / "normals.tif").astype(float) / 32767.5 - 1
    assert np.allclose(np.linalg.norm(unit, axis=2), 1, atol=1e-4)
    height = read_image(coin.root / "truth" / "height.tif")
    down, right = np.gradient(height / coin.settings["pixel_mm"])
    assert np.allclose(-unit[..., 0] / unit[..., 2], right, atol=2e-3)
    assert np.allclose(unit[..., 1] / unit[..., 2], down, atol=2e-3)
    assert json.loads((coin.root / "truth" / "truth.json").read_text())["exposure"] == 0.9


def test_truth_explains_the_frames(coin, stack, lights, stored):
    """Where nothing casts shadow or shines, frames are exposure x albedo x (n . l + ambient)."""
    unit = stored(coin.root / "truth" / "normals.tif").astype(float) / 32767.5 - 1
    albedo = read_image(coin.root / "truth" / "albedo.tif")
    high = int(lights[:, 2].argmax())
    expected = 0.9 * albedo * (np.clip(unit @ lights[high], 0, None) + 0.004)[..., None]
    linen = np.hypot(*(np.mgrid[:200, :200] - 99.5)) > 98
    assert np.median(np.abs(stack[high] - expected)[linen]) < 0.004


def test_the_tablet_is_another_thing(tmp_path):
    capture = make(SceneRecipe(size=64, lights=3, rings=1, thing="tablet"), tmp_path, 0)
    assert capture.thing.title == "Clay tablet"
    assert (tmp_path / "lights.lp").exists()
