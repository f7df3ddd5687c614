"""What is to be published: objects of an archive, or folders of products as runs wrote them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from vestige.archive import Archive, search
from vestige.archive.chronicle import Again, chronicle, made_again
from vestige.archive.descriptions import Description
from vestige.archive.kept import ocfl_identifier
from vestige.capture import Capture
from vestige.contract.report import load_report
from vestige.display.entries import ResultEntry
from vestige.display.pictures import cache_of
from vestige.errors import InputError
from vestige.publish.kept import kept_capture, kept_result, result_key
from vestige.web.shelf import key_of


@dataclass(frozen=True)
class Origin:
    """One result of an object: what a run made, from which capture, where it is kept."""

    entry: ResultEntry
    capture_key: str = ""
    run: str = ""
    capture: Capture | None = None
    version: int = 0
    stored: Path | None = None
    again: Again | None = None

    @property
    def mark(self) -> str:
        """A short name that no other result of a site has."""
        return f"{self.capture_key[:8]}{self.run[:12]}"


@dataclass(frozen=True)
class Thing:
    """One object to be published."""

    description: Mapping[str, Any]
    origins: tuple[Origin, ...]
    cache: Path
    archive: str = ""
    number: int = 0
    rights: str = ""
    creators: tuple[str, ...] = field(default=())

    @property
    def identifier(self) -> str:
        """What the institution calls it."""
        return str(self.description["identifier"])

    @property
    def title(self) -> str:
        """What a person calls it."""
        known = self.description
        return str(known.get("title") or known.get("taxon") or known["identifier"])

    @property
    def slug(self) -> str:
        """Its name in addresses, of plain letters, unlike any other's."""
        plain = unicodedata.normalize("NFKD", self.identifier).encode("ascii", "ignore").decode().lower()
        short = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
        return f"{short or 'object'}-{sha256(self.identifier.encode()).hexdigest()[:6]}"


def kept(archive: Archive, identifier: str, *, every_run: bool = False) -> Thing:
    """An object of an archive: of each capture what each operation made last, or what every run made.

    Raises
    ------
    InputError
        where there is no such object, or one of its results cannot be read.
    """
    found = search.find(archive.engine, identifier)
    again = made_again(chronicle(archive.engine, found["identifier"]))
    origins: list[Origin] = []
    for row in search.captures_of(archive.engine, found["id"]):
        capture = kept_capture(archive, row["key"]).capture
        stored = archive.store.object(ocfl_identifier(row["key"]))
        for run in _runs(row, every_run=every_run):
            entry = kept_result(archive, result_key(row["key"], run))
            if entry.report is None:
                raise InputError(found["identifier"], f"has a result that cannot be read: {entry.problem}")
            version = int(row["version"])
            origins.append(Origin(entry, row["key"], run, capture, version, stored, again.get(run)))
    captures = [origin.capture for origin in origins if origin.capture]
    return Thing(
        {name: found[name] for name in Description.model_fields},
        tuple(origins),
        cache_of(archive.folder),
        archive.settings.identifier,
        int(found["id"]),
        str(found["rights"]) or next((_rights(capture) for capture in captures if _rights(capture)), ""),
        tuple(dict.fromkeys(capture.rights.creator for capture in captures if capture.rights.creator)),
    )


def _runs(capture: Mapping[str, Any], *, every_run: bool) -> list[str]:
    """The runs on a capture in their order: every one, or of each operation the last."""
    found: dict[Any, str] = {}
    for item in sorted(capture["products"], key=lambda item: item["sequence"]):
        found[item["run"] if every_run else (item["technique"], item["operation"])] = item["run"]
    return list(found.values())


def lying(folder: Path) -> Thing:
    """A folder of products as a run wrote it.

    Raises
    ------
    InputError
        where it holds no report.
    """
    report = load_report(folder)
    entry = ResultEntry(key_of(str(folder.resolve())), folder, folder.name, 0.0, report)
    described = dict.fromkeys(Description.model_fields, "")
    described |= {"identifier": folder.resolve().name, "title": report.title}
    origin = Origin(entry, entry.key, report.key)
    return Thing(described | {"embargo": None, "other": {}}, (origin,), cache_of(folder.parent))


def every(archive: Archive) -> Iterator[str]:
    """The identifiers of all objects that hold a product, newest first."""
    after = None
    while True:
        page = archive.search(after=after, limit=500)
        yield from (str(row["identifier"]) for row in page.objects)
        if page.after is None:
            return
        after = page.after


def _rights(capture: Capture) -> str:
    return capture.rights.licence or capture.rights.statement
