"""Laplacian-pyramid fusion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige.errors import UsageError
from vestige.focus import Fusion, fuse
from vestige.focus.pyramid import levels_of, light_of, root_of
from vestige.imaging import read_image, warp


def noise(shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@given(height=st.integers(1, 70), width=st.integers(1, 70), levels=st.integers(1, 8), colour=st.booleans())
@settings(max_examples=40, deadline=None)
def test_one_frame_comes_back_as_it_was(height, width, levels, colour):
    image = noise((height, width, 3) if colour else (height, width))
    assert np.allclose(fuse([image], levels=levels), image, atol=2e-5)


@given(order=st.permutations(range(4)))
@settings(max_examples=10, deadline=None)
def test_order_does_not_matter(order):
    frames = noise((4, 40, 50))
    assert np.allclose(fuse(frames), fuse([frames[number] for number in order]), atol=1e-5)


def test_equal_frames_change_nothing():
    image = noise((33, 47, 3))
    assert np.allclose(fuse([image] * 5), image, atol=2e-5)


def test_the_sharp_part_of_each_frame_is_taken():
    sharp = 0.3 + 0.2 * noise((64, 128))
    flat = np.full_like(sharp, 0.4)
    left, right = sharp.copy(), sharp.copy()
    left[:, 64:], right[:, :64] = flat[:, 64:], flat[:, :64]
    both = fuse([left, right])
    assert np.abs(both - sharp)[8:-8, 8:-8].mean() < 0.15 * np.abs(left - sharp).mean()


def test_noise_of_equal_frames_is_averaged():
    random = np.random.default_rng(0)
    frames = [0.5 + 0.0002 * random.standard_normal((64, 64)).astype(np.float32) for _ in range(8)]
    assert fuse(frames).std() < 0.6 * frames[0].std()


def test_what_is_not_covered_has_no_say():
    image, other = 0.5 * np.ones((64, 64), np.float32), noise((64, 64))
    covered = np.zeros((64, 64), np.float32)
    assert np.allclose(fuse([image, other], coverage=[None, covered]), image, atol=1e-5)


def test_fusion_beats_every_single_frame_on_truth(scene, psnr):
    frames = [
        warp(read_image(path), matrix, scene.depth.shape, border="reflect") / np.float32(gain)
        for path, matrix, gain in zip(scene.paths, scene.matrices, scene.gains, strict=True)
    ]
    fused = psnr(fuse(frames), scene.image)
    assert fused > max(psnr(frame, scene.image) for frame in frames) + 4


def test_a_base_takes_the_place_of_the_coarsest_level():
    fusion = Fusion((32, 32), levels=2)
    fusion.add(noise((32, 32)))
    raised = fusion.result(np.ones((8, 8), np.float32))
    assert raised.mean() > fusion.result().mean()


def test_roots_and_light():
    light = noise((5, 6))
    assert np.allclose(light_of(root_of(light)), light, atol=1e-6)
    assert levels_of((1, 1), 6) == 0


def test_wrong_calls_are_named():
    with pytest.raises(UsageError, match="one image or more"):
        fuse([])
    with pytest.raises(UsageError, match="one size"):
        fuse([noise((20, 20)), noise((20, 21))])
    with pytest.raises(UsageError, match="nothing has been added"):
        Fusion((8, 8)).result()
