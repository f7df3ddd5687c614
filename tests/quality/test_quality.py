"""Sharpness, exposure and noise against known images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vestige import quality
from vestige.errors import UsageError


def test_exposure_of_a_known_image() -> None:
    image = np.full((10, 10, 3), 0.25, np.float32)
    image[0], image[1, :5, 0] = 0, 1.2
    measured = quality.exposure(image)
    assert measured.clipped_low == pytest.approx(0.1)
    assert measured.clipped_high == pytest.approx(0.05)
    assert measured.mean == pytest.approx(float(image.mean()))
    image[5] = np.nan
    assert np.isfinite(quality.exposure(image).p99)
    with pytest.raises(UsageError, match="known pixel"):
        quality.exposure(np.full((3, 3), np.nan))


def test_sharpness_falls_with_blur_and_follows_the_place() -> None:
    random = np.random.default_rng(0)
    scene = cv2.GaussianBlur(random.random((120, 160)).astype(np.float32), (0, 0), 0.7)
    blurred = [cv2.GaussianBlur(scene, (0, 0), sigma) for sigma in (0.5, 1, 2, 4)]
    energies = [float(quality.sharpness_map(image).mean()) for image in (scene, *blurred)]
    assert energies == sorted(energies, reverse=True)
    half = np.hstack([scene[:, :80], blurred[-1][:, 80:]])
    sharpness = quality.sharpness_map(np.dstack([half] * 3), window=1, pixels_per_mm=4)
    assert sharpness.shape == (120, 160)
    assert sharpness[:, :60].min() > sharpness[:, 100:].max()
    with pytest.raises(UsageError, match="window"):
        quality.sharpness_map(scene, window=0)


@pytest.mark.parametrize("sigma", [0.003, 0.01, 0.05])
def test_noise_of_a_known_scene(sigma: float) -> None:
    y, x = np.mgrid[0:300, 0:400]
    scene = 0.5 + 0.3 * np.sin(x / 30) * np.cos(y / 25) + 0.2 * (x > 200)
    noisy = scene + np.random.default_rng(2).normal(0, sigma, scene.shape)
    assert quality.noise(noisy) == pytest.approx(sigma, rel=0.05)
    assert quality.noise(np.full((5, 5), np.nan)) == 0
