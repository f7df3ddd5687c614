"""Taking in with the keyboard alone, and through a kill of the server, in a real browser."""

import hashlib
import os
import re
import signal

import numpy as np
import pytest

from vestige.archive import Archive
from vestige.archive.kept import kept_capture


@pytest.fixture
def tab(browser):
    """A tab whose scripts must not fail; a server that is away may be complained of."""
    page = browser.new_page(viewport={"width": 1100, "height": 900}, locale="en-GB")
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    page.close()
    assert said == []


def tab_to(page, selector, most=80):
    """Press Tab until what `selector` names has the focus."""
    for _ in range(most):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


def choose(page, folder):
    """Open the chooser of folders from the keyboard; the browser at times lets the first press pass by."""
    tab_to(page, "#folder")
    opened = []
    page.once("filechooser", lambda chooser: opened.append(chooser))  # noqa: PLW0108 - a built-in cannot be wrapped
    for _ in range(100):
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        if opened:
            break
    opened[0].set_files(folder)


@pytest.fixture
def coin(tmp_path, frames):
    folder = tmp_path / "coin"
    folder.mkdir()
    for name, data in frames.items():
        (folder / name.partition("/")[2]).write_bytes(data)
    return folder


def test_a_folder_is_taken_in_with_the_keyboard_alone(tab, museum, coin, started, port):
    started(museum, port)
    tab.goto(f"http://127.0.0.1:{port}/intake")
    tab.locator("#identifier:focus").wait_for()
    tab.keyboard.type("Coin 7")
    choose(tab, coin)
    tab.wait_for_url(re.compile(r"/intake/\w+$"))
    tab.locator(".strip li").nth(3).wait_for()
    assert tab.locator("#of-identifier").input_value() == "Coin 7"
    assert "Focus stacking (guessed)" in tab.locator("#technique").inner_text()
    tab_to(tab, "#of-title")
    tab.keyboard.type("Denarius")
    tab_to(tab, "button[value=take]")
    tab.keyboard.press("Enter")
    tab.get_by_text("Taken in: Coin 7, 4 frames.").wait_for()
    tab_to(tab, "a[href='/intake'].primary")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/intake")
    tab.locator("#identifier:focus").wait_for()


def test_sending_goes_on_by_itself_after_the_server_was_killed(tab, museum, tmp_path, started, port):
    folder = tmp_path / "large"
    folder.mkdir()
    data = np.random.default_rng(0).bytes(24 << 20)
    (folder / "frame_1.tif").write_bytes(data)
    server = started(museum, port)
    tab.goto(f"http://127.0.0.1:{port}/intake")
    tab.locator("#identifier:focus").wait_for()
    tab.keyboard.type("Coin 8")
    with tab.expect_response(lambda answer: "/piece" in answer.url):
        choose(tab, folder)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    tab.get_by_text("The server does not answer").wait_for()
    started(museum, port)
    tab.wait_for_url(re.compile(r"/intake/\w+$"), timeout=60_000)
    tab.locator(".strip li").first.wait_for()
    (arrived,) = (museum / "desk" / "captures").glob("*/frames/frame_1.tif")
    assert hashlib.sha256(arrived.read_bytes()).digest() == hashlib.sha256(data).digest()


def test_sending_goes_on_where_it_ended_after_the_page_was_closed_too(tab, museum, tmp_path, started, port):
    folder = tmp_path / "large"
    folder.mkdir()
    data = np.random.default_rng(1).bytes(24 << 20)
    (folder / "frame_1.tif").write_bytes(data)
    server = started(museum, port)
    tab.goto(f"http://127.0.0.1:{port}/intake")
    tab.locator("#identifier:focus").wait_for()
    tab.keyboard.type("Coin 10")
    with tab.expect_response(lambda answer: "/piece" in answer.url):
        choose(tab, folder)
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    tab.goto("about:blank", timeout=60_000)
    started(museum, port)
    tab.goto(f"http://127.0.0.1:{port}/intake")
    tab.get_by_role("link", name="Coin 10").first.click()
    tab.wait_for_url(re.compile(r"/intake/\w+$"))
    answers = []
    tab.on("response", lambda answer: answers.append(answer.status) if "/piece" in answer.url else None)
    choose(tab, folder)
    tab.locator(".strip li").first.wait_for(timeout=60_000)
    (arrived,) = (museum / "desk" / "captures").glob("*/frames/frame_1.tif")
    assert hashlib.sha256(arrived.read_bytes()).digest() == hashlib.sha256(data).digest()
    assert set(answers) <= {200, 409}
    assert answers.count(200) < 6, "what was there is not sent again"


def test_the_page_of_a_tray_comes_back_by_itself(tab, museum, coin, started, port):
    server = started(museum, port)
    tab.goto(f"http://127.0.0.1:{port}/intake")
    tab.locator("#identifier:focus").wait_for()
    tab.keyboard.type("Coin 9")
    choose(tab, coin)
    tab.locator(".strip li").nth(3).wait_for()
    tab.locator("#of-title").fill("Written before the kill")
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    tab.get_by_text("The connection was cut").wait_for()
    started(museum, port)
    tab.get_by_text("The connection was cut").wait_for(state="detached", timeout=60_000)
    assert tab.locator("#of-title").input_value() == "Written before the kill"
    tab.locator("button[value=take]").click()
    tab.get_by_text("Taken in: Coin 9").wait_for()
    with Archive(museum) as archive:
        capture = archive.show("Coin 9")["captures"][0]
        assert capture["frames"] == 4
        assert kept_capture(archive, capture["key"]).thing.title == "Written before the kill"


def cut_off(tab, coin, port):
    """A tray that has one of the files of a folder whose upload the person broke off."""
    tab.goto(f"http://127.0.0.1:{port}/intake")
    first = sorted(coin.iterdir())[0]
    tab.locator("#files").set_input_files(first)
    tab.wait_for_url(re.compile(r"/intake/\w+$"))
    tab.locator(".strip li").first.wait_for()
    return tab.url.rpartition("/")[2]


REMEMBER = """async ([key, wanted, data]) => {
  const { remember } = await import("/static/js/intake/resume.js");
  const handles = [];
  if (data) {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("coin", { create: true });
    for (const [name, bytes] of Object.entries(data)) {
      const writer = await (await folder.getFileHandle(name, { create: true })).createWritable();
      await writer.write(new Uint8Array(bytes));
      await writer.close();
    }
    handles.push(folder);
  }
  await remember(key, { wanted, handles });
}"""


def test_after_a_reload_sending_goes_on_by_itself_where_the_browser_may_read(
    tab, museum, coin, started, port
):
    started(museum, port)
    key = cut_off(tab, coin, port)
    files = sorted(coin.iterdir())
    wanted = [{"path": f"coin/{path.name}", "size": path.stat().st_size} for path in files]
    data = {path.name: list(path.read_bytes()) for path in files}
    tab.evaluate(REMEMBER, [key, wanted, data])
    tab.reload()
    tab.locator(".strip li").nth(3).wait_for()


def test_after_a_reload_the_folder_is_asked_for_and_only_the_rest_is_sent(tab, museum, coin, started, port):
    started(museum, port)
    key = cut_off(tab, coin, port)
    wanted = [{"path": f"coin/{path.name}", "size": path.stat().st_size} for path in sorted(coin.iterdir())]
    tab.evaluate(REMEMBER, [key, wanted, None])
    tab.reload()
    tab.get_by_text("3 files have not arrived yet").wait_for()
    sent = []
    tab.on("request", lambda request: sent.append(request.url) if "/piece" in request.url else None)
    tab.locator("#folder").set_input_files(coin)
    tab.locator(".strip li").nth(3).wait_for()
    assert len(sent) == 3
    tab.locator("#resume").wait_for(state="hidden")
