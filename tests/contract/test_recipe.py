"""Recipes: presets, texts from the command line, overrides for single frames, and what is refused."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige.contract import Recipe, describe, setting
from vestige.contract.recipe import read_value, write_value
from vestige.errors import UsageError


class Develop(Recipe):
    presets = {"night": {"gain": 4.0, "note": "at night"}}
    gain: float = setting(1.5, "How much brighter", unit="times", gt=0, le=10)
    side: Literal["left", "right"] = setting("left", "Which side")
    note: str = setting("", "A word")
    crop: list[int] = setting([0, 0], "What to cut", unit="px")
    reference: str | None = setting(None, "A frame")


def test_preset_then_values_then_texts():
    made = Develop.make("night", ["gain=3"], {"side": "right", "gain": 2})
    assert (made.gain, made.note, made.side) == (3, "at night", "right")


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("gain=2.5", "gain", 2.5), (" gain =2", "gain", 2), ("note=a=b", "note", "a=b"), ("note=", "note", ""),
        ("note=2024", "note", "2024"), ("note=true", "note", "true"), ("reference=0417", "reference", "0417"),
        ("reference=17", "reference", "17"), ("reference=null", "reference", None), ("crop=[1, 2]", "crop", [1, 2]),
        ('note="quoted"', "note", "quoted"),
    ],
)  # fmt: skip
def test_texts_are_read_as_the_field_wants(text, field, value):
    assert getattr(Develop.make(settings=[text]), field) == value


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["gian=2"], "no field 'gian'; did you mean 'gain'"),
        (["qqqqq=2"], "no field 'qqqqq'; fields: "),
        (["gain"], "not of the form field=value"),
        (["gain=0"], "gain: .*greater than 0, found 0"),
        (["gain=NaN"], "gain: .*finite"),
        (["gain=" + "9" * 5000], "gain: "),
        (["gain=" + "[" * 100_000], r"gain: .*found '\[+…"),
        (["side=up"], "side: .*'left' or 'right', found 'up'"),
        (["overrides=3"], "overrides: "),
        (['overrides={"a.tif": {"gain": 0}}'], "for 'a.tif', gain: .*greater than 0"),
        (['overrides={"a.tif": {"gian": 1}}'], "for 'a.tif', there is no field 'gian'; did you mean 'gain'"),
    ],
)
def test_what_does_not_fit_is_one_sentence(texts, words):
    with pytest.raises(UsageError, match=words) as caught:
        Develop.make(settings=texts)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_preset_that_is_not_there_names_those_that_are():
    with pytest.raises(UsageError, match="no preset 'day'; presets: night"):
        Develop.make("day")


def test_overrides_hold_for_their_frame_alone():
    recipe = Develop(gain=2, overrides={"2.tif": {"gain": 3}})
    assert recipe.for_frame("1.tif") is recipe
    assert (recipe.for_frame("2.tif").gain, recipe.for_frame("2.tif").overrides) == (3, {})


def test_recipes_are_frozen_and_share_no_default():
    first, second = Develop(), Develop()
    with pytest.raises(ValueError, match="frozen"):
        first.gain = 2
    assert first.crop is not second.crop


def test_description_tells_type_bounds_unit_and_choices():
    rows = {row["name"]: row for row in describe(Develop)}
    assert rows["gain"]["bounds"] == "> 0, ≤ 10"
    assert rows["gain"]["unit"] == "times"
    assert rows["side"]["choices"] == ["left", "right"]
    assert rows["side"]["type"] == "choice"
    assert rows["crop"]["default"] == [0, 0]
    assert rows["reference"]["type"] == "string or null"
    assert list(rows)[-1] == "overrides"


@given(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.lists(st.text())
)
def test_a_value_as_typed_is_read_back(value):
    assert read_value(write_value(value)) == value


@given(st.text(), st.text())
def test_any_text_makes_a_recipe_or_one_sentence(name, value):
    try:
        Develop.make(settings=[f"{name}={value}"])
    except UsageError as error:
        assert str(error)
