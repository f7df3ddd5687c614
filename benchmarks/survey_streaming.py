"""A survey streamed at the pace of a cart: seconds from line to map, from hectare to features.

``python benchmarks/survey_streaming.py [--hectares 10] [--speed 10] [--kills 2] [--out FILE.json]``

Sixteen probes 0.25 m apart at 15 km/h, a reading each 0.125 m, traverses of 400 m; `--speed` plays it so many
times as fast. A line is on the map when the page has been told and has fetched the squares that changed. Then
the stream is sealed, and its result is compared with that of the same readings as one file, bit by bit.
`--kills` ends the streaming program with SIGKILL so often on the way and starts it anew.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

PROBES, SPACING, READING, LENGTH, PACE = 16, 0.25, 0.125, 400.0, 15 / 3.6


@dataclass
class Seen:
    """What the page was told, and when."""

    lines: list[tuple[float, int]] = field(default_factory=list)
    squares: dict[str, list[tuple[float, int]]] = field(default_factory=dict)


def swaths(hectares: float, folder: Path) -> Iterator[list[str]]:
    """The rows of each swath: a list of lines as text, without their end."""
    from vestige.survey import read_survey
    from vestige.survey.forward.simulate import make
    from vestige.survey.recipe import SceneRecipe
    from vestige.survey.streaming.replay import sent

    folder.mkdir()
    recipe = SceneRecipe(
        width=LENGTH,
        height=round(hectares * 1e4 / LENGTH),
        traverse_interval=SPACING,
        reading_interval=READING,
        rings=round(2 * hectares),
        cell=0.25,
        missing=0.0,
        ferrous=round(10 * hectares),
    )
    capture = make(recipe, folder, 1)
    survey = read_survey(capture.path(capture.frames[0])).placed(431200.0, 287300.0)
    lines = [text.decode() for _, text in sent(survey)]
    for first in range(0, len(lines), PROBES):
        yield lines[first : first + PROBES]


class Sender:
    """Sends lines and, where the connection breaks, sends again what was not acknowledged."""

    def __init__(self, command: list[str], port: int) -> None:
        self.command, self.port = command, port
        self.program = subprocess.Popen(command)
        self.connection: socket.socket | None = None

    def send(self, lines: list[str]) -> None:
        """Return when all are acknowledged."""
        waiting = list(lines)
        while waiting:
            try:
                connection = self._connected()
                answers = connection.makefile("r")
                sender = threading.Thread(target=_quietly, args=(connection, "".join(waiting).encode()))
                sender.start()
                while waiting:
                    if not (answer := answers.readline()).startswith("ok"):
                        raise OSError(answer)
                    waiting.pop(0)
                sender.join()
            except OSError:
                self.connection = None
                time.sleep(0.2)
                if self.program.poll() is not None:
                    self.program = subprocess.Popen(self.command)

    def _connected(self) -> socket.socket:
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port), 60)
        return self.connection


def _quietly(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return


def listen(home: str, seen: Seen) -> None:
    """What a page does: hear of what changed, fetch it, and only then call it seen."""
    known: dict[str, int] = {}
    with urllib.request.urlopen(f"{home}/events") as stream:
        for row in stream:
            if not row.startswith(b"data: "):
                continue
            told = json.loads(row[6:])
            for part in told["parts"]:
                name = f"{part['kind']}/{part['name']}"
                if known.get(name) == part["version"]:
                    continue
                known[name] = part["version"]
                what = "grid" if part["kind"] == "grid" else "outlines"
                with urllib.request.urlopen(f"{home}/{what}/{part['name']}?v={part['version']}") as answer:
                    answer.read()
                if what == "outlines":
                    seen.squares.setdefault(part["name"], []).append((time.time(), part["count"]))
            seen.lines.append((time.time(), told["frames"]))
            done = [part["finished"] for part in told["parts"] if part["kind"] == "grid"]
            if told["state"] != "growing" and all(done):
                return


def free_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def address_of(page: int) -> str:
    """The address of the one map that grows, once it is there."""
    import re

    while True:
        try:
            text = urllib.request.urlopen(f"http://127.0.0.1:{page}/growing").read().decode()
            if found := re.search(r'href="(/growing/[0-9a-f]{16})"', text):
                return f"http://127.0.0.1:{page}{found[1]}"
        except OSError:
            pass
        time.sleep(0.3)


def streamed(root: Path, hectares: float, speed: float, kills: int) -> dict[str, Any]:
    """Stream, and measure."""
    every = list(swaths(hectares, root / "site"))
    port, page = free_port(), free_port()
    (root / "house").mkdir()
    vestige = [sys.executable, "-m", "vestige.cli"]
    command = [*vestige, "survey", "stream", str(root / "house/field"), "--listen", f"127.0.0.1:{port}"]
    sender = Sender([*command, "--crs", "EPSG:27700", "--cores", "1"], port)
    server = subprocess.Popen([*vestige, "serve", str(root / "house"), "--no-open", "--port", str(page)])
    seen, sent, touched = Seen(), [], {}
    home = address_of(page)
    listener = threading.Thread(target=listen, args=(home, seen))
    listener.start()
    pause, total = LENGTH / PACE / speed, sum(map(len, every))
    fatal = set(random.Random(1).sample(range(2, len(every)), kills)) if kills else set()
    begun = time.time()
    for number, lines in enumerate(every):
        time.sleep(max(0.0, begun + (number + 1) * pause - time.time()))
        if number in fatal:
            threading.Timer(0.3, os.kill, (sender.program.pid, signal.SIGKILL)).start()
        at = time.time()
        sender.send(lines)
        sent.append((at, min((number + 1) * PROBES, total), number in fatal))
        for name in squares_under(lines):
            touched[name] = at
    told = time.time()
    sealed = subprocess.run(
        [*vestige, "capture", "seal", str(root / "house/field")], check=False, stdout=subprocess.DEVNULL
    )
    listener.join(600)
    sender.program.wait(600)
    server.terminate()
    server.wait()
    assert sealed.returncode == 0
    delays = [
        next((when for when, count in seen.lines if count >= least and when >= at), told + 600) - at
        for at, least, killed in sent
        if not killed
    ]
    features = [
        min(when for when, _ in seen.squares[name] if when >= at) - at
        for name, at in touched.items()
        if any(when >= at for when, _ in seen.squares.get(name, []))
    ]
    return {
        "hectares": hectares,
        "speed": speed,
        "kills": kills,
        "swaths": len(every),
        "lines": total,
        "seconds": round(told - begun, 1),
        "line_on_map_s": spread(delays),
        "hectare_to_features_s": spread(features),
        "squares": len(touched),
        "squares_with_features_told": len(features),
        "load": os.getloadavg(),
        "bits": compared(root, every, vestige),
    }


def squares_under(lines: list[str]) -> set[str]:
    """The squares that lines touch."""
    found = set()
    for text in (lines[0], lines[-1]):
        for row in text.splitlines()[:-1:40]:
            _, east, north, _ = row.split(",")
            found.add(f"E{int(float(east) // 100)}_N{int(float(north) // 100)}")
    return found


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95 %, largest."""
    if not values:
        return {}
    return {
        "p50": round(float(np.percentile(values, 50)), 2),
        "p95": round(float(np.percentile(values, 95)), 2),
        "max": round(max(values), 2),
    }


def compared(root: Path, every: list[list[str]], vestige: list[str]) -> dict[str, bool]:
    """Whether the sealed stream and one file give the same bits, product by product."""
    (root / "one").mkdir()
    with open(root / "one" / "readings.csv", "w") as stream:
        stream.write("easting,northing,nT\n")
        for lines in every:
            for text in lines:
                stream.writelines(row.split(",", 1)[1] + "\n" for row in text.splitlines()[:-1])
    manifest = {"frames": [{"file": "readings.csv"}], "settings": {"crs": "EPSG:27700"}}
    (root / "one" / "capture.json").write_text(json.dumps(manifest))
    for given, out in ((root / "house/field", "from-stream"), (root / "one", "from-file")):
        command = [*vestige, "survey", "run", str(given), "--out", str(root / out), "--cores", "1"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    reports = [json.loads((root / out / "report.json").read_text()) for out in ("from-stream", "from-file")]
    pairs = zip(reports[0]["products"], reports[1]["products"], strict=True)
    return {one["name"]: one["blake3"] == other["blake3"] for one, other in pairs}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hectares", type=float, default=10)
    parser.add_argument("--speed", type=float, default=10)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = streamed(Path(folder), chosen.hectares, chosen.speed, chosen.kills)
    text = json.dumps(figures, indent=1)
    print(text)
    if chosen.out:
        chosen.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
