"""What interpreters say is added and never overwritten; where they differ is told; labels come of it."""

import json

import geopandas
import pytest
from shapely.geometry import Point, shape

from vestige.archive import Archive, search, verify
from vestige.archive.chronicle import chronicle
from vestige.display.interpretation.found import coordinates

WEST, NORTH = 480000.0, 5260000.0

RING = json.dumps(coordinates(Point(WEST + 100, NORTH - 20).buffer(8, 8)))


@pytest.fixture
def client(app, browse):
    return browse(app)


@pytest.fixture
def say(client, result):
    """``say(entry, feature, …)``: what the server answers."""

    def send(entry, feature="", who="eva", status=200, **more):
        client.app.state.access.who = who
        data = {"entry": entry, "feature": feature, **{key: str(value) for key, value in more.items()}}
        answer = client.post(f"/interpretation/{result}", data=data)
        assert answer.status_code == status, answer.text
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    return send


def test_two_people_say_different_things_and_both_stand(client, result, say):
    say("accept", "1", who="eva")
    told = say("reject", "1", who="otto")
    assert told["changed"]["1"]["differs"] == ["verdict"]
    assert {who: said["review"] for who, said in told["changed"]["1"]["said"].items()} == {
        "eva": "accepted",
        "otto": "rejected",
    }
    say("class", "2", who="eva", text="enclosure")
    told = say("accept", "2", who="otto")
    assert told["changed"]["2"]["differs"] == ["class"]
    half = json.dumps(coordinates(Point(WEST + 120, NORTH - 60).buffer(4, 8)))
    say("accept", "3", who="otto")
    told = say("edit", "3", who="eva", outline=half)
    assert told["changed"]["3"]["differs"] == ["outline"]
    assert told["changed"]["3"]["overlap"] < 0.5
    assert told["agreements"][0]["both"] == 3
    last = told["last"]
    assert "changed" not in client.get(f"/interpretation/{result}/since/{last}").json()


def test_a_person_with_two_windows_is_asked_and_nothing_is_lost(say):
    number = say("accept", "1")["number"]
    told = say("reject", "1", status=409, seen=0)
    assert told["changed"]["1"]["said"]["eva"]["review"] == "accepted"
    assert told["changed"]["1"]["version"] == number
    assert say("reject", "1", seen=number)["changed"]["1"]["said"]["eva"]["review"] == "rejected"


def test_undo_takes_back_the_last_entry_and_a_drawing_another_holds_stays(client, result, say):
    drawn = say("draw", outline=RING, text="ring ditch", who="eva")
    name = f"d{drawn['number']}"
    assert drawn["added"][name]["diameter"] == pytest.approx(16, abs=0.1)
    say("accept", name, who="otto")
    told = say("undo", undone=drawn["number"], who="eva")
    assert told["undo"] == 0
    assert told["changed"][name]["said"] == {
        "otto": {**told["changed"][name]["said"]["otto"], "review": "accepted"}
    }
    client.app.state.access.who = "otto"
    told = say("undo", who="otto", undone=client.get(f"/interpretation/{result}").json()["undo"])
    assert told["gone"] == [name]


def test_the_file_is_what_a_gis_and_training_take(client, result, say, tmp_path):
    say("accept", "1", who="eva")
    say("reject", "2", who="eva")
    say("draw", outline=RING, text="ring ditch", who="eva")
    say("accept", "1", who="otto")
    say("accept", "2", who="otto")
    path = tmp_path / "interpretation.gpkg"
    path.write_bytes(client.get(f"/interpretation/{result}/file/gpkg?of=eva").content)
    frame = geopandas.read_file(path, layer="features")
    assert list(frame["review"]) == ["accepted", "rejected", "unreviewed", "unreviewed", "added"]
    assert list(frame["reviewer"]) == ["eva", "eva", "", "", "eva"]
    assert frame["id"].tolist() == [1, 2, 3, 4, 5]
    assert frame.crs == "EPSG:31256"
    assert frame.geometry.is_valid.all()
    assert frame["diameter_m"].iloc[4] == pytest.approx(16, abs=0.1)
    again = client.get(f"/interpretation/{result}/file/gpkg?of=eva").content
    assert again == path.read_bytes()
    agreed = client.get(f"/interpretation/{result}/file/geojson").json()
    reviews = {row["properties"]["id"]: row["properties"]["reviewer"] for row in agreed["features"]}
    assert reviews == {1: "eva, otto", 5: "eva"}
    assert shape(agreed["features"][1]["geometry"]).area == pytest.approx(199.7, rel=0.01)


def test_the_log_is_the_archives(museum, say):
    for feature in ("1", "2", "3"):
        say("accept", feature)
    with Archive(museum) as archive:
        lines = search.history(archive.engine, object="FIELD 7", only="feature.judged")
        assert [line["body"]["feature"] for line in lines] == ["1", "2", "3"]
        assert {line["who"] for line in lines} == {"eva"}
        assert verify(archive).problems == []
        assert all(item.kind != "feature.judged" for item in chronicle(archive.engine, "FIELD 7"))


@pytest.mark.parametrize(
    ("entry", "feature", "more", "sentence"),
    [
        ("accept", "99", {}, "there is no feature 99"),
        ("edit", "1", {"outline": "[[[[0,0],[1,1]]]]"}, "three corners"),
        ("edit", "1", {"outline": "nonsense"}, "no list of polygons"),
        ("draw", "", {}, "three corners"),
        ("class", "1", {}, "class is not named"),
        ("invent", "1", {}, "Input should be"),
    ],
)
def test_nonsense_is_one_sentence(say, entry, feature, more, sentence):
    assert sentence in say(entry, feature, status=400, **more)
