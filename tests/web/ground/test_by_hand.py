"""By keyboard alone, in a real browser: judging, drawing, editing; two people at once; a server that is killed."""

import contextlib
import os
import re
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from vestige.archive import Archive, search
from vestige.web import create_app

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"
RULES = """async () => {
  const asked = {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
  const found = await axe.run(document, {...asked, resultTypes: ["violations"]});
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""


@contextlib.contextmanager
def served(museum, who):
    """A workbench of its own on an archive, in which `who` works."""
    app = create_app(museum)
    app.state.access.who = who
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1, lifespan="off")
        server = uvicorn.Server(config)
        app.state.stopping = lambda: server.should_exit
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
    app.state.bench.close()


@pytest.fixture
def tab(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB", reduced_motion="reduce")
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    page.close()
    assert faults == []


def opened(page, address):
    page.goto(address)
    page.locator(".stage[data-state=ready]").wait_for()
    page.locator(".pick[tabindex='0']").focus()


def heard(page, words):
    page.locator("#interpretation .said", has_text=words).wait_for()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def said(museum):
    with Archive(museum) as archive:
        lines = search.history(archive.engine, object="FIELD 7", only="feature.judged")
    return [(line["who"], line["body"]["entry"], line["body"]["feature"]) for line in lines]


def test_a_survey_is_interpreted_by_keyboard(tab, museum, result):
    with served(museum, "eva") as home:
        opened(tab, f"{home}/result/{result}")
        press(tab, "a", "a", "r")  # faster than the server answers: each is about the feature then chosen
        heard(tab, "3 rejected")
        press(tab, "e")
        heard(tab, "Corner 1 of 64")
        press(tab, "n", "ArrowUp", "Shift+ArrowLeft", "Enter")
        heard(tab, "4 edited")
        press(tab, "d")
        heard(tab, "Ring of 20.00 m")
        press(tab, "+", "ArrowRight", "Enter")
        heard(tab, "drawn")
        press(tab, "c")
        tab.locator("#asked:focus").wait_for()
        tab.keyboard.type("enclosure")
        press(tab, "Enter")
        heard(tab, "Class of +")
        press(tab, "u")
        heard(tab, "Taken back: Class")
        press(tab, "d", "p", " ", "ArrowRight", "ArrowRight", " ", "ArrowUp", "ArrowUp", " ")
        heard(tab, "3 corners set")
        press(tab, "Enter")
        heard(tab, "drawn")
    entries = said(museum)
    assert entries[:4] == [
        ("eva", "accept", "1"),
        ("eva", "accept", "2"),
        ("eva", "reject", "3"),
        ("eva", "edit", "4"),
    ]
    assert [entry for _, entry, _ in entries[4:]] == ["draw", "class", "undo", "draw"]


def test_two_interpreters_at_once_see_each_other(tab, museum, result):
    with served(museum, "eva") as hers, served(museum, "otto") as his:
        other = tab.context.browser.new_page(viewport={"width": 390, "height": 844}, locale="de-DE")
        opened(tab, f"{hers}/result/{result}")
        opened(other, f"{his}/result/{result}")
        press(tab, "a")
        heard(tab, "1 accepted")
        press(other, "r")
        heard(other, "1 verworfen")
        first = tab.locator("#interpretation tbody tr").first
        first.get_by_text("≠ verdict differs").wait_for()
        assert "otto: rejected" in first.inner_text()
        other.locator("#interpretation tbody tr").first.get_by_text("≠ Urteil verschieden").wait_for()
        other.close()
    assert said(museum) == [("eva", "accept", "1"), ("otto", "reject", "1")]


def test_what_was_said_outlives_a_server_that_is_killed(tab, museum, result, started, port):
    server = started(museum, port)
    opened(tab, f"http://127.0.0.1:{port}/result/{result}")
    press(tab, "a")
    heard(tab, "1 accepted")
    press(tab, "r")
    heard(tab, "2 rejected")
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    press(tab, "a")
    heard(tab, "does not answer")
    assert tab.locator("#interpretation .said[data-state=fault]").count() == 1
    started(museum, port)
    press(tab, "a")
    heard(tab, "3 accepted")
    assert [entry[1:] for entry in said(museum)] == [("accept", "1"), ("reject", "2"), ("accept", "3")]


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light"), ("de-DE", "dark")])
def test_everybody_can_use_the_map(browser, museum, result, language, scheme):
    with served(museum, "eva") as home:
        page = browser.new_page(viewport={"width": 1280, "height": 900}, locale=language, color_scheme=scheme)
        opened(page, f"{home}/result/{result}")
        press(page, "a", "r", "d")
        page.locator(".pen .primary").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert page.evaluate(RULES) == []
        small = page.evaluate(
            "[...document.querySelectorAll('#interpretation .pen button, #interpretation .turning button')]"
            ".filter((one) => one.offsetHeight && one.offsetHeight < 44).map((one) => one.textContent)"
        )
        assert small == []
        page.set_viewport_size({"width": 320, "height": 640})
        page.wait_for_timeout(60)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.close()


def test_a_map_without_its_archive_is_looked_at_only(tab, stocked):
    with served_folder(stocked[0] / "mapped") as home:
        page = tab.request.get(f"{home}/").text()
        tab.goto(home + re.search(r"/result/\w+", page)[0] + "/1")
        tab.locator(".stage[data-state=ready]").wait_for()
        assert tab.locator("#interpretation").count() == 0
        assert "4" in tab.locator(".stage .status").inner_text()


@contextlib.contextmanager
def served_folder(folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(folder), log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
