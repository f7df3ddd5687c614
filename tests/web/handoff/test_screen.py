"""In a browser: nobody is shut out of the two applications, and nobody gets out of the screen."""

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from vestige.deliver import Counter, GrowingFolder, Mail, Vault, WifiAccess
from vestige.web.handoff.kiosk import Offer, kiosk_app
from vestige.web.handoff.phone import phone_app

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"
RULES = """async () => (await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}))
  .violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`)"""
PICTURE = cv2.imencode(".jpg", np.full((600, 400, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def world(tmp_path, browser, served):
    for name in ("vault", "in"):
        (tmp_path / name).mkdir()
    counter = Counter(
        Vault(tmp_path / "vault"),
        GrowingFolder(tmp_path / "in"),
        access=WifiAccess("Scans", "abcd2345efgh"),
        pause=0.1,
    )
    offer = Offer(counter, "http://10.42.0.1", mail=Mail("localhost", "a@example.org"), webdav=True)
    with (
        served(kiosk_app(offer), lifespan="on") as screen,
        served(phone_app(counter.vault), lifespan="off") as phone,
    ):
        context = browser.new_context(locale="de-DE")
        yield counter, screen, phone, context, tmp_path
        context.close()


def test_nobody_is_shut_out(world):
    counter, screen, phone, context, home = world
    page = context.new_page()
    page.goto(f"{screen}/")
    page.evaluate(AXE.read_text())
    assert page.evaluate(RULES) == []
    page.close()  # the screen would go to the begun session by itself, in the middle of our going elsewhere
    session = counter.begin()
    (home / "a.jpg").write_bytes(PICTURE)
    counter.vault.add(session, home / "a.jpg", datetime.now(UTC))
    theirs = f"{phone}/s/{session.token}"
    page = context.new_page()
    places = [f"{screen}/{way}" for way in ("", "phone", "mail", "cloud", "done")]
    for place in [*places, theirs, f"{theirs}/scan/1", f"{phone}/s/none"]:
        page.set_viewport_size(
            {"width": 1280, "height": 800} if screen in place else {"width": 320, "height": 640}
        )
        page.goto(place)
        page.evaluate(AXE.read_text())
        assert page.evaluate(RULES) == [], place
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), place


def test_what_is_scanned_appears_and_the_time_runs_out(world):
    counter, screen, _, context, home = world
    page = context.new_page()
    page.goto(screen)
    page.click("main button")
    (home / "in/scan.jpg").write_bytes(PICTURE)
    page.locator("ol.grid[data-count='1'] img").wait_for()
    page.locator("#head:has-text('1 Scan')").wait_for()
    counter.vault.idle = 30
    page.locator("#still[open]").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#still[open]").count() == 1
    counter.vault.idle = 300
    page.click("#stay")
    page.locator("#still:not([open])").wait_for(state="attached")
    counter.vault.idle = -1
    page.locator("text=Beginnen").wait_for()
    assert not list(home.glob("vault/*/*"))


def test_the_screen_is_not_left(world):
    counter, screen, _, context, _ = world
    counter.begin()
    page = context.new_page()
    page.goto(f"{screen}/mail")
    swallowed = page.evaluate(
        """() => ["F1", "F5", "F11", "Escape", "n", "BrowserBack"].map((key) => !document.body.dispatchEvent(
          new KeyboardEvent("keydown", {key, ctrlKey: key === "n", bubbles: true, cancelable: true})))"""
    )
    assert all(swallowed)
    assert page.evaluate(
        "() => !document.body.dispatchEvent(new MouseEvent('contextmenu', {bubbles: true, cancelable: true}))"
    )
    page.keyboard.type("eva@example.org")
    assert page.input_value("#address") == "eva@example.org"
    page.click(".keys button:has-text('x')")
    assert page.input_value("#address") == "eva@example.orgx"
    page.evaluate("() => history.back()")
    page.wait_for_timeout(300)
    assert page.url == f"{screen}/mail"
    page.goto(f"{screen}/somewhere/else")
    assert page.url == f"{screen}/"


def test_the_list_grows_on_the_phone(world):
    counter, _, phone, context, home = world
    session = counter.begin()
    page = context.new_page()
    page.goto(f"{phone}/s/{session.token}")
    (home / "a.jpg").write_bytes(PICTURE)
    counter.vault.add(session, home / "a.jpg", datetime.now(UTC))
    page.locator("ol.scans img").wait_for()
    counter.done()
    page.locator("text=Hier ist nichts").wait_for()
