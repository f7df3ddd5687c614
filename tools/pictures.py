"""Take the pictures of the manual from a finished demonstration; needs Chromium.

``make run``, then

    python tools/pictures.py demo              the six results of the README: docs/pictures/six.jpg
    python tools/pictures.py demo workbench    the pages of the workbench: docs/pictures/workbench-*.jpg
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, sync_playwright

from vestige.archive import Archive
from vestige.web import create_app
from vestige.web.access import Accounts
from vestige.web.operating.shooter import Pile

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-sync",
]
PORT = 8799
HOME = f"http://127.0.0.1:{PORT}"


def six(folder: Path) -> None:
    """The collection of a demonstration: six objects with what was made of them."""
    with _served(create_app(folder / "archive")), _page(1280, 1120) as page:
        page.goto(HOME)
        page.wait_for_timeout(15_000)
        _keep(page, "six")


def workbench(folder: Path) -> None:
    """The pages of the workbench, on an archive that is made of the demonstration."""
    with tempfile.TemporaryDirectory() as home:
        app = _museum(folder, Path(home) / "museum")
        with _served(app), _page(1280, 860) as page:
            for name, steps in STEPS.items():
                try:
                    steps(page)
                except StopIteration:
                    print(f"{name}: nothing to show in {folder}")
                    continue
                page.wait_for_timeout(6000)
                _keep(page, f"workbench-{name}")


def _museum(folder: Path, home: Path) -> FastAPI:
    """A copy of the demonstration's archive, with a project and people."""
    shutil.copytree(folder / "archive", home)
    with Archive(home, who="eva") as archive:
        archive.describe_project(
            {"name": "Herbst 2026", "title": "Books and beetles", "target": "2027-03-31"}
        )
        archive.describe_all(
            [
                {"identifier": item["identifier"], "project": "Herbst 2026"}
                for item in archive.search().objects
            ]
        )
        for name, role in (("eva", "admin"), ("otto", "operator"), ("mira", "curator")):
            Accounts(archive.engine).add(name, "correct horse battery", role)
    pages = folder / "captures" / "pages"
    return create_app(home, sign_in=False, scanner=Pile(pages if pages.is_dir() else folder / "captures"))


def _to(address: str) -> Callable[[Page], None]:
    return lambda page: page.goto(HOME + address) and None


def _by_links(*starts: str, home: str = "/") -> Callable[[Page], None]:
    """From a page along the first link that begins so, and so on."""

    def steps(page: Page) -> None:
        page.goto(HOME + home)
        for start in starts:
            found = page.eval_on_selector_all(
                "main a[href]", "found => found.map((link) => link.getAttribute('href'))"
            )
            page.goto(HOME + next(link for link in found if link.startswith(start)))

    return steps


def _operator(page: Page) -> None:
    page.goto(f"{HOME}/operate?new=true")
    page.locator("#identifier").fill("MS 117")
    page.keyboard.press("Enter")
    page.wait_for_selector('#stand[data-asks="ready"]')
    page.wait_for_timeout(600)
    page.keyboard.press("Space")
    page.wait_for_selector('#stand[data-asks="check"]')


STEPS: dict[str, Callable[[Page], None]] = {
    "collection": _to("/"),
    "object": _by_links("/object/"),
    "look": _by_links("/object/", "/result/"),
    "frames": _by_links("/object/", "/capture/"),
    "intake": _to("/intake"),
    "choose": _by_links("/object/", "/run/choose"),
    "run": _by_links("/object/", "/run/choose", "/run/make/"),
    "jobs": _to("/jobs"),
    "project": _by_links("/projects/", home="/projects"),
    "operate": _operator,
    "accounts": _to("/accounts"),
}


@contextmanager
def _served(app: FastAPI) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, port=PORT, log_level="error"))
    app.state.stopping = lambda: server.should_exit
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.1)
    yield
    server.should_exit = True
    thread.join(20)


@contextmanager
def _page(width: int, height: int) -> Iterator[Page]:
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser.new_page(viewport={"width": width, "height": height}, locale="en")
        browser.close()


def _keep(page: Page, name: str) -> None:
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    PICTURES.mkdir(exist_ok=True)
    cv2.imwrite(str(PICTURES / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 84])
    print(PICTURES / f"{name}.jpg")


if __name__ == "__main__":
    {"six": six, "workbench": workbench}[(sys.argv[2:] or ["six"])[0]](Path(sys.argv[1]))
