"""Work that goes on while the page is open."""

import asyncio
import json

import pytest
from fastapi.testclient import TestClient

from vestige.web import create_app, live
from vestige.web.cards import cards
from vestige.web.progress import Task, tasks
from vestige.web.shelf import Scanner


def write(folder, *rows):
    (folder / "progress.json").write_text(json.dumps(list(rows)))


def row(name, state, **more):
    return {
        "name": name,
        "title": f"The {name}",
        "state": state,
        "done": 1,
        "total": 4,
        "label": "frames",
    } | more


def test_work_stands_in_the_place_where_its_result_will_be(folder):
    write(
        folder,
        row("vase", "running", seconds_left=12.5, error=None),
        row("every-kind", "done"),
        row("map", "failed", error="No <map>"),
    )
    page = TestClient(create_app(folder), base_url="http://127.0.0.1").get("/").text
    assert page.index("The vase") < page.index("One of every kind") < page.index("The map")
    assert 'value="0.250"' in page
    assert "No &lt;map&gt;" in page


def test_a_result_is_shown_once_its_work_is_done(folder):
    found = Scanner(folder).scan()
    running = cards(found, [Task(name="every-kind", state="running")])
    assert [card.working for card in running] == [True, False]
    done = cards(found, [Task(name="every-kind", state="done")])
    assert [(card.working, card.title) for card in done] == [(False, "One of every kind")]
    lost = cards(found, [Task(name="nowhere", state="done")])
    assert lost[0].working


@pytest.mark.parametrize(
    "text", ["", "{", "[{}]", '[{"name": "a", "done": -1}]', '[{"name": "a", "state": "odd"}]', "[1]"]
)
def test_broken_progress_is_no_progress(tmp_path, text):
    (tmp_path / "progress.json").write_text(text)
    assert tasks(tmp_path) == []
    assert TestClient(create_app(tmp_path), base_url="http://127.0.0.1").get("/").status_code == 200


def test_state_tells_version_and_work(folder):
    client = TestClient(create_app(folder), base_url="http://127.0.0.1")
    write(folder, row("vase", "running"))
    state = client.get("/state").json()
    assert state["tasks"][0]["share"] == 0.25
    assert state["version"] == Scanner(folder).scan().version


def test_the_version_changes_when_a_result_arrives(folder):
    scanner = Scanner(folder)
    before = scanner.scan().version
    (folder / "products/every-kind").rename(folder / "products/renamed")
    assert scanner.scan().version != before


class Visitor:
    """A browser that leaves after so many looks."""

    def __init__(self, looks):
        self.looks = looks

    async def is_disconnected(self):
        self.looks -= 1
        return self.looks < 0


def test_events_come_when_something_changed_and_end_when_the_browser_goes(folder, monkeypatch):
    monkeypatch.setattr(live, "LOOK", 0.0)
    monkeypatch.setattr(live, "BREATH", -1.0)

    async def listen():
        heard = []
        async for text in live.stream(Visitor(3), Scanner(folder), lambda: False):
            heard.append(text)
            write(folder, row("vase", "running")) if len(heard) == 1 else None
        return heard

    heard = asyncio.run(listen())
    assert [text.split("\n")[0] for text in heard] == ["event: state", "event: state", ": still here"]
    assert json.loads(heard[1].split("data: ")[1])["tasks"][0]["name"] == "vase"


def test_events_end_when_the_server_stops(folder):
    async def listen():
        return [text async for text in live.stream(Visitor(99), Scanner(folder), lambda: True)]

    assert asyncio.run(listen()) == []
