"""A scanner and a visitor's phone in two network namespaces, as on the scanner's Wi-Fi."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from vestige.errors import MissingError, VestigeError

SCANNER, PHONE = "vestige-scanner", "vestige-phone"
_FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
_SERVICE = """
import sys
from pathlib import Path
from vestige.deliver import Counter, GrowingFolder, Vault, WifiAccess
from vestige.web.handoff.kiosk import Offer, kiosk_app
from vestige.web.handoff.phone import phone_app
from vestige.web.handoff.serving import run
home = Path(sys.argv[1])
access = WifiAccess("Scans", "abcd2345efgh")
counter = Counter(Vault(home / "vault"), GrowingFolder(home / "in"), access=access)
screen, phones = kiosk_app(Offer(counter, "http://10.42.0.1")), phone_app(counter.vault)
run(screen, ("127.0.0.1", 8770), phones, ("10.42.0.1", 80))
"""
_KIOSK = """
import sys, time
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=sys.argv[2], args=sys.argv[4:])
    page = browser.new_page(viewport={"width": 1920, "height": 1080})
    page.goto("http://127.0.0.1:8770/")
    page.click("main button")
    (Path(sys.argv[1]) / "in/scan.jpg").write_bytes(Path(sys.argv[3]).read_bytes())
    page.locator("ol.grid img").wait_for()
    began = time.time()
    page.click(".ways-out .primary")
    page.screenshot(path=str(Path(sys.argv[1]) / "codes.png"))
    print(began)
"""
_READER = """
import hashlib, json, sys, time
from playwright.sync_api import sync_playwright
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=sys.argv[2], args=sys.argv[3:])
    phone = play.devices["Pixel 7"]
    page = browser.new_context(**phone, java_script_enabled=False, locale="de-DE").new_page()
    opened = time.time()
    page.goto(sys.argv[1])
    with page.expect_download() as loading:
        page.tap("ol.scans a.save")
    data = loading.value.path().read_bytes()
    ended = time.time()
    print(json.dumps({"opened": opened, "ended": ended, "digest": hashlib.sha256(data).hexdigest()}))
"""


@contextmanager
def scanner_and_phone() -> Iterator[None]:
    """Two namespaces: the scanner is 10.42.0.1, the phone 10.42.0.23.

    Raises
    ------
    MissingError : this machine makes no network namespaces.
    """
    try:
        _drop()
        for name in (SCANNER, PHONE):
            _program(["ip", "netns", "add", name])
            _program(["ip", "-n", name, "link", "set", "lo", "up"])
        ends = ["type", "veth", "peer", "name", "vp0", "netns", PHONE]
        _program(["ip", "link", "add", "vs0", "netns", SCANNER, *ends])
        for name, link, address in ((SCANNER, "vs0", "10.42.0.1/24"), (PHONE, "vp0", "10.42.0.23/24")):
            _program(["ip", "-n", name, "address", "add", address, "dev", link])
            _program(["ip", "-n", name, "link", "set", link, "up"])
    except (OSError, VestigeError):
        raise MissingError("this machine makes no network namespaces: run as root") from None
    try:
        yield
    finally:
        _drop()


@contextmanager
def service(home: Path) -> Iterator[None]:
    """The hand-off service in the scanner's namespace, its sessions and scans under `home`."""
    for name in ("vault", "in"):
        (home / name).mkdir(exist_ok=True)
    running = subprocess.Popen(
        inside(SCANNER, [sys.executable, "-c", _SERVICE, str(home)]), env=_environment()
    )
    try:
        end = time.monotonic() + 30
        while not reaches(80) and time.monotonic() < end:
            time.sleep(0.1)
        yield
    finally:
        running.terminate()
        running.wait(20)


def visit(home: Path, picture: Path, chromium: str) -> dict[str, Any]:
    """One visitor: begins, scans, touches 'to my phone', and saves the scan on a phone without JavaScript.

    Gives the texts of the codes on the screen, the seconds from that touch until the file was there, those
    from the moment the phone opened the address, and the SHA-256 of what the phone got.
    """
    import cv2

    kiosk = [sys.executable, "-c", _KIOSK, str(home), chromium, str(picture), *_FLAGS]
    began = float(_program(inside(SCANNER, kiosk)))
    screen = cv2.imread(str(home / "codes.png"))
    assert screen is not None
    _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(screen)
    address = next(text for text in texts if text.startswith("http://10.42.0.1/s/"))
    reader = [sys.executable, "-c", _READER, address, chromium, *_FLAGS]
    told = json.loads(_program(inside(PHONE, reader)))
    return {
        "codes": sorted(texts),
        "seconds": told["ended"] - began,
        "loading": told["ended"] - told["opened"],
        "digest": told["digest"],
    }


def reaches(port: int) -> bool:
    """Whether the phone reaches a port of the scanner."""
    ask = inside(PHONE, ["bash", "-c", f"exec 3<>/dev/tcp/10.42.0.1/{port}"])
    return not subprocess.run(ask, capture_output=True, check=False).returncode


def inside(name: str, command: Sequence[str]) -> list[str]:
    """A command that runs in a namespace."""
    return ["ip", "netns", "exec", name, *command]


def _drop() -> None:
    for name in (SCANNER, PHONE):
        with suppress(VestigeError):
            _program(["ip", "netns", "delete", name])


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def _program(command: Sequence[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=_environment()
    )
    if done.returncode:
        raise VestigeError(f"{command[0]} failed: {done.stderr.strip()[-300:]}")
    return done.stdout
