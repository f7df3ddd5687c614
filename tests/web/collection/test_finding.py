"""Searching the collection: words, numbers, fields, pages; what an empty archive says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige.archive import Archive, search
from vestige.web import create_app
from vestige.web.collection.finding import FIELDS, Question, question


def titles(answer):
    return re.findall(r'<h3><a href="/object/\d+"[^>]*>(.*?)</a>', answer.text)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("?q=rose", ["Rose &lt;chafer&gt;"]),
        ("?q=chaf", ["Rose &lt;chafer&gt;"]),
        ("?q=ch", []),
        ("?q=ros*&place=Graz", ["Rose &lt;chafer&gt;"]),
        ("?kind=depth", ["Rose &lt;chafer&gt;"]),
        ("?kind=features", []),
        ("?kind=depth&place=Leoben", []),
        ("?project=beetles&institution=Graz", ["Rose &lt;chafer&gt;"]),
        ("?date=190", ["Rose &lt;chafer&gt;"]),
        ("?date=1803", ["Specimen 3"]),
        ("?date=1803&place=Graz", []),
        ("?q=specimen&date=1804", ["Specimen 4"]),
        ("?q=,", None),
        ("?place=%00", None),
    ],
)
def test_words_and_fields_narrow_the_search(client, asked, expected):
    answer = client.get(f"/{asked}")
    assert answer.status_code == 200
    assert titles(answer) == expected if expected is not None else len(titles(answer)) == 24


def test_a_whole_number_leads_straight_to_its_object(client, number):
    answer = client.get("/?q=ENT+1842&go=1", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/object/{number}")
    assert client.get("/?q=ENT&go=1", follow_redirects=False).status_code == 200


def test_pages_follow_one_another_without_a_gap(client):
    first = client.get("/")
    more = re.search(r'id="more" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = client.get(more)
    found = titles(first) + titles(second)
    assert 'id="more"' not in second.text
    assert (len(found), len(set(found))) == (41, 41)
    cards = client.get(f"{more}&part=cards")
    assert titles(cards) == titles(second)
    assert "<html" not in cards.text


def test_a_script_is_given_only_what_changes(client):
    whole, part = client.get("/?q=rose"), client.get("/?q=rose", headers={"HX-Request": "true"})
    assert "<html" in whole.text
    assert part.text.lstrip().startswith('<div id="found"')


def test_choices_have_counts_and_can_be_taken_away(client):
    page = client.get("/").text
    assert re.search(r'href="/\?place=Graz"[^>]*><span>Graz</span> <span class="count">21', page)
    page = client.get("/?q=specimen&place=Graz").text
    assert re.search(r'id="by-place-\w+" href="/\?q=specimen" aria-current="true"', page)


def test_values_are_offered_as_they_are_typed(client):
    assert client.get("/collection/values/place?start=Le").json() == ["Leoben"]
    assert client.get("/collection/values/password?start=").status_code == 404


def test_an_empty_archive_says_what_to_do_first(tmp_path, browse):
    Archive.make(tmp_path / "museum").close()
    app = create_app(tmp_path / "museum")
    page = browse(app).get("/").text
    app.state.bench.close()
    assert 'href="/intake"' in page
    assert 'id="q"' not in page


def test_the_object_without_a_picture_has_a_quiet_sign(client, bench):
    plain = bench.archive.known("B0001")["id"]
    assert client.get(f"/object/{plain}/picture").headers["content-type"] == "image/svg+xml"
    assert client.get("/object/999999/picture").headers["content-type"] == "image/svg+xml"


@given(words=st.text(max_size=40), fields=st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_every_address_leads_back_to_its_question(words, fields):
    from urllib.parse import parse_qs, urlsplit

    asked = question(q=words, **fields)
    told = {name: values[0] for name, values in parse_qs(urlsplit(asked.address()).query).items()}
    assert question(**told) == asked


def test_any_question_is_answered(bench):
    @given(words=st.text(max_size=60), place=st.text(max_size=20), date=st.text(max_size=12))
    def answered(words, place, date):
        asked: Question = question(q=words, place=place, date=date, kind="image")
        search.search(bench.archive.engine, asked.words, fields=asked.fields)

    answered()
