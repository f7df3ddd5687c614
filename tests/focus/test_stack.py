"""A whole stack: against truth, in any order, in little memory, with broken frames."""

import shutil

import numpy as np
import pytest

from vestige import focus
from vestige.capture import Capture, Frame, coordinates
from vestige.contract import Budget, Context, Inputs
from vestige.errors import InputError, UsageError, VestigeError
from vestige.focus import SceneRecipe, StackRecipe
from vestige.focus.frames import frames_of_capture
from vestige.focus.pipeline import run
from vestige.focus.simulate import make
from vestige.imaging import probe, read_image, write_image
from vestige.testing import mutants


@pytest.fixture(scope="module")
def stacked(scene):
    return focus.stack(scene.paths, focus=scene.focus)


def test_picture_is_near_the_truth(scene, stacked, psnr):
    inner = (slice(12, -12), slice(12, -12))
    best = max(psnr(read_image(path)[inner], scene.image[inner]) for path in scene.paths)
    assert psnr(stacked.image[inner], scene.image[inner]) > 32
    assert psnr(stacked.image[inner], scene.image[inner]) > best + 5


def test_depth_is_near_the_truth(scene, stacked):
    error = np.abs(stacked.depth - scene.depth) / scene.step
    assert stacked.unit == "mm"
    assert np.median(error) < 0.2
    assert (error < 1).mean() > 0.8


def test_frames_may_come_in_any_order(scene, stacked):
    order = np.random.default_rng(0).permutation(len(scene.paths))
    shuffled = focus.stack([scene.paths[n] for n in order], focus=[scene.focus[n] for n in order])
    assert shuffled.names == stacked.names
    assert np.array_equal(shuffled.image, stacked.image)


def test_little_memory_gives_the_same_picture(scene, stacked):
    with Context(budget=Budget(cores=1, bytes=1)) as context:
        context.budget.working  # noqa: B018 - the least it grants is 32 MiB: several strips of this scene
        small = focus.stack(scene.paths, focus=scene.focus, context=context)
    assert np.abs(small.image - stacked.image).max() < 2e-4
    assert np.abs(small.depth - stacked.depth).max() < 0.05 * scene.step


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (17, 9), (40, 41, 3), (65, 33, 3)])
def test_odd_sizes(shape):
    random = np.random.default_rng(0)
    frames = [random.random(shape, np.float32) for _ in range(3)]
    result = focus.stack(frames, recipe=StackRecipe(align=False, exposure=False))
    assert result.image.shape == shape
    assert result.depth.shape == shape[:2]
    assert np.isfinite(result.image).all()


def test_strips_of_a_tall_stack_fit_seamlessly():
    """Rows are cut into many strips; the picture must not show where."""
    random = np.random.default_rng(1)
    frames = [random.random((1800, 60, 3), np.float32) for _ in range(2)]
    recipe = StackRecipe(align=False, exposure=False)
    with Context(budget=Budget(cores=4, bytes=1)) as context:
        parts = focus.stack(frames, recipe=recipe, context=context)
    whole = focus.fuse(frames)
    # 16 bits hold the registered frames.
    assert np.abs(parts.image - whole).max() < 5e-4


def test_reference_can_be_named(scene):
    name = scene.paths[0].name
    result = focus.stack(scene.paths[:3], recipe=StackRecipe(reference=name))
    assert np.array_equal(result.warps[0].matrix, np.eye(3))
    with pytest.raises(UsageError, match="no frame 'nowhere'"):
        focus.stack(scene.paths[:3], recipe=StackRecipe(reference="nowhere"))


def test_broken_frame_names_itself_and_the_rest_go_on(scene, tmp_path):
    paths = [shutil.copy(path, tmp_path) for path in scene.paths[:4]]
    data = (tmp_path / scene.paths[1].name).read_bytes()
    (tmp_path / scene.paths[1].name).write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.tif").touch()
    result = focus.stack([*paths, tmp_path / "empty.tif", tmp_path / "gone.tif"])
    assert len(result.names) == 3
    for name in (scene.paths[1].name, "empty.tif", "gone.tif"):
        assert sum(name in warning for warning in result.warnings) == 1


def test_other_size_names_itself(scene, tmp_path):
    write_image(tmp_path / "small.tif", np.zeros((10, 12, 3), np.float32))
    result = focus.stack([*scene.paths[:2], tmp_path / "small.tif"])
    assert "small.tif is 12 x 10, colour; expected 480 x 360, colour" in result.warnings[0]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_frames(scene, count):
    with pytest.raises(InputError, match="two frames or more"):
        focus.stack(scene.paths[:count])


def test_two_sizes_of_one_each(tmp_path, scene):
    write_image(tmp_path / "small.tif", np.zeros((10, 12, 3), np.float32))
    with pytest.raises(InputError, match=r"small\.tif is 12 x 10"):
        focus.stack([scene.paths[0], tmp_path / "small.tif"])


def test_as_many_positions_as_frames(scene):
    with pytest.raises(UsageError, match="need as many focus positions"):
        focus.stack(scene.paths, focus=[1.0])


def test_mutants_of_a_frame_never_break_a_stack(tmp_path):
    capture = make(SceneRecipe(height=48, frames=3), tmp_path, 0)
    good = [capture.path(frame) for frame in capture.frames]
    recipe = StackRecipe(align=False)
    for number, data in enumerate(mutants(good[1].read_bytes(), count=60)):
        bad = tmp_path / f"mutant_{number}.tif"
        bad.write_bytes(data)
        try:
            result = focus.stack([good[0], bad, good[2]], recipe=recipe)
        except VestigeError as error:
            assert "\n" not in str(error)
        else:
            assert len(result.names) == 3 or bad.name in result.warnings[0]
        bad.unlink()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("encoding", "gamma"), ("white_level", "much"), ("white_level", -1), ("white_level", float("inf"))],
)
def test_settings_that_make_no_sense(scene, setting, value):
    capture = Capture(frames=scene.capture.frames, settings={setting: value}).at(scene.capture.root)
    with pytest.raises(InputError, match=f"has the setting {setting}"):
        frames_of_capture(capture, lambda text: None)


def test_some_positions_missing_is_told(scene):
    frames = [Frame(file=scene.paths[0].name), *scene.capture.frames[1:]]
    told = []
    found = frames_of_capture(Capture(frames=frames).at(scene.capture.root), told.append)
    assert found.focus is None
    assert told == [f"{scene.paths[0].name} has no focus position, so depth is given in frames instead of mm"]


def test_linear_integers_with_a_white_level(tmp_path):
    light = 0.2 + 0.1 * np.random.default_rng(0).random((40, 40), np.float32)
    for number in range(2):
        codes = np.rint(light * 4095).astype(np.uint16)
        write_image(tmp_path / f"{number}.tif", codes, depth=16, encoded=True)
    frames = [Frame(file=f"{number}.tif", coordinates=coordinates(focus=number)) for number in range(2)]
    capture = Capture(frames=frames, settings={"encoding": "linear", "white_level": 4095}).at(tmp_path)
    with Context(tmp_path / "work") as context:
        run(Inputs({"capture": [capture]}), StackRecipe(align=False), context)
        assert np.abs(read_image(context.output / "image.tif") - light).max() < 1e-3


@pytest.mark.parametrize(("bits", "dtype"), [(8, "uint8"), (16, "uint16")])
def test_depth_profile_and_resolution_are_kept(tmp_path, bits, dtype):
    capture = make(SceneRecipe(height=60, frames=3, bits=bits), tmp_path, 0)
    given = probe(capture.path(capture.frames[1]))
    with Context(tmp_path / "work") as context:
        run(Inputs({"capture": [capture]}), StackRecipe(), context)
        info = probe(context.output / "image.tif")
        assert probe(context.output / "depth.tif").dtype == "float32"
    assert (info.dtype, info.icc) == (dtype, given.icc)
    assert info.ppi == pytest.approx(given.ppi, rel=0.01)
