"""IIIF: tiles beside Debian's iipimage-server, validators, Mirador, and requests that make no sense.

``python benchmarks/iiif.py [--quick] [--only tiles,fuzz,validators,mirador] [--keep FOLDER]``. Tiles need
``iipimage-server`` and ``lighttpd`` (Debian) for the comparison; validators need their programs (see
``docs/iiif.md``), Mirador needs npm and Chromium. What is not there is said and left out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pyvips
from _harness import report
from _iiif_nonsense import nonsense

from vestige.archive import Archive, add
from vestige.capture import Capture, Frame, Thing, save
from vestige.contract.kinds import Kind
from vestige.contract.provenance import path_digest
from vestige.contract.report import InputRecord, ProductRecord, Report, Software, to_json

COLUMNS = ["what", "measured", "unit", "bar", "about"]
#: Where iipimage-server of Debian lies.
IIPSRV = Path("/usr/lib/iipimage-server/iipsrv.fcgi")
TILE, CLIENTS = 512, 8


def texture(side: int, seed: int) -> np.ndarray:
    """Simulated parchment: fibres at several scales, lines of writing."""
    import cv2

    chance = np.random.default_rng(seed)
    paper = np.zeros((side, side), np.float32)
    for scale in (2, 8, 32, 128):
        noise = chance.standard_normal((side // scale + 1, side // scale + 1)).astype(np.float32)
        paper += cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC) * (0.3 + 0.1 * np.log2(scale))
    pixels = np.clip(200 + 9 * paper[..., None] + np.array([18, 2, -28]), 0, 255).astype(np.uint8)
    for row in range(60, side, 90):
        for left in range(40, side - 60, 34):
            height, width = (int(value) for value in chance.integers((18, 8), (48, 26)))
            cv2.ellipse(
                pixels,
                (left, row),
                (width // 2, height // 2),
                int(chance.integers(180)),
                0,
                300,
                (62, 48, 40),
                4,
            )
    return pixels


def large(path: Path, width: int, height: int) -> None:
    """A picture of a product as focus and pages write them: tiled and pyramidal, 8 bit, sRGB."""
    part = pyvips.Image.new_from_array(texture(2048, 3))
    row = pyvips.Image.arrayjoin([part, part.fliphor(), part.rot180(), part.flipver()], across=2)
    image = row.replicate(-(-width // row.width), -(-height // row.height)).crop(0, 0, width, height)
    image = image.copy(interpretation="srgb")
    image.tiffsave(
        str(path), tile=True, tile_width=256, tile_height=256, pyramid=True, subifd=True, bigtiff=True,
        compression="deflate", level=1, predictor="horizontal",
    )  # fmt: skip


def museum(folder: Path, picture: Path | None, frame: Path | None = None) -> tuple[Path, str]:
    """An archive with one product, or one frame, that everybody may see; the name of that picture."""
    capture = folder / "capture"
    capture.mkdir()
    if frame is None:
        frame = folder / "frame.png"
        pyvips.Image.new_from_array(texture(256, 1)).write_to_file(str(frame))
    shutil.copy(frame, capture / f"frame{frame.suffix}")
    save(Capture(thing=Thing(identifier="MS 1"), frames=[Frame(file=f"frame{frame.suffix}")]), capture)
    with Archive.make(folder / "museum", who="eva") as archive:
        key = add(archive, capture, {"identifier": "MS 1", "title": "Charter", "rights": "CC0"}).capture
        if picture is None:
            return folder / "museum", f"f.{key}.0"
        result = folder / "result"
        result.mkdir()
        shutil.move(picture, result / "image.tif")
        digest, size = path_digest(result / "image.tif")
        made = Report(
            technique="toy", operation="run", operation_version="1", title="Charter", key="a" * 64,
            inputs=[InputRecord(name="capture", what="capture", path="capture", blake3=key)], recipe={},
            seed=1,
            started="2026-11-23T09:00:00+00:00", seconds=1.0, peak_mib=1.0, budget={},
            software=Software(vestige="0", commit="", python="3", machine="x", libraries={}),
            products=[
                ProductRecord(name="picture", kind=Kind.IMAGE, path="image.tif", bytes=size, blake3=digest)
            ],
        )  # fmt: skip
        (result / "report.json").write_bytes(to_json(made))
        add(archive, result)
    return folder / "museum", f"r.{key}-{'a' * 16}.0.0"


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The workbench on an archive: its port, and its process."""
    port = free_port()
    command = [sys.executable, "-m", "vestige.cli", "serve", str(folder), "--port", str(port), "--no-open"]
    with (folder.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _until(f"http://127.0.0.1:{port}/iiif/collection")
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _until(address: str, seconds: float = 120) -> bytes:
    """What an address answers, once somebody does."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextmanager
def iipimage(picture: Path, folder: Path) -> Iterator[tuple[int, str] | None]:
    """Debian's iipimage-server behind lighttpd, a process a core; None where it is not here."""
    lighttpd = shutil.which("lighttpd") or shutil.which("lighttpd", path="/usr/sbin")
    if not IIPSRV.exists() or lighttpd is None:
        yield None
        return
    port, cores = free_port(), os.cpu_count() or 2
    root = folder / "iip"
    root.mkdir()
    (root / "lighttpd.conf").write_text(
        f"""server.modules = ("mod_fastcgi")
server.document-root = "{root}"
server.port = {port}
server.bind = "127.0.0.1"
server.max-keep-alive-requests = 100000
fastcgi.server = ("/iip" => (( "socket" => "{root}/iip.socket", "check-local" => "disable",
  "bin-path" => "{IIPSRV}", "min-procs" => {cores}, "max-procs" => {cores},
  "bin-environment" => ("LOGFILE" => "{root}/iip.log", "VERBOSITY" => "0", "JPEG_QUALITY" => "88",
    "FILESYSTEM_PREFIX" => "{picture.parent}/", "URI_MAP" => "iip=>IIIF",
    "MAX_CVT" => "20000", "CORS" => "*") )))
"""
    )
    process = subprocess.Popen([lighttpd, "-D", "-f", str(root / "lighttpd.conf")], stderr=subprocess.DEVNULL)
    try:
        _until(f"http://127.0.0.1:{port}/iip/{picture.name}/info.json")
        yield port, f"/iip/{picture.name}"
    finally:
        process.terminate()
        process.wait()


def load(port: int, addresses: Sequence[str], clients: int = CLIENTS) -> tuple[list[float], float, int]:
    """Milliseconds of each request by `clients` at once over kept connections; the seconds; the bytes."""
    times: list[list[float]] = [[] for _ in range(clients)]
    sizes = [0] * clients

    def one(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for address in addresses[number::clients]:
            began = time.perf_counter()
            connection.request("GET", address)
            answer = connection.getresponse()
            data = answer.read()
            times[number].append((time.perf_counter() - began) * 1000)
            sizes[number] += len(data)
            if answer.status != 200 or not data.startswith(b"\xff\xd8"):
                raise RuntimeError(f"{answer.status} for {address}: {data[:200]!r}")
        connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(item for part in times for item in part), time.perf_counter() - began, sum(sizes)


def tile_addresses(width: int, height: int, count: int, seed: int) -> list[str]:
    """Tiles as a person asks for who zooms and moves: half of them at full size; those cut by edges too."""
    chance, found = random.Random(seed), []
    while len(found) < count:
        scale = chance.choice((1, 1, 1, 2, 2, 4, 8))
        span = TILE * scale
        left, top = chance.randrange(0, width, span), chance.randrange(0, height, span)
        across, down = min(span, width - left), min(span, height - top)
        found.append(f"{left},{top},{across},{down}/{-(-across // scale)},{-(-down // scale)}/0/default.jpg")
    return found


def tiles(folder: Path, *, quick: bool) -> list[list[object]]:
    """512 px tiles of a large product, beside iipimage-server on the same file, in turns."""
    width, height = (6000, 4000) if quick else (15_000, 10_000)
    picture = folder / "image.tif"
    large(picture, width, height)
    place, name = museum(folder, picture)
    count, turns = (400, 2) if quick else (1200, 5)
    rows: list[list[object]] = []
    with serving(place) as (port, server):
        base = f"/iiif/3/{name}"
        time.sleep(3)  # as a server that was started before somebody came
        began, worked = time.perf_counter(), sum(server.cpu_times()[:2])
        info = json.loads(_until(f"http://127.0.0.1:{port}{base}/info.json"))
        small = info["sizes"][-4 if not quick else 0]
        view = [f"{base}/full/{small['width']},{small['height']}/0/default.jpg"]
        view += [
            f"{base}/{x},{y},4096,4096/512,512/0/default.jpg"
            for x in (0, 4096)
            for y in (0, 4096)
            if not quick
        ]
        load(port, view)
        cold, worked = time.perf_counter() - began, sum(server.cpu_times()[:2]) - worked
        about = f"no tiles made yet; info.json, an overview, {len(view) - 1} tiles"
        rows.append(["cold first view", cold, "s", "1", f"{about}; load {os.getloadavg()[0]:.0f}"])
        rows.append(["cold first view, processor time", worked, "s", "", ""])
        began = time.perf_counter()
        cached = place / ".cache" / "page"
        while not list(cached.glob("iiif-*.tif")) or list(cached.glob("tmp*")):
            time.sleep(0.05)
        rows.append(
            [
                "tiles made beside the first view",
                time.perf_counter() - began + cold,
                "s",
                "",
                "counted from the first request",
            ]
        )
        stored = next(cached.glob("iiif-*.tif"))
        shared = folder / "same.tif"
        os.link(stored, shared)
        with iipimage(shared, folder) as other:
            rows += _in_turns(port, base, other, (width, height), count, turns)
    return rows


def _in_turns(
    port: int, base: str, other: tuple[int, str] | None, size: tuple[int, int], count: int, turns: int
) -> list[list[object]]:
    """The same tiles from both, one after the other; the order changes from turn to turn."""
    addresses = tile_addresses(*size, count, 7)
    load(port, [f"{base}/{item}" for item in addresses])
    if other:
        load(other[0], [f"{other[1]}/{item}" for item in addresses])
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for turn in range(turns):
        runs = [(ours, port, base)] + ([(theirs, *other)] if other else [])
        for kept, where, start in runs if turn % 2 else reversed(runs):
            times, seconds, _ = load(where, [f"{start}/{item}" for item in addresses])
            kept.append((times[int(0.95 * len(times))], len(times) / seconds))
            who = "ours" if kept is ours else "iip"
            print(f"  turn {turn} {who}: p95 {kept[-1][0]:.1f} ms, {kept[-1][1]:.0f}/s", flush=True)
    about = f"{count} tiles a turn, {turns} turns, {CLIENTS} clients, {size[0]} x {size[1]}"
    about += f"; load {os.getloadavg()[0]:.0f}"
    rows: list[list[object]] = [
        ["warm tile, p95 (median turn)", statistics.median(p for p, _ in ours), "ms", "30", about],
        ["warm tile, p95 (worst turn)", max(p for p, _ in ours), "ms", "", ""],
        ["warm tiles (median turn)", statistics.median(r for _, r in ours), "tiles/s", "", ""],
    ]
    if not other:
        return [*rows, ["beside iipimage-server", None, "", "1", "iipimage-server or lighttpd is not here"]]
    ratios = [a[1] / b[1] for a, b in zip(ours, theirs, strict=True)]
    return [
        *rows,
        ["iipimage-server, p95 (median turn)", statistics.median(p for p, _ in theirs), "ms", "", ""],
        ["iipimage-server (median turn)", statistics.median(r for _, r in theirs), "tiles/s", "", ""],
        ["beside iipimage-server", statistics.median(ratios), "times", "1", f"least: {min(ratios):.2f}"],
    ]  # fmt: skip


def fuzz(folder: Path, *, quick: bool) -> list[list[object]]:
    """Requests that make no sense: what is answered, and the memory of the server before and after."""
    count, seed = (3000, 11) if quick else (100_000, 11)
    picture = folder / "image.tif"
    large(picture, 3000, 2000)
    place, name = museum(folder, picture)
    with Archive(place) as archive:
        number = archive.known("MS 1")["id"]
    statuses: dict[int, int] = {}
    leaked: list[str] = []
    marks = (b"root:x:", b"/museum/", str(folder).encode())
    with serving(place) as (port, server):
        chance = random.Random(seed)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        memory: list[float] = []
        for at in range(count):
            path, headers = nonsense(chance, name, number)
            try:
                connection.request(chance.choice(("GET", "GET", "GET", "GET", "HEAD")), path, headers=headers)
                answer = connection.getresponse()
                data = answer.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                statuses[0] = statuses.get(0, 0) + 1
                continue
            statuses[answer.status] = statuses.get(answer.status, 0) + 1
            if answer.status >= 500 and answer.status != 501:
                print(f"  {answer.status} {path} {headers}", flush=True)
            if any(mark in data for mark in marks):
                leaked.append(path)
            if at % max(1, count // 50) == 0:
                memory.append(server.memory_info().rss / 2**20)
    failed = sum(
        times for status, times in statuses.items() if (status >= 500 and status != 501) or not status
    )
    quarter = max(1, len(memory) // 4)
    medians = [statistics.median(memory[start : start + quarter]) for start in range(0, 4 * quarter, quarter)]
    told = ", ".join(f"{status}: {times}" for status, times in sorted(statuses.items()))
    return [
        ["fuzzed requests", count, "", "100,000", f"seed {seed}; {told}"],
        ["server errors and broken connections", failed, "", "0", "501 is what a service does not do"],
        ["answers with a file from outside", len(leaked), "", "0", ", ".join(leaked[:3])],
        ["memory, median of each quarter", ", ".join(f"{value:.0f}" for value in medians), "MiB", "flat", ""],
    ]  # fmt: skip


def validators(folder: Path, **_: object) -> list[list[object]]:
    """The validators of the image API, as programs against the running server."""
    rows: list[list[object]] = []
    squares = os.environ.get("VESTIGE_IIIF_SQUARES", "")
    program = os.environ.get("VESTIGE_IIIF_VALIDATOR_NG", "iiif-validator")
    older = os.environ.get("VESTIGE_IIIF_VALIDATOR", "iiif-validate.py")
    if not squares or not Path(squares).is_file():
        return [
            [
                "validators",
                None,
                "",
                "all pass",
                "VESTIGE_IIIF_SQUARES names no validation_image.png (see docs/iiif.md)",
            ]
        ]
    place, name = museum(folder, None, Path(squares))
    with serving(place) as (port, _):
        for version in (3, 2):
            base = f"http://127.0.0.1:{port}/iiif/{version}"
            command = [program, *(["--v2"] if version == 2 else []), "--validation-id", name, base]
            rows.append(_validated(f"iiif-validator-ng, version {version}", command))
            command = [*older.split(), "-s", f"127.0.0.1:{port}", "-p", f"iiif/{version}", "-i", name]
            rows.append(
                _validated(
                    f"iiif-validator, version {version}.0",
                    [*command, f"--version={version}.0", "--level", "2"],
                )
            )
    return rows


def _validated(what: str, command: list[str]) -> list[object]:
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except OSError:
        return [what, None, "", "all pass", f"{command[0]} is not here"]
    text = run.stdout + run.stderr
    lines = [
        line
        for line in text.splitlines()
        if "✗" in line or "FAIL" in line or "Done" in line or "passed" in line
    ]
    failed = any("FAIL" in line for line in lines) or (" ✗ 0 " not in text and "0 failures" not in text)
    return [what, "failures" if failed else "all pass", "", "all pass", " | ".join(lines[-2:])[-160:]]


def mirador(folder: Path, **_: object) -> list[list[object]]:
    """Mirador, as npm has it, opens a manifest in Chromium and shows its picture."""
    npm, chromium = shutil.which("npm"), shutil.which("chromium")
    if not npm or not chromium:
        return [["Mirador opens a manifest", None, "", "opens", "npm or chromium is not here"]]
    subprocess.run([npm, "pack", "mirador@4"], cwd=folder, capture_output=True, check=True)
    archive = next(folder.glob("mirador-*.tgz"))
    subprocess.run(["tar", "xzf", archive.name, "package/dist/mirador.min.js"], cwd=folder, check=True)
    picture = folder / "image.tif"
    large(picture, 3000, 2000)
    place, _ = museum(folder, picture)
    with Archive(place) as opened:
        number = opened.known("MS 1")["id"]
    page = folder / "package" / "dist" / "index.html"
    with serving(place) as (port, _), _files(page.parent) as own:
        manifest = f"http://127.0.0.1:{port}/iiif/presentation/{number}/manifest"
        page.write_text(
            '<!doctype html><meta charset="utf-8"><div id="m" style="position:absolute;inset:0"></div>'
            '<script src="mirador.min.js"></script><script>Mirador.viewer({id:"m",windows:[{manifestId:'
            f"{json.dumps(manifest)}}}]}})</script>"
        )
        asked, failed = _seen(f"http://127.0.0.1:{own}/index.html", chromium)
    opens = asked > 0 and not failed
    return [
        [
            "Mirador opens a manifest",
            "opens" if opens else "fails",
            "",
            "opens",
            f"{archive.stem}, from another origin; {asked} images, failed: {failed[:1]}",
        ]
    ]


@contextmanager
def _files(folder: Path) -> Iterator[int]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "http.server",
        str(port),
        "--bind",
        "127.0.0.1",
        "--directory",
        str(folder),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def _seen(address: str, chromium: str) -> tuple[int, list[str]]:
    """How many images a page was given, and which of its requests failed."""
    from playwright.sync_api import sync_playwright

    flags = [
        "--no-sandbox",
        "--disable-background-networking",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
    ]
    with sync_playwright() as run:
        browser = run.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        images: list[str] = []
        failed: list[str] = []
        page.on("response", lambda r: images.append(r.url) if r.ok and "/default.jpg" in r.url else None)
        page.on("response", lambda r: failed.append(r.url) if r.status >= 400 and "/iiif/" in r.url else None)
        page.goto(address)
        page.get_by_text("Charter").first.wait_for(timeout=60_000)
        page.locator("canvas").first.wait_for(timeout=60_000)
        page.wait_for_timeout(4000)
        browser.close()
    return len(images), failed


PARTS: dict[str, Callable[..., list[list[object]]]] = {
    "tiles": tiles,
    "fuzz": fuzz,
    "validators": validators,
    "mirador": mirador,
}


def main() -> None:
    """Measure the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small, to see that it works")
    parser.add_argument("--only", default=",".join(PARTS), help="parts: " + ", ".join(PARTS))
    parser.add_argument("--keep", type=Path, help="keep what was made in this folder")
    asked = parser.parse_args()
    for part in asked.only.split(","):
        folder = Path(tempfile.mkdtemp(prefix="vestige-iiif-")) if asked.keep is None else asked.keep / part
        folder.mkdir(parents=True, exist_ok=True)
        try:
            rows = PARTS[part](folder, quick=asked.quick)
        finally:
            if asked.keep is None:
                shutil.rmtree(folder, ignore_errors=True)
        report("iiif", COLUMNS, rows, part=part, quick=asked.quick)


if __name__ == "__main__":
    main()
