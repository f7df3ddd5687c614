"""Recipes: every setting of an operation, with type, bounds, default, unit and a line of help."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vestige.errors import UsageError


def setting(default: Any, help: str, *, unit: str = "", names: str = "", **bounds: Any) -> Any:  # noqa: A002 - the field's own word
    """A field of a recipe: default, one line of help, unit, and pydantic's bounds (ge, gt, le, lt).

    Where its text names frames of the capture, `names` says how, so that a form can offer them: ``frame``
    (one), ``frames`` (patterns with commas between), ``patches`` (regions, each taken from a frame).

    >>> class Blur(Recipe):
    ...     radius: float = setting(2.0, "How far to look", unit="px", gt=0)
    >>> Blur().radius
    2.0
    """
    extra: dict[str, Any] | None = {
        key: text for key, text in (("unit", unit), ("names", names)) if text
    } or None
    if isinstance(default, list | dict):
        return Field(default_factory=default.copy, description=help, json_schema_extra=extra, **bounds)
    return Field(default=default, description=help, json_schema_extra=extra, **bounds)


class Recipe(BaseModel):
    """All settings of one operation. Frozen; unknown fields are refused.

    Subclasses add fields with `setting` and name good combinations in ``presets``. ``overrides``
    holds other values for single frames, by file name; `for_frame` applies them.

    >>> class Blur(Recipe):
    ...     presets = {"coin": {"radius": 1.0}}
    ...     radius: float = setting(2.0, "How far to look", unit="px", gt=0)
    >>> Blur.make("coin").radius
    1.0
    >>> Blur.make(settings=["radius=3.5"]).radius
    3.5
    >>> Blur.make(settings=["radius=-1"])
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: radius: Input should be greater than 0, found -1
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    overrides: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Other values for single frames, by file name"
    )

    @model_validator(mode="after")
    def _check_overrides(self) -> Self:
        for name in self.overrides:
            try:
                self.for_frame(name)
            except ValidationError as error:
                raise ValueError(f"for '{name}', {self._sentence(error)}") from None
        return self

    def for_frame(self, name: str) -> Self:
        """The recipe as it holds for one frame.

        >>> class Crop(Recipe):
        ...     left: int = setting(0, "Cut from the left", unit="px", ge=0)
        >>> Crop(overrides={"2.tif": {"left": 5}}).for_frame("2.tif").left
        5
        """
        if not (values := self.overrides.get(name)):
            return self
        return type(self).model_validate({**self.model_dump(exclude={"overrides"}), **values})

    @classmethod
    def make(
        cls,
        preset: str | None = None,
        settings: Iterable[str] = (),
        values: Mapping[str, Any] | None = None,
    ) -> Self:
        """A recipe from a preset, then `values`, then ``field=value`` texts.

        Raises
        ------
        UsageError
            where a preset or field does not exist or a value is out of bounds.
        """
        if preset is not None and preset not in cls.presets:
            known = ", ".join(cls.presets) or "none"
            raise UsageError(f"there is no preset '{preset}'; presets: {known}")
        chosen: dict[str, Any] = dict(cls.presets[preset]) if preset is not None else {}
        chosen.update(values or {})
        texts: dict[str, str] = {}
        for text in settings:
            name, separator, value = text.partition("=")
            if not separator:
                raise UsageError(f"'{text}' is not of the form field=value")
            texts[name.strip()] = value
        try:
            return cls._from_texts(chosen, texts)
        except ValidationError as error:
            raise UsageError(cls._sentence(error)) from None

    @classmethod
    def _from_texts(cls, chosen: Mapping[str, Any], texts: Mapping[str, str]) -> Self:
        """Values read as JSON where that fits, as plain text where the field wants text ('2024')."""
        parsed = {name: read_value(text) for name, text in texts.items()}
        try:
            return cls.model_validate({**chosen, **parsed})
        except ValidationError as error:
            wanted = {str(fault["loc"][0]) for fault in error.errors() if fault["type"] == "string_type"}
            plain = {name: text for name, text in texts.items() if name in wanted}
            if not plain:
                raise
            return cls.model_validate({**chosen, **parsed, **plain})

    @classmethod
    def _sentence(cls, error: ValidationError) -> str:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            close = difflib.get_close_matches(name, cls.model_fields, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else f"; fields: {', '.join(cls.model_fields)}"
            return f"there is no field '{name}'{hint}"
        said = str(first["msg"]).removeprefix("Value error, ")
        found = repr(first.get("input"))
        found = f"{found[:60]}…" if len(found) > 60 else found
        return f"{name}: {said}, found {found}" if name else said


def read_value(text: str) -> Any:
    """A value from the command line: JSON where it is JSON, else the text itself.

    >>> read_value("2.5"), read_value("*_TL.jpg")
    (2.5, '*_TL.jpg')
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def write_value(value: Any) -> str:
    """A value as it is typed on the command line; `read_value` reads it back.

    >>> write_value(None), write_value(True), write_value("left"), write_value("")
    ('null', 'true', 'left', '""')
    """
    if isinstance(value, str) and value == read_value(value):
        return value or '""'
    return json.dumps(value, ensure_ascii=False, default=str)


def describe(recipe: type[Recipe]) -> list[dict[str, Any]]:
    """The fields of a recipe as plain rows: the source of forms, help texts and reference pages.

    >>> describe(Recipe)[0]["name"]
    'overrides'
    """
    properties = recipe.model_json_schema(mode="validation").get("properties", {})
    rows = []
    for name, field in recipe.model_fields.items():
        schema = properties.get(name, {})
        bounds = [
            f"{sign} {schema[key]}"
            for key, sign in (
                ("minimum", "≥"),
                ("exclusiveMinimum", ">"),
                ("maximum", "≤"),
                ("exclusiveMaximum", "<"),
            )
            if key in schema
        ]
        rows.append(
            {
                "name": name,
                "type": _type_name(schema),
                "default": field.get_default(call_default_factory=True),
                "unit": schema.get("unit", ""),
                "bounds": ", ".join(bounds),
                "choices": _choices(schema),
                "help": field.description or "",
                "names": "overrides" if name == "overrides" else schema.get("names", ""),
            }
        )
    return sorted(rows, key=lambda row: row["name"] == "overrides")


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    if "enum" in schema:
        return list(schema["enum"])
    return [value for part in schema.get("anyOf", ()) for value in part.get("enum", ())]


def _type_name(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return "choice"
    if "anyOf" in schema:
        return " or ".join(_type_name(part) for part in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    return str(schema.get("type", "any"))
