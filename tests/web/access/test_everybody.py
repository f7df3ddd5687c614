"""Nobody is shut out: axe-core finds nothing on any page, in both languages and both themes, and all reflow."""

import contextlib
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from vestige.archive import Archive, ArchiveHistory, add, search
from vestige.archive.database import writing
from vestige.contract.intake import begin
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.jobs.tables import jobs
from vestige.publish.kept import result_key
from vestige.quality.measures.report import Measured
from vestige.quality.watch import record
from vestige.web import create_app
from vestige.web.access import Accounts
from vestige.web.access.table import rules
from vestige.web.intake.clearing import THROWN
from vestige.web.intake.tray import Tray
from vestige.web.operating.shooter import Pile
from vestige.web.operating.volume import Volume
from vestige.web.running.benchwork import subject, submit, work_of

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"
RUN = """async (only) => {
  const rules = only ? {runOnly: {type: "rule", values: only}} : {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]};
  const found = await axe.run(document, {...rules, iframes: false, resultTypes: ["violations"]});
  return found.violations.map((one) => `${one.id}: ${one.help} at ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""
#: What axe asks of colours: asked in the other theme too.
THEMED = ["color-contrast", "link-in-text-block"]
#: As many pages of one route are looked at.
EACH = {"/result/{key}/{index}": 15}
#: What is no page of its own: data, pictures, parts; and what needs more than this archive has: a job, a tray,
#: a kept result (its marking, its making again), somebody signed in (see `test_the_way_in`).
PARTS = re.compile(
    r"^/(iiif|tiles|overview|raster|words|features|thumbnail|frame|file|report|state|shelf|events|spectrum|profile|light|"
    r"download|interpretation|alone|language|theme|sign-in|account$|collection/values|jobs/|intake/|projects/|run/look|run/products|operate/.*/|"
    r"object/.*/(again|marking)/|growing/.*/(state|grid|outlines)(/|$)|proof/)|"
    r"/(picture|events|part|view|files|arrived|raster|annotations\.json)(/|$)"
)
#: What a link never leads to: parts of pages, pictures, files.
NO_PAGES = re.compile(
    r"/(static|language|theme|frame|thumbnail|tiles|file|download|report|operate/volume-\w+/picture)(/|$)"
)


@pytest.fixture(scope="module")
def workbench(original, tmp_path_factory, served):
    """An archive with a kept capture, results of every kind on the desk, and volumes that are being scanned."""
    home = tmp_path_factory.mktemp("everybody")
    with Archive.make(home / "museum") as archive:
        add(archive, original / "captures" / "coin", {"identifier": "ANT 7", "title": "Coin"})
        for day in range(1, 16):
            level = Measured("light_level", 0.6 if day < 11 else 0.5, "ratio", "left/blue", "")
            record(ArchiveHistory(archive), "Stand", [level], datetime(2026, 11, day, tzinfo=UTC))
    shutil.copytree(original / "products" / "every-kind", home / "museum/desk/results/every-kind")
    begin(home / "museum/desk/streams/field", "survey", title="Field")
    desk = home / "museum/desk/captures"
    pile = Pile(original / "captures" / "coin")
    for step in (0, 1, 2):
        volume = Volume.begin(desk, f"MS {step}", "eva")
        if step:
            volume.take(pile, 0, Path.stat)
        if step == 2:
            volume.accept(1)
    app = create_app(home / "museum", scanner=pile)
    with served(app) as address:
        yield app, address


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


def listened(page):
    """What the browser complains of on this page: refused styles and scripts, errors, what could not be had."""
    said = []
    page.on(
        "console",
        lambda one: said.append(f"{one.text} ({one.location['url']})") if one.type == "error" else None,
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def complaints(said, address):
    """What was said since the last time, as faults of a page; that a page itself is not there is none."""
    found = [
        f"{address}: the browser says: {one}"
        for one in said
        if not one.endswith((f"{address})", "/favicon.ico)"))
    ]
    said.clear()
    return found


def faults(page, address):
    """What axe finds in both themes; and whether the page is wider than a small window."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(RUN, None)
    other = {"light": "dark", "dark": "light"}[page.evaluate("document.documentElement.dataset.theme")]
    page.evaluate(f"document.documentElement.dataset.theme = '{other}'")
    found += [f"({other}) {one}" for one in page.evaluate(RUN, THEMED)]
    page.set_viewport_size({"width": 320, "height": 640})
    page.wait_for_timeout(60)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > 320:
        found.append(f"at 320 px it is {wide} px wide")
    page.set_viewport_size({"width": 1280, "height": 800})
    return [f"{address}: {one}" for one in found]


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("de", "dark")])
def test_every_page_of_the_workbench(workbench, browser, language, theme):
    app, home = workbench
    known, found, looked = rules(app), [], set()
    desk = app.state.scanner.scan()
    start = ["/", "/operate", "/operate?new=true", "/operate?kept=3", "/accounts", "/nothing"]
    start += [f"/operate/{volume.name}" for volume in Volume.all(app.state.bench.open_captures)]
    start += [f"/{way}/{key}" for key in desk.results for way in ("result", "record")]
    with contextlib.closing(browser.new_context(reduced_motion="reduce")) as context:
        context.add_cookies(
            [{"name": n, "value": v, "url": home} for n, v in (("language", language), ("theme", theme))]
        )
        page = context.new_page()
        said = listened(page)
        for address, answer in pages(page, home, known, start):
            looked.add(route_of(known, address))
            found += faults(page, address)
            found += complaints(said, address)
            if answer.status >= 400 and address != "/nothing":
                found.append(f"{address}: a link leads to {answer.status}")
    assert "\n".join(found) == ""
    unseen = {rule.path for rule in known if rule.method == "GET" and rule.path not in looked}
    assert {path for path in unseen if not PARTS.search(path)} == set(), "no link leads there"


@pytest.mark.parametrize(("language", "theme"), [("de", "light"), ("en", "dark")])
def test_every_page_of_a_folder(original, browser, served, language, theme):
    app, found = create_app(original), []
    with served(app) as home, contextlib.closing(browser.new_context(reduced_motion="reduce")) as context:
        context.add_cookies(
            [{"name": n, "value": v, "url": home} for n, v in (("language", language), ("theme", theme))]
        )
        page = context.new_page()
        said = listened(page)
        for address, _ in pages(page, home, rules(app), ["/"]):
            if "/result/" not in address:
                found += faults(page, address)
            found += complaints(said, address)
    assert "\n".join(found) == ""


def test_the_way_in(tmp_path, browser, served):
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


@pytest.fixture(scope="module")
def busy(tmp_path_factory, served):
    """A workbench in the middle of things: a kept result, a tray that fills, one thrown away, jobs that stand."""
    home = tmp_path_factory.mktemp("busy")
    focus = technique("focus")
    capture = simulate(focus, home / "beetle", focus.forward.recipe.make(values={"height": 96, "frames": 3}))
    execute(focus, "run", {"capture": [capture]}, focus.operation("run").recipe(), home / "sharp")
    with Archive.make(home / "museum") as archive:
        key = add(archive, home / "beetle", {"identifier": "ENT 1842", "title": "Rose chafer"}).capture
        add(archive, home / "sharp")
        found = search.capture(archive.engine, key)["products"]
        picture = next(product["path"] for product in found if product["name"] == "image")
        remark = {"text": "A broken hair", "target": picture, "region": (10, 10, 30, 20)}
        archive.annotate("ENT 1842", remark, capture=key)
    app = create_app(home / "museum")
    bench = app.state.bench
    bench.workshop.open = lambda: None
    tray, gone = (Tray.begin(bench.open_captures, values={"identifier": name}) for name in ("MS 1", "MS 2"))
    for path in sorted((home / "beetle").glob("*.tif"))[:2]:
        tray.adopt(path)
    gone.discard(bench.desk / THROWN)
    given = subject(bench.archive, key)
    recipes = [focus.operation("run").recipe.make(values={"levels": number}) for number in (3, 4, 5)]
    works = [
        ("Beetle", work_of(bench.archive, bench.desk, given, (focus, focus.operation("run")), recipe))
        for recipe in recipes
    ]
    waiting, running, failed = submit(bench.ledger, works, bench.workshop.granted())
    words = [{"how": "failed", "sentence": "focus_001.tif is empty; expected an image", "stderr": "a\nb"}]
    with writing(bench.archive.engine) as connection:
        here = jobs.c.id == running.id
        told = {
            "state": "running",
            "done": 4,
            "total": 10,
            "label": "aligning",
            "owner": "x",
            "heartbeat": time.time(),
        }
        connection.execute(update(jobs).where(here).values(started=time.time(), **told))
        connection.execute(update(jobs).where(jobs.c.id == failed.id).values(state="failed", words=words))
    number = search.capture(bench.archive.engine, key)["object_id"]
    run = search.capture(bench.archive.engine, key)["products"][0]["run"]
    kept = bench.shelf.result(result_key(key, run)).report.products
    told = {
        "mesh": next(place for place, record in enumerate(kept) if record.kind == "mesh"),
        "key": key,
        "object": number,
        "result": result_key(key, run),
        "tray": tray.key,
        "jobs": [waiting.id, running.id, failed.id],
    }
    with served(app) as home:
        yield home, told


def states(told):
    """Each state that no link leads to: its address, and what is pressed until it is there."""
    key, result = told["key"], told["result"]
    yield f"/intake/{told['tray']}", ["#table summary"]
    yield "/intake", ["details:has(#thrown-title) > summary"]
    yield f"/run/make/focus/run?capture={key}", ["details.folded > summary", "#preview-tools [aria-pressed]"]
    yield "/run/make/focus/plan", ["details.folded > summary"]
    yield "/run", ["details:has(#alone-title) > summary"]
    for number in told["jobs"]:
        yield f"/jobs/{number}", []
    yield "/jobs", []
    yield f"/object/{told['object']}", ["details >> summary"]
    yield f"/result/{result}/0", [".tools button[aria-label]:nth-last-child(1)"]
    yield f"/result/{result}/0", ["#marking details.folded > summary", "[data-draw=outline]"]
    yield f"/result/{result}/0", ["#marking details.edit > summary"]
    yield f"/object/{told['object']}", ["form[action*='/again/'] button, .again"]
    yield f"/compare?a=v.{result}.{told['mesh']}&b=v.{result}.{told['mesh']}", []
    yield f"/alone/{result}/0", []


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("de", "dark")])
def test_what_is_open_or_under_way(busy, browser, language, theme):
    home, told = busy
    found = []
    with contextlib.closing(browser.new_context(reduced_motion="reduce")) as context:
        context.add_cookies(
            [{"name": n, "value": v, "url": home} for n, v in (("language", language), ("theme", theme))]
        )
        page = context.new_page()
        said = listened(page)
        for address, presses in states(told):
            answer = page.goto(home + address)
            assert answer.status == 200, address
            for press in presses:
                page.locator(press).first.click()
            page.wait_for_timeout(120)
            found += faults(page, address)
            found += complaints(said, address)
    assert "\n".join(found) == ""


def test_a_page_that_renews_itself_is_quiet(busy, browser):
    """A result that is made again asks how far it is every two seconds."""
    home, told = busy
    with contextlib.closing(browser.new_page()) as page:
        said = listened(page)
        page.goto(f"{home}/object/{told['object']}")
        if page.locator("form[action*='/again/'] button").count():
            page.locator("form[action*='/again/'] button").first.click()
        for _ in range(2):
            with page.expect_response("**/again/**"):
                pass
        page.locator(".again progress").wait_for()
        for address in ("/", "/jobs", f"/jobs/{told['jobs'][1]}", f"/intake/{told['tray']}"):
            page.goto(home + address)
            page.wait_for_timeout(1500)
        assert said == []
