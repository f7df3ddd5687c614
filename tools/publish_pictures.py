"""Take the pictures of the page on publishing: a published site, opened from the disk.

``make run``, then ``python tools/publish_pictures.py demo``; needs Chromium.
Writes ``docs/pictures/publish-*.jpg``.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser, sync_playwright

from vestige.contract.kinds import Kind
from vestige.web.site.publication import publish_site
from vestige.web.site.things import lying

OUT = Path(__file__).parents[1] / "docs" / "pictures"
FLAGS = (
    "--no-sandbox --no-first-run --disable-background-networking --disable-sync "
    "--use-angle=swiftshader --enable-unsafe-swiftshader"
)
DESK, PHONE = (1280, 860), (390, 844)


def places(site: Path) -> Iterator[tuple[Kind, str, str]]:
    """Kind, page and proof of every product of a site, without their endings."""
    for path in sorted((site / "made").glob("*.json")):
        made = json.loads(path.read_bytes())
        home = made["card"]["page"].rsplit("/", 1)[0]
        for result in made["results"].values():
            for product in result["products"]:
                page = f"{home}/{result['folder']}/{product['index']}/index"
                yield Kind(product["kind"]), page, f"proof/{product['proof']}"


def seen(browser: Browser, page: Path, size: tuple[int, int], scheme: str) -> NDArray[np.uint8]:
    """What a person sees of a page of that size, in the light or dark appearance."""
    window = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)  # type: ignore[arg-type]
    window.goto(page.as_uri())
    if window.locator(".stage").count():
        window.locator(".stage[data-state=ready]").wait_for(timeout=60_000)
    window.wait_for_timeout(1500)  # pictures that come late, and the last tiles
    shot = np.frombuffer(window.screenshot(), np.uint8)
    window.close()
    return np.asarray(cv2.imdecode(shot, cv2.IMREAD_COLOR), np.uint8)


def main(folder: str) -> None:
    """Publish every product folder of the demonstration, and photograph the site."""
    home = Path(tempfile.mkdtemp()) / "site"
    runs = sorted(path.parent for path in Path(folder).glob("products/*/report.json"))
    publish_site(
        [partial(lying, run) for run in runs], home, title="Collection", url="https://museum.example"
    )
    found: dict[Kind, str] = {}
    proofs: dict[Kind, str] = {}
    for kind, page, proof in places(home):
        found.setdefault(kind, page)
        proofs.setdefault(kind, proof)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS.split())
        desks = {
            "site": seen(browser, home / "index.html", DESK, "light"),
            "proof": seen(browser, home / f"{proofs[Kind.IMAGE]}.html", DESK, "light"),
        }
        phones = [
            seen(browser, home / f"{found[kind]}.de.html", PHONE, scheme)
            for kind, scheme in (
                (Kind.RELIGHTABLE, "dark"),
                (Kind.TEXT, "light"),
                (Kind.MESH, "dark"),
                (Kind.GRID, "light"),
            )
            if kind in found
        ]
        browser.close()
    desks["phones"] = np.hstack(phones)
    for name, picture in desks.items():
        cv2.imwrite(str(OUT / f"publish-{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    shutil.rmtree(home.parent)


if __name__ == "__main__":
    main(sys.argv[1])
