"""Order, frames that do not belong, white balance, tilt: what laying frames on one another must bear."""

import cv2
import numpy as np
import pytest

from vestige import focus
from vestige.contract import Budget, Context
from vestige.focus import StackRecipe, align
from vestige.focus.alignment import gains_of
from vestige.focus.frames import frames_of_items
from vestige.focus.laying import align_frames
from vestige.focus.ordering import order_of, sharp_places
from vestige.focus.recipe import AlignRecipe
from vestige.imaging import read_image, warp


@pytest.fixture(scope="module")
def frames(scene):
    return [read_image(path) for path in scene.paths]


def laid(frames, **settings):
    with Context() as context:
        found = align_frames(
            frames_of_items(frames, None, context.warn), AlignRecipe.make(values=settings), context
        )
        return [frame.name for frame in found.frames.items], found.warps, context.warnings


@pytest.mark.parametrize("seed", range(3))
def test_order_is_found_from_the_pictures(frames, seed):
    order = np.random.default_rng(seed).permutation(len(frames)).tolist()
    names, _, warnings = laid([frames[number] for number in order])
    found = [order[int(name.split()[1])] for name in names]
    assert found in (list(range(len(frames))), list(range(len(frames)))[::-1])
    assert warnings == ["the frames were not in the order of their focus; it was found from the pictures"]


def test_a_right_order_stands(frames):
    assert order_of([sharp_places(frame.mean(axis=2)) for frame in frames]) == list(range(len(frames)))


def test_black_and_foreign_frames_are_named_and_left_out(frames):
    random = np.random.default_rng(0)
    foreign = 0.4 + 0.1 * cv2.GaussianBlur(random.standard_normal(frames[0].shape, np.float32), (0, 0), 2)
    mixed = [*frames[:3], foreign, *frames[3:6], np.zeros_like(frames[0]), *frames[6:]]
    with Context() as context:
        given = frames_of_items(mixed, list(range(len(mixed))), context.warn)
        found = align_frames(given, AlignRecipe(), context)
    names = [frame.name for frame in found.frames.items]
    assert names == [f"frame {number}" for number in range(12) if number not in (3, 7)]
    assert any(text.startswith("frame 7 is black or empty") for text in context.warnings)
    assert any(text.startswith("frame 3 does not fit its neighbours") for text in context.warnings)


def test_white_balance_drift_is_taken_back(frames):
    drift = np.float32([1.06, 1.0, 0.95])
    found = align([frames[4], frames[5] * drift], reference=0)[1]
    plain = align([frames[4], frames[5]], reference=0)[1]
    ratio = np.array(found.tint) * found.gain / (np.array(plain.tint) * plain.gain)
    assert ratio == pytest.approx(1 / drift, rel=0.003)


def test_gains_do_not_mind_a_shift(frames):
    moved = warp(frames[4], np.array([[1, 0, 6.0], [0, 1, 0], [0, 0, 1]]), frames[4].shape, border=0)
    back = np.array([[1, 0, -6.0], [0, 1, 0], [0, 0, 1]])
    assert gains_of(frames[4], 0.5 * moved, back) == pytest.approx([2, 2, 2], rel=0.01)


def test_tilt_is_found_on_request(frames):
    fixed = frames[5]
    tilt = np.array([[1.002, 0.001, 1.5], [-0.001, 0.999, -1.0], [8e-6, -6e-6, 1]])
    moving = warp(fixed, np.linalg.inv(tilt), fixed.shape, border="reflect")
    points = np.array([[x, y, 1] for x in (40, 240, 440) for y in (40, 180, 320)]).T

    def error(model):
        moved, wanted = (
            m @ points for m in (align([fixed, moving], reference=0, model=model)[1].matrix, tilt)
        )
        return np.median(np.hypot(*(moved / moved[2] - wanted / wanted[2])[:2]))

    assert error("projective") < 0.05
    assert error("similarity") > 0.12


def test_threads_change_no_bit(frames):
    results = []
    for cores in (1, 3):
        with Context(budget=Budget(cores=cores)) as context:
            results.append(focus.stack(frames[2:6], context=context))
    for name in ("image", "depth", "confidence"):
        assert np.array_equal(getattr(results[0], name), getattr(results[1], name))


def test_picture_alone_is_the_same_picture(frames):
    whole, alone = (focus.stack(frames[2:5], depth=depth) for depth in (True, False))
    assert np.array_equal(whole.image, alone.image)
    assert alone.depth.shape == (0, 0)


def test_no_halo_around_a_bright_point():
    """A point in focus in one frame only, over dark ground: its wide disks in other frames leave no light."""
    y, x = np.mgrid[0:160, 0:160] - 80
    frames = []
    for step in range(9):
        radius = 1.0 + 3.0 * abs(step - 4)
        disk = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
        noise = np.random.default_rng(step).normal(0, 0.002, disk.shape)
        frames.append((0.05 + 8 * disk / disk.sum() + noise).clip(0).astype(np.float32))
    fused = focus.fuse(frames)
    ring = (np.hypot(x, y) > 4) & (np.hypot(x, y) < 14)
    assert np.abs(fused - 0.05)[ring].mean() < 0.006
    assert fused[80, 80] == pytest.approx(frames[4][80, 80], rel=0.05)


def test_no_halo_around_a_spot_that_the_sensor_cuts_off():
    """Clipped, a spot out of focus is wider than the sharp one and its rim as hard."""
    y, x = np.mgrid[0:160, 0:160] - 80
    frames = []
    for step in range(7):
        disk = np.clip(1.0 + 1.2 * step + 0.5 - np.hypot(x, y), 0, 1)
        noise = np.random.default_rng(step).normal(0, 0.002, disk.shape)
        frames.append((0.03 + 60 * disk / disk.sum() + noise).clip(0, 1).astype(np.float32))
    fused = focus.fuse(frames)
    ring = (np.hypot(x, y) > 4) & (np.hypot(x, y) < 10)
    assert np.abs(fused - 0.03)[ring].mean() < 0.025
    assert fused[80, 80] > 0.95


def test_confident_depth_is_right(scene, frames):
    result = focus.stack(frames, focus=scene.focus)
    off = np.abs(result.depth - scene.depth) / scene.step
    sure = result.confidence >= 0.5
    assert (off[sure] < 1).mean() > 0.88
    assert (off[sure] < 1).mean() > (off[~sure] < 1).mean() + 0.05


def test_recipe_names_the_model():
    assert StackRecipe(model="projective").model == "projective"
