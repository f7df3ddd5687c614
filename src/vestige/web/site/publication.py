"""Publishing a site: written beside its place and put there whole; what is unchanged is not written again."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import vestige
from vestige.archive.disk import Disk
from vestige.contract.kinds import Kind
from vestige.errors import OutputError, VestigeError
from vestige.web.cards import telling
from vestige.web.documents import sheet
from vestige.web.exhibit import Exhibit
from vestige.web.faults import fault
from vestige.web.site import proof
from vestige.web.site.assets import making, write_assets
from vestige.web.site.data import Shelved
from vestige.web.site.finding import folded, write_index
from vestige.web.site.pages import Site, index_pages, lead, object_pages
from vestige.web.site.things import Origin, Thing, refuse_embargoed

_MADE = "made"


@dataclass
class Published:
    """What came of it: how many objects were written, how many were there unchanged, which were refused."""

    written: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    bytes: int = 0


def publish_site(
    things: Iterable[Callable[[], Thing]],
    out: Path,
    *,
    title: str = "",
    url: str = "",
    originals: bool = False,
    today: date | None = None,
    progress: Callable[[float, str], None] = lambda done, label: None,
) -> Published:
    """Write a site of exactly these objects to `out`; an object that cannot be published is refused alone.

    Each object is read when its turn comes. The site is written beside `out` and takes its place in one
    step; a stopped publication goes on where it was.

    Raises
    ------
    OutputError
        where `out` holds something that is no site, or the disk refuses.
    """
    day = (today or datetime.now(UTC).date()).isoformat()
    site = Site(title or "Vestige", url.rstrip("/"), day, vestige.__version__)
    press = Press(out, site, originals=originals)
    try:
        for number, thing in enumerate(things):
            progress(number, "objects")
            press.take(thing)
        press.finish()
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}): free some space") from None
    return press.done


class Press:
    """One publication on its way."""

    def __init__(self, out: Path, site: Site, *, originals: bool) -> None:
        self.out, self.site, self.originals = out, site, originals
        self.staged = out.with_name(f".{out.name}.unfinished")
        self.done = Published()
        self.cards: list[dict[str, Any]] = []
        self.words: list[list[str]] = []
        self.slugs: set[str] = set()
        self.disk = Disk()
        if out.exists() and not (out / _MADE).is_dir() and any(out.iterdir()):
            raise OutputError(f"{out} holds something that is no published site: name another folder")
        try:
            (self.staged / _MADE).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{out} cannot be written ({error.strerror}): choose another folder") from None

    def take(self, offered: Callable[[], Thing]) -> None:
        """Publish one object, or refuse it in one sentence."""
        try:
            thing = offered()
            refuse_embargoed(thing.description, date.fromisoformat(self.site.day))
            if thing.slug in self.slugs:
                return
            made = self._made(thing)
        except VestigeError as error:
            self.done.refused.append(str(error))
            return
        self.slugs.add(thing.slug)
        self.cards.append(made["card"])
        self.words.append(made["words"])

    def _made(self, thing: Thing) -> dict[str, Any]:
        """The object as it was written before, or is written now; what was made of it."""
        record = f"{_MADE}/{thing.slug}.json"
        key = _key(thing, self.site, originals=self.originals)
        for place in (self.staged, self.out):
            known = _read(place / record)
            if known and known["key"] == key and self._brought(place, known["files"]):
                self._record(record, known)
                self.done.unchanged += 1
                return known
        older = _read(self.out / record) or _read(self.staged / record) or {}
        made = self._write(thing, key, older.get("results", {}))
        self._record(record, made)
        self.done.written += 1
        return made

    def _write(self, thing: Thing, key: str, older: Mapping[str, Any]) -> dict[str, Any]:
        files: list[str] = []
        results: dict[str, Any] = {}
        for origin in thing.origins:
            results[origin.mark] = self._result(thing, origin, older.get(origin.mark))
            files += results[origin.mark]["files"]
        fixities = [
            proof.checked(origin.stored, self.site.day) if origin.stored else None for origin in thing.origins
        ]
        pages = object_pages(self.site, thing, list(results.values()), fixities)
        for name, data in pages.items():
            self._put(name, data)
        card = _card(thing, results)
        words = sorted(_words(thing))
        return {"key": key, "card": card, "words": words, "results": results, "files": [*files, *pages]}

    def _result(self, thing: Thing, origin: Origin, older: Mapping[str, Any] | None) -> dict[str, Any]:
        """The data of one result, written once for what it holds."""
        report = origin.entry.report
        if report is None:
            raise OutputError(f"{thing.identifier} has a result that cannot be read: {origin.entry.problem}")
        told = [(item.blake3, item.kind, item.name, item.about) for item in report.products]
        key = _digest([told, self.originals, making()])
        home = f"objects/{thing.slug}/{origin.mark}"
        if older and older["key"] == key:
            for place in (self.staged, self.out):
                if self._brought(place, older["files"]):
                    return dict(older)
        folder = self.staged / home
        shutil.rmtree(folder, ignore_errors=True)
        shelved = Shelved(folder)
        products = [
            self._product(shelved, Exhibit(origin.entry, index, thing.cache), origin)
            for index in range(len(report.products))
        ]
        files = sorted(p.relative_to(self.staged).as_posix() for p in folder.rglob("*") if p.is_file())
        first = telling(origin.entry)
        return {
            "key": key,
            "folder": origin.mark,
            "title": report.title,
            "products": products,
            "first": first,
            "files": files,
        }

    def _product(self, shelved: Shelved, exhibit: Exhibit, origin: Origin) -> dict[str, Any]:
        record = exhibit.record
        found: dict[str, Any] = {
            "index": exhibit.index,
            "name": record.name,
            "kind": record.kind.value,
            "proof": f"{origin.mark}-{exhibit.index}",
            "picture": shelved.thumbnail(exhibit),
            "problem": "",
            "downloads": [],
            "told": {},
            "template": "",
            "script": "",
        }
        try:
            found |= shelved.product(exhibit)
            found["downloads"] = shelved.downloads(exhibit, originals=self.originals)
        except VestigeError as error:
            found |= {"problem": fault(error), "script": ""}
        return found

    def finish(self) -> None:
        """Write what the whole site shares and put it in its place."""
        shutil.rmtree(self.staged / "assets", ignore_errors=True)
        write_assets(self.staged / "assets")
        for name, data in index_pages(self.site, self.cards).items():
            self._put(name, data)
        shutil.rmtree(self.staged / "search", ignore_errors=True)
        write_index(self.staged / "search", self.words, self.cards)
        self._clear()
        self.done.bytes = sum(path.stat().st_size for path in self.staged.rglob("*") if path.is_file())
        if self.out.exists():
            self.disk.exchange(self.staged, self.out)
            shutil.rmtree(self.staged)
        else:
            self.staged.rename(self.out)

    def _clear(self) -> None:
        """Take out what an earlier, unfinished publication left of objects that are not asked for."""
        kept = {f"{_MADE}/{slug}.json" for slug in self.slugs}
        for slug in self.slugs:
            kept.update((_read(self.staged / _MADE / f"{slug}.json") or {})["files"])
        for part in (_MADE, "objects", "proof"):
            for path in (self.staged / part).rglob("*"):
                if path.is_file() and path.relative_to(self.staged).as_posix() not in kept:
                    path.unlink()

    # -- files ------------------------------------------------------------------------------------

    def _put(self, name: str, data: bytes) -> None:
        target = self.staged / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # What lies there may be the file of the published site by another name.
        target.unlink(missing_ok=True)
        target.write_bytes(data)

    def _record(self, name: str, made: Mapping[str, Any]) -> None:
        """Say that an object is written; last of all, so that a stopped publication knows."""
        self._put(name, json.dumps(made, ensure_ascii=False, default=str).encode())

    def _brought(self, place: Path, files: Iterable[str]) -> bool:
        """Whether files written before are all there; those of the published site get a second name."""
        for name in files:
            source, target = place / name, self.staged / name
            if not source.is_file():
                return False
            if source == target or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            self.disk.link(source, target)
        return True


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"key", "files"} <= found.keys() else None


def _key(thing: Thing, site: Site, *, originals: bool) -> str:
    """What changes when anything on the pages of an object would."""
    results = [
        (origin.mark, origin.version, str(origin.again), origin.entry.report and origin.entry.report.key)
        for origin in thing.origins
    ]
    return _digest(
        [dict(thing.description), thing.rights, results, site.url, site.title, originals, making()]
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _card(thing: Thing, results: Mapping[str, Any]) -> dict[str, Any]:
    picture = ""
    kinds: dict[str, None] = {}
    for result in results.values():
        for product in result["products"]:
            kinds[product["kind"]] = None
        first = result["first"]
        if not picture and first is not None and result["products"][first]["picture"]:
            picture = (
                f"objects/{thing.slug}/{result['folder']}/{first}/{result['products'][first]['picture']}"
            )
    return {
        "page": f"objects/{thing.slug}/index",
        "title": thing.title,
        "lead": lead(thing),
        "picture": picture,
        "kinds": list(kinds),
    }


def _words(thing: Thing) -> set[str]:
    """Every word by which an object is found: what is said of it, and what is written on it."""
    known = thing.description
    said = [str(value) for name, value in known.items() if name not in ("embargo", "other") and value]
    said += [f"{name} {value}" for name, value in known.get("other", {}).items()]
    for origin in thing.origins:
        report = origin.entry.report
        for index, record in enumerate(report.products if report else []):
            said.append(record.name.replace("_", " "))
            if record.kind is Kind.TEXT:
                exhibit = Exhibit(origin.entry, index, thing.cache)
                said += [word.text for number, _ in exhibit.sheets() for word in sheet(exhibit, number).words]
    return {word for text in said for word in folded(text)}
