"""Every viewer in a real browser: pixels are drawn, hands and keys do something, the console stays silent."""

import cv2
import numpy as np
import pytest

from vestige.web import create_app
from vestige.web.shelf import Scanner

DRAWN = {
    "picture": 0,
    "depth": 1,
    "bands": 2,
    "light": 3,
    "normals": 4,
    "mesh": 5,
    "page": 6,
    "text": 7,
    "grid": 9,
    "classes": 10,
    "features": 11,
}


@pytest.fixture(scope="module")
def home(original, served):
    with served(create_app(original)) as address:
        yield address


@pytest.fixture(scope="module")
def key(original):
    return next(iter(Scanner(original).scan().results))


@pytest.fixture
def tab(browser):
    """A tab whose console must stay silent."""
    page = browser.new_page(viewport={"width": 1100, "height": 800}, locale="en-GB")
    said = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "response",
        lambda answer: said.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
    )
    yield page
    page.close()
    assert [text for text in said if "GPU stall" not in text] == []


def opened(tab, address):
    tab.goto(address)
    tab.locator(".stage:not([data-state=loading])").wait_for(timeout=30000)
    assert tab.locator(".stage").get_attribute("data-state") == "ready"
    tab.wait_for_timeout(350)


def seen(tab) -> np.ndarray:
    """The pixels of the stage, as a person sees them."""
    data = tab.locator(".stage").screenshot(animations="disabled")
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)


def changed(tab, before) -> bool:
    """Whether the stage looks different within two seconds."""
    for _ in range(10):
        tab.wait_for_timeout(200)
        if np.abs(seen(tab) - before).mean() > 0.5:
            return True
    return False


@pytest.mark.parametrize("name", DRAWN)
def test_viewer_draws_pixels(tab, home, key, name):
    opened(tab, f"{home}/result/{key}/{DRAWN[name]}")
    pixels = seen(tab)
    middle = pixels[
        pixels.shape[0] // 4 : -pixels.shape[0] // 4, pixels.shape[1] // 4 : -pixels.shape[1] // 4
    ]
    assert middle.std() > 6
    assert tab.locator(".tools button").count() >= 3


def test_zoom_by_button(tab, home, key):
    opened(tab, f"{home}/result/{key}/0")
    before = seen(tab)
    tab.get_by_role("button", name="Zoom in").click()
    assert changed(tab, before)
    tab.get_by_role("button", name="Show all").click()


def test_depth_changes_its_look(tab, home, key):
    opened(tab, f"{home}/result/{key}/1")
    before = seen(tab)
    tab.get_by_label("Look").select_option("relief")
    assert changed(tab, before)


def test_bands_by_slider_and_as_colour(tab, home, key):
    opened(tab, f"{home}/result/{key}/2")
    before = seen(tab)
    tab.get_by_label("Band", exact=True).press("End")
    assert "940 nm" in tab.locator(".tools").inner_text()
    tab.get_by_role("button", name="Three as colour").click()
    assert changed(tab, before)
    assert tab.get_by_label("Red").input_value() == "3"


@pytest.mark.parametrize("name", ["light", "normals"])
def test_the_light_follows_hand_and_keys(tab, home, key, name):
    opened(tab, f"{home}/result/{key}/{DRAWN[name]}")
    before = seen(tab)
    tab.locator(".stage canvas").focus()
    for _ in range(12):
        tab.keyboard.press("ArrowRight")
    assert changed(tab, before)
    before = seen(tab)
    box = tab.locator(".stage canvas").bounding_box()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.9)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.8, steps=4)
    tab.mouse.up()
    assert changed(tab, before)
    before = seen(tab)
    tab.get_by_label("Direction of light").press("Home")
    assert changed(tab, before)


def test_mesh_turns_by_keys_and_becomes_clay(tab, home, key):
    opened(tab, f"{home}/result/{key}/5")
    before = seen(tab)
    tab.locator(".stage canvas").focus()
    for _ in range(6):
        tab.keyboard.press("ArrowUp")
    assert changed(tab, before)
    before = seen(tab)
    tab.get_by_role("button", name="As clay").click()
    assert changed(tab, before)


def test_words_lie_over_the_page_and_beside_it(tab, home, key):
    opened(tab, f"{home}/result/{key}/6")
    assert tab.locator(".word").count() == 0
    tab.get_by_role("button", name="Words").click()
    tab.locator(".word").first.wait_for()
    assert tab.locator(".word").count() == 12
    tab.get_by_role("button", name="Next").click()
    tab.get_by_text("0002 · 2 / 3").wait_for()
    opened(tab, f"{home}/result/{key}/7")
    tab.locator(".reading .w").nth(3).hover()
    assert tab.locator(".word.lit").get_attribute("title") == "Philosophie (70 %)"


def test_outlines_can_be_gone_through_by_keyboard(tab, home, key):
    opened(tab, f"{home}/result/{key}/11")
    tab.get_by_role("button", name="Next").press("Enter")
    assert "class" in tab.locator(".chosen").inner_text()
    before = seen(tab)
    tab.get_by_label("Look").select_option("viridis")
    assert changed(tab, before)


def test_frames_by_slider(tab, home, original):
    capture = next(iter(Scanner(original).scan().captures))
    tab.goto(f"{home}/capture/{capture}")
    tab.locator("#scrub").press("End")
    assert "frame_03.png" in tab.locator("#caption").inner_text()
    assert "wavelength 550 nm" in tab.locator("#caption").inner_text()


def test_what_comes_in_is_shown_while_the_page_is_open(tab, folder, served):
    result = (folder / "products/every-kind").rename(folder.parent / "every-kind")
    with served(create_app(folder)) as home:
        tab.goto(home)
        assert tab.get_by_role("link", name="One of every kind").count() == 0
        result.rename(folder / "products/every-kind")
        tab.get_by_role("link", name="One of every kind").wait_for(timeout=8000)
        tab.goto("about:blank")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 3840])
def test_nothing_sticks_out(browser, home, key, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="de-DE")
    for address in ("/", f"/result/{key}/1", f"/result/{key}/13"):
        page.goto(home + address)
        assert page.locator("html").get_attribute("lang") == "de"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
