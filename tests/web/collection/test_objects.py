"""An object: what is said of it is edited, each edit kept and undone; checks; results made again."""

import re

import pytest

from vestige.archive import search
from vestige.archive.chronicle import chronicle
from vestige.contract.report import REPORT, load_report, to_json
from vestige.jobs import Dispatcher, LocalExecutor
from vestige.publish.kept import result_key
from vestige.web.collection import again

GERMAN = {"accept-language": "de"}


def edit(client, number, field, value, was, **more):
    told = {"field": field, "value": value, "was": was, **more}
    return client.post(f"/object/{number}/edit", data=told, follow_redirects=False)


def test_the_page_tells_where_a_product_comes_from(client, number):
    page = client.get(f"/object/{number}").text
    assert "Rose &lt;chafer&gt;" in page
    assert "Made from 3 frames by Focus stacking" in page
    assert "Aus 3 Bildern gemacht" in client.get(f"/object/{number}", headers=GERMAN).text
    assert page.count("/thumbnail/") >= 3
    assert client.get("/object/999999").status_code == 404
    assert client.get("/object/x").status_code == 400


def test_an_edit_is_kept_told_and_undone(client, bench, number):
    answer = edit(client, number, "place", "Ostia", "Graz")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/object/{number}?done=saved#said")
    page = client.get(answer.headers["location"]).text
    assert "Place from “Graz” to “Ostia”" in page
    assert "Ort von „Graz“ zu „Ostia“" in client.get(f"/object/{number}", headers=GERMAN).text
    sequence = re.search(r'name="sequence" value="(\d+)">.*?value="place"', page)[1]
    told = {"sequence": sequence, "field": "place"}
    client.post(f"/object/{number}/undo", data=told)
    assert bench.archive.known("ENT 1842")["place"] == "Graz"
    changes = [change for item in chronicle(bench.archive.engine, "ENT 1842") for change in item.changes]
    assert [(c.before, c.after) for c in changes if c.field == "place"][1:] == [
        ("Graz", "Ostia"),
        ("Ostia", "Graz"),
    ]


def test_two_people_do_not_overwrite_each_other(client, bench, number):
    edit(client, number, "place", "Ostia", "Graz")
    answer = edit(client, number, "place", "Rome", "Graz")
    assert answer.status_code == 409
    assert "Ostia" in answer.text
    assert 'value="Rome" aria-invalid="true"' in answer.text
    assert bench.archive.known("ENT 1842")["place"] == "Ostia"


def test_the_same_edit_sent_twice_counts_once(client, bench, number):
    """A form is sent again where the server went away before it answered."""
    for _ in range(2):
        assert edit(client, number, "place", "Ostia", "Graz").status_code == 303
    changes = [c for item in chronicle(bench.archive.engine, "ENT 1842") for c in item.changes]
    assert [c.after for c in changes if c.field == "place"] == ["Graz", "Ostia"]


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("embargo", "soon", "embargo"),
        ("title", "two\nlines", "title"),
        ("id", "7", "field"),
        ("other", "x", "field"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_keeps_the_words(client, bench, number, field, value, word):
    was = "" if field != "title" else "Rose <chafer>"
    answer = edit(client, number, field, value, was)
    assert answer.status_code in (409, 422)
    assert word in answer.text
    assert bench.archive.known("ENT 1842")["title"] == "Rose <chafer>"


def test_fields_of_ones_own_and_an_embargo(client, bench, number):
    edit(client, number, "", "3 b", "", name="shelf")
    edit(client, number, "embargo", "2031-05-01", "")
    known = bench.archive.known("ENT 1842")
    assert (known["other"], known["embargo"]) == ({"shelf": "3 b"}, "2031-05-01")
    assert "shelf: “3 b”" in client.get(f"/object/{number}").text
    edit(client, number, "embargo", "", "2031-05-01")
    assert bench.archive.known("ENT 1842")["embargo"] is None


def test_edits_bear_the_name_of_who_made_them(client, bench, number):
    bench.acting("leonie").describe("ENT 1842", {"place": "Ostia"})
    assert ", by leonie" in client.get(f"/object/{number}").text


def test_undoing_what_never_happened(client, number):
    for sequence in ("1", "x", "999999"):
        told = {"sequence": sequence, "field": "place"}
        assert client.post(f"/object/{number}/undo", data=told).status_code == 404


def test_checks_that_lack_are_told_and_given(client, bench, number):
    page = client.get(f"/object/{number}").text
    assert page.count("still lacking") == 2
    told = {"check": "sharpness", "verdict": "passed", "note": "at 100 %"}
    client.post(f"/object/{number}/review", data=told)
    page = client.get(f"/object/{number}").text
    assert page.count("still lacking") == 1
    assert "Check “sharpness” passed. at 100 %" in page
    assert client.post(f"/object/{number}/review", data=told | {"verdict": "maybe"}).status_code == 400


def work_through(bench):
    executor = LocalExecutor(bench.folder / "catalogue")
    try:
        Dispatcher(bench.ledger, executor).run()
    finally:
        executor.close()


def test_a_result_is_made_again_and_is_equal(client, bench, key, number):
    run = search.capture(bench.archive.engine, key)["products"][0]["run"]
    name = result_key(key, run)
    assert client.post(f"/object/{number}/again/{name}", follow_redirects=False).status_code == 303
    assert 'hx-trigger="every 2s"' in client.get(f"/object/{number}/again/{name}").text
    work_through(bench)
    assert "equal: yes" in client.get(f"/object/{number}/again/{name}").text
    found = again.attempt(bench, bench.shelf.result(name).report)
    assert (found.equal, set(found.products) >= {"image", "depth", "confidence"}) == (True, True)
    # where a bit differs, it is said
    place = again.place_of(bench, run)
    report = load_report(place)
    other = report.products[0].model_copy(update={"blake3": "0" * 64})
    (place / REPORT).write_bytes(
        to_json(report.model_copy(update={"products": [other, *report.products[1:]]}))
    )
    assert "equal: no" in client.get(f"/object/{number}/again/{name}").text
    # the finding goes into the log, the copy off the desk
    (place / REPORT).write_bytes(to_json(report))
    client.post(f"/object/{number}/equal/{name}")
    page = client.get(f"/object/{number}").text
    assert "Made again: equal, bit for bit" in page
    assert "Made again, equal: yes" in page
    assert not place.exists()


def test_a_result_belongs_to_its_object(client, bench, key):
    run = search.capture(bench.archive.engine, key)["products"][0]["run"]
    other = bench.archive.known("B0001")["id"]
    for path in ("again", "equal"):
        assert client.post(f"/object/{other}/{path}/{result_key(key, run)}").status_code == 404


def test_what_stops_publication_is_shown_and_a_curator_lets_it_pass(client, bench, number):
    bench.archive.describe_project({"name": "beetles", "stops": ["target"]})
    page = client.get(f"/object/{number}").text
    assert "Stopped at publication" in page
    assert "has not had the check ‘target’" in page
    assert client.post(f"/object/{number}/clear", data={"reason": " "}).status_code == 400
    answer = client.post(f"/object/{number}/clear", data={"reason": "no <room>"})
    assert answer.status_code == 303
    page = client.get(answer.headers["location"]).text
    assert "Stopped at publication" not in page
    assert "let pass to publication without target: no &lt;room&gt;" in page
