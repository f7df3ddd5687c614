"""What the techniques of the house say of themselves is said in every language of the page."""

import pytest

from vestige.contract.names import BUILT_IN
from vestige.contract.recipe import describe
from vestige.contract.registry import technique
from vestige.web.language import LANGUAGES, catalogue


def spoken(operation):
    """All that a form of an operation says in its own words."""
    yield operation.summary
    for item in (one for one in operation.inputs if one.kind):
        yield from (item.name, item.help)
    yield from operation.recipe.presets
    for row in describe(operation.recipe):
        if row["name"]:
            yield from (row["name"].replace("_", " "), row["help"], row["unit"], *map(str, row["choices"]))


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_speaks_the_language_of_the_page(name, language):
    found, words = technique(name), catalogue(language)
    said = {found.title}
    for operation in found.operations:
        said |= set(spoken(operation))
        said |= {operation.name} - {"run"}
    assert sorted(text for text in said if text and f"term_{text}" not in words) == []
