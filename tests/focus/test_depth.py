"""Depth from focus."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige.errors import UsageError
from vestige.focus import depth_from_focus
from vestige.focus.depth import (
    BLOCK,
    UNSEEN,
    Depth,
    FocusSweep,
    along,
    block_sums,
    fill,
    noise_of,
    spread,
    trusted,
)


def sweep_of(*curves):
    sweep = FocusSweep((1, len(curves)))
    for values in zip(*curves, strict=True):
        sweep.add(np.array([values], np.float32))
    return sweep


@given(peak=st.floats(1, 5), width=st.floats(0.6, 2))
@settings(max_examples=30, deadline=None)
def test_peak_of_a_bell_is_found_between_frames(peak, width):
    curve = np.exp(-((np.arange(7) - peak) ** 2) / (2 * width**2))
    assert sweep_of(curve).result().position[0, 0] == pytest.approx(peak, abs=0.02)


def test_peak_at_an_end_stays_there():
    position = sweep_of([3.0, 2.0, 1.0], [1.0, 2.0, 3.0]).result().position
    assert position.tolist() == [[0.0, 2.0]]


def test_confidence_falls_with_flatness_noise_and_missing_neighbours():
    clear, flat, unseen = [0.1, 9.0, 0.1, 0.1], [1.0, 1.1, 1.0, 1.0], [UNSEEN, 9.0, 0.1, 0.1]
    confidence = sweep_of(clear, flat, unseen).result().confidence[0]
    assert confidence[0] > 0.9
    assert confidence[1] < 0.2
    assert confidence[2] == 0
    assert sweep_of(clear).result(noise=30.0).confidence[0, 0] < 0.2


def test_slanted_plane_is_measured():
    """A textured plane whose focus runs from left to right."""
    texture = np.random.default_rng(0).random((96, 192), np.float32)
    plane = np.broadcast_to(np.linspace(1, 6, 192), (96, 192))
    blurred = np.stack([cv2.GaussianBlur(texture, (0, 0), 0.3 + 0.7 * d) if d else texture for d in range(9)])
    frames = []
    for position in range(8):
        away = np.abs(plane - position)
        lower = np.floor(away).astype(int)
        rows, columns = np.indices(plane.shape)
        part = (away - lower).astype(np.float32)
        frames.append(blurred[lower, rows, columns] * (1 - part) + blurred[lower + 1, rows, columns] * part)
    focus = [10 + 0.5 * number for number in range(8)]
    depth = depth_from_focus(frames, focus)
    error = np.abs(depth.position - (10 + 0.5 * plane))[8:-8, 8:-8]
    assert np.median(error) < 0.1
    assert (error < 0.5).mean() > 0.99


def test_empty_middle_is_filled_from_around():
    belief = np.ones((64, 64), np.float32)
    belief[16:48, 16:48] = 0
    depth = Depth(np.where(belief > 0, 4.0, 77.0).astype(np.float32), belief)
    filled = fill(depth.position, depth.confidence, spread(*block_sums(depth)))
    assert np.abs(filled - 4).max() < 0.01


def test_fill_by_rows_is_fill_of_the_whole():
    random = np.random.default_rng(0)
    depth = Depth(5 * random.random((61, 50), np.float32), random.random((61, 50), np.float32))
    around = spread(*block_sums(depth))
    whole = fill(depth.position, depth.confidence, around)
    part = fill(depth.position[24:40], depth.confidence[24:40], around, 24)
    assert np.allclose(part, whole[24:40], atol=1e-4)


def test_block_sums_keep_everything():
    depth = Depth(
        np.ones((2 * BLOCK + 3, BLOCK + 1), np.float32), np.ones((2 * BLOCK + 3, BLOCK + 1), np.float32)
    )
    weighted, belief = block_sums(depth)
    assert weighted.shape == (3, 2)
    assert belief.sum() == depth.position.size


def test_a_blank_beside_a_lone_edge_is_less_sure_than_texture():
    position, clear = np.zeros((64, 64), np.float32), np.full((64, 64), 0.7, np.float32)
    edge = np.where(np.arange(64)[:, None] < 32, 0.2, 0.7).astype(np.float32) * np.ones((1, 64), np.float32)
    texture = np.random.default_rng(0).random((64, 64), np.float32)
    of_edge, of_texture = (trusted(position, clear, picture)[35, 32] for picture in (edge, texture))
    assert of_edge < of_texture - 0.1


def test_trust_falls_where_it_is_deeper_farther_away():
    """As beside thin hairs: all around is as near as they are, the ground is seen only farther off."""
    clear, texture = np.full((64, 64), 0.7, np.float32), np.random.default_rng(0).random((64, 64), np.float32)
    flat, over_ground = np.zeros((2, 64, 64), np.float32)
    over_ground[:, :16] = 4
    assert trusted(over_ground, clear, texture)[32, 32] < 0.5 < trusted(flat, clear, texture)[32, 32]


def test_nothing_measured_anywhere_is_finite():
    depth = depth_from_focus([np.full((20, 20), 0.5, np.float32)] * 3)
    assert np.isfinite(depth.position).all()
    assert depth.confidence.max() < 0.1


def test_noise_counts_only_what_is_seen():
    assert noise_of(np.full((3, 3), UNSEEN)) == 0


def test_positions_run_along_the_axis():
    assert along(np.array([[0.0, 1.5, 2.0]], np.float32), [1.0, 2.0, 4.0]).tolist() == [[1.0, 3.0, 4.0]]


def test_wrong_calls_are_named():
    frames = [np.zeros((16, 16), np.float32)] * 2
    with pytest.raises(UsageError, match="2 images need as many focus positions, not 3"):
        depth_from_focus(frames, [1, 2, 3])
    with pytest.raises(UsageError, match="one image or more"):
        depth_from_focus([])
    with pytest.raises(UsageError, match="one size"):
        depth_from_focus([frames[0], np.zeros((16, 17), np.float32)])
