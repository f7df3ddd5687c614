"""What comes in while the page is open."""

import asyncio
import json

from fastapi.testclient import TestClient

from vestige.web import create_app, live
from vestige.web.shelf import Scanner


def test_state_tells_the_version_of_a_folder(folder):
    client = TestClient(create_app(folder), base_url="http://127.0.0.1")
    assert client.get("/state").json() == {"version": Scanner(folder).scan().version}


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
        scanner = Scanner(folder)
        async for text in live.stream(Visitor(3), scanner, None, lambda: False):
            heard.append(text)
            if len(heard) == 1:
                (folder / "products/every-kind").rename(folder / "products/renamed")
                scanner.scan()
        return heard

    heard = asyncio.run(listen())
    assert [text.split("\n")[0] for text in heard] == ["event: state", "event: state", ": still here"]
    assert len({json.loads(text.split("data: ")[1])["version"] for text in heard[:2]}) == 2


def test_events_end_when_the_server_stops(folder):
    async def listen():
        return [text async for text in live.stream(Visitor(99), Scanner(folder), None, lambda: True)]

    assert asyncio.run(listen()) == []
