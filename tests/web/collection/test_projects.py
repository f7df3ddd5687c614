"""Projects: progress, pace, forecast, what is missing."""

import datetime as dt
import re

import pytest

from vestige.archive import Archive
from vestige.archive.campaigns import Campaign, Share, Week, campaign
from vestige.archive.ingest import add_capture
from vestige.capture import Capture, Frame, Thing
from vestige.web.collection.projects import chart, key_of
from vestige.web.language import catalogue

TODAY = dt.date(2026, 11, 25)


def test_the_forecast_is_arithmetic():
    weeks = [
        Week(TODAY - dt.timedelta(weeks=back), count) for back, count in ((3, 0), (2, 10), (1, 20), (0, 3))
    ]
    found = Campaign("a", "", TODAY + dt.timedelta(weeks=2), [], [Share("Graz", 90, 100)], weeks, 70)
    assert (found.rate, found.left, found.needed(TODAY)) == (15, 30, 15)
    assert found.forecast(TODAY) == TODAY + dt.timedelta(days=14)
    still = Campaign("a", "", None, [], [Share("Graz", 9, 100)])
    assert (still.rate, still.forecast(TODAY), still.needed(TODAY)) == (0, None, 0)
    done = Campaign("a", "", TODAY, [], [Share("Graz", 100, 100)], weeks, 100)
    assert (done.left, done.forecast(TODAY)) == (0, None)


def test_weeks_are_counted_by_the_first_capture(tmp_path):
    start = dt.datetime(2026, 11, 2, 9, tzinfo=dt.UTC)
    now = [start]
    (tmp_path / "a.tif").write_bytes(b"pixels")
    with Archive.make(tmp_path / "museum", clock=lambda: now[0]) as archive:
        archive.describe_project({"name": "p"})
        for week, count in enumerate((2, 0, 3)):
            for number in range(count):
                now[0] = start + dt.timedelta(weeks=week, hours=number)
                name = f"{week} {number}"
                archive.describe(name, {"project": "p" if number else "q"})
                made = Capture(thing=Thing(identifier=name), frames=[Frame(file="a.tif")], notes=[name])
                add_capture(archive, made.at(tmp_path))
        again = Capture(thing=Thing(identifier="0 1"), frames=[Frame(file="a.tif")], notes=["again"])
        add_capture(archive, again.at(tmp_path))
        found = campaign(archive.engine, "p", dt.date(2026, 11, 19))
    assert [week.objects for week in found.weeks[-3:]] == [1, 0, 2]
    assert found.weeks[-1].monday == dt.date(2026, 11, 16)
    assert (found.digitised, found.brought, found.estimated) == (3, 3, False)


def test_of_many_objects_some_are_asked(tmp_path, monkeypatch):
    monkeypatch.setattr("vestige.archive.campaigns.COUNTED", 10)
    (tmp_path / "a.tif").write_bytes(b"pixels")
    with Archive.make(tmp_path / "museum") as archive:
        archive.describe_project({"name": "p"})
        archive.describe_all([{"identifier": f"{n:03}", "project": "p"} for n in range(100)])
        for n in range(0, 100, 5):
            made = Capture(thing=Thing(identifier=f"{n:03}"), frames=[Frame(file="a.tif")], notes=[str(n)])
            add_capture(archive, made.at(tmp_path))
        found = campaign(archive.engine, "p", TODAY)
    assert found.estimated
    assert abs(found.digitised - 20) <= 8


def test_the_chart_fits_its_frame():
    weeks = [Week(TODAY + dt.timedelta(weeks=n), n * 7) for n in range(12)]
    drawn = chart(weeks, 200.0, catalogue("en"))
    assert drawn.top == 200
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 640
        assert bar.y >= 0
        assert bar.y + bar.height == pytest.approx(176)
    assert chart([], 0, catalogue("en")).bars == []


def test_the_pages(client):
    page = client.get("/projects").text
    address = re.search(r'href="(/projects/[0-9a-f]{16})"', page)[1]
    assert address == f"/projects/{key_of('beetles')}"
    page = client.get(address).text
    for text in ("Beetles of Styria", "1 / 4", "Rose &lt;chafer&gt;", "sharpness", '<svg class="weeks"'):
        assert text in page
    assert client.get("/projects/nothing").status_code == 404


def test_a_project_is_begun_and_changed(client, bench):
    told = {
        "name": "jugs",
        "title": "Jugs",
        "target": "2027-03-01",
        "quotas": "Graz: 1 200\nWien: 3",
        "checks": "colour",
        "stops": "target\nsharpness",
    }
    answer = client.post("/projects", data=told, follow_redirects=False)
    assert answer.status_code == 303
    found = campaign(bench.archive.engine, "jugs", TODAY)
    assert [(share.institution, share.quota) for share in found.shares] == [("Graz", 1200), ("Wien", 3)]
    assert client.post("/projects", data=told).status_code == 422
    wrong = client.post(answer.headers["location"], data=told | {"quotas": "Graz many"})
    assert wrong.status_code == 422
    assert "Graz many" in wrong.text
    client.post(answer.headers["location"], data=told | {"title": "All jugs"})
    changed = campaign(bench.archive.engine, "jugs", TODAY)
    assert (changed.title, changed.stops) == ("All jugs", ["target", "sharpness"])
