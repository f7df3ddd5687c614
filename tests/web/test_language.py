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
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english[key])), key


def test_every_kind_has_its_words():
    for kind in Kind:
        assert {f"kind_{kind}", f"what_{kind}"} <= set(catalogue("en"))


def test_every_word_that_templates_and_scripts_ask_for_is_there():
    known = set(catalogue("en"))
    for path in (WEB / "templates").rglob("*.html"):
        asked = set(re.findall(r'\bt\("([a-z0-9_]+)"(?! ~)', path.read_text()))
        assert asked <= known, path
    for path in (WEB / "static/js").glob("*.js"):
        asked = {f"view_{key}" for key in re.findall(r'\bword\("([a-z_]+)"\)', path.read_text())}
        asked |= {f"view_{key}" for key in re.findall(r'\b(?:button|toggle)\("([a-z_]+)"', path.read_text())}
        assert asked <= known, path


#: Letters that are the same in every language: names, keys, units, file endings.
SAME = re.compile(
    r"Vestige|CPU|BLAKE3|JPEG|PNG|TIFF|PDF|CSV|GeoJSON|ALTO|IIIF|ppi|dpi|px|mm|nm|nT|MiB|kB|MB|GB|vestige [a-z ]+"
)
SPOKEN = ("alt", "title", "aria-label", "aria-description", "placeholder", "label", "data-label")


def words_of(template):
    """The letters that stand in a template itself, between its tags and in attributes that people hear."""
    text = re.sub(
        r"{% block body_class %}.*?{% endblock %}|{% set \w+ %}.*?{% endset %}", "", template, flags=re.DOTALL
    )
    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", " ", text, flags=re.DOTALL)
    text = re.sub(r"<(script|style|svg|pre)\b.*?</\1>", "", text, flags=re.DOTALL)
    said = re.findall(rf"\s(?:{'|'.join(SPOKEN)})=[\"']([^\"']*)[\"']", text)
    said += re.split(r"<[^>]*>", text)
    return [found.strip() for found in said if re.search(r"[^\W\d_]{2,}", SAME.sub("", found))]


def test_no_template_speaks_for_itself():
    found = {path.name: words_of(path.read_text()) for path in (WEB / "templates").rglob("*.html")}
    assert {name: said for name, said in found.items() if said} == {}


#: Where a script says something to a person.
SAYS = re.compile(
    r"""(?:\.(?:textContent|innerText|title|alt|placeholder|ariaLabel)\s*=|setAttribute\(\s*["'](?:aria-label|title|alt|placeholder)["']\s*,|\balert\(|\bconfirm\()\s*(["'`])(.*?)\1"""
)


def test_no_script_speaks_for_itself():
    found = {}
    for path in (WEB / "static/js").rglob("*.js"):
        for _, said in SAYS.findall(path.read_text()):
            text = SAME.sub("", re.sub(r"\$\{.*\}|\$\{.*$", "", said))
            if re.search(r"[^\W\d_]{2,}", text):
                found.setdefault(path.name, []).append(said)
    assert found == {}


def test_the_two_languages_differ():
    """What is the same in both was forgotten, unless it is listed here."""
    english, german = catalogue("en"), catalogue("de")
    same = {key for key, text in english.items() if text == german[key] and len(text) > 3 and " " in text}
    assert {
        key: english[key]
        for key in same
        if re.search(r"[^\W\d_]{3,} [^\W\d_]{3,}", SAME.sub("", english[key]))
    } == {}


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
