"""The preview: what a person chooses is seen at once, and is what a run then makes."""

import numpy as np
import pytest

from vestige import focus
from vestige.capture import Capture, Frame
from vestige.contract import Budget, Context, Inputs, Kind, Product, Refining
from vestige.contract.runner import execute
from vestige.errors import InputError, UsageError
from vestige.focus import session as sessions
from vestige.focus.recipe import Patch, SceneRecipe, StackRecipe
from vestige.focus.session import preview
from vestige.focus.simulate import make
from vestige.focus.technique import technique
from vestige.imaging import picture, read_image, write_image


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    return make(SceneRecipe(height=240, frames=6), tmp_path_factory.mktemp("scene"), 0)


@pytest.fixture(scope="module")
def session(capture):
    opened = preview(Inputs({"capture": [capture]}), Context())
    yield opened
    opened.close()


def taken(frame, x=160, y=120, radius=40):
    return StackRecipe(retouch=[Patch(frame=frame, points=[(x, y)], radius=radius, feather=0)])


def test_a_stroke_shows_that_frame_there_and_nothing_else_elsewhere(session, capture):
    name = capture.frames[3].file
    plain = session.render(StackRecipe()).astype(int)
    other = session.render(taken(name)).astype(int)
    y, x = np.mgrid[:240, :320]
    inside = np.hypot(x - 160, y - 120) <= 40
    assert np.array_equal(plain[~inside], other[~inside])
    assert np.abs(plain - other)[inside].mean() > 1
    reference = picture(read_image(capture.path(capture.frames[3]))).astype(int)
    assert np.abs(other - reference)[inside].max() <= 1


def test_the_preview_is_what_a_run_makes(session, capture, tmp_path):
    recipe = taken(capture.frames[1].file, 100, 150, 30)
    execute(technique, "run", {"capture": [capture]}, recipe, tmp_path / "out")
    made = picture(read_image(tmp_path / "out" / "image.tif")).astype(int)
    shown = session.render(recipe, None, 320).astype(int)
    assert shown.shape == made.shape
    assert np.abs(shown - made)[12:-12, 12:-12].mean() < 3


def test_a_region_is_cut_out(session):
    whole = session.render(StackRecipe(), None, 320)
    part = session.render(StackRecipe(), (40, 20, 100, 80), 320)
    assert np.array_equal(part, whole[20:100, 40:140])


def test_another_lights_alignment_is_taken(capture, session, tmp_path):
    execute(technique, "align", {"capture": [capture]}, None, tmp_path / "out")
    given = Product("alignment", Kind.TABLE, tmp_path / "out" / "alignment.json")
    reused = preview(Inputs({"capture": [capture], "reuse_alignment": [given]}), Context())
    difference = reused.render(StackRecipe()).astype(int) - session.render(StackRecipe())
    assert np.abs(difference)[12:-12, 12:-12].mean() < 2


def test_a_frame_that_is_not_there_is_told(session):
    with pytest.raises(UsageError, match=r"there is no frame 'gone\.tif'"):
        session.render(taken("gone.tif"))


def test_a_thin_stroke_is_seen_on_a_small_preview(tmp_path):
    large = make(SceneRecipe(height=900, frames=2, breathing=0, shift=0), tmp_path, 0)
    context = Context()
    opened = preview(Inputs({"capture": [large]}), context)
    name = large.frames[0].file
    line = Patch(frame=name, points=[(300, 450), (900, 450)], radius=0.2, feather=0)
    plain, drawn = (opened.render(StackRecipe(retouch=patches)) for patches in ([], [line]))
    assert (plain != drawn).any()


def test_order_and_frames_that_do_not_belong_are_those_of_a_run(capture, session, tmp_path):
    """Listed out of order, without focus, with a black frame: the same picture, the frame named."""
    order = [2, 0, 5, 1, 4, 3]
    names = []
    for place, number in enumerate(order):
        names.append(f"{place}.tif")
        (tmp_path / names[-1]).write_bytes(capture.path(capture.frames[number]).read_bytes())
    write_image(tmp_path / "black.tif", np.zeros((240, 320, 3), np.float32), depth=16)
    mixed = Capture(frames=[Frame(file=name) for name in ["black.tif", *names]]).at(tmp_path)
    context = Context()
    opened = preview(Inputs({"capture": [mixed]}), context)
    assert any("the order of their focus" in warning for warning in context.warnings)
    assert any(warning.startswith("black.tif is black") for warning in context.warnings)
    with pytest.raises(UsageError, match=r"there is no frame 'black\.tif'"):
        opened.render(taken("black.tif"))
    with Context() as aside:
        found = focus.stack([tmp_path / name for name in names], context=aside, depth=False)
    shown = opened.render(StackRecipe(), None, 320).astype(int)
    assert np.abs(shown - picture(found.image))[12:-12, 12:-12].mean() < 3


def test_broken_frames_are_left_out_and_named(capture, tmp_path):
    for frame in capture.frames:
        data = capture.path(frame).read_bytes()
        (tmp_path / frame.file).write_bytes(data if frame.file != capture.frames[2].file else data[:4000])
    broken = Capture(frames=capture.frames).at(tmp_path)
    context = Context()
    assert preview(Inputs({"capture": [broken]}), context).render(StackRecipe()).any()
    assert any(capture.frames[2].file in warning for warning in context.warnings)
    for frame in capture.frames:
        (tmp_path / frame.file).write_bytes(b"")
    with pytest.raises(InputError):
        preview(Inputs({"capture": [broken]}), Context())


@pytest.fixture
def hasty(capture, monkeypatch):
    """A session whose first picture may wait for no more frames than it must."""
    monkeypatch.setattr(sessions, "PATIENCE", -1.0)
    opened = preview(Inputs({"capture": [capture]}), Context(budget=Budget(cores=1)))
    yield opened
    opened.close()


def test_the_first_picture_is_of_some_frames_and_says_so(hasty, session):
    assert isinstance(hasty, Refining)
    assert hasty.provisional
    early = hasty.render(StackRecipe()).astype(int)
    assert hasty.provisional
    hasty.finish()
    late = hasty.render(StackRecipe()).astype(int)
    assert not hasty.provisional
    whole = session.render(StackRecipe()).astype(int)
    assert np.array_equal(late, whole)
    assert 0.5 < np.abs(early - whole)[12:-12, 12:-12].mean() < 6  # the same view, less of it sharp


def test_a_frame_that_is_not_read_yet_is_waited_for(hasty, session, capture):
    for frame in capture.frames:
        assert np.array_equal(hasty.render(taken(frame.file)), session.render(taken(frame.file)))
    assert not hasty.provisional


def test_what_fails_while_the_rest_is_read_is_told(hasty, monkeypatch):
    def broken(self, until):
        raise InputError("f.tif", "is gone")

    monkeypatch.setattr(type(hasty._reading), "go_on", broken)
    assert hasty.render(StackRecipe()).any()
    with pytest.raises(InputError, match="is gone"):
        hasty.finish()


def test_a_session_is_closed_while_it_reads(hasty):
    hasty.render(StackRecipe())
    hasty.close()
    assert hasty._rest is None or not hasty._rest.is_alive()
