"""Every sentence that an error can have is known in German, and is said in it where a person meets it."""

import importlib.util
import re
from pathlib import Path

import pytest

from vestige.contract.operation import Technique
from vestige.contract.recipe import Recipe
from vestige.errors import InputError, UsageError
from vestige.web.phrases import said
from vestige.web.running.choice import techniques

TOOL = Path(__file__).parents[2] / "tools" / "phrases.py"
spec = importlib.util.spec_from_file_location("phrases_tool", TOOL)
phrases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(phrases)


def test_every_sentence_of_the_source_is_translated():
    table = phrases.known("de")
    assert sorted(phrases.all_sentences() - set(table)) == [], "run tools/phrases.py de"
    assert sorted(set(table) - phrases.all_sentences()) == [], "run tools/phrases.py de --stale"


def test_the_collector_sees_what_is_raised(tmp_path):
    (tmp_path / "new.py").write_text(
        'def act(n):\n    raise InputError(n, "is odd" if n else "is even", f"{n} of us", action="go on")\n'
    )
    found = phrases.sentences(tmp_path)
    assert found == {"{} is odd; expected {} of us: go on", "{} is even; expected {} of us: go on"}


def test_translations_put_in_what_the_sentence_held():
    for template, translation in phrases.known("de").items():
        rooms = template.count("{}")
        numbers = [int(number) for number in re.findall(r"\{(\d)\}", translation)]
        assert translation.strip()
        assert translation.count("{}") == rooms if not numbers else max(numbers) <= rooms, template
        values = iter("abcdefghij")
        sentence = re.sub(r"\{\}", lambda _, values=values: f"Q{next(values)}Q", template)
        assert said(sentence, "de") != sentence or template == translation, template


@pytest.mark.parametrize(
    ("error", "german"),
    [
        (
            InputError("my scan.tif", "is damaged (no pixels)", "an intact image", "copy it again"),
            "my scan.tif ist beschädigt (keine Pixel); erwartet wird ein heiles Bild: noch einmal kopieren",
        ),
        (
            UsageError("a.tif cannot be kept (No space left on device): free some space"),
            "a.tif lässt sich nicht aufbewahren (kein Platz mehr auf der Festplatte): Platz schaffen",
        ),
        (
            UsageError("for 'a.tif', low: Input should be greater than 0, found -1"),
            "für „a.tif“: low: muss größer als 0 sein, gefunden -1",
        ),
        (UsageError("KeyError: 'foo'"), "KeyError: 'foo'"),
    ],
)
def test_sentences_are_said(error, german):
    assert said(str(error), "de") == german
    assert said(str(error), "en") == str(error)


def test_a_wrong_value_of_any_recipe_is_told_in_german():
    found: list[Technique] = list(techniques())
    for operation in [todo for one in found for todo in one.operations]:
        for name in operation.recipe.model_fields:
            sentence = refused(operation.recipe, name)
            assert sentence == "" or said(sentence, "de") != sentence, sentence


def refused(recipe: type[Recipe], name: str) -> str:
    try:
        recipe.make(values={name: [{"wrong": object}]})
    except UsageError as error:
        return str(error)
    return ""


def test_a_sentence_that_is_very_long_costs_little():
    for letters in ("a" * 1999, "x " * 999, ": " * 999, "; expected " * 180):
        said(letters, "de")
