"""By keyboard alone, in a real browser: search, edit, undo, remark; a server that goes away meanwhile."""

import os
import signal
import socket
from pathlib import Path

import pytest

from vestige.archive import Archive, search
from vestige.publish.kept import result_key

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"


class House:
    """The workbench on a port of its own; it can go away and come back."""

    def __init__(self, app, served):
        self.app, self.served = app, served
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"

    def open(self):
        return self.served(self.app, self.port, lifespan="off")


@pytest.fixture
def tab(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield page
    page.close()


@pytest.fixture
def house(app, served):
    return House(app, served)


def reach(tab, locator, most=80):
    """Go from field to field until one has the focus: what cannot be reached so cannot be used by keyboard."""
    for _ in range(most):
        if locator.evaluate("element => element === document.activeElement"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"{locator} is not reached by keyboard")


def test_search_edit_and_undo_by_keyboard(tab, house, bench, number):
    with house.open():
        tab.goto(house.address)
        reach(tab, tab.locator("#q"))
        tab.keyboard.type("chafer")
        tab.locator("#found h3 a", has_text="chafer").wait_for()
        tab.locator("#found .card").nth(1).wait_for(state="detached")
        tab.wait_for_load_state("networkidle")
        reach(tab, tab.locator("#found h3 a").first)
        tab.keyboard.press("Enter")
        tab.locator("#said").wait_for()
        reach(tab, tab.locator("#field-place summary"))
        tab.keyboard.press("Enter")
        tab.locator("#field-place input[name=value]:focus").wait_for()
        tab.keyboard.press("Control+a")
        tab.keyboard.type("Ostia")
        tab.keyboard.press("Enter")
        tab.locator(".notice.good").wait_for()
        assert bench.archive.known("ENT 1842")["place"] == "Ostia"
        undo = tab.locator("#history button").first
        reach(tab, undo)
        tab.keyboard.press("Enter")
        tab.get_by_text("Put back as it was").wait_for()
    assert bench.archive.known("ENT 1842")["place"] == "Graz"


def test_words_outlive_a_server_that_is_killed(tab, museum, number, started, port):
    server = started(museum, port)
    tab.goto(f"http://127.0.0.1:{port}/object/{number}")
    tab.locator("#field-place summary").press("Enter")
    tab.locator("#field-place input[name=value]").fill("Ostia")
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    tab.keyboard.press("Enter")
    tab.locator(".unsent").wait_for()
    assert tab.locator("#field-place input[name=value]").input_value() == "Ostia"
    started(museum, port)
    tab.locator(".notice.good").wait_for(timeout=60_000)
    with Archive(museum) as archive:
        edits = [line for line in archive.show("ENT 1842")["history"] if "Ostia" in str(line["body"])]
        assert archive.known("ENT 1842")["place"] == "Ostia"
    assert len(edits) == 1


def test_a_place_is_remarked_on_by_keyboard(tab, house, bench, key, number):
    run = search.capture(bench.archive.engine, key)["products"][0]["run"]
    with house.open():
        tab.goto(f"{house.address}/result/{result_key(key, run)}/0")
        tab.locator(".stage[data-state=ready]").wait_for()
        tab.locator("#marking").wait_for()
        reach(tab, tab.locator("#marking details.folded > summary"))
        tab.keyboard.press("Enter")
        reach(tab, tab.locator("[data-draw=box]"))
        tab.keyboard.press("Enter")
        tab.keyboard.press("+")
        tab.wait_for_timeout(800)
        tab.keyboard.press("Enter")
        for name in ("ArrowRight", "ArrowDown"):
            tab.keyboard.press(name)
        tab.wait_for_timeout(800)
        tab.keyboard.press("Enter")
        tab.locator("#mark-new:focus").wait_for()
        width = tab.locator("#mark-w").input_value()
        assert int(width) > 0
        tab.keyboard.type("A pin")
        reach(tab, tab.locator("#marking form.new .primary"))
        tab.keyboard.press("Enter")
        tab.locator(".remark-button").wait_for()
        answer = tab.request.get(f"{house.address}/object/{number}/annotations.json").json()
    (found,) = answer["items"]
    assert found["body"]["value"] == "A pin"
    assert f",{width}," in found["target"]["selector"]["value"]


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light"), ("de-DE", "dark")])
def test_everybody_can_use_these_pages(browser, house, number, language, scheme):
    with house.open():
        projects = f"{house.address}/projects"
        for width in (390, 1280):
            page = browser.new_page(
                viewport={"width": width, "height": 900}, locale=language, color_scheme=scheme
            )
            page.goto(projects)
            project = page.locator(".campaigns a").get_attribute("href")
            for address in ("/", "/?place=Graz", f"/object/{number}", "/projects", project):
                page.goto(f"{house.address}{address}")
                page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
                page.evaluate(AXE.read_text(encoding="utf-8"))
                found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                told = [(item["id"], item["nodes"][0]["html"][:160]) for item in found["violations"]]
                assert told == [], (address, width)
                wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert wide <= 0, (address, width, wide)
            page.close()
