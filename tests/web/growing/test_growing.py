"""The page on which a map grows: what is sent there, what it tells, who may."""

import json
import re

import numpy as np
import pytest
from fastapi.testclient import TestClient

from vestige.capture import read_open
from vestige.contract.following import Follower
from vestige.contract.intake import begin
from vestige.contract.kinds import Kind
from vestige.contract.stream import Patch, live_folder
from vestige.survey.geotiff import raster_writer
from vestige.survey.gridding import Raster
from vestige.web import create_app
from vestige.web.growing.streams import Streams

GOOD = "".join(f"5,{100 + n},50,{n}\n" for n in range(5))


class Quick:
    """Live work that makes one square, at once."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "grid").mkdir(parents=True)
        raster = Raster(100.0, 200.0, 1.0, 100, 100)
        with raster_writer(folder / "grid" / "E1_N1.tif", raster, np.float32, nodata=None) as writer:
            writer.write(0, np.full((100, 100), 2, np.float32))
        (folder / "outlines.json").write_text('{"type": "FeatureCollection", "features": []}')

    def advance(self, capture, frames):
        bounds = (100.0, 100.0, 200.0, 200.0)
        return [
            Patch("E1_N1", Kind.GRID, "grid/E1_N1.tif", bounds, "nT"),
            Patch("E1_N1", Kind.FEATURES, "outlines.json", bounds, count=3, finished=True),
        ]

    def settle(self, *, last=False):
        return []

    def notes(self):
        return ["line 9 <lies> far off"]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder with one stream, its page, and what was asked to be followed."""
    followed = []
    monkeypatch.setattr(Streams, "follow", lambda self, folder, technique: followed.append(folder.name))
    intake = begin(tmp_path / "house" / "field", "survey", title="Lower <Field>")
    client = TestClient(create_app(tmp_path / "house"), base_url="http://127.0.0.1")
    address = re.search(r'href="(/growing/[0-9a-f]{16})"', client.get("/growing").text)[1]
    token = re.search(r'name="csrf" content="([0-9a-f]+)"', client.get(address).text)[1]
    return client, address, {"X-CSRF": token}, intake, followed


def test_what_is_sent_is_kept_before_it_is_answered(served):
    client, address, token, intake, followed = served
    answer = client.post(f"{address}/lines", content=GOOD, headers=token)
    assert answer.json() == {"pieces": [{"piece": "line 5", "answer": "kept", "why": ""}]}
    assert [frame.file for frame in read_open(intake.folder).frames] == ["lines/000005-00.csv"]
    again = client.post(f"{address}/lines", content=GOOD + "6,nonsense\n", headers=token)
    assert [piece["answer"] for piece in again.json()["pieces"]] == ["known", "refused"]
    assert followed == ["field", "field"]


@pytest.mark.parametrize("content", ["", "6,1,1,x\n", "\x00" * 2000])
def test_nonsense_alone_is_refused_in_one_sentence(served, content):
    client, address, token, intake, _ = served
    answer = client.post(f"{address}/lines", content=content, headers=token)
    assert answer.status_code == 422
    assert read_open(intake.folder).frames == []


def test_a_page_elsewhere_sends_nothing(served):
    client, address, _, intake, _ = served
    assert client.post(f"{address}/lines", content=GOOD).status_code == 403
    assert client.post(f"{address}/seal").status_code == 403
    assert read_open(intake.folder).state == "open"


def test_the_page_shows_what_grew_and_only_that(served):
    client, address, token, intake, _ = served
    assert "Lower &lt;Field&gt;" in client.get(address).text
    client.post(f"{address}/lines", content=GOOD, headers=token)
    follower = Follower(intake.folder, Quick(live_folder(intake.folder)))
    follower.step()
    told = client.get(f"{address}/state").json()
    assert (told["frames"], told["state"], len(told["parts"])) == (1, "growing", 2)
    assert "path" not in told["parts"][0]
    picture = client.get(f"{address}/grid/E1_N1?low=-2&high=2")
    assert picture.headers["content-type"] in ("image/jpeg", "image/png")
    assert client.get(f"{address}/outlines/E1_N1").json()["features"] == []
    for wrong in ("grid/E2_N2", "grid/..%2Fgrowing.json", "outlines/grid", "grid/E1_N1?look=relief"):
        assert client.get(f"{address}/{wrong}").status_code in (400, 404)
    assert client.get("/growing/0123456789abcdef").status_code == 404


def test_sealing_ends_it(served):
    client, address, token, intake, _ = served
    client.post(f"{address}/lines", content=GOOD, headers=token)
    assert client.post(f"{address}/seal", headers=token, follow_redirects=False).status_code == 303
    assert read_open(intake.folder).state == "sealed"
    assert client.post(f"{address}/lines", content=GOOD, headers=token).status_code == 422
    assert f'{address}/seal"' not in client.get(address).text


def test_a_stream_is_begun_on_the_page(served):
    client, _, token, _, followed = served
    form = {"title": "Upper Field", "technique": "survey", "crs": "EPSG:27700"}
    answer = client.post("/growing", data=form, headers=token)
    assert "Upper Field" in answer.text
    assert len(followed) == 1
    assert client.post("/growing", data=form | {"technique": "focus"}, headers=token).status_code == 400


def test_events_tell_when_the_map_has_grown(served):
    client, address, token, intake, _ = served
    client.post(f"{address}/lines", content=GOOD, headers=token)
    Follower(intake.folder, Quick(live_folder(intake.folder))).step()
    looks = iter([False, True, True])
    client.app.state.stopping = lambda: next(looks)
    text = client.get(f"{address}/events").text
    assert json.loads(text.split("data: ")[1])["notes"] == ["line 9 <lies> far off"]
