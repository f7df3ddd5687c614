"""Both languages say everything, and nothing is asked for that neither says."""

import re
from pathlib import Path

import pytest

import vestige.web
from vestige.contract.kinds import Kind
from vestige.web.language import LANGUAGES, accepted, catalogue

WEB = Path(vestige.web.__file__).parent


def test_all_languages_have_the_same_words():
    english = catalogue("en")
    for language in LANGUAGES:
        words = catalogue(language)
        assert list(words) == list(english)
        assert all(text.strip() for text in words.values())
        for key, text in words.items():
            assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", english[key]), key


def test_every_kind_has_its_words():
    for kind in Kind:
        assert {f"kind_{kind}", f"what_{kind}"} <= set(catalogue("en"))


def test_every_word_that_templates_and_scripts_ask_for_is_there():
    known = set(catalogue("en"))
    for path in (WEB / "templates").rglob("*.html"):
        asked = set(re.findall(r't\("([a-z0-9_]+)"(?! ~)', path.read_text()))
        assert asked <= known, path
    for path in (WEB / "static/js").glob("*.js"):
        asked = {f"view_{key}" for key in re.findall(r'\bword\("([a-z_]+)"\)', path.read_text())}
        asked |= {f"view_{key}" for key in re.findall(r'\b(?:button|toggle)\("([a-z_]+)"', path.read_text())}
        assert asked <= known, path


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.3, de;q=0.9", "de"),
        ("fr", "en"),
        ("de;q=0, en", "en"),
        ("de;q=nonsense", "en"),
        ("," * 5000, "en"),
    ],
)
def test_the_browser_is_heard(header, language):
    assert accepted(header) == language


def test_a_person_switches_and_comes_back(client):
    assert 'lang="en"' in client.get("/").text
    assert 'lang="de"' in client.get("/", headers={"accept-language": "de"}).text
    answer = client.get("/language/de?back=/capture/x", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/capture/x")
    assert 'lang="de"' in client.get("/", headers={"cookie": "language=de", "accept-language": "en"}).text
    client.cookies.clear()


@pytest.mark.parametrize(
    "back", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "x"]
)
def test_the_way_back_never_leads_elsewhere(client, back):
    answer = client.get("/language/en", params={"back": back}, follow_redirects=False)
    assert answer.headers["location"] == "/"
    client.cookies.clear()
