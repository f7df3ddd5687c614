"""Each sentence of advice appears when it should, and only then."""

import numpy as np
import pytest

from vestige import focus
from vestige.contract import Context
from vestige.focus.advice import reach_of_focus
from vestige.focus.frames import frames_of_items
from vestige.focus.recipe import SceneRecipe, StackRecipe
from vestige.focus.simulate import make
from vestige.focus.stacking import stack_frames
from vestige.imaging import read_image

COUNT = 12


@pytest.fixture(scope="module")
def coin(tmp_path_factory):
    """A whole stack of a coin: enough frames, close enough, from before its rim to its card."""
    folder = tmp_path_factory.mktemp("coin")
    recipe = SceneRecipe(scene="coin", height=300, frames=COUNT, breathing=0, shift=0, turn=0, exposure=0)
    capture = make(recipe, folder, 1)
    pixels = [read_image(capture.path(frame)) for frame in capture.frames]
    return pixels, [frame.number("focus") for frame in capture.frames]


def advised(coin, chosen=range(COUNT), gains=None, known=True):
    """The sentences of a stack of some of the frames."""
    pixels = [coin[0][n] * np.float32(gains[n] if gains else 1) for n in chosen]
    positions = [coin[1][n] for n in chosen] if known else None
    return focus.stack(pixels, focus=positions, recipe=StackRecipe(align=False)).warnings


def test_a_good_stack_needs_no_advice(coin):
    assert advised(coin) == ()
    assert advised(coin, known=False) == ()


def test_two_missing_frames_are_told_by_their_place(coin):
    (sentence,) = advised(coin, [n for n in range(COUNT) if n not in (5, 6)])
    first, last = coin[1][4], coin[1][7]
    assert sentence == f"Nothing is sharp between {first:.4g} and {last:.4g} mm: take smaller steps there"


@pytest.mark.parametrize("scene", ["leaf", "sherd", "textile"])
def test_whole_stacks_of_other_things_need_none_either(tmp_path, scene):
    capture = make(SceneRecipe(scene=scene, height=240, frames=COUNT), tmp_path, 1)
    paths = [capture.path(frame) for frame in capture.frames]
    assert focus.stack(paths, focus=[frame.number("focus") for frame in capture.frames]).warnings == ()


def test_a_gap_where_there_is_nothing_is_no_gap(coin):
    """The coin's two nearest planes show nothing: that they are missing does no harm."""
    assert advised(coin, [0, *range(3, COUNT)]) == ()


def test_steps_larger_than_the_depth_of_field(coin):
    sentences = advised(coin, range(0, COUNT, 3))
    assert sum("is larger than the depth of field, about 0." in sentence for sentence in sentences) == 1
    assert not any("Nothing is sharp" in sentence for sentence in sentences)
    (sentence,) = (s for s in advised(coin, range(0, COUNT, 3), known=False) if "frames are focused" in s)
    assert sentence.endswith("between them nothing is quite sharp: take smaller steps")


def test_a_stack_that_starts_too_late_or_ends_too_early(coin):
    late, short = advised(coin, range(8, COUNT)), advised(coin, range(7))
    assert [s for s in late if "Part of" in s] == [
        "Part of the object lies nearer than the nearest frame, frame 0: start nearer"
    ]
    assert [s for s in short if "Part of" in s] == [
        "Part of the object lies farther than the farthest frame, frame 6: go on farther"
    ]
    unknown = advised(coin, range(7), known=False)
    assert "Part of the object lies beyond the last, frame 6: go on longer" in unknown


def test_exposure_that_drifts(coin):
    steady = [1 + 0.002 * n for n in range(COUNT)]
    assert advised(coin, gains=steady) == ()
    (sentence,) = advised(coin, gains=[1 - 0.01 * n for n in range(COUNT)])
    assert sentence.startswith("Exposure drifted by 12% from frame 11, the darkest frame, to frame 0")


@pytest.mark.parametrize("peaks", [np.zeros((0, 5), np.float32), np.ones((900, 5), np.float32)])
def test_nothing_to_go_by_is_no_advice(peaks):
    assert reach_of_focus(peaks, range(5)) is None or reach_of_focus(peaks, range(5)).gaps == ()


def test_two_frames_give_no_advice_on_steps(coin):
    assert advised(coin, [6, 9]) == ()


def test_positions_that_repeat_give_no_advice(coin):
    frames = frames_of_items([coin[0][n] for n in (5, 6, 7)], [1.0, 1.0, 2.0], print)
    with Context() as context:
        stack_frames(frames, StackRecipe(align=False), context)
        assert context.warnings == []


@pytest.mark.real
def test_a_real_stack_whose_front_is_never_sharp(real_data):
    """The circuit board: few steps for a fast lens, and its front edge lies before the first frame."""
    paths = sorted((real_data / "focus" / "pcb7").glob("*.jpg"))
    told = focus.stack(paths).warnings
    assert any("take smaller steps" in sentence for sentence in told)
    assert "Part of the object lies before the first, pcb_001.jpg: start earlier" in told
    assert not any("beyond the last" in sentence for sentence in told)


def test_a_knock_is_told_by_its_place(coin):
    frames = [np.roll(pixels, 20 * (number > 3), axis=1) for number, pixels in enumerate(coin[0][:8])]
    told = focus.stack(frames, focus=coin[1][:8]).warnings
    assert [sentence for sentence in told if "px between frame 3 and frame 4" in sentence] == list(told)
    assert told
