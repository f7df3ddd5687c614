"""Alignment against known motions."""

import cv2
import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.focus import align
from vestige.focus.alignment import Warp, chained, coverage, pair
from vestige.imaging import read_image, warp


def texture(height=160, width=200, seed=0):
    random = np.random.default_rng(seed)
    return 0.3 + 0.1 * cv2.GaussianBlur(random.standard_normal((height, width), np.float32), (0, 0), 2)


def distance(one, other, shape):
    """Median distance of two transforms over a frame, in pixels."""
    points = np.array([[x, y, 1] for x in np.linspace(0, shape[1], 6) for y in np.linspace(0, shape[0], 6)]).T
    return np.median(np.hypot(*((one - other) @ points)[:2]))


def test_breathing_and_shift_of_a_stack_are_found(scene):
    warps = align([read_image(path) for path in scene.paths])
    errors = [distance(w.matrix, m, scene.depth.shape) for w, m in zip(warps, scene.matrices, strict=True)]
    assert np.median(errors) < 0.1
    assert max(errors) < 0.3
    assert [w.gain for w in warps] == pytest.approx([1 / gain for gain in scene.gains], abs=0.004)


@pytest.mark.parametrize(
    "matrix",
    [
        cv2.getRotationMatrix2D((100, 80), 0.4, 1.0),
        cv2.getRotationMatrix2D((100, 80), 0.0, 1.015),
        np.array([[1, 0, 3.3], [0, 1, -2.7]]),
    ],
)
def test_pair_finds_a_similarity(matrix):
    whole = np.vstack([matrix, [0, 0, 1]])
    fixed = texture()
    moving = warp(fixed, np.linalg.inv(whole), fixed.shape, border="reflect")
    assert distance(pair(fixed, moving).matrix, whole, fixed.shape) < 0.05


def test_large_shift_is_found_by_details():
    scene = texture(220, 300, 1)
    found = pair(scene[:, :-45], scene[:, 45:])
    assert found.matrix[0, 2] == pytest.approx(-45, abs=0.3)


def test_blur_does_not_move_a_frame():
    fixed = texture()
    moved = pair(fixed, cv2.GaussianBlur(fixed, (0, 0), 2.0))
    assert distance(moved.matrix, np.eye(3), fixed.shape) < 0.05
    assert moved.gain == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize("image", [np.zeros((40, 50), np.float32), np.full((40, 50), 0.5, np.float32)])
def test_nothing_to_see_stays_where_it_is(image):
    found = pair(image, image)
    assert np.isfinite(found.matrix).all()
    assert found.gain == pytest.approx(1)


def test_what_is_not_asked_for_is_left():
    fixed = texture()
    found = pair(fixed, 0.5 * np.roll(fixed, 3, 1), (None, None), exposure=False)
    assert np.array_equal(found.matrix, np.eye(3))
    assert found.gain == 1


def test_chain_multiplies():
    step = Warp(np.array([[1, 0, 1.0], [0, 1, 0], [0, 0, 1]]), gain=2.0)
    warps = chained(5, 2, lambda nearer, farther: step)
    assert [w.shift((9, 9))[0] for w in warps] == [2, 1, 0, 1, 2]
    assert [w.gain for w in warps] == [4, 2, 1, 2, 4]


def test_coverage_is_what_warp_can_show():
    matrix = cv2.getRotationMatrix2D((20, 15), 8, 1.1)
    whole = np.vstack([matrix, [0, 0, 1]])
    shown = np.isfinite(warp(np.ones((30, 40), np.float32), whole, (30, 40)))
    assert np.array_equal(coverage(whole, (30, 40), slice(0, 30)) > 0, shown)
    assert np.array_equal(coverage(whole, (30, 40), slice(8, 20)) > 0, shown[8:20])


def test_sizes_and_reference_are_checked():
    with pytest.raises(UsageError, match="one size"):
        align([texture(), texture(100, 100)])
    with pytest.raises(UsageError, match="reference must be 0 to 1"):
        align([texture(), texture()], reference=2)
