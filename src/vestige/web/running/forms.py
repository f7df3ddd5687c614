"""Forms: a recipe as fields that a browser can show, and what it sends back as a recipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from vestige.contract.recipe import Recipe, describe, read_value
from vestige.web.bodies import Answers

#: The name that the recipe with every default goes by in a form.
STANDARD = ""
#: Fields of other names would hide fields of the recipe.
PREFIX = "recipe."
_BOUNDS = (("minimum", "min"), ("exclusiveMinimum", "min"), ("maximum", "max"), ("exclusiveMaximum", "max"))


@dataclass(frozen=True)
class Field:
    """One setting as a browser shows it: a switch, a choice, a number or a text, with its value and fault."""

    name: str
    shape: str
    help: str
    unit: str = ""
    bounds: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    value: str = ""
    default: str = ""
    optional: bool = False
    fault: str = ""
    names: str = ""

    @property
    def title(self) -> str:
        """The field's name in words.

        >>> Field("flat_reflectance", "number", "").title
        'flat reflectance'
        """
        return self.name.replace("_", " ")


@dataclass(frozen=True)
class Preset:
    """A good combination of settings: its name, and every value as the form shows it."""

    name: str
    differs: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True)
class Filled:
    """What a form said: the recipe, or what is wrong with it, field by field."""

    recipe: Recipe | None
    texts: Mapping[str, str]
    faults: Mapping[str, str] = field(default_factory=dict)


def presets(recipe: type[Recipe]) -> list[Preset]:
    """The recipe with all its defaults, then each preset.

    >>> [preset.name for preset in presets(Recipe)]
    ['']
    """
    standard = texts(recipe())
    found = [Preset(STANDARD, {}, standard)]
    for name in recipe.presets:
        values = texts(recipe.make(name))
        found.append(Preset(name, {k: v for k, v in values.items() if v != standard[k]}, values))
    return found


def fields(
    recipe: type[Recipe], shown: Mapping[str, str], faults: Mapping[str, str] | None = None
) -> list[Field]:
    """The fields of a recipe with the values to show; what belongs to single frames comes last."""
    properties = recipe.model_json_schema(mode="validation").get("properties", {})
    defaults, faults = texts(recipe()), faults or {}
    found = []
    for row in describe(recipe):
        name, schema = row["name"], properties.get(row["name"], {})
        optional = "null" in row["type"]
        found.append(
            Field(
                name,
                _shape(row["type"], row["choices"]),
                row["help"],
                row["unit"],
                row["bounds"],
                _limits(schema),
                tuple(str(choice) for choice in row["choices"]),
                shown.get(name, defaults[name]),
                defaults[name],
                optional,
                faults.get(name, ""),
                row["names"],
            )
        )
    return found


def texts(recipe: Recipe) -> dict[str, str]:
    """The values of a recipe as a form holds them.

    >>> texts(Recipe())
    {'overrides': '{}'}
    """
    plain, listed = recipe.model_dump(mode="json"), _lists_of_names(type(recipe))
    return {name: ", ".join(value) if name in listed else _text(value) for name, value in plain.items()}


def filled(recipe: type[Recipe], answers: Answers) -> Filled:
    """The recipe that a form describes: the preset chosen, and what was changed by hand since.

    Without scripts a form still shows the values of the preset it was made for (`basis`) when
    another is chosen; only what differs from those was said by the person.
    """
    name, basis = answers.one("preset"), answers.one("basis")
    known = {"", *recipe.presets}
    name, basis = (item if item in known else STANDARD for item in (name, basis))
    chosen, shown = (recipe.make(item or None) for item in (name, basis))
    before = texts(shown)
    given = {key: _given(answers, key, before[key]) for key in before if f"{PREFIX}{key}" in answers}
    changed = {key: text for key, text in given.items() if text != before[key]}
    values = chosen.model_dump() | {key: _value(recipe, key, text) for key, text in changed.items()}
    told = texts(chosen) | changed
    try:
        return Filled(recipe.model_validate(values), told)
    except ValidationError as error:
        return Filled(None, told, _faults(recipe, error))


def _given(answers: Answers, key: str, before: str) -> str:
    text = answers.one(f"{PREFIX}{key}")
    number, known = read_value(text), read_value(before)
    same = isinstance(number, int | float) and isinstance(known, int | float) and number == known
    return before if same else text


def _value(recipe: type[Recipe], key: str, text: str) -> Any:
    """The text of a field as its type wants it; an empty field that may be empty is none."""
    told = next(row["type"] for row in describe(recipe) if row["name"] == key)
    if key in _lists_of_names(recipe):
        return [name.strip() for name in text.split(",") if name.strip()]
    if text == "" and "null" in told:
        return None
    return text if told in ("string", "choice") else read_value(text)


def _faults(recipe: type[Recipe], error: ValidationError) -> dict[str, str]:
    """What is wrong, beside the field it is wrong with; what concerns several fields stands under ''."""
    found: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        told = str(fault["msg"]).removeprefix("Value error, ")
        found.setdefault(name if name in recipe.model_fields else "", told)
    return found


def _lists_of_names(recipe: type[Recipe]) -> set[str]:
    """Fields that hold a list of chosen names: typed with commas between them, not as JSON."""
    properties = recipe.model_json_schema(mode="validation").get("properties", {})
    return {name for name, schema in properties.items() if "enum" in schema.get("items", {})}


def _shape(told: str, choices: list[Any]) -> str:
    if choices:
        return "choice"
    for name, shape in (
        ("boolean", "switch"),
        ("integer", "whole"),
        ("number", "number"),
        ("string", "text"),
    ):
        if told in (name, f"{name} or null"):
            return shape
    return "listing"


def _limits(schema: Mapping[str, Any]) -> dict[str, float]:
    parts = [schema, *schema.get("anyOf", ())]
    return {limit: part[key] for part in parts for key, limit in _BOUNDS if key in part}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
