"""Making something with the keyboard alone, and through a kill of the server, in a real browser."""

import os
import signal
import time

import pytest

from vestige.archive import Archive
from vestige.jobs import Ledger, State


@pytest.fixture
def tab(browser):
    """A tab whose console must stay silent."""
    page = browser.new_page(viewport={"width": 1100, "height": 900}, locale="en-GB")
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.close()
    assert [text for text in said if "422" not in text] == []


def tab_to(page, selector, most=120):
    """Press Tab until what `selector` names has the focus."""
    for _ in range(most):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


def test_a_stack_is_made_and_kept_with_the_keyboard_alone(tab, museum, keys, started, port):
    started(museum, port)
    tab.set_default_timeout(90_000)
    tab.goto(f"http://127.0.0.1:{port}/run/choose?capture={keys[0]}")
    tab_to(tab, ".offer.first a")
    tab.keyboard.press("Enter")
    tab.locator(".preview[data-state=ready]").wait_for()
    before = tab.locator("#preview").get_attribute("src")
    assert before.startswith("blob:")
    tab_to(tab, "input[name=preset]")
    tab.keyboard.press("ArrowDown")
    tab.locator(f'#preview:not([src="{before}"])').wait_for()
    assert tab.locator("#field-align").input_value() == "false"
    tab_to(tab, "summary:has(+ .settings)")
    tab.keyboard.press("Enter")
    tab_to(tab, "#field-levels")
    tab.keyboard.press("Control+a")
    tab.keyboard.type("99")
    tab.locator("#field-levels[aria-invalid=true]").wait_for()
    assert "less than" in tab.locator("#field-levels-wrong").inner_text()
    tab.keyboard.press("Control+a")
    tab.keyboard.type("5")
    tab.locator("#field-levels-wrong").wait_for(state="hidden")
    tab_to(tab, "button.primary")
    tab.keyboard.press("Enter")
    tab.locator("button[formaction$='/keep']").wait_for()
    tab_to(tab, "button[formaction$='/keep']")
    tab.keyboard.press("Enter")
    tab.get_by_text("Kept with Beetle 1 in the archive.").first.wait_for()
    with Archive(museum) as archive:
        assert len(archive.show("Beetle 1")["captures"][0]["products"]) >= 3


def test_the_page_of_a_job_comes_back_by_itself(browser, museum, keys, started, port):
    server = started(museum, port)
    tab = browser.new_page(locale="en-GB")
    tab.set_default_timeout(90_000)
    tab.goto(f"http://127.0.0.1:{port}/run/make/focus/run?capture={keys[0]}")
    tab.locator("button.primary").click()
    tab.wait_for_url("**/jobs/1")
    with Archive(museum) as archive:
        ledger = Ledger(archive.engine)
        while ledger.job(1).state is State.WAITING:
            time.sleep(0.02)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        assert ledger.job(1).state is State.RUNNING
        tab.get_by_text("The connection was cut").wait_for()
        started(museum, port)
        tab.locator("button[formaction$='/keep']").wait_for()  # nobody touched the page
        assert ledger.job(1).state is State.DONE
    tab.close()
