"""Registration, false colour, components, files: properties of the array functions."""

import cv2
import numpy as np
import pytest
import tifffile

from vestige.errors import OutputError, UsageError
from vestige.spectral import (
    RunningCovariance,
    false_colour,
    principal_components,
    register_bands,
    write_planes,
)
from vestige.spectral.placing import rescaled


def _scene(shape=(220, 260), seed=3):
    random = np.random.default_rng(seed)
    return cv2.GaussianBlur(random.normal(size=shape).astype(np.float32), (0, 0), 2.5) * 4 + 0.5


@pytest.mark.parametrize("contrast", [1.0, -0.6])
def test_affine_warps_are_found_in_both_contrasts(contrast):
    scene = _scene()
    true = np.array([[1.004, 0.002, -3.1], [-0.001, 1.003, 2.3], [0, 0, 1]])
    moving = cv2.warpPerspective(
        scene, true, scene.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    placed = register_bands([scene, 0.7 + contrast * moving], [550, 940])
    corners = np.array([[20, 20, 1], [240, 20, 1], [20, 200, 1], [240, 200, 1.0]])
    difference = corners @ (placed[1].matrix - true).T
    assert np.hypot(difference[:, 0], difference[:, 1]).max() < 0.15
    assert placed[0].method == "reference"


def test_band_without_detail_stays_and_is_not_trusted():
    random = np.random.default_rng(0)
    placed = register_bands([_scene(), random.normal(size=(220, 260)).astype(np.float32)], [550, 940])
    assert not placed[1].trusted
    assert np.array_equal(placed[1].matrix, np.eye(3))


def test_rescaled_goes_both_ways():
    matrix = np.array([[1.1, 0.01, 5], [0.02, 0.9, -3], [0, 0, 1]])
    small = rescaled(matrix, (50, 60), (500, 600), (40, 30), (400, 300))
    assert np.allclose(rescaled(small, (500, 600), (50, 60), (400, 300), (40, 30)), matrix)


def test_wavelengths_must_fit_images():
    with pytest.raises(UsageError, match="need as many wavelengths"):
        register_bands([np.zeros((4, 4))], [450, 550])


def test_false_colour_refuses_bands_far_off():
    with pytest.raises(UsageError, match="no band lies near 900 nm"):
        false_colour(np.zeros((2, 2, 2)), [540, 620])


def test_one_pass_covariance_is_that_of_all_pixels():
    pixels = np.random.default_rng(1).normal(1000.0, 1.0, (500, 4)) * [1, 2, 3, 4]
    running = RunningCovariance(4)
    for part in np.array_split(pixels, 7):
        running.add(part)
    assert np.allclose(running.mean, pixels.mean(axis=0))
    assert np.allclose(running.covariance(), np.cov(pixels.T))
    with pytest.raises(UsageError, match="no two pixels"):
        RunningCovariance(3).covariance()


@pytest.mark.parametrize("standardise", [False, True])
def test_components_are_uncorrelated_and_ordered(standardise):
    random = np.random.default_rng(2)
    bands = random.normal(size=(30, 40, 3)) @ random.normal(size=(3, 5)) + 0.01 * random.normal(
        size=(30, 40, 5)
    )
    scores, components = principal_components(bands, 5, standardise=standardise)
    spread = np.cov(scores.reshape(-1, 5).T)
    assert np.abs(spread - np.diag(np.diag(spread))).max() < 1e-3 * spread.max()
    assert (np.diff(np.diag(spread)) <= 1e-6).all()
    assert components.explained.sum() == pytest.approx(1)
    assert components.explained[:3].sum() > 0.99


def test_planes_read_back_bit_for_bit_and_twice_the_same(tmp_path):
    planes = np.random.default_rng(0).normal(size=(3, 300, 270)).astype(np.float32)
    planes[1, 5, 5] = np.nan
    names = ["a", "b", "c"]
    for name in ("one.tif", "two.tif"):
        write_planes(
            tmp_path / name, [plane.__getitem__ for plane in planes], (300, 270), names,
            wavelengths=[450, 550, 940], pixel_mm=0.05,
        )  # fmt: skip
    assert np.array_equal(tifffile.imread(tmp_path / "one.tif"), planes, equal_nan=True)
    assert (tmp_path / "one.tif").read_bytes() == (tmp_path / "two.tif").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.tif", "two.tif"]


def test_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(OutputError, match="cannot be written"):
        write_planes(tmp_path / "no" / "a.tif", [np.zeros((4, 4), np.float32).__getitem__], (4, 4), ["a"])
