"""The forward model keeps to its physics."""

import json

import cv2
import numpy as np
import pytest

from vestige.focus import SceneRecipe
from vestige.focus.pupil import Stage, View, gather
from vestige.focus.scenes import SCENES, Canvas, Layer, Point
from vestige.focus.simulate import glints, make, motions
from vestige.imaging import probe, read_image

CENTRED = np.array([[1, 0, -31.5], [0, 1, -31.5], [0, 0, 1.0]])


def sheet(height_mm, colour=0.5, alpha=None):
    light = np.broadcast_to(np.float32(colour), (64, 64, 3)).copy()
    cover = np.ones((64, 64), np.float32) if alpha is None else alpha
    return Layer(light, cover, np.full((64, 64), height_mm, np.float32))


@pytest.mark.parametrize("radius", [2.0, 5.0, 9.0])
def test_a_point_becomes_the_disk_of_confusion(radius):
    """The mean square distance from the centre of a disk is half its radius squared, plus a sixth for pixels."""
    image = np.zeros((64, 64, 3), np.float32)
    glints(image, View(CENTRED, radius, 1.0), [Point(0, 0, 0.0, (8, 8, 8))], 1.0)
    light = image[..., 1]
    assert light.sum() == pytest.approx(8, rel=1e-4)
    y, x = np.indices(light.shape) - 31.5
    assert (light * (x**2 + y**2)).sum() / 8 == pytest.approx(radius**2 / 2 + 1 / 6, rel=0.05)


def test_an_edge_out_of_focus_is_a_ramp_as_wide_as_the_disk():
    """Half the rays pass an edge in the middle of its ramp; none is lost beyond it."""
    half = np.zeros((64, 64), np.float32)
    half[:, 32:] = 1
    stage = Stage([sheet(0.0, 0.8), sheet(2.0, 0.2, half)])
    row = gather(stage, View(CENTRED, 0.0, 3.0), (64, 64))[0][32, :, 0]
    assert row[:25] == pytest.approx(0.8, abs=1e-5)
    assert row[39:] == pytest.approx(0.2, abs=1e-5)
    assert row[31:33].mean() == pytest.approx(0.5, abs=0.02)
    assert (np.diff(row) < 1e-6).all()


def test_a_wide_aperture_sees_past_what_is_thinner():
    """A dark hair of 2 pixels, 3 mm nearer than the focus, leaves a veil of its share of the pupil."""
    hair = np.zeros((64, 64), np.float32)
    hair[:, 31:33] = 1
    stage = Stage([sheet(0.0, 0.8), sheet(3.0, 0.0, hair)])
    row = gather(stage, View(CENTRED, 0.0, 2.0), (64, 64))[0][32, :, 0]
    seen = 1 - row[31:33].mean() / 0.8
    assert seen == pytest.approx(2 * 2 * 6 / (np.pi * 36), rel=0.12)


def test_a_slider_moves_near_things_more():
    """Seen from a pupil 50 mm away, a mark 5 mm above the focus lies 50 / 45 as far from the centre."""
    mark = sheet(5.0, 0.1)
    mark.colour[:, 48:50] = 0.9
    far = gather(Stage([mark]), View(CENTRED, 5.0, 0.0, 1 / 50), (64, 64))[0][32, :, 0]
    near = gather(Stage([mark]), View(CENTRED, 0.0, 0.0, 1 / 50), (64, 64))[0][32, :, 0]
    place = [((row - 0.1) * (np.arange(64) - 31.5)).sum() / (row - 0.1).sum() for row in (far, near)]
    assert place[1] / place[0] == pytest.approx(50 / 45, rel=0.01)


def test_middle_frame_stands_still():
    moves = motions(SceneRecipe(frames=5), np.linspace(4, 0, 5), (100, 120), np.random.default_rng(0))
    assert np.array_equal(moves[2].matrix, np.eye(3))
    assert moves[2].gains.tolist() == [1, 1, 1]
    scales = [np.sqrt(np.linalg.det(move.matrix[:2, :2])) for move in moves]
    assert scales == pytest.approx([0.992, 0.996, 1, 1.004, 1.008], abs=1e-6)


def test_a_slider_scales_what_is_in_focus():
    recipe = SceneRecipe(frames=5, motion="slider", distance=100, turn=0)
    moves = motions(recipe, np.linspace(4, 0, 5), (100, 120), np.random.default_rng(0))
    assert [move.matrix[0, 0] for move in moves] == pytest.approx([0.98, 0.99, 1, 1.01, 1.02])
    assert all(move.jolt[0, 0] == 1 for move in moves)


@pytest.mark.parametrize("name", SCENES)
def test_layers_cover_what_they_say(name):
    painting = SCENES[name].paint(Canvas(90, 120, 90 / SCENES[name].field_mm[1]), np.random.default_rng(0))
    for layer in painting.layers:
        assert layer.colour.shape == (90, 120, 3)
        assert layer.colour.dtype == layer.alpha.dtype == layer.height_mm.dtype == np.float32
        assert 0 <= layer.alpha.min() <= layer.alpha.max() <= 1
        assert np.isfinite(layer.height_mm).all()
        assert 0 < layer.colour.min() <= layer.colour.max() <= 0.96
    assert (painting.layers[0].alpha == 1).all()


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


def test_ground_that_no_frame_reaches_is_told(tmp_path):
    """Velvet far below: sharp for a pinhole, soft for the best stacker, and glints stay as they are."""
    make(SceneRecipe(scene="spangles", height=120, frames=4), tmp_path, 0)
    truth = tmp_path / "truth"
    deep = read_image(truth / "unreached.png", encoding="linear") > 0.5
    glint = read_image(truth / "glints.png", encoding="linear") > 0.5
    away = cv2.dilate(glint.astype(np.uint8), np.ones((9, 9))) == 0
    sharp, soft = read_image(truth / "image.tif"), read_image(truth / "reachable.tif")
    assert 0.2 < deep.mean() < 0.8
    ground = (cv2.erode(deep.astype(np.uint8), np.ones((5, 5))) * away > 0)[:, 1:]
    assert np.abs(np.diff(soft[..., 0]))[ground].mean() < 0.5 * np.abs(np.diff(sharp[..., 0]))[ground].mean()
    solid = cv2.erode((~deep).astype(np.uint8), np.ones((7, 7))) > 0
    assert np.abs(sharp - soft)[solid].max() < 1e-3
    assert (read_image(truth / "depth.tif")[deep] > 60).all()


def test_frames_in_any_order_with_or_without_their_place(tmp_path):
    """The files may be numbered in any order; the truth says which is which."""
    capture = make(SceneRecipe(height=48, frames=5, shuffled=True), tmp_path / "known", 3)
    order = [frame.number("focus") for frame in capture.frames]
    assert order != sorted(order)
    record = json.loads((tmp_path / "known" / "truth" / "frames.json").read_text())["frames"]
    assert [row["focus_mm"] for row in record] == sorted(order)
    assert sorted(row["file"] for row in record) == [frame.file for frame in capture.frames]
    blind = make(SceneRecipe(height=48, frames=2, steps_known=False), tmp_path / "blind", 3)
    assert all("focus" not in frame.coordinates for frame in blind.frames)


def test_white_balance_drifts():
    moves = motions(
        SceneRecipe(frames=4, tint=5, exposure=0), np.linspace(3, 0, 4), (90, 120), np.random.default_rng(0)
    )
    gains = np.array([move.gains for move in moves])
    assert (gains[:, 1] == 1).all()
    assert 0.005 < np.abs(gains[:, [0, 2]] - 1).max() <= 0.05
