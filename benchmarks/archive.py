"""The archive: ingest, audit, bit flips, rebuild, search, kills, readers beside a writer.

``python benchmarks/archive.py [--quick] [--only ingest,…]``; all seeds are printed with their rows.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from _harness import report

from vestige.archive import Archive, facet_counts, rebuild, rows, verify
from vestige.archive.catalogue import BATCH, take_in
from vestige.archive.database import open_database, writing
from vestige.archive.disk import Disk
from vestige.archive.ingest import add_capture
from vestige.archive.log import START, Entry, Record, sealed
from vestige.archive.search import find, search
from vestige.archive.verification import verify_log, verify_object
from vestige.capture import Capture, Frame, Thing, coordinates
from vestige.testing.killing import kill_again_and_again

COLUMNS = ["what", "measured", "unit", "bar", "about"]
WORDS = [f"{a}{b}" for a in ("carb", "rosa", "quer", "alb", "min", "mont", "lat", "vir") for b in
         ("us", "a", "ensis", "oides", "ana", "ella", "icus", "ina", "aria", "atus")]  # fmt: skip


class Unsynced(Disk):
    """Fills an archive quickly; what is measured is written through a real disk."""

    def sync(self, path: Path) -> None:
        """Nothing."""

    def write(self, path: Path, chunks: object, *, sync: bool = False) -> None:
        """Without sync."""
        super().write(path, chunks)  # type: ignore[arg-type]


def ingest(folder: Path, *, quick: bool) -> list[list[object]]:
    """Large frames: our ingest beside copying with fsync and beside SHA-512, in turns."""
    frames, size = (6, 24 << 20) if quick else (24, 24 << 20)
    source = folder / "frames"
    source.mkdir()
    chance = random.Random(1)
    for number in range(frames):
        (source / f"{number}.tif").write_bytes(chance.randbytes(size))
    files = sorted(source.iterdir())
    mib = frames * size / 2**20
    archive = Archive.make(folder / "archive")
    speeds: dict[str, list[float]] = {"copy": [], "sha512": [], "ingest": [], "audit": []}

    def copying(turn: int) -> None:
        target = folder / f"copy {turn}"
        target.mkdir()
        for path in files:
            shutil.copyfile(path, target / path.name)
            handle = os.open(target / path.name, os.O_RDONLY)
            os.fsync(handle)
            os.close(handle)

    def hashing(_turn: int) -> None:
        for path in files:
            with open(path, "rb") as stream:
                hashlib.file_digest(stream, "sha512")

    def taking_in(turn: int) -> None:
        thing = Thing(identifier=f"large {turn}")
        items = [Frame(file=path.name, coordinates=coordinates(focus=1.0)) for path in files]
        add_capture(archive, Capture(thing=thing, frames=items).at(source))

    turns = 7
    for turn in range(turns):
        for name, act in (("copy", copying), ("sha512", hashing), ("ingest", taking_in)):
            speeds[name].append(mib / _seconds(act, turn))
        shutil.rmtree(folder / f"copy {turn}")
    objects = [path.parent for path in archive.store.ocfl.rglob("0=ocfl_object_1.1")]
    for turn in range(turns):
        start = time.thread_time()
        verify_object(objects[turn])
        speeds["audit"].append(mib / (time.thread_time() - start))
    archive.close()
    best = {name: statistics.median(values) for name, values in speeds.items()}
    peers = map(min, speeds["copy"], speeds["sha512"])
    ratios = sorted(own / slower for own, slower in zip(speeds["ingest"], peers, strict=True))
    spread = f"turns: {ratios[0]:.2f} to {ratios[-1]:.2f}"
    about = f"{frames} frames of {size >> 20} MiB, median of {turns}"
    return [
        ["copy with fsync", best["copy"], "MiB/s", "", about],
        ["SHA-512", best["sha512"], "MiB/s", "", about],
        ["ingest", best["ingest"], "MiB/s", "", about],
        [
            "ingest / the slower of both",
            statistics.median(ratios),
            "",
            ">= 0.75",
            spread,
        ],
        ["audit, a core", best["audit"], "MiB/s", ">= 450 MB/s", "BLAKE3 and all else, CPU time"],
    ]


def growth(folder: Path, *, quick: bool) -> list[list[object]]:
    """Small captures into 1,000 objects and into 100,000, in turns; then bit flips and rebuild."""
    sizes, sample, turns = ((200, 2000), 50, 3) if quick else ((1000, 100_000), 100, 9)
    source = folder / "frames"
    source.mkdir()
    (source / "a.tif").write_bytes(random.Random(2).randbytes(2000))
    for size in sizes:
        Archive.make(folder / f"archive {size}").close()
        with Archive(folder / f"archive {size}", disk=Unsynced()) as archive:
            for number in range(size):
                _small(archive, source, number)
    os.sync()
    rates: dict[int, list[float]] = {size: [] for size in sizes}
    for turn in range(turns):
        for size in sizes if turn % 2 else sizes[::-1]:
            with Archive(folder / f"archive {size}") as archive:
                first = size + turn * sample
                spent = _seconds(lambda first=first, archive=archive: [
                    _small(archive, source, number) for number in range(first, first + sample)
                ])  # fmt: skip
            rates[size].append(sample / spent)
    middle = {size: statistics.median(values) for size, values in rates.items()}
    about = f"durable, median of {turns} x {sample}, in turns"
    made: list[list[object]] = [
        [f"ingest at {size} objects", middle[size], "objects/s", "", about] for size in sizes
    ]
    made.append(["ratio", middle[sizes[1]] / middle[sizes[0]], "", ">= 0.9", ""])
    place, count = folder / f"archive {sizes[1]}", sizes[1] + turns * sample
    return made + _rebuilt(place, count) + _flips(place, 300 if quick else 10_000)


def _rebuilt(place: Path, count: int) -> list[list[object]]:
    with Archive(place) as archive:
        held = rows(archive.engine)
    total, kept = sum(map(len, held.values())), hashlib.sha256(repr(held).encode()).digest()
    del held
    spent = _seconds(lambda: rebuild(place))
    with Archive(place) as archive:
        same = hashlib.sha256(repr(rows(archive.engine)).encode()).digest() == kept
        whole = _seconds(lambda: verify(archive, again=True))
    return [
        ["rebuild", count / spent, "objects/s", ">= 400", f"{count} objects"],
        ["rebuilt row for row", same, "", "True", f"{total} rows"],
        ["verify, small objects", count / whole, "objects/s", "", ""],
    ]


def _flips(place: Path, flips: int) -> list[list[object]]:
    """One bit at a time, in files chosen by chance: what holds it must be found at fault."""
    chance = random.Random(4)
    with Archive(place) as archive:
        objects = sorted(path.parent for path in archive.store.ocfl.glob("??/??/*/0=ocfl_object_1.1"))
        found = 0
        for _ in range(flips):
            log = chance.random() < 0.002  # a segment is read whole for each flip in it
            holder = archive.store.log.folder if log else chance.choice(objects)
            path = chance.choice(sorted(item for item in holder.rglob("*") if item.is_file()))
            with open(path, "r+b") as stream:
                at, bit = chance.randrange(path.stat().st_size), 1 << chance.randrange(8)
                stream.seek(at)
                byte = stream.read(1)[0]
                stream.seek(at)
                stream.write(bytes([byte ^ bit]))
            problems = verify_log(archive.store.log)[2] if log else verify_object(holder)[1]
            found += bool(problems)
            with open(path, "r+b") as stream:
                stream.seek(at)
                stream.write(bytes([byte]))
        left = sum(
            bool(verify_object(holder)[1]) for holder in chance.sample(objects, min(500, len(objects)))
        )
    return [["bit flips found", found, f"of {flips}", "all", f"seed 4; {left} false afterwards"]]


def catalogue(folder: Path, *, quick: bool) -> list[list[object]]:
    """Synthetic objects by the fold itself; then what people ask."""
    count = 50_000 if quick else 1_000_000
    engine = open_database(folder / "catalogue")
    start = time.perf_counter()
    batch: list[Record] = []
    for record in _synthetic(count):
        batch.append(record)
        if len(batch) == 4 * BATCH:
            with writing(engine) as connection:
                take_in(connection, batch, "synthetic")
            batch = []
    with writing(engine) as connection:
        take_in(connection, batch, "synthetic")
    built = count / (time.perf_counter() - start)
    chance = random.Random(6)

    def barcode() -> None:
        find(engine, f"B{chance.randrange(count):08}")

    def two_words() -> None:
        search(engine, " ".join(chance.sample(WORDS, 2)))

    def page() -> None:
        search(engine, chance.choice(WORDS), after=chance.randrange(count))

    def facets() -> None:
        facet_counts(engine)

    def facets_of_word() -> None:
        facet_counts(engine, chance.choice(WORDS))

    made: list[list[object]] = [["objects folded", built, "objects/s", "", f"{count} rows, seed 5"]]
    for name, act, times, bar in (
        ("barcode", barcode, 2000, "<= 5"),
        ("two words", two_words, 1000, "<= 50"),
        ("a page somewhere in a word's matches", page, 1000, ""),
        ("facets of all", facets, 200, "<= 300"),
        ("facets of a word (first 5,000 matches)", facets_of_word, 100, "<= 300"),
    ):
        act()
        taken = sorted(_seconds(act) * 1000 for _ in range(times))
        made.append([f"{name}, p95", taken[int(0.95 * times)], "ms", bar, f"{times} times, seed 6"])
    engine.dispose()
    return made


def kills(folder: Path, *, quick: bool) -> list[list[object]]:
    """Killed at random moments over add, run and publish."""
    found = kill_again_and_again(folder, 20 if quick else 500, seed=9)
    return [
        ["kill -9", found.kills, "", "500", f"seed 9; steps {found.steps}"],
        ["acknowledged steps lost", len(found.lost), "", "0", f"of {found.acknowledged}"],
        ["invalid (ocfl-py, verify)", len(found.invalid), "", "0", ""],
        ["parts done twice", len(found.redone), "", "0", ""],
        ["slowest opening after a kill", found.slowest_resume, "s", "<= 10", ""],
    ]


def readers(folder: Path, *, quick: bool) -> list[list[object]]:
    """Two hundred readers, each asking once a second, beside a writer that takes in captures."""
    source = folder / "frames"
    source.mkdir()
    (source / "a.tif").write_bytes(random.Random(3).randbytes(20_000))
    archive = Archive.make(folder / "archive")
    archive.describe_all([{"identifier": f"B{n:08}", "title": WORDS[n % 80]} for n in range(5000)])
    seconds, people = (5, 50) if quick else (30, 200)
    until = time.monotonic() + seconds
    taken: list[float] = []
    failed: list[str] = []

    def reading(seed: int) -> None:
        chance = random.Random(seed)
        time.sleep(chance.random())
        while time.monotonic() < until:
            start = time.perf_counter()
            try:
                if seed % 2:
                    search(archive.engine, chance.choice(WORDS), limit=20)
                else:
                    find(archive.engine, f"B{chance.randrange(5000):08}")
            except Exception as error:
                failed.append(str(error))
            taken.append(time.perf_counter() - start)
            time.sleep(max(0.0, 1 - (time.perf_counter() - start)))

    threads = [threading.Thread(target=reading, args=(seed,)) for seed in range(people)]
    for thread in threads:
        thread.start()
    written = 0
    while time.monotonic() < until:
        _small(archive, source, written)
        written += 1
    for thread in threads:
        thread.join()
    archive.close()
    taken.sort()
    about = f"{people} readers, {len(taken)} questions in {seconds} s"
    return [
        ["readers' p99", taken[int(0.99 * len(taken))] * 1000, "ms", "<= 200", about],
        ["readers' p50", statistics.median(taken) * 1000, "ms", "", ""],
        ["errors ('database is locked' and others)", len(failed), "", "0", "; ".join(failed[:1])],
        ["captures taken in meanwhile", written / seconds, "objects/s", "", "one writer"],
    ]


def _small(archive: Archive, source: Path, number: int) -> None:
    made = Capture(
        thing=Thing(identifier=f"O{number:08}", title=f"{WORDS[number % 80]} {WORDS[number % 77]}"),
        frames=[Frame(file="a.tif")],
        settings={"number": number},
    )
    add_capture(archive, made.at(source), {"collection": f"Collection {number % 20}"})


def _synthetic(count: int) -> Iterator[Record]:
    chance = random.Random(5)
    previous = START
    for number in range(count):
        told = {
            "title": " ".join(chance.choices(WORDS, k=4)),
            "taxon": f"{chance.choice(WORDS).title()} {chance.choice(WORDS)}",
            "collection": f"Collection {chance.randrange(30)}",
            "person": f"Collector {int(chance.paretovariate(0.7)) % 5000}",
            "place": f"Place {int(chance.paretovariate(0.5)) % 3000}",
            "number": str(chance.randrange(10**6)),
        }
        entry = Entry("object.described", {"set": told}, object=f"B{number:08}")
        record = sealed(
            entry, sequence=number + 1, time="2026-01-01T00:00:00.000000Z", who="b", previous=previous
        )
        previous = record.hash
        yield record


def _seconds(act: Callable[..., object], *arguments: object) -> float:
    start = time.perf_counter()
    act(*arguments)
    return time.perf_counter() - start


PARTS = {
    "ingest": ingest,
    "catalogue": catalogue,
    "readers": readers,
    "kills": kills,
    "growth": growth,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small numbers, for a look")
    parser.add_argument("--only", default="", help="parts, with commas between: " + ", ".join(PARTS))
    arguments = parser.parse_args()
    for name, part in PARTS.items():
        if arguments.only and name not in arguments.only.split(","):
            continue
        folder = Path(tempfile.mkdtemp(prefix=f"vestige-{name}-"))
        try:
            report("archive", COLUMNS, part(folder, quick=arguments.quick), part=name, quick=arguments.quick)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
