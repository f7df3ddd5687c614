"""The picture of docs/handoff.md: the screen with scans, its two codes, the page on a phone.

``python tools/handoff_pictures.py``; needs Chromium and Playwright.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import uvicorn
from playwright.sync_api import sync_playwright

from vestige.deliver import Counter, GrowingFolder, Mail, UdisksSticks, Vault, WifiAccess
from vestige.web.handoff.kiosk import Offer, kiosk_app
from vestige.web.handoff.phone import phone_app

OUT = Path(__file__).parents[1] / "docs" / "pictures" / "handoff.jpg"
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
#: Height of each view of the screen, and the gap between pictures, pixels.
HIGH, GAP = 540, 24


def page_of(number: int) -> np.ndarray[Any, Any]:
    """A typewritten page."""
    page = np.full((1400, 1000, 3), (205, 228, 238), np.uint8)
    for line in range(30):
        text = f"{number}.{line:02d}  Den Empfang der Sendung vom {line + 1}. Mai"
        cv2.putText(page, text, (60, 100 + line * 40), cv2.FONT_HERSHEY_COMPLEX, 0.9, (40, 30, 20), 2)
    return page


def serve(app: Any, life: Any) -> str:
    """Serve an application until this program ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan=life))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def main() -> None:
    """Make the picture."""
    home = Path(tempfile.mkdtemp())
    for name in ("vault", "in"):
        (home / name).mkdir()
    access = WifiAccess("Lesesaal", "k7m2pqx4tnhd")
    counter = Counter(Vault(home / "vault"), GrowingFolder(home / "in"), access=access)
    mail = Mail("localhost", "a@example.org")
    screen = serve(kiosk_app(Offer(counter, "http://10.42.0.1", 60, UdisksSticks(), mail, webdav=True)), "on")
    phone = serve(phone_app(counter.vault), "off")
    session = counter.begin()
    for number in range(1, 6):
        cv2.imwrite(str(home / "page.jpg"), page_of(number))
        counter.vault.add(session, home / "page.jpg", datetime.now(UTC))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        kiosk = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="en-GB")
        views = []
        for way in ("", "phone"):
            kiosk.goto(f"{screen}/{way}")
            kiosk.wait_for_timeout(500)
            views.append(_shrunk(kiosk.screenshot(), HIGH))
        mobile = browser.new_page(
            viewport={"width": 390, "height": 844}, device_scale_factor=2, is_mobile=True, locale="en-GB"
        )
        mobile.goto(f"{phone}/s/{session.token}")
        mobile.wait_for_timeout(500)
        view = _shrunk(mobile.screenshot(), 2 * HIGH + GAP)
        browser.close()
    between = np.full((GAP, views[0].shape[1], 3), 150, np.uint8)
    left = np.vstack([views[0], between, views[1]])
    whole = np.hstack([left, np.full((left.shape[0], GAP, 3), 150, np.uint8), view])
    cv2.imwrite(str(OUT), whole, [cv2.IMWRITE_JPEG_QUALITY, 82])
    counter.close()
    shutil.rmtree(home)


def _shrunk(png: bytes, high: int) -> np.ndarray[Any, Any]:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    size = round(picture.shape[1] * high / picture.shape[0]), high
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
