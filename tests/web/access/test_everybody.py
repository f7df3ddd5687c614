"""Nobody is shut out: axe-core finds nothing on any page, in both languages and both themes, and all reflow."""

import contextlib
import re
import shutil
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn

from vestige.archive import Archive, add
from vestige.web import create_app
from vestige.web.access import Accounts
from vestige.web.access.table import rules
from vestige.web.operating.shooter import Pile
from vestige.web.operating.volume import Volume

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"
RUN = """async (only) => {
  const rules = only ? {runOnly: {type: "rule", values: [only]}} : {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
  const found = await axe.run(document, {...rules, iframes: false, resultTypes: ["violations"]});
  return found.violations.map((one) => `${one.id}: ${one.help} at ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""
#: As many pages of one route are looked at.
EACH = {"/result/{key}/{index}": 15}
#: What is no page of its own: data, pictures, parts; and what needs more than this archive has: a job, a tray,
#: a kept result (its marking, its making again), somebody signed in (see `test_the_way_in`).
PARTS = re.compile(
    r"^/(tiles|overview|raster|words|features|thumbnail|frame|file|report|state|shelf|events|spectrum|profile|light|"
    r"download|language|theme|sign-in|account$|collection/values|jobs/|intake/|projects/|run/look|operate/.*/|"
    r"object/.*/(again|marking)/|proof/)|"
    r"/(picture|events|part|view|files|arrived|raster|annotations\.json)(/|$)"
)
#: What a link never leads to: parts of pages, pictures, files.
NO_PAGES = re.compile(
    r"/(static|language|theme|frame|thumbnail|tiles|file|download|report|operate/volume-\w+/picture)(/|$)"
)


@contextlib.contextmanager
def served(app):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        app.state.stopping = lambda: server.should_exit
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def workbench(original, tmp_path_factory):
    """An archive with a kept capture, results of every kind on the desk, and volumes that are being scanned."""
    home = tmp_path_factory.mktemp("everybody")
    with Archive.make(home / "museum") as archive:
        add(archive, original / "captures" / "coin", {"identifier": "ANT 7", "title": "Coin"})
    shutil.copytree(original / "products" / "every-kind", home / "museum/desk/results/every-kind")
    desk = home / "museum/desk/captures"
    pile = Pile(original / "captures" / "coin")
    for step in (0, 1, 2):
        volume = Volume.begin(desk, f"MS {step}", "eva")
        if step:
            volume.take(pile, 0, Path.stat)
        if step == 2:
            volume.accept(1)
    return create_app(home / "museum", scanner=pile)


def route_of(known, address):
    path = urlsplit(address).path
    return next((rule.path for rule in known if rule.method == "GET" and rule.places.match(path)), path)


def pages(page, home, known, start):
    """Pages that can be reached from `start` by links, a few of each route."""
    waiting, seen, counts = list(start), set(), {}
    while waiting:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        route = route_of(known, address)
        if counts.get(route, 0) >= EACH.get(route, 1 if "?" in address else 3):
            continue
        counts[route] = counts.get(route, 0) + 1
        answer = page.goto(home + address)
        if answer is None or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        yield address, answer
        links = page.eval_on_selector_all("a[href]", "found => found.map((link) => link.href)")
        for link in links:
            parts = urlsplit(link)
            inside = link.startswith(home) and not NO_PAGES.match(parts.path)
            if inside:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))


def faults(page, address):
    """What axe finds in both themes; and whether the page is wider than a small window."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(RUN, None)
    other = {"light": "dark", "dark": "light"}[page.evaluate("document.documentElement.dataset.theme")]
    page.evaluate(f"document.documentElement.dataset.theme = '{other}'")
    found += [f"({other}) {one}" for one in page.evaluate(RUN, "color-contrast")]
    page.set_viewport_size({"width": 320, "height": 640})
    page.wait_for_timeout(60)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > 320:
        found.append(f"at 320 px it is {wide} px wide")
    page.set_viewport_size({"width": 1280, "height": 800})
    return [f"{address}: {one}" for one in found]


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("de", "dark")])
def test_every_page_of_the_workbench(workbench, browser, language, theme):
    known, found, looked = rules(workbench), [], set()
    desk = workbench.state.scanner.scan()
    start = ["/", "/operate", "/operate?new=true", "/operate?kept=3", "/accounts", "/nothing"]
    start += [f"/operate/{volume.name}" for volume in Volume.all(workbench.state.bench.open_captures)]
    start += [f"/{way}/{key}" for key in desk.results for way in ("result", "record")]
    with (
        served(workbench) as home,
        contextlib.closing(browser.new_context(reduced_motion="reduce")) as context,
    ):
        context.add_cookies(
            [{"name": n, "value": v, "url": home} for n, v in (("language", language), ("theme", theme))]
        )
        page = context.new_page()
        for address, answer in pages(page, home, known, start):
            looked.add(route_of(known, address))
            found += faults(page, address)
            if answer.status >= 400 and address != "/nothing":
                found.append(f"{address}: a link leads to {answer.status}")
    assert "\n".join(found) == ""
    unseen = {rule.path for rule in known if rule.method == "GET" and rule.path not in looked}
    assert {path for path in unseen if not PARTS.search(path)} == set(), "no link leads there"


@pytest.mark.parametrize(("language", "theme"), [("de", "light"), ("en", "dark")])
def test_every_page_of_a_folder(original, browser, language, theme):
    app, found = create_app(original), []
    with served(app) as home, contextlib.closing(browser.new_context(reduced_motion="reduce")) as context:
        context.add_cookies(
            [{"name": n, "value": v, "url": home} for n, v in (("language", language), ("theme", theme))]
        )
        page = context.new_page()
        for address, _ in pages(page, home, rules(app), ["/"]):
            if "/result/" not in address:
                found += faults(page, address)
    assert "\n".join(found) == ""


def test_the_way_in(tmp_path, browser):
    with Archive.make(tmp_path / "museum") as archive:
        people = Accounts(archive.engine)
        people.add("eva", "correct horse battery", "admin")
        people.add("otto", "correct horse battery", "operator")
    found = []
    with served(create_app(tmp_path / "museum")) as home:
        for language, theme in (("en", "light"), ("de", "dark")):
            with contextlib.closing(browser.new_context()) as context:
                context.add_cookies(
                    [
                        {"name": n, "value": v, "url": home}
                        for n, v in (("language", language), ("theme", theme))
                    ]
                )
                page = context.new_page()
                page.goto(home + "/account")
                found += faults(page, "/sign-in")
                page.keyboard.type("eva")
                page.keyboard.press("Tab")
                page.keyboard.type("not the right one")
                page.keyboard.press("Enter")
                page.get_by_role("alert").wait_for()
                found += faults(page, "/sign-in (refused)")
                page.locator("#password").fill("correct horse battery")
                page.keyboard.press("Enter")
                page.wait_for_url("**/account")
                for address in ("/account", "/accounts"):
                    page.goto(home + address)
                    page.locator("details.account summary").click()
                    found += faults(page, address)
    assert "\n".join(found) == ""
