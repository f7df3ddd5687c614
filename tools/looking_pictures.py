"""Take the pictures of the conservators' page: measuring, comparing, spectra, light.

``make run``, then ``python tools/looking_pictures.py demo``; needs Chromium.
Writes ``docs/pictures/look-*.jpg``.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import uvicorn
from playwright.sync_api import Page, sync_playwright

from vestige.contract.kinds import Kind
from vestige.web import create_app
from vestige.web.shelf import Scanner

OUT = Path(__file__).parents[1] / "docs" / "pictures"
FLAGS = (
    "--no-sandbox --no-first-run --disable-background-networking --disable-sync "
    "--use-angle=swiftshader --enable-unsafe-swiftshader"
)


def places(folder: str) -> dict[Kind, tuple[str, int]]:
    """For each kind the key and the place of the first product of it."""
    found: dict[Kind, tuple[str, int]] = {}
    for key, result in Scanner(folder).scan().results.items():
        for index, record in enumerate(result.report.products if result.report else []):
            found.setdefault(record.kind, (key, index))
    return found


def press(page: Page, keys: str) -> None:
    """Press keys on the picture, each after the movement of the one before."""
    page.locator(".stage canvas, .openseadragon-canvas").first.focus()
    for key in keys.split():
        page.keyboard.press(key)
        page.wait_for_timeout(900)


def main(folder: str, port: int = 8798) -> None:
    """Serve the folder, go to each scene as a person would, and photograph it."""
    server = uvicorn.Server(uvicorn.Config(create_app(Path(folder)), port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    key, index = places(folder)[Kind.BANDS]
    result = {kind: f"/result/{where}/{place}" for kind, (where, place) in places(folder).items()}
    scenes = {
        "measure": (
            result[Kind.DEPTH],
            "+ m ArrowLeft ArrowLeft Enter ArrowRight ArrowRight ArrowRight Enter",
        ),
        "compare": (f"/compare?a=r.{key}.{index + 1}.0&b=r.{key}.{index + 2}.0", "+ + ["),
        "spectrum": (result[Kind.BANDS], "s Enter ArrowLeft ArrowUp Enter"),
        "light": (result[Kind.RELIGHTABLE], "+ + ArrowRight ArrowRight ArrowUp"),
    }
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS.split())
        for name, (address, keys) in scenes.items():
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en")
            page.goto(f"http://127.0.0.1:{port}{address}")
            page.locator(".stage[data-state=ready]").wait_for()
            press(page, keys)
            top = int(page.evaluate("document.querySelector('.stage').getBoundingClientRect().top + scrollY"))
            shot = np.frombuffer(page.screenshot(full_page=True), np.uint8)
            picture = cv2.imdecode(shot, cv2.IMREAD_COLOR)[top - 24 : top + 1040]
            cv2.imwrite(str(OUT / f"look-{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
            page.close()
        browser.close()
    server.should_exit = True


if __name__ == "__main__":
    main(sys.argv[1])
