"""A published site in a browser, opened from the disk."""

from pathlib import Path

import pytest

AXE = Path(__file__).parents[1] / "vendor" / "axe.js"
RUN = """async (only) => {
  const found = await axe.run(document, {runOnly: only ?? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], iframes: false, resultTypes: ["violations"]});
  return found.violations.map((one) => `${one.id}: ${one.help} at ${one.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}"""


@pytest.fixture(scope="module")
def window(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en", bypass_csp=True)
    page.set_default_timeout(20_000)
    page.faults = []
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.on("requestfailed", lambda request: failed(page, request))
    yield page
    page.close()


def failed(page, request):
    if request.failure != "net::ERR_ABORTED":  # what was on its way when the page was left
        page.faults.append(request.url)


def opened(window, site, place):
    window.faults.clear()
    window.set_viewport_size({"width": 1280, "height": 800})
    window.goto((site / place).as_uri())
    if window.locator(".stage").count():
        window.locator('.stage:not([data-state="loading"])').wait_for()
        assert window.locator(".stage").first.get_attribute("data-state") == "ready", place
    assert window.faults == [], place


def test_every_viewer_shows_its_product_and_shuts_nobody_out(window, site, products):
    proof = next((site / "proof").glob("*-0.html")).relative_to(site).as_posix()
    home = products["image-0"].split("/")[1]
    places = ["index.html", "index.de.html", f"objects/{home}/index.html", proof, *products.values()]
    for place in places:
        opened(window, site, place)
        found = []
        window.evaluate(AXE.read_text(encoding="utf-8"))
        for theme, only in (("light", None), ("dark", {"type": "rule", "values": ["color-contrast"]})):
            window.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            found += window.evaluate(RUN, only)
        window.set_viewport_size({"width": 320, "height": 640})
        window.wait_for_timeout(60)
        assert window.evaluate("document.documentElement.scrollWidth") <= 320, place
        assert found == [], place


def test_a_word_on_a_page_finds_its_object(window, site):
    opened(window, site, "index.html")
    window.get_by_role("searchbox").fill("philo")
    window.locator('#found[data-asked="philo"]').wait_for()
    assert window.locator("#count").inner_text() == "1 object found"
    assert window.locator("#found h3").inner_text() == "Coin <Évreux>"
    window.get_by_role("searchbox").fill("philo leoben")
    window.locator('#found[data-asked="philo leoben"]').wait_for(state="attached")
    assert window.locator("#count").inner_text() == "0 objects found"
    window.get_by_role("searchbox").fill("Évr graz")
    window.locator('#found[data-asked="Évr graz"] a').click()
    assert window.locator("h1").inner_text() == "Coin <Évreux>"


def test_looks_and_bands_are_changed_without_a_server(window, site, products):
    opened(window, site, products["bands-2"])
    window.get_by_role("slider", name="Band").fill("1")
    window.get_by_role("button", name="Three as colour").click()
    opened(window, site, products["grid-9"])
    window.get_by_role("combobox").select_option("polar")
    opened(window, site, products["depth-1"])
    window.get_by_role("combobox").select_option("relief")
    window.wait_for_timeout(400)
    assert window.faults == []


def test_language_and_appearance_are_kept(window, site):
    opened(window, site, "index.html")
    window.get_by_role("button", name="Dark").click()
    window.get_by_role("link", name="DE", exact=True).click()
    assert window.locator("html").get_attribute("lang") == "de"
    window.locator("#all h3 a").first.click()
    assert window.locator("html").get_attribute("lang") == "de"
    assert window.locator("html").get_attribute("data-theme") == "dark"
