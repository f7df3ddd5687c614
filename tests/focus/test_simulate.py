"""The forward model keeps to its physics."""

import json

import numpy as np
import pytest

from vestige.focus import SceneRecipe
from vestige.focus.simulate import disk, make, motions
from vestige.focus.specimen import paint
from vestige.imaging import probe, read_image


@pytest.mark.parametrize("radius", [0.0, 0.3, 1.0, 2.5, 7.3])
def test_disk_keeps_light_and_has_its_radius(radius):
    kernel = disk(radius)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(kernel, kernel[::-1, ::-1])
    y, x = np.indices(kernel.shape) - kernel.shape[0] // 2
    # The mean square distance from the centre of a disk is half its radius squared, plus a sixth for the pixels.
    if radius >= 2:
        assert (kernel * (x**2 + y**2)).sum() == pytest.approx(radius**2 / 2 + 1 / 6, rel=0.03)


def test_middle_frame_stands_still():
    moves = motions(SceneRecipe(frames=5), 100, 120, np.random.default_rng(0))
    assert np.array_equal(moves[2].matrix, np.eye(3))
    assert moves[2].gain == 1
    scales = [np.sqrt(np.linalg.det(move.matrix[:2, :2])) for move in moves]
    assert scales == pytest.approx([0.992, 0.996, 1, 1.004, 1.008], abs=1e-6)


def test_layers_cover_what_they_say():
    layers = paint(90, 120, 7.5, np.random.default_rng(0))
    for layer in layers:
        assert layer.colour.shape == (90, 120, 3)
        assert layer.colour.dtype == layer.alpha.dtype == layer.height_mm.dtype == np.float32
        assert 0 <= layer.alpha.min() <= layer.alpha.max() <= 1
        assert np.isfinite(layer.height_mm).all()
    assert (layers[0].alpha == 1).all()


def test_defocus_loses_detail_not_light(scene):
    """A frame out of focus is as bright as the truth, and softer."""
    near = read_image(scene.paths[0]) / scene.gains[0]
    card = (slice(300, 350), slice(15, 135))
    assert near[card].mean() == pytest.approx(scene.image[card].mean(), rel=0.02)
    far = read_image(scene.paths[-1]) / scene.gains[-1]
    assert (
        np.abs(np.diff(near[60:105, 15:90], axis=1)).mean()
        < 0.7 * np.abs(np.diff(far[60:105, 15:90], axis=1)).mean()
    )


def test_truth_lies_within_the_stack(scene):
    assert scene.focus[0] - scene.step <= scene.depth.min()
    assert scene.depth.max() <= scene.focus[-1] + scene.step


@pytest.mark.parametrize("bits", [8, 16])
def test_frames_are_as_asked(tmp_path, bits):
    capture = make(SceneRecipe(height=48, frames=2, bits=bits), tmp_path, 0)
    info = probe(capture.path(capture.frames[0]))
    assert (info.height, info.width, info.channels, info.dtype) == (48, 64, 3, f"uint{bits}")
    assert info.ppi == pytest.approx(48 / 12 * 25.4, rel=0.01)
    assert len(json.loads((tmp_path / "truth" / "frames.json").read_text())["frames"]) == 2
