"""Lights from reflective spheres, against the forward model's own."""

import json

import numpy as np
import pytest

from vestige import relight
from vestige.capture import Capture
from vestige.errors import InputError, UsageError
from vestige.relight import Sphere
from vestige.relight.directions import find_directions
from vestige.relight.frames import choose_frames, open_frames
from vestige.relight.recipe import RelightRecipe


@pytest.fixture(scope="module")
def truth(ball_coin):
    lights = relight.read_lights(ball_coin.root / "truth" / "lights.lp").directions
    circles = json.loads((ball_coin.root / "truth" / "truth.json").read_text())["spheres_px"]
    return lights, circles


def find(capture, **settings):
    recipe = RelightRecipe(**settings)
    frames = choose_frames(capture, "*")
    stack, _ = open_frames(capture, frames, recipe)
    with stack:
        return find_directions(capture, frames, stack, recipe)


def test_spheres_are_found_and_tell_the_lights(ball_coin, truth, angles):
    found = find(ball_coin)
    assert found.source == "spheres"
    assert len(found.spheres) == 2
    for sphere in found.spheres:
        assert min(np.hypot(sphere.x - x, sphere.y - y) for x, y, _ in truth[1]) < 0.15
        assert abs(sphere.radius - truth[1][0][2]) < 0.35
    assert angles(found.lights, truth[0]).mean() < 0.5
    assert not found.warnings


def test_spheres_given_by_hand(ball_coin, truth, angles):
    found = find(ball_coin, spheres=truth[1][:1])
    assert angles(found.lights, truth[0]).mean() < 0.5


def test_a_wrong_circle_is_a_wrong_light(ball_coin, truth, angles):
    x, y, radius = truth[1][0]
    found = find(ball_coin, spheres=[[x + 0.08 * radius, y, radius]])
    assert 3 < angles(found.lights, truth[0]).mean() < 15


def test_disagreeing_spheres_are_told(ball_coin, truth):
    (x, y, radius), other = truth[1]
    found = find(ball_coin, spheres=[[x + 0.2 * radius, y, radius], other])
    assert "disagree" in found.warnings[0]


def test_no_sphere_is_a_sentence(coin):
    bare = Capture(frames=[f.model_copy(update={"coordinates": {}}) for f in coin.frames]).at(coin.root)
    bare.settings["encoding"] = "linear"
    with pytest.raises(InputError, match="no reflective sphere"):
        find(bare, light_source="spheres")


def test_a_sphere_outside_is_a_sentence(ball_coin):
    with pytest.raises(InputError, match="outside"):
        find(ball_coin, spheres=[[9000, 50, 20]])


@pytest.mark.parametrize("sphere", [[1, 2], [1, 2, 0], [1, 2, 3, 4]])
def test_a_sphere_is_three_numbers(ball_coin, sphere):
    with pytest.raises(UsageError, match="radius"):
        find(ball_coin, spheres=[sphere])


def test_mirror_direction():
    # The mirror image of a lamp at 60 degrees from the view lies half as far over: sin 30 degrees out.
    frame = np.zeros((101, 101))
    frame[50, 50 + 20] = 1.0
    light = relight.lights_from_spheres([frame], [Sphere(50, 50, 40)])[0]
    assert np.allclose(light, [np.sin(np.pi / 3), 0, np.cos(np.pi / 3)], atol=1e-6)


def test_without_highlight_there_is_no_light():
    lights = relight.lights_from_spheres([np.zeros((50, 50))], [Sphere(25, 25, 20)])
    assert np.isnan(lights).all()
    with pytest.raises(UsageError, match="one sphere"):
        relight.lights_from_spheres([np.zeros((5, 5))], [])
