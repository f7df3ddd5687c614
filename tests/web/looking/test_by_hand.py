"""Look, compare, measure, download in a real browser, with the keyboard alone."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest


def opened(tab, address):
    tab.goto(address)
    tab.locator(".stage[data-state=ready]").wait_for(timeout=30000)
    tab.wait_for_timeout(400)


def reach(tab, what):
    """Come to an element by the Tab key alone."""
    for _ in range(90):
        if tab.evaluate("what => document.activeElement?.matches(what) ?? false", what):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"{what} is not reached by the Tab key")


def seen(tab) -> np.ndarray:
    data = tab.locator(".stage .view").screenshot(animations="disabled")
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).astype(int)


def changed(tab, before, most=10) -> bool:
    for _ in range(most):
        tab.wait_for_timeout(200)
        if np.abs(seen(tab) - before).mean() > 0.5:
            return True
    return False


def told(tab) -> dict[str, str]:
    """What stands behind the '#' of the address, once it has settled."""
    tab.wait_for_timeout(1000)
    return {name: values[0] for name, values in parse_qs(urlsplit(tab.url).fragment).items()}


CANVAS = ".openseadragon-canvas"


def test_every_key_of_the_help_does_something(tab, home, key):
    opened(tab, f"{home}/result/{key}/0")
    reach(tab, CANVAS)
    for pressed in ("+", "ArrowRight", "r", "1", "-"):
        before = seen(tab)
        tab.keyboard.press(pressed)
        assert changed(tab, before), pressed
    assert told(tab)["r"] == "90"
    tab.keyboard.press("R")
    tab.keyboard.press("0")
    assert told(tab) == {}
    tab.keyboard.press("?")
    assert "Full screen" in tab.get_by_role("dialog").inner_text()
    tab.keyboard.press("Escape")
    assert tab.get_by_role("dialog").count() == 0


def test_a_link_brings_the_same_view_back(tab, home, key):
    opened(tab, f"{home}/result/{key}/1")
    tab.get_by_label("Look").select_option("cividis")
    tab.locator(CANVAS).focus()
    for pressed in ("+", "+", "ArrowRight", "ArrowDown", "r"):
        tab.keyboard.press(pressed)
    before = told(tab)
    assert before.keys() == {"x", "y", "z", "r", "look"}
    tab.get_by_role("button", name="Copy link").press("Enter")
    link = tab.evaluate("navigator.clipboard.readText()")
    picture = seen(tab)
    tab.goto("about:blank")
    opened(tab, link)
    tab.wait_for_timeout(600)
    assert np.abs(seen(tab) - picture).mean() < 1
    assert {name: float(told(tab)[name]) for name in "xyz"} == pytest.approx(
        {name: float(before[name]) for name in "xyz"}, rel=1e-3
    )


def test_the_light_and_the_bands_are_in_the_link(tab, home, key):
    opened(tab, f"{home}/result/{key}/3")
    reach(tab, ".stage canvas")
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
    tab.keyboard.press("+")
    assert {"az", "el", "z"} <= told(tab).keys()
    opened(tab, f"{home}/result/{key}/2#bands=3,2,1")
    assert tab.get_by_label("Red").input_value() == "3"


def test_measures_by_keyboard(tab, home, key):
    opened(tab, f"{home}/result/{key}/1")
    reach(tab, CANVAS)
    tab.keyboard.press("m")
    tab.keyboard.press("Enter")
    before = seen(tab)
    for _ in range(2):
        tab.keyboard.press("ArrowRight")
    assert changed(tab, before)
    tab.wait_for_timeout(500)
    tab.keyboard.press("Enter")
    tab.locator(".measures table").get_by_text("1 Distance").wait_for()
    shape, places = told(tab)["m"].split(":")
    x, y, x2, y2 = (float(value) for value in places.split(","))
    assert shape == "distance"
    assert (y, x2 > x) == (pytest.approx(y2, abs=0.2), True)
    shown = tab.locator(".measures tbody td").first.inner_text()
    assert float(shown.split()[0]) == pytest.approx(x2 - x, rel=0.01)
    assert shown.endswith("px")
    tab.locator(".plotted svg").wait_for()
    assert "mm" in tab.locator(".measures tbody td").nth(1).inner_text()
    reach(tab, ".measures .group:last-child button")
    tab.keyboard.press("Enter")
    tab.get_by_text("copied as CSV").wait_for()
    rows = tab.evaluate("navigator.clipboard.readText()").splitlines()
    assert rows[0].startswith("number,measure,value,unit")
    assert rows[1].startswith("1,distance,")


def test_an_area_by_the_mouse_and_a_place_taken_back(tab, home, key):
    opened(tab, f"{home}/result/{key}/0")
    tab.get_by_role("button", name="Area").click()
    box = tab.locator(CANVAS).bounding_box()
    for x, y in ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.9, 0.9)):
        tab.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        tab.wait_for_timeout(350)
    tab.keyboard.press("Backspace")
    tab.get_by_role("button", name="Close the area").click()
    assert tab.locator(".measures tbody td").first.inner_text().endswith("px²")
    assert len(told(tab)["m"].split(",")) == 6


def test_lengths_are_in_millimetres_where_the_scale_is_known(tab, home, folder, key):
    report = next(folder.rglob("report.json"))
    words = json.loads(report.read_text())
    assert words["products"][0]["about"] == {}
    opened(tab, f"{home}/result/{key}/0")
    scale = tab.locator(".scale").inner_text()
    assert re.search(r"\d %", scale)
    assert "mm" not in scale
    made = tab.evaluate(
        "async () => { const {size} = await import('/static/js/looking/geometry.js');"
        "return [size('distance', [[0,0],[30,40]], 0.1), size('area', [[0,0],[10,0],[10,10],[0,10]], 0.5),"
        "size('angle', [[10,0],[0,0],[0,10]], null)] }"
    )
    assert made == [[5, "mm"], [25, "mm²"], [90, "°"]]
    said = tab.evaluate(
        "async () => { const {length, roundLength} = await import('/static/js/looking/scale.js');"
        "return [0.0123, 2, 45, 250, 3000].map(length).concat([roundLength(7.3), roundLength(0.034)]) }"
    )
    assert said == ["12.3 µm", "2 mm", "45 mm", "25 cm", "3 m", 5, pytest.approx(0.02)]


def test_a_spectrum_by_keyboard(tab, home, key):
    opened(tab, f"{home}/result/{key}/2")
    reach(tab, CANVAS)
    tab.keyboard.press("s")
    tab.keyboard.press("Enter")
    tab.locator(".plotted svg").wait_for()
    tab.keyboard.press("ArrowLeft")
    tab.wait_for_timeout(900)
    tab.keyboard.press("Enter")
    tab.locator(".plot path.line").nth(1).wait_for(state="attached")
    reach(tab, ".plotted summary")
    tab.keyboard.press("Enter")
    assert tab.locator(".plotted tbody tr").count() == 6
    assert "940 nm" in tab.locator(".plotted tbody").inner_text()


def test_compare_by_keyboard(tab, home, key):
    tab.goto(f"{home}/result/{key}/0")
    reach(tab, "a[href^='/compare']")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Choose what to compare").wait_for()
    reach(tab, f"input[value='r.{key}.4.0']")
    tab.keyboard.press("Space")
    reach(tab, ".sticky button")
    tab.keyboard.press("Enter")
    tab.locator(".stage[data-state=ready]").wait_for(timeout=30000)
    tab.wait_for_timeout(600)
    reach(tab, CANVAS)
    for pressed in ("]", "o", "d", "s", "c"):
        before = seen(tab)
        tab.keyboard.press(pressed)
        assert changed(tab, before), pressed
    for _ in range(5):
        tab.keyboard.press("[")
    assert told(tab)["mode"] == "curtain"
    assert float(told(tab)["s"]) < 0.5


def test_side_by_side_moves_together(tab, home, key):
    opened(tab, f"{home}/compare?a=r.{key}.0.0&b=r.{key}.4.0#mode=side_by_side")
    tab.wait_for_timeout(600)
    before = [pane.screenshot() for pane in tab.locator(".pane").all()]
    tab.locator(CANVAS).nth(1).focus()
    tab.keyboard.press("+")
    tab.wait_for_timeout(1200)
    after = [pane.screenshot() for pane in tab.locator(".pane").all()]
    assert [one != other for one, other in zip(before, after, strict=True)] == [True, True]


def test_blinking_is_slow_and_never_starts_where_movement_is_unwanted(tab, home, key):
    opened(tab, f"{home}/compare?a=r.{key}.0.0&b=r.{key}.4.0#mode=blink&rate=50")
    assert tab.get_by_role("button", name="Start").get_attribute("aria-pressed") == "false"
    assert tab.get_by_label("Changes a second").input_value() == "3"
    before = seen(tab)
    tab.get_by_role("button", name="Show the other").press("Enter")
    assert changed(tab, before)


def test_download_what_is_seen_by_keyboard(tab, home, key, tmp_path):
    opened(tab, f"{home}/result/{key}/1")
    tab.get_by_label("Look").select_option("relief")
    reach(tab, "form.download select[name=size]")
    tab.keyboard.press("End")
    reach(tab, "form.download [data-seen]")
    tab.keyboard.press("Space")
    reach(tab, "form.download button")
    with tab.expect_download() as waiting:
        tab.keyboard.press("Enter")
    taken = waiting.value
    assert {"look=relief", "size=0"} <= set(urlsplit(taken.url).query.split("&"))
    assert "part=" in taken.url
    taken.save_as(tmp_path / "taken.jpg")
    assert cv2.imread(str(tmp_path / "taken.jpg")).shape == (900, 1000, 3)


def test_frames_by_slider_and_keys_say_where_they_stand(tab, home, capture_key):
    opened(tab, f"{home}/capture/{capture_key}")
    before = seen(tab)
    reach(tab, "#scrub")
    tab.keyboard.press("End")
    assert "wavelength 550 nm" in tab.locator("#scrub").get_attribute("aria-valuetext")
    assert "frame_03.png" in tab.locator("#caption").inner_text()
    assert changed(tab, before)
    tab.locator(CANVAS).focus()
    tab.keyboard.press("]")
    assert "frame_00.png" in tab.locator("#caption").inner_text()
    assert tab.locator("#caption").get_attribute("aria-live") == "polite"
    tab.keyboard.press("]")
    assert told(tab)["i"] == "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280, 2560])
def test_nothing_sticks_out(browser, home, key, capture_key, width, scheme):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="de-DE")
    measured = "#m=distance:10,10,400,300"
    for address in (
        f"/result/{key}/1{measured}",
        f"/compare?a=r.{key}.0.0&b=f.{capture_key}.0&find=x",
        f"/capture/{capture_key}",
    ):
        page.goto(home + address)
        page.locator(".stage[data-state=ready]").wait_for(timeout=30000)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
    page.close()


@pytest.mark.parametrize(("place", "what"), [(5, "canvas"), (9, ".view")], ids=["mesh", "map"])
def test_a_surface_and_a_map_are_brought_back_too(tab, home, key, place, what):
    opened(tab, f"{home}/result/{key}/{place}")
    reach(tab, f".stage {what}")
    for pressed in ("ArrowRight", "ArrowUp", "+"):
        tab.keyboard.press(pressed)
        tab.wait_for_timeout(300)
    told(tab)
    picture, link = seen(tab), tab.url
    assert "#" in link
    tab.keyboard.press("0")
    assert changed(tab, picture)
    tab.goto("about:blank")
    opened(tab, link)
    tab.wait_for_timeout(500)
    below = np.s_[60:]  # where the keys went the map reads values, in its upper edge
    assert np.abs(seen(tab)[below] - picture[below]).mean() < 2
