import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige.errors import UsageError
from vestige.publish.iiif.addresses import Addresses
from vestige.publish.iiif.state import State, decoded, encoded

HERE = Addresses("https://museum.example")
NAME = "r." + "a" * 64 + "-" + "b" * 16 + ".0.1"


@pytest.mark.parametrize("state", [State(7), State(7, NAME), State(7, NAME, (1, 2, 30, 40))])
def test_there_and_back(state):
    assert decoded(encoded(state, HERE)) == state


def test_other_ways_to_say_it():
    canvas = HERE.canvas(7, NAME)
    note = {"type": "Annotation", "motivation": ["contentState"], "target": {"id": canvas, "type": "Canvas"}}
    exact = note | {"target": {"type": "SpecificResource", "source": canvas}}
    for told in (canvas, json.dumps(note), json.dumps(exact), json.dumps(note | {"target": [canvas]})):
        assert decoded(told) == State(7, NAME)
    assert decoded("  " + HERE.manifest(3) + "\n").number == 3


@pytest.mark.parametrize(
    "text",
    [
        "", "%%%", "aGk", "{", "[" * 2000, "https://elsewhere.example/manifest.json", "http://[bad/iiif",
        base64.urlsafe_b64encode(b"\xff\xfe").decode(), json.dumps({"id": 5}), "x" * 9000,
        json.dumps({"type": "Annotation", "target": {"type": "Annotation", "target": {"type": "Annotation", "target": {"type": "Annotation", "target": {"type": "Annotation", "target": "x"}}}}}),
    ],
)  # fmt: skip
def test_what_is_no_state(text):
    with pytest.raises(UsageError):
        decoded(text)


@given(st.text(max_size=80))
def test_any_text_is_a_state_or_one_sentence(text):
    try:
        decoded(text)
    except UsageError as error:
        assert "\n" not in str(error)
