"""The lab in the workbench: devices, drawings with their tables, alarms, learning anew."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import numpy as np
import pytest

from vestige.archive import Archive, ArchiveHistory
from vestige.quality.measures.report import Measured
from vestige.quality.watch import record
from vestige.web import create_app
from vestige.web.lab.routes import key_of

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"


@pytest.fixture
def app(tmp_path):
    random, now = np.random.default_rng(3), dt.datetime.now().astimezone()
    with Archive.make(tmp_path / "lab", who="eva") as archive:
        history = ArchiveHistory(archive)
        for day in range(24):
            level = 0.6 * random.normal(1, 0.002) * (0.92 if day >= 20 else 1)
            measured = [
                Measured("light_level", level, "ratio", "left/blue", ""),
                Measured("ppi", 400.0 + random.normal(0, 0.1), "pixels/inch", "", ""),
            ]
            record(history, "Repro <1>", measured, now - dt.timedelta(days=24 - day))
    made = create_app(tmp_path / "lab")
    yield made
    made.state.bench.close()


@pytest.fixture
def client(app, browse):
    return browse(app)


def test_the_lab_names_what_drifts_in_the_language_of_who_looks(client):
    page = client.get("/lab", headers={"accept-language": "de"}).text
    assert "das blaue Licht der linken Lampengruppe hat seit" in page
    assert "Repro &lt;1&gt;" in page
    assert "heute keine" in page
    address = re.search(r'href="(/lab/[0-9a-f]{16})"', page)[1]
    device = client.get(address, headers={"accept-language": "en"}).text
    assert "the blue light of the left bank has lost 8\u00a0% since" in device
    assert device.count('<svg class="series"') == 2
    assert device.count("<tbody>") == 2
    assert client.get("/lab/0000000000000000").status_code == 404


def test_learning_anew_needs_a_reason_and_stands_in_the_log(client, app):
    address = f"/lab/{key_of('Repro <1>')}"
    assert client.post(f"{address}/anew", data={"reason": " "}).status_code == 400
    assert client.post(f"{address}/anew", data={"reason": "blue LED changed"}).status_code == 303
    page = client.get(address).text
    assert "Learned anew: blue LED changed" in page
    assert "has lost" not in page
    assert app.state.bench.archive.store.last().kind == "chart.measured"


def test_an_empty_lab_says_how_to_begin(tmp_path, browse):
    Archive.make(tmp_path / "empty").close()
    app = create_app(tmp_path / "empty")
    assert "vestige quality check" in browse(app).get("/lab").text
    app.state.bench.close()


def test_the_pages_are_for_everybody(app, served, browser):
    tab = browser.new_page(viewport={"width": 390, "height": 800}, locale="de-DE")
    with served(app, lifespan="off") as address:
        for place in ("/lab", f"/lab/{key_of('Repro <1>')}"):
            tab.goto(f"{address}{place}")
            for summary in tab.locator("main summary").all():
                summary.press("Enter")
            tab.evaluate(AXE.read_text(encoding="utf-8"))
            found = tab.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [(item["id"], item["nodes"][0]["html"][:160]) for item in found["violations"]] == []
            assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    tab.close()
