"""What names frames or products is chosen from what is there, and what needs no capture asks for none."""

import json
import time

from vestige.archive import Archive
from vestige.contract.kinds import Kind
from vestige.contract.operation import Input
from vestige.web.running import benchwork


def settled(client, address):
    for _ in range(240):
        told = client.get(address).text
        if "data-settled" in told or 'id="bar"' not in told:
            return told
        time.sleep(0.5)
    raise AssertionError("the job did not end")


def test_the_form_offers_the_frames_of_its_capture(client, keys):
    told = client.get(f"/run/make/focus/run?capture={keys[0]}").text
    for names in ("frame", "patches", "overrides"):
        assert f'data-picks="{names}"' in told
    assert f"/frame/{keys[0]}/1?side=320" in told
    assert 'data-full="128,96"' in told
    assert 'data-picks="frames"' in client.get(f"/run/make/relight/run?capture={keys[0]}").text


def test_many_captures_have_no_frames_in_common(client, keys):
    told = client.get(f"/run/make/focus/run?capture={keys[0]}&capture={keys[1]}").text
    assert "data-picks" not in told
    assert "recipe.overrides" not in told


def test_values_of_single_frames_reach_the_job(client, app, keys):
    wanted = {"frame_000.tif": {"levels": 3}}
    form = {"capture": keys[0], "recipe.overrides": json.dumps(wanted), "preset": "", "basis": ""}
    answer = client.post("/run/make/focus/run", data=form, follow_redirects=False)
    assert answer.status_code == 303
    number = int(answer.headers["location"].rpartition("/")[2])
    assert app.state.bench.ledger.work(number).recipe["overrides"] == wanted


def test_a_wrong_value_of_a_frame_is_told_in_german(client, keys):
    form = {"capture": keys[0], "recipe.overrides": '{"a.tif": {"levels": -1}}', "preset": "", "basis": ""}
    answer = client.post("/run/make/focus/run", data=form, headers={"accept-language": "de"})
    assert answer.status_code == 422
    assert "für „a.tif“: levels: muss" in answer.text


def test_what_needs_no_capture_is_offered_and_asks_for_none(client):
    assert "/run/make/focus/plan" in client.get("/run").text
    told = client.get("/run/make/focus/plan")
    assert told.status_code == 200
    assert "recipe.magnification" in told.text
    assert client.get("/run/make/focus/run", follow_redirects=False).headers["location"] == "/run"


def test_a_plan_is_answered_on_the_page(client, app):
    app.state.bench.open()
    form = {"recipe.magnification": "1", "preset": "", "basis": ""}
    answer = client.post("/run/make/focus/plan", data=form, follow_redirects=False)
    told = settled(client, answer.headers["location"])
    assert "answer-title" in told
    assert "/keep" not in told


def test_products_of_the_archive_are_offered_for_an_input(client, museum, monkeypatch):
    offer = benchwork.Offer("Beetle <9>", {"blake3": "ab" * 32, "name": "alignment", "technique": "focus"})
    monkeypatch.setattr(benchwork, "elsewhere", lambda *told: [offer])
    told = client.get("/run/products/focus/run/reuse_alignment?words=beetle").text
    assert "Beetle &lt;9&gt;: alignment" in told
    assert "ab" * 32 in told
    assert client.get("/run/products/focus/run/capture").status_code == 404


def test_a_product_that_is_not_of_the_kind_is_none(museum):
    with Archive(museum) as archive:
        assert benchwork.place_of(archive, Input("table", Kind.TABLE), "ab" * 32) == ""
        assert benchwork.elsewhere(archive, Input("table", Kind.TABLE)) == []
