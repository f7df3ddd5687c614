"""A recipe as a form, and the form as a recipe."""

import pytest
from pydantic import ValidationError

from vestige.contract.names import BUILT_IN
from vestige.contract.recipe import Recipe, setting
from vestige.contract.registry import technique
from vestige.web.bodies import Answers
from vestige.web.running.forms import PREFIX, fields, filled, presets, texts

OPERATIONS = [(name, one) for name in BUILT_IN for one in technique(name).operations]


class Blur(Recipe):
    presets = {"coin": {"radius": 1.5, "name": "coin"}}
    radius: float = setting(2.0, "How far to look", unit="px", gt=0, le=10)
    steps: int | None = setting(None, "How often", ge=1)
    name: str = setting("", "What it is called")
    even: bool = setting(True, "Whether")
    corners: list[float] = setting([], "Where")


def form(told=None, preset="", basis=""):
    values = {f"{PREFIX}{key}": value for key, value in (told or {}).items()}
    return Answers(list({"preset": preset, "basis": basis, **values}.items()))


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=lambda item: getattr(item, "name", item))
def test_every_recipe_comes_back_from_its_form(name, operation):
    for preset in presets(operation.recipe):
        shown = {one.name: one.value for one in fields(operation.recipe, preset.values)}
        said = filled(operation.recipe, form(shown, preset.name, preset.name))
        assert said.recipe == operation.recipe.make(preset.name or None)


def test_without_scripts_another_preset_keeps_only_what_was_changed():
    shown = texts(Blur()) | {"steps": "3"}
    said = filled(Blur, form(shown, "coin"))
    assert said.recipe == Blur(radius=1.5, name="coin", steps=3)


def test_what_is_wrong_stands_beside_its_field():
    said = filled(Blur, form({"radius": "-1", "steps": "x", "corners": "[1, 2"}))
    assert said.recipe is None
    assert set(said.faults) == {"radius", "steps", "corners"}
    assert "greater than 0" in said.faults["radius"]
    assert said.texts["radius"] == "-1"
    shown = {one.name: one for one in fields(Blur, said.texts, said.faults)}
    assert (shown["radius"].value, shown["radius"].unit, shown["radius"].bounds) == ("-1", "px", "> 0, ≤ 10")


@pytest.mark.parametrize(("text", "value"), [("", None), ("7", 7)])
def test_an_empty_field_may_be_none(text, value):
    assert filled(Blur, form({"steps": text})).recipe.steps == value


def test_text_stays_text():
    assert filled(Blur, form({"name": "2024"})).recipe.name == "2024"


def test_numbers_are_compared_as_numbers():
    assert filled(Blur, form({"radius": "2.00"})).recipe == Blur()


def test_foreign_fields_and_presets_are_not_heard():
    assert filled(Blur, form({"unknown": "1", "overrides": "{}"}, "nothing")).recipe == Blur()
    with pytest.raises(ValidationError):
        Blur.model_validate({"unknown": 1})
