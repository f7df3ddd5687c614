"""Published sites: writing 1,000 objects of all kinds, finding a word in a browser, what axe-core says.

``python benchmarks/publish.py [--quick] [--keep FOLDER]``; needs Chromium. The products are small ones of
every kind, the same in each object of a set; words are drawn with seed 6, searches with seed 7.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import importlib.util
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _harness import report

from archive import WORDS, Unsynced
from vestige.archive import Archive
from vestige.archive.ingest import add_capture, publish
from vestige.capture import Capture, Frame, Rights, Thing
from vestige.contract.provenance import path_digest
from vestige.contract.report import InputRecord, ProductRecord, load_report, to_json
from vestige.web.site.publication import publish_site
from vestige.web.site.things import every, kept

COLUMNS = ["what", "measured", "unit", "bar", "about"]
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader"]
TESTS = Path(__file__).parents[1] / "tests" / "web"
#: Which products an object has: those that runs of our six techniques make, and what else there is.
SETS = (
    ("picture", "depth", "normals"),
    ("bands", "scores"),
    ("light", "normals", "model"),
    ("leaves", "words", "volume"),
    ("processed", "classes", "outlines"),
    ("network", "scores", "notes"),
)
AXE = """async () => {
  const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  const found = await axe.run(document, {runOnly: rules, iframes: false, resultTypes: ["violations"]});
  return found.violations.map((one) => `${one.id} at ${one.nodes[0].target.join(" ")}`);
}"""
#: From the last letter typed to the frame in which the objects found are seen.
FIND = """(word) => new Promise((resolve) => {
  const field = document.querySelector("input[type=search]");
  const list = document.getElementById("found");
  const began = performance.now();
  new MutationObserver((_, watch) => {
    if (list.dataset.asked !== word) return;
    watch.disconnect();
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => resolve([performance.now() - began, list.children.length]);
      channel.port2.postMessage(0);
    });
  }).observe(list, {attributes: true});
  field.value = word;
  field.dispatchEvent(new Event("input"));
})"""


def products(folder: Path) -> dict[str, ProductRecord]:
    """One product of every kind, as the tests of the pages make them, at half their size."""
    place = importlib.util.spec_from_file_location("kinds", TESTS / "conftest.py")
    assert place is not None
    assert place.loader is not None
    kinds: Any = importlib.util.module_from_spec(place)
    sys.modules["kinds"] = kinds
    place.loader.exec_module(kinds)
    hill = kinds._hill
    folder.mkdir()
    found = {}
    for name, kind, path, make in kinds.MADE:
        small = name in ("picture", "depth", "bands", "normals")
        kinds._hill = (lambda height, width: hill(height // 2, width // 2)) if small else hill
        about = make(folder)
        digest, size = path_digest(folder / path)
        found[name] = ProductRecord(name=name, kind=kind, path=path, bytes=size, blake3=digest, about=about)
    kinds.write_report(folder, list(found.values()))
    return found


def fill(archive: Archive, folder: Path, count: int) -> None:
    """An archive of so many objects, each a capture of two frames and a result."""
    known = products(folder / "kinds")
    template = load_report(folder / "kinds")
    chance = random.Random(6)
    for number in range(count):
        frames = []
        for place in range(2):
            path = folder / f"{number}-{place}.png"
            path.write_bytes(f"frame {number} {place}".encode())
            frames.append(Frame(file=path.name))
        said = " ".join(chance.choices(WORDS, k=4))
        capture = Capture(
            thing=Thing(identifier=f"B {number:04}", title=said.title()),
            rights=Rights(licence="CC-BY-4.0"),
            frames=frames,
        ).at(folder)
        values = {"identifier": f"B {number:04}", "description": " ".join(chance.choices(WORDS, k=30))}
        values |= {"place": chance.choice(WORDS).title(), "date": str(1600 + number % 300)}
        key = add_capture(archive, capture, values).capture
        chosen = [known[name] for name in SETS[number % len(SETS)]]
        run = folder / "run"
        run.mkdir()
        for item in chosen:
            source = folder / "kinds" / item.path
            if source.is_dir():
                shutil.copytree(source, run / item.path, copy_function=os.link)
            else:
                os.link(source, run / item.path)
        given = [InputRecord(name="capture", what="capture", path="capture", blake3=key)]
        told = {"key": f"{number:064x}", "inputs": given, "products": chosen, "title": said.title()}
        (run / "report.json").write_bytes(to_json(template.model_copy(update=told)))
        publish(archive, run)
        shutil.rmtree(run)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder by a static server that knows nothing of us."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing."""

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        """Nothing."""


def finding(page: Any, home: str, asked: list[str]) -> list[float]:
    """Milliseconds to find each word, on a page that was opened for it: nothing of the index is there yet."""
    times = []
    for word in asked:
        page.goto(f"{home}/index.html")
        page.locator("input[type=search]").wait_for()
        taken, seen = page.evaluate(FIND, word)
        assert seen > 0, word
        times.append(taken)
    return times


def looked_at(page: Any, home: str, places: list[str]) -> tuple[int, list[str]]:
    """How many viewers came up, and what axe-core says of the pages, each in German and in English."""
    axe = (TESTS / "vendor" / "axe.js").read_text(encoding="utf-8")
    ready, faults = 0, []
    for place in places:
        for end in (".html", ".de.html"):
            page.goto(f"{home}/{place}{end}")
            if page.locator(".stage").count():
                page.locator('.stage[data-state="ready"]').wait_for(timeout=60_000)
                ready += 1
            page.evaluate(axe)
            faults += [f"{place}{end}: {one}" for one in page.evaluate(AXE)]
    return ready, faults


def browsed(out: Path, *, quick: bool) -> list[list[object]]:
    """Search and axe-core, from the disk and from a server."""
    from playwright.sync_api import sync_playwright

    made = [json.loads(path.read_bytes()) for path in sorted((out / "made").glob("*.json"))]
    by_kind: dict[str, str] = {}
    proofs: dict[str, str] = {}
    for item in made:
        for result in item["results"].values():
            for product in result["products"]:
                home = item["card"]["page"].rsplit("/", 1)[0]
                by_kind.setdefault(product["kind"], f"{home}/{result['folder']}/{product['index']}/index")
                proofs.setdefault(product["kind"], f"proof/{product['proof']}")
    places = ["index", *(["page-2"] if (out / "page-2.html").exists() else []), made[0]["card"]["page"]]
    places += [*by_kind.values(), *proofs.values()]
    chance = random.Random(7)
    asked = chance.sample(WORDS, 20) + [
        f"{word[:4]} {other}" for word, other in zip(*[iter(WORDS[:20])] * 2, strict=True)
    ]
    rows: list[list[object]] = []
    with sync_playwright() as play, served(out) as server:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, home in (("file://", out.as_uri()), ("a static server", server)):
            page = browser.new_page(bypass_csp=True, locale="en")
            times = finding(page, home, asked[:6] if quick else asked)
            told = f"{len(times)} searches, none with anything of the index at hand, from {name}"
            worst = max(times)
            rows.append(["find a word, worst", round(worst), "ms", "≤ 200", told])
            rows.append(["find a word, median", round(statistics.median(times)), "ms", "", told])
            ready, faults = looked_at(page, home, places)
            told = f"{2 * len(places)} pages, {ready} viewers ready, {len(by_kind)} kinds, from {name}"
            rows.append(["axe-core violations", len(faults), "", "0", told])
            for fault in faults[:10]:
                print(fault, file=sys.stderr)
            page.close()
        browser.close()
    return rows


def main() -> None:
    """Fill an archive, publish it, look at it."""
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    options.add_argument(
        "--keep", type=Path, help="a folder for archive and site, used again where it is there"
    )
    given = options.parse_args()
    count = 60 if given.quick else 1000
    folder = given.keep or Path(tempfile.mkdtemp(prefix="publish-"))
    folder.mkdir(exist_ok=True)
    rows: list[list[object]] = []
    if not (folder / "archive").exists():
        with Archive.make(folder / "archive", disk=Unsynced()) as archive:
            (folder / "source").mkdir()
            fill(archive, folder / "source", count)
    shutil.rmtree(folder / "site", ignore_errors=True)
    with Archive(folder / "archive") as archive:
        for what in ("written", "again, nothing changed"):
            began, used = time.perf_counter(), time.process_time()
            chosen = [functools.partial(kept, archive, name) for name in every(archive)]
            done = publish_site(chosen, folder / "site", title="A thousand objects")
            seconds, spent = time.perf_counter() - began, time.process_time() - used
            assert not done.refused, done.refused[0]
            told = f"{done.written} written, {done.unchanged} unchanged, {spent:.0f} s of processor time"
            rows.append([f"site, {what}", round(seconds / count, 3), "s an object", "", told])
    files = sum(path.is_file() for path in (folder / "site").rglob("*"))
    told = f"{files} files, {done.bytes / 2**20:.0f} MiB in all"
    rows.append(["size of the site", round(done.bytes / count / 1024), "KiB an object", "", told])
    rows += browsed(folder / "site", quick=given.quick)
    report("publish", COLUMNS, rows, quick=given.quick)
    if not given.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
