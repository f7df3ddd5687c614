"""Neighbours: what else there is to look at beside a picture, on a shelf and in an archive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from vestige.archive import search
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.publish.kept import result_key
from vestige.web.archive_shelf import ArchiveShelf
from vestige.web.faults import Absent
from vestige.web.shelf import Scanner

Entry = ResultEntry | CaptureEntry
Folder = Scanner | ArchiveShelf
#: So many objects are offered for the words that a person looks for.
MOST_OBJECTS = 8
#: So many captures and results are offered at all.
MOST = 40


def beside(folder: Folder, chosen: Sequence[str], words: str = "") -> list[Entry]:
    """Captures and results to choose from: those of what is `chosen` first, then what holds the words."""
    if isinstance(folder, ArchiveShelf):
        found = {entry.key: entry for entry in islice(_in_archive(folder, chosen, words), 4 * MOST)}
        return list(found.values())[:MOST]
    shelf = folder.recent()
    entries: list[Entry] = [*shelf.results.values(), *shelf.captures.values()]
    asked = words.casefold().split()
    wanted = [
        entry
        for entry in entries
        if entry.key in chosen or all(word in f"{entry.title} {entry.where}".casefold() for word in asked)
    ]
    return sorted(wanted, key=lambda entry: entry.key not in chosen)[:MOST]


def source_of(folder: Folder, key: str) -> CaptureEntry | None:
    """The capture that a result was made from, or the capture itself; None where that is not certain."""
    if isinstance(folder, ArchiveShelf):
        try:
            return folder.capture(key.partition("-")[0])
        except Absent:
            return None
    shelf = folder.recent()
    if key in shelf.captures:
        return shelf.captures[key]
    result = shelf.results.get(key)
    report = result.report if result else None
    sources = {Path(row.path) for row in report.inputs if row.what == "capture"} if report else set()
    found = [entry for entry in shelf.captures.values() if entry.folder in sources]
    return found[0] if len(sources) == len(found) == 1 else None


def _in_archive(folder: ArchiveShelf, chosen: Sequence[str], words: str) -> Iterator[Entry]:
    engine = folder.archive.engine
    kept = [search.capture(engine, key.partition("-")[0]) for key in chosen]
    objects = [int(found["object_id"]) for found in kept if found]
    if words:
        objects += [int(row["id"]) for row in search.search(engine, words, limit=MOST_OBJECTS).objects]
    for number in dict.fromkeys(objects):
        for row in search.captures_of(engine, number):
            with contextlib.suppress(Absent):  # not for this person to see
                for run in dict.fromkeys(product["run"] for product in row["products"]):
                    yield folder.result(result_key(row["key"], run))
                yield folder.capture(row["key"])
    desk = folder.scan()
    yield from desk.results.values()
    yield from desk.captures.values()
