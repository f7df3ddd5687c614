"""The workbench in a browser: the collection at a million objects, the first picture on a slow line.

``python benchmarks/web.py [--quick] [--keep FOLDER] [--only PART] [--times N]``; needs Chromium. The objects
are synthetic (seed 5) and lie in the log and in the catalogue; the newest have pictures, the very newest a
focus stack with its result. Each part prints its rows and writes them as soon as it is done.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _harness import report

from archive import WORDS, Unsynced
from vestige.archive import Archive, search
from vestige.archive.ingest import add_capture, publish
from vestige.archive.log import Entry
from vestige.capture import Capture, Frame, Thing
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate

COLUMNS = ["what", "measured", "unit", "bar", "about"]
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader"]
#: 10 Mbit/s and 40 ms there and back.
LINE = {"offline": False, "latency": 40, "downloadThroughput": 1_250_000, "uploadThroughput": 1_250_000}
#: Screens on which the first picture is awaited: width and height in CSS pixels.
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
#: What is measured, each by itself.
PARTS = ("interaction", *(f"first-{screen}" for screen in SCREENS))
#: The identifier of the object that has a result.
SHOWN = "SHOWN"
#: From the moment a hand does something to the frame after which its answer is seen.
TIMING = """
() => {
  let began = 0;
  window.seen = [];
  const start = (event) => { if (event.isTrusted) began = event.timeStamp; };
  for (const name of ["pointerup", "keydown"]) addEventListener(name, start, true);
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    if (!began || !added.some((node) => node.nodeType === 1)) return;
    const from = began;
    began = 0;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();  // the first task after the frame was painted
      channel.port1.onmessage = () => window.seen.push(performance.now() - from);
      channel.port2.postMessage(0);
    });
  }).observe(document.querySelector("main"), { childList: true, subtree: true });
}
"""


#: Bytes that had come when the first picture was seen: page, styles, scripts, fonts; without pictures
#: and without the viewer.
WEIGHT = r"""
["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type))
  .filter((entry) => entry.responseEnd <= window.first)
  .filter((entry) => !/\/(picture|thumbnail|frame|overview|tiles|vendor\/openseadragon)\b/.test(entry.name))
  .reduce((sum, entry) => sum + entry.transferSize, 0)
"""
#: The moment at which the first picture of an object is seen: one that the page carries (a drawing of ours is
#: none), or the viewer's own, where the viewer was quicker and has taken the small picture away unpainted.
FIRST = """
const seen = (time) => { window.first ||= time; };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) seen(entry.renderTime || entry.loadTime);
}).observe({ type: "element", buffered: true });
new MutationObserver(() => {
  for (const image of document.querySelectorAll('main img:not([elementtiming], [src^="/static/"])'))
    image.setAttribute("elementtiming", "first");
  if (!document.querySelector('.stage[data-state="ready"]')) return;
  requestAnimationFrame(() => {
    const channel = new MessageChannel();  // the first task after the frame was painted
    channel.port1.onmessage = () => seen(performance.now());
    channel.port2.postMessage(0);
  });
}).observe(document, { childList: true, subtree: true, attributeFilter: ["data-state"] });
"""


def fill(folder: Path, count: int, pictured: int) -> None:
    """An archive of so many objects; the newest have a capture of one picture."""
    import cv2
    import numpy as np

    chance = random.Random(5)
    with Archive.make(folder, disk=Unsynced()) as archive:
        archive.describe_project({"name": "campaign", "quotas": [{"institution": "Graz", "objects": count}]})
        for start in range(0, count, 8000):
            entries = [_entry(number, chance) for number in range(start, min(start + 8000, count))]
            archive.taken_in(archive.store.append(entries, who="benchmark"))
        for number in range(count - pictured, count):
            noise = np.random.default_rng(number).integers(0, 255, (24, 32, 3), dtype=np.uint8)
            picture = cv2.resize(noise, (2400, 1800), interpolation=cv2.INTER_CUBIC)
            source = folder / "work" / f"{number}.jpg"
            cv2.imwrite(str(source), picture)
            made = Capture(thing=Thing(identifier=f"B{number:08}"), frames=[Frame(file=source.name)])
            add_capture(archive, made.at(source.parent))
            source.unlink()


def _entry(number: int, chance: random.Random) -> Entry:
    told = {
        "title": " ".join(chance.choices(WORDS, k=4)),
        "taxon": f"{chance.choice(WORDS).title()} {chance.choice(WORDS)}",
        "collection": f"Collection {chance.randrange(30)}",
        "person": f"Collector {int(chance.paretovariate(0.7)) % 5000}",
        "place": f"Place {int(chance.paretovariate(0.5)) % 3000}",
        "date": str(chance.randrange(1700, 1990)),
        "project": "campaign" if number % 3 else "",
        "institution": "Graz",
        "number": str(chance.randrange(10**6)),
    }
    return Entry("object.described", {"set": told}, object=f"B{number:08}")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """The workbench of an archive in a process of its own: its address and the process."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    command = [sys.executable, "-m", "vestige.cli", "serve", str(folder), "--port", str(port), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{address}/state", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield address, process.pid
        finally:
            process.terminate()
            process.wait(30)


class Costs:
    """CPU time of the server and of the page's main thread: what other work on the machine cannot stretch."""

    def __init__(self, page: Any, server: int) -> None:
        self.line = page.context.new_cdp_session(page)
        self.line.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.server, self.sums, self.times = server, [0.0, 0.0], 0

    def now(self) -> tuple[float, float]:
        """Milliseconds so far: server, page."""
        told = {item["name"]: item["value"] for item in self.line.send("Performance.getMetrics")["metrics"]}
        return spent(self.server), told["TaskDuration"] * 1000

    def add(self, before: tuple[float, float]) -> None:
        """Count what was spent since."""
        after = self.now()
        self.sums = [self.sums[n] + after[n] - before[n] for n in (0, 1)]
        self.times += 1

    def mean(self, which: int) -> float:
        """The mean of an interaction."""
        return self.sums[which] / max(self.times, 1)


def until(page: Any, what: str) -> None:
    """Wait until an expression is more than 0 (the page's policy lets nothing be evaluated by itself)."""
    for _ in range(1000):
        if page.evaluate(what):
            return
        page.wait_for_timeout(20)
    raise TimeoutError(f"{what} at {page.url}")


def spent(process: int) -> float:
    """Milliseconds of CPU time that a process has taken so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def interactions(page: Any, address: str, times: int, costs: Costs) -> dict[str, list[float]]:
    """Milliseconds from a click or a key to the frame that shows what it brought."""
    chance = random.Random(7)

    def answered(act: Callable[[], None]) -> float:
        page.evaluate("window.seen.length = 0")
        before = costs.now()
        act()
        until(page, "window.seen.length")
        costs.add(before)
        return float(page.evaluate("window.seen[0]"))

    def choose() -> None:
        links = page.locator(".choosing a:not([aria-current])")
        links.nth(chance.randrange(links.count())).click()

    def typed() -> None:
        page.locator("#q").press("Control+a")
        page.evaluate("window.seen.length = 0")
        word = chance.choice(WORDS)
        page.keyboard.insert_text(word[:-1])
        page.wait_for_timeout(400)
        page.evaluate("window.seen.length = 0")
        page.locator("#q").press(word[-1])

    found: dict[str, list[float]] = {
        "a field chosen": [],
        "a field taken away": [],
        "more": [],
        "a word typed": [],
    }
    for _ in range(times):
        page.goto(f"{address}/")
        page.evaluate(TIMING)
        found["a field chosen"].append(answered(choose))
        if page.locator("#more").count():
            found["more"].append(answered(page.locator("#more").click))
        found["a field taken away"].append(answered(page.locator(".choosing a[aria-current]").first.click))
        page.goto(f"{address}/")
        page.evaluate(TIMING)
        found["a word typed"].append(answered(typed))
    return found


def exhibited(folder: Path) -> dict[str, str]:
    """The pages on which a first picture is awaited, by name; a focus stack is made where none is."""
    found = technique("focus")
    with Archive(folder) as archive:
        if archive.known(SHOWN) is None:
            with tempfile.TemporaryDirectory() as place:
                capture = simulate(found, Path(place) / "frames")
                execute(found, "run", {"capture": [capture]}, None, Path(place) / "out")
                add_capture(archive, capture, {"identifier": SHOWN, "title": "Shown"})
                publish(archive, Path(place) / "out")
        number = archive.known(SHOWN)["id"]
        (capture,) = search.captures_of(archive.engine, number)
    result = f"{capture['key']}-{capture['products'][0]['run'][:16]}"
    return {
        "collection": "/",
        "object": f"/object/{number}",
        "frames": f"/capture/{capture['key']}",
        "result": f"/result/{result}/0",
    }


def first_picture(browser: Any, address: str, width: int, height: int) -> tuple[float, float]:
    """Seconds from navigation to the first picture of a page, and kB loaded until then."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", LINE)
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    page.add_init_script(FIRST)
    page.goto(address, wait_until="commit")
    until(page, "window.first || 0")
    seconds = float(page.evaluate("window.first")) / 1000
    kilobytes = float(page.evaluate(WEIGHT)) / 1000
    context.close()
    return seconds, kilobytes


def first_pictures(
    browser: Any, address: str, pages: dict[str, str], screen: str, times: int
) -> list[list[object]]:
    """Each page on one of the screens; what the server makes of a picture once is made before."""
    rows: list[list[object]] = []
    about = "10 Mbit/s, 40 ms, nothing kept by the browser"
    for name, path in pages.items():
        first_picture(browser, address + path, *SCREENS[screen])
        seen = [first_picture(browser, address + path, *SCREENS[screen]) for _ in range(times)]
        seconds, kilobytes = zip(*seen, strict=True)
        told = f"{screen}, {name}: first picture"
        rows.append([f"{told}, median", statistics.median(seconds), "s", "<= 1.0", about])
        rows.append([f"{told}, all", " ".join(f"{value:.2f}" for value in seconds), "s", "", _load()])
        rows.append([f"{told}, loaded until then", max(kilobytes), "kB", "<= 250", "without pictures"])
    return rows


def interaction(browser: Any, address: str, server: int, times: int, count: int) -> list[list[object]]:
    """The collection worked by hand."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/")
    page.wait_for_timeout(2000)
    costs = Costs(page, server)
    found = interactions(page, address, times, costs)
    page.close()
    every = [value for taken in found.values() for value in taken]
    return [
        *(
            [f"{name}, to paint, p95", _p95(taken), "ms", "<= 100", f"{len(taken)} times, seed 7"]
            for name, taken in found.items()
        ),
        ["all of these, to paint, p95", _p95(every), "ms", "<= 100", f"{count} objects"],
        ["all of these, to paint, median", statistics.median(every), "ms", "", _load()],
        ["CPU time of the server, mean", costs.mean(0), "ms", "", "of one of these"],
        ["CPU time of the page, mean", costs.mean(1), "ms", "", "main thread, of one of these"],
    ]


def measure(folder: Path, parts: list[str], *, quick: bool, times: int | None) -> None:
    """Measure some parts, and tell each of them when it is done."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    pages = exhibited(folder)
    with Archive(folder) as archive:
        count = archive.known(SHOWN)["id"]  # numbered as they came
    with served(folder) as (address, server), sync_playwright() as run:
        browser = run.chromium.launch(executable_path=chromium, args=FLAGS)
        for part in parts:
            if part == "interaction":
                rows = interaction(browser, address, server, times or (10 if quick else 40), count)
            else:
                screen = part.removeprefix("first-")
                rows = first_pictures(browser, address, pages, screen, times or (2 if quick else 7))
            report("web", COLUMNS, rows, part=part, objects=count)
        browser.close()


def _load() -> str:
    return f"load of the machine {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores"


def _p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 objects, for a look")
    parser.add_argument("--keep", default="", help="a folder for the archive, used again where it is there")
    parser.add_argument("--only", choices=PARTS, action="append", help="a part alone (may be given again)")
    parser.add_argument(
        "--times", type=int, help="repetitions; otherwise 40 interactions of each kind, 7 pictures"
    )
    arguments = parser.parse_args()
    count = 20_000 if arguments.quick else 1_000_000
    folder = Path(arguments.keep or tempfile.mkdtemp(prefix="vestige-web-"))
    try:
        if not (folder / "archive.json").exists():
            fill(folder, count, 200)
        measure(folder, arguments.only or list(PARTS), quick=arguments.quick, times=arguments.times)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
