"""Take the picture of the README: the workbench on a finished demonstration.

``make run``, then ``python tools/pictures.py demo``; needs Chromium. Writes ``docs/pictures/six.jpg``.
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
from playwright.sync_api import sync_playwright

from vestige.web import create_app

OUT = Path(__file__).parents[1] / "docs" / "pictures" / "six.jpg"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]


def main(folder: str, port: int = 8799) -> None:
    """Serve the folder, wait until all pictures are there, and photograph the results."""
    server = uvicorn.Server(uvicorn.Config(create_app(Path(folder)), port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.1)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 1180}, locale="en")
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_timeout(15_000)
        shot = page.screenshot()
        browser.close()
    server.should_exit = True
    picture = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_COLOR)
    OUT.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(OUT), picture, [cv2.IMWRITE_JPEG_QUALITY, 84])
    print(OUT)


if __name__ == "__main__":
    main(sys.argv[1])
