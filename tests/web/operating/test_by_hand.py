"""A volume of 20 pages by keyboard and by touch; and the machine going away in the middle."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import cv2
import numpy as np
import pytest

from vestige.archive import Archive, search
from vestige.web.access import Accounts

PASSWORD = "correct horse battery"


def write_pages(folder):
    folder.mkdir()
    for number in range(1, 5):
        pixels = np.full((420, 300, 3), (225, 238, 244), np.uint8)
        for row in range(60, 380, 18):
            cv2.line(pixels, (40, row), (250 - row % 37, row), (70, 80, 90), 3)
        cv2.putText(pixels, str(number), (130, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (30, 30, 30), 2)
        cv2.imwrite(str(folder / f"{number}.jpg"), pixels)


class House:
    """An archive that is served by a process of its own, which may be killed."""

    def __init__(self, home, people=()):
        self.folder, self.pages = home / "museum", home / "pages"
        with Archive.make(self.folder) as archive:
            for name, role in people:
                Accounts(archive.engine).add(name, PASSWORD, role)
        write_pages(self.pages)
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "vestige.cli", "serve", self.folder, "--practice", self.pages]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port), "--no-open"], stdout=subprocess.DEVNULL
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.address}/static/mark.svg", timeout=2).close()
                return
            except OSError:
                time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def stop(self, how=signal.SIGTERM):
        os.kill(self.process.pid, how)
        self.process.wait(30)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    house = House(tmp_path_factory.mktemp("scanning"))
    house.start()
    yield house
    house.stop()


def asks(page, what):
    page.wait_for_selector(f'#stand[data-asks="{what}"]:not([aria-busy])')
    page.wait_for_timeout(220)


def pages_of(folder, identifier):
    with Archive(folder) as archive:
        number = search.by_identifier(archive.engine, identifier)["id"]
        return [found["frames"] for found in search.captures_of(archive.engine, number)]


def test_twenty_pages_with_the_keyboard_alone(house, browser):
    page = browser.new_page(locale="de")
    page.goto(f"{house.address}/operate?new=true")
    page.keyboard.type("MS 20")
    page.keyboard.press("Enter")
    for number in range(1, 21):
        asks(page, "ready")
        page.keyboard.press("Space")
        asks(page, "check")
        if number == 7:
            page.keyboard.press("Backspace")
            page.wait_for_selector('input[name="step"][value="8"]', state="attached")
            asks(page, "check")
        assert f"Seite {number}" in page.locator(".page-number").inner_text()
        page.keyboard.press("Enter")
    asks(page, "ready")
    page.keyboard.press("End")
    asks(page, "finish")
    page.keyboard.press("Enter")
    page.get_by_text("Das Buch ist gespeichert.").wait_for()
    page.close()
    assert pages_of(house.folder, "MS 20") == [21]


def test_twenty_pages_by_touch_and_the_server_killed_between(house, browser):
    context = browser.new_context(
        viewport={"width": 820, "height": 1180}, has_touch=True, is_mobile=True, locale="en"
    )
    page = context.new_page()
    page.goto(f"{house.address}/operate?new=true")
    page.locator("#identifier").tap()
    page.keyboard.type("MS 21")
    page.get_by_role("button", name="Start").tap()
    for number in range(1, 21):
        asks(page, "ready")
        if number == 9:
            house.stop(signal.SIGKILL)
        page.get_by_role("button", name="Scan").tap()
        if number == 9:
            page.get_by_role("heading", name="Nothing is lost").wait_for()
            house.start()
        asks(page, "check")
        assert page.locator(".page-number").inner_text() == f"Page {number}"
        if number == 15:
            house.stop(signal.SIGKILL)
            house.start()
            page.reload()
            asks(page, "check")
        page.get_by_role("button", name="Good").tap()
    asks(page, "ready")
    page.get_by_role("link", name="Book is done").tap()
    asks(page, "finish")
    page.get_by_role("button", name="Yes, done").tap()
    page.get_by_text("The book is safe.").wait_for()
    context.close()
    assert pages_of(house.folder, "MS 21") == [20]


def test_without_any_script_the_forms_work_alone(house, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{house.address}/operate?new=true")
    page.locator("#identifier").fill("MS 22")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Scan").click()
    page.get_by_role("button", name="Good").click()
    page.get_by_role("link", name="Book is done").click()
    page.get_by_role("button", name="Yes, done").click()
    assert page.get_by_text("The book is safe.").is_visible()
    context.close()


def begin(page, house, identifier):
    page.goto(f"{house.address}/operate?new=true")
    page.locator("#identifier").fill(identifier)
    page.wait_for_timeout(220)  # a press right after the page came counts for nothing
    page.keyboard.press("Enter")
    asks(page, "ready")


def scan(page):
    page.keyboard.press("Space")
    asks(page, "check")
    page.keyboard.press("Enter")
    asks(page, "ready")


def test_two_tabs_finish_the_same_book(house, browser):
    context = browser.new_context(locale="en")
    one, two = context.new_page(), context.new_page()
    begin(one, house, "MS 30")
    scan(one)
    two.goto(one.url)
    for page in (one, two):
        asks(page, "ready")
        page.keyboard.press("End")
        asks(page, "finish")
    one.keyboard.press("Backspace")
    asks(one, "ready")
    scan(one)
    two.keyboard.press("Enter")  # it knows of one page only: it is shown the second, and nothing is sealed
    asks(two, "ready")
    for page in (one, two):
        page.keyboard.press("End")
        asks(page, "finish")
    for page in (one, two):
        page.keyboard.press("Enter")
        page.get_by_text("The book is safe.").wait_for()
    context.close()
    assert pages_of(house.folder, "MS 30") == [2]


def test_the_back_button_shows_what_is_and_not_what_was(house, browser):
    context = browser.new_context(locale="en")
    page, other = context.new_page(), context.new_page()
    page.goto(f"{house.address}/projects")
    begin(page, house, "MS 31")
    other.goto(page.url)
    asks(other, "ready")
    page.goto(f"{house.address}/projects")
    scan(other)
    other.keyboard.press("Space")
    asks(other, "check")
    page.go_back()
    asks(page, "check")
    assert page.locator(".page-number").inner_text() == "Page 2"
    page.keyboard.press("Enter")
    asks(page, "ready")
    page.keyboard.press("End")
    asks(page, "finish")
    page.keyboard.press("Enter")
    page.get_by_text("The book is safe.").wait_for()
    page.go_back()  # no step of a book that is done: the page from before it
    page.wait_for_url("**/projects")
    context.close()
    assert pages_of(house.folder, "MS 31") == [2]


def sign_in(page):
    page.locator("#name").fill("otto")
    page.locator("#password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_a_sign_in_that_ends_loses_no_page(tmp_path, browser):
    house = House(tmp_path, [("eva", "admin"), ("otto", "operator")])
    house.start()
    context = browser.new_context(locale="en")
    page = context.new_page()
    page.goto(f"{house.address}/sign-in?back=/operate")
    sign_in(page)
    page.wait_for_url(f"{house.address}/operate")
    begin(page, house, "MS 32")
    scan(page)
    page.keyboard.press("Space")
    asks(page, "check")
    place = page.url
    context.clear_cookies()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in?back=*")
    sign_in(page)
    page.wait_for_url(place)
    asks(page, "check")
    assert page.locator(".page-number").inner_text() == "Page 2"
    page.keyboard.press("Enter")
    asks(page, "ready")
    page.keyboard.press("End")
    asks(page, "finish")
    page.keyboard.press("Enter")
    page.get_by_text("The book is safe.").wait_for()
    context.close()
    house.stop()
    assert pages_of(house.folder, "MS 32") == [2]
