"""The hand-off: how soon a phone has its scan, what strangers learn, what stays, and downloads that are cut.

``python benchmarks/handoff.py [--quick] [--only PART …]``; `first` needs root, Chromium and Playwright.
Sessions lie in /dev/shm: `phones` takes 0.5 GB of it. The rate limit is off, as no phone asks that fast.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import itertools
import random
import re
import secrets
import shutil
import socket
import statistics
import string
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _harness import report
from blake3 import blake3
from scipy.stats import ks_2samp, mannwhitneyu

COLUMNS = ["what", "measured", "unit", "bar", "about"]
MEMORY = Path("/dev/shm")
CHUNK = 256 << 10


class Service:
    """The service in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.kiosk, self.phone = _free_port(), _free_port()
        command = [sys.executable, str(Path(__file__).with_name("_handoff_service.py")), str(home)]
        self.process = subprocess.Popen(
            [*command, str(self.kiosk), str(self.phone)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.phone), 1).close()
                return
            except OSError:
                time.sleep(0.1)

    def ask(self, *words: str) -> str:
        """Say a line to the service, and hear one."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@contextmanager
def serving() -> Iterator[tuple[Service, Path]]:
    home = Path(tempfile.mkdtemp(dir=MEMORY, prefix="handoff-bench-"))
    service = Service(home)
    try:
        yield service, home
    finally:
        service.process.terminate()
        service.process.wait(20)
        shutil.rmtree(home)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def _picture(marker: str, side: int = 300) -> bytes:
    """A JPEG that says whose it is in a comment (COM) segment."""
    noise = np.random.default_rng(len(marker)).integers(0, 255, (side, side, 3), np.uint8)
    data = cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
    text = marker.encode()
    return data[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + data[2:]


def first(runs: int) -> list[list[Any]]:
    from vestige.testing import networks

    chromium = shutil.which("chromium") or ""
    seconds, loading, whole = [], [], 0
    with networks.scanner_and_phone():
        for turn in range(runs):
            with tempfile.TemporaryDirectory(dir=MEMORY) as place, networks.service(Path(place)):
                picture = Path(place, "a.jpg")
                picture.write_bytes(_picture(f"first {turn}", 1500))
                told = networks.visit(Path(place), picture, chromium)
                seconds.append(told["seconds"])
                loading.append(told["loading"])
                whole += told["digest"] == sha256(picture.read_bytes()).hexdigest()
    about = "all runs: " + " ".join(f"{value:.1f}" for value in seconds) + "; both browsers' start is in it"
    return [
        ["'to my phone' to first file, slowest", max(seconds), "s", 30, about],
        ["of it on the phone, slowest", max(loading), "s", None, "page opened, picture saved"],
        ["taps", 4, "", 5, "to my phone, join, open the link, save; joining is counted, not run"],
        ["files whole", whole, f"of {runs}", runs, "SHA-256; phone-sized Chromium, no JavaScript"],
    ]


def tokens(count: int) -> list[list[Any]]:
    chance = random.Random(6)
    with serving() as (service, home):
        picture = home / "a.jpg"
        picture.write_bytes(_picture("mine"))
        live = service.ask("begin")
        service.ask("add", live, str(picture))
        expired = []
        for _ in range(200):
            token = service.ask("begin")
            service.ask("add", token, str(picture))
            service.ask("end", token)
            expired.append(token)
        with serving() as (another, _):
            foreign = [another.ask("begin") for _ in range(200)]
        signs = string.ascii_letters + string.digits + "-_"
        near = []
        for number in range(200):
            place = number % 22
            near.append(live[:place] + chance.choice(signs.replace(live[place], "")) + live[place + 1 :])
        never = [secrets.token_urlsafe(16) for _ in range(200)]
        kinds = {
            "never issued": never,
            "expired": expired,
            "of another service": foreign,
            "one sign off": near,
        }
        ways = ("", "/zip/1/a.zip", "/scan/1", "/list")
        # All is made ready before, in an order of chance: what the asker does between must not be measured.
        asked = [
            (name, _request(chance.choice(kinds[name]), chance.choice(ways)))
            for name, _ in zip(itertools.cycle(kinds), range(count), strict=False)
        ]
        chance.shuffle(asked)
        times: dict[str, list[float]] = {name: [] for name in kinds}
        answers: set[bytes] = set()
        with socket.create_connection(("127.0.0.1", service.phone)) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for name, request in asked:
                began = time.perf_counter()
                line.sendall(request)
                answer = _answer(line)
                times[name].append(time.perf_counter() - began)
                answers.add(re.sub(rb"date: [^\r]+", b"", answer))
    leaks = len(answers) - 1 + sum(b" 404 " not in answer.split(b"\r\n")[0] for answer in answers)
    pairs = list(itertools.combinations(kinds, 2))
    delta = max(abs(_cliff(times[a], times[b])) for a, b in pairs)
    lowest = min(ks_2samp(times[a], times[b]).pvalue for a, b in pairs)
    ranks = min(mannwhitneyu(times[a], times[b]).pvalue for a, b in pairs)
    middle = {name: statistics.median(values) * 1e6 for name, values in times.items()}
    about = ", ".join(f"{name} {value:.0f}" for name, value in middle.items()) + " µs (median)"
    return [
        ["tokens tried", count, "", 10_000, ", ".join(kinds)],
        ["different answers, leaks", leaks, "", 0, "bytes and heads of all answers, but the date"],
        ["largest Cliff's delta of any pair", delta, "", 0.05, about],
        ["smallest p, Kolmogorov-Smirnov", lowest, "", 0.05 / len(pairs), f"{len(pairs)} pairs (Bonferroni)"],
        ["smallest p, Mann-Whitney", ranks, "", 0.05 / len(pairs), f"{len(pairs)} pairs (Bonferroni)"],
    ]


def _request(token: str, way: str) -> bytes:
    """As many bytes whatever is asked for."""
    return f"GET /s/{token}{way} HTTP/1.1\r\nHost: 10.42.0.1\r\nX: {'x' * (16 - len(way))}\r\n\r\n".encode()


def _cliff(one: list[float], other: list[float]) -> float:
    return float(2 * mannwhitneyu(one, other).statistic / (len(one) * len(other)) - 1)


def _answer(line: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head.lower())
    length = int(found[1]) if found else 0
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def sessions(count: int) -> list[list[Any]]:
    found = 0
    with serving() as (service, home):
        own = {"Origin": f"http://127.0.0.1:{service.kiosk}"}
        past: list[tuple[str, bytes]] = []
        lost = _get(service.phone, "/s/nobody")
        for number in range(count):
            _get(service.kiosk, "/begin", "POST", own)
            token, marker = service.ask("token"), f"VISITOR-{number}-{secrets.token_hex(8)}"
            (home / "in/scan.jpg").write_bytes(_picture(marker))
            end = time.monotonic() + 20
            while (
                marker.encode() not in _get(service.phone, f"/s/{token}/save/1/a.jpg")
                and time.monotonic() < end
            ):
                time.sleep(0.02)
            assert marker.encode() in _get(service.phone, f"/s/{token}/zip/1/a.zip")
            assert marker.encode() in _get(service.phone, f"/s/{token}/pdf/1/a.pdf")
            (home / "in/late.jpg").write_bytes(_picture(marker)[:-50])  # the scanner is still writing
            if number % 2:
                _get(service.kiosk, "/wipe", "POST", own)
            else:  # the next visitor begins without it
                _get(service.kiosk, "/begin", "POST", own)
            past.append((token, marker.encode()))
            kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
            told = b"".join(
                _get(service.kiosk, place) for place in ("/", "/phone", "/done", "/small/1", "/state")
            )
            found += sum(mark in kept or mark in told or old.encode() in kept + told for old, mark in past)
            found += sum(
                _get(service.phone, f"/s/{old}{way}") != lost
                for old, _ in past[-3:]
                for way in ("", "/zip/1/a")
            )
        found += sum(_get(service.phone, f"/s/{old}") != lost for old, _ in past)
        left = [path for path in home.rglob("*") if path.is_file() and path.name != "lock"]
    about = "marks in every file in memory, every page of the screen, every old address"
    return [
        ["sessions in a row", count, "", 200, "every second one ended by the next beginning"],
        ["things of an earlier one found", found, "", 0, about],
        ["files left", len(left), "", 0, "after the last"],
    ]


def _get(port: int, place: str, verb: str = "GET", headers: dict[str, str] | None = None) -> bytes:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request(verb, place, headers=headers or {})
        return line.getresponse().read()
    finally:
        line.close()


def phones(count: int, megabytes: int) -> list[list[Any]]:
    with serving() as (service, home):
        token = service.ask("begin")
        picture = home / "large.jpg"
        side = round((megabytes / 8 * 1e6 / 1.98) ** 0.5)
        picture.write_bytes(_picture("large", side))
        for _ in range(8):
            service.ask("add", token, str(picture))
        picture.unlink()
        wanted = {}
        for kind in ("zip", "pdf"):
            data = _get(service.phone, f"/s/{token}/{kind}/8/a")
            wanted[kind] = (blake3(data).digest(), len(data))
            del data
        before, peak, stop = int(service.ask("rss")), [0], threading.Event()

        def watch() -> None:
            while not stop.wait(0.2):
                peak[0] = max(peak[0], int(service.ask("rss")))

        watcher = threading.Thread(target=watch)
        watcher.start()
        began = time.perf_counter()
        told = asyncio.run(_all_phones(service.phone, token, count, wanted))
        seconds = time.perf_counter() - began
        stop.set()
        watcher.join()
    whole, cuts, total = (sum(values) for values in zip(*told, strict=True))
    size = f"{wanted['zip'][1] / 1e6:.0f} MB ZIP or PDF each"
    return [
        ["phones at once", count, "", 50, f"{size}, cut {cuts} times, resumed by If-Range"],
        ["files whole", whole, f"of {count}", count, "BLAKE3 against the uncut file"],
        [
            "memory of the service, more at its peak",
            (peak[0] - before) / 2**20,
            "MiB",
            64,
            f"{before >> 20} MiB before",
        ],
        [
            "all together",
            total / seconds / 1e6,
            "MB/s",
            None,
            f"{seconds:.0f} s; the phones hash on the same two cores",
        ],
    ]


async def _all_phones(
    port: int, token: str, count: int, wanted: dict[str, tuple[bytes, int]]
) -> list[tuple[int, int, int]]:
    return await asyncio.gather(
        *(_phone(port, token, ("zip", "pdf")[n % 2], n, wanted) for n in range(count))
    )


async def _phone(
    port: int, token: str, kind: str, number: int, wanted: dict[str, tuple[bytes, int]]
) -> tuple[int, int, int]:
    chance, digest, length = random.Random(number), wanted[kind][0], wanted[kind][1]
    places = sorted(chance.randrange(1, length) for _ in range(3))
    found, got, mark, cuts = blake3(), 0, "", 0
    while got < length:
        until = next((place for place in places if place > got), length)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
        again = f"Range: bytes={got}-\r\nIf-Range: {mark}\r\n" if got else ""
        writer.write(f"GET /s/{token}/{kind}/8/a HTTP/1.1\r\nHost: x\r\n{again}\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 206" if got else "HTTP/1.1 200"), head
        mark = re.search(r"etag: (\S+)", head, re.IGNORECASE)[1]  # type: ignore[index]
        while got < until:
            data = await reader.read(min(CHUNK, until - got))
            if not data:
                break
            found.update(data)
            got += len(data)
        cuts += got < length
        writer.transport.abort()
    return int(found.digest() == digest), cuts, got


def ranges(count: int) -> list[list[Any]]:
    chance = random.Random(5)
    with serving() as (service, home):
        token = service.ask("begin")
        (home / "a.jpg").write_bytes(_picture("range", 60))
        for _ in range(3):
            service.ask("add", token, str(home / "a.jpg"))
        places = ["/zip/3/a", "/pdf/3/a", "/picture/1/a", "/save/2/a", "/small/3", "/zip/1/a"]
        whole = {place: _get(service.phone, f"/s/{token}{place}") for place in places}
        known: dict[str, int] = {}
        wrong = 0
        for _ in range(500):
            _fuzzed(service, token, whole, chance)
        before = int(service.ask("rss"))
        line = http.client.HTTPConnection("127.0.0.1", service.phone, timeout=30)
        for _ in range(count):
            status, good = _fuzzed(service, token, whole, chance, line)
            known[str(status)] = known.get(str(status), 0) + 1
            wrong += not good
        after = int(service.ask("rss"))
    faults = sum(number for status, number in known.items() if status >= "5")
    told = ", ".join(f"{status}: {number}" for status, number in sorted(known.items()))
    return [
        ["range requests, fuzzed", count, "", 100_000, told],
        ["server errors", faults, "", 0, ""],
        ["bytes other than asked for", wrong, "", 0, "against the uncut file"],
        [
            "memory of the service, more at the end",
            (after - before) / 2**20,
            "MiB",
            8,
            f"{before >> 20} MiB before",
        ],
    ]


def _fuzzed(
    service: Service, token: str, whole: dict[str, bytes], chance: random.Random, line: Any = None
) -> tuple[int, bool]:
    place = chance.choice(list(whole))
    size = len(whole[place])
    numbers = [0, 1, size - 1, size, size + 1, chance.randrange(size), 2**63, 10**30, -1]
    a, b = chance.choice(numbers), chance.choice(numbers)
    start = chance.randrange(size)
    fair = [f"bytes={start}-{start + chance.randrange(size)}", f"bytes={start}-", f"bytes=-{start + 1}"]
    odd = [f"bytes={a}-{b}", f"bytes={a}-{b},{b}-{a}", f"bytes={a}", f"items={a}-{b}", "bytes=", "bytes=-"]
    odd.append("".join(chance.choices("bytes=-, 0123456789\t\u00e9", k=chance.randrange(40))))
    wanted = chance.choice(fair if chance.random() < 0.5 else odd)
    headers = {"Range": wanted.encode("latin-1", "replace").strip()}
    if chance.random() < 0.2:
        headers["If-Range"] = chance.choice([b'"x"', b"Mon, 23 Nov 2026 10:00:00 GMT", b"\xff", b""])
    path = (
        place
        if chance.random() < 0.9
        else "/" + "".join(chance.choices("/zipdf0123456789%.-\\", k=chance.randrange(30)))
    )
    used = line or http.client.HTTPConnection("127.0.0.1", service.phone, timeout=30)
    used.request(
        chance.choice(["GET", "GET", "GET", "HEAD"]),
        f"/s/{token}{path.replace(chr(92), '%5c')}",
        headers=headers,
    )
    method = used._method  # type: ignore[attr-defined]
    answer = used.getresponse()
    body = answer.read()
    if line is None:
        used.close()
    good = True
    if answer.status == 206 and method == "GET" and path == place:
        start, last = map(int, re.findall(r"\d+", answer.headers["content-range"])[:2])
        good = body == whole[place][start : last + 1]
    elif answer.status == 200 and method == "GET" and path == place:
        good = body == whole[place]
    return answer.status, good


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--only", nargs="*", default=[])
    told = options.parse_args()
    parts = {
        "first": lambda: first(2 if told.quick else 5),
        "tokens": lambda: tokens(1000 if told.quick else 10_000),
        "sessions": lambda: sessions(10 if told.quick else 200),
        "phones": lambda: phones(5, 20) if told.quick else phones(50, 200),
        "ranges": lambda: ranges(1000 if told.quick else 100_000),
    }
    for name, part in parts.items():
        if not told.only or name in told.only:
            report("handoff", COLUMNS, part(), part=name)


if __name__ == "__main__":
    main()
