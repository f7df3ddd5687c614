"""Annotations: made, reworded, withdrawn; given out as W3C Web Annotations."""

import re

import pytest

from vestige.archive import search
from vestige.publish.kept import result_key


@pytest.fixture
def target(bench, key):
    item = next(p for p in search.capture(bench.archive.engine, key)["products"] if p["name"] == "image")
    return f"{key}:{item['path']}"


def remark(client, number, **told):
    return client.post(f"/object/{number}/annotations", data=told, follow_redirects=False)


def given_out(client, number):
    return client.get(f"/object/{number}/annotations.json").json()["items"]


def test_a_place_in_a_picture(client, bench, key, number, target):
    assert (
        remark(client, number, text="A pin", target=target, x="10", y="20,5", w="30", h="40").status_code
        == 303
    )
    answer = client.get(f"/object/{number}/annotations.json")
    assert answer.headers["content-type"].startswith("application/ld+json")
    page = answer.json()
    assert (page["@context"], page["type"]) == ("http://www.w3.org/ns/anno.jsonld", "AnnotationPage")
    (found,) = page["items"]
    assert found["type"] == "Annotation"
    assert found["body"] == {"type": "TextualBody", "value": "A pin", "format": "text/plain"}
    assert found["target"]["source"] == f"urn:vestige:capture:{target.replace(':', '/')}"
    assert found["target"]["selector"]["value"] == "xywh=pixel:10,20.5,30,40"
    run = search.capture(bench.archive.engine, key)["products"][0]["run"]
    assert found["target"]["scope"].endswith(f"/result/{result_key(key, run)}/0")
    assert "at 10, 20; 30 × 40 pixels" in client.get(f"/object/{number}").text


def test_an_outline(client, number, target):
    told = {"text": "Wing", "target": target, "x": "1", "y": "2", "w": "9", "h": "9"}
    remark(client, number, **told, svg="M1.0,2.0 L9.5,3.0 L4.0,10.0 Z")
    (found,) = given_out(client, number)
    assert found["target"]["selector"]["type"] == "SvgSelector"
    assert 'd="M1.0,2.0 L9.5,3.0 L4.0,10.0 Z"' in found["target"]["selector"]["value"]


@pytest.mark.parametrize(
    "told",
    [
        {"text": ""},
        {"text": "x", "x": "1", "y": "2"},
        {"text": "x", "x": "1", "y": "2", "w": "0", "h": "3"},
        {"text": "x", "x": "nan", "y": "2", "w": "1", "h": "3"},
        {"text": "x", "x": "1e300", "y": "2", "w": "1", "h": "3"},
        {"text": "x", "svg": '"/><script>alert(1)</script>'},
        {"text": "x", "svg": "M0,0 " * 1000},
    ],
)
def test_what_is_no_place_is_refused(client, number, target, told):
    assert remark(client, number, target=target, **told).status_code == 400
    assert given_out(client, number) == []


def test_only_captures_of_the_object_are_annotated(client, bench, key, target):
    other = bench.archive.known("B0001")["id"]
    assert remark(client, other, text="x", target=target).status_code == 404
    assert remark(client, 999999, text="x").status_code == 404
    assert client.get("/object/999999/annotations.json").status_code == 404


def test_a_remark_is_reworded_and_taken_back_and_its_history_stays(client, number, target):
    remark(client, number, text="A <pin>", target=target, x="1", y="2", w="3", h="4")
    (found,) = given_out(client, number)
    name = found["id"].rpartition("-")[2]
    remark(client, number, text="A nail", replaces=name)
    (later,) = given_out(client, number)
    assert (later["id"], later["body"]["value"]) == (found["id"], "A nail")
    assert later["target"] == found["target"]
    assert later["created"] == found["created"] < later["modified"]
    client.post(f"/object/{number}/annotations/withdraw", data={"annotation": name})
    assert given_out(client, number) == []
    page = client.get(f"/object/{number}").text
    assert "Remark: “A &lt;pin&gt;”" in page
    assert "Remark reworded: “A nail”" in page
    assert f"Remark {name} taken back" in page
    assert remark(client, number, text="x", replaces=name).status_code == 404


def test_beside_the_viewer(client, bench, key, number, target):
    run = search.capture(bench.archive.engine, key)["products"][0]["run"]
    page = f"/object/{number}/marking/{result_key(key, run)}/0"
    assert re.search(r'hx-get="([^"]+)"', client.get(f"/result/{result_key(key, run)}/0").text)[1] == page
    remark(client, number, text="</script>'\"", target=target, x="1", y="2", w="3", h="4")
    fragment = client.get(page).text
    assert "&#39;" in fragment
    assert "</script>" not in fragment
    assert client.get(page.replace(f"/{number}/", "/1/", 1)).status_code == 404
