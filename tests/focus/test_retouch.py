"""'Take this frame here': the region shows that frame, registered, and nothing else changes."""

import json

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige import focus
from vestige.contract import Budget, Context
from vestige.errors import UsageError
from vestige.focus.frames import frames_of_items
from vestige.focus.pyramid import light_of
from vestige.focus.recipe import Patch, StackRecipe
from vestige.focus.retouch import mask
from vestige.focus.spool import registered_rows
from vestige.imaging import write_image

SHAPE = (150, 180, 3)


def stack(shape=SHAPE, count=4):
    random = np.random.default_rng(3)
    scene = 0.2 + 0.6 * cv2.GaussianBlur(random.random(shape, np.float32), (0, 0), 1.2)
    frames = []
    for number in range(count):
        scale = 1 + 0.006 * (number - 2)
        matrix = np.array([[scale, 0, 0.7 * (number - 2)], [0, scale, 0]])
        moved = cv2.warpAffine(scene, matrix, shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        frames.append(cv2.GaussianBlur(moved, (0, 0), 0.3 + abs(number - 2)) * np.float32(1 + 0.01 * number))
    return frames


def aligned(frames, number, warp, rows=slice(0, SHAPE[0])):
    """A frame as it lies on the reference."""
    opened = frames_of_items(frames, None, print).items[number].open()
    return light_of(registered_rows(opened, warp, SHAPE, rows))


def patched(frames, *patches, **options):
    known = list(range(len(frames)))
    return focus.stack(frames, focus=known, recipe=StackRecipe(retouch=list(patches)), **options)


@pytest.mark.parametrize(
    "shape",
    [
        {"points": [(90, 70)], "radius": 25},
        {"points": [(40, 40), (130, 45), (120, 110)], "radius": 12},
        {"points": [(30, 30), (150, 35), (140, 120), (60, 100)]},
    ],
    ids=["disk", "stroke", "outline"],
)
def test_a_region_equals_the_registered_frame_and_the_rest_is_as_it_was(shape):
    frames = stack()
    plain = focus.stack(frames, focus=range(4))
    patch = Patch(frame="frame 0", feather=6, **shape)
    found = patched(frames, patch)
    weight = mask(patch, SHAPE, slice(0, SHAPE[0]))
    assert (weight == 1).sum() > 1500
    assert np.array_equal(found.image[weight == 1], aligned(frames, 0, found.warps[0])[weight == 1])
    assert np.array_equal(found.image[weight == 0], plain.image[weight == 0])
    assert np.abs(found.image - plain.image)[weight == 1].max() > 0.01
    rim = (weight > 0) & (weight < 1)
    low, high = (
        function(plain.image, aligned(frames, 0, found.warps[0]))[rim]
        for function in (np.minimum, np.maximum)
    )
    assert (found.image[rim] >= low - 1e-5).all()
    assert (found.image[rim] <= high + 1e-5).all()


def test_a_later_patch_lies_over_an_earlier_one():
    frames = stack()
    below = Patch(frame="frame 0", points=[(90, 70)], radius=30, feather=0)
    above = Patch(frame="frame 3", points=[(90, 70)], radius=10, feather=0)
    found = patched(frames, below, above)
    assert np.array_equal(found.image[70, 90], aligned(frames, 3, found.warps[3])[70, 90])
    assert np.array_equal(found.image[70, 110], aligned(frames, 0, found.warps[0])[70, 110])


def test_strips_do_not_show():
    frames = [np.random.default_rng(n).random((900, 60, 3), np.float32) for n in range(2)]
    patch = Patch(frame="frame 1", points=[(30, 100), (20, 700)], radius=15, feather=40)
    recipe = StackRecipe(align=False, exposure=False, retouch=[patch])
    whole = focus.stack(frames, recipe=recipe)
    with Context(budget=Budget(cores=1, bytes=1)) as context:
        parts = focus.stack(frames, recipe=recipe, context=context)
    assert np.abs(whole.image - parts.image).max() < 5e-4


def test_a_frame_that_is_not_there_is_told():
    with pytest.raises(
        UsageError, match=r"retouch: there is no frame 'nowhere\.tif'; name one such as 'frame 2'"
    ):
        patched(stack(), Patch(frame="nowhere.tif", points=[(1, 1)], radius=2))


def test_from_the_command_line(tmp_path):
    for number, frame in enumerate(stack()):
        write_image(tmp_path / f"{number}.tif", frame, depth=16)
    text = json.dumps([{"frame": "0.tif", "points": [[90, 70]], "radius": 25}])
    recipe = StackRecipe.make(settings=[f"retouch={text}"])
    assert recipe.retouch[0].points == ((90, 70),)
    assert StackRecipe.make(values=recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    "text",
    [
        '{"frame": "a", "points": [[1, 1]]}',
        '{"frame": "a", "points": [], "radius": 3}',
        '{"frame": "a", "points": [[1, 1, 1]], "radius": 3}',
        '{"frame": "a", "points": [[1, NaN]], "radius": 3}',
        '{"frame": "a", "points": [[1, 1e99]], "radius": 3}',
        '{"frame": "a", "points": [[1, 1]], "radius": -3}',
        '{"points": [[1, 1]], "radius": 3}',
    ],
)
def test_patches_that_make_no_sense(text):
    with pytest.raises(UsageError, match="retouch"):
        StackRecipe.make(settings=[f"retouch=[{text}]"])


@given(
    points=st.lists(st.tuples(st.floats(-60, 160), st.floats(-60, 160)), min_size=3, max_size=6),
    radius=st.floats(0, 60),
    feather=st.floats(0, 30),
    cut=st.integers(1, 79),
)
@settings(max_examples=40, deadline=None)
def test_a_mask_by_rows_is_the_mask(points, radius, feather, cut):
    patch = Patch(frame="a", points=points, radius=radius, feather=feather)
    whole, above, below = (
        found
        if (found := mask(patch, (80, 100), rows)) is not None
        else np.zeros((len(range(80)[rows]), 100))
        for rows in (slice(0, 80), slice(0, cut), slice(cut, 80))
    )
    assert whole.min() >= 0
    assert whole.max() <= 1
    assert np.array_equal(whole, np.vstack([above, below]))
