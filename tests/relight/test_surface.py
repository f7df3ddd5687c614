"""Normals, albedo and height against surfaces known in closed form."""

import numpy as np
import pytest

from vestige import relight
from vestige.errors import InputError, UsageError
from vestige.relight.height import integrate

SIDE = 64


@pytest.fixture(scope="module")
def ball():
    """Normals of a shallow ball, (64, 64, 3)."""
    x, y = np.meshgrid(np.linspace(-0.6, 0.6, SIDE), -np.linspace(-0.6, 0.6, SIDE))
    return np.stack([x, y, np.sqrt(1 - x * x - y * y)], axis=2)


@pytest.fixture(scope="module")
def high_lights():
    ring = np.arange(8) * np.pi / 4
    return np.stack([0.4 * np.cos(ring), 0.4 * np.sin(ring), np.full(8, 0.84**0.5)], axis=1)


def test_matt_surface_without_shadow_is_exact(ball, high_lights, angles):
    colour = np.array([0.7, 0.5, 0.2])
    shading = np.einsum("nk,hwk->nhw", high_lights, ball)
    assert shading.min() > 0
    frames = shading[..., None] * colour
    found = relight.normals(frames, high_lights)
    assert angles(found, ball).max() < 0.05
    assert np.allclose(relight.albedo(frames, high_lights, found), colour, atol=1e-4)
    assert np.allclose(relight.albedo(frames[..., 1], high_lights, ball), 0.5, atol=1e-4)


def test_noise_is_averaged(ball, high_lights, angles):
    noise = np.random.default_rng(0).normal(0, 0.005, (8, SIDE, SIDE))
    frames = np.einsum("nk,hwk->nhw", high_lights, ball) + noise
    assert angles(relight.normals(frames, high_lights), ball).mean() < 1.0


def test_black_pixels_face_the_viewer(high_lights):
    found = relight.normals(np.zeros((8, 2, 2)), high_lights)
    assert np.allclose(found, [0, 0, 1])


@pytest.mark.parametrize("count", [1, 2])
def test_too_few_lights_are_refused(count, hemisphere):
    with pytest.raises(InputError, match="plane"):
        relight.normals(np.zeros((count, 2, 2)), hemisphere(count))


def test_lights_in_one_plane_are_refused():
    angle = np.linspace(0.3, 2.8, 7)
    arc = np.stack([np.cos(angle), np.zeros(7), np.sin(angle)], axis=1)
    with pytest.raises(InputError, match="one plane"):
        relight.normals(np.zeros((7, 2, 2)), arc)


def test_other_shapes_are_refused(high_lights):
    with pytest.raises(UsageError, match="frames"):
        relight.normals(np.zeros((3, 2, 2)), high_lights)
    with pytest.raises(UsageError, match="lights"):
        relight.normals(np.zeros((3, 2, 2)), np.zeros((3, 2)))
    with pytest.raises(UsageError, match="normals"):
        relight.height_from_normals(np.zeros((3, 2, 2)))


def normals_of(surface):
    down, right = np.gradient(surface)
    normal = np.stack([-right, down, np.ones_like(surface)], axis=2)
    return normal / np.linalg.norm(normal, axis=2, keepdims=True)


def bumps(rows, columns):
    y, x = np.mgrid[:rows, :columns] / 10.0
    return 2 * np.sin(x) * np.cos(0.7 * y) + np.exp(-((x - 3) ** 2) - (y - 2) ** 2) * 5


def test_height_comes_back(without_plane):
    truth = without_plane(bumps(80, 110))
    found = relight.height_from_normals(normals_of(truth))
    assert np.std(found - truth) < 0.01 * np.ptp(truth)


def test_height_is_up_where_the_surface_is_up():
    y, x = np.mgrid[-20:21, -20:21]
    found = relight.height_from_normals(normals_of(np.exp(-(x**2 + y**2) / 60.0)))
    assert np.unravel_index(found.argmax(), found.shape) == (20, 20)


def test_size_of_a_pixel_scales_the_height():
    unit = normals_of(bumps(20, 30))
    assert np.allclose(
        relight.height_from_normals(unit, pixel_size=0.05),
        0.05 * relight.height_from_normals(unit),
        atol=1e-6,
    )


def test_frankot_chellappa_on_a_periodic_surface(without_plane):
    y, x = np.mgrid[:64, :64] * 2 * np.pi / 64
    truth = np.sin(2 * x) + np.cos(3 * y)
    right, down = 2 * np.cos(2 * x) * 2 * np.pi / 64, -3 * np.sin(3 * y) * 2 * np.pi / 64
    found = integrate(right.astype(np.float32), down.astype(np.float32), boundary="periodic")
    assert np.std(found - without_plane(truth)) < 0.01
