"""In two network namespaces: from 'to my phone' to the first file in a phone's browser, and nothing else to reach."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

PICTURE = cv2.imencode(".jpg", np.full((600, 400, 3), 90, np.uint8))[1].tobytes()
SCANNER, PHONE = "vestige-scanner", "vestige-phone"
SERVICE = """
import sys, threading, time
from pathlib import Path
from vestige.deliver import Counter, GrowingFolder, Vault, WifiAccess
from vestige.web.handoff.kiosk import Offer, kiosk_app
from vestige.web.handoff.phone import phone_app
from vestige.web.handoff.serving import run
home = Path(sys.argv[1])
counter = Counter(Vault(home / "vault"), GrowingFolder(home / "in"), access=WifiAccess("Scans", "abcd2345efgh"))
run(kiosk_app(Offer(counter, "http://10.42.0.1")), ("127.0.0.1", 8770), phone_app(counter.vault), ("10.42.0.1", 80))
"""
KIOSK = """
import sys, time
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=sys.argv[2], args=sys.argv[4:])
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto("http://127.0.0.1:8770/")
    page.click("main button")
    (Path(sys.argv[1]) / "in/scan.jpg").write_bytes(Path(sys.argv[3]).read_bytes())
    page.locator("ol.grid img").wait_for()
    began = time.time()
    page.click(".ways-out .primary")
    page.screenshot(path=str(Path(sys.argv[1]) / "codes.png"))
    print(began)
"""
READER = """
import hashlib, json, sys, time
from playwright.sync_api import sync_playwright
with sync_playwright() as play:
    browser = play.chromium.launch(executable_path=sys.argv[2], args=sys.argv[3:])
    phone = play.devices["Pixel 7"]
    context = browser.new_context(**phone, java_script_enabled=False, locale="de-DE")
    page = context.new_page()
    page.goto(sys.argv[1])
    page.tap("ol.scans a")
    picture = page.locator("main.one img")
    picture.wait_for()
    with page.expect_download() as loading:
        page.tap("main.one a.button")
    data = loading.value.path().read_bytes()
    print(json.dumps({"ended": time.time(), "digest": hashlib.sha256(data).hexdigest(), "width": page.viewport_size["width"]}))
"""


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=90, **options)


@pytest.fixture
def networks():
    """A scanner and a phone that see one another as on the hotspot's Wi-Fi, and nothing else."""
    try:
        for name in (SCANNER, PHONE):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run(
            "ip",
            "link",
            "add",
            "vs0",
            "netns",
            SCANNER,
            "type",
            "veth",
            "peer",
            "name",
            "vp0",
            "netns",
            PHONE,
        )
        for name, link, address in ((SCANNER, "vs0", "10.42.0.1/24"), (PHONE, "vp0", "10.42.0.23/24")):
            run("ip", "-n", name, "address", "add", address, "dev", link)
            run("ip", "-n", name, "link", "set", link, "up")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("network namespaces are not here: run as root where the kernel allows them")
    yield
    for name in (SCANNER, PHONE):
        subprocess.run(["ip", "netns", "delete", name], check=False)


def test_a_phone_gets_its_first_file(networks, chromium, tmp_path):
    pytest.importorskip("playwright.sync_api", reason="playwright is not here: pip install playwright")
    for name in ("vault", "in"):
        (tmp_path / name).mkdir()
    (tmp_path / "picture.jpg").write_bytes(PICTURE)
    flags = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    inside = ["ip", "netns", "exec"]
    service = subprocess.Popen(
        [*inside, SCANNER, sys.executable, "-c", SERVICE, str(tmp_path)], env=environment
    )
    try:
        for _ in range(100):
            time.sleep(0.1)
            if not subprocess.run(
                [*inside, PHONE, "bash", "-c", "exec 3<>/dev/tcp/10.42.0.1/80"], capture_output=True
            ).returncode:
                break
        began = float(
            run(
                *inside,
                SCANNER,
                sys.executable,
                "-c",
                KIOSK,
                tmp_path,
                chromium,
                tmp_path / "picture.jpg",
                *flags,
            ).stdout
        )
        _, texts, _, _ = cv2.QRCodeDetector().detectAndDecodeMulti(cv2.imread(str(tmp_path / "codes.png")))
        assert "WIFI:T:WPA;S:Scans;P:abcd2345efgh;;" in texts
        (address,) = [text for text in texts if text.startswith("http://10.42.0.1/s/")]
        told = json.loads(run(*inside, PHONE, sys.executable, "-c", READER, address, chromium, *flags).stdout)
        import hashlib

        assert told["digest"] == hashlib.sha256(PICTURE).hexdigest()
        assert told["ended"] - began < 30
        for port in (8770, 8765, 22):
            reached = subprocess.run(
                [*inside, PHONE, "bash", "-c", f"exec 3<>/dev/tcp/10.42.0.1/{port}"], capture_output=True
            )
            assert reached.returncode, port
    finally:
        service.terminate()
        service.wait(20)
