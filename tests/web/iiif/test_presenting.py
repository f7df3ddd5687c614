"""Manifests, annotations, search, collections: their shape, and that every address in them answers."""

import json
import os
from pathlib import Path

import pytest

from vestige.publish.iiif.addresses import Addresses
from vestige.publish.iiif.state import State, encoded

HOME = "http://127.0.0.1:8765"
#: A schema of the standard's own validator, where somebody put it beside the real captures.
SCHEMA = Path(os.environ.get("VESTIGE_REAL_DATA", "nowhere")).parent / "schemas" / "iiif_3_0.json"
NEEDED = {
    "Manifest": {"id", "label"},
    "Canvas": {"id", "width", "height", "items"},
    "Collection": {"id", "label"},
    "AnnotationPage": {"id"},
    "Annotation": {"id", "target"},
    "Agent": {"id", "label"},
    "Image": {"id", "format"},
    "Choice": {"items"},
    "ImageService3": {"id", "profile"},
    "SearchService2": {"id"},
}


def resources(value):
    if isinstance(value, dict):
        if "type" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from resources(item)


def checked(value):
    """What version 3.0 of the presentation API asks of every resource."""
    assert value["@context"].endswith("/context.json")
    assert value["items"]
    names = []
    for item in resources(value):
        if set(item) == {"id", "type"}:
            continue
        missing = NEEDED.get(item["type"], set()) - set(item)
        assert not missing, (item["type"], missing)
        if item["type"] in ("Manifest", "Canvas", "Annotation", "AnnotationPage", "Collection"):
            assert item["id"].startswith("http"), item["id"]
            names.append((item["type"], item["id"]))
        for part in ("label", "summary"):
            for language, texts in item.get(part, {}).items():
                assert language in ("none", "en", "de")
                assert texts
                assert all(isinstance(text, str) for text in texts)
        if item["type"] == "Canvas":
            assert item["width"] > 0
            assert item["height"] > 0
            assert [page["items"][0]["target"] for page in item["items"]] == [item["id"]]
    assert len(names) == len(set(names))
    return value


def test_a_manifest_is_whole(manifest):
    checked(manifest)
    assert manifest["label"] == {"none": ["A coin <gold>"]}
    assert manifest["rights"] == "http://creativecommons.org/licenses/by/4.0/"
    assert manifest["requiredStatement"]["value"] == {"none": ["Museum of Graz", "Museum of Graz, CC BY 4.0"]}
    assert {"label": {"none": ["Vitrine"]}, "value": {"none": ["7"]}} in manifest["metadata"]
    assert manifest["homepage"][0]["label"]["de"] == ["Dieses Objekt in seiner Sammlung"]
    kinds = [canvas["items"][0]["items"][0]["body"]["type"] for canvas in manifest["items"]]
    assert kinds.count("Choice") == 2
    choice = manifest["items"][2]["items"][0]["items"][0]["body"]["items"]
    assert [item["label"]["de"] for item in choice][:2] == [["bands (Bänder)"], ["Band 400 nm"]]
    assert len(choice) == 7


def test_the_official_schema_finds_nothing(client, manifest):
    if not SCHEMA.is_file():
        pytest.skip("iiif_3_0.json of the IIIF presentation validator is not here: see docs/iiif.md")
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not here: pip install jsonschema")
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    for value in (manifest, client.get("/iiif/collection").json(), client.get("/iiif/collection/all").json()):
        assert [error.message[:200] for error in validator.iter_errors(value)] == []


def test_every_address_in_a_manifest_answers(client, manifest):
    asked = set()
    for item in resources(manifest):
        address = item.get("id", "")
        if (
            address.startswith(HOME)
            and item["type"] not in ("Annotation", "Agent")
            and not address.endswith("/page")
        ):
            asked.add(address.removeprefix(HOME))
    assert len(asked) > 60
    for address in sorted(asked):
        answer = client.get(address, follow_redirects=True)
        assert answer.status_code == 200, address
        assert "museum" not in answer.headers.get("content-disposition", "")


def test_what_lies_beside_a_canvas(client, manifest):
    pages = [page for canvas in manifest["items"] for page in canvas.get("annotations", [])]
    found = [checked(client.get(page["id"].removeprefix(HOME)).json()) for page in pages]
    remarks = next(page for page in found if page["id"].endswith("/remarks"))["items"]
    assert [item["body"]["value"] for item in remarks] == ["A crack", "A rim"]
    assert remarks[0]["target"]["selector"]["value"] == "xywh=10,20,30,40"
    assert remarks[1]["target"]["selector"]["type"] == "SvgSelector"
    assert "eva" not in json.dumps(found)
    words = next(page for page in found if page["id"].endswith("/words"))["items"]
    assert words[0]["body"]["value"] == "Habe nun ach Philosophie"
    assert words[0]["target"].endswith("#xywh=60,100,490,24")


def test_a_scene_by_the_draft(client, manifest):
    link = next(
        item for item in manifest["seeAlso"] if item["profile"].endswith("presentation/4/context.json")
    )
    told = client.get(link["id"].removeprefix(HOME)).json()
    painting = told["items"][0]["items"][0]["items"][0]
    assert (told["items"][0]["type"], painting["body"]["type"]) == ("Scene", "Model")
    model = client.get(painting["body"]["id"].removeprefix(HOME))
    assert (model.content[:4], model.headers["content-type"]) == (b"glTF", "model/gltf-binary")
    part = client.get(painting["body"]["id"].removeprefix(HOME), headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"glTF")


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("q=heissem", ["heißem"] * 3),
        ("q=Philosophie+Juristerei", ["Philosophie Juristerei"] * 3),
        ("q=habe+medizin", ["Habe", "Medizin"] * 3),
        ("q=juris*", ["Juristerei"] * 3),
        ("q=crack", ["A crack"]),
        ("q=crack&motivation=supplementing", []),
        ("q=nowhere", []),
        ("", []),
    ],
)
def test_search(client, numbers, query, texts):
    answer = client.get(f"/iiif/search/{numbers['MS 1']}?{query}")
    told = answer.json()
    assert told["@context"] == "http://iiif.io/api/search/2/context.json"
    assert [item["body"]["value"] for item in told["items"]] == texts
    for note in told.get("annotations", [{"items": []}])[0]["items"]:
        assert note["motivation"] == "contextualizing"
        assert note["target"]["selector"][0]["exact"]


def test_collections(client, numbers):
    top = checked(client.get("/iiif/collection").json())
    assert [item["label"] for item in top["items"]][1] == {"none": ["Coins of Styria"]}
    project = checked(client.get(top["items"][1]["id"].removeprefix(HOME)).json())
    assert [item["id"] for item in project["items"]] == [
        f"{HOME}/iiif/presentation/{numbers['MS 1']}/manifest"
    ]
    assert client.get("/iiif/collection/p-000000000000").status_code == 404


def test_a_collection_goes_on(client, monkeypatch):
    from vestige.publish.iiif import collections

    monkeypatch.setattr(collections, "PAGE", 2)
    seen, address = [], "/iiif/collection/all"
    while address:
        items = checked(client.get(address).json())["items"]
        seen += [item["id"] for item in items if item["type"] == "Manifest"]
        address = next((item["id"].removeprefix(HOME) for item in items if item["type"] == "Collection"), "")
    assert len(seen) == len(set(seen)) == 3


def test_a_state_opens_where_it_points(client, numbers, manifest):
    here, number = Addresses(HOME), numbers["MS 1"]
    name = manifest["items"][0]["id"].rsplit("/", 1)[1]
    for state, place in (
        (State(number), f"/object/{number}"),
        (State(number, name), f"/result/{name[2:-4]}/0"),
    ):
        answer = client.get("/iiif/open", params={"iiif-content": encoded(state, here)})
        assert (answer.status_code, answer.headers["location"]) == (303, place)
    assert client.get("/iiif/open", params={"iiif-content": "https://elsewhere.example/m"}).status_code == 400
    assert client.get("/iiif/open", params={"iiif-content": encoded(State(999), here)}).status_code == 404


def test_files_of_other_kinds_are_not_handed_out(client, manifest):
    name = manifest["items"][0]["id"].rsplit("/", 1)[1]
    for wrong in (name, name + "9", "x", name.replace(".0.0", ".12.0"), name.replace(".0.0", ".14.0")):
        assert client.get(f"/iiif/file/{wrong}").status_code == 404


def test_the_page_of_an_object_offers_its_manifest(client, numbers):
    text = client.get(f"/object/{numbers['MS 1']}").text
    assert f'href="{HOME}/iiif/presentation/{numbers["MS 1"]}/manifest' in text
