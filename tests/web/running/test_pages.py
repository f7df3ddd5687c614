"""Making something of captures through the page: choose, set, look, queue, keep."""

import re
import time

import pytest
from fastapi.testclient import TestClient

from vestige.archive import search
from vestige.contract.registry import technique
from vestige.jobs import Attempt, Ending, How, Leases, Resources, State
from vestige.web import create_app
from vestige.web.running.previews import Previews, Shown


def test_operations_that_fit_come_first(client, keys):
    text = client.get(f"/run/choose?capture={keys[0]}").text
    assert text.index("Focus stacking") < text.index("Everything else") < text.index("/run/make/survey/run")
    assert "because the frames differ in focus" in text


def test_captures_are_chosen_from_a_search(client, keys):
    text = client.get("/run?words=beetle").text
    assert all(key in text for key in keys)
    assert "Beetle &lt;1&gt;" in text
    assert "No capture was found" in client.get("/run?words=nothing").text
    assert client.get("/run", params={"words": "***"}).status_code == 200


def test_the_form_shows_presets_first_and_a_unit_and_help_at_each_field(client, keys):
    text = client.get(f"/run/make/focus/run?capture={keys[0]}").text
    recipe = technique("focus").operation("run").recipe
    assert text.index('name="preset" value="fine"') < text.index("recipe.proxy")
    for name, field in recipe.model_fields.items():
        if name != "overrides":
            assert f'name="recipe.{name}"' in text
            assert field.description.split("'")[0][:30].replace("<", "&lt;") in text
    assert '<span class="unit">px</span>' in text


def queued(client, keys, **told):
    return client.post("/run/make/focus/run", data={"capture": keys, "preset": "", "basis": "", **told})


def test_what_is_wrong_is_said_beside_the_field(client, keys):
    answer = queued(client, keys[0], **{"recipe.levels": "99"})
    assert answer.status_code == 422
    assert re.search(r'id="field-levels-wrong"\s*>Input should be less than', answer.text)
    assert 'value="99"' in answer.text


def test_the_same_work_is_one_job_and_its_digest_is_that_of_the_archive(app, client, keys):
    first, again = queued(client, keys[0]), queued(client, keys[0])
    assert first.headers["location"] == again.headers["location"] == "/jobs/1"
    work = app.state.bench.ledger.work(1)
    source = work.sources[0]
    assert source.digests == (keys[0],)
    assert source.digests == tuple(thing.digest() for thing in work.inputs()["capture"])


def test_one_recipe_for_many_captures_is_a_batch(app, client, keys):
    answer = queued(client, keys, **{"recipe.levels": "3"})
    assert answer.headers["location"].startswith("/jobs?batch=")
    text = client.get(answer.headers["location"]).text
    assert "0 of 2 done" in text
    batch = app.state.bench.ledger.batches()[0]
    client.post("/jobs/batch", data={"batch": batch, "act": "cancel"})
    assert app.state.bench.ledger.counts(batch=batch) == {"cancelled": 2}
    client.post("/jobs/batch", data={"batch": batch, "act": "retry"})
    assert app.state.bench.ledger.counts(batch=batch) == {"waiting": 2}


def test_a_job_is_put_first_cancelled_and_tried_again(app, client, keys):
    queued(client, keys[0])
    for act, told in (("first", "priority"), ("cancel", "state"), ("retry", "state")):
        assert client.post(f"/jobs/1/{act}").status_code == 303
        found = app.state.bench.ledger.job(1)
        assert getattr(found, told) == {"first": 10, "cancel": State.CANCELLED, "retry": State.WAITING}[act]
    assert client.post("/jobs/1/keep").status_code == 422
    assert client.post("/jobs/1/nothing").status_code == 404
    assert client.post("/jobs/99/cancel").status_code == 404


def test_a_quarantined_job_tells_its_last_words_folded_away(app, client, keys):
    queued(client, keys[0])
    leases = Leases(app.state.bench.ledger)
    for _ in range(3):
        attempt = leases.claim("elsewhere+a+b+0/1/0", Resources(64, 2**40))
        assert isinstance(attempt, Attempt)
        leases.end(attempt, Ending(How.DIED, "killed by signal 11 (SIGSEGV)", signal=11, stderr="<frame 0>"))
    text = client.get("/jobs/1").text
    assert "killed by signal 11" in text
    assert re.search(r"<details.*?>.*?Last words of attempt 3.*?&lt;frame 0&gt;", text, re.DOTALL)
    assert "Try again" in text


def test_the_list_is_filtered_by_state(client, keys):
    queued(client, keys[0])
    assert "Beetle 1" in client.get("/jobs?state=waiting").text
    assert "Nothing is queued" in client.get("/jobs?state=done").text
    assert client.get("/jobs?state=nonsense&before=0").status_code == 400


@pytest.mark.parametrize(
    "address",
    [
        "/run/choose?capture=0",
        "/run/make/nothing/run?capture={0}",
        "/run/make/focus/nothing?capture={0}",
        "/run/make/focus/run?capture=" + "0" * 64,
        "/jobs/99",
        "/jobs/0",
        "/jobs/99999999999999999999999",
        "/run/make/survey/evaluate?capture={0}",
    ],
)
def test_what_is_not_there_is_absent(client, keys, address):
    assert client.get(address.format(*keys)).status_code == 404


CHAIN = '[[step]]\nname = "sharp"\noperation = "focus.run"\n'


def test_a_chain_that_is_brought_runs_over_many_captures(app, client, keys):
    told = {"capture": keys, "chain": "own", "text": f'name = "Twice"\n{CHAIN}'}
    answer = client.post("/run/chain", data=told)
    assert answer.status_code == 303
    jobs = app.state.bench.ledger.jobs()
    assert {job.title for job in jobs} == {"Beetle 1", "Beetle 2"}
    assert all(str(app.state.bench.results) in job.out for job in jobs)


@pytest.mark.parametrize("text", ["", "name = 1", "[[", f'name = "x"\n{CHAIN}each = "light"', "x" * 70000])
def test_a_chain_that_does_not_fit_is_one_sentence(client, keys, text):
    answer = client.post("/run/chain", data={"capture": keys, "chain": "own", "text": text})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert "/tmp" not in answer.text


def test_a_preview_is_made_and_what_is_wrong_is_said(client, keys):
    told = {"capture": keys[0], "preset": "", "page": "a", "size": "64"}
    answer = client.post("/run/look/focus/run", data=told)
    assert answer.status_code == 200, answer.text
    assert answer.content[:2] == b"\xff\xd8"
    wrong = client.post("/run/look/focus/run", data={**told, "recipe.levels": "0"})
    assert "levels" in wrong.json()["faults"]
    assert client.post("/run/look/pages/nothing", data=told).status_code == 404


def test_a_first_look_from_some_of_the_frames_is_told_as_such(client, keys, monkeypatch):
    told = {"capture": keys[0], "preset": "", "page": "a", "size": "64"}
    for provisional in (True, False):
        shown = Shown(b"\xff\xd8", provisional)
        monkeypatch.setattr(Previews, "picture", lambda self, page, look, shown=shown: shown)
        answer = client.post("/run/look/focus/run", data=told)
        assert answer.content == shown.jpeg
        assert ("provisional" in answer.headers) is provisional
    assert "provisional" in client.get(f"/run/make/focus/run?capture={keys[0]}").text


def test_a_job_runs_is_looked_at_and_kept(museum, keys):
    app = create_app(museum)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        page = client.get("/").text
        client.headers["x-csrf"] = re.search(r'name="csrf" content="(\w+)"', page)[1]
        queued(client, keys[0], **{"recipe.levels": "5"})
        bench = app.state.bench
        for _ in range(600):
            if bench.ledger.job(1).state in (State.DONE, State.FAILED):
                break
            time.sleep(0.1)
        assert bench.ledger.job(1).state is State.DONE, bench.ledger.job(1).words
        text = client.get("/jobs/1").text
        assert "Keep this result" in text
        shown = re.search(r'src="(/thumbnail/[^"]+)"', text)[1]
        assert client.get(shown).headers["content-type"].startswith("image/")
        assert client.get(shown.replace("/thumbnail", "/result")).status_code == 200
        assert client.post("/jobs/1/keep").status_code == 303
        found = search.capture(bench.archive.engine, keys[0])
        assert {item["name"] for item in found["products"]} >= {"image", "depth", "confidence"}
        assert "Kept with Beetle 1" in client.get("/jobs/1").text
        assert client.post("/jobs/1/keep").status_code == 303
        assert client.post("/jobs/1/clear").status_code == 303
        assert not list(bench.results.glob("*/report.json"))
        assert "Kept with Beetle 1" in client.get("/jobs/1").text
